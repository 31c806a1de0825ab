"""Addresses over which a secret could be read on the way."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from velma_connectors.errors import Problem
from velma_connectors.url import is_loopback
from velma_sync.config.parts import value_at
from velma_sync.config.yaml_file import YamlFile


def refuse_plain_http(file: YamlFile, problems: Iterable[Problem]) -> list[Problem]:
    """For connectors whose own options do not look at it: a Problem where `problems` tell of none yet."""
    told = {problem.where for problem in problems}
    found = []
    for location, position in file.values.items():
        value = value_at(file.data, location)
        if not isinstance(value, str) or not value.strip().lower().startswith("http://"):
            continue
        where = file.where(position)
        if where not in told and not is_loopback(_host(value)):
            message = f"'{location[-1]}' would send over plain http, which anyone on the way can read."
            found.append(Problem(where, message, "Begin it with https://."))
    return found


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
