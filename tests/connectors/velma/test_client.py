"""What Velma is sent, and what becomes of every way in which it can answer or fail to."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from velma_connectors.analysis import AnalysisConfig
from velma_connectors.errors import OutcomeUnknown, RetryLater, SkipCall, SpendStop, Verdict
from velma_connectors.protocol import Audio
from velma_connectors.velma.analyzer import VelmaAnalyzer
from velma_connectors.velma.request import batch_config

AnalyzerAt = Callable[[str], VelmaAnalyzer]
Serve = Callable[..., Any]
BATCH = "/api/velma-2-batch"
PRESETS = "/api/velma-2-batch/list-presets"
ANSWER = b'{"duration_ms": 10, "clips": [], "behaviors": []}'
AT_MOST_SECONDS = 10.0


def ask(analyzer: VelmaAnalyzer, audio: Audio, config: AnalysisConfig, seconds: float = 20.0) -> bytes:
    return analyzer.analyze(audio, config, deadline_seconds=seconds)


def test_the_form_holds_the_audio_by_its_container_and_the_config_as_text(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, key: str
) -> None:
    received: list[tuple[bytes, bytes]] = []

    def talk(peer: Any) -> None:
        received.append(peer.request())
        peer.answer(200, ANSWER)

    answer = ask(analyzer_at(serve(talk).url), audio, config)
    head, body = received[0]
    line, _, headers = head.partition(b"\r\n")
    form = BytesParser(policy=HTTP).parsebytes(headers + b"\r\n\r\n" + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    file, text = parts["upload_file"], parts["config"]

    assert answer == ANSWER, "the answer is handed over as it came"
    assert line == b"POST /api/velma-2-batch HTTP/1.1"
    assert form["X-API-Key"] == key
    assert int(form["Content-Length"]) == len(body), "no chunked upload"
    assert set(parts) == {"upload_file", "config"}
    assert file.get_filename() == "recording.ogg"
    assert file.get_content_type() == "audio/ogg"
    assert file.get_payload(decode=True) == audio.path.read_bytes()
    assert text.get_filename() is None
    assert "Content-Type" not in text, "the config is a plain form string"
    assert json.loads(str(text.get_payload())) == batch_config(config)


@pytest.mark.parametrize("extension", ["wav", "mp3", "mp4"])
def test_an_upload_is_named_by_its_container_and_says_nothing_else(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, extension: str
) -> None:
    bodies: list[bytes] = []

    def talk(peer: Any) -> None:
        bodies.append(peer.request()[1])
        peer.answer(200, ANSWER)

    sent = replace(audio, extension=extension, media_type=f"audio/x-{extension}")
    ask(analyzer_at(serve(talk).url), sent, config)
    assert re.findall(rb'filename="([^"]*)"\r\nContent-Type: (\S+)', bodies[0]) == [
        (f"recording.{extension}".encode(), f"audio/x-{extension}".encode())
    ]


def test_a_paid_request_is_never_sent_twice(
    httpserver: HTTPServer, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig
) -> None:
    httpserver.expect_request(BATCH).respond_with_data(status=503)
    with pytest.raises(RetryLater):
        ask(analyzer_at(httpserver.url_for("")), audio, config)
    assert len(httpserver.log) == 1


CREDITS = '{"detail":"Insufficient credits."}'
LISTED = '{"detail":[{"loc":["header","x-api-key"],"msg":"Field required","type":"missing"}]}'
NO_FILE = '{"detail":[{"loc":["body","upload_file"],"msg":"Field required","type":"missing"}]}'


def skip(code: str) -> tuple[type[Verdict], dict[str, Any]]:
    return SkipCall, {"code": code}


def stop(code: str, retry_after: float | None) -> tuple[type[Verdict], dict[str, Any]]:
    return SpendStop, {"code": code, "retry_after": retry_after}


def later(after: float, *, counts: bool = True) -> tuple[type[Verdict], dict[str, Any]]:
    return RetryLater, {"after": after, "counts": counts}


UNKNOWN: tuple[type[Verdict], dict[str, Any]] = (OutcomeUnknown, {})

STATUSES = [
    (400, '{"detail":"Unsupported file format. Supported formats: .aac."}', skip("audio_rejected")),
    (400, '{"detail":"The uploaded file is empty."}', skip("audio_rejected")),
    (400, '{"detail":"The audio could not be processed. It may be corrupted."}', skip("audio_rejected")),
    (400, '{"detail":"Invalid request."}', skip("audio_rejected")),
    (415, "", skip("audio_rejected")),
    (413, '{"detail":"File too large"}', skip("audio_too_large")),
    (401, '{"detail":"Invalid API key"}', stop("auth", 600)),
    (401, "<html>login</html>", stop("auth", 600)),
    (402, "", stop("credits", 900)),
    (403, '{"detail":"This request is not permitted."}', stop("auth", 600)),
    (403, '{"detail":"Model access not enabled."}', stop("auth", 600)),
    (403, '{"detail":"Monthly limit reached."}', stop("quota", 3600)),
    (403, '{"detail":"usage limit exceeded"}', stop("quota", 3600)),
    (403, "", stop("auth", 600)),
    (422, '{"detail":"Invalid configuration."}', stop("config", None)),
    (422, '{"detail":"Invalid behavior preset: service-churn"}', stop("config", None)),
    (422, NO_FILE, stop("config", None)),
    (422, LISTED, stop("auth", 600)),
    (429, CREDITS, stop("credits", 900)),
    (429, '{"detail":"Concurrency limit reached."}', later(15, counts=False)),
    (429, '{"detail":"Too many requests"}', later(15, counts=False)),
    (429, '{"detail":"Monthly usage limit reached."}', stop("quota", 3600)),
    (429, "", later(15, counts=False)),
    (404, '{"detail":"Not Found"}', stop("config", 600)),
    (405, "", stop("config", 600)),
    (301, "", stop("config", 600)),
    (500, '{"detail":"Internal server error"}', later(30)),
    (502, '{"detail":"Unable to validate request. Please try again."}', later(30)),
    (503, "", later(30)),
    (522, "", later(30)),
    (504, '{"detail":"timeout"}', UNKNOWN),
    (524, "", UNKNOWN),
    (520, "", UNKNOWN),
    (507, "", UNKNOWN),
    (202, "", UNKNOWN),
    (418, "", later(300)),
    (600, "", UNKNOWN),
]


@pytest.mark.parametrize(("status", "body", "expected"), STATUSES, ids=lambda value: str(value)[:40])
def test_every_status_has_its_verdict(
    serve: Serve,
    analyzer_at: AnalyzerAt,
    audio: Audio,
    config: AnalysisConfig,
    status: int,
    body: str,
    expected: tuple[type[Verdict], dict[str, Any]],
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.answer(status, body.encode())

    with pytest.raises(Verdict) as raised:
        ask(analyzer_at(serve(talk).url), audio, config)
    kind, attributes = expected
    assert type(raised.value) is kind
    assert {name: getattr(raised.value, name) for name in attributes} == attributes
    message = str(raised.value)
    assert str(status) in message
    assert "{" not in message, "a placeholder was left open"
    assert message.endswith(".")


def test_a_retry_after_lengthens_the_wait_but_not_without_end(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig
) -> None:
    waits = iter(["90", "3", "999999999"])

    def talk(peer: Any) -> None:
        peer.request()
        peer.answer(429, retry_after=next(waits))

    analyzer = analyzer_at(serve(talk).url)
    after = []
    for _ in range(3):
        with pytest.raises(RetryLater) as raised:
            ask(analyzer, audio, config)
        after.append(raised.value.after)
    assert after == [90, 15, 24 * 60 * 60]


def test_an_error_whose_body_is_cut_still_has_the_verdict_of_its_status(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\n{")

    with pytest.raises(RetryLater):
        ask(analyzer_at(serve(talk).url), audio, config)


def test_no_connection_is_nobodys_fault_and_waits(
    analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, closed_port: int
) -> None:
    with pytest.raises(RetryLater, match="it refused the connection") as raised:
        ask(analyzer_at(f"http://127.0.0.1:{closed_port}"), audio, config)
    assert not raised.value.counts


def test_an_upload_cut_halfway_was_not_billed_and_counts_as_a_try(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig
) -> None:
    def talk(peer: Any) -> None:
        peer.head()
        peer.reset()

    with audio.path.open("r+b") as file:
        file.truncate(32_000_000)
    with pytest.raises(RetryLater, match="did not receive the request") as raised:
        ask(analyzer_at(serve(talk).url), audio, config)
    assert raised.value.counts


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n<html>sign in</html>\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER[:-1],
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["closed", "cut in its body", "a page", "cut without a stated length", "empty"],
)
def test_a_sent_request_without_a_whole_answer_may_have_been_billed(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, answer: bytes
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(answer)

    with pytest.raises(OutcomeUnknown, match="may have been billed"):
        ask(analyzer_at(serve(talk).url), audio, config)


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"], ids=["head", "body"]
)
def test_the_deadline_ends_an_answer_that_trickles(
    serve: Serve, analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, start: bytes
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.send(start)
        peer.trickle(b" " if start else b"H")

    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        ask(analyzer_at(serve(talk).url), audio, config, seconds=0.4)
    assert time.monotonic() - began < AT_MOST_SECONDS


def test_a_recording_above_the_limit_is_skipped_without_a_request(
    analyzer_at: AnalyzerAt, audio: Audio, config: AnalysisConfig, closed_port: int
) -> None:
    large = replace(audio, size=100_000_001)
    with pytest.raises(SkipCall, match=r"100,000,001 bytes.* compressed format") as raised:
        ask(analyzer_at(f"http://127.0.0.1:{closed_port}"), large, config)
    assert raised.value.code == "audio_too_large"


def test_a_hundred_megabytes_are_sent_without_being_held_in_memory(serve: Serve, tmp_path: Path) -> None:
    sizes: list[int] = []

    def talk(peer: Any) -> None:
        sizes.append(peer.swallow())
        peer.answer(200, ANSWER)

    large, small = tmp_path / "large", tmp_path / "small"
    small.write_bytes(b"OggS")
    with large.open("wb") as file:
        file.truncate(100_000_000)
    script = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        from velma_connectors.analysis import AnalysisConfig
        from velma_connectors.protocol import Audio
        from velma_connectors.velma.analyzer import VelmaAnalyzer
        from velma_connectors.velma.options import VelmaOptions

        options = VelmaOptions.model_validate({"base_url": sys.argv[1], "api_key": "invented"})
        analyzer = VelmaAnalyzer(options)
        config = AnalysisConfig("velma-2", (), (), ())
        for name in sys.argv[2:]:
            path = Path(name)
            audio = Audio(path, "", path.stat().st_size, "audio/ogg", "ogg")
            analyzer.analyze(audio, config, deadline_seconds=60)
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        """
    )
    command = [sys.executable, "-c", script, serve(talk).url, str(small), str(large)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    before, after = map(int, run.stdout.split())
    assert sizes[1] > 100_000_000
    assert after - before < 10_000, f"{after - before} KiB more for an upload of 100 MB"


def test_the_probe_lists_the_presets_the_account_may_use(
    httpserver: HTTPServer, analyzer_at: AnalyzerAt, key: str
) -> None:
    presets = [
        {"identifier": "service_churn", "name": "Service Churn"},
        {"identifier": "rapport_building", "name": "Rapport Building"},
        {"name": "without one"},
        "odd",
        {"identifier": ["odd"]},
    ]
    httpserver.expect_request(PRESETS, "GET", headers={"X-API-Key": key}).respond_with_json(
        {"presets": presets}
    )
    assert analyzer_at(httpserver.url_for("")).check().presets == ("rapport_building", "service_churn")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, "", SpendStop),
        (429, CREDITS, SpendStop),
        (429, "", RetryLater),
        (502, "", RetryLater),
        (504, "", RetryLater),
        (400, "", RetryLater),
        (200, "<html>", RetryLater),
        (200, "[]", RetryLater),
        (200, '{"presets": []}', RetryLater),
    ],
)
def test_a_failed_probe_either_waits_or_stops_spending(
    httpserver: HTTPServer, analyzer_at: AnalyzerAt, status: int, body: str, kind: type[Verdict]
) -> None:
    httpserver.expect_request(PRESETS).respond_with_data(body, status)
    with pytest.raises(kind):
        analyzer_at(httpserver.url_for("")).check()


def test_a_probe_that_is_cut_waits(serve: Serve, analyzer_at: AnalyzerAt) -> None:
    with pytest.raises(RetryLater, match="did not list its presets"):
        analyzer_at(serve(lambda peer: peer.head()).url).check()


def test_neither_key_nor_answer_is_ever_shown(
    serve: Serve,
    analyzer_at: AnalyzerAt,
    audio: Audio,
    config: AnalysisConfig,
    key: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def talk(peer: Any) -> None:
        peer.request()
        peer.answer(422, b'{"detail":"Invalid configuration. spoken-words"}')

    analyzer = analyzer_at(serve(talk).url)
    with caplog.at_level(logging.DEBUG), pytest.raises(SpendStop) as raised:
        ask(analyzer, audio, config)
    chain: BaseException | None = raised.value
    shown = [caplog.text, repr(analyzer), repr(vars(analyzer))]
    while chain is not None:
        shown.append(f"{chain!s} {chain!r}")
        chain = chain.__cause__ or chain.__context__
    assert not [text for text in shown if key in text or "spoken-words" in text]
