"""The reference of every setting, value and transform, made from the models that read them.

`python -m velma_sync.reference` prints the page; `docs/reference.md` is its output, and a test keeps it so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from velma_connectors.recordings.options import RecordingSourceOptions
from velma_connectors.registry import ConnectorKind, kind_names, load_kind
from velma_connectors.velma.options import VelmaOptions
from velma_mappings.catalogue import entries
from velma_mappings.entry import Entry
from velma_mappings.mapping_file import MappingFile
from velma_mappings.transforms import TRANSFORMS
from velma_sync.config.secrets import secret_options
from velma_sync.config.settings import LedgerSettings
from velma_sync.config.types import models_for
from velma_sync.option_guide import options_of
from velma_sync.schemas import Schema, editor_schema

SOURCE = "SOURCE"
PAGE = """\
# Reference

Everything that can be set, and every value that can be mapped. Made from the code by
`make docs`; the same, for one kind of CRM: `velma-sync connectors KIND`; for an editor: `velma-sync schema`.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join((PAGE, *_configuration(), *_mapping(), *_analysis()))


def _configuration() -> Iterator[str]:
    schema = editor_schema("velma-sync")
    defs = schema["$defs"]
    yield "## velma-sync.yaml\n"
    yield from _table(schema, defs)
    sections = (
        ("connections: NAME", "ConnectionSettings"),
        ("analysis", "AnalysisSettings"),
        ("analysis: velma", "VelmaOptions"),
        ("recordings", "RecordingOptions"),
        ("recordings: sources", "RecordingSourceOptions"),
        ("schedule", "ScheduleSettings"),
        ("limits", "LimitSettings"),
        ("ledger", "LedgerSettings"),
    )
    for heading, name in sections:
        yield f"### `{heading}`\n"
        yield from _table(defs[name], defs)
    yield from _logins(defs)
    yield "Secrets stand in no file. Those that belong to no connection:\n"
    yield from _secrets([(VelmaOptions, "velma"), (LedgerSettings, "ledger")])
    for name in kind_names():
        yield from _kind(load_kind(name), defs)


def _logins(defs: Mapping[str, Schema]) -> Iterator[str]:
    yield "### `recordings: sources: credential`\n"
    yield "Which login a source wants; its secret is read from outside of the file.\n"
    yield "| `type` | meaning | more settings | secret |"
    yield "|---|---|---|---|"
    models = models_for(RecordingSourceOptions.model_fields["credential"].annotation, None)
    for model in sorted(models, key=lambda each: each.__name__):
        definition = defs[model.__name__]
        kind = definition["properties"]["type"]["const"]
        others = ", ".join(f"`{name}`" for name in definition["properties"] if name != "type")
        secrets = ", ".join(f"`{variable}`" for variable in _source_secrets(model)) or "none"
        yield f"| `{kind}` | {_cell(definition['description'])} | {others} | {secrets} |"
    yield ""


def _source_secrets(credential: type[BaseModel]) -> Iterator[str]:
    """Variables of a login; `<SOURCE>` stands for the name of a source."""
    for option in secret_options(("recordings", SOURCE), credential, None, ()):
        yield option.variable.replace(SOURCE, f"<{SOURCE}>")


def _kind(kind: ConnectorKind, defs: Mapping[str, Schema]) -> Iterator[str]:
    yield f"### `options` of kind `{kind.name}`\n"
    yield from _table(defs[f"{kind.name}.{kind.options.__name__}"], defs)
    secrets = [option for option in options_of(kind.options, ()) if option.secret]
    yield from _secret_rows(
        (option.title, option.secret[0].variable, option.description) for option in secrets
    )


def _secrets(owners: Sequence[tuple[type[BaseModel], str]]) -> Iterator[str]:
    yield from _secret_rows(
        (option.title or option.name, option.secret[0].variable, option.description)
        for model, owner in owners
        for option in options_of(model, [owner])
        if option.secret
    )


def _secret_rows(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    yield "| secret | variable | meaning |"
    yield "|---|---|---|"
    for title, variable, description in rows:
        yield f"| {title} | `{variable}` | {_cell(description)} |"
    yield ""


def _mapping() -> Iterator[str]:
    schema = editor_schema("mapping")
    defs = schema["$defs"]
    yield "## mapping.yaml\n"
    yield from _table(schema, defs)
    sections = (
        ("rules", "Rule"),
        ("topics", "Topic"),
        ("competitors", "Competitor"),
        ("behaviors", "Behaviors"),
        ("thresholds", "Thresholds"),
        ("thresholds: behaviors: KEY", "BehaviorThresholds"),
        ("notes", "Notes"),
    )
    for heading, name in sections:
        yield f"### `{heading}`\n"
        yield from _table(defs[name], defs)
    yield "### Values\n"
    yield "`value:` of a rule. Each entry of `topics` adds `sentiment.` and its name in small letters.\n"
    yield "| value | type | meaning |"
    yield "|---|---|---|"
    for entry in entries(MappingFile(version=1, rules=())).values():
        yield f"| `{entry.path}` | {_kind_of(entry)} | {_cell(entry.about)} |"
    yield "\n### Transforms\n"
    yield "| transform | for | what it does |"
    yield "|---|---|---|"
    for name, transform in TRANSFORMS.items():
        yield f"| `{name}` | {_words(transform.accepts)} | {_cell(transform.help)} |"
    yield ""


def _kind_of(entry: Entry) -> str:
    words = _words(entry.kind)
    return f"{words}: {', '.join(entry.choices)}" if entry.choices else words


def _words(name: str) -> str:
    return str(name).replace("_", " ")


def _analysis() -> Iterator[str]:
    schema = editor_schema("analysis")
    defs = schema["$defs"]
    yield "## analysis.yaml\n"
    yield from _table(schema, defs)
    sections = (
        ("conversation_types", "ConversationTypeEntry"),
        ("roles", "RoleEntry"),
        ("behaviors", "BehaviorEntry"),
        ("stages", "StageEntry"),
    )
    for heading, name in sections:
        yield f"### `{heading}`\n"
        yield from _table(defs[name], defs)


def _table(schema: Schema, defs: Mapping[str, Schema]) -> Iterator[str]:
    required = schema.get("required", ())
    yield "| setting | type | default | meaning |"
    yield "|---|---|---|---|"
    for name, place in schema["properties"].items():
        default = "required" if name in required else _default(place)
        yield f"| `{name}` | {_type(place, defs)} | {default} | {_cell(_about(place, defs))} |"
    yield ""


def _default(place: Schema) -> str:
    default = place.get("default")
    if default in (None, [], {}, "") or isinstance(default, dict):
        return ""
    return _cell(f"`{json.dumps(default, ensure_ascii=False)}`")


def _about(place: Schema, defs: Mapping[str, Schema]) -> str:
    return str(place.get("description") or _referred(place, defs).get("description", ""))


def _referred(place: Schema, defs: Mapping[str, Schema]) -> Schema:
    return defs[place["$ref"].removeprefix("#/$defs/")] if "$ref" in place else {}


def _type(place: Schema, defs: Mapping[str, Schema]) -> str:
    if "$ref" in place:
        return _type(_referred(place, defs), defs)
    if "const" in place:
        return f"`{json.dumps(place['const'])}`"
    if "enum" in place:
        return ", ".join(f"`{each}`" for each in place["enum"]) if len(place["enum"]) < 9 else "see below"
    if "anyOf" in place or "oneOf" in place:
        alternatives = [_type(each, defs) for each in (*place.get("anyOf", ()), *place.get("oneOf", ()))]
        return " or ".join(dict.fromkeys(each for each in alternatives if each != "nothing"))
    words: Any = place.get("type", "settings")
    if words == "array":
        return f"list of {_type(place.get('items', {}), defs)}"
    return {"null": "nothing", "string": "text", "object": "settings", "boolean": "true or false"}.get(
        words, str(words)
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
