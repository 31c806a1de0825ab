"""The kinds of links between records: HubSpot's own, and labels that admins add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
USER_DEFINED = "USER_DEFINED"

Pair = tuple[str, str]
TypeKey = tuple[str, int]
"""Category and type id."""


@dataclass(frozen=True, slots=True)
class AssociationType:
    """One direction of a kind of link. `reverse` is the type id of the other direction."""

    category: str
    type_id: int
    reverse: int
    label: str | None = None

    @property
    def key(self) -> TypeKey:
        return (self.category, self.type_id)

    def document(self) -> dict[str, Any]:
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


_UNLABELLED: dict[Pair, tuple[int, int]] = {
    ("calls", "contacts"): (194, 193),
    ("calls", "companies"): (182, 181),
    ("calls", "deals"): (206, 205),
    ("notes", "contacts"): (202, 201),
    ("notes", "companies"): (190, 189),
    ("notes", "deals"): (214, 213),
    ("contacts", "companies"): (279, 280),
    ("deals", "companies"): (341, 342),
    ("deals", "contacts"): (3, 4),
    ("contacts", "contacts"): (449, 449),
    ("companies", "companies"): (450, 450),
    ("deals", "deals"): (451, 451),
}
_PRIMARY: dict[Pair, tuple[int, int]] = {("contacts", "companies"): (1, 2), ("deals", "companies"): (5, 6)}
PRIMARY = "Primary"


class AssociationTypes:
    """All types by pair of objects, the unlabeled one first. Notes and calls have none between them."""

    def __init__(self) -> None:
        self.added: list[tuple[str, str, int, int, str, str]] = []
        """What admins added: from, to, type id, reverse, label, category."""
        self._by_pair: dict[Pair, list[AssociationType]] = {}
        for source, label in ((_UNLABELLED, None), (_PRIMARY, PRIMARY)):
            for (one, other), (type_id, reverse) in source.items():
                self._enter(one, other, type_id, reverse, label, HUBSPOT_DEFINED)

    def between(self, from_object: str, to_object: str) -> list[AssociationType]:
        """Empty when such records cannot be associated."""
        return self._by_pair.get((from_object, to_object), [])

    def find(self, from_object: str, to_object: str, key: TypeKey) -> AssociationType | None:
        return next((each for each in self.between(from_object, to_object) if each.key == key), None)

    def add(self, from_object: str, to_object: str, label: str, category: str) -> int:
        """A label for links of a pair that can be associated. Returns its type id. Raises KeyError."""
        if not self.between(from_object, to_object):
            raise KeyError(f"{from_object} to {to_object}")
        entry = (from_object, to_object, 2 * len(self.added) + 1001, 2 * len(self.added) + 1002)
        self.restore((*entry, label, category))
        return entry[2]

    def restore(self, entry: tuple[str, str, int, int, str, str]) -> None:
        self.added.append(entry)
        self._enter(*entry)

    def _enter(
        self, one: str, other: str, type_id: int, reverse: int, label: str | None, category: str
    ) -> None:
        there = AssociationType(category, type_id, reverse, label)
        self._by_pair.setdefault((one, other), []).append(there)
        if one != other or type_id != reverse:
            back = AssociationType(category, reverse, type_id, label)
            self._by_pair.setdefault((other, one), []).append(back)
