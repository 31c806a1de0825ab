"""Which records are associated, with types for both directions, and the rules for adding a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from velma_connectors.sandbox.hubspot.association_types import (
    PRIMARY,
    AssociationType,
    AssociationTypes,
    Pair,
    TypeKey,
)
from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.refusals import NOT_FOUND, Refusal, invalid

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal


@dataclass(frozen=True, slots=True)
class End:
    """A record at one end of a link."""

    object: str
    id: str


class LinkTable:
    """Type keys by both ends. Links are kept in both directions."""

    def __init__(self) -> None:
        self._links: dict[Pair, dict[str, dict[str, tuple[TypeKey, ...]]]] = {}
        self._undo: list[tuple[End, End, tuple[TypeKey, ...]]] | None = None

    def types(self, one: End, other: End) -> tuple[TypeKey, ...]:
        return self._links.get((one.object, other.object), {}).get(one.id, {}).get(other.id, ())

    def of(self, one: End, to_object: str) -> list[tuple[str, tuple[TypeKey, ...]]]:
        """Ids of the other ends with their types, in the order in which they were linked."""
        return list(self._links.get((one.object, to_object), {}).get(one.id, {}).items())

    def all(self) -> Iterator[tuple[End, End, tuple[TypeKey, ...]]]:
        """Every link in every direction."""
        for (one, other), by_id in self._links.items():
            for one_id, others in by_id.items():
                for other_id, keys in others.items():
                    yield End(one, one_id), End(other, other_id), keys

    def put(self, one: End, other: End, keys: tuple[TypeKey, ...]) -> None:
        """Set one direction; without keys the link is gone."""
        if self._undo is not None:
            self._undo.append((one, other, self.types(one, other)))
        self._store(one, other, keys)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Take back what was written inside when it ends by an exception. They may be nested."""
        outer, self._undo = self._undo, []
        try:
            yield
        except BaseException:
            for one, other, keys in reversed(self._undo):
                self._store(one, other, keys)
            self._undo = outer
            raise
        if outer is not None:
            outer.extend(self._undo)
        self._undo = outer

    def _store(self, one: End, other: End, keys: tuple[TypeKey, ...]) -> None:
        others = self._links.setdefault((one.object, other.object), {}).setdefault(one.id, {})
        if keys:
            others[other.id] = keys
        else:
            others.pop(other.id, None)


@dataclass(slots=True)
class Linker:
    """Adds, replaces and removes links of a portal."""

    portal: HubSpotPortal
    table: LinkTable = field(default_factory=LinkTable)
    types: AssociationTypes = field(default_factory=AssociationTypes)

    def default_key(self, one: ObjectKind, other: ObjectKind) -> TypeKey:
        """The unlabeled type of a pair. Raises Refusal when such records cannot be associated."""
        return self.possible(one, other)[0].key

    def possible(self, one: ObjectKind, other: ObjectKind) -> list[AssociationType]:
        types = self.types.between(one.name, other.name)
        if not types:
            raise invalid(f"{one.singular} to {other.singular} is not a supported association")
        return types

    def link(self, one: End, other: End, keys: Iterable[TypeKey], at: int) -> None:
        """Add types to a link, which is made when there is none. Raises Refusal."""
        added = [self._type(one.object, other.object, key) for key in keys]
        if any(each.label is not None for each in added):
            added.append(self.types.between(one.object, other.object)[0])
        for end in (one, other):
            if self.portal.records.living(end.object, end.id) is None:
                raise Refusal(NOT_FOUND, f"{end.object} {end.id} does not exist", status=404)
        self._check_limit(one, other)
        if any(each.label == PRIMARY for each in added):
            self._unseat_primary(one, other)
        self._write(one, other, [*self.table.types(one, other), *(each.key for each in added)])
        self._move_stamps(one, other, at)

    def replace(self, one: End, other: End, keys: Iterable[TypeKey], at: int) -> None:
        """Let a link have exactly these types. Raises Refusal."""
        wanted = list(keys)
        with self.portal.transaction():
            self._write(one, other, [])
            self.link(one, other, wanted, at)

    def unlink(self, one: End, other: End) -> None:
        self._write(one, other, [])

    def move_all(self, loser: End, winner: End) -> None:
        """Hand the links of a merged record on."""
        for one, other, keys in list(self.table.all()):
            if one == loser:
                self._write(loser, other, [])
                if other != winner:
                    self._write(winner, other, [*self.table.types(winner, other), *keys])

    def living(self, one: End, to_object: str) -> list[tuple[str, tuple[TypeKey, ...]]]:
        """Links to records that are not archived, by rising id."""
        records = self.portal.records
        if records.living(one.object, one.id) is None:
            return []
        found = [
            (other, keys)
            for other, keys in self.table.of(one, to_object)
            if records.living(to_object, other) is not None
        ]
        return sorted(found, key=lambda link: int(link[0]))

    def _type(self, one: str, other: str, key: TypeKey) -> AssociationType:
        found = self.types.find(one, other, key)
        if found is None:
            raise invalid(f"{key[0]} association type {key[1]} does not lead from {one} to {other}")
        return found

    def _check_limit(self, one: End, other: End) -> None:
        limit = self.portal.switches.association_limit
        if limit is None or self.table.types(one, other):
            return
        for end, towards in ((one, other), (other, one)):
            if len(self.table.of(end, towards.object)) >= limit:
                raise invalid(
                    f"{end.object} {end.id} has {limit} associated {towards.object}, the most allowed"
                )

    def _unseat_primary(self, one: End, other: End) -> None:
        """A record has one primary company at most."""
        member, company = (one, other) if other.object == "companies" else (other, one)
        for company_id, keys in self.table.of(member, company.object):
            kept = [key for key in keys if self._type(member.object, company.object, key).label != PRIMARY]
            self._write(member, End(company.object, company_id), kept)

    def _write(self, one: End, other: End, keys: Iterable[TypeKey]) -> None:
        forth = tuple(dict.fromkeys(keys))
        back = tuple((key[0], self._type(one.object, other.object, key).reverse) for key in forth)
        self.table.put(one, other, forth)
        self.table.put(other, one, back)

    def _move_stamps(self, one: End, other: End, at: int) -> None:
        """Logging an activity moves the modification dates of the records it is about."""
        if not self.portal.switches.activities_move_stamps:
            return
        for end, towards in ((one, other), (other, one)):
            if self.portal.kind(towards.object).is_activity and not self.portal.kind(end.object).is_activity:
                self.portal.writer.touch(end.object, end.id, at)
