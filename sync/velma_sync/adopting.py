"""More entries for the vocabularies of a mapping file, as a patch that adds them and changes nothing else.

The text is put where the YAML parser says that a list ends: writing the whole document anew would move
comments and fold lines that nobody asked to change.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from velma_connectors.errors import ConfigError
from velma_sync.config.yaml_file import PlainValue, parse_yaml
from velma_sync.config.yaml_text import on_one_line

BYTE_ORDER_MARK = "\ufeff"
DEEPER = "  "

Synonyms: TypeAlias = Mapping[str, Sequence[str]]
"""Topic of the file -> wordings to adopt."""


@dataclass(frozen=True, slots=True)
class _Insertion:
    """Text to put before the character at `index`."""

    index: int
    text: str


def patch_directory(paths: Sequence[Path]) -> Path:
    """Where patches of these files apply: here, unless one lies elsewhere, else above them all.

    Neither git nor patch follows a path that leads out of the directory it works in.
    """
    here = Path.cwd()
    whole = [path.resolve() for path in paths]
    if all(path.is_relative_to(here) for path in whole):
        return here
    return Path(os.path.commonpath([path.parent for path in whole]))


def synonyms_patch(path: Path, adopted: Synonyms, directory: Path) -> str:
    """The unified diff that gives topics of the file more synonyms; empty when no text can be added."""
    return _patch(path, directory, (), adopted) if adopted else ""


def competitors_patch(path: Path, names: Sequence[str], directory: Path) -> str:
    """The unified diff that adds competitors to the file; empty when no text can be added."""
    return _patch(path, directory, names, {}) if names else ""


def _patch(path: Path, directory: Path, competitors: Sequence[str], synonyms: Synonyms) -> str:
    # A link cannot be patched, only the file behind it.
    file = path.resolve()
    text = file.read_bytes().decode("utf-8")
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    longer = _extended(text.removeprefix(mark), competitors, synonyms)
    return _difference(text, mark + longer, file.relative_to(directory).as_posix())


def _extended(text: str, competitors: Sequence[str], synonyms: Synonyms) -> str:
    """The text as it is where a reader would not get exactly what is to be added."""
    root = YAML(typ="safe", pure=True).compose(text)
    insertions = _more_synonyms(text, root, synonyms)
    insertions += _more_competitors(text, root, competitors) if competitors else []
    longer = text
    # From the end: what stands before a place keeps its index.
    for each in sorted(insertions, key=lambda each: each.index, reverse=True):
        longer = longer[: each.index] + each.text + longer[each.index :]
    try:
        read = parse_yaml(longer, Path()).data
    except ConfigError:
        return text
    return longer if read == _expected(parse_yaml(text, Path()).data, competitors, synonyms) else text


def _expected(data: PlainValue, competitors: Sequence[str], synonyms: Synonyms) -> PlainValue:
    """What a reader must get afterwards."""
    whole: dict[str, Any] = dict(data) if isinstance(data, dict) else {}
    if competitors:
        whole["competitors"] = [*whole.get("competitors", []), *({"name": name} for name in competitors)]
    if synonyms:
        whole["topics"] = [
            {**topic, "synonyms": [*topic.get("synonyms", []), *synonyms[topic["name"]]]}
            if topic["name"] in synonyms
            else topic
            for topic in whole.get("topics", [])
        ]
    return whole


def _more_competitors(text: str, root: MappingNode, names: Sequence[str]) -> list[_Insertion]:
    entries = [f"{{name: {on_one_line(name)}}}" for name in names]
    rivals = _value(root, "competitors")
    if isinstance(rivals, SequenceNode):
        return [_into_list(text, rivals, entries)]
    block = ("competitors:", *(f"{DEEPER}- {entry}" for entry in entries))
    lines = [f"competitors: [{', '.join(entries)}]"] if root.flow_style else block
    return [_into(text, root, root.value[-1][1], lines)]


def _more_synonyms(text: str, root: MappingNode, adopted: Synonyms) -> list[_Insertion]:
    topics = _value(root, "topics")
    found = []
    for topic in topics.value if topics is not None else ():
        name = _value(topic, "name")
        wordings = adopted.get(name.value) if name is not None else None
        if not wordings:
            continue
        synonyms = _value(topic, "synonyms")
        if isinstance(synonyms, SequenceNode):
            found.append(_into_list(text, synonyms, [on_one_line(each) for each in wordings]))
        else:
            found.append(_into(text, topic, name, [f"synonyms: {on_one_line(tuple(wordings))}"]))
    return found


def _value(mapping: Node, key: str) -> Any:
    return next((value for name, value in mapping.value if name.value == key), None)


def _into_list(text: str, owner: SequenceNode, entries: Sequence[str]) -> _Insertion:
    last = owner.value[-1] if owner.value else None
    return _into(text, owner, last, entries if owner.flow_style else [f"- {entry}" for entry in entries])


def _into(text: str, owner: CollectionNode, last: Node | None, entries: Sequence[str]) -> _Insertion:
    """Behind the `last` entry of a list or mapping: in line with it, or on lines of their own."""
    if last is None:
        return _Insertion(owner.start_mark.index + 1, ", ".join(entries))
    if owner.flow_style:
        return _Insertion(last.end_mark.index, "".join(f", {entry}" for entry in entries))
    end = text.find("\n", len(text[: _end_of(last)].rstrip()))
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = "".join(f"{' ' * owner.start_mark.column}{entry}{ending}" for entry in entries)
    return _Insertion(len(text), ending + lines) if end < 0 else _Insertion(end + 1, lines)


def _end_of(node: Node) -> int:
    """Where its text ends. The mark of a block stands behind the comments that follow it."""
    while isinstance(node, CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1] if isinstance(node, SequenceNode) else node.value[-1][1]
    return int(node.end_mark.index)


def _difference(before: str, after: str, name: str) -> str:
    shown = f"{name}\t" if " " in name else name
    # Lines end at \n alone for git and patch, other than for str.splitlines.
    old, new = (list(io.StringIO(each, newline="\n")) for each in (before, after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, shown, shown)
    )
