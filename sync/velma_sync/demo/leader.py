"""What a sales leader would look at, asked of each CRM itself and not of our own ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from velma_connectors.model import Target
from velma_mappings.mapping_file import MappingFile
from velma_mappings.topics import slug

NEGATIVE = -0.2
"""A sentiment at or below this is reported as negative."""


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """A report's filter over calls: `value` equals a word, is at most a number, or is there at all."""

    question: str
    value: str
    equals: str | None = None
    at_most: float | None = None


FILTERS = (
    ReportFilter("Calls without a confirmed next step", "next_step", equals="Not confirmed"),
    ReportFilter("Calls that were negative on pricing", "sentiment.pricing", at_most=NEGATIVE),
    ReportFilter("Calls in which a competitor was named", "competitors"),
)

LAST_CALL = "started_at"
_DEAL_VALUES = (LAST_CALL, "next_step", "competitors", "raised_by", "coaching_flags")


@dataclass(frozen=True, slots=True)
class MappedFields:
    """Fields of calls and deals by the value that a mapping writes there; values of its topics by name."""

    call: Mapping[str, str]
    deal: Mapping[str, str]
    topics: Mapping[str, str]

    @classmethod
    def of(cls, mapping: MappingFile) -> MappedFields:
        topics = {topic.name: f"sentiment.{slug(topic.name)}" for topic in mapping.topics}
        shown = {*_DEAL_VALUES, *topics.values()}
        return cls(
            call={rule.value: rule.field for rule in mapping.rules if rule.on is Target.CALL},
            deal={
                rule.value: rule.field
                for rule in mapping.rules
                if rule.on is Target.DEAL and rule.value in shown
            },
            topics=topics,
        )


@dataclass(frozen=True, slots=True)
class DealRow:
    """A deal as the CRM answers: `values` by the value of the mapping, numbers perhaps as text."""

    name: str
    stage: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call that a filter found. `deal` is None when the CRM relates it to nothing."""

    deal: str | None
    subject: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one CRM answered: the query in its own language, and the calls it found."""

    crm: str
    query: str
    calls: tuple[CallLine, ...]


class CrmReader(Protocol):
    """Asks one CRM what its own reports would ask, with a session of its own."""

    @property
    def crm(self) -> str:
        """The CRM's name."""

    @property
    def fields(self) -> MappedFields: ...

    def deals(self) -> Sequence[DealRow]:
        """Deals with an analyzed call."""

    def calls(self, asked: ReportFilter) -> Answer: ...


@dataclass(frozen=True, slots=True)
class DealLine:
    """One deal as its last analyzed call left it. Sentiments from -1 to 1, by topic."""

    crm: str
    deal: str
    stage: str
    last_call: str
    next_step: str
    competitors: tuple[str, ...]
    raised_by: str
    sentiments: Mapping[str, float]
    coaching_flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilterAnswer:
    """One question and what each CRM answered."""

    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class LeaderView:
    """The deals of all CRMs, and the answers of the three report filters."""

    deals: tuple[DealLine, ...]
    filters: tuple[FilterAnswer, ...]


def read_leader_view(readers: Sequence[CrmReader]) -> LeaderView:
    """Ask every CRM. A filter is not asked where the mapping writes its value to no field."""
    return LeaderView(
        deals=tuple(_deal_line(reader, row) for reader in readers for row in reader.deals()),
        filters=tuple(
            FilterAnswer(
                asked.question,
                tuple(reader.calls(asked) for reader in readers if asked.value in reader.fields.call),
            )
            for asked in FILTERS
        ),
    )


def _deal_line(reader: CrmReader, row: DealRow) -> DealLine:
    told = {name: row.values.get(path) for name, path in reader.fields.topics.items()}
    return DealLine(
        crm=reader.crm,
        deal=row.name,
        stage=row.stage,
        last_call=str(row.values[LAST_CALL])[:10],
        next_step=row.values.get("next_step") or "",
        competitors=_selected(row.values.get("competitors")),
        raised_by=row.values.get("raised_by") or "",
        sentiments={name: float(score) for name, score in told.items() if score is not None},
        coaching_flags=_selected(row.values.get("coaching_flags")),
    )


def _selected(value: str | None) -> tuple[str, ...]:
    """What is selected of several choices, which both CRMs give as one text."""
    return tuple(value.split(";")) if value else ()
