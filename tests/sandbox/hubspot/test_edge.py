"""Answers of HubSpot's edge, planned as faults."""

from __future__ import annotations

import pytest
import requests
from werkzeug.wrappers import Response

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import HubSpotPortal, edge_answers

from .conftest import Door


@pytest.mark.parametrize(
    ("answer", "status", "words", "retry_after"),
    [
        (edge_answers.ten_secondly_limit(), 429, '"policyName": "TEN_SECONDLY_ROLLING"', None),
        (edge_answers.ten_secondly_limit(10), 429, '"errorType": "RATE_LIMIT"', "10"),
        (edge_answers.daily_limit(), 429, '"policyName": "DAILY"', None),
        (edge_answers.search_limit(), 429, '"category": "RATE_LIMITS"', None),
        (edge_answers.search_limit(1, policy_name=True), 429, '"policyName": "SECONDLY"', "1"),
        (edge_answers.locked(), 423, '"category": "LOCKED"', None),
        (edge_answers.migration(), 477, '"status": "error"', "86400"),
        (edge_answers.internal_error(), 500, "internal error", None),
        (edge_answers.bad_gateway_page(), 502, "<!DOCTYPE html>", None),
        (edge_answers.service_unavailable(), 503, '"status": "error"', None),
        (edge_answers.gateway_timeout_page(), 504, "<!DOCTYPE html>", None),
        (edge_answers.origin_timeout_page(), 524, "<!DOCTYPE html>", None),
        (edge_answers.edge_page(521, "Web server is down"), 521, "521: Web server is down", None),
        (edge_answers.forbidden_page(), 403, "<!DOCTYPE html>", None),
        (edge_answers.page_instead_of_data(), 200, "<!DOCTYPE html>", None),
    ],
)
def test_an_edge_answer_comes_as_planned_and_then_the_portal_answers(
    door: Door, answer: Response, status: int, words: str, retry_after: str | None
) -> None:
    door.faults.add(Fault("POST .*/search", answer=answer))
    met = door.ask("POST", "objects", "calls/search", {})
    assert (met.status_code, met.headers.get("Retry-After")) == (status, retry_after)
    assert words in met.text
    assert door.ask("POST", "objects", "calls/search", {}).status_code == 200


def test_a_write_may_have_happened_when_its_answer_is_lost(
    door: Door, portal: HubSpotPortal, deal: str
) -> None:
    door.faults.add(Fault("PATCH", cut="after"))
    with pytest.raises(requests.ConnectionError):
        door.ask("PATCH", "objects", f"deals/{deal}", {"properties": {"amount": "7"}})
    assert portal.read("deals", deal)["amount"] == "7"
