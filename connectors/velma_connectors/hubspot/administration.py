"""One HubSpot portal as its admin sees it, each method handed to the file that does the job."""

from __future__ import annotations

from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.options import HubSpotOptions


class HubSpotAdministration:
    """One HubSpot portal. Fulfils `administration.CrmAdministration`."""

    def __init__(self, connection: str, options: HubSpotOptions) -> None:
        self._connection = connection
        self._options = options
        self._client = HubSpotClient(options)
        self._known = KnownFields(self._client)

    def close(self) -> None:
        self._client.close()
