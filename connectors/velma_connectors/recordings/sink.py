"""Writes what arrives of a recording, counting and hashing on the way."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from velma_connectors.errors import SkipCall
from velma_connectors.recordings.audio import HEAD_BYTES
from velma_connectors.recordings.store import room_on_disk


class Sink:
    """A file that takes at most `max_bytes`. `checksum` is `md5:<hex>` or `sha256:<hex>`, if known."""

    def __init__(self, file: BinaryIO, max_bytes: int, checksum: str | None) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._checksum = checksum
        self.head = b""
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Raises SkipCall when it becomes too large, RetryLater when the disk is full."""
        self.size += len(piece)
        if self.size > self._max_bytes:
            raise SkipCall(
                f"The recording is larger than {self._max_bytes:,} bytes: that is `recordings.max_bytes` or, "
                "if that is less, what the analyzer takes. Raise `recordings.max_bytes` if you have lowered "
                "it; else have the dialer record in a compressed format such as MP3 or Opus.",
                code="audio_too_large",
            )
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self._sha256.update(piece)
        if self._checksum is not None:
            self._md5.update(piece)
        with room_on_disk():
            self._file.write(piece)

    def flush(self) -> None:
        """Make everything readable under the file's path."""
        with room_on_disk():
            self._file.flush()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def matches(self) -> bool:
        """Whether the content is what the stated checksum promises; true without one."""
        algorithm, _, digest = (self._checksum or "").partition(":")
        computed = {"md5": self._md5, "sha256": self._sha256}.get(algorithm)
        return computed is None or computed.hexdigest() == digest.lower()
