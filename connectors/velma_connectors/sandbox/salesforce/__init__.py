"""A Salesforce org as a server: REST, SOQL, sObject Collections, Tooling fields and OAuth, with state.

    org = SalesforceOrg()
    user = org.add_user("sync@acme.example", "Velma", "Sync")
    org.add_app(ConnectedApp("key", "secret", run_as=user))
    with RunningServer(FaultInjector(SalesforceEmulator(org))) as server:
        ...  # POST {server.url}/services/oauth2/token with grant_type=client_credentials

The org is seeded and looked at in Python (`org.insert("Task", {...})`, `org.attach_file(...)`,
`org.read(id)`), and kept with `org.save(path)` and `SalesforceOrg.load(path)`. Facts that public sources
leave open are `org.switches`. What goes wrong is planned on the org (`lock_rows`, `refuse_writes`,
`withhold`, `add_validation_rule`, `add_flow`, `cursors.page_sizes`, `sessions.end_all()`), or as a `Fault`
with one of the `edge_answers`. `org.usage` and `GET /_sandbox/usage` tell how many requests of each kind
were made.

It is built from Salesforce's public documentation, not from any client. What is not emulated is refused:
the bulk API, composite graph, reports, grouping in SOQL, uploads of files, refresh tokens, SOAP.
"""

from velma_connectors.sandbox.salesforce.app import SalesforceEmulator
from velma_connectors.sandbox.salesforce.org import SalesforceOrg
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.sessions import ConnectedApp
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

__all__ = ["ConnectedApp", "OrgSwitches", "Refusal", "SalesforceEmulator", "SalesforceOrg"]
