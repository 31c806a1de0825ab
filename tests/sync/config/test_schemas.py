"""What an editor completes and underlines is what the commands accept."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, SecretStr
from ruamel.yaml import YAML

from velma_connectors.registry import kind_names, load_kind
from velma_connectors.velma.playbook import shipped_text
from velma_sync.schemas import NAMES, editor_comment, editor_schema, write_schemas

CONFIGURATION: dict[str, Any] = {
    "version": 1,
    "connections": {
        "sales": {
            "kind": "salesforce",
            "mapping": "mapping.yaml",
            "options": {"login_url": "https://acme.my.salesforce.com", "consumer_key": "3MVG"},
        },
        "portal": {"kind": "hubspot", "mapping": "mapping.yaml", "start_at": "2026-11-01T00:00:00Z"},
    },
    "analysis": {"file": "analysis.yaml", "velma": {"price_per_audio_hour": 0.25}},
    "recordings": {"sources": [{"name": "twilio", "hosts": ["api.twilio.com"]}]},
}


def problems(name: str, document: Any) -> list[str]:
    validator = Draft202012Validator(editor_schema(name))
    return [error.message for error in validator.iter_errors(document)]


def loaded(text: str) -> Any:
    """The YAML as JSON has it: times are texts there."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value.isoformat() if isinstance(value, datetime) else value

    return plain(YAML(typ="safe").load(text))


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(editor_schema(name))


@pytest.mark.parametrize("kind", kind_names())
def test_shipped_mappings_are_valid(kind: str) -> None:
    assert problems("mapping", loaded(load_kind(kind).default_mapping())) == []


def test_the_shipped_analysis_is_valid() -> None:
    assert problems("analysis", loaded(shipped_text())) == []


def test_a_configuration_of_two_crms_is_valid() -> None:
    assert problems("velma-sync", CONFIGURATION) == []


@pytest.mark.parametrize(
    ("at", "value", "told"),
    [
        (("connections", "sales", "kind"), "salesfroce", "'salesfroce' is not one of"),
        (("connections", "sales", "options", "login"), "x", "'login' was unexpected"),
        (("connections", "sales", "options", "flow"), "x", "'x' is not one of"),
        (
            ("connections", "portal", "options"),
            {"login_url": "https://x.example"},
            "'login_url' was unexpect",
        ),
        (("limits",), {"max_in_flight": 0}, "0 is less than the minimum of 1"),
        (("recordings", "sources"), [{"name": "x"}], "'hosts' is a required property"),
    ],
)
def test_a_mistake_is_underlined(at: tuple[str, ...], value: Any, told: str) -> None:
    def changed(document: Any, way: tuple[str, ...]) -> Any:
        inner = changed(document.get(way[0], {}), way[1:]) if len(way) > 1 else value
        return {**document, way[0]: inner}

    found = problems("velma-sync", changed(CONFIGURATION, at))
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize(
    "rule",
    [
        {"value": "next_stop", "on": "call", "field": "F"},
        {"value": "next_step", "on": "calls", "field": "F"},
        {"value": "next_step", "on": "call", "field": "F", "transform": "yes_know"},
        {"value": "next_step", "on": "call"},
    ],
)
def test_a_mistake_in_a_rule_is_underlined(rule: dict[str, str]) -> None:
    good = {"value": "sentiment.it_resources", "on": "deal", "field": "F", "transform": ["known_only"]}
    assert problems("mapping", {"version": 1, "rules": [good]}) == []
    assert problems("mapping", {"version": 1, "rules": [rule]}) != []


def secrets_of(model: type[BaseModel]) -> set[str]:
    return {name for name, field in model.model_fields.items() if "SecretStr" in str(field.annotation)}


@pytest.mark.parametrize("kind", kind_names())
def test_secrets_have_no_place_in_the_file(kind: str) -> None:
    options = load_kind(kind).options
    schema = editor_schema("velma-sync")
    assert secrets_of(options), f"{kind} has no secrets, so this test shows nothing"
    offered = schema["$defs"][f"{kind}.{options.__name__}"]["properties"]
    assert not secrets_of(options) & set(offered)
    assert "writeOnly" not in str(schema), f"{SecretStr.__name__} of some part is offered"


def test_every_setting_is_explained() -> None:
    unexplained = []
    for name in NAMES:
        schema = editor_schema(name)
        for title, definition in {name: schema, **schema["$defs"]}.items():
            for key, place in definition.get("properties", {}).items():
                # A reference is explained by what it leads to, a constant by its name.
                if not {"description", "const", "$ref"} & place.keys():
                    unexplained.append(f"{title}.{key}")
    assert not unexplained


def test_schemas_are_written_beside_the_files(tmp_path: Path) -> None:
    paths = write_schemas(tmp_path)
    assert [path.name for path in paths] == [f"{name}.schema.json" for name in NAMES]
    assert [editor_comment(name).rpartition("=")[2] for name in NAMES] == [path.name for path in paths]
    assert write_schemas(tmp_path) == paths
