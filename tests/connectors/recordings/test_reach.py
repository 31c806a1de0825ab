"""Whether a recording could be fetched, asked of servers over sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.errors import RetryLater, SkipCall, Verdict
from velma_connectors.recordings.reach import RecordingReach
from velma_connectors.sandbox.server import RunningServer

SOUND = b"OggS" + bytes(1_000_000)


@pytest.fixture
def answers() -> dict[str, Response]:
    """What the host answers, by path; everything else is not found."""
    return {}


@pytest.fixture
def host(answers: dict[str, Response]) -> Iterator[RunningServer]:
    @Request.application
    def application(request: Request) -> Response:
        return answers.get(request.path, Response(status=404))

    with RunningServer(application) as server:
        yield server


@pytest.fixture
def check(
    host: RunningServer, recording: Callable[..., Any], source: Callable[..., Any]
) -> Callable[..., None]:
    def reach(path: str, **settings: Any) -> None:
        listed = source(host.port, **{"hosts": ["127.0.0.1"], **settings})
        RecordingReach([listed]).check(recording(f"{host.url}{path}"))

    return reach


def test_a_recording_is_reached_by_its_first_bytes(check: Any, answers: dict[str, Response]) -> None:
    answers["/whole"] = Response(SOUND, content_type="audio/ogg")
    answers["/part"] = Response(SOUND[:8192], 206, content_type="audio/ogg")
    answers["/short"] = Response(b"OggS", content_type="application/octet-stream")
    for path in answers:
        check(path)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Response(status=401), SkipCall, "asks for a login"),
        (Response(status=410), SkipCall, "was deleted"),
        (Response(status=503), RetryLater, "answered with status 503"),
        (Response("<html>", content_type="text/html"), SkipCall, "web page"),
        (Response(b"%PDF-1.7 is no audio", content_type="audio/ogg"), SkipCall, "not audio|no audio"),
        (Response(status=302, headers={"Location": "/again"}), SkipCall, "more than 5 times"),
        (
            Response(status=302, headers={"Location": "https://elsewhere.example/x"}),
            SkipCall,
            "not in your list of allowed hosts",
        ),
    ],
)
def test_what_keeps_a_recording_from_being_fetched_is_told(
    check: Any, answers: dict[str, Response], answer: Response, kind: type[Verdict], words: str
) -> None:
    answers["/again"] = answer
    with pytest.raises(kind, match=words) as told:
        check("/again")
    assert "/again" not in str(told.value)


def test_the_login_of_the_source_goes_with_the_request(recording: Any, source: Any) -> None:
    asked: list[str | None] = []

    @Request.application
    def application(request: Request) -> Response:
        asked.append(request.headers.get("Authorization"))
        return Response(SOUND, content_type="audio/ogg")

    with RunningServer(application) as server:
        credential = {"type": "bearer", "token": "a-token"}
        listed = source(server.port, hosts=["127.0.0.1"], credential=credential)
        RecordingReach([listed]).check(recording(f"{server.url}/one"))
    assert asked == ["Bearer a-token"]


def test_a_name_that_nobody_knows_is_told(recording: Any, source: Any) -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    reach = RecordingReach([source(hosts=["dialer.example"])], resolve=nobody)
    with pytest.raises(RetryLater, match=r"could not be fetched from dialer\.example"):
        reach.check(recording("https://dialer.example/one"))
