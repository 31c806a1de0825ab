"""JSON Schemas of the admin's files, for completion and checking while they type.

They are made from the models that read the files. Secrets have no place in a file, so they are left out,
and the options of a connection follow its kind. An editor with a YAML language server uses a schema that
the first line of a file names; the three files written by `write_schemas` lie beside the YAML.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from velma_connectors.errors import ConfigError
from velma_connectors.recordings.options import RecordingOptions
from velma_connectors.registry import ConnectorKind, kind_names, load_kind
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.playbook import AnalysisFile
from velma_mappings.catalogue import entries
from velma_mappings.mapping_file import MappingFile
from velma_mappings.transforms import TRANSFORMS
from velma_sync.config.settings import LedgerSettings, Settings
from velma_sync.replacing import replace_file

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMES = ("velma-sync", "mapping", "analysis")
TOPIC_PATH = r"^sentiment\.[^\W_]+(_[^\W_]+)*$"


def file_name(name: str) -> str:
    """Of the schema for the file `<name>.yaml`."""
    return f"{name}.schema.json"


def editor_comment(name: str) -> str:
    """The first line of a YAML file that lies beside its schema."""
    return f"# yaml-language-server: $schema={file_name(name)}"


def editor_schema(name: str) -> Schema:
    """The schema of one file. Raises KeyError for a name that is none of NAMES."""
    made = {"velma-sync": _configuration, "mapping": _mapping, "analysis": _analysis}[name]()
    return {"$schema": DIALECT, **made}


def write_schemas(directory: Path) -> tuple[Path, ...]:
    """Write all schemas into a directory that exists; those that are there are replaced.

    Raises ConfigError for one that cannot be written, and leaves the former one.
    """
    paths = []
    for name in NAMES:
        path = directory / file_name(name)
        replace_file(path, text(editor_schema(name)).encode())
        paths.append(path)
    return tuple(paths)


def text(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _configuration() -> Schema:
    schema = Settings.model_json_schema()
    defs: Schema = schema["$defs"]
    parts: Mapping[str, type[BaseModel]] = {"recordings": RecordingOptions, "ledger": LedgerSettings}
    for name, model in parts.items():
        schema["properties"][name] = _part(model, defs, schema["properties"][name])
    velma = defs["AnalysisSettings"]["properties"]
    velma["velma"] = _part(VelmaOptions, defs, velma["velma"])
    connection = defs["ConnectionSettings"]
    kinds = list(_working_kinds())
    connection["properties"]["kind"] = {
        **connection["properties"]["kind"],
        "enum": [kind.name for kind in kinds],
    }
    connection["allOf"] = [_for_kind(kind, defs) for kind in kinds]
    return schema


def _working_kinds() -> Iterable[ConnectorKind]:
    """Those that load: a broken plug-in is told by `connectors`, and takes no completion from the others."""
    for name in kind_names():
        try:
            yield load_kind(name)
        except ConfigError:
            continue


def _for_kind(kind: ConnectorKind, defs: Schema) -> Schema:
    return {
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {"properties": {"options": _part(kind.options, defs, {}, owner=kind.name)}},
    }


def _part(model: type[BaseModel], defs: Schema, place: Schema, *, owner: str = "") -> Schema:
    """A model as a definition of its own; gives the reference to it with the description of its place."""
    prefix = f"{owner}." if owner else ""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    inner = schema.pop("$defs", {})
    for name, definition in {**inner, model.__name__: schema}.items():
        defs[f"{prefix}{name}"] = without_secrets(definition)
    told = {"description": place["description"]} if "description" in place else {}
    return {"$ref": f"#/$defs/{prefix}{model.__name__}", **told}


def without_secrets(schema: Schema) -> Schema:
    """The same object without the properties that hold a secret."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    secret = {name for name, each in properties.items() if _is_secret(each)}
    if not secret:
        return schema
    kept = {
        **schema,
        "properties": {name: each for name, each in properties.items() if name not in secret},
        "required": [name for name in schema.get("required", ()) if name not in secret],
    }
    return kept if kept["required"] else {key: value for key, value in kept.items() if key != "required"}


def _is_secret(schema: Schema) -> bool:
    return any(each.get("writeOnly", False) for each in (schema, *schema.get("anyOf", ())))


def _mapping() -> Schema:
    """Paths and transforms are completed too; a topic of the file itself has a path that no list knows."""
    schema = MappingFile.model_json_schema()
    rule = schema["$defs"]["Rule"]["properties"]
    paths = entries(MappingFile(version=1, rules=()))
    rule["value"] = {
        "description": rule["value"]["description"],
        "anyOf": [{"enum": list(paths)}, {"type": "string", "pattern": TOPIC_PATH}],
    }
    transforms = {"enum": list(TRANSFORMS)}
    rule["transform"] = {
        "description": rule["transform"]["description"],
        "anyOf": [transforms, {"type": "array", "items": transforms}],
    }
    return schema


def _analysis() -> Schema:
    return AnalysisFile.model_json_schema()
