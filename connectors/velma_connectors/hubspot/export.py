"""Wanted properties as the bodies of requests, for teams that deploy through a pipeline of their own.

One file per object is what the batch endpoint takes, `group.json` is the group that has to be there first
(developers.hubspot.com/docs, properties, 2026-03). Nothing is asked of the portal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from velma_connectors.administration import ExportedFile
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.provisioning import GROUP_BODY, MAX_INPUTS
from velma_connectors.hubspot.schema import OBJECTS, definition, is_note_key, obstacle, wanted_properties
from velma_connectors.model import FieldSpec

GROUP_FILE = "group.json"

README = """\
# Properties of velma-sync for HubSpot

The requests that `velma-sync provision --apply` would send to a portal that has none of it. TOKEN is a token
with the scopes `crm.schemas.*.write` of these objects. Where the group is there already, HubSpot answers 409,
which does no harm; properties that are there stay as they are, and the answer names them.

"""
REQUEST = """\
    curl -X POST https://api.hubapi.com{path} \\
      -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d @{file}
"""
KEY_OF_NOTES = """
`velma_note_key` on notes is unique. If the portal refuses that, send it once more without "hasUniqueValue".
`velma-sync provision` then tells what is still missing.
"""
LEFT_OUT = "\nNot among the files, because it cannot be created:\n\n"


def export_fields(specs: Sequence[FieldSpec]) -> list[ExportedFile]:
    """Bodies of requests, and the explanation that tells where they are sent."""
    by_object: dict[str, dict[str, FieldSpec]] = {}
    left_out = []
    for spec, name in wanted_properties(specs, OBJECTS):
        reason = obstacle(spec)
        if reason:
            left_out.append(f"- {name}.{spec.name}: {reason}\n")
        else:
            by_object.setdefault(name, {})[spec.name] = spec
    requests = [(paths.properties(name, "groups"), GROUP_FILE) for name in by_object]
    bodies = []
    for name, wanted in by_object.items():
        for file in _batches(name, list(wanted.values())):
            bodies.append(file)
            requests.append((paths.properties(name, "batch/create"), file.path))
    commands = "".join(REQUEST.format(path=path, file=file) for path, file in requests)
    ending = LEFT_OUT + "".join(left_out) if left_out else ""
    about = ExportedFile("README.md", README + commands + KEY_OF_NOTES + ending)
    return [about, ExportedFile(GROUP_FILE, _json(GROUP_BODY)), *bodies]


def _batches(name: str, specs: Sequence[FieldSpec]) -> Iterator[ExportedFile]:
    """One file as long as one request takes all."""
    for place, start in enumerate(range(0, len(specs), MAX_INPUTS), start=1):
        inputs = [
            definition(spec, unique=is_note_key(spec, name)) for spec in specs[start : start + MAX_INPUTS]
        ]
        path = f"{name}.json" if place == 1 else f"{name}-{place}.json"
        yield ExportedFile(path, _json({"inputs": inputs}))


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
