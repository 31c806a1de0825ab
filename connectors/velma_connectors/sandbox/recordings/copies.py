"""Copies of an Ogg Opus recording that sound the same and differ in their bytes.

A copy is a valid file: its comment header (RFC 7845, section 5.2) holds two comments more, and the page
around it is laced and summed anew (RFC 3533, section 6).
"""

from __future__ import annotations

import hashlib
import struct

COPY_COMMENT = b"SANDBOX_COPY_OF="
"""The original's SHA-256 follows, so that the analysis emulator can answer like for the original."""

_HEADER_BYTES = 27
_SUM = slice(22, 26)


def distinct_copy(ogg: bytes, number: int) -> bytes:
    """The same sound in other bytes; one number always gives the same copy.

    Raises ValueError when the bytes are no Ogg Opus file with an ordinary comment header.
    """
    start = _page_end(ogg, 0)
    end = _page_end(ogg, start)
    packet = ogg[start + _HEADER_BYTES + ogg[start + 26] : end]
    if not packet.startswith(b"OpusTags"):
        raise ValueError("The second page of this file is no Opus comment header.")
    original = COPY_COMMENT + hashlib.sha256(ogg).hexdigest().encode()
    tags = _with_comments(packet, original, b"SANDBOX_COPY=%d" % number)
    return ogg[:start] + _page(ogg[start : start + _HEADER_BYTES], tags) + ogg[end:]


def _page_end(ogg: bytes, start: int) -> int:
    if ogg[start : start + 4] != b"OggS" or len(ogg) < start + _HEADER_BYTES:
        raise ValueError("These bytes are no Ogg file.")
    segments = ogg[start + 26]
    table = start + _HEADER_BYTES
    return table + segments + sum(ogg[table : table + segments])


def _with_comments(packet: bytes, *comments: bytes) -> bytes:
    count_at = 12 + struct.unpack_from("<I", packet, 8)[0]
    count: int = struct.unpack_from("<I", packet, count_at)[0]
    added = b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)
    changed = struct.pack("<I", count + len(comments))
    return packet[:count_at] + changed + packet[count_at + 4 :] + added


def _page(header: bytes, packet: bytes) -> bytes:
    """One page that holds the whole packet. Raises ValueError beyond 255 segments."""
    lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    if len(lacing) > 255:
        raise ValueError("The comment header of this file is too long for one page.")
    page = bytearray(header[:26] + bytes([len(lacing)]) + lacing + packet)
    page[_SUM] = bytes(4)
    page[_SUM] = struct.pack("<I", _checksum(page))
    return bytes(page)


def _checksum(page: bytes | bytearray) -> int:
    """CRC-32 with polynomial 0x04c11db7, neither reflected nor inverted."""
    value = 0
    for byte in page:
        value = (value << 8) & 0xFFFFFFFF ^ _TABLE[value >> 24 ^ byte]
    return value


def _table_entry(index: int) -> int:
    value = index << 24
    for _ in range(8):
        value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_TABLE = tuple(_table_entry(index) for index in range(256))
