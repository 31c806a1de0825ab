"""What is said of any CRM in the same words: its clock, its allowance of requests, its API version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.model import ApiBudget

SKEW_ADVICE_SECONDS = 60.0
SKEW_PROBLEM_SECONDS = 900.0
"""The daemon reads the last 15 minutes again; a clock that is further off makes it miss calls."""

MUCH_USED, NEARLY_USED_UP = 0.8, 0.95
"""Parts of an allowance."""

WARNING = timedelta(days=182)
"""Half a year before a version ends."""


@dataclass(frozen=True, slots=True)
class VersionEnd:
    """The last day on which a version is supported, None while none is announced, and who says so."""

    last_day: date | None
    source: str


def clock(crm: str, ahead: float | None) -> list[Diagnosis]:
    """Whether our clock agrees with the CRM's; nothing when it has not told the time."""
    if ahead is None:
        return []
    off = abs(ahead)
    if off < SKEW_ADVICE_SECONDS:
        sentence = f"This machine's clock agrees with that of {crm}."
        return [Diagnosis("clock", Mark.OK, sentence)]
    span = f"{off / 60:.0f} minutes" if off >= 120 else f"{off:.0f} seconds"
    way = "behind" if ahead > 0 else "ahead of"
    mark, effect = Mark.ADVICE, "at 15 minutes new calls are missed"
    if off >= SKEW_PROBLEM_SECONDS:
        mark, effect = Mark.PROBLEM, "new calls are missed or found late"
    sentence = f"This machine's clock is {span} {way} that of {crm}; {effect}."
    remedy = "Let the machine's clock be set by NTP, such as: timedatectl set-ntp true"
    return [Diagnosis("clock", mark, sentence, remedy)]


def allowance(budget: ApiBudget, period: str, remedy: str) -> list[Diagnosis]:
    """How much of its requests the account has used; nothing when the CRM has not told."""
    if budget.used is None or not budget.allowed:
        return []
    part = budget.used / budget.allowed
    sentence = f"The account has used {budget.used:,} of its {budget.allowed:,} API requests {period}."
    if part < MUCH_USED:
        return [Diagnosis("requests", Mark.OK, sentence)]
    mark = Mark.PROBLEM if part >= NEARLY_USED_UP else Mark.ADVICE
    return [Diagnosis("requests", mark, sentence, remedy)]


def end_of_life(version: str, ends: Mapping[str, VersionEnd], today: date, remedy: str) -> Diagnosis:
    """How long the API version in use will be supported."""
    known = ends.get(version)
    if known is None:
        sentence = f"API {version} is newer than this release, which does not know its end."
        return Diagnosis("version", Mark.ADVICE, sentence, "Use a newer release of velma-sync.")
    if known.last_day is None:
        return Diagnosis("version", Mark.OK, f"API {version} is in use; no end is announced.")
    day = f"{known.last_day:%Y-%m-%d}"
    if today > known.last_day:
        sentence = f"API {version} is in use and has not been supported since {day} ({known.source})."
        return Diagnosis("version", Mark.PROBLEM, sentence, remedy)
    sentence = f"API {version} is in use and supported until {day} ({known.source})."
    if known.last_day - today > WARNING:
        return Diagnosis("version", Mark.OK, sentence)
    return Diagnosis("version", Mark.ADVICE, sentence, remedy)
