from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velma_connectors.errors import ConfigError
from velma_sync.config.load import (
    Configuration,
    analysis_configs,
    find_configuration,
    load_configuration,
)
from velma_sync.config.settings import LimitSettings, ScheduleSettings
from velma_sync.pipeline.settings import EngineSettings

Load = Callable[..., Configuration]
Problems = Callable[..., list[str]]

HEAD = "version: 1\n"
CONNECTIONS = """\
connections:
  sales-eu:
    kind: salesforce
    options: {login_url: https://acme.my.salesforce.com, consumer_key: 3MVG9}
    mapping: mapping.yaml
"""
ANALYZED = "analysis: {file: analysis.yaml}\n"
REST = CONNECTIONS + ANALYZED
GOOD = HEAD + REST


def test_a_good_configuration_is_loaded_whole(load: Load, tmp_path: Path) -> None:
    found = load(GOOD + "limits: {max_in_flight: 5}\nledger: {path: state/calls.db}\n")
    (connection,) = found.connections
    assert (connection.name, connection.kind.name, connection.start_at) == ("sales-eu", "salesforce", None)
    assert connection.mapping.rules[0].field == "Velma_Next_Step__c"
    assert found.analysis.behaviors[0].key == "action_plan_created"
    assert found.limits.max_in_flight == 5
    assert found.ledger.path == tmp_path / "state/calls.db"
    assert found.audio_directory == tmp_path / "audio"


def test_paths_begin_where_the_configuration_is(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(GOOD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    found = load_configuration(Path("../velma-sync.yaml"))
    assert found.connections[0].mapping.rules
    assert found.ledger.path.parent.resolve() == tmp_path


def test_times_are_aware_and_an_unzoned_one_is_refused(load: Load, problems: Problems) -> None:
    when = CONNECTIONS.replace("{", "{{").replace("}", "}}") + "    start_at: {}\n"
    assert load(HEAD + ANALYZED + when.format("2026-01-31T08:00:00Z")).connections[0].start_at == datetime(
        2026, 1, 31, 8, tzinfo=UTC
    )
    assert problems(HEAD + ANALYZED + when.format("2026-01-31")) == [
        "velma-sync.yaml:8:15: 'start_at' should be a time with its zone, like 2026-01-31T08:00:00Z."
    ]


BAD_FILES = {
    "an unknown key": (
        HEAD + "¦conections: {}\n" + REST,
        "'conections' is not a setting here. Did you mean 'connections'? Allowed: analysis, audio_directory, "
        "connections, ledger, limits, log_level, recordings, schedule, secrets_directory, version.",
    ),
    "an unknown key of a connector": (
        GOOD.replace("3MVG9", "3MVG9, ¦api_vresion: '66.0'"),
        "'api_vresion' is not a setting here. Did you mean 'api_version'? Allowed: ",
    ),
    "a wrong type": (
        GOOD + "limits:\n  max_in_flight: ¦lots\n",
        "'max_in_flight' should be a whole number.",
    ),
    "a number out of bounds": (
        GOOD + "schedule: {poll_minutes: ¦0}\n",
        "'poll_minutes' should be greater than 0.",
    ),
    "a price without end": (
        GOOD.replace("analysis: {", "analysis: {velma: {price_per_audio_hour: ¦inf}, "),
        "'price_per_audio_hour' should be a finite number.",
    ),
    "a wait without end": (
        GOOD.replace("analysis: {", "analysis: {velma: {read_timeout_seconds: ¦inf}, "),
        "'read_timeout_seconds' should be a finite number.",
    ),
    "a silence without end": (
        GOOD + "recordings: {idle_seconds: ¦inf}\n",
        "'idle_seconds' should be a finite number.",
    ),
    "a beginning before all CRMs": (
        GOOD.replace(
            "mapping: mapping.yaml", "mapping: mapping.yaml\n    start_at: ¦0001-01-01T00:00:00+14:00"
        ),
        "'start_at' must be a time of the years 2000 to 2100.",
    ),
    "a beginning at the end of time": (
        GOOD.replace(
            "mapping: mapping.yaml", "mapping: mapping.yaml\n    start_at: ¦9999-12-31T23:59:59-12:00"
        ),
        "'start_at' must be a time of the years 2000 to 2100.",
    ),
    "a path that no disk has": (
        GOOD + 'ledger: {path: ¦"a\\0b.db"}\n',
        "'path' holds a character that no path has.",
    ),
    "a name that no disk takes": (
        GOOD + f"audio_directory: ¦{'a' * 300}\n",
        "'audio_directory' names a file or directory with more than 255 bytes.",
    ),
    "a word that is none of the allowed ones": (
        GOOD + "log_level: ¦loud\n",
        "'log_level' should be 'debug', 'info', 'warning' or 'error'.",
    ),
    "a value in place of a section": (
        GOOD + "limits: ¦5\n",
        "'limits' should hold settings of its own, one per line.",
    ),
    "a value in place of a list": (
        GOOD.replace("3MVG9", "3MVG9, calls_from: ¦Task"),
        "'calls_from' should be a list, like [first, second].",
    ),
    "a duplicate key": (
        GOOD + "¦version: 1\n",
        "'version' is here twice (first in line 1). Keep one.",
    ),
    "an alias": (
        GOOD + "limits: &l {}\nschedule: ¦*l\n",
        "'*l' is an alias. Aliases are not read: repeat the value.",
    ),
    "a missing section": (
        "¦" + HEAD + CONNECTIONS,
        "'analysis' is missing. Add it: What is asked about each call.",
    ),
    "a missing key": (
        HEAD + CONNECTIONS + "¦analysis: {velma: {}}\n",
        "'file' is missing. Add it: The analysis file: conversation types, roles and behaviors to look for.",
    ),
    "a list in place of the file": (
        "¦- 1\n",
        "the file should hold settings of its own, one per line.",
    ),
    "an unsafe connection name": (
        GOOD.replace("sales-eu:", "¦Sales EU:"),
        "'Sales EU' is no name for a connection; use at most 40 small letters, digits and hyphens, "
        "a letter first.",
    ),
    "no connection": (
        HEAD + "connections: ¦{}\n" + ANALYZED,
        "'connections' should have 1 or more entries.",
    ),
    "a connector that is not installed": (
        GOOD.replace("kind: salesforce", "kind: ¦salesfroce"),
        "'kind' names a connector that is not installed. Did you mean 'salesforce'? Installed: ",
    ),
    "a file that is not there": (
        GOOD.replace("mapping.yaml", "¦maping.yaml"),
        "'mapping' names a file that cannot be read: maping.yaml (No such file or directory).",
    ),
    "plain http to another machine": (
        GOOD.replace("analysis: {", "analysis: {velma: {base_url: ¦'http://velma.example.com'}, "),
        "'base_url' must begin with https:// (plain http only reaches this machine).",
    ),
    "an address that is none": (
        GOOD.replace("https://acme.my.salesforce.com", "¦acme"),
        "'login_url' is not a web address; write it like https://acme.my.salesforce.com.",
    ),
    "an unknown kind of login": (
        GOOD
        + "recordings:\n  sources:\n    - {name: t, hosts: [h.example.com], credential: ¦{type: basik}}\n",
        "'credential' needs 'type' to be one of 'none', 'basic', 'bearer', 'header'.",
    ),
    "an unknown key of a login": (
        GOOD + "recordings:\n  sources:\n    - name: t\n      hosts: [h.example.com]\n"
        "      credential: {type: none, ¦usrename: u}\n",
        "'usrename' is not a setting here. Allowed: type.",
    ),
    "two limits that contradict each other": (
        GOOD + "limits: ¦{min_seconds: 60, max_seconds: 60}\n",
        "'limits': min_seconds must be smaller than max_seconds.",
    ),
    "a ledger in two places": (
        GOOD + "ledger: ¦{path: a.db, url: 'postgresql://u@h/d'}\n",
        "'ledger' names a path and a url; keep one.",
    ),
    "a ledger on something else": (
        GOOD + "ledger: {url: ¦'mysql://h/d'}\n",
        "'url' must begin with postgresql://; for a file write path instead.",
    ),
}
"""In each text, ¦ stands where the problem must point to."""


@pytest.mark.parametrize(("marked", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_mistake_is_one_problem_with_its_place_and_remedy(
    problems: Problems, marked: str, message: str
) -> None:
    before, _, after = marked.partition("¦")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    (problem,) = problems(before + after)
    assert problem.startswith(f"velma-sync.yaml:{line}:{column}: {message}")


def test_an_empty_file_lacks_everything_that_is_required(problems: Problems) -> None:
    lacking = [problem for problem in problems("") if problem.startswith("velma-sync.yaml:1:1: ")]
    assert [problem.split("'")[1] for problem in lacking] == ["version", "connections", "analysis"]


def test_the_problems_of_every_file_are_told_at_once_in_their_order(problems: Problems) -> None:
    found = problems(
        GOOD + "limits: 5\nlog_level: loud\n",
        mapping="version: 1\nrules: []\nbehaviors: {action_plan: [nothing_such]}\nnotez: {}\n",
        analysis="version: 2\n",
    )
    places = [problem.partition(": ")[0] for problem in found]
    assert places == [
        "velma-sync.yaml:8:9",
        "velma-sync.yaml:9:12",
        "analysis.yaml:1:1",
        "analysis.yaml:1:1",
        "analysis.yaml:1:1",
        "analysis.yaml:1:1",
        "analysis.yaml:1:10",
        "mapping.yaml:4:1",
    ]


def test_a_mapping_that_names_a_behavior_nobody_asks_for_is_refused(problems: Problems) -> None:
    mapping = "version: 1\nrules: []\nbehaviors:\n  positive:\n    Plan v1.0: [action_plan_creatd]\n"
    (problem,) = problems(GOOD, mapping=mapping)
    assert problem.startswith("mapping.yaml:5:17: no analysis asks for a behavior 'action_plan_creatd'.")
    assert "'action_plan_created'" in problem


def test_a_mapped_value_that_does_not_exist_is_refused_where_it_stands(problems: Problems) -> None:
    mapping = "version: 1\nrules:\n  - {value: nextstep, on: call, field: X__c}\n"
    (problem,) = problems(GOOD, mapping=mapping)
    assert problem.startswith("mapping.yaml:3:13: 'value' names no known value: 'nextstep'")


def test_names_that_no_option_can_have_are_refused_where_they_stand(problems: Problems) -> None:
    mapping = (
        "version: 1\nrules: []\nbehaviors:\n  action_plan: [action_plan_created]\n"
        "  positive:\n    Plan; made: [action_plan_created]\n"
        'topics:\n  - name: A\n  - {name: B, objection: "C\\x07"}\ncompetitors:\n'
        f"  - name: {'N' * 256}\n"
    )
    assert problems(GOOD, mapping=mapping) == [
        "mapping.yaml:6:5: 'Plan; made' holds a semicolon, which is what separates the options of a field; "
        "leave it out.",
        "mapping.yaml:9:26: 'objection' holds a control character or an end of line; "
        "write it on one line without.",
        "mapping.yaml:11:11: 'name' has 256 characters, more than the 255 of an option; shorten it.",
    ]


def test_plain_http_in_a_connector_that_does_not_look_is_refused_here(
    problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import BaseModel

    from velma_connectors.registry import ConnectorKind
    from velma_sync.config import parts

    class Lax(BaseModel):
        hook: str

    def never(*_: object) -> object:
        raise AssertionError("a connection was opened")

    kind = ConnectorKind("salesforce", "Lax", Lax, never, str)  # type: ignore[arg-type]  # opens nothing
    monkeypatch.setattr(parts, "load_kind", lambda name: kind)
    text = "connections:\n  a: {kind: salesforce, options: {hook: 'http://x.example.com'}}\n"
    text = text.replace("}}", "}, mapping: mapping.yaml}")
    assert problems(HEAD + text + ANALYZED) == [
        "velma-sync.yaml:3:41: 'hook' would send over plain http, which anyone on the way can read. "
        "Begin it with https://."
    ]


@pytest.mark.parametrize("host", ["http://127.0.0.1:8080", "http://localhost:8080"])
def test_plain_http_may_reach_this_machine(load: Load, host: str) -> None:
    found = load(GOOD.replace("analysis: {", f"analysis: {{velma: {{base_url: '{host}'}}, "))
    assert found.velma.base_url == host


def test_every_question_of_the_analysis_file_is_found_once(load: Load, analysis_text: str) -> None:
    extra = "  - key: budget\n    name: Budget\n    preset: budget_qualification\nstages:\n"
    extra += "  - {stages: [Won, Lost], conversation_type: demo, behaviors: [budget]}\n"
    renewals = "  - {pipelines: [Renewals], conversation_type: demo, behaviors: "
    extra += renewals.replace("{", "{stages: [Won], ") + "[action_plan_created]}\n"
    extra += renewals + "[action_plan_created, budget]}\n"
    found = load(GOOD, analysis=analysis_text.replace("stages:\n", extra))
    configs = analysis_configs(found.analysis, found.connections[0].mapping)
    asked = {tuple(behavior.key for behavior in config.behaviors) for config in configs}
    assert asked == {("budget",), ("action_plan_created",), ("action_plan_created", "budget")}
    assert len(configs) == 3


def test_the_configuration_is_looked_for_in_three_places(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_configuration() == Path("velma-sync.yaml")
    monkeypatch.setenv("VELMA_SYNC_CONFIG", "/etc/velma/sync.yaml")
    assert find_configuration() == Path("/etc/velma/sync.yaml")
    assert find_configuration(Path("mine.yaml")) == Path("mine.yaml")


def test_defaults_are_those_of_the_engine() -> None:
    engine, limits = EngineSettings(), LimitSettings()
    for name in LimitSettings.model_fields:
        assert getattr(limits, name) == getattr(engine, name), name
    assert ScheduleSettings().poll_minutes * 60 == engine.poll_seconds


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
names = st.one_of(st.text(max_size=6), st.sampled_from(["name", "type", "kind", "key", "value"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)

TEXTS = {"short_description": "One sentence.", "detailed_description": "ALL of this holds."}
CONFIG_DOCUMENT = {
    "version": 1,
    "connections": {
        "sales-eu": {
            "kind": "salesforce",
            "options": {"login_url": "https://acme.my.salesforce.com", "consumer_key": "3MVG9"},
            "mapping": "mapping.yaml",
        }
    },
    "analysis": {"file": "analysis.yaml", "velma": {"base_url": "https://velma.example.com"}},
    "recordings": {"sources": [{"name": "t", "hosts": ["h.example.com"], "credential": {"type": "none"}}]},
    "ledger": {"url": "postgresql://u@h/d"},
    "schedule": {"poll_minutes": 5},
    "limits": {"max_in_flight": 2},
    "secrets_directory": ".",
    "log_level": "info",
}
ANALYSIS_DOCUMENT = {
    "version": 1,
    "language": "en",
    "emotions": True,
    "conversation_types": [
        {"key": "demo", "uuid": "6d1c5f0e-6d7b-4a3e-9a53-0c8a2f7f1a11", "name": "Product demo", **TEXTS}
    ],
    "roles": [
        {"key": "rep", "uuid": "0a3d1f52-8a0e-4b7c-8d1f-3f5b0a6e2b22", "name": "Rep", "side": "rep", **TEXTS},
        {
            "key": "buyer",
            "uuid": "5e9b7c3a-2f4d-4c1e-b8a6-7d2c9e0f3c33",
            "name": "B",
            "side": "prospect",
            **TEXTS,
        },
    ],
    "behaviors": [
        {"key": "action_plan_created", "name": "Action Plan Created", "preset": "action_plan_created"},
        {
            "key": "own",
            "name": "Own",
            "uuid": "9e9b7c3a-2f4d-4c1e-b8a6-7d2c9e0f3c33",
            "roles": ["rep"],
            **TEXTS,
        },
    ],
    "stages": [
        {"pipelines": ["P"], "conversation_type": "demo", "behaviors": ["own"]},
        {"conversation_type": "demo", "behaviors": ["action_plan_created"]},
    ],
}
MAPPING_DOCUMENT = {
    "version": 1,
    "deal": "only_open",
    "rules": [{"value": "action_plan_confirmed", "on": "call", "field": "X__c", "transform": ["yes_no"]}],
    "topics": [{"name": "Pricing", "synonyms": ["price"]}],
    "competitors": [{"name": "Acme", "aliases": ["Acme Platform"]}],
    "own_names": ["Ledgerline"],
    "behaviors": {"coaching": {"Flag": ["action_plan_created"]}, "action_plan": ["action_plan_created"]},
    "thresholds": {"list": 0.5, "behaviors": {"action_plan_created": {"list": 0.7}}},
    "notes": {"enabled": True, "on": ["call"], "template": "{{ summary }}"},
}


def places(document: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document where something else could stand."""
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [above, *(place for key, value in inner for place in places(value, (*above, key)))]


def planted(document: object, place: tuple[str | int, ...], value: object) -> str:
    """The document as YAML, with another value in one place."""
    if not place:
        return json.dumps(value)
    whole = copy.deepcopy(document)
    owner: Any = whole
    for step in place[:-1]:
        owner = owner[step]
    owner[place[-1]] = value
    return json.dumps(whole)


def outcome(load: Load, **texts: str) -> Configuration | ConfigError:
    try:
        return load(texts.pop("config", GOOD), **texts)
    except ConfigError as error:
        return error


def is_loaded_or_explained(result: Configuration | ConfigError) -> bool:
    if isinstance(result, ConfigError):
        return bool(result.problems) and all(problem.message for problem in result.problems)
    return bool(result.connections)


DOCUMENTS = {"config": CONFIG_DOCUMENT, "mapping": MAPPING_DOCUMENT, "analysis": ANALYSIS_DOCUMENT}


def test_the_documents_that_are_changed_below_are_good_ones(load: Load) -> None:
    texts = {name: json.dumps(document) for name, document in DOCUMENTS.items()}
    assert load(texts.pop("config"), **texts).connections


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_anywhere_raises_anything_but_a_config_error(
    load: Load, name: str, data: st.DataObject
) -> None:
    document = DOCUMENTS[name]
    text = planted(document, data.draw(st.sampled_from(places(document))), data.draw(values))
    assert is_loaded_or_explained(outcome(load, **{name: text}))


def test_nothing_is_opened_or_written_by_loading(load: Load, tmp_path: Path) -> None:
    load(GOOD)
    assert {path.name for path in tmp_path.iterdir()} == {"velma-sync.yaml", "mapping.yaml", "analysis.yaml"}
