"""Settings of recording sources."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from velma_connectors.recordings.options import RecordingOptions, RecordingSourceOptions

SECRET = "sesame-77"


def source(**settings: Any) -> RecordingSourceOptions:
    return RecordingSourceOptions.model_validate({"name": "dialer", "hosts": ["api.dialer.test"], **settings})


def test_the_defaults_are_https_without_a_login() -> None:
    assert source().ports == (443,)
    assert source().credential.type == "none"
    assert RecordingOptions().max_bytes == 2_000_000_000


def test_hosts_are_kept_in_lower_case() -> None:
    assert source(hosts=["API.Dialer.test", " .Media.test "]).hosts == ("api.dialer.test", ".media.test")


@pytest.mark.parametrize(
    "host",
    [
        "https://api.dialer.test",
        "api.dialer.test/path",
        "api.dialer.test:443",
        "*.dialer.test",
        "user@api.dialer.test",
        "bücher.test",
        "two words.test",
        "",
        ".",
        "dialer.test.",
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="is not a host"):
        source(hosts=[host])


@pytest.mark.parametrize("host", [".com", ".test"])
def test_a_whole_top_level_domain_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="top-level domain"):
        source(hosts=[host])


LOGINS = [
    {"type": "basic", "username": "AC1", "password": SECRET},
    {"type": "bearer", "token": SECRET},
    {"type": "header", "name": "X-Api-Key", "value": SECRET},
]


@pytest.mark.parametrize("credential", LOGINS, ids=lambda each: each["type"])
def test_a_login_is_never_bound_to_hosts_that_others_may_own(credential: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"names each host in full; \.amazonaws\.com") as refusal:
        source(hosts=["api.dialer.test", ".amazonaws.com"], credential=credential)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("credential", LOGINS, ids=lambda each: each["type"])
def test_a_secret_from_a_file_loses_its_newline_and_is_never_shown(credential: dict[str, str]) -> None:
    with_newline = {name: f"{value}\n" if value == SECRET else value for name, value in credential.items()}
    kept = source(credential=with_newline)
    assert kept == source(credential=credential)
    assert SECRET not in f"{kept} {kept!r} {kept.model_dump_json()}"


@pytest.mark.parametrize(
    "credential",
    [
        {"type": "bearer", "token": "line\nbreak-77"},
        {"type": "bearer", "token": " "},
        {"type": "basic", "username": "a:b", "password": SECRET},
        {"type": "header", "name": "X Api Key", "value": SECRET},
        {"type": "header", "name": "Host", "value": SECRET},
        {"type": "header", "name": "Content-Length", "value": SECRET},
        {"type": "digest", "token": SECRET},
        {"type": "bearer", "token": SECRET, "extra": "1"},
    ],
)
def test_a_login_that_cannot_be_sent_is_refused_without_repeating_it(credential: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refusal:
        source(credential=credential)
    assert "77" not in str(refusal.value)


def test_only_this_machine_itself_counts_as_loopback() -> None:
    hosts = ["127.0.0.1", "localhost", "::1", "10.0.0.1", "localhost.test"]
    assert source(hosts=hosts).loopback_hosts == ("127.0.0.1", "localhost", "::1")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"name": "dialer", "hosts": ["other.test"]}, "source dialer is listed twice"),
        ({"name": "other", "hosts": ["API.dialer.test"]}, "host api.dialer.test is listed twice"),
    ],
)
def test_a_host_or_name_belongs_to_one_source(second: dict[str, Any], message: str) -> None:
    first = {"name": "dialer", "hosts": ["api.dialer.test"]}
    with pytest.raises(ValidationError, match=message):
        RecordingOptions.model_validate({"sources": [first, second]})
