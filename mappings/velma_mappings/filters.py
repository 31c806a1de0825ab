"""The questions of the sales playbook, as report filters on the fields that one mapping file fills.

A question is asked of calls and of deals, each only where a rule writes a value that answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from velma_connectors.model import FieldKind, FieldValue, Target
from velma_connectors.reporting import Condition, Operator, ReportFilter
from velma_mappings.action_plan import NOT_CONFIRMED
from velma_mappings.catalogue import entries
from velma_mappings.entry import Entry
from velma_mappings.mapping_file import MappingFile
from velma_mappings.model import Status
from velma_mappings.signals import OBJECTION_SCORE
from velma_mappings.topics import slug
from velma_mappings.transforms import NO, YES, shaped

NEGATIVE = OBJECTION_SCORE
"""A sentiment at or below this is negative."""

_RECORDS = {Target.CALL: "Calls", Target.DEAL: "Deals"}
_LISTS = frozenset({FieldKind.MULTI_CHOICE, FieldKind.CHOICE, FieldKind.TEXT})
_RIVAL_SIGNS = ("competitors", "competitor_first_mention", "raised_by")
"""Values that are there exactly when a competitor of the list was named, the best first."""


def playbook_filters(mapping: MappingFile) -> list[ReportFilter]:
    """One filter per question that the mapped fields can answer: those of calls, then those of deals.

    Keys such as `sentiment.pricing.deal` stay the same for as long as the topic keeps its name.
    """
    return [found for on in _RECORDS for found in _Questions(mapping, on).answered()]


@dataclass(frozen=True, slots=True)
class _Place:
    """A field, and the catalogue entry of its value as the rule's transforms leave it."""

    field: str
    entry: Entry


class _Questions:
    """What can be asked of one kind of record."""

    def __init__(self, mapping: MappingFile, on: Target) -> None:
        self._on = on
        self._topics = {f"sentiment.{slug(topic.name)}": topic.name for topic in mapping.topics}
        catalogue = entries(mapping)
        self._places: dict[str, list[_Place]] = {}
        for rule in mapping.rules:
            if rule.on is on:
                place = _Place(rule.field, shaped(rule.transform, catalogue[rule.value]))
                self._places.setdefault(rule.value, []).append(place)

    def answered(self) -> Iterator[ReportFilter]:
        yield from self._asked("next_step", "without a confirmed next step", self._unconfirmed(), "next_step")
        for path, topic in self._topics.items():
            yield from self._asked(path, f"negative on {topic}", self._negative(path), "objection_tags")
        rivals = next(filter(None, map(self._any, _RIVAL_SIGNS)), ())
        yield from self._asked("competitors", "in which a competitor was named", rivals, "raised_by")
        coaching = self._any("coaching_flags")
        yield from self._asked("coaching_flags", "with something to coach", coaching, "talk_ratio_rep")

    def _asked(
        self, key: str, about: str, conditions: tuple[Condition, ...], beside: str
    ) -> Iterator[ReportFilter]:
        if conditions:
            filtered = {condition.field for condition in conditions}
            shown = [place.field for path in ("started_at", beside) for place in self._places.get(path, ())]
            columns = tuple(field for field in dict.fromkeys(shown) if field not in filtered)
            question = f"{_RECORDS[self._on]} {about}"
            yield ReportFilter(f"{key}.{self._on}", question, self._on, conditions, columns)

    def _unconfirmed(self) -> tuple[Condition, ...]:
        for place in self._places.get("next_step", ()):
            return (Condition(place.field, Operator.EQUALS, NOT_CONFIRMED),)
        for place in self._places.get("action_plan_confirmed", ()):
            if place.entry.kind is FieldKind.CHOICE:
                return (Condition(place.field, Operator.EQUALS, NO),)
            # A checkbox is also not ticked where nothing was ever analyzed.
            for status in self._places.get("status", ()):
                unticked = Condition(place.field, Operator.EQUALS, False)
                return (Condition(status.field, Operator.EQUALS, Status.ANALYZED.value), unticked)
        return ()

    def _negative(self, path: str) -> tuple[Condition, ...]:
        return _first(
            Condition(place.field, Operator.AT_MOST, NEGATIVE) for place in self._places.get(path, ())
        )

    def _any(self, path: str) -> tuple[Condition, ...]:
        """That a list, or what a transform made of it, holds something. A count cannot tell: 0 is a value."""
        conditions = (_filled(place) for place in self._places.get(path, ()))
        return _first(condition for condition in conditions if condition is not None)


def _filled(place: _Place) -> Condition | None:
    value: FieldValue = None
    if place.entry.kind is FieldKind.BOOLEAN:
        value = True
    elif place.entry.choices == (YES, NO):
        value = YES
    elif place.entry.kind not in _LISTS:
        return None
    return Condition(place.field, Operator.IS_SET if value is None else Operator.EQUALS, value)


def _first(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return next(((condition,) for condition in conditions), ())
