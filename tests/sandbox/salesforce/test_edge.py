"""Answers that are none of the API's own, as the client library meets them, and many callers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceRefusedRequest,
)
from werkzeug.wrappers import Response

from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.salesforce import SalesforceOrg, edge_answers

from .conftest import Door

SOQL = "SELECT Id FROM Task"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (edge_answers.service_unavailable(), SalesforceGeneralError),
        (edge_answers.no_route(), SalesforceGeneralError),
        (edge_answers.not_acceptable(), SalesforceGeneralError),
        (edge_answers.api_error(500, "UNKNOWN_EXCEPTION", "An error"), SalesforceGeneralError),
        (edge_answers.too_many_at_once(), SalesforceRefusedRequest),
        (edge_answers.maintenance_page(), requests.exceptions.JSONDecodeError),
        (edge_answers.unauthorized_page(), SalesforceExpiredSession),
        (edge_answers.session_expired(), SalesforceExpiredSession),
    ],
)
def test_the_library_meets_answers_of_the_edge_and_then_the_org_again(
    door: Door, task: str, answer: Response, error: type[Exception]
) -> None:
    door.faults.add(Fault("GET .*/query", answer=answer))
    salesforce = door.library()
    with pytest.raises(error):
        salesforce.query(SOQL)
    assert salesforce.query(SOQL)["totalSize"] == 1


def test_a_connection_cut_after_the_write_leaves_it_written(
    org: SalesforceOrg, door: Door, task: str
) -> None:
    door.faults.add(Fault("PATCH .*/composite/sobjects", cut="after"))
    records = [{"attributes": {"type": "Task"}, "id": task, "Subject": "Written"}]
    with pytest.raises(requests.ConnectionError):
        door.call("PATCH", "/composite/sobjects", json={"records": records})
    assert org.read(task)["Subject"] == "Written"


def test_many_callers_at_once_lose_nothing(org: SalesforceOrg, door: Door) -> None:
    """Each caller creates a task and appends to it; every write must be there and be counted."""

    def write(number: int) -> int:
        headers = {"Authorization": f"Bearer {door.token}"}
        url = f"{door.url}/services/data/v66.0/sobjects/Task"
        created = requests.post(url, json={"Subject": str(number)}, headers=headers, timeout=10).json()["id"]
        body = {"Description": str(number)}
        return requests.patch(f"{url}/{created}", json=body, headers=headers, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(60))) == {204}
    assert {row["Subject"] for row in org.rows("Task")} == {row["Description"] for row in org.rows("Task")}
    assert len({row["Id"] for row in org.rows("Task")}) == 60
    assert org.usage.used(org.now) == 120
