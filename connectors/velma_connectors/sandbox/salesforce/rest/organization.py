"""What an org tells about itself: its limits and its resources."""

from __future__ import annotations

from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route


def limits(request: ApiRequest) -> ApiAnswer:
    """Allowances that matter to a sync. Needs the permission to view the setup."""
    org, author = request.caller.org, request.caller.author
    if not org.access.may(author.user_id, "ViewSetup"):
        raise RequestRefusal(
            "INSUFFICIENT_ACCESS",
            "You do not have permission to view limits",
            status=org.switches.access_status,
        )
    left = max(0, org.usage.allowed - org.usage.used(org.now))
    file_megabytes = sum(len(content) for content in org.files.contents.values()) // 1_000_000
    return ApiAnswer(
        200,
        {
            "DailyApiRequests": {"Max": org.usage.allowed, "Remaining": left},
            "DailyAsyncApexExecutions": {"Max": 250_000, "Remaining": 250_000},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DataStorageMB": {"Max": 1024, "Remaining": 1000},
            "FileStorageMB": {"Max": 1024, "Remaining": max(0, 1024 - file_megabytes)},
            "HourlySyncReportRuns": {"Max": 500, "Remaining": 500},
        },
    )


def resources(request: ApiRequest) -> ApiAnswer:
    names = ("composite", "limits", "query", "queryAll", "sobjects", "tooling")
    return ApiAnswer(200, {name: f"{request.caller.base}/{name}" for name in names})


ROUTES = (
    Route("GET", "", "resources", resources),
    Route("GET", "/limits", "limits", limits),
)
