"""What kind of audio a file really is, by its first bytes. Names and stated types are not trusted."""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass

import filetype

from velma_connectors.errors import SkipCall

HEAD_BYTES = 8192
"""How much of a file's beginning is looked at."""


@dataclass(frozen=True, slots=True)
class Container:
    """An accepted container: the extension and media type under which it is sent."""

    extension: str
    media_type: str


# The ten that Velma-2 batch takes, with the types its sibling API documents; `.opus` files are Ogg.
AAC = Container("aac", "audio/aac")
AIFF = Container("aiff", "audio/aiff")
FLAC = Container("flac", "audio/flac")
MP3 = Container("mp3", "audio/mpeg")
MP4 = Container("mp4", "video/mp4")
MOV = Container("mov", "video/quicktime")
OGG = Container("ogg", "audio/ogg")
WAV = Container("wav", "audio/wav")
WEBM = Container("webm", "video/webm")

_UNSUPPORTED = (
    (b"#!AMR", "AMR"),
    (b".snd", "AU"),
    (b"caff", "CAF"),
    (bytes.fromhex("3026b275"), "WMA"),
)

# Codes of the `fmt ` chunk (RFC 2361).
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE
_WAV_CODECS = {
    0x0002: "Microsoft ADPCM",
    0x0003: "floating point",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0011: "IMA ADPCM",
    0x0031: "GSM 6.10",
    0x0055: "MP3",
}


def identify(head: bytes) -> Container:
    """The container of a file that begins with `head`. Raises SkipCall.

    `not_audio` when it is a page, a document or text, `unsupported_audio` when it is audio that would
    have to be converted first.
    """
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _wav(head)
    if head[4:8] == b"ftyp":
        return _iso_media(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if head.startswith(bytes.fromhex("1a45dfa3")):
        if b"\x42\x82\x84webm" in head:
            return WEBM
        raise _unsupported("a Matroska file")
    for magic, name in _UNSUPPORTED:
        if head.startswith(magic):
            raise _unsupported(f"{name} audio")
    for magic, container in ((b"OggS", OGG), (b"fLaC", FLAC), (b"ID3", MP3)):
        if head.startswith(magic):
            return container
    return _by_frame_sync(head) or _refuse(head)


def _wav(head: bytes) -> Container:
    at = 12
    while at + 8 <= len(head):
        name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt " and at + 10 <= len(head):
            code = struct.unpack_from("<H", head, at + 8)[0]
            if code == _EXTENSIBLE and size >= 40 and at + 34 <= len(head):
                code = struct.unpack_from("<H", head, at + 32)[0]
            if code == _PCM:
                return WAV
            raise _unsupported(f"WAV with {_WAV_CODECS.get(code, f'codec {code:#06x}')} sound")
        at += 8 + size + size % 2
    raise _unsupported("WAV without a format")


def _iso_media(brand: bytes) -> Container:
    if brand == b"qt  ":
        return MOV
    if brand.startswith((b"3gp", b"3g2")):
        raise _unsupported("3GPP audio")
    return MP4


def _by_frame_sync(head: bytes) -> Container | None:
    """MPEG audio without a tag: eleven set bits, then version and layer (ISO 11172-3, 13818-7)."""
    if len(head) < 4 or head[0] != 0xFF:
        return None
    version, layer = head[1] >> 3 & 0b11, head[1] >> 1 & 0b11
    if head[1] >= 0xF0 and layer == 0b00:
        return AAC
    has_rate = head[2] >> 4 != 0b1111 and head[2] >> 2 & 0b11 != 0b11
    if head[1] >= 0xE0 and version != 0b01 and layer == 0b01 and has_rate:
        return MP3
    return None


def _refuse(head: bytes) -> Container:
    kind = filetype.guess(head)
    if kind is not None and kind.mime.startswith(("audio/", "video/")):
        raise _unsupported(f"a damaged or unsupported {kind.extension} file")
    if kind is not None:
        raise not_audio(f"a {kind.extension} file")
    if _is_text(head):
        raise not_audio("a web page or other text, often a login page")
    raise _unsupported("in a format that is not recognized")


def _is_text(head: bytes) -> bool:
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"["):
        return True
    try:
        # Incremental, because the head may end within a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\r\n\f" for character in text)


def not_audio(what: str) -> SkipCall:
    return SkipCall(
        f"The recording is {what}, not audio. Have the CRM record name the audio file itself.",
        code="not_audio",
    )


def _unsupported(what: str) -> SkipCall:
    return SkipCall(
        f"The recording is {what}, which the analyzer does not take. "
        "Have the provider export MP3 or WAV with PCM sound.",
        code="unsupported_audio",
    )
