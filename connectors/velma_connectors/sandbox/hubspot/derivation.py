"""Values that HubSpot sets by itself when others are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.stamps import iso

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

_BODIES = {"calls": "hs_call_body", "notes": "hs_note_body"}


def derived(portal: HubSpotPortal, kind: ObjectKind, values: Mapping[str, str], at: int) -> dict[str, str]:
    """What follows from values that have changed; read-only for everybody else."""
    if kind.name == "deals" and values.get("dealstage"):
        return _stage_facts(portal, values["dealstage"], at)
    body = _BODIES.get(kind.name)
    if body is not None and body in values:
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", values[body])).strip()
        return {"hs_body_preview": plain[:128], "hs_body_preview_html": values[body][:128]}
    return {}


def _stage_facts(portal: HubSpotPortal, stage_id: str, at: int) -> dict[str, str]:
    found = portal.pipelines.stage(stage_id)
    facts = {"hs_v2_date_entered_current_stage": iso(at)}
    if found is None:
        return facts
    stage = found[1]
    return facts | {
        "hs_is_closed": str(stage.closed).lower(),
        "hs_is_closed_won": str(stage.won).lower(),
        "hs_deal_stage_probability": stage.probability,
    }
