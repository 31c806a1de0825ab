"""The door: logins, retries, headers, plain http for this machine alone, and no exception of a library."""

from __future__ import annotations

import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import gaierror
from typing import Any

import pytest
import requests
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, ProtocolError, SSLError
from werkzeug.wrappers import Response

from velma_connectors.errors import OutcomeUnknown, RetryLater, StopConnection, Verdict
from velma_connectors.salesforce.client import TRIES, SalesforceClient
from velma_connectors.salesforce.transport import Transport
from velma_connectors.salesforce.verdicts import BriefOutage, RequestRefused
from velma_connectors.sandbox.faults import Fault

EXPIRED = (401, "INVALID_SESSION_ID", "Session expired or invalid")
LASTING = (401, "INVALID_SESSION_ID", "This session is not valid for use with the REST API")
POOL = HTTPSConnectionPool("acme.my.salesforce.com")
NO_SUCH_HOST = NameResolutionError(POOL.host, HTTPSConnection(POOL.host), gaierror())
NOT_TRUSTED = SSLError(ssl.SSLCertVerificationError(1, "self-signed certificate"))
BROKEN_ENCRYPTION = SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
HTML = Response("<html>down for maintenance</html>", mimetype="text/html")


def test_a_request_carries_our_headers_and_none_that_fattens_answers(org: Any, client: Any) -> None:
    org.on("GET limits", {"DailyApiRequests": {}})
    client.get("limits")

    headers = org.seen[0].headers
    assert headers["Authorization"] == f"Bearer {org.token()['access_token']}"
    assert headers["Sforce-Call-Options"] == "client=velma-sync"
    assert headers["Sforce-Mru"] == "updateMru=false"
    assert headers["Sforce-Auto-Assign"] == "FALSE"
    assert "X-Prettyprint" not in headers


def test_one_token_serves_many_requests(org: Any, client: Any) -> None:
    org.on("GET limits", {"a": 1})
    for _ in range(5):
        client.get("limits")
    assert (len(org.logins), len(org.seen)) == (1, 5)


def test_an_expired_session_costs_one_login_and_one_repetition(org: Any, client: Any) -> None:
    org.on("GET limits", org.error(*EXPIRED), {"a": 1})
    assert client.get("limits") == {"a": 1}
    assert (len(org.logins), len(org.seen)) == (2, 2)
    assert org.seen[0].headers["Authorization"] != org.seen[1].headers["Authorization"]


def test_a_write_is_repeated_after_an_expired_session(org: Any, client: Any) -> None:
    org.on("PATCH composite", org.error(*EXPIRED), [org.saved(org.id("00T", 1))])
    assert client.send("PATCH", "composite/sobjects", {})[0]["success"]
    assert (len(org.logins), len(org.seen)) == (2, 2)


@pytest.mark.parametrize("answer", ["json", "html"])
def test_a_lasting_401_ends_after_two_requests(org: Any, client: Any, answer: str) -> None:
    org.on("GET limits", org.error(*EXPIRED) if answer == "json" else Response("<html>", status=401))
    with pytest.raises(StopConnection):
        client.get("limits")
    assert (len(org.logins), len(org.seen)) == (2, 2), "a persistent 401 must not loop"


def test_a_session_that_may_not_use_the_api_stops_at_once(org: Any, client: Any) -> None:
    org.on("GET limits", org.error(*LASTING))
    with pytest.raises(StopConnection, match="scope api"):
        client.get("limits")
    assert (len(org.logins), len(org.seen)) == (1, 1), "a new login cannot mend a missing scope"


def test_many_threads_with_an_expired_session_log_in_once(org: Any, client: Any) -> None:
    threads = 8
    together = threading.Barrier(threads)
    first = org.token()["access_token"].replace("token-0", "token-1")

    def answer(seen: Any) -> Any:
        if seen.headers["Authorization"] == f"Bearer {first}":
            together.wait(timeout=30)
            return org.error(*EXPIRED)
        return {"a": 1}

    org.on("GET limits", answer)
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda _: client.get("limits"), range(threads)))

    assert answers == [{"a": 1}] * threads
    assert len(org.logins) == 2, "each thread asked for a token of its own"
    assert len(org.seen) == 2 * threads


def test_a_login_refused_while_renewing_is_asked_for_again_by_the_next_request(org: Any, client: Any) -> None:
    org.on("GET limits", org.error(*EXPIRED), {"a": 1})
    org.token_answers = [
        lambda _seen: org.token(),
        Response("", status=503),
        lambda _seen: org.token(),
    ]
    with pytest.raises(RetryLater):
        client.get("limits")
    assert client.get("limits") == {"a": 1}


def test_plain_http_reaches_this_machine_alone() -> None:
    session = requests.Session()
    transport = Transport()
    transport.allow_plain(session, "http://127.0.0.1:8099", "127.0.0.1:8099")
    transport.allow_plain(session, "https://acme.my.salesforce.com", "acme.my.salesforce.com")

    plain = session.get_adapter("https://127.0.0.1:8099/services/data")
    assert plain is not session.get_adapter("https://127.0.0.1:80990/services/data")
    assert plain is not session.get_adapter("https://127.0.0.1/services/data")
    assert session.get_adapter("https://acme.my.salesforce.com/") is session.get_adapter("https://a.example/")


def test_an_org_behind_https_is_addressed_by_https(org: Any) -> None:
    org.token_answers = [{**org.token(), "instance_url": org.url.replace("http://", "https://")}]
    client = SalesforceClient(org.options(), wait=lambda _seconds: None)
    with pytest.raises(RetryLater):
        client.get("limits")
    assert org.seen == [], "a request to an https address went out in plain text"
    client.close()


@pytest.mark.parametrize(
    "broken",
    [Response("", status=500), Response("<html>", status=503), HTML],
    ids=["500", "503", "maintenance page"],
)
def test_a_read_is_tried_a_few_times(org: Any, client: Any, waits: list[float], broken: Response) -> None:
    org.on("GET limits", broken, broken, {"a": 1})
    assert client.get("limits") == {"a": 1}
    assert len(waits) == TRIES - 1
    assert all(seconds <= 5 for seconds in waits)


def test_a_read_that_stays_broken_is_left_to_the_ledger(org: Any, client: Any, waits: list[float]) -> None:
    org.on("GET limits", Response("", status=500))
    with pytest.raises(RetryLater) as later:
        client.get("limits")
    assert len(org.seen) == TRIES
    assert later.value.after >= 30


@pytest.mark.parametrize("body", ["null", "5"])
def test_an_answer_that_holds_nothing_is_a_verdict(org: Any, client: Any, body: str) -> None:
    answer = [Response(body, content_type="application/json") for _ in range(4)]
    org.on("GET query", *answer)
    org.on("PATCH sobjects/Task", *answer)
    with pytest.raises(RetryLater, match="cut or unreadable"):
        client.query("SELECT Id FROM Task")
    with pytest.raises(OutcomeUnknown):
        client.send("PATCH", "sobjects/Task/1", {})


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_read_survives_a_cut_connection(org: Any, client: Any, cut: str) -> None:
    org.on("GET limits", {"a": 1})
    org.faults.add(Fault("GET .*/limits", cut=cut))
    assert client.get("limits") == {"a": 1}


def test_a_write_whose_answer_is_lost_is_never_repeated(org: Any, client: Any) -> None:
    org.on("PATCH composite", [org.saved(org.id("00T", 1))])
    org.faults.add(Fault("PATCH .*/composite", cut="after"))
    with pytest.raises(OutcomeUnknown):
        client.send("PATCH", "composite/sobjects", {})
    assert len(org.seen) == 1


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_that_gives_up_on_a_write_leaves_its_outcome_unknown(
    org: Any, client: Any, status: int
) -> None:
    org.on("PATCH composite", Response("", status=status))
    with pytest.raises(OutcomeUnknown):
        client.send("PATCH", "composite/sobjects", {})
    assert len(org.seen) == 1


def test_a_write_answered_by_a_maintenance_page_is_unknown(org: Any, client: Any) -> None:
    org.on("PATCH composite", HTML)
    with pytest.raises(OutcomeUnknown):
        client.send("PATCH", "composite/sobjects", {})


def test_a_write_to_an_org_that_cannot_be_reached_was_not_sent(org: Any) -> None:
    org.token_answers = [{**org.token(), "instance_url": "http://127.0.0.1:1"}]
    client = SalesforceClient(org.options(), wait=lambda _seconds: None)
    with pytest.raises(RetryLater, match="check login_url, or instance_url if it is set, and the network"):
        client.send("PATCH", "composite/sobjects", {})
    client.close()


def test_a_server_whose_certificate_is_not_trusted_is_told_nothing(
    org: Any, serve: Any, certificates: Any
) -> None:
    heard: list[Any] = []
    server = serve(lambda peer: heard.append(peer.request()), tls=certificates.server)
    org.token_answers = [{**org.token(), "instance_url": server.url}]
    client = SalesforceClient(org.options(), wait=lambda _seconds: None)
    with pytest.raises(BriefOutage, match="SSLError"):
        client.send("PATCH", "composite/sobjects", {})
    with pytest.raises(BriefOutage, match="SSLError"):
        client.get("limits")
    client.close()
    assert heard == []


def test_a_broken_encryption_leaves_the_outcome_of_a_write_unknown(org: Any, serve: Any) -> None:
    server = serve(lambda peer: peer.send(b"not encrypted at all"))
    org.token_answers = [{**org.token(), "instance_url": server.url.replace("http:", "https:")}]
    client = SalesforceClient(org.options(), wait=lambda _seconds: None)
    with pytest.raises(OutcomeUnknown, match="SSLError"):
        client.send("PATCH", "composite/sobjects", {})
    with pytest.raises(BriefOutage):
        client.get("limits")
    client.close()


def test_a_token_is_never_carried_along_a_redirect(org: Any, client: Any) -> None:
    elsewhere = Response("", status=302, headers={"Location": f"{org.url}/elsewhere"})
    org.on("GET limits", elsewhere)
    with pytest.raises(RetryLater, match="redirect"):
        client.get("limits")
    assert [seen.path for seen in org.seen] == ["limits"]


def test_a_query_is_followed_through_all_its_pages(org: Any, client: Any) -> None:
    page = {"totalSize": 3, "done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g0-2000"}
    org.on(r"GET query\?", {**page, "records": [{"Id": "a"}]})
    org.on(
        "GET query/01g0-2000",
        {**page, "nextRecordsUrl": "/services/data/v66.0/query/01g0-4000", "records": [{"Id": "b"}]},
    )
    org.on("GET query/01g0-4000", org.rows({"Id": "c"}))
    assert [row["Id"] for row in client.query("SELECT Id FROM Task")] == ["a", "b", "c"]


@pytest.mark.parametrize("body", ["[]", '"rows"', '{"records": null, "done": true}', '{"records": []}'])
@pytest.mark.parametrize("ask", ["query", "count", "tooling_query"])
def test_an_answer_without_rows_is_a_verdict(org: Any, client: Any, ask: str, body: str) -> None:
    org.on(r"GET (tooling/)?query\?", Response(body, content_type="application/json"))
    with pytest.raises(RetryLater, match="with something else than rows"):
        getattr(client, ask)("SELECT Id FROM Task")


def test_the_budget_is_what_the_last_answer_told(org: Any, client: Any) -> None:
    assert (client.budget().used, client.budget().allowed, client.budget().requests) == (None, None, 0)
    limited = Response(
        "[]",
        status=403,
        headers={"Sforce-Limit-Info": "api-usage=14999/15000; per-app-api-usage=17/250(appName=x)"},
    )
    org.on("GET limits", {"a": 1}, limited)
    client.get("limits")
    with pytest.raises(StopConnection):
        client.get("limits")
    budget = client.budget()
    assert (budget.used, budget.allowed, budget.requests) == (14999, 15000, 2)


def test_a_download_arrives_in_pieces_and_a_reset_is_not_taken_for_its_end(org: Any, client: Any) -> None:
    path = f"sobjects/ContentVersion/{org.id('068', 1)}/VersionData"
    org.on("GET sobjects/ContentVersion", Response(b"a" * 200_000), lambda seen: org.cut_after(b"abc", seen))
    with client.download(path) as pieces:
        sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 200_000
    assert len(sizes) > 1
    with client.download(path) as pieces, pytest.raises(RetryLater):
        list(pieces)


def test_a_download_logs_in_anew_once(org: Any, client: Any) -> None:
    org.on("GET sobjects/ContentVersion", org.error(*EXPIRED), Response(b"audio"))
    with client.download(f"sobjects/ContentVersion/{org.id('068', 1)}/VersionData") as pieces:
        assert b"".join(pieces) == b"audio"
    assert (len(org.logins), len(org.seen)) == (2, 2)


@pytest.mark.parametrize(
    "answer",
    [
        (400, "MALFORMED_QUERY", "unexpected token: SECRET-WORDS"),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded. SECRET-WORDS"),
        (500, "UNKNOWN_EXCEPTION", "SECRET-WORDS"),
        (404, "NOT_FOUND", "SECRET-WORDS"),
    ],
)
def test_no_message_quotes_a_body_a_token_or_a_query(org: Any, client: Any, answer: Any) -> None:
    org.on("GET query", org.error(*answer))
    with pytest.raises(Verdict) as raised:
        client.query("SELECT Id FROM Task WHERE Subject = 'SECRET-WORDS'")
    shown = str(raised.value) + repr(raised.value)
    assert "SECRET-WORDS" not in shown
    assert "token-" not in shown
    assert raised.value.__suppress_context__, "the library's own exception would be printed beneath"


def test_every_refusal_of_content_names_its_faults(org: Any, client: Any) -> None:
    message = "No such column 'X__c' on sobject of type Task"
    org.on("GET query", org.error(400, "INVALID_FIELD", message))
    with pytest.raises(RequestRefused, match=r"X__c, Task.*INVALID_FIELD") as raised:
        client.query("SELECT X__c FROM Task")
    assert raised.value.has("INVALID_FIELD")


def test_the_machines_own_settings_do_not_replace_the_token(
    org: Any, client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    org.on("GET limits", {"a": 1})
    client.get("limits")
    assert org.seen[0].headers["Authorization"].startswith("Bearer ")


def test_cookies_are_not_kept(org: Any, client: Any) -> None:
    baked = Response('{"a": 1}', mimetype="application/json", headers={"Set-Cookie": "BrowserId=x; Path=/"})
    org.on("GET limits", baked)
    client.get("limits")
    client.get("limits")
    assert "Cookie" not in org.seen[1].headers


@pytest.mark.parametrize(
    ("error", "of_a_write"),
    [
        (requests.ConnectTimeout(), RetryLater),
        (requests.exceptions.SSLError(MaxRetryError(POOL, "/", NOT_TRUSTED)), RetryLater),
        (requests.exceptions.SSLError(MaxRetryError(POOL, "/", BROKEN_ENCRYPTION)), OutcomeUnknown),
        (requests.exceptions.SSLError(BROKEN_ENCRYPTION), OutcomeUnknown),
        (requests.ConnectionError(MaxRetryError(POOL, "/", NO_SUCH_HOST)), RetryLater),
        (requests.ConnectionError(MaxRetryError(POOL, "/", ProtocolError("reset"))), OutcomeUnknown),
        (requests.ReadTimeout(), OutcomeUnknown),
        (requests.ConnectionError("reset"), OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError(), OutcomeUnknown),
        (requests.exceptions.ContentDecodingError(), OutcomeUnknown),
    ],
)
def test_a_broken_request_is_repeatable_only_if_it_was_not_sent(
    org: Any, client: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, of_a_write: type[Verdict]
) -> None:
    client.org_id  # noqa: B018 - logs in before requests begin to break

    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(Transport, "send", fail)
    with pytest.raises(of_a_write):
        client.send("PATCH", "composite/sobjects", {})
    with pytest.raises(RetryLater):
        client.get("limits")


def test_every_request_has_a_timeout(org: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = []
    send = requests.adapters.HTTPAdapter.send

    def note(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        timeouts.append(kwargs["timeout"])
        return send(self, request, *args, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", note)
    org.on("GET limits", {"a": 1})
    org.on("GET sobjects/ContentVersion", Response(b"audio"))
    client.get("limits")
    with client.download("sobjects/ContentVersion/x/VersionData") as pieces:
        assert b"".join(pieces) == b"audio"
    assert len(timeouts) == 3
    assert all(connect > 0 and read > 0 for connect, read in timeouts), "a request may hang forever"
