"""An org as a JSON file: everything that outlives a restart."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.salesforce.ids import IdSource
from velma_connectors.sandbox.salesforce.record_types import show_record_types
from velma_connectors.sandbox.salesforce.sessions import ConnectedApp
from velma_connectors.sandbox.salesforce.switches import OrgSwitches

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg

_FORMAT = 1


def save(org: SalesforceOrg, path: Path) -> None:
    document: dict[str, Any] = {
        "format": _FORMAT,
        "org_id": org.id,
        "admin_id": org.admin_id,
        "profile_id": org.profile_id,
        "is_sandbox": org.is_sandbox,
        "daily_requests": org.usage.allowed,
        "session_minutes": org.sessions.timeout // timedelta(minutes=1),
        "switches": asdict(org.switches),
        "ids": org.ids.counters,
        "permissions": {user: sorted(held) for user, held in org.access.permissions.items()},
        "object_levels": [[*key, level] for key, level in org.access.objects.items()],
        "field_levels": [[*key, level] for key, level in org.access.fields.items()],
        "apps": [
            {**asdict(app), "approved": sorted(app.approved), "scopes": list(app.scopes)}
            for app in org.apps.values()
        ],
        "files": {
            version: base64.b64encode(content).decode() for version, content in org.files.contents.items()
        },
        "records": org.records.snapshot(),
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document))
    partial.replace(path)


def load(path: Path, kind: type[SalesforceOrg], clock: Callable[[], datetime]) -> SalesforceOrg:
    """Raises OSError, and ValueError when the file is no saved org."""
    document = json.loads(path.read_text())
    if document.get("format") != _FORMAT:
        raise ValueError(f"{path} is no saved org of format {_FORMAT}")
    org = kind(
        clock=clock,
        switches=OrgSwitches(**document["switches"]),
        daily_requests=document["daily_requests"],
        session_timeout=timedelta(minutes=document["session_minutes"]),
        is_sandbox=document["is_sandbox"],
    )
    org.records.clear()
    org.records.restore(document["records"])
    org.id, org.admin_id, org.profile_id = (document[key] for key in ("org_id", "admin_id", "profile_id"))
    org.ids = IdSource(document["ids"])
    org.custom_fields.restore()
    show_record_types(org)
    org.access.permissions = {user: set(held) for user, held in document["permissions"].items()}
    org.access.objects = {(name, user): level for name, user, level in document["object_levels"]}
    for name, field_name, user, level in document["field_levels"]:
        org.access.set_field_level(name, field_name, level, user)
    for app in document["apps"]:
        org.add_app(
            ConnectedApp(**{**app, "approved": frozenset(app["approved"]), "scopes": tuple(app["scopes"])})
        )
    org.files.contents = {version: base64.b64decode(text) for version, text in document["files"].items()}
    return org
