"""How long a recording is, as far as its two ends tell."""

from __future__ import annotations

import struct

from velma_connectors.sandbox.velma.upload import Upload

OPUS_RATE = 48_000
"""Ogg Opus counts its granules at 48 kHz whatever the input was (RFC 7845, section 4)."""

GUESSED_BYTES_PER_SECOND = 8_000
"""For containers that are not read here: about 64 kbit/s."""


def audio_ms(upload: Upload) -> int:
    """Milliseconds of audio: exact for Ogg Opus and PCM WAV, otherwise guessed from the size."""
    return _ogg_opus_ms(upload) or _wav_ms(upload) or upload.size * 1000 // GUESSED_BYTES_PER_SECOND


def _ogg_opus_ms(upload: Upload) -> int | None:
    """The last page's granule position less the decoder's pre-skip, which OpusHead names."""
    head = upload.head.find(b"OpusHead")
    page = upload.tail.rfind(b"OggS")
    if head < 0 or page < 0 or len(upload.tail) < page + 14:
        return None
    pre_skip: int = struct.unpack_from("<H", upload.head, head + 10)[0]
    granule: int = struct.unpack_from("<q", upload.tail, page + 6)[0]
    return max(0, granule - pre_skip) * 1000 // OPUS_RATE or None


def _wav_ms(upload: Upload) -> int | None:
    chunk = upload.head.find(b"fmt ")
    if not upload.head.startswith(b"RIFF") or chunk < 0 or len(upload.head) < chunk + 20:
        return None
    bytes_per_second: int = struct.unpack_from("<I", upload.head, chunk + 16)[0]
    return upload.size * 1000 // bytes_per_second if bytes_per_second else None
