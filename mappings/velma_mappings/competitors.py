"""Which rivals were named, by whom, and where first.

The analyzer says that a competitor came up, not which one. Names come from the admin's list, looked for
in the words as spoken (tags removed, nothing masked yet, since a company name may be tagged too).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from velma_connectors.analysis import Analysis, Clip, Side
from velma_connectors.model import FieldValue
from velma_mappings.behaviors import Finding, Outcome
from velma_mappings.evidence import clock, places
from velma_mappings.masking import Mask, strip_tags
from velma_mappings.model import State, Value
from velma_mappings.roles import Speakers

if TYPE_CHECKING:
    from velma_mappings.mapping_file import MappingFile

CONFIRMED, MENTION_ONLY, UNNAMED = STATUSES = ("Confirmed", "Mention only", "Unnamed")
PROSPECT, REP, BOTH = RAISED_BY = ("Prospect", "Rep", "Both")
DEAL_INTEL = "Competitor Mention"

FUZZY_LETTERS = 6
"""Shorter aliases are only matched letter by letter."""
FUZZY_RATIO = 90

_SOUNDS = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TAKEN = " | "
"""Stands where a name was found, so that its words are not read twice."""
_OWNER = re.compile(r"['’]s\b")


@dataclass(frozen=True, slots=True)
class Alias:
    """One spelling to look for. `name` is the competitor, or None for words that are not one."""

    name: str | None
    text: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Named:
    """The clips in which each listed competitor is named, in the order of the call."""

    clips: Mapping[str, tuple[Clip, ...]]
    confirmed: frozenset[str]
    """Those named in the evidence of a detection."""

    def all_clips(self) -> tuple[Clip, ...]:
        unique = {clip.id: clip for clips in self.clips.values() for clip in clips}
        return tuple(sorted(unique.values(), key=lambda clip: clip.start_ms))


def aliases(mapping: MappingFile) -> tuple[Alias, ...]:
    """Every spelling of the mapping file, longest first, so that a longer name hides a shorter one."""
    spellings = [(None, own) for own in mapping.own_names]
    for rival in mapping.competitors:
        spellings += [(None, phrase) for phrase in rival.ignore]
    named = [(rival.name, text) for rival in mapping.competitors for text in (rival.name, *rival.aliases)]
    ordered = sorted([*spellings, *named], key=lambda spelling: -len(spelled(spelling[1])))
    return tuple(Alias(name, spelled(text), _pattern(text)) for name, text in ordered)


def spelled(text: str) -> str:
    """One spelling for comparing: compatible characters, case folded, words apart by one space."""
    return " ".join(_SOUNDS.findall(_folded(text)))


def mentioned(text: str, spellings: Sequence[Alias]) -> set[str]:
    """The competitors named in a clip's words."""
    rest = _OWNER.sub("", _folded(strip_tags(text)))
    found = set()
    for alias in spellings:
        rest, times = alias.pattern.subn(_TAKEN, rest)
        if times and alias.name is not None:
            found.add(alias.name)
    stretches = [_SOUNDS.findall(stretch) for stretch in rest.split(_TAKEN)]
    return found | {alias.name for alias in spellings if alias.name and _sounds_in(stretches, alias)}


def look(analysis: Analysis, finding: Finding, spellings: Sequence[Alias]) -> Named:
    """Look for every name in every clip. `finding` is that of the behavior that notices competitors."""
    evidence = {clip.id for clip in finding.clips} if finding.outcome is Outcome.DETECTED else set()
    clips: dict[str, list[Clip]] = {}
    confirmed = set()
    for clip in sorted(analysis.clips, key=lambda clip: clip.start_ms):
        for name in mentioned(clip.text, spellings):
            clips.setdefault(name, []).append(clip)
            if clip.id in evidence:
                confirmed.add(name)
    return Named({name: tuple(clips[name]) for name in sorted(clips)}, frozenset(confirmed))


def values(named: Named, finding: Finding, speakers: Speakers, mask: Mask) -> dict[str, Value]:
    """The competitor paths and `deal_intel`."""
    detected = finding.outcome is Outcome.DETECTED
    if not named.clips and not detected:
        return _nothing(finding)
    mentions = named.all_clips() or finding.clips
    where = places(mentions, speakers, mask)
    status = CONFIRMED if named.confirmed else MENTION_ONLY if named.clips else UNNAMED
    raised = _raised_by(finding, mentions, speakers)
    return {
        "competitors": Value(tuple(named.clips), State.KNOWN, where, finding.confidence, finding.reason),
        "competitor_status": Value(status, State.KNOWN, where, finding.confidence),
        "competitor_first_mention": Value(
            clock(mentions[0].start_ms) if mentions else None, State.KNOWN, where[:1]
        ),
        "raised_by": raised,
        "deal_intel": _intel(finding, raised),
    }


def _nothing(finding: Finding) -> dict[str, Value]:
    """Nobody named and nothing detected: known to be nothing only if the behavior was evaluated."""
    if finding.outcome is Outcome.NOT_DETECTED:
        empty: dict[str, FieldValue] = {
            "competitors": (),
            "competitor_status": None,
            "competitor_first_mention": None,
            "raised_by": None,
            "deal_intel": (),
        }
        return {path: Value(value, State.KNOWN) for path, value in empty.items()}
    unknown = Value(None, State(finding.outcome.value), reason=finding.reason, confidence=finding.confidence)
    return dict.fromkeys(
        ("competitors", "competitor_status", "competitor_first_mention", "raised_by", "deal_intel"), unknown
    )


def _raised_by(finding: Finding, mentions: Sequence[Clip], speakers: Speakers) -> Value:
    heard = {speakers.side(clip.speaker) for clip in mentions}
    sides = (heard or {speakers.side(row.speaker) for row in finding.rows}) - {Side.UNKNOWN}
    if not sides:
        return Value(None, State.UNAVAILABLE, reason=speakers.doubt or "it is not known who said it")
    if len(sides) == 2:
        return Value(BOTH, State.KNOWN)
    return Value(PROSPECT if Side.PROSPECT in sides else REP, State.KNOWN)


def _intel(finding: Finding, raised: Value) -> Value:
    """A rival that only our own side brought up is no news about the deal."""
    if finding.outcome is not Outcome.DETECTED:
        return _nothing(finding)["deal_intel"]
    told = raised.value != REP
    return Value((DEAL_INTEL,) if told else (), State.KNOWN, confidence=finding.confidence)


def _pattern(text: str) -> re.Pattern[str]:
    words = [word for part in _CAMEL.split(text) for word in _SOUNDS.findall(_folded(part))]
    return re.compile(r"(?<!\w)" + r"[\s_-]*".join(map(re.escape, words)) + r"(?!\w)")


def _sounds_in(stretches: Sequence[list[str]], alias: Alias) -> bool:
    """A slip of the transcription in a name long enough for that to be told."""
    if sum(char.isalpha() for char in alias.text) < FUZZY_LETTERS:
        return False
    length = alias.text.count(" ") + 1
    windows = [
        " ".join(words[at : at + length]) for words in stretches for at in range(len(words) - length + 1)
    ]
    return process.extractOne(alias.text, windows, scorer=fuzz.ratio, score_cutoff=FUZZY_RATIO) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
