"""Who this connection is to HubSpot, and what keeps it from working well."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from velma_connectors.errors import StopConnection
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import Health

ONE = {"limit": "1"}
_OBJECTS: Mapping[str, str] = {
    "deals": "calls are analyzed without their deal, and nothing is written to deals",
    "contacts": "calls are analyzed without the people on them",
    "companies": "calls are analyzed without their company",
    "notes": "no summary notes are written",
}
"""Objects besides calls, and what goes missing with each."""
_SCHEMAS: Mapping[str, str] = {
    "calls": "properties of calls can be neither checked nor created",
    "deals": "properties of deals can be neither checked nor created",
}
_ACCOUNT_TYPES: Mapping[str, str] = {
    "SANDBOX": ", a sandbox",
    "DEVELOPER_TEST": ", a developer test account",
    "APP_DEVELOPER": ", an app developer account",
}


def who_we_are(client: HubSpotClient, known: KnownFields, options: HubSpotOptions) -> Health:
    """The portal, and one small request to each family of data: what the key may not read is a problem.

    Raises StopConnection when calls cannot be read, without which there is nothing to do.
    """
    account = client.get(paths.ACCOUNT)
    portal_id = account.get("portalId")
    if not portal_id:
        raise StopConnection("What answers does not know its portal as HubSpot does; check base_url.")
    try:
        client.get(paths.objects("calls"), ONE)
    except RequestRefused as refusal:
        raise StopConnection(f"Calls cannot be read: {_reason(refusal)}.") from None
    problems = [_problem(ask, what, loss) for what, loss, ask in _probes(client, known)]
    return Health(
        account_id=str(portal_id),
        account_name=_account_name(account),
        user=_kind_of_key(options.access_token.get_secret_value()),
        api_version=paths.VERSION,
        problems=tuple(problem for problem in problems if problem),
    )


def _probes(client: HubSpotClient, known: KnownFields) -> list[tuple[str, str, Callable[[], object]]]:
    """What is read, what goes missing without it, and the request that tells."""
    objects = [(name, loss, partial(client.get, paths.objects(name), ONE)) for name, loss in _OBJECTS.items()]
    schemas = [
        (f"the properties of {name}", loss, partial(known.read, name)) for name, loss in _SCHEMAS.items()
    ]
    return [
        *objects,
        *schemas,
        ("owners", "calls carry no owner's name", partial(client.get, paths.OWNERS, ONE)),
        ("the pipelines of deals", "stages have no names", partial(client.get, paths.pipelines("deals"))),
    ]


def _problem(ask: Callable[[], object], what: str, loss: str) -> str:
    try:
        ask()
    except RequestRefused as refusal:
        return f"{what[0].upper()}{what[1:]} cannot be read: {_reason(refusal)}. Until then {loss}."
    return ""


def _reason(refusal: RequestRefused) -> str:
    scopes = dict.fromkeys(scope for fault in refusal.faults for scope in fault.scopes)
    if scopes:
        return f"grant the key the scope {' or '.join(scopes)}"
    return str(refusal).removesuffix(".")


def _account_name(account: Mapping[str, Any]) -> str:
    kind = _ACCOUNT_TYPES.get(str(account.get("accountType")), "")
    return f"portal {account['portalId']} on {account.get('uiDomain') or 'HubSpot'}{kind}"


def _kind_of_key(token: str) -> str:
    """Service keys and tokens of private apps look alike; both name the data center they are for."""
    known = re.match(r"pat-([a-z]{2,4}\d{1,2})-", token)
    return f"service key or private app ({known[1]})" if known else "access token"
