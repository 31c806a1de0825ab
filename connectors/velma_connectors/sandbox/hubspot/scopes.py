"""Which scopes open what. Of every tuple, any one suffices."""

from __future__ import annotations

from typing import Literal

from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.switches import PortalSwitches

Access = Literal["read", "write"]

OWNERS = ("crm.objects.owners.read",)
LISTS_READ, LISTS_WRITE = ("crm.lists.read",), ("crm.lists.write",)


def of_records(kind: ObjectKind, access: Access, switches: PortalSwitches) -> tuple[str, ...]:
    """Engagement objects hang on the scopes of contacts."""
    usual = f"crm.objects.{kind.scope}.{access}"
    if kind.is_activity and switches.activities_have_scopes:
        return (usual, f"crm.objects.{kind.name}.{access}")
    return (usual,)


def of_properties(kind: ObjectKind, access: Access, switches: PortalSwitches) -> tuple[str, ...]:
    own = kind.is_activity and switches.activity_schema_scopes == "own"
    return (f"crm.schemas.{kind.name if own else kind.scope}.{access}",)


def of_pipelines(kind: ObjectKind) -> tuple[str, ...]:
    return (f"crm.objects.{kind.scope}.read", f"crm.schemas.{kind.scope}.read")
