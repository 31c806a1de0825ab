"""Writes values as YAML on one line, as a person would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from velma_connectors.errors import ConfigError
from velma_sync.config.yaml_file import PlainValue, parse_yaml


def on_one_line(value: Any) -> str:
    """A value without quotes where a reader gets the same text, also within a list or braces."""
    if isinstance(value, str) and _reads_as(value, value):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(on_one_line, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _reads_as(written: str, value: PlainValue) -> bool:
    """Whether a reader gets the value, both behind a name and within a list."""
    try:
        alone, listed = (parse_yaml(form.format(written), Path()).data for form in ("a: {}", "a: [{}]"))
    except ConfigError:
        return False
    return (alone, listed) == ({"a": value}, {"a": [value]})
