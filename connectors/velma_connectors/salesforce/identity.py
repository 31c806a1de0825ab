"""Who this connection is to Salesforce, and what keeps it from working well."""

from __future__ import annotations

from collections.abc import Sequence

from velma_connectors.model import Health
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.soql import quoted, select
from velma_connectors.salesforce.verdicts import RequestRefused

DEAL_OBJECT = "Opportunity"


def who_we_are(
    client: SalesforceClient, known: KnownFields, api_version: str, missing_fields: Sequence[str]
) -> Health:
    """Org and user by id, two small queries. Fields and objects that cannot be seen become problems."""
    org_id, user_id = client.org_id, client.user_id
    orgs = client.query(select(("Id", "Name"), "Organization", f"Id = {quoted(org_id)}"))
    users = client.query(select(("Id", "Username"), "User", f"Id = {quoted(user_id)}"))
    problems = [
        f"{name}: no such field, or hidden from the user; correct the options or grant read access."
        for name in missing_fields
    ]
    try:
        known.of(DEAL_OBJECT)
    except RequestRefused:
        problems.append(f"{DEAL_OBJECT}: the user may not read it; grant read access in a permission set.")
    return Health(
        account_id=org_id,
        account_name=orgs[0]["Name"] if orgs else org_id,
        user=users[0]["Username"] if users else user_id,
        api_version=api_version,
        problems=tuple(problems),
    )
