"""What is known of a value that can be mapped, before any call is analyzed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from velma_connectors.model import FieldKind


class Need(StrEnum):
    """A part of the analysis without which a value is never known."""

    BEHAVIORS = "behaviors"
    ROLES = "roles"
    TOPICS = "topics"
    EMOTIONS = "emotions"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path. Lengths and digits are those of a field that holds every value of it.

    `help` says what the value means, `blank` when there is none, and `meanings` what is not plain of
    the options: what stands for what, by option.
    """

    path: str
    kind: FieldKind
    label: str
    help: str
    blank: str = ""
    needs: frozenset[Need] = frozenset()
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    choices: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    behaviors: tuple[str, ...] = ()
    """Keys of the behaviors it comes from, as this mapping file names them."""

    @property
    def about(self) -> str:
        """What it means, what its options stand for, and when it is blank."""
        meanings = [f"{each}: {self.meanings[each]}." for each in self.choices if each in self.meanings]
        can_be_blank = self.blank and self.kind is not FieldKind.BOOLEAN
        return " ".join([self.help, *meanings, *([f"Blank: {self.blank}."] if can_be_blank else [])])
