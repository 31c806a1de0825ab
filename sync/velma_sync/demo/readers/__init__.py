"""One reader per CRM: the questions of a sales leader in the CRM's own query language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.options import SalesforceOptions
from velma_sync.config.load import Connection
from velma_sync.demo.leader import CrmReader, MappedFields
from velma_sync.demo.readers.hubspot import HubSpotReader
from velma_sync.demo.readers.salesforce import SalesforceReader


@contextmanager
def open_reader(connection: Connection) -> Iterator[CrmReader]:
    """The reader for a connection's CRM. Raises TypeError for a CRM that the demo does not show."""
    fields, crm = MappedFields.of(connection.mapping), connection.kind.title
    match connection.options:
        case SalesforceOptions() as options:
            with closing(SalesforceClient(options)) as org:
                yield SalesforceReader(crm, fields, org)
        case HubSpotOptions() as options:
            with closing(HubSpotClient(options)) as portal:
                yield HubSpotReader(crm, fields, portal)
        case _:
            raise TypeError(f"the demo shows no {crm}")
