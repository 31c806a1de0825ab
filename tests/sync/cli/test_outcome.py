from __future__ import annotations

import sys

import click
import pytest

from velma_connectors.errors import (
    CallGone,
    ConfigError,
    OutcomeUnknown,
    Problem,
    RetryLater,
    SkipCall,
    SpendStop,
    StopConnection,
)
from velma_sync.cli.outcome import ExitCode, exit_with_outcome
from velma_sync.ledger.lock import LedgerInUse


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (
            ConfigError([Problem("a.yaml:1:2", "is wrong.", "Mend it."), Problem("b.yaml", "is not there.")]),
            ExitCode.CONFIGURATION,
            "a.yaml:1:2: is wrong. Mend it.\nb.yaml: is not there.\n",
        ),
        (RetryLater("The CRM is busy."), ExitCode.REFUSED, "The CRM is busy.\n"),
        (StopConnection("The secret is wrong."), ExitCode.REFUSED, "The secret is wrong.\n"),
        (SpendStop("No credits.", code="credits"), ExitCode.REFUSED, "No credits.\n"),
        (OutcomeUnknown("No answer came."), ExitCode.REFUSED, "No answer came.\n"),
        (SkipCall("No audio.", code="not_audio"), ExitCode.ATTENTION, "No audio.\n"),
        (CallGone("It was deleted."), ExitCode.ATTENTION, "It was deleted.\n"),
        (LedgerInUse("Another daemon works."), ExitCode.ATTENTION, "Another daemon works.\n"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "velma-sync: interrupted.\n"),
        (click.Abort(), ExitCode.INTERRUPTED, "velma-sync: interrupted.\n"),
    ],
)
def test_every_error_ends_as_sentences_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: ExitCode, told: str
) -> None:
    def command() -> int:
        raise error

    assert exit_with_outcome(command) == code
    captured = capsys.readouterr()
    assert captured.err == told
    assert captured.out == ""


def test_a_mistake_of_ours_is_told_with_its_redacted_trace(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> int:
        raise ValueError("token=hunter2")

    assert exit_with_outcome(command) == ExitCode.ATTENTION
    told = capsys.readouterr().err
    assert "test_outcome.py" in told
    assert told.endswith("this is a bug in velma-sync, not in your configuration.\n")
    assert "hunter2" not in told


def test_an_exit_that_a_plug_in_wants_keeps_its_code_and_its_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command() -> int:
        sys.stdout.write("The answer.\n")
        sys.exit(3)

    with pytest.raises(SystemExit) as ended:
        exit_with_outcome(command)
    assert ended.value.code == 3
    assert capsys.readouterr().out == "The answer.\n"


@pytest.mark.parametrize(
    ("returned", "code"), [(None, 0), (0, 0), (3, 3), (ExitCode.ATTENTION, 1), (137, 137)]
)
def test_what_a_command_returns_is_the_code(returned: int | None, code: int) -> None:
    assert exit_with_outcome(lambda: returned) == code
