"""Audio is private, short-lived, and swept up after a crash without touching anybody else's."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from velma_connectors.errors import ConfigError, RetryLater
from velma_connectors.recordings.store import AudioStore

CRASHES = """
import sys
from pathlib import Path
from velma_connectors.recordings.store import AudioStore

with AudioStore(Path(sys.argv[1])).file() as (path, stream):
    stream.write(b"half a recording")
    stream.flush()
    print(path, flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_this_user_can_read_what_is_stored(store: AudioStore, directory: Path) -> None:
    with store.file() as (path, stream):
        stream.write(b"words")
        stream.flush()
        assert path.read_bytes() == b"words"
        assert (mode(directory), mode(path)) == (0o700, 0o600)


@pytest.mark.parametrize("ending", ["well", "badly"])
def test_a_file_is_gone_after_use_however_it_ends(store: AudioStore, directory: Path, ending: str) -> None:
    with pytest.raises(ZeroDivisionError), store.file():
        raise ZeroDivisionError
    with store.file() as (path, _):
        if ending == "well":
            path.unlink()
    assert list(directory.iterdir()) == []


def test_a_directory_that_others_can_read_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    with pytest.raises(ConfigError, match="other users can read this directory of recordings"):
        AudioStore(shared)
    assert mode(shared) == 0o755


def test_a_directory_that_cannot_be_made_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="cannot be made a directory of recordings"):
            AudioStore(directory)


def test_a_sweep_removes_what_a_crashed_process_left_and_nothing_else(
    store: AudioStore, directory: Path
) -> None:
    command = [sys.executable, "-c", CRASHES, str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        foreign = directory / "notes.txt"
        foreign.write_text("not ours")
        lookalike = directory / "velma-sync-mine.audio"
        lookalike.symlink_to(foreign)

        with store.file() as (mine, _):
            assert store.sweep() == 0, "a file in use, here or in another process, is left alone"
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert left.exists(), "the crash left its file behind"
            assert store.sweep() == 1
            assert not left.exists()
            assert mine.exists()

    assert foreign.read_text() == "not ours"
    assert lookalike.is_symlink()
    assert store.sweep() == 0


def test_a_disk_too_full_for_one_more_file_makes_calls_wait(
    store: AudioStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(RetryLater, match="disk that holds recordings is full") as later, store.file():
        pass
    assert not later.value.counts


def test_a_full_disk_does_not_keep_a_file(store: AudioStore, directory: Path) -> None:
    with store.file() as (path, stream):
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, stream.fileno())
        os.close(full)
        stream.write(b"never written")
    assert not path.exists()
    assert list(directory.iterdir()) == []
