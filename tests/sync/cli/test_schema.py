from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from velma_sync.cli.outcome import ExitCode

Command = Callable[..., Any]


def test_one_schema_is_printed_as_it_is(velma_sync: Command) -> None:
    outcome = velma_sync("schema", "mapping")
    assert outcome.code == ExitCode.FINE
    assert json.loads(outcome.out)["title"] == "MappingFile"


def test_all_are_written_with_the_line_that_makes_an_editor_use_them(
    velma_sync: Command, tmp_path: Path
) -> None:
    outcome = velma_sync("schema", "--directory", str(tmp_path))
    names = ["velma-sync", "mapping", "analysis"]
    assert outcome.out.splitlines() == [
        f"{tmp_path}/{name}.schema.json  first line of {name}.yaml: "
        f"# yaml-language-server: $schema={name}.schema.json"
        for name in names
    ]
    assert all(json.loads((tmp_path / f"{name}.schema.json").read_text())["$defs"] for name in names)


@pytest.mark.parametrize("arguments", [(), ("mapping", "--directory", ".")])
def test_one_file_or_a_directory_must_be_named(velma_sync: Command, arguments: tuple[str, ...]) -> None:
    outcome = velma_sync("schema", *arguments)
    assert outcome.code == ExitCode.CONFIGURATION
    assert "Name one file of velma-sync, mapping, analysis" in outcome.err
