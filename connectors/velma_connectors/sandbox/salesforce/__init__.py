"""A Salesforce org as a server: REST, SOQL, sObject Collections, Tooling fields and OAuth, with state.

org = SalesforceOrg()
user = org.add_user("sync@acme.example", "Velma", "Sync")
org.add_app(ConnectedApp("key", "secret", run_as=user))
with RunningServer(FaultInjector(SalesforceEmulator(org))) as server:
    ...  # POST {server.url}/services/oauth2/token grant_type=client_credentials
"""

from velma_connectors.sandbox.salesforce.app import SalesforceEmulator
from velma_connectors.sandbox.salesforce.org import SalesforceOrg
from velma_connectors.sandbox.salesforce.refusals import Refusal
from velma_connectors.sandbox.salesforce.sessions import ConnectedApp
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

__all__ = ["ConnectedApp", "OrgSwitches", "Refusal", "SalesforceEmulator", "SalesforceOrg"]
