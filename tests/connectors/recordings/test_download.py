"""Recordings over real sockets: complete and checked, or a verdict, and nothing left on the disk."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.errors import RetryLater, SkipCall, Verdict
from velma_connectors.model import Recording
from velma_connectors.protocol import Audio
from velma_connectors.recordings.download import RecordingDownloader
from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.recordings.sink import Sink
from velma_connectors.sandbox import recordings as sandbox
from velma_connectors.sandbox.server import RunningServer

Serve = Callable[..., Any]
Source = Callable[..., RecordingSourceOptions]
Download = Callable[..., RecordingDownloader]
Recorded = Callable[..., Recording]
ResolveTo = Callable[..., Callable[[str, int], Sequence[str]]]

OGG = b"OggS" + bytes(range(256)) * 40
AT_MOST_SECONDS = 10.0


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(directory: Path) -> Iterator[None]:
    yield
    assert not directory.exists() or list(directory.iterdir()) == []


@contextmanager
def refused(kind: type[Verdict], match: str | None = None, **attributes: Any) -> Iterator[None]:
    """The verdict, with nothing of the link anywhere in its chain of errors."""
    with pytest.raises(Verdict, match=match) as raised:
        yield
    assert type(raised.value) is kind
    assert {name: getattr(raised.value, name) for name in attributes} == attributes
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "secret" not in f"{chain} {chain!r}", "the link is a secret"
        chain = chain.__cause__ or chain.__context__


def fetch(downloader: RecordingDownloader, recording: Recording, seconds: float = 20.0) -> bytes:
    with downloader.fetch(recording, deadline_seconds=seconds) as audio:
        return audio.path.read_bytes()


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[[Any], None]:
    def talk(peer: Any) -> None:
        peer.head()
        peer.answer(status, body, **headers)

    return talk


def sending(data: bytes) -> Callable[[Any], None]:
    def talk(peer: Any) -> None:
        peer.head()
        peer.send(data)

    return talk


@pytest.fixture
def fetched(serve: Serve, source: Source, downloader: Download, recording: Recorded) -> Callable[..., bytes]:
    """Fetch `/calls/secret?token=secret` from a server: `fetched(talk)`."""

    def run(talk: Callable[[Any], None], seconds: float = 20.0, **settings: Any) -> bytes:
        server = serve(talk)
        link = recording(f"{server.url}/calls/secret?token=secret", **settings.pop("facts", {}))
        return fetch(downloader(source(server.port), **settings), link, seconds)

    return run


def test_a_recording_is_on_disk_until_the_end_of_the_block(
    serve: Serve, source: Source, downloader: Download, recording: Recorded
) -> None:
    server = serve(answering(200, OGG, content_type="application/octet-stream"))
    link = recording(f"{server.url}/call.wav", media_type="audio/wav")
    with downloader(source(server.port)).fetch(link, deadline_seconds=20) as audio:
        assert audio == Audio(audio.path, hashlib.sha256(OGG).hexdigest(), len(OGG), "audio/ogg", "ogg")
        assert audio.path.read_bytes() == OGG
    assert not audio.path.exists()


def test_what_happens_inside_the_block_is_not_taken_for_a_failed_download(
    serve: Serve, source: Source, downloader: Download, recording: Recorded
) -> None:
    server = serve(answering(200, OGG))
    with (
        pytest.raises(ConnectionResetError),
        downloader(source(server.port)).fetch(recording(f"{server.url}/x"), deadline_seconds=20),
    ):
        raise ConnectionResetError


def test_a_chunked_recording_is_complete_with_its_last_chunk(fetched: Callable[..., bytes]) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (OGG[:100], OGG[100:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert fetched(sending(head + chunks + b"0\r\n\r\n")) == OGG
    with refused(RetryLater, "the connection was cut"):
        fetched(sending(head + chunks))


@pytest.mark.parametrize(
    ("status", "kind", "attributes"),
    [
        (401, SkipCall, {"code": "source_unavailable"}),
        (410, SkipCall, {"code": "source_unavailable"}),
        (400, SkipCall, {"code": "source_unavailable"}),
        (407, SkipCall, {"code": "source_unavailable"}),
        (451, SkipCall, {"code": "source_unavailable"}),
        (304, SkipCall, {"code": "source_unavailable"}),
        (302, SkipCall, {"code": "source_unavailable"}),
        (403, RetryLater, {"after": 300, "counts": True}),
        (404, RetryLater, {"after": 300, "counts": True}),
        (202, RetryLater, {"after": 300, "counts": True}),
        (204, RetryLater, {"after": 300, "counts": True}),
        (206, RetryLater, {"after": 60, "counts": True}),
        (408, RetryLater, {"after": 60, "counts": True}),
        (500, RetryLater, {"after": 60, "counts": True}),
        (503, RetryLater, {"after": 60, "counts": True}),
        (429, RetryLater, {"after": 60, "counts": False}),
    ],
)
def test_every_status_of_a_host_has_its_verdict(
    fetched: Callable[..., bytes], status: int, kind: type[Verdict], attributes: dict[str, Any]
) -> None:
    with refused(kind, r"127\.0\.0\.1 .*\.$", **attributes):
        fetched(answering(status, b"<html>secret</html>"))


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_says_when_to_come_back(fetched: Callable[..., bytes], status: int) -> None:
    with refused(RetryLater, after=900):
        fetched(answering(status, retry_after="900"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + OGG,
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["closed", "truncated", "cut in the headers", "no HTTP"],
)
def test_a_broken_download_is_never_sent_on(fetched: Callable[..., bytes], data: bytes) -> None:
    with refused(RetryLater, r"could not be fetched from 127\.0\.0\.1"):
        fetched(sending(data))


def test_a_length_the_host_states_counts_more_than_that_of_the_crm(fetched: Callable[..., bytes]) -> None:
    assert fetched(answering(200, OGG), facts={"size": len(OGG) + 1}) == OGG


def test_a_length_only_the_crm_knows_is_checked(fetched: Callable[..., bytes]) -> None:
    closing = sending(b"HTTP/1.1 200 OK\r\n\r\n" + OGG)
    assert fetched(closing, facts={"size": len(OGG)}) == OGG
    with refused(RetryLater, f"came with {len(OGG)} of {len(OGG) + 1} bytes"):
        fetched(closing, facts={"size": len(OGG) + 1})


def test_a_host_nobody_listens_on_is_tried_again(
    source: Source, downloader: Download, recording: Recorded, closed_port: int
) -> None:
    with refused(RetryLater, "it refused the connection"):
        fetch(downloader(source(closed_port)), recording(f"http://127.0.0.1:{closed_port}/secret"))


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"<!doctype html><title>Sign in</title>", {"content_type": "text/html; charset=utf-8"}, "not_audio"),
        (b"<!doctype html><title>Sign in</title>", {"content_type": "audio/mpeg"}, "not_audio"),
        (b'{"error": "secret"}', {"content_type": "application/json"}, "not_audio"),
        (b'{"error": "secret"}', {}, "not_audio"),
        (OGG, {"content_type": "text/html"}, "not_audio"),
        (b"#!AMR\n" + bytes(99), {"content_type": "audio/wav"}, "unsupported_audio"),
    ],
)
def test_what_is_no_usable_audio_is_never_sent_on(
    fetched: Callable[..., bytes], body: bytes, headers: dict[str, str], code: str
) -> None:
    with refused(SkipCall, code=code):
        fetched(answering(200, body, **headers))


def test_an_empty_recording_may_still_be_written(fetched: Callable[..., bytes]) -> None:
    with refused(RetryLater, "is empty", after=300):
        fetched(answering(200, b"", content_type="audio/mpeg"))


def test_a_recording_larger_than_allowed_ends_at_the_limit(fetched: Callable[..., bytes]) -> None:
    sent: list[int] = []

    def large(peer: Any) -> None:
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nOggS")
        for number in range(1000):
            peer.send(bytes(65536))
            sent.append(number)

    with refused(
        SkipCall, r"larger than 500,000 bytes.*Raise `recordings.max_bytes`", code="audio_too_large"
    ):
        fetched(large, max_bytes=500_000)
    assert len(sent) < 1000, "the rest of the 65 MB was not asked for"
    assert fetched(answering(200, OGG), max_bytes=len(OGG)) == OGG


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nOggS"], ids=["head", "body"]
)
def test_the_deadline_ends_a_recording_that_trickles(fetched: Callable[..., bytes], start: bytes) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.send(start)
        peer.trickle(b"H")

    began = time.monotonic()
    with refused(RetryLater, "it did not respond in time"):
        fetched(talk, seconds=0.3)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_redirects_share_one_deadline(fetched: Callable[..., bytes]) -> None:
    def slow(peer: Any) -> None:
        peer.head()
        peer.stop.wait(0.15)
        peer.answer(302, location="/again")

    with refused(RetryLater, "it did not respond in time"):
        fetched(slow, seconds=0.4)


def test_a_silent_host_is_given_up(fetched: Callable[..., bytes]) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\nOggS")
        peer.stop.wait(20)

    began = time.monotonic()
    with refused(RetryLater, "it did not respond in time"):
        fetched(talk, seconds=600, idle_seconds=0.2)
    assert time.monotonic() - began < AT_MOST_SECONDS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(fetched: Callable[..., bytes], status: int) -> None:
    def talk(peer: Any) -> None:
        if b"/calls/secret" in peer.head():
            peer.answer(status, location="../moved?token=secret")
        else:
            peer.answer(200, OGG)

    assert fetched(talk) == OGG


def test_redirects_end_after_the_fifth(fetched: Callable[..., bytes]) -> None:
    asked: list[bytes] = []

    def talk(peer: Any) -> None:
        asked.append(peer.head().split(b"\r\n")[0])
        peer.answer(302, location=f"/hop{len(asked)}?token=secret")

    with refused(SkipCall, "redirects more than 5 times", code="bad_link"):
        fetched(talk)
    assert len(asked) == 6


@pytest.mark.parametrize(
    ("location", "addresses", "code"),
    [
        ("https://evil.test/secret", {}, "host_not_allowed"),
        ("https://127.0.0.1.evil.test/secret", {}, "host_not_allowed"),
        ("https://listed.test/secret", {"listed.test": ["10.0.0.1"]}, "host_not_allowed"),
        ("https://listed.test/secret", {"listed.test": ["93.184.215.14", "::1"]}, "host_not_allowed"),
        ("https://listed.test/secret", {"listed.test": ["169.254.169.254"]}, "host_not_allowed"),
        ("https://listed.test/secret", {"listed.test": ["127.0.0.1"]}, "host_not_allowed"),
        ("http://listed.test/secret", {"listed.test": ["93.184.215.14"]}, "bad_link"),
        ("https://user:secret@listed.test/", {}, "bad_link"),
        ("https://2130706433/secret", {}, "bad_link"),
    ],
)
def test_a_redirect_never_leads_to_where_a_link_could_not(
    serve: Serve,
    source: Source,
    downloader: Download,
    recording: Recorded,
    resolve_to: ResolveTo,
    location: str,
    addresses: dict[str, list[str]],
    code: str,
) -> None:
    server = serve(answering(302, location=location))
    resolve = resolve_to({"127.0.0.1": ["127.0.0.1"], **addresses})
    sources = source(server.port), source(name="listed", hosts=["listed.test"])
    with refused(SkipCall, code=code):
        fetch(downloader(*sources, resolve=resolve), recording(f"{server.url}/secret"))
    assert server.connections == 1


def test_a_name_is_looked_up_once_for_each_connection(
    serve: Serve, source: Source, downloader: Download, recording: Recorded
) -> None:
    server = serve(answering(200, OGG))
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    downloading = downloader(
        source(server.port, hosts=["localhost"]), resolve=lambda host, port: next(answers)
    )
    link = recording(f"http://localhost:{server.port}/x")
    assert fetch(downloading, link) == OGG
    with refused(SkipCall, code="host_not_allowed"):
        fetch(downloading, link)


def test_a_login_reaches_its_own_host_and_is_dropped_on_the_way_to_any_other(
    serve: Serve, source: Source, downloader: Download, recording: Recorded
) -> None:
    own: list[bytes] = []
    other: list[bytes] = []

    def elsewhere(peer: Any) -> None:
        other.append(peer.head())
        peer.answer(200, OGG)

    storage = serve(elsewhere)

    def provider(peer: Any) -> None:
        own.append(peer.head())
        to = f"http://localhost:{storage.port}/x?signature=secret" if len(own) > 1 else "/second"
        peer.answer(302, location=to, set_cookie="session=secret")

    server = serve(provider)
    login = {"type": "basic", "username": "AC1", "password": "sesame-77"}
    sources = (
        source(server.port, credential=login),
        source(
            storage.port,
            name="storage",
            hosts=["localhost"],
            credential={"type": "bearer", "token": "other-88"},
        ),
    )
    assert fetch(downloader(*sources), recording(f"{server.url}/x")) == OGG
    sent = b"authorization: basic " + base64.b64encode(b"AC1:sesame-77").lower()
    assert [sent in head.lower() for head in own] == [True, True]
    for name in (b"authorization", b"cookie", b"referer", b"sesame", b"other-88"):
        assert name not in other[0].lower(), "a host reached by a redirect is told nothing"


def test_nothing_of_a_link_is_logged(fetched: Callable[..., bytes], caplog: pytest.LogCaptureFixture) -> None:
    def talk(peer: Any) -> None:
        if b"hop" in peer.head():
            peer.answer(404)
        else:
            peer.answer(302, location="/hop?signature=secret")

    with caplog.at_level(logging.DEBUG), refused(RetryLater):
        fetched(talk)
    assert "secret" not in caplog.text


CHECKSUMS = [
    f"md5:{hashlib.md5(OGG, usedforsecurity=False).hexdigest()}",
    f"md5:{hashlib.md5(OGG, usedforsecurity=False).hexdigest().upper()}",
    f"sha256:{hashlib.sha256(OGG).hexdigest()}",
    "crc32:00000000",
    None,
]


@pytest.mark.parametrize("checksum", CHECKSUMS)
def test_audio_from_the_crm_is_saved_and_checked(
    downloader: Download, recording: Recorded, checksum: str | None
) -> None:
    facts = recording(size=len(OGG), checksum=checksum)
    with downloader().save(io.BytesIO(OGG), facts) as audio:
        assert audio.path.read_bytes() == OGG
        assert (audio.sha256, audio.extension) == (hashlib.sha256(OGG).hexdigest(), "ogg")
    assert not audio.path.exists()


@pytest.mark.parametrize(
    ("content", "facts", "kind", "match"),
    [
        (OGG[:-1], {}, RetryLater, "came with"),
        (b"", {}, RetryLater, "is empty"),
        (OGG[:-1] + b"?", {}, RetryLater, "does not match its checksum"),
        (OGG[:-1] + b"?", {"checksum": f"md5:{'0' * 32}"}, RetryLater, "does not match its checksum"),
        (b"<html>sign in</html>", {"size": None, "checksum": None}, SkipCall, "not audio"),
    ],
)
def test_damaged_audio_from_the_crm_is_never_sent_on(
    downloader: Download,
    recording: Recorded,
    content: bytes,
    facts: dict[str, Any],
    kind: type[Verdict],
    match: str,
) -> None:
    stated = recording(size=len(OGG), checksum=f"sha256:{hashlib.sha256(OGG).hexdigest()}")
    with refused(kind, match), downloader().save(io.BytesIO(content), replace(stated, **facts)):
        pass


def test_audio_from_the_crm_has_the_same_limits(downloader: Download, recording: Recorded) -> None:
    with (
        refused(SkipCall, code="audio_too_large"),
        downloader(max_bytes=99).save(io.BytesIO(OGG), recording()),
    ):
        pass
    with refused(RetryLater, "in time"), downloader().save(io.BytesIO(OGG), recording(), deadline_seconds=0):
        pass


def test_a_full_disk_makes_calls_wait_and_is_nobodys_fault() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        sink = Sink(full, 1000, None)
        with refused(RetryLater, "disk that holds recordings is full", counts=False):
            sink.write(b"words")


def test_the_sandbox_host_is_read_like_a_real_one(
    source: Source, downloader: Download, recording: Recorded
) -> None:
    audio = sandbox.Audio(OGG)
    host = sandbox.RecordingHost(credentials=("AC1", "sesame-77"))
    host.put("/plain", audio)
    host.put("/locked", audio, protected=True)
    host.put("/late", sandbox.Late(audio))
    host.put("/moved", sandbox.Redirect("/plain"))
    host.put("/truncated", sandbox.Truncated(audio))
    host.put("/page", sandbox.LoginPage())
    host.put("/empty", sandbox.Empty())
    host.put("/expired", sandbox.Expiring(audio, datetime.now(UTC) - timedelta(minutes=1)))
    with RunningServer(host) as server:
        login = {"type": "basic", "username": "AC1", "password": "sesame-77"}
        without, with_login = (
            downloader(source(server.port)),
            downloader(source(server.port, credential=login)),
        )

        def link(path: str) -> Recording:
            return recording(f"{server.url}{path}")

        assert fetch(without, link("/plain")) == fetch(without, link("/moved")) == OGG
        assert fetch(with_login, link("/locked")) == OGG
        with refused(SkipCall, code="source_unavailable"):
            fetch(without, link("/locked"))
        with refused(RetryLater, after=300):
            fetch(without, link("/late"))
        assert fetch(without, link("/late")) == OGG
        for path, kind in [("/truncated", RetryLater), ("/page", SkipCall), ("/empty", RetryLater)]:
            with refused(kind):
                fetch(without, link(path))
        with refused(RetryLater, after=300):
            fetch(without, link("/expired"))
