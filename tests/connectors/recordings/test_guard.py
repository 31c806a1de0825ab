"""The admin's list decides which links are opened, and where a login goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from velma_connectors.errors import SkipCall
from velma_connectors.recordings.guard import Guard, login_headers
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.url import Url

Source = Callable[..., RecordingSourceOptions]


def twilio(source: Source) -> RecordingSourceOptions:
    return source(
        name="twilio",
        hosts=["api.twilio.com"],
        credential={"type": "basic", "username": "AC1", "password": "sesame-77"},
    )


@pytest.fixture
def guard(source: Source) -> Guard:
    return Guard(
        [
            source(name="wide", hosts=[".twilio.com", ".amazonaws.com"]),
            twilio(source),
            source(name="rehearsal", hosts=["127.0.0.1"], ports=[8443, 8080]),
        ]
    )


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://api.twilio.com/x", "twilio"),
        ("https://API.TWILIO.COM./x", "twilio"),
        ("https://api.twilio.com:443/x", "twilio"),
        ("https://media.twilio.com/x", "wide"),
        ("https://a.b.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature=1", "wide"),
        ("http://127.0.0.1:8080/x", "rehearsal"),
        ("https://127.0.0.1:8443/x", "rehearsal"),
    ],
)
def test_a_listed_host_is_opened_as_the_most_exact_source(guard: Guard, link: str, name: str) -> None:
    assert guard.admit(link)[1].name == name


@pytest.mark.parametrize(
    "link",
    [
        "https://api.twilio.com.evil.test/secret",
        "https://evil-twilio.com/secret",
        "https://twilio.com/secret",
        "https://eviltwilio.com/secret",
        "https://api-twilio.com/secret",
        "https://evil.test/secret?api.twilio.com",
        "https://evil.test/secret/.twilio.com",
        "https://evil.test/secret#.twilio.com",
        "https://169.254.169.254/secret",
        "https://[::1]/secret",
        "https://[::ffff:127.0.0.1]/secret",
        "https://localhost/secret",
        "https://api.twilio.com:8443/secret",
        "http://127.0.0.1:22/secret",
    ],
)
def test_a_host_or_port_on_no_list_is_named_with_the_setting_to_change(guard: Guard, link: str) -> None:
    with pytest.raises(SkipCall, match=r"`(hosts|ports)` of .*`recordings\.sources`") as raised:
        guard.admit(link)
    assert raised.value.code == "host_not_allowed"
    assert Url.parse(link).host in str(raised.value)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("http://api.twilio.com/secret", "is plain http"),
        ("https://someone:secret@api.twilio.com/", "carries a user name or password"),
        ("https://api.twilio.com@evil.test/secret", "carries a user name or password"),
        ("https://api.twilio.com\\.evil.test/secret", "holds a backslash"),
        ("https://2130706433/secret", "no plain IP address"),
        ("https://0x7f.1/secret", "no plain IP address"),
        ("https://0177.0.0.1/secret", "no plain IP address"),
        ("file:///etc/secret", "is not a complete https address"),
        ("s3://bucket/secret", "is not a complete https address"),
        ("secret.wav", "is not a complete https address"),
    ],
)
def test_a_link_that_is_no_plain_https_address_is_refused(guard: Guard, link: str, reason: str) -> None:
    with pytest.raises(SkipCall, match=reason) as raised:
        guard.admit(link)
    assert raised.value.code == "bad_link"
    assert "secret" not in str(raised.value)


def test_a_redirect_passes_the_same_door(guard: Guard) -> None:
    start, _ = guard.admit("https://api.twilio.com/a/b?secret=1")
    assert guard.follow(start, "c").target == "/a/c"
    assert guard.follow(start, "https://x.s3.amazonaws.com/c").host == "x.s3.amazonaws.com"
    for location, reason in [
        ("https://evil.test/secret", "evil.test, which is not in your list of allowed hosts"),
        ("//evil.test/secret", "evil.test, which is not in your list of allowed hosts"),
        ("http://api.twilio.com/secret", "from https to plain http"),
        ("http://127.0.0.1:8080/secret", "from https to plain http"),
        ("https://u:secret@api.twilio.com/", "redirects to an address that carries"),
        ("ftp://api.twilio.com/secret", "redirects to an address that is not"),
        ("https://169.254.169.254/secret", "not in your list of allowed hosts"),
    ]:
        with pytest.raises(SkipCall, match=reason) as raised:
            guard.follow(start, location)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("credential", "expected"),
    [
        ({"type": "none"}, {}),
        (
            {"type": "basic", "username": "AC1", "password": "sesame-77"},
            {"Authorization": "Basic QUMxOnNlc2FtZS03Nw=="},
        ),
        ({"type": "bearer", "token": "sesame-77"}, {"Authorization": "Bearer sesame-77"}),
        ({"type": "header", "name": "X-Api-Key", "value": "sesame-77"}, {"X-Api-Key": "sesame-77"}),
    ],
)
def test_a_login_goes_to_the_hosts_and_ports_of_its_own_source_only(
    source: Source, credential: dict[str, str], expected: dict[str, str]
) -> None:
    own = source(name="twilio", hosts=["api.twilio.com"], ports=[443, 8443], credential=credential)
    assert login_headers(own, Url.parse("https://api.twilio.com/x")) == expected
    assert login_headers(own, Url.parse("https://api.twilio.com:8443/x")) == expected
    for foreign in ("https://api.twilio.com:444/x", "https://media.twilio.com/x", "https://evil.test/x"):
        assert login_headers(own, Url.parse(foreign)) == {}
