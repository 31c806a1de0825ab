"""One Salesforce org as its admin sees it, each method handed to the file that does the job."""

from __future__ import annotations

from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.options import SalesforceOptions


class SalesforceAdministration:
    """One Salesforce org. Fulfils `administration.CrmAdministration`."""

    def __init__(self, connection: str, options: SalesforceOptions) -> None:
        self._connection = connection
        self._options = options
        self._client = SalesforceClient(options)
        self._known = KnownFields(self._client)

    def close(self) -> None:
        self._client.close()
