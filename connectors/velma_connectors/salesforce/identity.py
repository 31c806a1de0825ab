"""Who this connection is to Salesforce, and what keeps it from working well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from velma_connectors.model import Health
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.fields import KnownFields
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.soql import quoted, select
from velma_connectors.salesforce.verdicts import RequestRefused

DEAL_OBJECT = "Opportunity"
ROLE_OBJECT = "OpportunityContactRole"
_OBJECTS: Mapping[str, str] = {
    DEAL_OBJECT: "calls are found without their deals, and nothing is written to deals",
    ROLE_OBJECT: "calls are found without the open deals of their contacts",
}
"""Objects besides calls, and what goes missing with each."""


def who_we_are(
    client: SalesforceClient, known: KnownFields, options: SalesforceOptions, problems: Sequence[str]
) -> Health:
    """Org and user by id, two small queries. Objects that cannot be read are added to the problems."""
    org_id, user_id = client.org_id, client.user_id
    orgs = client.query(select(("Id", "Name"), "Organization", f"Id = {quoted(org_id)}"))
    users = client.query(select(("Id", "Username"), "User", f"Id = {quoted(user_id)}"))
    objects = (DEAL_OBJECT, ROLE_OBJECT) if options.deal_candidates else (DEAL_OBJECT,)
    return Health(
        account_id=org_id,
        account_name=orgs[0]["Name"] if orgs else org_id,
        user=users[0]["Username"] if users else user_id,
        api_version=options.api_version,
        problems=(*problems, *_unreadable(known, objects)),
    )


def _unreadable(known: KnownFields, objects: Sequence[str]) -> Iterator[str]:
    for name in objects:
        try:
            known.of(name)
        except RequestRefused:
            yield (
                f"{name}: the user may not read it; grant read access in a permission set. Until then "
                f"{_OBJECTS[name]}."
            )
