"""Standard streams that are closed, full or left by their reader: what is done stays the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.sandbox.rehearsal import Rehearsal
from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]
COMMAND = [sys.executable, "-c", "from velma_sync.cli.main import main; main()"]
FULL = "/dev/full"


def run(
    *arguments: str, stdout: int | None = None, stderr: int | None = None, closed: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own; `closed` are numbers of its standard streams."""

    def close() -> None:
        for number in closed:
            os.close(number)

    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE if stderr is None else stderr,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=close if closed else None,
    )


def left_by_its_reader(*arguments: str, errors: bool = False) -> subprocess.CompletedProcess[str]:
    """As `velma-sync ... | head -0`; with `errors`, as `velma-sync ... 2>&1 | head -0`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return run(*arguments, stdout=writer, stderr=writer if errors else None)
    finally:
        os.close(writer)


def fields_made(room: Rehearsal) -> int:
    return sum("Velma_" in row["FullName"] for row in room.org.rows("CustomField"))


@pytest.mark.parametrize("arguments", [("--help",), ("provision",), ("doctor", "--json")])
def test_a_reader_who_has_seen_enough_is_no_failure(room: Rehearsal, arguments: tuple[str, ...]) -> None:
    done = left_by_its_reader(*arguments)
    assert (done.returncode, done.stderr) == (run(*arguments).returncode, "")


def test_a_command_that_changes_something_does_all_of_it_for_nobody(
    room: Rehearsal, velma_sync: Command
) -> None:
    done = left_by_its_reader("provision", "--apply", "--yes")
    assert (done.returncode, done.stderr) == (ExitCode.FINE, "")
    plan = json.loads(velma_sync("provision", "--json").out)
    assert {step["action"] for step in plan[0]["steps"]} == {"leave"}
    assert left_by_its_reader("once", errors=True).returncode == ExitCode.FINE
    assert json.loads(velma_sync("once", "--json").out)["discovered"] == 0


def test_a_set_up_that_nobody_reads_is_written(room: Rehearsal) -> None:
    arguments = ("init", "--kind", "salesforce", "--name", "sales", "--offline", "--yes")
    settings = ("--set", f"login_url={room.addresses.salesforce_url}", "--set", "consumer_key=key")
    Path("secrets/velma_sync_sales_consumer_secret").write_text("secret")
    place = ("--secrets-directory", "secrets", "--config", "new/velma-sync.yaml")
    Path("new").mkdir()
    done = left_by_its_reader(*arguments, *settings, *place, errors=True)
    assert done.returncode == ExitCode.FINE
    assert Path("new/velma-sync.yaml").exists()


@pytest.mark.skipif(not Path(FULL).exists(), reason="no device here that is always full")
@pytest.mark.parametrize("arguments", [("connectors", "--json"), ("--help",)])
def test_a_full_disk_behind_stdout_is_a_sentence(room: Rehearsal, arguments: tuple[str, ...]) -> None:
    with Path(FULL).open("w") as full:
        done = run(*arguments, stdout=full.fileno())
    assert done.returncode == ExitCode.ATTENTION
    assert done.stderr == "velma-sync: the output could not be written: No space left on device.\n"


@pytest.mark.skipif(not Path(FULL).exists(), reason="no device here that is always full")
def test_a_full_disk_ends_no_work(room: Rehearsal, velma_sync: Command) -> None:
    with Path(FULL).open("w") as full:
        done = run("provision", "--apply", "--yes", stdout=full.fileno())
    assert done.returncode == ExitCode.ATTENTION
    assert done.stderr.count("\n") == 1
    plan = json.loads(velma_sync("provision", "--json").out)
    assert {step["action"] for step in plan[0]["steps"]} == {"leave"}


def test_a_closed_stdout_is_nobody_who_reads(room: Rehearsal) -> None:
    done = run("connectors", closed=(1,))
    assert (done.returncode, done.stderr) == (ExitCode.FINE, "")


def test_a_closed_stderr_hides_no_answer(room: Rehearsal) -> None:
    done = run("status", "--json", closed=(2,))
    assert done.returncode == ExitCode.ATTENTION, "there is no ledger yet"
    assert json.loads(run("connectors", "--json", closed=(2,)).stdout)


def test_a_closed_stdin_is_no_terminal(room: Rehearsal) -> None:
    done = run("provision", "--apply", closed=(0,))
    assert done.returncode == ExitCode.ATTENTION
    assert done.stderr.endswith("\nNothing was changed. To go on without being asked, add --yes.\n")
    assert not fields_made(room)
    missing = run("init", "--config", "new/velma-sync.yaml", closed=(0,))
    assert missing.returncode == ExitCode.CONFIGURATION
    assert "--kind: is missing, and there is no terminal to ask at.\n" in missing.stderr


def test_no_file_of_ours_takes_the_number_of_a_closed_stream(room: Rehearsal, velma_sync: Command) -> None:
    velma_sync("provision", "--apply", "--yes")
    assert run("once", closed=(0, 1, 2)).returncode == ExitCode.FINE
    document = json.loads(velma_sync("status", "--json").out)
    assert {row["state"] for row in document["calls"]} >= {"done"}
