"""Paths of the HubSpot API. The version stands here and nowhere else.

Version 2026-03 is supported until September 2027 (developers.hubspot.com/docs/developer-tooling/platform/
versioning). The paths that the client library generates itself, `/crm/v3` and `/crm/v4`, end before that.
"""

from __future__ import annotations

VERSION = "2026-03"

ACCOUNT = f"/account-info/{VERSION}/details"
LISTS = f"/crm/lists/{VERSION}"
OWNERS = f"/crm/owners/{VERSION}"
PROPERTY_LIMITS = f"/crm/limits/{VERSION}/custom-properties"


def objects(object_name: str, action: str = "") -> str:
    """Records of one object; `action` such as `search` or `batch/update`."""
    return _joined(f"/crm/objects/{VERSION}/{object_name}", action)


def associations(from_object: str, to_object: str, action: str) -> str:
    """Links between the records of two objects; `action` such as `batch/read`."""
    return _joined(f"/crm/associations/{VERSION}/{from_object}/{to_object}", action)


def properties(object_name: str, action: str = "") -> str:
    """Definitions of an object's properties; `action` is a name, `groups` or `batch/create`."""
    return _joined(f"/crm/properties/{VERSION}/{object_name}", action)


def pipelines(object_name: str) -> str:
    """Pipelines of an object, each with its stages."""
    return f"/crm/pipelines/{VERSION}/{object_name}"


def _joined(path: str, action: str) -> str:
    return f"{path}/{action}" if action else path
