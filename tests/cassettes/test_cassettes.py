"""Both client libraries still say, word for word, what they said when they were recorded."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crms import HERE, STAGES, cassettes
from recording import golden, replay
from scenes import SCENES
from stages import CONFIGURED, SANDBOX
from tape import UnrecordedRequest, read_cassette

from velma_connectors.salesforce.options import SalesforceOptions

pytestmark = pytest.mark.usefixtures("no_sockets")

MOST_BYTES = 60_000
Interaction = dict[str, Any]


def named(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", cassettes(), ids=named)
def test_a_cassette_plays_and_gives_what_was_recorded(path: Path) -> None:
    outcome = replay(STAGES[path.parent.name], path)
    assert outcome == json.loads(golden(path).read_text()), (
        f"{path} gives something else than its golden file"
    )


@pytest.mark.parametrize("name", STAGES)
def test_every_scene_is_recorded_and_nothing_else(name: str) -> None:
    scenes = {scene.name for scene in SCENES if STAGES[name].downloads or not scene.needs_hosted}
    assert {path.stem for path in cassettes() if path.parent.name == name} == scenes
    assert {path.stem for path in (HERE / name).glob("*.json")} == scenes


@pytest.mark.parametrize("path", cassettes(), ids=named)
def test_a_cassette_says_where_it_comes_from_and_stays_small(path: Path) -> None:
    metadata = read_cassette(path)["metadata"]
    assert metadata["recorded from"] in (SANDBOX, CONFIGURED)
    assert (metadata["crm"], metadata["scene"]) == (path.parent.name, path.stem)
    assert path.stat().st_size < MOST_BYTES, "a cassette is to be read by people"


def test_the_network_is_really_cut_off() -> None:
    with pytest.raises(AssertionError, match="was to be connected"):
        socket.create_connection(("127.0.0.1", 9))
    with socket.socket() as one, pytest.raises(AssertionError, match="was to be connected"):
        one.connect(("127.0.0.1", 9))


def _damaged(tmp_path: Path, name: str, replaced: str, by: str) -> Path:
    """A copy of a cassette in which the first occurrence of a text is another one."""
    original = next(path for path in cassettes() if named(path) == name)
    text = original.read_text()
    assert replaced in text, f"{original} does not hold {replaced!r}; choose another word to damage"
    copy = tmp_path / original.parent.name / original.name
    copy.parent.mkdir()
    copy.write_text(text.replace(replaced, by, 1))
    return copy


@pytest.mark.parametrize(
    ("name", "replaced", "by"),
    [
        ("salesforce-a_page_of_calls", "method: GET", "method: POST"),
        ("salesforce-a_page_of_calls", "/sobjects/Task/describe", "/sobjects/Event/describe"),
        ("salesforce-a_page_of_calls", "SELECT+COUNT", "SELECT+COUNTED"),
        ("salesforce-a_page_of_calls", "LIMIT+3", "LIMIT+4"),
        ("salesforce-a_page_of_calls", "https://org.salesforce.example", "https://x.salesforce.example"),
        ("salesforce-fields_written", '"allOrNone": false', '"allOrNone": true'),
        ("salesforce-one_note_written_twice", "the price was named", "the price was missed"),
        ("salesforce-a_refused_token", "grant_type=client_credentials", "grant_type=password"),
        ("hubspot-a_page_of_calls", "method: POST", "method: PUT"),
        ("hubspot-a_page_of_calls", "/calls/search", "/deals/search"),
        ("hubspot-a_page_of_calls", '"hs_lastmodifieddate"', '"hs_createdate"'),
        ("hubspot-fields_written", '"velma_status": "Analyzed"', '"velma_status": "Partial"'),
        ("hubspot-one_note_written_twice", "the price was named", "the price was missed"),
    ],
)
def test_a_request_in_other_words_is_not_answered(tmp_path: Path, name: str, replaced: str, by: str) -> None:
    copy = _damaged(tmp_path, name, replaced, by)
    with pytest.raises(UnrecordedRequest):
        replay(STAGES[copy.parent.name], copy)


@pytest.mark.parametrize(
    ("name", "replaced", "by"),
    [
        ("salesforce-a_page_of_calls", '"totalSize": 3', '"totalSize": 4'),
        ("hubspot-a_page_of_calls", '"total": 3', '"total": 4'),
    ],
)
def test_another_answer_gives_another_outcome(tmp_path: Path, name: str, replaced: str, by: str) -> None:
    copy = _damaged(tmp_path, name, replaced, by)
    original = next(path for path in cassettes() if named(path) == name)
    assert replay(STAGES[copy.parent.name], copy) != json.loads(golden(original).read_text())


def _edited(tmp_path: Path, name: str, edit: Callable[[list[Interaction]], list[Interaction]]) -> Path:
    original = next(path for path in cassettes() if named(path) == name)
    document = read_cassette(original)
    document["interactions"] = edit(document["interactions"])
    copy = tmp_path / original.name
    # JSON is YAML as well.
    copy.write_text(json.dumps(document))
    return copy


@pytest.mark.parametrize("name", STAGES)
def test_a_request_too_many_is_not_answered(tmp_path: Path, name: str) -> None:
    copy = _edited(tmp_path, f"{name}-a_page_of_calls", lambda recorded: recorded[:-1])
    with pytest.raises(UnrecordedRequest):
        replay(STAGES[name], copy)


@pytest.mark.parametrize("name", STAGES)
def test_a_recorded_request_that_is_no_longer_made_is_told(tmp_path: Path, name: str) -> None:
    copy = _edited(tmp_path, f"{name}-a_page_of_calls", lambda recorded: [*recorded, recorded[-1]])
    with pytest.raises(AssertionError, match=r"holds requests that were not made: (GET|POST) https://"):
        replay(STAGES[name], copy)


def test_a_signed_login_is_not_recorded() -> None:
    options = SalesforceOptions.model_validate(
        {"flow": "jwt", "consumer_key": "k", "username": "u", "private_key": "p"}
    )
    with pytest.raises(ValueError, match="record with flow: client_credentials"):
        STAGES["salesforce"].kept_options(options)
