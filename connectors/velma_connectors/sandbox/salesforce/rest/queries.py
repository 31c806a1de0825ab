"""SOQL over HTTP: query, queryAll, and the pages after the first."""

from __future__ import annotations

import re
from typing import Any

from velma_connectors.sandbox.salesforce.caller import Caller
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.rest.exchange import ApiAnswer, ApiRequest, Route
from velma_connectors.sandbox.salesforce.soql.cursors import QueryResult
from velma_connectors.sandbox.salesforce.soql.parser import parse
from velma_connectors.sandbox.salesforce.soql.query import Found, run_query

MOST_ROWS, LEAST_ROWS = 2_000, 200
_BATCH_SIZE = re.compile(r"\s*batchSize\s*=\s*(\d+)\s*", re.IGNORECASE)


def query(request: ApiRequest) -> ApiAnswer:
    return ApiAnswer(200, _answer(request, everything=False))


def query_all(request: ApiRequest) -> ApiAnswer:
    return ApiAnswer(200, _answer(request, everything=True))


def query_more(request: ApiRequest, locator: str) -> ApiAnswer:
    caller = request.caller
    org = caller.org
    status = org.switches.expired_locator_status
    result, place = org.cursors.find(locator, caller.author.user_id, org.now, status)
    name = locator.partition("-")[0]
    return ApiAnswer(200, _page(result, place, name, caller))


def _answer(request: ApiRequest, *, everything: bool) -> dict[str, Any]:
    text = request.args.get("q")
    if text is None:
        raise RequestRefusal("MALFORMED_QUERY", "A query string has to be specified")
    caller = request.caller
    tree = parse(text)
    found = run_query(tree, caller, everything=everything)
    if tree.counts:
        return {"totalSize": len(found.rows), "done": True, "records": []}
    result = QueryResult(
        user_id=caller.author.user_id,
        record_ids=tuple(row["Id"] for row in found.rows),
        page_rows=_page_rows(request.headers.get("sforce-query-options", ""), found),
        print_rows=found.print_rows,
        found_at=caller.org.now,
    )
    return _page(result, 0, None, caller)


def _page_rows(options: str, found: Found) -> int:
    """How many rows a page may have; two long text columns make pages small whatever is asked."""
    asked = _BATCH_SIZE.fullmatch(options)
    wanted = int(asked.group(1)) if asked else MOST_ROWS
    if found.long_texts >= 2:
        return LEAST_ROWS
    return max(LEAST_ROWS, min(wanted, MOST_ROWS))


def _page(result: QueryResult, place: int, name: str | None, caller: Caller) -> dict[str, Any]:
    cursors = caller.org.cursors
    end = place + cursors.page_rows(result.page_rows)
    page: dict[str, Any] = {
        "totalSize": len(result.record_ids),
        "done": end >= len(result.record_ids),
    }
    if not page["done"]:
        name = name or cursors.keep(result)
        part = "/tooling" if caller.tooling else ""
        page["nextRecordsUrl"] = f"{caller.base}{part}/query/{name}-{end}"
    page["records"] = result.print_rows(result.record_ids[place:end])
    return page


ROUTES = (
    Route("GET", "/query", "query", query),
    Route("GET", "/queryAll", "query_all", query_all),
    Route("GET", "/query/<locator>", "query_more", query_more),
    Route("GET", "/queryAll/<locator>", "query_more", query_more),
)
