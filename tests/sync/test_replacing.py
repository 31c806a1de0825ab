"""New content for a file that is there: whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from velma_connectors.errors import ConfigError
from velma_sync.provisioning import keep_plan
from velma_sync.replacing import replace_file
from velma_sync.schemas import write_schemas


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)


def everything(directory: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_content_is_replaced_and_the_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file, link = tmp_path / "real/file", tmp_path / "link"
    file.write_text("before")
    file.chmod(0o604)
    link.symlink_to("real/file")
    replace_file(link, b"after")
    assert link.is_symlink()
    assert everything(file.parent) == {"file": "after"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


def test_schemas_survive_a_full_disk(tmp_path: Path, full_disk: None) -> None:
    (tmp_path / "velma-sync.schema.json").write_text("the former one")
    with pytest.raises(
        ConfigError, match=r"velma-sync\.schema\.json: cannot be written: No space left on device\."
    ):
        write_schemas(tmp_path)
    assert everything(tmp_path) == {"velma-sync.schema.json": "the former one"}


def test_a_plan_leaves_nothing_on_a_full_disk(tmp_path: Path, full_disk: None) -> None:
    with pytest.raises(ConfigError, match=r"plan\.json: cannot be written: No space left on device\."):
        keep_plan(tmp_path / "plan.json", [], datetime(2026, 6, 1, tzinfo=UTC))
    assert everything(tmp_path) == {}


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be written: No such file or directory\."):
        replace_file(tmp_path / "nowhere" / "file", b"")
