"""What a sales leader would look at, asked of the org itself with SOQL and not of our own ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
Query = Callable[[str], Sequence[Row]]

_DEAL_FIELDS = (
    "Name",
    "StageName",
    "Velma_Last_Call_At__c",
    "Velma_Next_Step__c",
    "Velma_Competitors__c",
    "Velma_Raised_By__c",
    "Velma_Coaching_Flags__c",
)

NEGATIVE = -0.2
"""A sentiment at or below this is reported as negative."""


@dataclass(frozen=True, slots=True)
class DealLine:
    """One opportunity as its last analysed call left it. Sentiments from -1 to 1, by topic."""

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
    """One report filter: the question, the SOQL that was run, and a line per call found."""

    question: str
    soql: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeaderView:
    """The deals, and the answers of the three report filters."""

    deals: tuple[DealLine, ...]
    filters: tuple[FilterAnswer, ...]


def read_leader_view(query: Query, topics: Mapping[str, str]) -> LeaderView:
    """Ask the org. `topics` maps the name of a topic to the API name of its sentiment field."""
    return LeaderView(_deals(query, topics), tuple(_filters(query, topics)))


def _deals(query: Query, topics: Mapping[str, str]) -> tuple[DealLine, ...]:
    fields = (*_DEAL_FIELDS, *topics.values())
    rows = query(_soql(fields, "Opportunity", "Velma_Last_Call_At__c != null", "Name"))
    return tuple(
        DealLine(
            deal=row["Name"],
            stage=row["StageName"],
            last_call=str(row["Velma_Last_Call_At__c"])[:10],
            next_step=row["Velma_Next_Step__c"] or "",
            competitors=_selected(row["Velma_Competitors__c"]),
            raised_by=row["Velma_Raised_By__c"] or "",
            sentiments={name: row[field] for name, field in topics.items() if row[field] is not None},
            coaching_flags=_selected(row["Velma_Coaching_Flags__c"]),
        )
        for row in rows
    )


def _filters(query: Query, topics: Mapping[str, str]) -> list[FilterAnswer]:
    conditions = {
        "Calls without a confirmed next step": "Velma_Next_Step__c = 'Not confirmed'",
        "Calls that were negative on pricing": f"{topics['Pricing']} <= {NEGATIVE}",
        "Calls in which a competitor was named": "Velma_Competitors__c != null",
    }
    answers = []
    for question, condition in conditions.items():
        soql = _soql(("Subject", "What.Name"), "Task", condition, "What.Name, Subject")
        answers.append(FilterAnswer(question, soql, tuple(_call_line(row) for row in query(soql))))
    return answers


def _soql(fields: Sequence[str], source: str, condition: str, order: str) -> str:
    return " ".join(("SELECT", ", ".join(fields), "FROM", source, "WHERE", condition, "ORDER BY", order))


def _call_line(row: Row) -> str:
    related = row["What"]
    return f"{related['Name'] if related else '(no related record)'}: {row['Subject']}"


def _selected(value: str | None) -> tuple[str, ...]:
    """The selection of a multi-select picklist, which arrives as one string."""
    return tuple(value.split(";")) if value else ()
