"""Which audio is a call's, and the way to it: the token stays at home, and half a file passes for none."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from velma_connectors.errors import RetryLater, SkipCall, Verdict
from velma_connectors.http import resolve_name
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.recordings import identity, linked_recording, open_recording
from velma_connectors.hubspot.redirector import Redirector, is_redirector, with_call
from velma_connectors.model import Call, CallRef, Direction, Recording, RecordingSource
from velma_connectors.sandbox.faults import Fault, FaultInjector
from velma_connectors.sandbox.hubspot import REDIRECTOR, HubSpotPortal
from velma_connectors.url import Url

API = "https://api.hubapi.com"
HOME = "https://api-na1.hubspot.com/recording/auth/getAuthRecording/portal/1"
AUDIO = b"OggS" + bytes(range(256)) * 1_000


# Whose audio


@pytest.mark.parametrize(
    ("link", "trusted"),
    [
        (HOME, True),
        (f"{HOME}/engagement/5?x=1", True),
        (HOME.replace("api-na1", "api-eu1"), True),
        (HOME.replace("https", "http"), False),
        (HOME.replace(".com/", ".com:8443/"), False),
        (HOME.replace("api-na1.hubspot.com", "api-na1hubspot.com"), False),
        (HOME.replace("api-na1.hubspot.com", "hubspot.com.evil.example"), False),
        (HOME.replace("api-na1.hubspot.com", "evil.example"), False),
        (HOME.replace("api-na1.hubspot.com", "app.hubspot.com"), False),
        (HOME.replace("/portal/", "/../portal/"), False),
        (HOME.replace("getAuthRecording", "files"), False),
        ("https://app.hubspot.com/files?next=/getAuthRecording/", False),
        (HOME.replace("https://api-na1.hubspot.com", API), False),
        (HOME.replace("https://api-na1.hubspot.com", "http://127.0.0.1:8080"), False),
    ],
)
def test_only_the_redirector_of_hubspot_may_be_shown_the_token(link: str, trusted: bool) -> None:
    assert is_redirector(Url.parse(link), API) is trusted


@pytest.mark.parametrize(
    ("link", "base_url", "trusted"),
    [
        ("http://127.0.0.1:8080/x/getAuthRecording/portal/1", "http://127.0.0.1:8080", True),
        ("http://127.0.0.1:8081/x/getAuthRecording/portal/1", "http://127.0.0.1:8080", False),
        ("http://127.0.0.1:8080/audio/1", "http://127.0.0.1:8080", False),
        ("https://proxy.example/x/getAuthRecording/portal/1", "https://proxy.example", False),
    ],
)
def test_a_portal_on_this_machine_has_its_redirector_where_the_api_is(
    link: str, base_url: str, trusted: bool
) -> None:
    assert is_redirector(Url.parse(link), base_url) is trusted


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (HOME, Recording(RecordingSource.CRM, f"{HOME}/engagement/5")),
        (f"{HOME}/", Recording(RecordingSource.CRM, f"{HOME}/engagement/5")),
        (f"{HOME}?a=1", Recording(RecordingSource.CRM, f"{HOME}/engagement/5?a=1")),
        (f" {HOME}/engagement/77\n", Recording(RecordingSource.CRM, f"{HOME}/engagement/5")),
        ("https://dialer.example/1?a=b", Recording(RecordingSource.URL, "https://dialer.example/1?a=b")),
        ("HTTP://dialer.example/1", Recording(RecordingSource.URL, "HTTP://dialer.example/1")),
        ("https://[broken/1", Recording(RecordingSource.URL, "https://[broken/1")),
        ("", None),
        ("n/a", None),
        ("see https://dialer.example/1 for audio", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
    ],
)
def test_a_link_is_the_redirector_or_some_other_place(link: str, expected: Recording | None) -> None:
    assert linked_recording(link, "5", API) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h.example/r/1?Signature=a&Expires=1", "https://h.example/r/1?Signature=b&Expires=2", True),
        ("https://h.example/r/1?X-Amz-Date=1&X-Amz-Signature=a", "https://h.example/r/1?X-Amz-Date=2", True),
        ("https://h.example/r/1?sv=1&se=2&sp=r&sig=x", "https://h.example/r/1?sv=1&se=9&sp=r&sig=y", True),
        ("https://h.example/r?id=1&token=a", "https://h.example/r?token=b&id=1", True),
        ("https://H.example/r?id=1#t=5", "https://h.example/r?id=1", True),
        ("https://h.example/r?id=1", "https://h.example/r?id=2", False),
        ("https://h.example/r?sid=1", "https://h.example/r?sid=2", False),
        ("https://h.example/r?key=1", "https://h.example/r?key=2", False),
        ("https://h.example/r/1", "https://h.example/r/2", False),
        ("https://h.example/R/1", "https://h.example/r/1", False),
        ("https://h.example/r/1", "https://i.example/r/1", False),
        ("https://[broken/1", "https://[broken/2", False),
        (f"{HOME}/engagement/1", f"{HOME}/engagement/2", True),  # both are this call's
        (HOME, f"{HOME}/engagement/5", True),
    ],
)
def test_a_link_signed_anew_is_the_same_recording(one: str, other: str, same: bool) -> None:
    first, second = (linked_recording(link, "5", API) for link in (one, other))
    assert first is not None
    assert second is not None
    assert (identity(first) == identity(second)) is same


@given(st.text(max_size=60), st.sampled_from(["", "https://", "http://127.0.0.1/", HOME]))
def test_no_text_in_the_url_property_breaks_the_reading(text: str, start: str) -> None:
    recording = linked_recording(start + text, "5", API)
    assert recording is None or identity(recording)


@pytest.mark.parametrize(
    ("base_url", "hublet", "origin"),
    [
        (API, "na1", "https://api-na1.hubspot.com"),
        (API, "eu1", "https://api-eu1.hubspot.com"),
        (API, None, "https://api.hubspot.com"),
        (API, "evil.example/", "https://api.hubspot.com"),
        ("http://127.0.0.1:8080", "eu1", "http://127.0.0.1:8080"),
    ],
)
def test_the_redirector_lies_where_the_portals_data_is(base_url: str, hublet: Any, origin: str) -> None:
    class Account:
        def get(self, path: str) -> dict[str, Any]:
            assert path.startswith("/account-info/")
            return {"portalId": 48201977, "dataHostingLocation": hublet}

    options = HubSpotOptions.model_validate({"access_token": "pat-x", "base_url": base_url})
    account: Any = Account()
    address = Redirector(account, options).address("5")
    assert address == f"{origin}{REDIRECTOR}48201977/engagement/5"
    assert is_redirector(Url.parse(address), base_url)


# The way to it

Talk = Callable[[Any], None]


class Server:
    """Answers its requests one after the other as scripted, the last answer again and again."""

    def __init__(self, serve: Any, *answers: Talk) -> None:
        self._answers = list(answers)
        self.heads: list[str] = []
        self.url: str = serve(self._talk).url

    def _talk(self, peer: Any) -> None:
        self.heads.append(peer.head().decode().lower())
        answer = self._answers[0]
        if len(self._answers) > 1:
            self._answers.pop(0)
        answer(peer)

    @property
    def tokens(self) -> list[bool]:
        """Of each request whether it showed a token."""
        return ["authorization: bearer pat-" in head for head in self.heads]


def answer(status: int, body: bytes = b"", **headers: str) -> Talk:
    return lambda peer: peer.answer(status, body, **headers)


def audio() -> Talk:
    return answer(200, AUDIO, content_type="audio/ogg")


def call_with(recording: Recording | None) -> Call:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ref = CallRef("sales", "calls", "10000001")
    return Call(
        ref, "Call", moment, 60, Direction.UNKNOWN, None, recording, (), (), None, moment, "fingerprint"
    )


def read(options: HubSpotOptions, locator: str, resolve: Any = resolve_name) -> bytes:
    call = call_with(Recording(RecordingSource.CRM, locator))
    copied = io.BytesIO()
    with open_recording(options, call, resolve=resolve) as stream:
        shutil.copyfileobj(stream, copied, 4096)
    return copied.getvalue()


def refused(options: HubSpotOptions, locator: str, resolve: Any = resolve_name) -> Verdict:
    with pytest.raises((RetryLater, SkipCall)) as caught:
        read(options, locator, resolve)
    assert "getAuthRecording" not in str(caught.value), "the locator shows in a message"
    return caught.value


class Home:
    """A scripted redirector at the address of the API, on this machine."""

    def __init__(self, serve: Any, *answers: Talk) -> None:
        self.server = Server(serve, *answers)
        self.options = HubSpotOptions.model_validate(
            {"access_token": "pat-na1-x", "base_url": self.server.url}
        )
        self.locator = f"{self.server.url}{REDIRECTOR}1/engagement/10000001"


@pytest.fixture
def hosted(portal: HubSpotPortal, options: HubSpotOptions) -> Callable[..., str]:
    """Let the emulated redirector lead to an address: `hosted(url, media_type)`. Returns the locator."""

    def host(url: str, media_type: str | None = None) -> str:
        call = portal.insert("calls", {})
        portal.host_recording(call, url, media_type=media_type)
        return with_call(f"{options.base_url}{REDIRECTOR}{portal.id}", call)

    return host


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/json"])
def test_the_redirector_leads_to_the_audio_in_any_of_its_ways(
    serve: Any, hosted: Any, options: HubSpotOptions, portal: HubSpotPortal, media_type: str | None
) -> None:
    media = Server(serve, audio())
    assert read(options, hosted(f"{media.url}/signed?sig=1", media_type)) == AUDIO
    assert media.tokens == [False], "the token was shown to another host"
    assert portal.usage.snapshot()["kinds"] == {"recording": 1}


def test_audio_is_read_whole_in_one_go_as_well(serve: Any, hosted: Any, options: HubSpotOptions) -> None:
    recording = Recording(RecordingSource.CRM, hosted(f"{Server(serve, audio()).url}/1"))
    with open_recording(options, call_with(recording)) as stream:
        assert stream.read(10) == AUDIO[:10]
        assert stream.read() == AUDIO[10:]
        assert stream.read() == b""


def test_audio_that_the_redirector_gives_itself_is_taken(serve: Any) -> None:
    home = Home(serve, audio())
    assert read(home.options, home.locator) == AUDIO
    assert home.server.tokens == [True]


@pytest.mark.parametrize("status", [401, 403])
def test_a_redirector_that_does_not_like_the_token_is_asked_without_it(serve: Any, status: int) -> None:
    media = Server(serve, audio())
    home = Home(serve, answer(status), answer(302, location=f"{media.url}/1"))
    assert read(home.options, home.locator) == AUDIO
    assert home.server.tokens == [True, False]


def test_the_token_is_dropped_for_another_port_and_for_another_path(serve: Any) -> None:
    media = Server(serve, answer(307, location="/there"), audio())
    home = Home(serve, answer(302, location="/audio/1"), answer(302, location=f"{media.url}{REDIRECTOR}1"))
    assert read(home.options, home.locator) == AUDIO
    assert home.server.tokens == [True, False]
    assert media.tokens == [False, False]
    assert media.heads[1].startswith("get /there ")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, RetryLater, None),
        (403, SkipCall, "recording_unavailable"),
        (404, RetryLater, None),
        (410, SkipCall, "source_unavailable"),
        (429, RetryLater, None),
        (500, RetryLater, None),
        (503, RetryLater, None),
    ],
)
def test_a_refusal_of_the_redirector_says_what_comes_next(
    serve: Any, status: int, kind: type[Verdict], code: str | None
) -> None:
    home = Home(serve, answer(status))
    verdict = refused(home.options, home.locator)
    assert isinstance(verdict, kind)
    assert getattr(verdict, "code", None) == code
    if status == 404:
        assert isinstance(verdict, RetryLater)
        assert verdict.after == 600
    assert home.server.tokens == ([True, False] if status in (401, 403) else [True])


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, SkipCall, "recording_unavailable"),
        (403, RetryLater, None),
        (404, RetryLater, None),
        (503, RetryLater, None),
    ],
)
def test_an_expired_or_missing_file_behind_the_redirector_is_no_audio(
    serve: Any, hosted: Any, options: HubSpotOptions, status: int, kind: type[Verdict], code: str | None
) -> None:
    media = Server(serve, answer(status, b"<Error>Request has expired</Error>"))
    verdict = refused(options, hosted(f"{media.url}/signed"))
    assert isinstance(verdict, kind)
    assert getattr(verdict, "code", None) == code
    assert media.tokens == [False]


@pytest.mark.parametrize("where", ["switch", "recording", "text", "json", "empty", "media"])
def test_a_login_page_is_never_taken_for_audio(
    serve: Any, hosted: Any, options: HubSpotOptions, portal: HubSpotPortal, where: str
) -> None:
    page = b"<!DOCTYPE html><title>Log in</title>"
    media = Server(serve, answer(200, page, content_type="text/html; charset=utf-8"))
    portal.switches.redirector_shows_login = where == "switch"
    locator = {
        "recording": lambda: hosted(media.url, "text/html"),
        "text": lambda: hosted(page.decode(), "text/plain"),
        "json": lambda: hosted("see elsewhere", "application/json"),
        "empty": lambda: hosted("", "text/plain"),
    }.get(where, lambda: hosted(media.url))()
    verdict = refused(options, locator)
    assert isinstance(verdict, SkipCall)
    assert verdict.code == "recording_unavailable"


def test_a_redirector_that_shows_the_key_a_page_is_asked_without_it(serve: Any) -> None:
    page = answer(200, b"<html>Log in</html>", content_type="text/html")
    home = Home(serve, page, audio())
    assert read(home.options, home.locator) == AUDIO
    assert home.server.tokens == [True, False]
    home = Home(serve, page, answer(401))
    verdict = refused(home.options, home.locator)
    assert isinstance(verdict, SkipCall), "a login page for the key will not become audio by waiting"
    assert "web page" in str(verdict)


@pytest.mark.parametrize(
    "body", [b"[1]", b"null", b"{}", b'{"url": ["https://a.example"]}', b"\xff\xfe", b"7"]
)
def test_an_answer_without_an_address_is_no_recording(serve: Any, body: bytes) -> None:
    home = Home(serve, answer(200, body, content_type="application/json"))
    verdict = refused(home.options, home.locator)
    assert isinstance(verdict, SkipCall)
    assert verdict.code == "recording_unavailable"


def test_a_call_of_which_hubspot_has_no_audio_yet_is_tried_again(
    portal: HubSpotPortal, options: HubSpotOptions
) -> None:
    call = portal.insert("calls", {})
    verdict = refused(options, with_call(f"{options.base_url}{REDIRECTOR}{portal.id}", call))
    assert isinstance(verdict, RetryLater)
    assert verdict.after == 600


def test_a_key_without_the_scope_says_more_than_the_answer_without_a_key(
    hosted: Any, portal: HubSpotPortal, options: HubSpotOptions, token: str
) -> None:
    locator = hosted("https://cdn.example/1")
    portal.add_token(token, ["crm.objects.deals.read"])
    verdict = refused(options, locator)
    assert isinstance(verdict, SkipCall), "without a key the redirector merely asks for a login"
    assert verdict.code == "recording_unavailable"
    assert portal.usage.snapshot()["statuses"] == {"401": 1, "403": 1}


# What is not followed


@pytest.mark.parametrize(
    "location",
    [
        "https://10.0.0.5/audio",
        "https://[fd00::5]/audio",
        "https://169.254.169.254/latest/meta-data",
        "https://inner.example/audio",
        "https://127.0.0.9/audio",
    ],
)
def test_a_redirect_to_an_inner_address_is_refused(serve: Any, location: str) -> None:
    def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.1.2.3"] if host == "inner.example" else resolve_name(host, port)

    home = Home(serve, answer(302, location=location))
    verdict = refused(home.options, home.locator, resolve)
    assert isinstance(verdict, SkipCall)
    assert verdict.code == "host_not_allowed"


def test_a_redirector_with_an_inner_address_is_not_even_asked() -> None:
    options = HubSpotOptions.model_validate({"access_token": "pat-na1-x"})
    for address in ("10.0.0.5", "127.0.0.1", "::1"):
        verdict = refused(options, HOME, lambda _host, _port, address=address: [address])
        assert isinstance(verdict, SkipCall)
        assert verdict.code == "host_not_allowed"


@pytest.mark.parametrize(
    "location", ["http://cdn.example/1", "ftp://cdn.example/1", "https://user:pass@cdn.example/1", "https://"]
)
def test_a_redirect_to_anything_but_https_is_refused(serve: Any, location: str) -> None:
    home = Home(serve, answer(302, location=location))
    verdict = refused(home.options, home.locator)
    assert isinstance(verdict, SkipCall)
    assert verdict.code == "bad_link"
    assert "cdn.example" not in str(verdict)


def test_plain_http_on_this_machine_is_for_portals_on_this_machine(serve: Any) -> None:
    server = Server(serve, audio())
    options = HubSpotOptions.model_validate({"access_token": "pat-na1-x"})
    verdict = refused(options, f"{server.url}/x/getAuthRecording/portal/1")
    assert isinstance(verdict, SkipCall)
    assert server.heads == []


def test_redirects_in_a_circle_come_to_an_end(serve: Any) -> None:
    home = Home(serve, answer(302, location=f"{REDIRECTOR}1"))
    verdict = refused(home.options, home.locator)
    assert isinstance(verdict, SkipCall)
    assert verdict.code == "bad_link"
    assert len(home.server.heads) == 6


@pytest.mark.parametrize("recording", [None, Recording(RecordingSource.URL, "https://dialer.example/1")])
def test_only_recordings_of_hubspot_are_opened_here(
    options: HubSpotOptions, portal: HubSpotPortal, recording: Recording | None
) -> None:
    with pytest.raises(SkipCall) as skipped, open_recording(options, call_with(recording)):
        pass
    assert skipped.value.code == "no_recording"
    assert portal.usage.snapshot()["requests"] == 0


# What does not arrive whole


def cut(head: str, body: bytes) -> Talk:
    def talk(peer: Any) -> None:
        peer.send(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)

    return talk


@pytest.mark.parametrize(
    "broken",
    [
        cut(f"Content-Length: {len(AUDIO)}", AUDIO[:5000]),
        cut(f"Content-Length: {len(AUDIO)}", b""),
        cut("Transfer-Encoding: chunked", b"1388\r\n" + AUDIO[:5000] + b"\r\n"),
        lambda peer: peer.reset(),
    ],
    ids=["short", "nothing", "chunks", "reset"],
)
def test_audio_that_is_cut_short_is_tried_again_later(
    serve: Any, hosted: Any, options: HubSpotOptions, broken: Talk
) -> None:
    media = Server(serve, broken)
    verdict = refused(options, hosted(f"{media.url}/1"))
    assert isinstance(verdict, RetryLater)
    assert verdict.after == 60


def test_a_redirector_out_of_reach_is_tried_again_later(closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    options = HubSpotOptions.model_validate({"access_token": "pat-na1-x", "base_url": url})
    assert isinstance(refused(options, f"{url}{REDIRECTOR}1/engagement/5"), RetryLater)


def test_an_outage_of_the_redirector_passes(
    serve: Any, hosted: Any, options: HubSpotOptions, faults: FaultInjector
) -> None:
    locator = hosted(f"{Server(serve, audio()).url}/1")
    faults.add(Fault("getAuthRecording", answer=Response("<html>502</html>", 502)))
    assert isinstance(refused(options, locator), RetryLater)
    faults.add(Fault("getAuthRecording", cut="after"))
    assert isinstance(refused(options, locator), RetryLater)
    assert read(options, locator) == AUDIO
