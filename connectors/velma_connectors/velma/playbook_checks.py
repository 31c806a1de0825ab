"""What can be wrong with an analysis file as a whole, each mistake at the place to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from velma_connectors.analysis import Side

if TYPE_CHECKING:
    from velma_connectors.velma.playbook import AnalysisFile, StageEntry

Loc = tuple[str | int, ...]

_KEYED = {"conversation_types": "conversation type", "roles": "role", "behaviors": "behavior"}
"""Sections whose entries have a key, and the word for one entry."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, at the key or entry to change."""

    loc: Loc
    message: str

    def error(self) -> PydanticCustomError:
        return PydanticCustomError("analysis", "{message}", {"message": self.message})


def mistakes(file: AnalysisFile) -> list[Mistake]:
    """Every mistake of the file, in the order of its sections."""
    return [
        *_repeated_keys(file),
        *_repeated_uuids(file),
        *_repeated_names(file),
        *_missing_sides(file),
        *_undefined_scopes(file),
        *_stage_mistakes(file),
        *_repeated_stages(file),
        *_misplaced_defaults(file),
    ]


def _repeated_keys(file: AnalysisFile) -> Iterator[Mistake]:
    for section, word in _KEYED.items():
        seen: set[str] = set()
        for at, entry in enumerate(getattr(file, section)):
            if entry.key in seen:
                yield Mistake((section, at, "key"), f"{word} '{entry.key}' is defined twice")
            seen.add(entry.key)


def _repeated_uuids(file: AnalysisFile) -> Iterator[Mistake]:
    seen: set[object] = set()
    for section in _KEYED:
        for at, entry in enumerate(getattr(file, section)):
            if entry.uuid is not None and entry.uuid in seen:
                message = f"uuid {entry.uuid} is used twice; each definition needs one of its own"
                yield Mistake((section, at, "uuid"), message)
            seen.add(entry.uuid)


def _repeated_names(file: AnalysisFile) -> Iterator[Mistake]:
    seen: set[str] = set()
    for at, entry in enumerate(file.behaviors):
        name = entry.name.casefold()
        if name in seen:
            yield Mistake(("behaviors", at, "name"), f"behavior name '{name}' is used twice")
        seen.add(name)


def _missing_sides(file: AnalysisFile) -> Iterator[Mistake]:
    for side in (Side.REP, Side.PROSPECT):
        if all(role.side is not side for role in file.roles):
            yield Mistake(("roles",), f"no role is on the side of the {side}")


def _undefined_scopes(file: AnalysisFile) -> Iterator[Mistake]:
    for at, behavior in enumerate(file.behaviors):
        for section in ("conversation_types", "roles"):
            known = {each.key for each in getattr(file, section)}
            for place, key in enumerate(getattr(behavior, section)):
                if key not in known:
                    message = f"behavior '{behavior.key}' names {_undefined(_KEYED[section], key, known)}"
                    yield Mistake(("behaviors", at, section, place), message)


def _stage_mistakes(file: AnalysisFile) -> Iterator[Mistake]:
    types = {each.key for each in file.conversation_types}
    for at, entry in enumerate(file.stages):
        if entry.conversation_type not in types:
            message = f"stages entry {at + 1} names {_undefined('type', entry.conversation_type, types)}"
            yield Mistake(("stages", at, "conversation_type"), message)
        yield from _stage_behaviors(file, at, entry, types)


def _stage_behaviors(file: AnalysisFile, at: int, entry: StageEntry, types: set[str]) -> Iterator[Mistake]:
    behaviors = {each.key: each for each in file.behaviors}
    where = f"stages entry {at + 1}"
    for place, key in enumerate(entry.behaviors):
        loc: Loc = ("stages", at, "behaviors", place)
        if key not in behaviors:
            yield Mistake(loc, f"{where} names {_undefined('behavior', key, behaviors)}")
        elif key in entry.behaviors[:place]:
            yield Mistake(loc, f"{where} names behavior '{key}' twice")
        elif entry.conversation_type not in (behaviors[key].conversation_types or types):
            yield Mistake(loc, f"behavior '{key}' can never show in {where}: it is for other types")


def _repeated_stages(file: AnalysisFile) -> Iterator[Mistake]:
    seen: Counter[tuple[str, str]] = Counter()
    for at, entry in enumerate(file.stages):
        for pipeline in entry.pipelines or ("",):
            for place, stage in enumerate(entry.stages or ("",)):
                named = (pipeline.casefold(), stage.casefold())
                seen[named] += 1
                if seen[named] == 2 and any(named):
                    message = f"stage '{named[1] or 'any'}' of pipeline '{named[0] or 'any'}' is listed twice"
                    loc = ("stages", at, "stages", place) if entry.stages else ("stages", at)
                    yield Mistake(loc, message)


def _misplaced_defaults(file: AnalysisFile) -> Iterator[Mistake]:
    last = len(file.stages) - 1
    for at, entry in enumerate(file.stages):
        if at == last and not entry.is_default:
            message = "the last entry of stages must be the default, without pipelines and stages"
            yield Mistake(("stages", at), message)
        if at != last and entry.is_default:
            message = "only the last entry of stages may be without pipelines and stages"
            yield Mistake(("stages", at), message)


def _undefined(word: str, key: str, known: Iterable[str]) -> str:
    return f"{word} '{key}', which is not defined (defined: {', '.join(sorted(known))})"
