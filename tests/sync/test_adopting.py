"""Patches of a mapping file, applied by the tools that people apply them with."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from velma_connectors.registry import kind_names, load_kind
from velma_mappings.mapping_file import MappingFile
from velma_sync.adopting import competitors_patch, patch_directory, synonyms_patch
from velma_sync.config.yaml_file import read_yaml

NAMES = ["Quorvane & Sons", "Null"]
SYNONYMS = {"Pricing": ["seats, per month"], "Support": ["help desk", "yes"]}

SHORT = """\
version: 1
rules:
  - {value: competitors, on: call, field: velma_competitors}
topics:
- name: Pricing
  synonyms:
  - price  # as they say
  - cost

# Kept apart.
- {name: Support, objection: Support concern}
competitors:
- {name: Acme, aliases: [Acme Platform]}
- name: Bluestile  # the old one

# Ours, which are none.
own_names: [Velma]
"""
LISTS_INDENTED = """\
version: 1
competitors:
  - name: Acme
    ignore:
      - acme of
  # - {name: Given up}
topics:
  - synonyms: [price]
    name: Pricing
  - name: Support
    objection: Support concern
rules:
  - {value: competitors, on: call, field: velma_competitors}
"""
ON_ONE_LINE = """\
version: 1
rules: [{value: other_topics, on: call, field: a}]
topics: [{name: Pricing}, {name: Support, synonyms: []}]
competitors: []  # none so far
"""
SPREAD = """\
version: 1
rules: []
topics: [
  {name: Pricing, synonyms: [price, ]},
  {name: Support},  # last
]
competitors: [
  {name: Acme},
]
"""
ALL_BRACES = '{"version": 1, "rules": [], "topics": [{"name": "Pricing"}, {"name": "Support"}]}\n'
WITHOUT = """\
version: 1
topics:
  - name: Pricing
  - name: Support
rules: []
...
"""
SHAPES = {
    "as shipped": "",
    "lists at the margin": SHORT,
    "lists indented": LISTS_INDENTED,
    "on one line": ON_ONE_LINE,
    "spread over lines": SPREAD,
    "all in braces": ALL_BRACES,
    "no competitors": WITHOUT,
}
TOOLS = {
    "git": (["git", "apply", "-p0", "--check", "--verbose"], ["git", "apply", "-p0"]),
    "patch": (["patch", "-p0", "--dry-run"], ["patch", "-p0"]),
}


@pytest.fixture(params=SHAPES)
def text(request: pytest.FixtureRequest) -> str:
    return SHAPES[request.param] or load_kind("hubspot").default_mapping()


def patched(patch: str, directory: Path, tool: str) -> None:
    for command in TOOLS[tool]:
        done = subprocess.run(command, input=patch.encode(), cwd=directory, capture_output=True, check=False)
        assert done.returncode == 0, f"{done.stdout!r} {done.stderr!r}\n{patch}"


def loaded(path: Path) -> MappingFile:
    return MappingFile.model_validate(read_yaml(path).data)


def adopt_everything(path: Path, tool: str) -> None:
    """Both patches, one after the other; what is loaded has grown by that and by nothing else."""
    before = loaded(path).model_dump(mode="json")
    directory = patch_directory([path])
    patched(competitors_patch(path, NAMES, directory), directory, tool)
    patched(synonyms_patch(path, SYNONYMS, directory), directory, tool)
    after = loaded(path).model_dump(mode="json")
    expected: dict[str, Any] = before | {
        "competitors": [
            *before["competitors"],
            *({"name": name, "aliases": [], "ignore": []} for name in NAMES),
        ],
        "topics": [
            {**topic, "synonyms": [*topic["synonyms"], *SYNONYMS.get(topic["name"], [])]}
            for topic in before["topics"]
        ],
    }
    assert after == expected


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_shape_of_a_file_is_patched_and_loads(
    text: str, tool: str, end: str, ending: str, mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mapping.yaml"
    written = f"{mark}{text.rstrip()}{end}".replace("\n", ending).encode()
    path.write_bytes(written)
    adopt_everything(path, tool)
    after = path.read_bytes()
    assert after.startswith(mark.encode())
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r\n" in written else 0)


@pytest.mark.parametrize("text", [SHORT, LISTS_INDENTED])
def test_lists_that_have_lines_get_more_lines_and_none_is_touched(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    patch = competitors_patch(path, NAMES, tmp_path)
    changed = [line for line in patch.splitlines()[2:] if line[0] in "+-"]
    indentation = "" if text is SHORT else "  "
    assert changed == [f"+{indentation}- {{name: Quorvane & Sons}}", f'+{indentation}- {{name: "Null"}}']


@pytest.mark.parametrize("kind", kind_names())
def test_shipped_competitors_stay_above_the_comment_of_what_follows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(load_kind(kind).default_mapping())
    patched(competitors_patch(path, ["Quorvane Two"], tmp_path), tmp_path, "git")
    assert "  - {name: Quorvane Two}\n\n# Your own company and product names:" in path.read_text()


@pytest.mark.parametrize("tool", TOOLS)
def test_a_file_elsewhere_is_patched_from_where_it_lies(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, shared = (tmp_path / name for name in ("here", "there now", "shared"))
    for directory in (here, there, shared):
        directory.mkdir()
    monkeypatch.chdir(here)
    (shared / "a mapping.yaml").write_text(SHORT)
    link = there / "mapping.yaml"
    link.symlink_to(shared / "a mapping.yaml")
    adopt_everything(link, tool)
    assert link.is_symlink()
    (there / "own.yaml").write_text(SHORT)
    assert patch_directory([link, there / "own.yaml"]) == tmp_path
    patched(competitors_patch(there / "own.yaml", NAMES, tmp_path), tmp_path, tool)
    assert "name: Quorvane & Sons" in (there / "own.yaml").read_text()


def test_below_the_working_directory_the_patch_applies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "etc" / "mapping.yaml"
    path.parent.mkdir()
    path.write_text(SHORT)
    assert patch_directory([path]) == tmp_path
    assert competitors_patch(path, NAMES, tmp_path).startswith("--- etc/mapping.yaml\n+++ etc/mapping.yaml\n")


def test_where_nothing_can_be_added_the_patch_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_bytes(SHORT.replace("\n", "\r").encode())
    assert competitors_patch(path, NAMES, tmp_path) == ""
