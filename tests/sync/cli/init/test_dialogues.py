"""`velma-sync init` at a real terminal: what is to be read there, from question to question."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
Golden = Callable[[str], str]

PATIENCE_SECONDS = 60
PROGRAM = "from velma_sync.cli.main import main; main()"
CTRL_C, CTRL_D = "\x03", "\x04"


def at_a_terminal(arguments: Sequence[str], answers: Sequence[str]) -> tuple[str, int]:
    """Run the command at a terminal of its own; all that is to be seen there, and its exit code.

    An answer is typed when something is asked: when a line that is not ended ends with a colon.
    """
    child, terminal = pty.fork()
    if child == 0:
        environment = {**os.environ, "TERM": "dumb"}
        os.execve(sys.executable, [sys.executable, "-c", PROGRAM, *arguments], environment)
    seen, question, left, key = b"", b"", list(answers), b""
    while True:
        if key and not select.select([terminal], [], [], 1)[0]:
            # Python may have missed it between printing a question and waiting for the answer.
            os.write(terminal, key)
        ready, _, _ = select.select([terminal], [], [], PATIENCE_SECONDS)
        assert ready, f"nothing more came after: {seen.decode()}"
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says so when nobody holds the other end any more.
            break
        if not piece:
            break
        seen, question = seen + piece, question + piece
        if question.endswith(b": "):
            assert left, f"asked more than expected: {seen.decode()}"
            answer, question = left.pop(0), b""
            key = answer.encode() if answer in (CTRL_C, CTRL_D) else b""
            os.write(terminal, key or f"{answer}\n".encode())
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert not left, f"never asked for {left}"
    return seen.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(status)


def agreed(transcript: str) -> str:
    """What is the same in every run."""
    without_ports = re.sub(r"(127\.0\.0\.1):\d+", r"\1:PORT", transcript)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "NOW", without_ports)


@pytest.mark.parametrize("kind", ["salesforce", "hubspot"])
def test_a_whole_dialogue_reads_as_agreed_and_leads_to_trusted_fields(
    kind: str, golden: Golden, velma_sync: Command, desk: Any
) -> None:
    desk.add_fields(kind)
    arguments, answers = desk.dialogue(kind)
    transcript, code = at_a_terminal(arguments, answers)
    assert agreed(transcript) == golden(f"init_{kind}.txt")
    assert code == ExitCode.FINE
    secrets = [
        desk.room.addresses.client_secret,
        desk.room.addresses.access_token,
        desk.room.addresses.api_key,
    ]
    assert not any(secret in transcript for secret in secrets)
    assert desk.room.usage()["velma"]["billed"] == 0

    assert velma_sync("provision", "--apply", "--yes").code == ExitCode.FINE
    outcome = velma_sync("doctor")
    assert outcome.code == ExitCode.FINE, outcome.out


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_the_keys_that_end_a_command_end_it(key: str, desk: Any) -> None:
    for before in ([], ["hubspot", "sales"]):
        transcript, code = at_a_terminal(["init"], [*before, key])
        # The terminal shows a key that was pressed again, even behind the last word.
        assert transcript.replace("^C", "").endswith("velma-sync: interrupted.\n")
        assert code == ExitCode.INTERRUPTED
        assert desk.files() == set()
