from __future__ import annotations

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
ANALYSED = "analysis: {file: analysis.yaml}\n"
REST = CONNECTIONS + ANALYSED
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
    assert load(HEAD + ANALYSED + when.format("2026-01-31T08:00:00Z")).connections[0].start_at == datetime(
        2026, 1, 31, 8, tzinfo=UTC
    )
    assert problems(HEAD + ANALYSED + when.format("2026-01-31")) == [
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
        HEAD + "connections: ¦{}\n" + ANALYSED,
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
    assert problems(HEAD + text + ANALYSED) == [
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
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.text(max_size=6), st.sampled_from(["name", "type", "kind"])), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
PLACES: list[tuple[str, ...]] = [
    (),
    ("version",),
    ("connections",),
    ("connections", "sales-eu"),
    ("connections", "sales-eu", "kind"),
    ("connections", "sales-eu", "mapping"),
    ("connections", "sales-eu", "options"),
    ("connections", "sales-eu", "options", "login_url"),
    ("connections", "sales-eu", "options", "consumer_secret"),
    ("analysis",),
    ("analysis", "file"),
    ("analysis", "velma"),
    ("analysis", "velma", "base_url"),
    ("recordings",),
    ("recordings", "sources"),
    ("recordings", "sources", "0", "credential"),
    ("ledger", "url"),
    ("secrets_directory",),
    ("limits",),
]


def planted(place: tuple[str, ...], value: object) -> object:
    document: object = {
        "version": 1,
        "connections": {
            "sales-eu": {
                "kind": "salesforce",
                "options": {"login_url": "https://acme.my.salesforce.com", "consumer_key": "3MVG9"},
                "mapping": "mapping.yaml",
            }
        },
        "analysis": {"file": "analysis.yaml", "velma": {}},
        "recordings": {"sources": [{"name": "t", "hosts": ["h.example.com"]}]},
        "ledger": {},
        "limits": {},
    }
    if not place:
        return value
    owner: Any = document
    for step in place[:-1]:
        owner = owner[int(step)] if isinstance(owner, list) else owner[step]
    owner[place[-1]] = value
    return document


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(PLACES), value=values)
def test_no_value_anywhere_raises_anything_but_a_config_error(
    load: Load, place: tuple[str, ...], value: object
) -> None:
    text = json.dumps(planted(place, value))
    try:
        result: Configuration | ConfigError = load(text)
    except ConfigError as error:
        result = error
    if isinstance(result, ConfigError):
        assert result.problems
        assert all(problem.message for problem in result.problems)
    else:
        assert result.connections


def test_nothing_is_opened_or_written_by_loading(load: Load, tmp_path: Path) -> None:
    load(GOOD)
    assert {path.name for path in tmp_path.iterdir()} == {"velma-sync.yaml", "mapping.yaml", "analysis.yaml"}
