"""The door: what goes over the wire, what is repeated, and no exception of a library behind it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from urllib3 import PoolManager
from werkzeug.wrappers import Response

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import TRIES, HubSpotClient
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.verdicts import BriefOutage, RequestRefused
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import edge_answers

CALLS = paths.objects("calls")
UPDATE = paths.objects("deals", "batch/update")
HTML = b"<!DOCTYPE html><html>down for maintenance</html>"
SECRET = "SECRET-WORDS"
LINKS = paths.associations("calls", "deals", "batch/read")
SEARCH = {"filterGroups": [], "properties": [], "limit": 1}


def connect(url: str, **more: Any) -> HubSpotClient:
    settings = {"access_token": "pat-na1-of-this-test", "base_url": url}
    return HubSpotClient(HubSpotOptions.model_validate(settings), wait=lambda _seconds: None, **more)


def read_and_write(client: HubSpotClient) -> list[Callable[[], Any]]:
    """A read and a write."""
    return [lambda: client.get("/x"), lambda: client.send("POST", "/x", {})]


@pytest.fixture
def deal(portal: Any) -> str:
    return str(portal.insert("deals", {"dealname": "Rollout"}))


@pytest.fixture
def rename(client: HubSpotClient, deal: str) -> Callable[[], Any]:
    """A write, whose outcome is to be seen in the portal."""
    inputs = [{"id": deal, "properties": {"dealname": "Renamed"}, "objectWriteTraceId": "t"}]
    return lambda: client.send("POST", UPDATE, {"inputs": inputs})


def served(portal: Any) -> int:
    requests: int = portal.usage.snapshot()["requests"]
    return requests


# What goes over the wire


def test_a_request_carries_the_token_and_asks_for_json(serve: Any) -> None:
    heads = []

    def talk(peer: Any) -> None:
        for _ in range(2):
            head, body = peer.request()
            heads.append((head.decode(), body))
            peer.answer(200, b'{"a": 1}')

    client = connect(serve(talk).url)
    assert client.get("/x", {"properties": ["a b", "c,d"], "limit": "1"}) == {"a": 1}
    assert client.send("POST", "/y", {"name": "\u00e9\U0001f600"}) == {"a": 1}
    client.close()
    (get, _), (post, body) = heads
    assert get.startswith("GET /x?properties=a+b&properties=c%2Cd&limit=1 HTTP/1.1\r\n")
    for head in (get, post):
        assert "Authorization: Bearer pat-na1-of-this-test\r\n" in head
        assert "Accept: application/json\r\n" in head
        assert "User-Agent: velma-sync\r\n" in head
    assert post.startswith("POST /y")
    assert json.loads(body) == {"name": "\u00e9\U0001f600"}


def test_an_empty_body_is_still_a_body(serve: Any) -> None:
    bodies = []

    def talk(peer: Any) -> None:
        bodies.append(peer.request()[1])
        peer.answer(200, b"{}")

    client = connect(serve(talk).url)
    client.read("/x", {})
    client.close()
    assert bodies == [b"{}"]


def test_one_connection_serves_many_requests_and_closing_twice_is_fine(serve: Any) -> None:
    def talk(peer: Any) -> None:
        for status in (200, 204, 400, 500, 200):
            peer.request()
            peer.answer(status, b"" if status == 204 else b"{}")

    server = serve(talk)
    client = connect(server.url)
    assert client.send("POST", "/x", {}) == {}
    assert client.send("DELETE", "/x", None) is None
    for verdict in (RequestRefused, BriefOutage):
        with pytest.raises(verdict):
            client.send("POST", "/x", {})
    client.get("/x")
    assert server.connections == 1, "an answer without success cost its connection"
    client.close()
    client.close()


def test_every_request_has_a_timeout(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = []
    send = PoolManager.urlopen

    def note(self: Any, *args: Any, **kwargs: Any) -> Any:
        timeouts.append(kwargs["timeout"])
        return send(self, *args, **kwargs)

    monkeypatch.setattr(PoolManager, "urlopen", note)
    client.get(CALLS)
    client.search("calls", SEARCH)
    client.read(paths.objects("calls", "batch/read"), {"inputs": [{"id": "1"}], "properties": []})
    with pytest.raises(RequestRefused):
        client.send("PATCH", paths.objects("calls", "1"), {"properties": {}})
    assert len(timeouts) == 4
    assert all(one.connect_timeout and one.read_timeout for one in timeouts), "a request may hang forever"


def test_a_token_is_never_carried_along_a_redirect(serve: Any) -> None:
    seen = []

    def talk(peer: Any) -> None:
        seen.append(peer.request()[0])
        peer.answer(302, b"", Location="/elsewhere", Connection="close")

    client = connect(serve(talk).url)
    for ask in read_and_write(client):
        with pytest.raises(RetryLater, match="redirect"):
            ask()
    client.close()
    assert len(seen) == 2


def test_the_machines_proxy_is_not_told_the_token(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client.get(paths.ACCOUNT)["portalId"]


def test_threads_share_the_door(portal: Any, client: Any, deal: str) -> None:
    path = paths.objects("deals", deal)
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: client.get(path)["properties"]["dealname"], range(40)))
    assert names == ["Rollout"] * 40
    assert client.budget().requests == served(portal) == 40


def test_the_library_loads_with_the_first_connection_and_not_before() -> None:
    program = (
        "import sys; import velma_connectors.hubspot.client; assert 'hubspot' not in sys.modules; "
        "from velma_connectors.hubspot.options import HubSpotOptions as O; "
        "velma_connectors.hubspot.client.HubSpotClient(O(access_token='pat-x')).close(); "
        "assert 'hubspot.crm.objects' in sys.modules; assert 'hubspot.crm.deals' not in sys.modules"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


# What is repeated


@pytest.mark.parametrize(
    "broken",
    [
        Fault("GET", answer=edge_answers.internal_error()),
        Fault("GET", answer=edge_answers.bad_gateway_page()),
        Fault("GET", answer=edge_answers.origin_timeout_page()),
        Fault("GET", answer=Response(b"", status=204)),
        Fault("GET", answer=edge_answers.page_instead_of_data()),
        Fault("GET", answer=Response(b"", status=200)),
        Fault("GET", answer=Response(b'"text"', status=200)),
        Fault("GET", answer=Response(b"\xff\xfe\xfd", status=503)),
        Fault("GET", cut="before"),
        Fault("GET", cut="after"),
        Fault("GET", cut="midway"),
    ],
    ids=lambda fault: fault.cut or fault.answer.status,
)
def test_a_read_is_tried_a_few_times(client: Any, faults: Any, waits: list[float], broken: Fault) -> None:
    faults.add(Fault("GET", times=2, answer=broken.answer, cut=broken.cut))
    assert client.get(CALLS)["results"] == []
    assert len(waits) == TRIES - 1
    assert all(0 <= seconds <= 5 for seconds in waits)


def test_locked_records_are_given_two_seconds(client: Any, faults: Any, waits: list[float]) -> None:
    faults.add(Fault("GET", times=2, answer=edge_answers.locked()))
    assert client.get(CALLS)["results"] == []
    assert len(waits) == 2
    assert all(2 <= seconds <= 5 for seconds in waits), waits


def partial(category: str, sub_category: str | None = None) -> Response:
    """An answer without one of the inputs, for this reason."""
    error = {"status": "error", "category": category, "message": "one of them", "subCategory": sub_category}
    document = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error]}
    return Response(json.dumps(document), status=207, mimetype="application/json")


@pytest.mark.parametrize("path", [paths.objects("deals", "batch/read"), LINKS])
def test_what_could_not_be_read_does_not_pass_for_what_is_not_there(
    client: Any, faults: Any, path: str
) -> None:
    broken = partial("INTERNAL_ERROR", "crm.associations.STORE_UNAVAILABLE")
    faults.add(Fault("POST", times=TRIES, answer=broken))
    with pytest.raises(RetryLater, match=r"could not read every record .* \(STORE_UNAVAILABLE\)"):
        client.read(path, {"inputs": [{"id": "1"}], "properties": []})
    for missing in (
        partial("OBJECT_NOT_FOUND"),
        partial("OBJECT_NOT_FOUND", "crm.associations.NO_ASSOCIATIONS_FOUND"),
        partial("VALIDATION_ERROR"),
    ):
        faults.add(Fault("POST", answer=missing))
        assert client.read(path, {"inputs": [{"id": "1"}], "properties": []})["results"] == []


def test_a_write_without_the_answer_of_a_write_is_read_back(client: Any, faults: Any) -> None:
    faults.add(Fault("POST", answer=Response(b"", status=204)))
    with pytest.raises(OutcomeUnknown):
        client.send("POST", paths.objects("deals", "batch/update"), {"inputs": []})


def test_a_read_that_stays_broken_is_left_to_the_ledger(client: Any, portal: Any, faults: Any) -> None:
    fault = faults.add(Fault("GET", times=9, answer=edge_answers.service_unavailable()))
    with pytest.raises(RetryLater) as later:
        client.get(CALLS)
    assert fault.times == 9 - TRIES
    assert later.value.after >= 30
    assert served(portal) == 0


def test_reads_that_are_posts_are_repeated_as_well(client: Any, faults: Any) -> None:
    faults.add(Fault("POST", times=2, cut="after"))
    assert client.search("calls", SEARCH)["total"] == 0
    faults.add(Fault("POST", times=2, answer=edge_answers.gateway_timeout_page()))
    body = {"inputs": [{"id": "1"}], "properties": []}
    assert client.read(paths.objects("calls", "batch/read"), body)["numErrors"] == 1, "a 207 is an answer"


@pytest.mark.parametrize("answer", [edge_answers.internal_error(), edge_answers.service_unavailable()])
def test_a_write_that_failed_is_not_repeated(
    portal: Any, faults: Any, rename: Any, answer: Response, waits: list[float]
) -> None:
    faults.add(Fault("POST", answer=answer))
    with pytest.raises(BriefOutage):
        rename()
    assert (served(portal), waits) == (0, [])


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", cut="after"),
        Fault("POST", cut="midway"),
        Fault("POST", cut="before"),
        Fault("POST", answer=edge_answers.gateway_timeout_page()),
        Fault("POST", answer=edge_answers.origin_timeout_page()),
        Fault("POST", answer=edge_answers.page_instead_of_data()),
        Fault("POST", answer=Response(b"", status=202)),
    ],
    ids=lambda fault: fault.cut or fault.answer.status,
)
def test_a_write_whose_answer_is_lost_is_unknown_and_never_repeated(
    portal: Any, faults: Any, rename: Any, deal: str, fault: Fault
) -> None:
    faults.add(Fault("POST", answer=fault.answer, cut=fault.cut))
    with pytest.raises(OutcomeUnknown):
        rename()
    done = fault.cut in ("after", "midway")
    assert portal.read("deals", deal)["dealname"] == ("Renamed" if done else "Rollout")
    assert served(portal) == int(done)


def test_a_write_to_a_portal_that_cannot_be_reached_was_not_sent(closed_port: int) -> None:
    client = connect(f"http://127.0.0.1:{closed_port}")
    with pytest.raises(BriefOutage, match="could not be reached"):
        client.send("POST", "/x", {})
    with pytest.raises(BriefOutage, match="could not be reached"):
        client.get("/x")
    client.close()


def test_a_server_whose_certificate_is_not_trusted_is_told_nothing(serve: Any, certificates: Any) -> None:
    heard = []
    server = serve(lambda peer: heard.append(peer.request()), tls=certificates.server)
    client = connect(server.url)
    for ask in read_and_write(client):
        with pytest.raises(BriefOutage, match="SSLError"):
            ask()
    client.close()
    assert heard == []


def test_a_broken_encryption_leaves_the_outcome_of_a_write_unknown(serve: Any) -> None:
    client = connect(serve(lambda peer: peer.send(b"not encrypted at all")).url.replace("http:", "https:"))
    with pytest.raises(OutcomeUnknown, match="SSLError"):
        client.send("POST", "/x", {})
    with pytest.raises(BriefOutage):
        client.get("/x")
    client.close()


def test_an_answer_that_never_ends_is_given_up(serve: Any) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
        peer.trickle(b" ")

    minutes = count()
    client = connect(serve(talk).url, clock=lambda: next(minutes) * 60.0)
    with pytest.raises(OutcomeUnknown, match="TimeoutError"):
        client.send("POST", "/x", {})
    client.close()


def test_an_answer_longer_than_any_of_hubspots_is_given_up(
    client: Any, faults: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("velma_connectors.hubspot.client.ANSWER_BYTES", 100_000)
    faults.add(Fault("GET", TRIES, answer=Response("[" + " " * 200_000, content_type="application/json")))
    with pytest.raises(BriefOutage, match="OversizedAnswer"):
        client.get(CALLS)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=klingon\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe",
        b"HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
    ],
    ids=[
        "cut chunk",
        "bad chunk",
        "short",
        "no gzip",
        "a list",
        "no text",
        "short refusal",
        "ssh",
        "nothing",
    ],
)
def test_no_answer_however_broken_lets_an_exception_of_a_library_out(serve: Any, answer: bytes) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(answer)

    client = connect(serve(talk).url)
    with pytest.raises(BriefOutage) as read:
        client.get("/x")
    with pytest.raises(OutcomeUnknown) as write:
        client.send("POST", "/x", {"text": SECRET})
    client.close()
    for raised in (read.value, write.value):
        assert raised.__cause__ is None
        assert raised.__context__ is None, "an exception of a library would be printed or kept with it"


@pytest.mark.parametrize(
    "body", ["{}", '{"results": null}', '{"results": {"id": "1"}}', '{"results": [null]}']
)
def test_an_answer_without_proper_results_is_none(client: Any, faults: Any, body: str) -> None:
    def answers(times: int) -> None:
        faults.add(Fault("POST", times, answer=Response(body, content_type="application/json")))

    answers(TRIES)
    with pytest.raises(BriefOutage):
        client.read("/crm/objects/2026-03/deals/batch/read", {"inputs": [{"id": "1"}]})
    answers(1)
    assert client.search("calls", {"filterGroups": []})["results"] == [], "one bad answer was not repeated"


# Limits


def test_a_full_window_is_waited_for_before_hubspot_says_no(portal: Any, client: Any, clock: Any) -> None:
    portal.switches.burst_limit = 20
    for _ in range(60):
        client.get(CALLS)
    assert portal.usage.snapshot()["requests"] == 60
    assert clock.monotonic() >= 20, "sixty requests of twenty in ten seconds take longer"
    assert client.budget().requests == 60, "a request was refused and repeated"


def test_searches_keep_a_pace_of_their_own(client: Any, clock: Any) -> None:
    for _ in range(13):
        client.search("calls", SEARCH)
    assert clock.monotonic() == pytest.approx(3.0)
    assert client.budget().requests == 13, "a request was refused and repeated"


@pytest.mark.parametrize(
    ("answer", "ask", "seconds"),
    [
        (edge_answers.search_limit(), lambda client: client.search("calls", SEARCH), 1.0),
        (edge_answers.search_limit(policy_name=True), lambda client: client.search("calls", SEARCH), 1.0),
        (edge_answers.ten_secondly_limit(), lambda client: client.get(CALLS), 10.0),
        (edge_answers.ten_secondly_limit(retry_after=5), lambda client: client.get(CALLS), 10.0),
    ],
)
def test_a_429_is_repeated_once_its_window_is_clear(
    client: Any, faults: Any, clock: Any, answer: Response, ask: Callable[[Any], Any], seconds: float
) -> None:
    faults.add(Fault("", answer=answer))
    assert ask(client)["results"] == []
    assert seconds <= clock.monotonic() <= seconds + 5
    assert client.budget().requests == 2


def test_a_write_that_meets_a_full_window_is_left_to_the_ledger(
    portal: Any, faults: Any, rename: Any
) -> None:
    faults.add(Fault("POST", answer=edge_answers.ten_secondly_limit()))
    with pytest.raises(RetryLater) as later:
        rename()
    assert not later.value.counts
    assert later.value.after >= 10
    rename()
    assert served(portal) == 1


def test_a_used_up_day_stops_all_requests_until_the_portals_midnight(
    portal: Any, client: Any, clock: Any
) -> None:
    client.get(paths.ACCOUNT)
    portal.switches.daily_limit = 1_000
    portal.allowance.used_today = 1_000
    before = served(portal)
    asks: list[Callable[[], Any]] = [lambda: client.get(CALLS), lambda: client.search("calls", SEARCH)]
    for ask in asks:
        with pytest.raises(RetryLater) as later:
            ask()
        assert not later.value.counts
        assert later.value.after == 20 * 3600, "09:00 UTC is 20 hours before midnight in New York"
    assert client.budget().requests <= before + 1, "requests went on although the day was used up"
    clock.advance(later.value.after)
    assert client.get(CALLS)["results"] == []


def test_the_last_part_of_a_day_is_left_to_others(portal: Any, client: Any) -> None:
    portal.switches.daily_limit = 100
    portal.allowance.used_today = 93
    client.get(paths.ACCOUNT)
    client.search("calls", SEARCH)
    assert client.budget().used == 95
    with pytest.raises(RetryLater, match="reserve"):
        client.get(CALLS)


def test_the_budget_is_what_the_last_answer_told(portal: Any, client: Any) -> None:
    assert (client.budget().used, client.budget().allowed, client.budget().requests) == (None, None, 0)
    portal.switches.daily_headers = False
    client.get(CALLS)
    assert (client.budget().used, client.budget().requests) == (None, 1)
    portal.switches.daily_headers = True
    client.get(CALLS)
    assert (client.budget().used, client.budget().allowed, client.budget().requests) == (2, 250_000, 2)


# Refusals


def test_a_key_that_is_no_key_is_told_from_an_expired_one(options: Any, portal: Any, token: str) -> None:
    cut_off = options.model_copy(update={"access_token": type(options.access_token)(token[:20])})
    client = HubSpotClient(cut_off)
    with pytest.raises(StopConnection, match="cannot read access_token"):
        client.get(CALLS)
    client.close()
    portal.expire_token(token, at=portal.clock())
    client = HubSpotClient(options)
    with pytest.raises(StopConnection, match="has expired"):
        client.get(CALLS)
    client.close()


def test_a_missing_scope_is_a_refusal_that_names_it(portal: Any, token: str, client: Any) -> None:
    portal.add_token(token, ["crm.objects.contacts.read"])
    client.get(CALLS)
    with pytest.raises(RequestRefused, match=r"crm\.objects\.deals\.read") as refused:
        client.get(paths.objects("deals"))
    assert refused.value.status == 403


def test_a_refusal_is_not_repeated_and_names_what_is_wrong(portal: Any, client: Any, deal: str) -> None:
    with pytest.raises(RequestRefused, match=r"velma_x.*PROPERTY_DOESNT_EXIST") as refused:
        client.send("PATCH", paths.objects("deals", deal), {"properties": {"velma_x": SECRET}})
    assert refused.value.status == 400
    assert refused.value.faults[0].fields == ("velma_x",)
    assert served(portal) == 1


def test_no_id_is_part_of_a_message(client: Any) -> None:
    with pytest.raises(RequestRefused) as refused:
        client.get(paths.objects("deals", "987654321"))
    assert "987654321" not in str(refused.value)
    assert "GET crm/objects/deals:" in str(refused.value)


# Privacy


def test_nothing_of_a_body_or_the_token_is_shown_or_logged(
    client: Any, portal: Any, faults: Any, deal: str, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in [*logging.root.manager.loggerDict]:
        caplog.set_level(logging.DEBUG, logger=name)
    portal.update("deals", deal, {"dealname": SECRET})
    assert SECRET in json.dumps(client.get(paths.objects("deals", deal), {"properties": "dealname"}))
    faults.add(Fault("PATCH", answer=Response(SECRET, status=400)))
    with pytest.raises(Verdict) as raised:
        client.send("PATCH", paths.objects("deals", deal), {"properties": {"dealname": SECRET}})
    shown = f"{raised.value} {raised.value!r} {client!r} {client.budget()!r} {caplog.text}"
    for private in (SECRET, token):
        assert private not in shown
