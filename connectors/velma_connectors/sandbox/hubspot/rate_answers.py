"""The two families of bodies that say there were too many requests."""

from __future__ import annotations

from typing import Any

_GROUP = "publicapi:private-apps-api-calls"


def rate_document(policy: str, correlation_id: str, *, search_policy: bool = False) -> dict[str, Any]:
    """Of the policies TEN_SECONDLY_ROLLING and DAILY, or of SECONDLY, which is that of search.

    The first family has `errorType` and `policyName`, that of search `category`, and `policyName` only
    with `search_policy`.
    """
    if policy == "SECONDLY":
        body = {
            "status": "error",
            "message": "You have reached your secondly limit.",
            "correlationId": correlation_id,
            "category": "RATE_LIMITS",
        }
        return body | ({"policyName": policy} if search_policy else {})
    body = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id,
        "policyName": policy,
    }
    if policy == "DAILY":
        return body | {"requestId": correlation_id, "groupName": f"{_GROUP}-daily"}
    return body | {"groupName": f"{_GROUP}-ten-secondly"}
