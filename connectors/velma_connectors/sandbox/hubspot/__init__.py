"""A HubSpot portal as a server: records, search, associations, properties and recordings, with state.

    portal = HubSpotPortal()
    portal.add_token("pat-na1-sandbox")
    with RunningServer(FaultInjector(HubSpotEmulator(portal))) as server:
        ...  # POST {server.url}/crm/objects/2026-03/calls/search

The portal is seeded and looked at in Python (`portal.insert("calls", {...})`, `portal.associate(...)`,
`portal.host_recording(...)`, `portal.read("deals", id)`), and kept with `portal.save(path)` and
`HubSpotPortal.load(path)`. Facts that public sources leave open are `portal.switches`. What goes wrong is
planned on the portal (`expire_token`, `delete_property`, `add_rule`, `merge`), or as a `Fault` with one of
the `edge_answers`. `portal.usage` and `GET /_sandbox/usage` tell how many requests of each kind were made.

Every route answers to `/crm/objects/2026-03/...`, `/crm/objects/2026-09/...` and the older
`/crm/v3/objects/...` (associations: `/crm/v4/...`). It is built from HubSpot's public documentation, not
from any client. What is not emulated is refused: lists, custom objects, OAuth, imports, webhooks, merges.
"""

from velma_connectors.sandbox.hubspot.app import HubSpotEmulator
from velma_connectors.sandbox.hubspot.portal import HubSpotPortal
from velma_connectors.sandbox.hubspot.recordings import REDIRECTOR
from velma_connectors.sandbox.hubspot.refusals import Refusal
from velma_connectors.sandbox.hubspot.rules import ValidationRule
from velma_connectors.sandbox.hubspot.switches import PortalSwitches

__all__ = ["REDIRECTOR", "HubSpotEmulator", "HubSpotPortal", "PortalSwitches", "Refusal", "ValidationRule"]
