"""Conditional requests: dates for every record and for describe, ETags for accounts alone."""

from __future__ import annotations

import pytest

from velma_connectors.sandbox.salesforce import SalesforceOrg

from .conftest import Clock, Door

BEFORE, SAME = "Mon, 02 Mar 2026 08:59:59 GMT", "Mon, 02 Mar 2026 09:00:00 GMT"


@pytest.mark.parametrize(("since", "status"), [(SAME, 204), (BEFORE, 412), ("yesterday", 400)])
def test_a_task_is_changed_only_when_it_was_not_changed_since(
    org: SalesforceOrg, door: Door, task: str, since: str, status: int
) -> None:
    headers = {"If-Unmodified-Since": since}
    answer = door.call("PATCH", f"/sobjects/Task/{task}", json={"Subject": "New"}, headers=headers)
    assert answer.status_code == status
    assert org.read(task)["Subject"] == ("New" if status == 204 else "Call")


def test_reading_what_did_not_change_gives_304(door: Door, task: str) -> None:
    path = f"/sobjects/Task/{task}"
    assert door.call("GET", path).headers["Last-Modified"] == SAME
    unchanged = door.call("GET", path, headers={"If-Modified-Since": SAME})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert door.call("GET", path, headers={"If-Modified-Since": BEFORE}).status_code == 200


def test_accounts_alone_have_etags(org: SalesforceOrg, door: Door, task: str, clock: Clock) -> None:
    account = org.rows("Account")[0]["Id"]
    tag = door.call("GET", f"/sobjects/Account/{account}").headers["ETag"]
    assert "ETag" not in door.call("GET", f"/sobjects/Task/{task}").headers
    assert door.call("GET", f"/sobjects/Account/{account}", headers={"If-None-Match": tag}).status_code == 304
    path, headers = f"/sobjects/Account/{account}", {"If-Match": tag}
    clock.advance(minutes=1)
    assert door.call("PATCH", path, json={"Name": "Rye"}, headers=headers).status_code == 204
    assert door.call("PATCH", path, json={"Name": "Oak"}, headers=headers).status_code == 412
    headers = {"If-Match": '"nonsense"'}
    answer = door.call("PATCH", f"/sobjects/Task/{task}", json={"Subject": "A"}, headers=headers)
    assert answer.status_code == 204, "If-Match says nothing to a task"


def test_a_describe_is_repeated_only_after_a_change_of_the_schema(
    org: SalesforceOrg, door: Door, clock: Clock
) -> None:
    path = "/sobjects/Task/describe"
    headers = {"If-Modified-Since": door.call("GET", path).headers["Last-Modified"]}
    clock.advance(minutes=1)
    assert door.call("GET", path, headers=headers).status_code == 304
    org.add_custom_field("Activity", "New__c", {"label": "New", "type": "Url"})
    assert door.call("GET", path, headers=headers).status_code == 200
