from __future__ import annotations

import io
import json
import logging
import os
import pty
import sys

import pytest
import structlog

from velma_sync.cli.options import shown_level
from velma_sync.log import configure, redact_text


@pytest.fixture
def stream() -> io.StringIO:
    output = io.StringIO()
    configure("info", output)
    return output


def events(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("text", "kept", "hidden"),
    [
        ("Authorization: Bearer abc.DEF-123456", "Bearer", "abc.DEF-123456"),
        ("sent Basic QUM6c2VjcmV0LXRva2Vu ok", "ok", "QUM6c2VjcmV0LXRva2Vu"),
        ("service key pat-na1-1f2e3d4c-aaaa-bbbb was refused", "was refused", "1f2e3d4c"),
        ("session 00D5f000000AbCd!AQ4AQFx_y.z9 ended", "ended", "AQ4AQFx_y"),
        ("GET https://host/recording/1?sig=abc&exp=9 failed", "https://host/recording/1", "sig=abc"),
        ("GET https://AC1:s3cret@api.host/x failed", "api.host/x", "s3cret"),
        ("wss://host/api?api_key=k-123", "wss://host/api", "k-123"),
        ("client_secret=topsecret&grant_type=x", "grant_type=x", "topsecret"),
        ("{'password': 'hunter2', 'user': 'u'}", "'user': 'u'", "hunter2"),
        ("jwt eyJhbGciOi.eyJpc3Mi.c2lnbmF0dXJl end", "end", "c2lnbmF0dXJl"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- end", "end", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "", "MIIE"),
    ],
)
def test_secrets_in_text_are_hidden_by_what_they_look_like(text: str, kept: str, hidden: str) -> None:
    shown = redact_text(text)
    assert hidden not in shown
    assert kept in shown


@pytest.mark.parametrize(
    "text",
    [
        "sales-eu:Task:00T5f00000AbCdE is done",
        "3 tokens left in the bucket",
        "https://platform.modulate.ai refused the key",
        "velma-sync.yaml:3:1: 'consumer_secret' is missing.",
    ],
)
def test_plain_sentences_stay_as_they_are(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "name",
    [
        *(
            "api_key",
            "X-API-Key",
            "Authorization",
            "access_token",
            "consumer_secret",
            "password",
            "session_id",
        ),
        *("private_key", "locator", "transcript", "assertion", "Cookie"),
    ],
)
def test_values_with_a_secret_name_are_hidden_at_any_depth(stream: io.StringIO, name: str) -> None:
    structlog.get_logger("velma_sync.test").info(
        "x", action="x", **{name: "hunter2"}, nested=[{name: "hunter2"}]
    )
    assert "hunter2" not in stream.getvalue()
    assert "[redacted]" in stream.getvalue()


def test_an_event_is_one_json_line_with_its_action_and_an_aware_time(stream: io.StringIO) -> None:
    structlog.get_logger("velma_sync.test").info("Discovered calls", action="discovered", calls=3)
    (event,) = events(stream)
    assert event["event"] == "Discovered calls"
    assert event["action"] == "discovered"
    assert event["calls"] == 3
    assert event["level"] == "info"
    assert str(event["timestamp"]).endswith("Z")


def test_a_traceback_is_one_line_and_redacted(stream: io.StringIO) -> None:
    error = ValueError("token=hunter2")
    structlog.get_logger("velma_sync.test").error("Failed", action="failed", exc_info=error)
    (event,) = events(stream)
    assert "ValueError" in str(event["exception"])
    assert "hunter2" not in stream.getvalue()


def test_libraries_are_heard_from_warning_on_and_redacted(stream: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: GET https://host/x")
    logging.getLogger("urllib3").warning("Retrying %s", "https://host/x?sig=hunter2")
    (event,) = events(stream)
    assert event["event"] == "Retrying https://host/x?[redacted]"
    assert event["logger"] == "urllib3"


def test_our_own_debug_events_are_shown_only_when_asked_for(stream: io.StringIO) -> None:
    log = structlog.get_logger("velma_sync.test")
    log.debug("hidden", action="x")
    configure("debug", stream)
    log.debug("shown", action="x")
    assert [event["event"] for event in events(stream)] == ["shown"]


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    configure("info", terminal)
    structlog.get_logger("velma_sync.test").info("Discovered calls", action="discovered")
    assert "Discovered calls" in terminal.getvalue()
    assert "{" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("configured", "watched"), [("info", "warning"), ("debug", "debug"), ("error", "error")]
)
def test_at_a_terminal_only_what_fails_interrupts_a_command(
    monkeypatch: pytest.MonkeyPatch, configured: str, watched: str
) -> None:
    assert shown_level(configured) == configured, "a service manager reads everything"
    far, near = pty.openpty()
    with os.fdopen(far), os.fdopen(near, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert shown_level(configured) == watched
