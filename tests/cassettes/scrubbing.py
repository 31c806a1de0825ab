"""Takes everything out of a conversation that could tell whose it was, before it reaches the disk.

It works by an allow-list. A text stays when `vocabulary` lists it or when it is a time; ids, addresses and
all other texts are replaced by invented ones, the same text always by the same one, so that the clients
still find what belongs together. Ids keep their order, because requests are sorted by them. What can be
neither kept nor replaced with sense (unknown members, headers, bodies) is left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from record_ids import DIGITS, MILLISECONDS, InventedIds, is_id, is_numbered
from tape import Exchange
from vocabulary import (
    AMOUNTS,
    FIELDS,
    KEYS,
    MEDIA_TYPES,
    NUMBERED,
    NUMBERS,
    OWN_PREFIXES,
    PEOPLE,
    PUBLIC_ORIGINS,
    REDIRECTOR,
    RESPONSE_HEADERS,
    WORDS,
)

AUDIO = b"OggS: invented bytes in place of a recording. " * 4
"""What every download becomes. Size and checksum in the records are made to fit."""
TOKEN = "invented"
TIME_ZONE = "UTC"
MOST = 10_000_000
"""Numbers from here on may be telephone numbers."""

_STAMP = re.compile(
    r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(T[0-2]\d:[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-][01]\d:?\d\d))?"
)
_NUMBER = re.compile(r"-?\d{1,7}(\.\d{1,4})?")
_LINK = re.compile(r"https?://", re.IGNORECASE)
_VERSION = re.compile(r"v\d\d\.0|20\d\d-\d\d")
_PIECES = re.compile(r"(\r?\n|</?(?:p|br|strong|em|ul|ol|li|h[1-4])>)")
_SOQL = re.compile(
    r"(?P<literal>'(?:[^'\\]|\\.)*')|(?P<stamp>\d{4}-\d\d-\d\dT[\d:]+Z)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>(?:(?<=LIMIT )\d{1,4}|(?<=> )\d{1,2})(?!\w))|(?P<mark>[\s.,()=<>!])"
)
_HEADER_VALUES = re.compile(r"api-usage=\d{1,8}/\d{1,8}|\d{1,8}")
_EMBEDDED = "Property values were not valid: "
"""HubSpot writes JSON into the text of this message."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a recording knows of its account. `origin` stands for every address that requests went to.

    `words` are texts of the scenes themselves, `names` the fields an admin chose and what stands for them.
    """

    origin: str
    words: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


class Scrubber:
    """Replaces what it is given, consistently. Made for one conversation, whose ids it sorts first."""

    def __init__(self, known: Known, exchanges: Sequence[Exchange], ids: Sequence[str] = ()) -> None:
        self._known = known
        self._origins = {_origin(exchange.uri) for exchange in exchanges}
        self._ids = InventedIds(ids)
        self._texts: dict[str, str] = {}
        self._links: dict[str, str] = {}
        for exchange in exchanges:
            self.exchange(exchange)
        self._ids.settle()
        self._texts, self._links = {}, {}

    def exchange(self, exchange: Exchange) -> Exchange:
        """The same exchange with nothing in it that was not listed or invented."""
        return replace(
            exchange,
            method=exchange.method if exchange.method in ("GET", "POST", "PATCH", "DELETE") else "GET",
            uri=self._url(exchange.uri),
            request_headers=_kept_headers(exchange.request_headers, ["content-type"]),
            request_body=self._request_body(exchange),
            response_headers=self._response_headers(exchange.response_headers),
            response_body=self._response_body(exchange),
        )

    def id(self, text: str) -> str:
        """The invented id of a record."""
        return self._ids.of(text)

    def _request_body(self, exchange: Exchange) -> bytes:
        if "form-urlencoded" in _header(exchange.request_headers, "content-type"):
            pairs = parse_qsl(exchange.request_body.decode("latin-1"))
            return urlencode([pair for pair in pairs if set(pair) <= WORDS]).encode()
        return self._json(exchange.request_body) or b""

    def _response_body(self, exchange: Exchange) -> bytes:
        body = exchange.response_body
        if not body:
            return b""
        kind = _media_type(exchange.response_headers)
        if kind == "text/html":
            return b"<html>left out</html>"
        return self._json(body) or (b"left out" if kind == "text/plain" else AUDIO)

    def _json(self, body: bytes) -> bytes | None:
        """A JSON body, laid out for people; None for anything else."""
        try:
            document = json.loads(body) if body else None
        except ValueError:
            return None
        if document is None:
            return None
        return json.dumps(self._value("", document), indent=1, ensure_ascii=False).encode()

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._members(value)
        if isinstance(value, list):
            return [self._value(key, item) for item in value if not _foreign_field(item, self._known.names)]
        if isinstance(value, str):
            return self._text(key, value)
        if isinstance(value, bool) or value is None:
            return value
        return self._number(key, value)

    def _members(self, members: dict[str, Any]) -> dict[str, Any]:
        renamed = {self._known.names.get(name, name): value for name, value in members.items()}
        return {name: self._value(name, value) for name, value in renamed.items() if name in KEYS}

    def _number(self, key: str, value: float) -> float:
        if key == "ContentSize":
            return len(AUDIO)
        if key in NUMBERED and isinstance(value, int):
            return int(self.id(str(value)))
        stays = (key in NUMBERS or key.startswith(OWN_PREFIXES)) and abs(value) < MOST
        return value if stays else type(value)(0)

    def _text(self, key: str, text: str) -> str:
        if key == "access_token":
            return TOKEN
        if key == "timeZone":
            return TIME_ZONE
        if key == "Checksum":
            return hashlib.md5(AUDIO, usedforsecurity=False).hexdigest()
        if key == "q":
            return self._soql(text)
        text = self._known.names.get(text, text)
        if text in WORDS or text in self._known.words or not text.strip() or _STAMP.fullmatch(text):
            return text
        if is_id(text) or is_numbered(key, text):
            return self.id(text)
        if text.startswith(_EMBEDDED):
            return self._with_json(text)
        if _LINK.search(text) or text.startswith("/services/"):
            return self._url(text)
        if _is_number(key, text):
            return text
        if key in AMOUNTS:
            return "0"
        pieces = pieces_of(text)
        if len(pieces) > 1:
            return "".join(piece if _PIECES.fullmatch(piece) else self._text(key, piece) for piece in pieces)
        return self._invented(key, text)

    def _with_json(self, text: str) -> str:
        inner = self._json(text.removeprefix(_EMBEDDED).encode())
        return _EMBEDDED + json.dumps(json.loads(inner)) if inner else self._invented("message", text)

    def _invented(self, key: str, text: str) -> str:
        number = len(self._texts) + 1
        label = key if key in KEYS else "text"
        invented = f"person-{number}@crm.example" if key in PEOPLE else f"{label} {number}"
        return self._texts.setdefault(text, invented)

    def _url(self, url: str) -> str:
        """An address of the CRM with its path and query scrubbed; any other becomes an invented one."""
        try:
            parts = urlsplit(url)
            origin = _origin(url)
        except ValueError:
            return self._link(url)
        if "/getAuthRecording/" in parts.path:
            origin = REDIRECTOR
        elif origin in self._origins:
            origin = self._known.origin
        elif origin and origin not in PUBLIC_ORIGINS:
            return self._link(url)
        path = "/".join(self._segment(segment) for segment in parts.path.split("/"))
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = urlencode([(name, self._text(name, value)) for name, value in pairs if name in WORDS])
        return f"{origin}{path}?{query}" if query else f"{origin}{path}"

    def _link(self, url: str) -> str:
        return self._links.setdefault(url, f"https://recordings.example/{len(self._links) + 1}.ogg")

    def _segment(self, segment: str) -> str:
        if segment in WORDS or not segment or _VERSION.fullmatch(segment):
            return segment
        return self.id(segment) if is_id(segment) or DIGITS.fullmatch(segment) else "unknown"

    def _soql(self, query: str) -> str:
        return "".join(self._soql_part(match) for match in _SOQL.finditer(query))

    def _soql_part(self, match: re.Match[str]) -> str:
        text = match[0]
        if match.lastgroup == "literal":
            return f"'{self._text('', text[1:-1])}'"
        if match.lastgroup == "name":
            name = self._known.names.get(text, text)
            return name if name in WORDS else "Unknown"
        if match.lastgroup == "stamp":
            return text if _STAMP.fullmatch(text) else "null"
        return text

    def _response_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        kept = _kept_headers(headers, RESPONSE_HEADERS)
        location = _header(headers, "location")
        return {**kept, **({"location": self._url(location)} if location else {})}


def pieces_of(text: str) -> list[str]:
    """A note in its pieces: lines, or what stands between the tags, and the separators."""
    return _PIECES.split(text)


def _is_number(key: str, text: str) -> bool:
    if MILLISECONDS.fullmatch(text):
        return key in ("value", "hs_timestamp")
    return (key in NUMBERS or key.startswith(OWN_PREFIXES)) and _NUMBER.fullmatch(text) is not None


def _kept_headers(headers: Mapping[str, str], names: Sequence[str] | frozenset[str]) -> dict[str, str]:
    """Headers of these names whose values are of a known kind, the media type without its parameters."""
    kept = {}
    for small, value in sorted((name.lower(), value) for name, value in headers.items()):
        if small == "content-type" and small in names:
            kept[small] = _media_type(headers)
        elif small in names and _HEADER_VALUES.fullmatch(value):
            kept[small] = value
    return kept


def _media_type(headers: Mapping[str, str]) -> str:
    kind = _header(headers, "content-type").partition(";")[0].strip().lower()
    known = MEDIA_TYPES | {"application/x-www-form-urlencoded"}
    return kind if kind in known else "application/octet-stream"


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _foreign_field(item: object, names: Mapping[str, str]) -> bool:
    """Whether this is the definition of a field that is none of ours."""
    if not isinstance(item, dict) or not {"name", "label", "type"} <= item.keys():
        return False
    name = item["name"]
    return not isinstance(name, str) or names.get(name, name) not in FIELDS


def _origin(url: str) -> str:
    """Scheme, host and port; empty for a path. Raises ValueError for what is no address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}" if parts.netloc else ""
