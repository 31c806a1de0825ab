"""The account itself: details, use of the API, owners, pipelines, limits, rules and call outcomes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from velma_connectors.sandbox.hubspot.kinds import CALLS, KINDS
from velma_connectors.sandbox.hubspot.refusals import invalid, no_such_resource
from velma_connectors.sandbox.hubspot.rest.exchange import ApiAnswer, ApiRequest, Route, named_kind, place
from velma_connectors.sandbox.hubspot.scopes import OWNERS, of_pipelines, of_records
from velma_connectors.sandbox.hubspot.stamps import iso, moment_of

MOST_OWNERS = 500


def details(request: ApiRequest) -> ApiAnswer:
    portal = request.portal
    local = moment_of(portal.now).astimezone(ZoneInfo(portal.time_zone))
    offset = local.utcoffset() or timedelta()
    return ApiAnswer(
        200,
        {
            "portalId": portal.id,
            "accountType": "STANDARD",
            "timeZone": portal.time_zone,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:],
            "utcOffsetMilliseconds": offset // timedelta(milliseconds=1),
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": portal.hublet,
        },
    )


def daily_usage(request: ApiRequest) -> ApiAnswer:
    portal = request.portal
    row = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.switches.daily_limit,
        "currentUsage": portal.allowance.used_today,
        "collectedAt": iso(portal.now),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(portal.allowance.resets_at(portal.now)),
    }
    return ApiAnswer(200, {"results": [row]})


def list_owners(request: ApiRequest) -> ApiAnswer:
    request.demand(OWNERS)
    archived, email = request.flag("archived"), request.args.get("email")
    limit, after = request.number("limit", 100, MOST_OWNERS), place(request.args.get("after"))
    found = [
        owner
        for owner in request.portal.owners.values()
        if owner.archived == archived and email in (None, owner.email) and int(owner.id) > after
    ]
    body: dict[str, Any] = {"results": [owner.document() for owner in found[:limit]]}
    if len(found) > limit:
        body["paging"] = {"next": {"after": found[limit - 1].id}}
    return ApiAnswer(200, body)


def read_owner(request: ApiRequest, owner_id: str) -> ApiAnswer:
    request.demand(OWNERS)
    owner = request.portal.owners.get(owner_id)
    if owner is None or owner.archived != request.flag("archived"):
        raise no_such_resource()
    return ApiAnswer(200, owner.document())


def list_pipelines(request: ApiRequest, object_name: str) -> ApiAnswer:
    _demand_deals(request, object_name)
    every = request.portal.pipelines.all
    return ApiAnswer(200, {"results": [each.document(place) for place, each in enumerate(every)]})


def read_pipeline(request: ApiRequest, object_name: str, pipeline_id: str) -> ApiAnswer:
    _demand_deals(request, object_name)
    found = request.portal.pipelines.find(pipeline_id)
    if found is None:
        raise no_such_resource()
    return ApiAnswer(200, found.document(request.portal.pipelines.all.index(found)))


def list_stages(request: ApiRequest, object_name: str, pipeline_id: str) -> ApiAnswer:
    document = read_pipeline(request, object_name, pipeline_id).document
    return ApiAnswer(200, {"results": document["stages"]})


def custom_property_limits(request: ApiRequest) -> ApiAnswer:
    limit = request.portal.switches.custom_property_limit
    rows: list[dict[str, Any]] = []
    for kind in KINDS.values():
        used = len(request.portal.properties.custom(kind.name))
        rows.append(
            {
                "objectTypeId": kind.type_id,
                "limit": limit,
                "usage": used,
                "percentage": round(100 * used / limit, 2),
            }
        )
    used, allowed = sum(row["usage"] for row in rows), limit * len(rows)
    return ApiAnswer(
        200,
        {
            "byObjectType": rows,
            "overallLimit": allowed,
            "overallUsage": used,
            "overallPercentage": round(100 * used / allowed, 2),
        },
    )


def validation_rules(request: ApiRequest, object_name: str) -> ApiAnswer:
    kind = request.schema(object_name, "read")
    return ApiAnswer(
        200,
        {
            "results": [
                {"propertyName": name, "propertyValidationRules": [rule.document() for rule in rules]}
                for (home, name), rules in request.portal.rules.items()
                if home == kind.name
            ]
        },
    )


def dispositions(request: ApiRequest) -> ApiAnswer:
    """The outcomes of calls, by an old route that has not been dated."""
    request.demand(of_records(CALLS, "read", request.portal.switches))
    options = request.portal.properties.find("calls", "hs_call_disposition").options
    return ApiAnswer(200, [{"id": each.value, "label": each.label, "deleted": False} for each in options])


def _demand_deals(request: ApiRequest, object_name: str) -> None:
    if named_kind(object_name).name != "deals":
        raise invalid(f"{object_name} has no pipelines")
    request.demand(of_pipelines(KINDS["deals"]))


ROUTES = (
    Route("GET", "/account-info/details", "account", details),
    Route("GET", "/account-info/api-usage/daily/private-apps", "account", daily_usage),
    Route("GET", "/owners", "owners", list_owners),
    Route("GET", "/owners/<owner_id>", "owners", read_owner),
    Route("GET", "/pipelines/<object_name>", "pipelines", list_pipelines),
    Route("GET", "/pipelines/<object_name>/<pipeline_id>", "pipelines", read_pipeline),
    Route("GET", "/pipelines/<object_name>/<pipeline_id>/stages", "pipelines", list_stages),
    Route("GET", "/limits/custom-properties", "limits", custom_property_limits),
    Route("GET", "/property-validations/<object_name>", "properties", validation_rules),
    Route("GET", "/calling/dispositions", "properties", dispositions),
)
