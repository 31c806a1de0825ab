"""The container is told by the first bytes, whatever the name and the stated type."""

from __future__ import annotations

import io
import struct
import wave
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.errors import SkipCall
from velma_connectors.recordings.audio import HEAD_BYTES, Container, identify
from velma_connectors.sandbox.samples.library import load_samples

VELMA_MEDIA_TYPES = {
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "webm": "video/webm",
}
"""As the sibling API documents them; `.opus` is the tenth, and an Ogg file."""


def wav(code: int, sub: int | None = None, before: bytes = b"", magic: bytes = b"RIFF") -> bytes:
    body = struct.pack("<HHIIHH", code, 1, 8000, 16000, 2, 16)
    if sub is not None:
        body += struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", sub) + bytes(14)
    chunk = b"fmt " + struct.pack("<I", len(body)) + body
    return magic + struct.pack("<I", 4 + len(chunk)) + b"WAVE" + before + chunk + b"data" + bytes(8)


def written_wav() -> bytes:
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(400))
    return stream.getvalue()


def ftyp(brand: bytes) -> bytes:
    return struct.pack(">I", 24) + b"ftyp" + brand + bytes(16)


ACCEPTED = [
    ("a WAV written by Python", written_wav(), "wav"),
    ("extensible PCM", wav(0xFFFE, sub=1), "wav"),
    ("WAV with a chunk before its format", wav(1, before=b"LIST" + struct.pack("<I", 3) + b"abc\0"), "wav"),
    ("RF64", wav(1, magic=b"RF64"), "wav"),
    ("BW64", wav(1, magic=b"BW64"), "wav"),
    ("MP3 with a tag", b"ID3\x04" + bytes(20), "mp3"),
    ("MPEG 1 layer III", b"\xff\xfb\x90\x64" + bytes(20), "mp3"),
    ("the same with a checksum", b"\xff\xfa\x90\x64" + bytes(20), "mp3"),
    ("MPEG 2 layer III", b"\xff\xf3\x84\xc4" + bytes(20), "mp3"),
    ("MPEG 2.5 layer III", b"\xff\xe3\x18\xc4" + bytes(20), "mp3"),
    ("ADTS, MPEG 4", b"\xff\xf1\x50\x80" + bytes(20), "aac"),
    ("ADTS, MPEG 2", b"\xff\xf9\x50\x80" + bytes(20), "aac"),
    ("Ogg", b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead", "ogg"),
    ("FLAC", b"fLaC\x00\x00\x00\x22", "flac"),
    ("AIFF", b"FORM\x00\x00\x00\x20AIFFCOMM", "aiff"),
    ("AIFF-C", b"FORM\x00\x00\x00\x20AIFCFVER", "aiff"),
    ("M4A", ftyp(b"M4A "), "mp4"),
    ("MP4", ftyp(b"isom"), "mp4"),
    ("MP4, version 2", ftyp(b"mp42"), "mp4"),
    ("QuickTime", ftyp(b"qt  "), "mov"),
    ("WebM", bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"), "webm"),
]


@pytest.mark.parametrize(("head", "extension"), [case[1:] for case in ACCEPTED], ids=[c[0] for c in ACCEPTED])
def test_an_accepted_container_is_named_as_velma_knows_it(head: bytes, extension: str) -> None:
    assert identify(head) == Container(extension, VELMA_MEDIA_TYPES[extension])


def test_every_accepted_container_is_covered() -> None:
    assert {extension for _, _, extension in ACCEPTED} == set(VELMA_MEDIA_TYPES)


def test_the_sample_recordings_are_ogg() -> None:
    files = [call.audio for call in load_samples().calls.values() if call.audio]
    assert files
    assert {identify(path.read_bytes()[:HEAD_BYTES]).extension for path in files} == {"ogg"}


UNSUPPORTED = [
    (wav(6), "WAV with A-law sound"),
    (wav(7), "WAV with mu-law sound"),
    (wav(0x31), "WAV with GSM 6.10 sound"),
    (wav(0x55), "WAV with MP3 sound"),
    (wav(3), "WAV with floating point sound"),
    (wav(0xFFFE, sub=7), "WAV with mu-law sound"),
    (wav(0xFFFE), "WAV with codec 0xfffe sound"),
    (wav(0x1234), "WAV with codec 0x1234 sound"),
    (b"RIFF\x10\x00\x00\x00WAVE", "WAV without a format"),
    (b"RIFF\x10\x00\x00\x00WAVEdata\xff\xff\xff\xff", "WAV without a format"),
    (b"#!AMR\n" + bytes(20), "AMR audio"),
    (b"#!AMR-WB\n" + bytes(20), "AMR audio"),
    (b".snd" + bytes(20), "AU audio"),
    (b"caff" + bytes(20), "CAF audio"),
    (bytes.fromhex("3026b2758e66cf11") + bytes(20), "WMA audio"),
    (ftyp(b"3gp4"), "3GPP audio"),
    (bytes.fromhex("1a45dfa3a34286810142f7810142f2810442f381084282") + b"\x88matroska", "a Matroska file"),
    (b"RIFF\x10\x00\x00\x00AVI LIST", "a damaged or unsupported avi file"),
    (b"\xff" * 400, "in a format that is not recognized"),
    (b"\xff\xfd\x90\x64" + bytes(20), "in a format that is not recognized"),
    (b"\xff\xfb\xf0\x64" + bytes(20), "a damaged or unsupported mp3 file"),
    (b"\xff\xfb\x9c\x64" + bytes(20), "a damaged or unsupported mp3 file"),
    (bytes(400), "in a format that is not recognized"),
    (b"\x01\x02", "in a format that is not recognized"),
]
"""mu-law silence is all 0xff, layer II begins like layer III, and some rates are not in use: no MP3."""


@pytest.mark.parametrize(("head", "what"), UNSUPPORTED, ids=[what for _, what in UNSUPPORTED])
def test_audio_that_would_have_to_be_converted_says_so(head: bytes, what: str) -> None:
    with pytest.raises(SkipCall, match=what) as raised:
        identify(head)
    assert raised.value.code == "unsupported_audio"


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("call.wav"), b"RIFF")
    return stream.getvalue()


NOT_AUDIO = [
    (b"<!doctype html><html>", "a web page or other text"),
    (b"\xef\xbb\xbf  \r\n<html>", "a web page or other text"),
    (b'{"error": "unauthorized"}', "a web page or other text"),
    (b'[{"error": 1}]', "a web page or other text"),
    (b"Access denied\n", "a web page or other text"),
    ("Zugriff verweigert für".encode(), "a web page or other text"),
    (b"<html>\x00\x01", "a web page or other text"),
    (b"\x89PNG\r\n\x1a\n" + bytes(20), "a png file"),
    (b"%PDF-1.7\n" + bytes(20), "a pdf file"),
    (zipped(), "a zip file"),
]


@pytest.mark.parametrize(("head", "what"), NOT_AUDIO, ids=[repr(head[:8]) for head, _ in NOT_AUDIO])
def test_pages_documents_and_text_are_not_audio(head: bytes, what: str) -> None:
    with pytest.raises(SkipCall, match=what) as raised:
        identify(head)
    assert raised.value.code == "not_audio"


def outcome(head: bytes) -> str:
    """The extension of a known container, or the code of the refusal."""
    try:
        container = identify(head)
    except SkipCall as refusal:
        return refusal.code
    assert VELMA_MEDIA_TYPES[container.extension] == container.media_type
    return container.extension


@given(st.binary(max_size=200))
def test_any_bytes_are_either_a_known_container_or_a_reason(head: bytes) -> None:
    assert outcome(head) in {*VELMA_MEDIA_TYPES, "not_audio", "unsupported_audio"}


@given(st.sampled_from([b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt "]), st.binary(max_size=80))
def test_no_damaged_wav_is_read_beyond_its_end(start: bytes, rest: bytes) -> None:
    assert outcome(start + rest) in {"wav", "unsupported_audio"}
