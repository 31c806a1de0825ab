"""Which audio belongs to a call, and the audio itself when Salesforce holds it."""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from velma_connectors.errors import RetryLater, SkipCall
from velma_connectors.model import Call, Recording, RecordingSource
from velma_connectors.recordings.links import lasting_part
from velma_connectors.salesforce.client import Row, SalesforceClient
from velma_connectors.salesforce.soql import is_id, listed, portions, select
from velma_connectors.salesforce.verdicts import RequestRefused

MEDIA_TYPES: Mapping[str, str] = {
    "aac": "audio/aac",
    "aif": "audio/aiff",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/opus",
    "wav": "audio/wav",
    "webm": "video/webm",
    "wma": "audio/x-ms-wma",
}
"""File extensions taken for recordings. What the file really is, is looked at after the download."""

_ANCHOR = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_URL = re.compile(r"""https?://[^\s<>"']+""", re.IGNORECASE)


def link_in(text: str) -> str | None:
    """The web address in a field: the href of an anchor, else the first address in the text."""
    anchor = _ANCHOR.search(text)
    if anchor:
        text = html.unescape(next(part for part in anchor.groups() if part is not None))
    found = _URL.search(text)
    return found.group().rstrip(".,;)") if found else None


def linked_recording(row: Mapping[str, Any], fields: Sequence[str]) -> Recording | None:
    """The recording that the first filled recording field links to."""
    for name in fields:
        link = link_in(str(row.get(name) or ""))
        if link:
            return Recording(RecordingSource.URL, link)
    return None


def identity(recording: Recording) -> str:
    """What stays the same as long as it is the same audio: a link without its signature, a file's checksum.

    A file without a checksum is told by its version id.
    """
    if recording.source is RecordingSource.CRM:
        return f"file {recording.checksum or recording.locator}"
    return f"link {lasting_part(recording.locator)}"


def attached_recordings(client: SalesforceClient, activity_ids: Sequence[str]) -> dict[str, Recording]:
    """The newest audio file attached to each activity, by the activity's id. Two requests per 300 ids.

    Files are looked for through their links: a search for files alone leaves out those that the user
    sees only because of the activity.
    """
    versions: dict[str, list[str]] = {}
    for query in portions(activity_ids, _links_query):
        for link in client.query(query):
            version = (link.get("ContentDocument") or {}).get("LatestPublishedVersionId")
            if version:
                versions.setdefault(version, []).append(link["LinkedEntityId"])
    newest: dict[str, Row] = {}
    for query in portions(sorted(versions), _versions_query):
        for version in client.query(query):
            if not _is_recording(version):
                continue
            for activity in versions[version["Id"]]:
                newest[activity] = max(newest.get(activity, version), version, key=_age)
    return {activity: _file(version) for activity, version in newest.items()}


def _links_query(activities: Sequence[str]) -> str:
    columns = ("LinkedEntityId", "ContentDocumentId", "ContentDocument.LatestPublishedVersionId")
    return select(columns, "ContentDocumentLink", f"LinkedEntityId IN {listed(activities)}")


def _versions_query(versions: Sequence[str]) -> str:
    columns = ("Id", "FileExtension", "ContentSize", "Checksum", "ContentLocation", "ContentModifiedDate")
    return select(columns, "ContentVersion", f"Id IN {listed(versions)}")


def _is_recording(version: Row) -> bool:
    # Only files in Salesforce itself (S) can be downloaded; E and L are links to other places.
    return version["ContentLocation"] == "S" and _extension(version) in MEDIA_TYPES


def _extension(version: Row) -> str:
    return str(version.get("FileExtension") or "").lower()


def _age(version: Row) -> tuple[str, str]:
    return version["ContentModifiedDate"], version["Id"]


def _file(version: Row) -> Recording:
    return Recording(
        RecordingSource.CRM,
        version["Id"],
        media_type=MEDIA_TYPES[_extension(version)],
        size=version.get("ContentSize"),
        checksum=f"md5:{version['Checksum'].lower()}" if version.get("Checksum") else None,
    )


@contextmanager
def open_recording(client: SalesforceClient, call: Call) -> Iterator[BinaryIO]:
    """The file of a call as a stream. Its last read raises RetryLater unless size and MD5 are right.

    Raises SkipCall when the file is gone, withheld, or when the call has none in Salesforce.
    """
    recording = call.recording
    if recording is None or recording.source is not RecordingSource.CRM or not is_id(recording.locator):
        raise SkipCall(f"{call.ref} has no audio file in Salesforce.", code="no_recording")
    with ExitStack() as opened:
        try:
            pieces = opened.enter_context(
                client.download(f"sobjects/ContentVersion/{recording.locator}/VersionData")
            )
        except RequestRefused as refusal:
            raise SkipCall(
                f"The recording of {call.ref} could not be downloaded. {refusal}",
                code="recording_unavailable",
            ) from None
        yield cast("BinaryIO", _CheckedStream(pieces, recording))


class _CheckedStream(io.RawIOBase):
    """Pieces of a download as a file that compares size and checksum before it says it is at its end."""

    def __init__(self, pieces: Iterator[bytes], recording: Recording) -> None:
        super().__init__()
        self._pieces = pieces
        self._recording = recording
        self._rest = memoryview(b"")
        self._size = 0
        self._digest = hashlib.md5(usedforsecurity=False)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._next())
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken

    def _next(self) -> bytes:
        piece = next(self._pieces, b"")
        self._size += len(piece)
        self._digest.update(piece)
        if not piece:
            self._check()
        return piece

    def _check(self) -> None:
        wanted = self._recording
        if wanted.size is not None and wanted.size != self._size:
            raise RetryLater(f"A recording arrived with {self._size} of {wanted.size} bytes.", after=60.0)
        if wanted.checksum and wanted.checksum != f"md5:{self._digest.hexdigest()}":
            raise RetryLater("A recording arrived damaged: its MD5 differs from the one on file.", after=60.0)
