"""The files that are planned: valid, commented, and all or nothing on the disk."""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from velma_connectors.errors import ConfigError
from velma_connectors.registry import kind_names, load_kind
from velma_mappings.mapping_file import MappingFile
from velma_mappings.proposals import Proposal
from velma_sync.config.load import load_configuration
from velma_sync.config.yaml_file import parse_yaml
from velma_sync.schemas import editor_comment, editor_schema, text
from velma_sync.setup.existing import read_existing, secrets_directory
from velma_sync.setup.files import (
    PlannedFile,
    Setup,
    adopted_mapping,
    new_configuration,
    plan_files,
    target_paths,
)
from velma_sync.setup.names import connection_name, suggested_name
from velma_sync.setup.sources import Source
from velma_sync.setup.writing import write_files

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OPTIONS: dict[str, dict[str, Any]] = {
    "salesforce": {"login_url": "https://acme.my.salesforce.com", "consumer_key": "#3MVG9:key"},
    "hubspot": {},
}
SECRETS = {"salesforce": ("consumer_secret",), "hubspot": ("access_token",)}


@pytest.fixture(autouse=True)
def no_secrets_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VELMA_SYNC_")]:
        monkeypatch.delenv(name)


def setup(kind: str, directory: Path | None = None, **more: Any) -> Setup:
    name = more.pop("connection", kind)
    secrets = {
        f"VELMA_SYNC_{name.upper()}_{each.upper()}": SecretStr("pat-secret-value") for each in SECRETS[kind]
    }
    given: dict[str, Any] = {
        "kind": load_kind(kind),
        "connection": name,
        "options": OPTIONS[kind],
        "start_at": NOW,
        "secrets_directory": directory,
        "secrets": {**secrets, "VELMA_SYNC_VELMA_API_KEY": SecretStr("velma-secret")},
    }
    return Setup(**{**given, **more})


def everything(directory: Path) -> dict[Path, bytes]:
    return {each.relative_to(directory): each.read_bytes() for each in directory.rglob("*") if each.is_file()}


@pytest.mark.parametrize("kind", kind_names())
def test_what_is_written_is_a_valid_configuration(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "velma-sync.yaml"
    files = plan_files(setup(kind, tmp_path / "secrets"), path, None)
    write_files(files)
    found = load_configuration(path)
    (connection,) = found.connections
    assert (connection.name, connection.kind.name, connection.start_at) == (kind, kind, NOW)
    assert connection.mapping_path == tmp_path / "mapping.yaml"
    assert files[-1].path == path, "the configuration must come last"
    for name in ("velma-sync", "mapping", "analysis"):
        first = (tmp_path / f"{name}.yaml").read_text().partition("\n")[0]
        assert first == editor_comment(name)
        assert (tmp_path / f"{name}.schema.json").read_text() == text(editor_schema(name))
    visible = {name: content for name, content in everything(tmp_path).items() if name.parts[0] != "secrets"}
    assert not any(b"secret-value" in content or b"velma-secret" in content for content in visible.values())


def test_secrets_are_for_one_users_eyes_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_files(plan_files(setup("hubspot", tmp_path / "in" / "secrets"), tmp_path / "a.yaml", None))
    finally:
        os.umask(before)
    secrets = tmp_path / "in" / "secrets"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in secrets.iterdir()} == {
        "velma_sync_hubspot_access_token": 0o600,
        "velma_sync_velma_api_key": 0o600,
    }
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o666


def test_a_second_connection_joins_the_first(tmp_path: Path) -> None:
    path, secrets = tmp_path / "velma-sync.yaml", tmp_path / "secrets"
    write_files(plan_files(setup("salesforce", secrets), path, None))
    path.chmod(0o640)
    first = path.read_text()
    existing = read_existing(path)
    assert existing is not None
    assert (existing.connections, existing.secrets_directory) == (("salesforce",), secrets)
    source = Source("twilio", ("api.twilio.com",), (443,), 5)
    more = setup(
        "hubspot", secrets, sources=(source,), logins={"twilio": {"type": "basic", "username": "AC1"}}
    )
    more.secrets.pop("VELMA_SYNC_VELMA_API_KEY")  # type: ignore[attr-defined] # a plain dict in this test
    more.secrets["VELMA_SYNC_RECORDINGS_TWILIO_PASSWORD"] = SecretStr("p")  # type: ignore[index] # as above
    write_files(plan_files(more, path, existing.text))
    found = load_configuration(path)
    assert [each.name for each in found.connections] == ["salesforce", "hubspot"]
    assert found.connections[1].mapping_path.name == "hubspot-mapping.yaml"
    assert found.recordings.sources[0].credential.type == "basic"
    assert set(first.splitlines()) <= set(path.read_text().splitlines())
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("kind", kind_names())
def test_the_mapping_file_changes_only_where_a_field_was_taken(kind: str) -> None:
    shipped = load_kind(kind).default_mapping()
    rules = MappingFile.model_validate(parse_yaml(shipped, Path()).data).rules
    taken = tuple(
        Proposal(at, rules[at].value, rules[at].on, f"Ours_{at}__c", "Ours") for at in (0, 4, len(rules) - 1)
    )
    after = adopted_mapping(setup(kind, fields=taken))
    changed = [
        (old, new) for old, new in zip(shipped.splitlines(), after.splitlines(), strict=True) if old != new
    ]
    assert changed == [
        (old, old.replace(f"field: {rules[each.rule].field}", f"field: {each.field}"))
        for each in taken
        for old in shipped.splitlines()
        if f"value: {each.value}, on: {each.on}, field: {rules[each.rule].field}" in old
    ]
    new = MappingFile.model_validate(parse_yaml(after, Path()).data).rules
    assert [rule.field for rule in new] == [
        next((each.field for each in taken if each.rule == at), rule.field) for at, rule in enumerate(rules)
    ]


VALUES = (
    st.text()
    | st.booleans()
    | st.integers()
    | st.none()
    | st.sampled_from(["no", "1.0", "a: b", "{x", "# c"])
)
READABLE = VALUES.filter(lambda value: not isinstance(value, str) or value.isprintable())


@example({"username": ":", "skip_dispositions": ["a, b", "]", "#", " x"]})
@given(
    st.dictionaries(
        st.sampled_from(["username", "start_field", "skip_dispositions"]), READABLE | st.lists(READABLE)
    )
)
def test_any_value_is_read_back_as_it_was_given(options: dict[str, Any]) -> None:
    written = new_configuration(setup("salesforce", options=options), Path("velma-sync.yaml"), "mapping.yaml")
    data: Any = parse_yaml(written, Path()).data
    assert data["connections"]["salesforce"].get("options", {}) == options


def test_an_existing_file_is_refused_with_its_path_and_nothing_is_written(tmp_path: Path) -> None:
    for name in ("mapping.yaml", "analysis.schema.json"):
        (tmp_path / name).write_text("ours")
    before = everything(tmp_path)
    with pytest.raises(ConfigError) as error:
        write_files(plan_files(setup("hubspot", tmp_path / "s"), tmp_path / "velma-sync.yaml", None))
    assert [problem.where for problem in error.value.problems] == [
        str(tmp_path / "mapping.yaml"),
        str(tmp_path / "analysis.schema.json"),
    ]
    assert everything(tmp_path) == before
    assert not (tmp_path / "s").exists()


def test_a_configuration_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "velma-sync.yaml"
    write_files(plan_files(setup("salesforce"), path, None))
    existing = read_existing(path)
    assert existing is not None
    path.write_text(existing.text + "# Kim was here.\n")
    before = everything(tmp_path)
    with pytest.raises(ConfigError, match="was changed meanwhile"):
        write_files(plan_files(setup("hubspot"), path, existing.text))
    assert everything(tmp_path) == before


NEW = [(False, moment) for moment in ("os.open", "os.fsync", "os.link", "pathlib.Path.mkdir")]
FURTHER = [(True, moment) for moment in ("os.fsync", "os.link", "pathlib.Path.chmod", "pathlib.Path.replace")]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize(("further", "moment"), [*NEW, *FURTHER])
def test_an_end_at_any_moment_leaves_everything_as_it_was(
    moment: str, error: BaseException, further: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "velma-sync.yaml"
    existing = None
    if further:
        write_files(plan_files(setup("salesforce"), path, None))
        existing = path.read_text()
    files = plan_files(setup("hubspot", tmp_path / "made" / "secrets"), path, existing)
    before, ends = everything(tmp_path), 0
    module, _, name = moment.rpartition(".")
    owner = os if module == "os" else Path
    real = getattr(owner, name)
    for last in range(30):
        left = iter(range(last))

        def interrupted(*args: Any, _left: Iterator[int] = left, **more: Any) -> Any:
            done = real(*args, **more)
            if next(_left, None) is None:
                raise error
            return done

        monkeypatch.setattr(owner, name, interrupted)
        try:
            write_files(files)
        except (ConfigError, KeyboardInterrupt):
            ends += 1
            monkeypatch.undo()
            assert everything(tmp_path) == before
            continue
        break
    monkeypatch.undo()
    assert ends, f"{moment} was never reached"
    assert {each.path: each.path.read_text() for each in files} == {each.path: each.text for each in files}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("fails", [False, True])
def test_a_signal_waits_until_all_is_written_or_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, fails: bool
) -> None:
    states: list[dict[Path, bytes]] = []
    before = signal.signal(number, lambda *_: states.append(everything(tmp_path)))
    handler = signal.getsignal(number)
    files = plan_files(setup("hubspot", tmp_path / "secrets"), tmp_path / "velma-sync.yaml", None)
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        link(source, target)
        if target == files[1].path:
            signal.raise_signal(number)
            if fails:
                raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", interrupted)
    try:
        with pytest.raises(ConfigError) if fails else nullcontext():
            write_files(files)
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    whole = {each.path.relative_to(tmp_path): each.text.encode() for each in files}
    assert states == [{} if fails else whole]


def test_a_secrets_directory_is_made_also_when_no_secret_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUBSPOT_ACCESS_TOKEN", "VELMA_API_KEY"):
        monkeypatch.setenv(f"VELMA_SYNC_{name}", "from-the-environment")
    path, secrets = tmp_path / "velma-sync.yaml", tmp_path / "secrets"
    write_files(plan_files(setup("hubspot", secrets, secrets={}), path, None), secrets)
    assert (stat.S_IMODE(secrets.stat().st_mode), list(secrets.iterdir())) == (0o700, [])
    assert load_configuration(path).path == path
    secrets.chmod(0o750)
    existing = read_existing(path)
    assert existing is not None
    more = setup("salesforce", secrets, secrets={})
    write_files(plan_files(more, path, existing.text), secrets)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o750, "it is the admin's"


def test_a_link_to_the_configuration_stays_one(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    file, link = tmp_path / "shared/live.yaml", tmp_path / "velma-sync.yaml"
    write_files(plan_files(setup("salesforce"), link, None))
    link.rename(file)
    link.symlink_to("shared/live.yaml")
    existing = read_existing(link)
    assert existing is not None
    write_files(plan_files(setup("hubspot"), link, existing.text))
    assert link.readlink() == Path("shared/live.yaml")
    assert "  hubspot:\n" in file.read_text()
    assert [each.name for each in file.parent.iterdir()] == ["live.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_of_a_configuration_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "velma-sync.yaml"
    write_files(plan_files(setup("salesforce"), path, None))
    path.chmod(0o640)
    os.chown(path, 1234, 4321)
    write_files(plan_files(setup("hubspot"), path, path.read_text()))
    now = path.stat()
    assert (now.st_uid, now.st_gid, stat.S_IMODE(now.st_mode)) == (1234, 4321, 0o640)


def test_a_directory_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written: Not a directory\. Nothing was written\."):
        write_files([PlannedFile(tmp_path / "file" / "velma-sync.yaml", "")])


def test_the_secrets_directory_must_be_the_one_that_the_configuration_reads(tmp_path: Path) -> None:
    path = tmp_path / "velma-sync.yaml"
    write_files(plan_files(setup("hubspot", tmp_path / "secrets"), path, None))
    existing = read_existing(path)
    assert secrets_directory(path, tmp_path / "secrets", existing) == tmp_path / "secrets"
    assert secrets_directory(path, None, existing) == tmp_path / "secrets"
    with pytest.raises(ConfigError, match="as secrets_directory, not elsewhere"):
        secrets_directory(path, Path("elsewhere"), existing)
    assert secrets_directory(path, Path("elsewhere"), None) == Path("elsewhere")
    assert secrets_directory(path, None, None) is None


def test_names_follow_the_rule_of_the_file_and_are_free() -> None:
    assert connection_name(" sales-eu ", ()) == "sales-eu"
    assert [suggested_name("hubspot", taken) for taken in ((), ("hubspot",), ("hubspot", "hubspot-2"))] == [
        "hubspot",
        "hubspot-2",
        "hubspot-3",
    ]
    for wrong in ("", "Sales", "1st", "a" * 41, "a b", "ä"):
        with pytest.raises(ConfigError, match="is no name for a connection"):
            connection_name(wrong, ())
    with pytest.raises(ConfigError, match="is taken by another connection"):
        connection_name("a", ("a",))


def test_only_its_mapping_file_is_new_for_a_further_connection() -> None:
    assert target_paths(Path("x/velma-sync.yaml"), "eu", further=True) == (Path("x/eu-mapping.yaml"),)
