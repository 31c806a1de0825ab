"""Cassettes on disk and in memory, and the only import of vcr.

A cassette is a YAML file in vcrpy's format, laid out to be read by people: bodies are JSON over several
lines, and the metadata says where it was recorded from. What is played back must be asked for in the same
words: method, address, query and body.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import vcr  # type: ignore[import-untyped] # it ships no types
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString
from urllib3 import HTTPHeaderDict
from vcr.errors import (  # type: ignore[import-untyped] # likewise
    CannotOverwriteExistingCassetteException as UnrecordedRequest,
)
from vcr.persisters.filesystem import CassetteNotFoundError  # type: ignore[import-untyped] # likewise
from vcr.request import Request  # type: ignore[import-untyped] # likewise
from vcr.stubs import VCRHTTPResponse  # type: ignore[import-untyped] # likewise

__all__ = ["Exchange", "UnrecordedRequest", "playing", "read_cassette", "recording", "write_cassette"]

FORMAT = 1
"""Version of vcrpy's cassette format."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. Bodies are as they travelled, decompressed."""

    method: str
    uri: str
    status: int
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: bytes = b""


@contextmanager
def recording() -> Iterator[list[Exchange]]:
    """Everything that is sent inside the block. The list is filled at its end, and nothing is written."""
    exchanges: list[Exchange] = []
    with _player(_Memory(exchanges), "all").use_cassette("in memory"):
        yield exchanges


@contextmanager
def playing(path: Path) -> Iterator[Any]:
    """Answer every request inside the block from the cassette; none other is possible.

    Raises AssertionError at the end when a recorded request was not made, and UnrecordedRequest,
    which shows the nearest recorded ones, for one that was not recorded.
    """
    with _player(_Disk(), "none").use_cassette(str(path)) as cassette:
        yield cassette
    counts = cassette.play_counts
    unused = [f"{one.method} {one.uri}" for at, one in enumerate(cassette.requests) if not counts[at]]
    assert not unused, f"{path.name} holds requests that were not made: {'; '.join(unused)}"


def write_cassette(path: Path, metadata: Mapping[str, Any], exchanges: Sequence[Exchange]) -> None:
    """Write exchanges whose bodies are text, scrubbed by the caller."""
    document = {
        "metadata": metadata,
        "interactions": [_interaction(exchange) for exchange in exchanges],
        "version": FORMAT,
    }
    text = io.StringIO()
    _yaml().dump(document, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.getvalue(), encoding="utf-8")


def read_cassette(path: Path) -> dict[str, Any]:
    """The document of a cassette: `metadata`, `interactions`, `version`."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    return document


def same_method(asked: Request, recorded: Request) -> None:
    assert asked.method == recorded.method, f"{asked.method} != {recorded.method}"


def same_address(asked: Request, recorded: Request) -> None:
    for part in ("scheme", "netloc", "path"):
        now, then = (getattr(urlsplit(one.uri), part) for one in (asked, recorded))
        assert now == then, f"{part}: {now} != {then}"


def same_query(asked: Request, recorded: Request) -> None:
    now, then = (parse_qsl(urlsplit(one.uri).query, keep_blank_values=True) for one in (asked, recorded))
    assert now == then, f"{now} != {then}"


def same_body(asked: Request, recorded: Request) -> None:
    now, then = (_words(one) for one in (asked, recorded))
    assert now == then, f"{now} != {then}"


def _words(request: Request) -> Any:
    """What a body says: JSON whatever its spacing; of a form only the grant, for the rest is secret."""
    body = request.body or b""
    if "form-urlencoded" in str(request.headers.get("Content-Type", "")):
        return [pair for pair in parse_qsl(body.decode()) if pair[0] == "grant_type"]
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


def _player(persister: Any, mode: str) -> Any:
    matchers = (same_method, same_address, same_query, same_body)
    player = vcr.VCR(
        record_mode=mode,
        decode_compressed_response=True,
        match_on=[],
        # hubspot-api-client asks refusals for their headers as urllib3 gives them, which vcrpy does not.
        custom_patches=((VCRHTTPResponse, "getheaders", _headers_of),),
    )
    for matcher in matchers:
        player.register_matcher(matcher.__name__, matcher)
    player.match_on = [matcher.__name__ for matcher in matchers]
    player.register_persister(persister)
    return player


def _headers_of(response: Any) -> HTTPHeaderDict:
    return HTTPHeaderDict(response.headers.items())


class _Memory:
    """vcrpy's place to save to: a list."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges

    def load_cassette(self, _path: str, serializer: object) -> Any:
        raise CassetteNotFoundError

    def save_cassette(self, _path: str, recorded: dict[str, Any], serializer: object) -> None:
        for request, response in zip(recorded["requests"], recorded["responses"], strict=True):
            self._exchanges.append(
                Exchange(
                    request.method,
                    request.uri,
                    response["status"]["code"],
                    {name: _text(value) for name, value in request.headers.items()},
                    request.body or b"",
                    {name: ", ".join(values) for name, values in response["headers"].items()},
                    response["body"]["string"] or b"",
                )
            )


class _Disk:
    """vcrpy's place to load from: a file written by `write_cassette`."""

    def load_cassette(self, path: str, serializer: object) -> Any:
        document = read_cassette(Path(path))
        requests, responses = [], []
        for interaction in document["interactions"]:
            request, response = interaction["request"], interaction["response"]
            requests.append(Request(**request))
            body = {"string": (response["body"]["string"] or "").encode()}
            responses.append({**response, "body": body})
        return requests, responses

    def save_cassette(self, path: str, _recorded: object, serializer: object) -> None:
        raise AssertionError(f"{path} is only played")


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _interaction(exchange: Exchange) -> dict[str, Any]:
    return {
        "request": {
            "method": exchange.method,
            "uri": exchange.uri,
            "body": _scalar(exchange.request_body),
            "headers": {name: [value] for name, value in exchange.request_headers.items()},
        },
        "response": {
            "status": {"code": exchange.status, "message": ""},
            "headers": {name: [value] for name, value in exchange.response_headers.items()},
            "body": {"string": _scalar(exchange.response_body)},
        },
    }


def _scalar(body: bytes) -> str:
    text = body.decode("utf-8")
    return LiteralScalarString(text) if "\n" in text else text


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
