"""A further connection in an admin's own file: all that stood there stays, byte for byte and in its order."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from velma_connectors.errors import ConfigError
from velma_sync.config.yaml_file import parse_yaml
from velma_sync.setup.extending import Addition, extended

PATH = Path("velma-sync.yaml")
CONNECTION = Addition(
    ("hub:", "  kind: hubspot", "  # Why.", "  mapping: hub.yaml"),
    {"hub": {"kind": "hubspot", "mapping": "hub.yaml"}},
)
NO_SOURCES = Addition((), [])
SOURCES = Addition(
    ("- name: twilio", "  hosts: [api.twilio.com]"), [{"name": "twilio", "hosts": ["api.twilio.com"]}]
)

OURS = """\
# Ours. Ask Kim before you change it.
version: 1

connections:
  # The old org.
  sales-eu:   # since spring
    kind: "salesforce"
    mapping: eu.yaml
    options: {login_url: 'https://acme.my.salesforce.com'}
    # End of the old org.

# What we ask.
analysis:
    file: analysis.yaml  # four spaces, as we like it
"""


SOURCES_OF_A_NEW_FILE = "  sources:\n    - name: twilio\n      hosts: [api.twilio.com]\n"


@pytest.mark.parametrize(
    ("before", "new"),
    [
        ("recordings:\n  sources:\n", "    - name: twilio\n      hosts: [api.twilio.com]\n"),
        (
            "recordings:\n  sources:  # none yet\n  max_bytes: 5\n",
            "    - name: twilio\n      hosts: [api.twilio.com]\n",
        ),
        ("recordings:\n", SOURCES_OF_A_NEW_FILE),
        ("recordings:\n  max_bytes: 5\n", SOURCES_OF_A_NEW_FILE),
    ],
)
def test_a_key_without_a_value_takes_the_first_source(before: str, new: str) -> None:
    after = extended(OURS + before, PATH, CONNECTION, SOURCES)
    assert new in after
    assert added(OURS + before, after).splitlines()[-2:] == new.splitlines()[-2:]
    data: Any = parse_yaml(after, PATH).data
    assert data["recordings"]["sources"] == SOURCES.data


def added(before: str, after: str) -> str:
    """The lines that are new, after a check that all others are there in their order."""
    ours, theirs = before.splitlines(), after.splitlines()
    new = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        assert tag in ("equal", "insert"), f"{ours[i1:i2]} became {theirs[j1:j2]}"
        new += theirs[j1:j2] if tag == "insert" else []
    return "\n".join(new)


def test_a_connection_goes_behind_the_others_and_before_the_next_sections_comment() -> None:
    after = extended(OURS, PATH, CONNECTION, NO_SOURCES)
    assert after == OURS.replace(
        "    # End of the old org.\n",
        "    # End of the old org.\n  hub:\n    kind: hubspot\n    # Why.\n    mapping: hub.yaml\n",
    )


@pytest.mark.parametrize(
    ("recordings", "expected"),
    [
        ("", "\nrecordings:\n  sources:\n    - name: twilio\n      hosts: [api.twilio.com]"),
        (
            "recordings:\n   idle_seconds: 5\n",
            "   sources:\n     - name: twilio\n       hosts: [api.twilio.com]",
        ),
        (
            "recordings:\n  sources:\n  - name: a # first\n    hosts:\n    - a.example\n  max_bytes: 5\n",
            "  - name: twilio\n    hosts: [api.twilio.com]",
        ),
        (
            "recordings:\n  sources:\n      -   name: a\n          hosts: [a.example]\n",
            "      - name: twilio\n        hosts: [api.twilio.com]",
        ),
    ],
)
def test_sources_go_where_the_file_has_them(recordings: str, expected: str) -> None:
    before = OURS + recordings
    after = extended(before, PATH, CONNECTION, SOURCES)
    assert added(OURS + recordings, after).removeprefix(
        added(before, extended(before, PATH, CONNECTION, NO_SOURCES))
    ).strip("\n") == expected.strip("\n")
    data: Any = parse_yaml(after, PATH).data
    assert data["recordings"]["sources"][-1] == SOURCES.data[0]


@pytest.mark.parametrize(
    "text",
    [
        OURS.replace("\n", "\r\n"),
        "\ufeff" + OURS,
        OURS.rstrip("\n"),
        OURS + "...\n",
        "---\n" + OURS,
        OURS + "\n\n# The end.\n\n",
        "analysis: {file: a.yaml}\nconnections:\n  a:\n    kind: b\n    mapping: |\n      a.yaml\n",
        "connections:\n    a:\n        kind: b\n\n\n\nversion: 1\n",
        '"connections":\n  "a": {kind: b}\n',
    ],
)
def test_other_ways_to_write_a_file_are_kept(text: str) -> None:
    after = extended(text, PATH, CONNECTION, SOURCES)
    added(text, after)
    data: Any = parse_yaml(after.removeprefix("\ufeff"), PATH).data
    assert list(data["connections"])[-1] == "hub"
    assert ("\r\n" in after) is ("\r\n" in text)
    assert after.count("\r\n") in (0, after.count("\n"))
    assert after.startswith("\ufeff") is text.startswith("\ufeff")


@pytest.mark.parametrize(
    "text",
    [
        "connections: {a: {kind: b}}\n",
        "connections: {\n  a: {kind: b}\n}\n",
        "connections:\n  a:\n    note: |+\n      kept\n\n\n",
        "connections:\n  a: {kind: b}\nrecordings: {sources: []}\n",
        "connections:\n  a: {kind: b}\nrecordings:\n  sources: []\n",
    ],
)
def test_a_form_to_which_no_lines_can_be_added_is_refused(text: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^velma-sync\.yaml: holds connections or recording sources in a form"
    ):
        extended(text, PATH, CONNECTION, SOURCES)


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "version: 1\n", "- a\n", "connections:\n", "connections: []\n"]
)
def test_a_file_without_connections_is_no_configuration(text: str) -> None:
    with pytest.raises(ConfigError, match="holds no connections, so it is no configuration"):
        extended(text, PATH, CONNECTION, NO_SOURCES)


def test_a_file_that_cannot_be_read_is_refused_as_everywhere() -> None:
    with pytest.raises(ConfigError, match=r"^velma-sync\.yaml:2:1: 'a' is here twice"):
        extended("a: 1\na: 2\n", PATH, CONNECTION, NO_SOURCES)


COMMENTS = st.sampled_from(["", "\n", "# A word.\n", "  # Deeper.\n", "      # Deepest.\n", "\n\n# Two.\n"])
KEYS = st.sampled_from(["sales", "eu", "x-1"])
VALUES = st.sampled_from(["b", "'b'  # why", '"b"', "[1, 2]", "{c: d}", ">-\n      folded\n      text"])
SECTIONS = st.sampled_from(
    [
        "analysis:\n  file: a.yaml\n",
        "version: 1\n",
        "limits: {max_in_flight: 3}\n",
        "recordings:\n  sources:\n    - name: a\n      hosts: [a.example]\n",
    ]
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files as people leave them: sections in any order, comments and blank lines anywhere."""
    connections = "connections:\n" + "".join(
        f"{draw(COMMENTS)}  {key}:\n{draw(COMMENTS)}    kind: {draw(VALUES)}\n"
        for key in draw(st.lists(KEYS, min_size=1, unique=True))
    )
    sections = draw(st.lists(SECTIONS, unique=True))
    sections.insert(draw(st.integers(0, len(sections))), connections)
    return "".join(f"{draw(COMMENTS)}{section}" for section in sections) + draw(COMMENTS)


@given(files(), st.booleans())
@example(OURS, True)
def test_nothing_else_changes_and_the_file_says_what_it_should(text: str, with_sources: bool) -> None:
    before: Any = parse_yaml(text, PATH).data
    after = extended(text, PATH, CONNECTION, SOURCES if with_sources else NO_SOURCES)
    added(text, after)
    data: Any = parse_yaml(after, PATH).data
    before["connections"]["hub"] = CONNECTION.data["hub"]
    if with_sources:
        listed = before.setdefault("recordings", {}).setdefault("sources", [])
        listed += SOURCES.data
    assert data == before
