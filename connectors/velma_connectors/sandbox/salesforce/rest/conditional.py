"""Conditional requests: by the last change of a record, and by ETag for accounts alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from werkzeug.http import http_date, parse_date

from velma_connectors.sandbox.salesforce.records import Record
from velma_connectors.sandbox.salesforce.refusals import RequestRefusal
from velma_connectors.sandbox.salesforce.stamps import read_stamp

_HAS_ETAG = "Account"


def validators(object_name: str, record: Record) -> dict[str, str]:
    """The headers that let a client ask conditionally next time."""
    headers = {"Last-Modified": http_date(read_stamp(record["LastModifiedDate"]))}
    if object_name == _HAS_ETAG:
        headers["ETag"] = _etag(record)
    return headers


def is_unchanged(object_name: str, record: Record, headers: Mapping[str, str]) -> bool:
    """True when a read needs no answer (304). Raises RequestRefusal for a date that is none."""
    if object_name == _HAS_ETAG and "if-none-match" in headers:
        return _names(headers["if-none-match"], record)
    since = header_date(headers, "if-modified-since")
    return since is not None and read_stamp(record["LastModifiedDate"]) <= since


def check_unmodified(object_name: str, record: Record, headers: Mapping[str, str]) -> None:
    """Raises RequestRefusal 412 when the record is another than the client thinks."""
    stale = object_name == _HAS_ETAG and "if-match" in headers and not _names(headers["if-match"], record)
    since = header_date(headers, "if-unmodified-since")
    if stale or (since is not None and read_stamp(record["LastModifiedDate"]) > since):
        message = "The record was modified since it was read"
        raise RequestRefusal("PRECONDITION_FAILED", message, status=412)


def header_date(headers: Mapping[str, str], name: str) -> datetime | None:
    if name not in headers:
        return None
    moment = parse_date(headers[name])
    if moment is None:
        raise RequestRefusal("INVALID_INPUT", f"{name} is no HTTP date")
    return moment


def _names(header: str, record: Record) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or _etag(record) in tags


def _etag(record: Record) -> str:
    text = f"{record['Id']}{record['LastModifiedDate']}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
