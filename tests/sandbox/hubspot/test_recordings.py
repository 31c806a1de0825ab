"""The redirector from a call to its audio."""

from __future__ import annotations

import pytest
import requests

from velma_connectors.sandbox.hubspot import REDIRECTOR, HubSpotPortal

from .conftest import TOKEN, Door

SIGNED = "https://media.example/audio/1.mp3?Expires=1&Signature=invented"


@pytest.fixture
def path(portal: HubSpotPortal, call: str) -> str:
    return f"{REDIRECTOR}{portal.id}/engagement/{call}"


def test_a_hosted_recording_is_redirected_to(door: Door, portal: HubSpotPortal, call: str, path: str) -> None:
    assert path.startswith(
        "/recording/auth/provider/hublets/v1/external-url-retriever/getAuthRecording/portal/"
    )
    assert door.call("GET", path).status_code == 404, "recordings arrive late"
    portal.host_recording(call, SIGNED)
    answer = door.call("GET", path)
    assert (answer.status_code, answer.headers["Location"]) == (302, SIGNED)
    assert portal.usage.kinds["recording"] == 2


def test_the_redirector_wants_a_token(door: Door, portal: HubSpotPortal, call: str, path: str) -> None:
    portal.host_recording(call, SIGNED)
    assert requests.get(door.url + path, allow_redirects=False, timeout=10).status_code == 401
    portal.add_token(TOKEN, ["crm.objects.deals.read"])
    assert door.call("GET", path).status_code == 403
    portal.switches.redirector_needs_token = False
    assert requests.get(door.url + path, allow_redirects=False, timeout=10).status_code == 302


@pytest.mark.parametrize(
    "wrong", ["", "/engagement/", "/engagement/77", "/engagement/{call}/x", "0/engagement/{call}"]
)
def test_an_incomplete_or_foreign_address_is_not_found(
    door: Door, portal: HubSpotPortal, call: str, wrong: str
) -> None:
    portal.host_recording(call, SIGNED)
    address = f"{REDIRECTOR}{portal.id}{wrong.format(call=call)}"
    assert door.call("GET", address).status_code == 404


def test_the_recording_of_an_archived_call_is_not_found(
    door: Door, portal: HubSpotPortal, call: str, path: str
) -> None:
    portal.host_recording(call, SIGNED)
    portal.archive("calls", call)
    assert door.call("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("media_type", "body"), [("text/plain", SIGNED), ("application/json", f'{{"url": "{SIGNED}"}}')]
)
def test_the_url_may_stand_in_the_body(
    door: Door, portal: HubSpotPortal, call: str, path: str, media_type: str, body: str
) -> None:
    portal.host_recording(call, SIGNED, media_type=media_type)
    answer = door.call("GET", path)
    assert (answer.status_code, answer.text) == (200, body)
    assert answer.headers["Content-Type"].startswith(media_type)


def test_a_login_page_may_answer_200(door: Door, portal: HubSpotPortal, call: str, path: str) -> None:
    portal.host_recording(call, SIGNED, media_type="text/html")
    page = door.call("GET", path)
    assert (page.status_code, page.text.startswith("<!DOCTYPE html>"), SIGNED in page.text) == (
        200,
        True,
        False,
    )
    portal.host_recording(call, SIGNED)
    portal.switches.redirector_shows_login = True
    assert door.call("GET", path).text == page.text


def test_only_calls_have_recordings(portal: HubSpotPortal) -> None:
    with pytest.raises(KeyError):
        portal.host_recording("77", SIGNED)
