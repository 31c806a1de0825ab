"""What a recording host's status means for the call, as one table."""

from __future__ import annotations

from velma_connectors.errors import RetryLater, SkipCall, Verdict

NOT_YET_SECONDS = 300.0
BUSY_SECONDS = 60.0

_NOT_YET = {
    202: "is still being prepared",
    204: "is still empty",
    403: "is refused (403)",
    404: "is not found (404)",
}
"""Providers answer so until a recording is processed, and also when it never will be: the limit on
attempts decides."""

_REFUSED = {
    401: "asks for a login (401). Check `credential` of the source '{source}' under `recordings.sources`",
    407: "is behind a proxy that asks for a login (407). Check the network of this machine",
    410: "was deleted (410)",
}

LONGEST_WAIT_SECONDS = 86_400.0

_BUSY = {408, 425, 429}


def verdict(status: int, *, host: str, source: str, retry_after: float | None) -> Verdict:
    """The next step for any status but 200 and redirects. `retry_after` is in seconds."""
    if status in _NOT_YET:
        return RetryLater(f"The recording on {host} {_NOT_YET[status]}.", after=NOT_YET_SECONDS)
    if status == 429:
        return RetryLater(
            f"The recording host {host} asks for fewer requests (429).",
            after=_wait(retry_after),
            counts=False,
        )
    if status in _BUSY or status >= 500 or 200 <= status < 300:
        return RetryLater(
            f"The recording host {host} answered with status {status}.",
            after=_wait(retry_after),
        )
    reason = _REFUSED.get(status, f"could not be downloaded (status {status})").format(source=source)
    return SkipCall(f"The recording on {host} {reason}.", code="source_unavailable")


def _wait(retry_after: float | None) -> float:
    return min(max(retry_after or 0.0, BUSY_SECONDS), LONGEST_WAIT_SECONDS)
