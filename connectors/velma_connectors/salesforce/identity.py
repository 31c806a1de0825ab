"""Who this connection is to Salesforce, and what keeps it from working well."""

from __future__ import annotations

from collections.abc import Sequence

from velma_connectors.model import Health
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.soql import quoted, select


def who_we_are(client: SalesforceClient, api_version: str, missing_fields: Sequence[str]) -> Health:
    """Org and user by id, two small queries. `missing_fields` become problems for the admin."""
    org_id, user_id = client.org_id, client.user_id
    orgs = client.query(select(("Id", "Name"), "Organization", f"Id = {quoted(org_id)}"))
    users = client.query(select(("Id", "Username"), "User", f"Id = {quoted(user_id)}"))
    return Health(
        account_id=org_id,
        account_name=orgs[0]["Name"] if orgs else org_id,
        user=users[0]["Username"] if users else user_id,
        api_version=api_version,
        problems=tuple(
            f"{name}: no such field, or hidden from the user; correct the options or grant read access."
            for name in missing_fields
        ),
    )
