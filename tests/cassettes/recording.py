"""Records scenes as cassettes, and plays cassettes as scenes.

A cassette is only kept when playing it gives what the live scene gave, and when nothing in it looks like a
secret; so a scrubber that took out too much or too little is found out while recording.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from leaks import leaks_in
from scenes import SCENES, Cast, Scene
from scrubbing import Known, Scrubber
from stages import CONFIGURED, Setting, Stage
from tape import playing, read_cassette, recording, write_cassette
from vocabulary import WORDS

from velma_connectors.errors import StopConnection
from velma_connectors.model import (
    CallRef,
    FieldUpdate,
    RecordingSource,
    RecordRef,
    Target,
    Window,
    WriteResult,
    WriteStatus,
)
from velma_connectors.protocol import CrmConnector
from velma_sync.config.load import Connection

AROUND = timedelta(minutes=5)
"""How long before and after the named call's last change other calls are looked for."""

SENTENCES = ("says", "reason", "skip_reason")
"""Members of an outcome that hold a message of ours, which may name what was replaced."""


class NotRecorded(Exception):
    """A scene that gave no cassette, and why."""


def record(stage: Stage, setting: Setting, folder: Path) -> list[Path]:
    """Play every scene and write its cassette and golden data. What scenes wrote is taken back.

    Raises NotRecorded.
    """
    cast = _cast(stage, setting)
    scenes = [scene for scene in SCENES if cast.hosted or not scene.needs_hosted]
    with restored(stage, setting, cast):
        return [_record(stage, setting, cast, scene, folder) for scene in scenes]


def replay(stage: Stage, path: Path) -> Any:
    """What the scene of a cassette gives when it is played, everything fixed by the metadata.

    Raises AssertionError for recorded requests that were not made, UnrecordedRequest for others.
    """
    metadata = read_cassette(path)["metadata"]
    (scene,) = (scene for scene in SCENES if scene.name == metadata["scene"])
    options = stage.replayed(metadata["options"])
    if not scene.admitted:
        options = stage.unknown_to_the_crm(options)
    told = metadata["cast"]
    start, end = (datetime.fromisoformat(moment) for moment in told["window"])
    hosted = _parsed(told["hosted"]) if told["hosted"] else None
    cast = stage.cast(_parsed(told["call"]), _parsed(told["deal"]), hosted, Window(start, end))
    now = datetime.fromisoformat(metadata["recorded at"])
    with playing(path), closing(stage.connect(options, now)) as crm:
        return scene.outcome(crm, cast)


def golden(path: Path) -> Path:
    """The file of what a cassette must give."""
    return path.with_suffix(".json")


def in_golden_form(outcome: Any) -> str:
    return json.dumps(outcome, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


@contextmanager
def restored(stage: Stage, setting: Setting, cast: Cast) -> Iterator[None]:
    """Give the call and the deal back the values they had before the block."""
    with closing(stage.connect(setting.options, setting.now)) as crm:
        names = {cast.call: cast.call_fields, cast.deal: list(cast.deal_values)}
        before = {record: crm.current([record], fields) for record, fields in names.items()}
        try:
            yield
        finally:
            _write_back(crm, [FieldUpdate(one, before[one][one], ()) for one in names if one in before[one]])


def _write_back(crm: CrmConnector, updates: list[FieldUpdate]) -> None:
    try:
        results = crm.write(updates)
    except StopConnection:
        results = [WriteResult(WriteStatus.REJECTED)] * len(updates)
    left = [
        f"{update.record} could not be restored; look at its fields {', '.join(update.fields)}."
        for update, result in zip(updates, results, strict=True)
        if result.status is not WriteStatus.OK or result.dropped
    ]
    if left:
        raise NotRecorded(" ".join(left))


def _record(stage: Stage, setting: Setting, cast: Cast, scene: Scene, folder: Path) -> Path:
    options = setting.options if scene.admitted else stage.unknown_to_the_crm(setting.options)
    with recording() as exchanges, closing(stage.connect(options, setting.now)) as crm:
        live = scene.outcome(crm, cast)
    known = Known(stage.origin, stage.words, stage.own_names(setting.options))
    people = [cast.call, cast.deal, *([cast.hosted] if cast.hosted else [])]
    scrubber = Scrubber(known, exchanges, [one.id for one in people])

    def invented(one: RecordRef | None) -> str | None:
        return f"{one.object}:{scrubber.id(one.id)}" if one else None

    metadata = {
        "recorded from": setting.recorded_from,
        "recorded at": setting.now.isoformat(),
        "crm": stage.name,
        "scene": scene.name,
        "cast": {
            "call": invented(cast.call),
            "deal": invented(cast.deal),
            "hosted": invented(cast.hosted),
            "window": [cast.window.start.isoformat(), cast.window.end.isoformat()],
        },
        "options": stage.kept_options(setting.options),
    }
    path = folder / f"{scene.name}.yaml"
    with TemporaryDirectory() as directory:
        draft = Path(directory) / path.name
        write_cassette(draft, metadata, [scrubber.exchange(exchange) for exchange in exchanges])
        outcome = _checked(stage, scene, draft, live, known.names)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(draft.read_text())
        golden(path).write_text(in_golden_form(outcome))
    return path


def _checked(stage: Stage, scene: Scene, draft: Path, live: Any, names: Mapping[str, str]) -> Any:
    """The outcome of a scrubbed cassette, when it may be kept."""
    try:
        outcome = replay(stage, draft)
    except Exception as error:
        raise NotRecorded(f"{scene.name} cannot be played once it is scrubbed: {error}") from error
    before, after = (in_golden_form(shape(one, names)) for one in (live, outcome))
    if before != after:
        difference = "\n".join(unified_diff(before.split("\n"), after.split("\n"), "live", "scrubbed", n=2))
        raise NotRecorded(
            f"{scene.name} gives something else once it is scrubbed; vocabulary.py may lack a word.\n"
            f"{difference}"
        )
    found = leaks_in(draft.read_text() + in_golden_form(outcome))
    if found:
        raise NotRecorded(f"{scene.name} still holds {'; '.join(found)}")
    return outcome


def shape(value: Any, names: Mapping[str, str]) -> Any:
    """A value without what scrubbing may change: numbers, texts that are no known words, fields unknown.

    `names` are those that the scrubber gave to fields of the admin's choice.
    """
    if isinstance(value, dict):
        members = {names.get(key, key): each for key, each in value.items()}
        return {
            key: _sentence(each) if key in SENTENCES else shape(each, names)
            for key, each in members.items()
            if key in WORDS or not _is_field(each)
        }
    if isinstance(value, list):
        return [shape(each, names) for each in value]
    if isinstance(value, str):
        return names.get(value, value if value in WORDS else "text")
    return value if isinstance(value, bool) or value is None else type(value).__name__


def _sentence(text: str | None) -> list[str]:
    """The words of our own in a message, which stay when what it names is replaced."""
    return [word for word in (text or "").split() if word.isalpha() and word.islower()]


def _is_field(value: Any) -> bool:
    return isinstance(value, dict) and "filterable" in value


def configured(stage: Stage, connection: Connection, call_id: str) -> Setting:
    """A real account as the place to record, with one of its calls and that call's deal.

    Raises NotRecorded.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    with closing(stage.connect(connection.options, now)) as crm:
        objects = crm.capabilities.objects[Target.CALL]
        calls = crm.refresh([CallRef(connection.name, name, call_id) for name in objects])
    if len(calls) != 1:
        raise NotRecorded(f"{connection.name} has no call {call_id}.")
    (call,) = calls
    if not call.deals:
        raise NotRecorded(f"{call.ref} has no deal that could be written to; relate it to one first.")
    in_crm = call.recording is not None and call.recording.source is RecordingSource.CRM
    return Setting(
        recorded_from=CONFIGURED,
        options=connection.options,
        now=now,
        call=call.ref.record,
        deal=call.deals[0].ref,
        hosted=call.ref.record if in_crm and stage.downloads else None,
        window=Window(call.changed_at - AROUND, call.changed_at + AROUND),
    )


def _cast(stage: Stage, setting: Setting) -> Cast:
    return stage.cast(setting.call, setting.deal, setting.hosted, setting.window)


def _parsed(text: str) -> RecordRef:
    name, _, record_id = text.partition(":")
    return RecordRef(name, record_id)
