"""The room's README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from velma_mappings.catalogue import entries
from velma_mappings.deals import DealRule
from velma_mappings.mapping_file import MappingFile, Rule, WhenMissing
from velma_mappings.model import Overwrite
from velma_mappings.note import NoteContext
from velma_mappings.note_template import template_fault
from velma_mappings.report import distil
from velma_mappings.transforms import TRANSFORMS

ROOM = Path(__file__).parents[2] / "mappings"
README = (ROOM / "README.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """Rows of the table whose header starts with a heading, by the names in their first cell."""
    rows: dict[str, list[str]] = {}
    _, found, rest = README.partition(f"\n\n| {heading} |")
    assert found, f"there is no table of '{heading}'"
    for line in rest.split("\n")[2:]:
        if not line.startswith("|"):
            break
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        rows.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), cells))
    return rows


def test_every_value_has_a_row_with_its_needs(make: Any) -> None:
    rows = table("path")
    catalogue = entries(make.mapping(topics=[]))
    assert set(rows) - {"sentiment.TOPIC"} == set(catalogue)
    for path, entry in catalogue.items():
        kind, needs, _ = rows[path]
        assert set(needs.split(", ")) - {""} == {need.value for need in entry.needs}, path
        assert (entry.scale is not None) == kind.startswith("number"), path
        if kind.startswith("choice: ") and path != "sentiment.lowest_topic":
            assert tuple(kind.removeprefix("choice: ").split(", ")) == entry.choices


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("`transform`", set(TRANSFORMS)),
        ("`overwrite`", {policy.value for policy in Overwrite}),
        ("key", set(Rule.model_fields)),
        ("name", set(NoteContext.__annotations__) | {".label", ".at", ".quote", ".topic", ".score", ".mood"}),
        ("module", {module.stem for module in ROOM.glob("*/*.py")} - {"__init__", "model"}),
    ],
)
def test_a_table_names_all_there_is_and_nothing_else(heading: str, names: set[str]) -> None:
    cells = table(heading)
    if heading == "name":
        extra = {name for row in cells.values() for name in re.findall(r"`(\.[^`]+)`", row[0])}
        assert {*cells, *extra} == names
    else:
        assert set(cells) == names


@pytest.mark.parametrize("word", [*DealRule, *WhenMissing])
def test_every_policy_is_explained(word: str) -> None:
    assert f"`{word}`" in README


def test_the_example_does_what_is_said_of_it(make: Any) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    mapping = MappingFile.model_validate(YAML(typ="safe").load(example))
    analysis = make.analysis(
        clips=(
            make.clip("c1", "p", "Acme is half your price", at=699),
            make.clip("c2", "r", "I see.", at=720),
            make.clip("c3", "p", "Let us meet on Thursday.", at=900),
        ),
        detections=(
            make.row("competitor_mention", "p", evidence=("c1",)),
            make.row("action_plan_created", "p", evidence=("c3",)),
        ),
        **make.scores(("the price", "p", -0.4)),
    )
    config = make.config("unaddressed_question", "competitor_mention", "action_plan_created")
    values = distil(make.call(), analysis, config, mapping).values
    paths = ("next_step", "sentiment.pricing", "competitors", "competitor_first_mention")
    assert [values[path].value for path in paths] == ["Confirmed", -0.4, ("Acme Platform",), "11:39"]


def test_a_template_of_what_the_page_allows_is_accepted() -> None:
    template = (
        "{% if next_step.at != '' and not reason or status == 'x' %}{{ next_step.quote }}{% endif %}"
        "{% for flag in flags %}{{ flag.label | upper }}{% endfor %}{{ competitors | join(', ') }}"
        "{{ raised_by | lower | trim | capitalize }}"
    )
    assert template_fault(template) == ""
