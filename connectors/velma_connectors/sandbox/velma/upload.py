"""Receives an upload without keeping it: only its hash, its size and both its ends are held."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Any, cast

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.refusals import (
    BAD_CONFIG,
    BAD_EXTENSION,
    CORRUPT_FILE,
    EMPTY_FILE,
    EXTENSIONS,
    TOO_LARGE,
    Refusal,
)

END_BYTES = 64 * 1024
"""How much of the beginning and of the end is kept; an Ogg page is at most this long."""

_CONTAINERS = {
    b"OggS": ("ogg", "opus"),
    b"RIFF": ("wav",),
    b"RF64": ("wav",),
    b"ID3": ("mp3",),
    b"fLaC": ("flac",),
    b"FORM": ("aiff",),
    b"\x1a\x45\xdf\xa3": ("webm",),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A recording as received. Sizes are in bytes."""

    filename: str
    sha256: str
    size: int
    head: bytes = field(repr=False)
    tail: bytes = field(repr=False)

    @property
    def extension(self) -> str:
        return PurePosixPath(self.filename).suffix.lower().removeprefix(".")


class _Sink:
    """The file object that multipart parsing writes to."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""
        self.tail = b""

    def write(self, piece: bytes) -> int:
        self._hash.update(piece)
        self.size += len(piece)
        if len(self.head) < END_BYTES:
            self.head += piece[: END_BYTES - len(self.head)]
        self.tail = piece[-END_BYTES:] if len(piece) >= END_BYTES else (self.tail + piece)[-END_BYTES:]
        return len(piece)

    def seek(self, position: int) -> int:
        return position

    def close(self) -> None:
        """There is nothing to release; form data is closed like files."""

    def upload(self, filename: str) -> Upload:
        return Upload(filename, self._hash.hexdigest(), self.size, self.head, self.tail)


class UploadRequest(Request):
    """A request whose files are hashed while they arrive."""

    max_form_memory_size = 4_000_000

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return cast(IO[bytes], _Sink())

    def upload(self) -> Upload | None:
        """The recording, or None when the part is missing or is no file."""
        try:
            part = self.files.get("upload_file")
        except RequestEntityTooLarge as error:
            raise Refusal(413, TOO_LARGE) from error
        return cast(_Sink, part.stream).upload(part.filename or "") if part is not None else None

    def config_text(self) -> str:
        """The config part as sent; the service's default when there is none."""
        if "config" in self.files:
            raise Refusal(422, BAD_CONFIG)
        return self.form.get("config", "default")


def check_upload(upload: Upload, modes: VelmaModes) -> None:
    """Raise the Refusal that this file deserves, if any."""
    if upload.extension not in EXTENSIONS:
        raise Refusal(400, BAD_EXTENSION)
    if upload.size == 0:
        raise Refusal(400, EMPTY_FILE)
    if upload.size > modes.max_upload_bytes:
        raise Refusal(modes.too_large_status, TOO_LARGE)
    if modes.checks_audio and upload.extension not in _containers(upload.head):
        raise Refusal(400, CORRUPT_FILE)


def _containers(head: bytes) -> tuple[str, ...]:
    """Extensions that fit what the bytes are."""
    if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"free"):
        return ("mp4", "mov")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return ("aac",)
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return ("mp3",)
    return next((fits for magic, fits in _CONTAINERS.items() if head.startswith(magic)), ())
