"""Addresses are read strictly, and never shown beyond their origin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.url import Url, is_loopback


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("https://api.twilio.com/a.wav", "https://api.twilio.com", "/a.wav"),
        ("  HTTPS://API.Twilio.com  ", "https://api.twilio.com", "/"),
        ("https://api.twilio.com.:443/x", "https://api.twilio.com", "/x"),
        ("https://api.twilio.com:8443/x#part", "https://api.twilio.com:8443", "/x"),
        ("http://127.0.0.1:8080/x?a=1", "http://127.0.0.1:8080", "/x?a=1"),
        ("https://[2600:0:0::1]/x", "https://[2600::1]", "/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example", "/x"),
        ("https://ⓐpi.twilio.com/x", "https://api.twilio.com", "/x"),
        ("https://a.test/my call.mp3", "https://a.test", "/my%20call.mp3"),
        ("https://a.test/ü?q=ü", "https://a.test", "/%C3%BC?q=%C3%BC"),
        (
            "https://a.test/b%2Fc?X-Amz-Signature=ab%3D%2B&t=1+2;~,'(x)",
            "https://a.test",
            "/b%2Fc?X-Amz-Signature=ab%3D%2B&t=1+2;~,'(x)",
        ),
    ],
)
def test_an_address_is_taken_apart_and_its_path_and_query_kept(text: str, origin: str, target: str) -> None:
    url = Url.parse(text)
    assert (url.origin, url.target) == (origin, target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "recording.wav",
        "//api.twilio.com/x",
        "file:///etc/passwd",
        "s3://bucket/key",
        "ftp://api.twilio.com/x",
        "https://",
        "https:///x",
        "https://user@api.twilio.com/x",
        "https://user:pass@api.twilio.com/x",
        "https://@api.twilio.com/x",
        "https://api.twilio.com\\@evil.example/x",
        "https://api.twilio.com\r\nHost: evil.example/x",
        "https://api.twilio.com\t.evil.example/x",
        "https://api%2etwilio.com/x",
        "https://api twilio.com/x",
        "https://-api.twilio.com/x",
        "https://a..b/x",
        f"https://{'a' * 64}.example/x",
        "https://api.twilio.com:0x1bb/x",
        "https://api.twilio.com:99999/x",
        "https://[::1/x",
        "https://[fe80::1%25eth0]/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0x7f.1/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://example.0x7f/x",
    ],
)
def test_an_address_that_others_may_read_differently_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|is|carries|holds) ") as refusal:
        Url.parse(text)
    assert "evil" not in str(refusal.value), "a reason repeats nothing of the address"


def test_a_redirect_is_read_relative_to_where_it_came_from() -> None:
    start = Url.parse("https://a.test/x/y?token=1")
    assert start.join("/z").target == "/z"
    assert start.join("z?k=v").target == "/x/z?k=v"
    assert start.join("//b.test/z").origin == "https://b.test"
    assert start.join("http://b.test/z").scheme == "http"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_whatever_a_path_holds_it_is_never_shown_and_always_sendable(path: str) -> None:
    shown, target = _shown(f"https://a.test/secret-7391{path}")
    assert "secret-7391" not in shown
    assert target.isascii()
    assert not set(target) & set(' \t\r\n\\"<>')


def _shown(text: str) -> tuple[str, str]:
    """All that is ever printed of an address or its refusal, and the target."""
    try:
        url = Url.parse(text)
    except ValueError as error:
        return str(error), ""
    assert url.host == "a.test"
    return f"{url} {url!r}", url.target


@given(st.text(max_size=60))
def test_any_text_is_either_an_address_or_refused(text: str) -> None:
    try:
        url = Url.parse(text)
    except ValueError:
        return
    assert url.scheme in ("https", "http")
    assert Url.parse(f"{url.origin}{url.target}") == url, "what is printed and read again stays the same"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost.evil.example", False),
        ("10.0.0.1", False),
        ("api.twilio.com", False),
    ],
)
def test_only_names_and_addresses_of_this_machine_are_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
