"""UserPermissionAccess: one row for whoever asks, worked out when it is asked for."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.catalogue.licenses import USER_PERMISSION_ACCESS
from velma_connectors.sandbox.salesforce.catalogue.setup import ALL_PERMISSIONS
from velma_connectors.sandbox.salesforce.objects import ObjectDefinition

_ROW = "000000000000000AAA"


def show_own_permissions(definition: ObjectDefinition, caller: Caller) -> None:
    """Put the caller's permissions in the place of those of the caller before."""
    if definition.name != USER_PERMISSION_ACCESS.name:
        return
    may, user = caller.org.access.may, caller.author.user_id
    permissions = {f"Permissions{name}": may(user, name) for name in ALL_PERMISSIONS}
    caller.org.records.put(definition.name, {"Id": _ROW, "IsDeleted": False, **permissions})
