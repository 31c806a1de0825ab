"""Links of calls become hosts, and hosts become entries of `recordings.sources`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import Call, CallRef, Direction, Recording, RecordingSource
from velma_connectors.recordings.options import BasicCredential, BearerCredential, RecordingOptions
from velma_sync.setup.sources import Source, linked_hosts, sources_for

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def call(link: str | None, source: RecordingSource = RecordingSource.URL) -> Call:
    return Call(
        ref=CallRef("sales", "Task", "1"),
        title="",
        started_at=NOON,
        seconds=60,
        direction=Direction.UNKNOWN,
        owner=None,
        recording=None if link is None else Recording(source, link),
        deals=(),
        people=(),
        account=None,
        changed_at=NOON,
        fingerprint="",
    )


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://API.Twilio.com/2010/Recordings/RE1.mp3?x=secret", ("api.twilio.com", 443)),
        ("https://rec.example:8443/1", ("rec.example", 8443)),
        ("http://127.0.0.1:5000/1", ("127.0.0.1", 5000)),
        ("https://bücher.example/1", ("xn--bcher-kva.example", 443)),
        ("http://rec.example/1", None),
        ("https://user:password@rec.example/1", None),
        ("ftp://rec.example/1", None),
        ("https://", None),
        ("https://[::1/1", None),
        (None, None),
    ],
)
def test_a_link_counts_for_its_host_when_it_may_be_followed(link: str | None, host: Any) -> None:
    assert dict(linked_hosts([call(link)])) == ({host: 1} if host else {})


def test_audio_in_the_crm_needs_no_host() -> None:
    assert not linked_hosts([call("https://rec.example/1", RecordingSource.CRM)])


def test_the_host_of_most_calls_comes_first_and_known_providers_bring_their_login() -> None:
    hosts = {("rec.example", 443): 2, ("api.twilio.com", 443): 7, ("rec.example", 8443): 1}
    first, second = sources_for(hosts, (), ())
    assert second == Source("rec.example", ("rec.example",), (443, 8443), 3)
    assert (first.name, first.hosts, first.calls) == ("twilio", ("api.twilio.com",), 7)
    assert first.login is not None
    assert first.login.model is BasicCredential


@pytest.mark.parametrize(
    ("host", "name", "model"),
    [
        ("api.twilio.com", "twilio", BasicCredential),
        ("api.aircall.io", "aircall", BasicCredential),
        ("media.ringcentral.com", "ringcentral", BearerCredential),
    ],
)
def test_each_known_login_is_one_that_the_file_can_hold(host: str, name: str, model: Any) -> None:
    (source,) = sources_for({(host, 443): 1}, (), ())
    assert source.login is not None
    assert source.login.model is model
    filled = {"username": "u", "password": "p"} if model is BasicCredential else {"token": "t"}
    entry = {
        "name": name,
        "hosts": list(source.hosts),
        "credential": {"type": source.login.type, **filled},
    }
    assert RecordingOptions.model_validate({"sources": [entry]}).sources[0].name == source.name


@pytest.mark.parametrize(
    ("pattern", "left"), [("rec.example", ()), (".example", ()), ("other.example", ("rec.example",))]
)
def test_hosts_that_a_file_lists_already_are_left_out(pattern: str, left: tuple[str, ...]) -> None:
    assert tuple(each.name for each in sources_for({("rec.example", 443): 1}, [pattern], ())) == left


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        (("zoom",), "twilio"),
        (("twilio",), "api.twilio.com"),
        (("twilio", "api.twilio.com", "api.twilio.com-2"), "api.twilio.com-3"),
    ],
)
def test_no_two_sources_get_one_name(taken: tuple[str, ...], name: str) -> None:
    assert [each.name for each in sources_for({("api.twilio.com", 443): 1}, (), taken)] == [name]


HOSTS = st.sampled_from(["a.example", "b.example", "api.twilio.com", "127.0.0.1"])


@given(st.dictionaries(st.tuples(HOSTS, st.integers(1, 65_535)), st.integers(1, 50)))
def test_whatever_hosts_there_are_the_entries_are_accepted_together(hosts: Any) -> None:
    found = sources_for(hosts, (), ())
    entries = [{"name": each.name, "hosts": list(each.hosts), "ports": list(each.ports)} for each in found]
    options = RecordingOptions.model_validate({"sources": entries})
    assert {(host, port) for each in options.sources for host in each.hosts for port in each.ports} == set(
        hosts
    )
    assert sum(each.calls for each in found) == sum(hosts.values())
