"""One Salesforce org as its admin sees it, each method handed to the file that does the job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from velma_connectors.administration import Diagnosis, ExportedFile, OptionSuggestion, ProbeAnswer
from velma_connectors.model import FieldSpec
from velma_connectors.reporting import FilterAnswer, FilterGuide, ReportFilter, ReportResult
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.diagnosis import diagnose
from velma_connectors.salesforce.export import export_fields
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.filters import describe_filters, run_filter
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.probing import probe
from velma_connectors.salesforce.reports import Reports
from velma_connectors.salesforce.schema import objects_behind
from velma_connectors.salesforce.suggestions import suggest


class SalesforceAdministration:
    """One Salesforce org. Fulfils `administration.CrmAdministration`."""

    def __init__(self, connection: str, options: SalesforceOptions) -> None:
        self._connection = connection
        self._options = options
        self._client = SalesforceClient(options)
        self._known = KnownFields(self._client)
        self._objects = objects_behind(options.calls_from)

    def suggest_options(self) -> list[OptionSuggestion]:
        return suggest(self._client, datetime.now(UTC))

    def diagnose(self, specs: Sequence[FieldSpec]) -> list[Diagnosis]:
        return diagnose(self._client, self._options, specs, datetime.now(UTC).date())

    def probe(self) -> list[ProbeAnswer]:
        return probe(self._client, wait=time.sleep)

    def export_fields(self, specs: Sequence[FieldSpec]) -> list[ExportedFile]:
        return export_fields(self._options, specs)

    def describe_filters(self, filters: Sequence[ReportFilter]) -> list[FilterGuide]:
        return describe_filters(self._known, self._objects, filters)

    def run_filter(self, wanted: ReportFilter) -> FilterAnswer:
        return run_filter(self._client, self._objects, wanted)

    def create_reports(self, filters: Sequence[ReportFilter]) -> list[ReportResult]:
        return Reports(self._client, self._known, self._objects).create(filters)

    def remove_reports(self) -> list[ReportResult]:
        return Reports(self._client, self._known, self._objects).remove()

    def close(self) -> None:
        self._client.close()
