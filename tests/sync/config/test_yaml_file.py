from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.errors import ConfigError
from velma_sync.config.yaml_file import LARGEST_BYTES, Position, YamlFile, parse_yaml, read_yaml

FILE = Path("velma-sync.yaml")


def parsed(text: str) -> YamlFile:
    return parse_yaml(text, FILE)


def refusals(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_key_and_value_knows_its_line_and_column() -> None:
    file = parsed("schedule:\n  poll_minutes: 5\nconnections:\n  - name: [a, b]\n")
    assert file.data == {"schedule": {"poll_minutes": 5}, "connections": [{"name": ["a", "b"]}]}
    assert file.keys["schedule", "poll_minutes"] == Position(2, 3)
    assert file.values["schedule", "poll_minutes"] == Position(2, 17)
    assert file.values["connections", 0, "name", 1] == Position(4, 15)
    assert file.where(file.keys["connections",]) == "velma-sync.yaml:3:1"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("0o17", 15),
        ("1.5", 1.5),
        ("'5'", "5"),
        ("22:30", "22:30"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        (".inf", ".inf"),
        ("=", "="),
    ],
)
def test_values_are_read_by_yaml_1_2_and_times_stay_text(written: str, value: object) -> None:
    assert parsed(f"key: {written}").data == {"key": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "velma-sync.yaml:3:1: 'a' is here twice (first in line 1). Keep one.",
        ),
        (
            "a: &x 1\nb: *x\n",
            "velma-sync.yaml:2:4: '*x' is an alias. Aliases are not read: repeat the value.",
        ),
        (
            "a: !!str 5\n",
            "velma-sync.yaml:1:4: carries a tag. Tags are not read: write the plain value.",
        ),
        (
            "a:\n  1: x\n",
            "velma-sync.yaml:2:3: is no text, but stands where a name belongs. Put it in quotes.",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "velma-sync.yaml:2:1: starts a second document. Keep one document in a file.",
        ),
        (
            "a: b: c\n",
            "velma-sync.yaml:1:5: is not valid YAML: mapping values are not allowed here. "
            "Check its indentation, and put a text that holds a colon in quotes.",
        ),
        (
            "a:\n  b: 1\n c: 2\n",
            "velma-sync.yaml:3:2: is not valid YAML: expected <block end>, but found "
            "'<block mapping start>'. Indent this line as its neighbours are.",
        ),
        (
            "a:\n\tb: 1\n",
            "velma-sync.yaml:2:1: is not valid YAML: found character '\\t' that cannot start any token. "
            "Indent with spaces, not with tabs.",
        ),
        ("a: \x07\n", "velma-sync.yaml:1:4: holds a control character. Remove it."),
        ("[" * 60, "velma-sync.yaml:1:42: is not valid YAML: it is nested too deeply."),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, message: str) -> None:
    assert refusals(text) == [message]


def test_every_refusal_of_a_file_is_told_at_once() -> None:
    assert len(refusals("a: &x 1\na: 2\nb: *x\nc: *x\nc: 4\n")) == 4


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    levels = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert len(refusals("\n".join(levels))) == 81


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml: cannot be read: No such file or directory\."):
        read_yaml(tmp_path / "missing.yaml")


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"latin\.yaml:2:1: is not UTF-8 text\. Save the file as UTF-8\."):
        read_yaml(path)


def test_an_enormous_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (LARGEST_BYTES + 1))
    with pytest.raises(ConfigError, match=r"is larger than 2 MB\."):
        read_yaml(path)


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).data == {"a": 1}


yaml_like = st.text(
    alphabet=st.sampled_from(" \n\t:-[]{}#&*!|>'\"%@`,?.~=+_0123456789abcxyz<é\x07"), max_size=60
)


def outcome(text: str) -> YamlFile | ConfigError:
    try:
        return parsed(text)
    except ConfigError as error:
        return error


@settings(max_examples=400)
@given(text=st.one_of(yaml_like, st.text(max_size=60)))
def test_no_text_raises_anything_but_a_config_error(text: str) -> None:
    result = outcome(text)
    if isinstance(result, ConfigError):
        assert all(problem.where.startswith("velma-sync.yaml") for problem in result.problems)
        assert result.problems
    else:
        assert () in result.values
