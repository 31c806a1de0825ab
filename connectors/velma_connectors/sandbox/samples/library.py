"""Loads the sample calls with their story and audio."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from velma_connectors.sandbox.samples.call import CallScript, Heard, Story
from velma_connectors.sandbox.samples.dialogue import Dialogue, Span, Spoken

FOLDER = Path(__file__).parent
AUDIO = FOLDER / "audio"
TIMINGS = FOLDER / "timings.json"

_SILENCE = Dialogue(conversation="none", speakers={})


@dataclass(frozen=True, slots=True)
class Sound:
    """A generated recording: its hash, its length in milliseconds, and when each line is heard."""

    sha256: str
    duration_ms: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class SampleCall:
    """A call of the story. `audio` and `sound` are None when there is nothing to hear."""

    key: str
    script: CallScript
    audio: Path | None
    sound: Sound | None

    @property
    def seconds(self) -> int:
        """The length that the CRM record states."""
        if self.sound is not None:
            return round(self.sound.duration_ms / 1000)
        return self.script.crm.seconds or 0


@dataclass(frozen=True, slots=True)
class Team:
    """What one team of the vendor has in its CRM: calls by their key, oldest first, and their story."""

    calls: Mapping[str, SampleCall]
    story: Story


@dataclass(frozen=True, slots=True)
class Samples:
    """Both teams' calls; keys are unique over both. The org is Salesforce's, the portal HubSpot's."""

    org: Team
    portal: Team

    @property
    def calls(self) -> dict[str, SampleCall]:
        """All sample calls by their key, those of the org first."""
        return {**self.org.calls, **self.portal.calls}

    def by_sha256(self) -> dict[str, Spoken]:
        """What is said in each recording, for the analysis emulator."""
        return {
            call.sound.sha256: Spoken(
                call.script.dialogue or _SILENCE, call.sound.spans, call.sound.duration_ms
            )
            for call in self.calls.values()
            if call.sound is not None and call.script.same_audio_as is None
        }


@cache
def load_samples() -> Samples:
    """Read scripts, stories and timings. Raises pydantic.ValidationError when a script contradicts itself."""
    timings = json.loads(TIMINGS.read_text())
    return Samples(_team(FOLDER / "org", timings), _team(FOLDER / "portal", timings))


def load_script(path: Path) -> CallScript:
    return CallScript.model_validate(_yaml(path))


def expected() -> dict[str, Any]:
    """What a CRM must show of the samples in the end: `expected.yaml`, which explains itself."""
    document: dict[str, Any] = _yaml(FOLDER / "expected.yaml")
    return document


def _team(folder: Path, timings: dict[str, Any]) -> Team:
    calls = [_call(path.stem, load_script(path), timings) for path in (folder / "calls").glob("*.yaml")]
    calls.sort(key=lambda call: (-call.script.crm.days_ago, call.script.crm.at))
    return Team({call.key: call for call in calls}, Story.model_validate(_yaml(folder / "story.yaml")))


def _call(key: str, script: CallScript, timings: dict[str, Any]) -> SampleCall:
    if script.crm.recording is Heard.LOGIN_PAGE:
        return SampleCall(key, script, None, None)
    heard = script.same_audio_as or key
    timing = timings[heard]
    spans = tuple(Span(start, duration) for start, duration in timing["lines"])
    return SampleCall(
        key, script, AUDIO / f"{heard}.ogg", Sound(timing["sha256"], timing["duration_ms"], spans)
    )


def _yaml(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)
