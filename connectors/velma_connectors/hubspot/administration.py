"""One HubSpot portal as its admin sees it, each method handed to the file that does the job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from velma_connectors.administration import Diagnosis, ExportedFile, OptionSuggestion, ProbeAnswer
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.diagnosis import diagnose
from velma_connectors.hubspot.export import export_fields
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.filters import describe_filters, run_filter
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.probing import probe
from velma_connectors.hubspot.reports import Segments
from velma_connectors.hubspot.suggestions import suggest
from velma_connectors.model import FieldSpec
from velma_connectors.reporting import FilterAnswer, FilterGuide, ReportFilter, ReportResult


class HubSpotAdministration:
    """One HubSpot portal. Fulfils `administration.CrmAdministration`."""

    def __init__(self, connection: str, options: HubSpotOptions) -> None:
        self._connection = connection
        self._options = options
        self._client = HubSpotClient(options)
        self._known = KnownFields(self._client)

    def suggest_options(self) -> list[OptionSuggestion]:
        return suggest(self._client, self._known, self._options, datetime.now(UTC))

    def diagnose(self, specs: Sequence[FieldSpec]) -> list[Diagnosis]:
        return diagnose(self._client, specs, datetime.now(UTC).date())

    def probe(self) -> list[ProbeAnswer]:
        return probe(self._client, self._options, wait=time.sleep)

    def export_fields(self, specs: Sequence[FieldSpec]) -> list[ExportedFile]:
        return export_fields(specs)

    def describe_filters(self, filters: Sequence[ReportFilter]) -> list[FilterGuide]:
        return describe_filters(self._known, filters)

    def run_filter(self, wanted: ReportFilter) -> FilterAnswer:
        return run_filter(self._client, wanted)

    def create_reports(self, filters: Sequence[ReportFilter]) -> list[ReportResult]:
        return Segments(self._client, self._known).create(filters)

    def remove_reports(self) -> list[ReportResult]:
        return Segments(self._client, self._known).remove()

    def close(self) -> None:
        self._client.close()
