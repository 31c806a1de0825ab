"""Exported properties: sent as they are, they make what the connection itself makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.administration import ExportedFile
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.export import export_fields
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.provisioning import MAX_INPUTS, Provisioner
from velma_connectors.hubspot.schema import OBJECTS, Planner
from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, Target
from velma_connectors.sandbox.hubspot import HubSpotEmulator, HubSpotPortal
from velma_connectors.sandbox.server import RunningServer
from velma_connectors.testing.clock import ManualClock

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)
CHOICES = st.lists(
    st.text("ABCdef <&>äß'\"", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=1,
    max_size=5,
    unique_by=str.casefold,
)


@st.composite
def specs(draw: st.DrawFn) -> list[FieldSpec]:
    """Fields of every kind on every record, each named once."""
    kinds = draw(st.lists(st.sampled_from([kind for kind in FieldKind if kind is not FieldKind.OTHER])))
    return [
        FieldSpec(
            target=draw(st.sampled_from([Target.CALL, Target.DEAL, Target.CONTACT, Target.ACCOUNT])),
            name=f"velma_{place}",
            label=draw(TEXT) + str(place),
            kind=kind,
            help=draw(TEXT),
            choices=tuple(draw(CHOICES)) if "choice" in kind else (),
        )
        for place, kind in enumerate(kinds)
    ]


def body(files: Sequence[ExportedFile], path: str) -> Any:
    return json.loads(next(file.text for file in files if file.path == path))


def bodies(files: Sequence[ExportedFile]) -> dict[str, list[ExportedFile]]:
    """Files of properties by object."""
    by_object: dict[str, list[ExportedFile]] = {}
    for file in files:
        if file.path.endswith(".json") and file.path != "group.json":
            by_object.setdefault(file.path.removesuffix(".json").partition("-")[0], []).append(file)
    return by_object


def send(client: HubSpotClient, files: Sequence[ExportedFile]) -> None:
    """Send every file to where it belongs."""
    for name, parts in bodies(files).items():
        client.send("POST", paths.properties(name, "groups"), body(files, "group.json"))
        for part in parts:
            client.send("POST", paths.properties(name, "batch/create"), json.loads(part.text))


def made_by(act: Any, objects: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What a fresh portal holds of ours after that was done to it."""
    clock = ManualClock()
    portal = HubSpotPortal("Ledgerline", clock=clock.now)
    portal.add_token("pat-na1-0a1b2c3d-0000-4000-8000-00000000beef")
    with RunningServer(HubSpotEmulator(portal)) as server:
        options = HubSpotOptions.model_validate(
            {"access_token": "pat-na1-0a1b2c3d-0000-4000-8000-00000000beef", "base_url": server.url}
        )
        client = HubSpotClient(options, wait=clock.advance, clock=clock.monotonic, now=clock.now)
        try:
            act(client)
            return {name: _ours(client, name) for name in objects}
        finally:
            client.close()


def _ours(client: HubSpotClient, name: str) -> list[dict[str, Any]]:
    entries = client.get(paths.properties(name))["results"]
    groups = [
        group for group in client.get(paths.properties(name, "groups"))["results"] if group["name"] == "velma"
    ]
    ours = [entry for entry in entries if entry["groupName"] == "velma"]
    stamps = ("createdAt", "updatedAt", "createdUserId", "updatedUserId")
    plain = [{key: value for key, value in entry.items() if key not in stamps} for entry in ours]
    return [*groups, *sorted(plain, key=lambda entry: str(entry["name"]))]


@settings(max_examples=15)
@given(specs())
def test_what_is_exported_makes_what_the_connection_makes(wanted: list[FieldSpec]) -> None:
    files = export_fields(wanted)
    objects = list(bodies(files))
    sent = made_by(lambda client: send(client, files), objects)

    def create(client: HubSpotClient) -> None:
        results = Provisioner(client).create(Planner(client, OBJECTS).plan(wanted))
        assert all(result.ok for result in results)

    assert sent == made_by(create, objects)
    assert sum(map(len, sent.values())) == len(wanted) + 1 + len(objects)


@pytest.mark.parametrize("count", [MAX_INPUTS, MAX_INPUTS + 1])
def test_a_file_holds_no_more_than_one_request_takes(count: int) -> None:
    wanted = [
        FieldSpec(Target.DEAL, f"velma_{n}", f"Label {n}", FieldKind.NUMBER, "Help.") for n in range(count)
    ]
    files = export_fields(wanted)
    parts = bodies(files)["deals"]
    assert [part.path for part in parts] == ["deals.json", "deals-2.json"][: 1 + count // (MAX_INPUTS + 1)]
    assert [entry["name"] for part in parts for entry in body(files, part.path)["inputs"]] == [
        spec.name for spec in wanted
    ]
    assert all(part.path in files[0].text for part in parts), "the README names every request"


def test_what_cannot_be_created_is_told_and_left_out() -> None:
    wanted = [
        FieldSpec(Target.DEAL, "../velma", "Label", FieldKind.NUMBER, "Help."),
        FieldSpec(Target.DEAL, "velma_x", "Label", FieldKind.OTHER, "Help."),
    ]
    readme, *files = export_fields(wanted)
    assert [file.path for file in files] == ["group.json", "notes.json"]
    assert "- deals.../velma: no such property" in readme.text
    assert "- deals.velma_x: properties of this kind are not created" in readme.text


def test_the_key_of_notes_is_asked_to_be_unique() -> None:
    (key,) = body(export_fields([]), "notes.json")["inputs"]
    assert (key["name"], key["hasUniqueValue"]) == ("velma_note_key", True)


def test_a_plan_finds_nothing_left_after_the_files_were_sent(client: Any) -> None:
    wanted = [FieldSpec(Target.CALL, "velma_x", "X", FieldKind.CHOICE, "Help.", choices=("A", "B"))]
    send(client, export_fields(wanted))
    steps = Planner(client, OBJECTS).plan(wanted)
    assert {step.action for step in steps} == {SchemaAction.LEAVE}
