"""A portal as a JSON file: everything that outlives a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from velma_connectors.sandbox.hubspot.associations import End
from velma_connectors.sandbox.hubspot.definitions import Definition, Group, ObjectSchema, Option
from velma_connectors.sandbox.hubspot.owners import Owner
from velma_connectors.sandbox.hubspot.pipelines import Pipeline, Stage
from velma_connectors.sandbox.hubspot.recordings import HostedRecording
from velma_connectors.sandbox.hubspot.records import Record, Version
from velma_connectors.sandbox.hubspot.rules import ValidationRule
from velma_connectors.sandbox.hubspot.segments import Segment
from velma_connectors.sandbox.hubspot.tokens import Token

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

_FORMAT = 1


def save(portal: HubSpotPortal, path: Path) -> None:
    document: dict[str, Any] = {
        "format": _FORMAT,
        "name": portal.name,
        "portal_id": portal.id,
        "hublet": portal.hublet,
        "time_zone": portal.time_zone,
        "switches": asdict(portal.switches),
        "tokens": [
            {**asdict(token), "scopes": None if token.scopes is None else sorted(token.scopes)}
            for token in portal.tokens.values()
        ],
        "owners": [asdict(owner) for owner in portal.owners.values()],
        "pipelines": [asdict(pipeline) for pipeline in portal.pipelines.all],
        "last_pipeline_id": portal.pipelines.last_id,
        "schemas": {name: asdict(schema) for name, schema in portal.properties.schemas.items()},
        "rules": [[*key, [asdict(rule) for rule in rules]] for key, rules in portal.rules.items()],
        "labels": portal.links.types.added,
        "recordings": {call: asdict(hosted) for call, hosted in portal.recordings.items()},
        "segments": [asdict(segment) for segment in portal.segments.all.values()],
        "last_ids": portal.records.last_id,
        "merged": [[*key, winner] for key, winner in portal.records.merged.items()],
        "records": [asdict(each) for name in portal.properties.schemas for each in portal.records.all(name)],
        "links": [[asdict(one), asdict(other), keys] for one, other, keys in portal.links.table.all()],
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(document))
    partial.replace(path)


def load(path: Path, kind: type[HubSpotPortal], clock: Callable[[], datetime]) -> HubSpotPortal:
    """Raises OSError, and ValueError when the file is no saved portal."""
    try:
        document = json.loads(path.read_text())
    except json.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"{path} is no saved portal of format {_FORMAT}")
    portal = kind(
        document["name"],
        clock=clock,
        portal_id=document["portal_id"],
        hublet=document["hublet"],
        time_zone=document["time_zone"],
    )
    for name, value in document["switches"].items():
        setattr(portal.switches, name, value)
    _restore_people(portal, document)
    _restore_schema(portal, document)
    _restore_records(portal, document)
    return portal


def _restore_people(portal: HubSpotPortal, document: dict[str, Any]) -> None:
    for each in document["tokens"]:
        scopes = None if each["scopes"] is None else frozenset(each["scopes"])
        token = Token(**{**each, "scopes": scopes})
        portal.tokens[token.text] = token
    for each in document["owners"]:
        portal.owners[each["id"]] = Owner(**each)


def _restore_schema(portal: HubSpotPortal, document: dict[str, Any]) -> None:
    portal.pipelines.all = [
        Pipeline(**{**each, "stages": tuple(Stage(**stage) for stage in each["stages"])})
        for each in document["pipelines"]
    ]
    portal.pipelines.last_id = document["last_pipeline_id"]
    for name, schema in document["schemas"].items():
        portal.properties.schemas[name] = ObjectSchema(
            {key: _definition(each) for key, each in schema["properties"].items()},
            {key: Group(**each) for key, each in schema["groups"].items()},
        )
    portal.properties.remember_unique_values()
    for object_name, name, rules in document["rules"]:
        portal.rules[object_name, name] = [
            ValidationRule(each["type"], tuple(each["arguments"])) for each in rules
        ]
    for entry in document["labels"]:
        portal.links.types.restore(tuple(entry))


def _definition(document: dict[str, Any]) -> Definition:
    return Definition(**{**document, "options": tuple(Option(**each) for each in document["options"])})


def _restore_records(portal: HubSpotPortal, document: dict[str, Any]) -> None:
    portal.records.last_id = document["last_ids"]
    portal.records.merged = {(name, loser): winner for name, loser, winner in document["merged"]}
    for each in document["records"]:
        history = {
            name: tuple(Version(**version) for version in versions)
            for name, versions in each["history"].items()
        }
        portal.records.put(Record(**{**each, "history": history}))
    for one, other, keys in document["links"]:
        portal.links.table.put(
            End(**one), End(**other), tuple((category, number) for category, number in keys)
        )
    portal.segments.all = {each["id"]: Segment(**each) for each in document.get("segments", ())}
    portal.recordings = {call: HostedRecording(**each) for call, each in document["recordings"].items()}
