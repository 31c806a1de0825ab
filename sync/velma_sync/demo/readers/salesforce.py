"""Asks a Salesforce org with SOQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from velma_connectors.salesforce.client import SalesforceClient
from velma_sync.demo.leader import LAST_CALL, Answer, CallLine, DealRow, MappedFields, ReportFilter


@dataclass(frozen=True, slots=True)
class SalesforceReader:
    crm: str
    fields: MappedFields
    client: SalesforceClient

    def deals(self) -> list[DealRow]:
        fields = self.fields.deal
        wanted = ("Name", "StageName", *fields.values())
        rows = self.client.query(_soql(wanted, "Opportunity", f"{fields[LAST_CALL]} != null", "Name"))
        return [
            DealRow(row["Name"], row["StageName"], {path: row[field] for path, field in fields.items()})
            for row in rows
        ]

    def calls(self, asked: ReportFilter) -> Answer:
        condition = _condition(asked, self.fields.call[asked.value])
        soql = _soql(("Subject", "What.Name"), "Task", condition, "What.Name, Subject")
        found = (
            CallLine(row["What"]["Name"] if row["What"] else None, row["Subject"])
            for row in self.client.query(soql)
        )
        return Answer(self.crm, soql, tuple(found))


def _condition(asked: ReportFilter, field: str) -> str:
    if asked.equals is not None:
        return f"{field} = '{asked.equals}'"
    return f"{field} != null" if asked.at_most is None else f"{field} <= {asked.at_most}"


def _soql(fields: Sequence[str], source: str, condition: str, order: str) -> str:
    return " ".join(("SELECT", ", ".join(fields), "FROM", source, "WHERE", condition, "ORDER BY", order))
