"""What the emulator refuses, and with which status and words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from velma_connectors.sandbox.velma import VelmaModes

from .conftest import DISCOVERY, KEY, Service, behavior, config, conversation_type, role

BAD_CONFIG = "Invalid configuration."


def detail(response: requests.Response) -> Any:
    return response.json()["detail"]


def test_a_request_without_key_and_file_names_everything_that_is_missing(service: Service) -> None:
    response = requests.post(f"{service.url}/api/velma-2-batch", timeout=20)
    assert response.status_code == 422
    assert [missing["loc"] for missing in detail(response)] == [
        ["header", "x-api-key"],
        ["body", "upload_file"],
    ]
    assert {missing["type"] for missing in detail(response)} == {"missing"}


def test_a_file_sent_as_plain_text_is_a_missing_file(service: Service) -> None:
    response = requests.post(
        f"{service.url}/api/velma-2-batch",
        headers={"X-API-Key": KEY},
        data={"upload_file": "OggS"},
        timeout=20,
    )
    assert response.status_code == 422
    assert detail(response)[0]["loc"] == ["body", "upload_file"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"name": "call.m4a"}, 400, "Unsupported file format"),
        ({"name": "call"}, 400, "Unsupported file format"),
        ({"name": "call.ogg.exe"}, 400, "Unsupported file format"),
        ({"audio": b""}, 400, "The uploaded file is empty."),
        ({"audio": b"<html>sign in</html>"}, 400, "could not be processed"),
        ({"audio": b"RIFF....WAVEfmt "}, 400, "could not be processed"),
        ({"key": "unknown-key"}, 403, "This request is not permitted."),
    ],
)
def test_a_wrong_file_or_key_is_refused(
    service: Service, changes: dict[str, Any], status: int, words: str
) -> None:
    response = service.post(config(), **changes)
    assert response.status_code == status
    assert words in detail(response)
    assert service.emulator.usage.billed == 0, "a refused request was billed"


@pytest.mark.parametrize(
    ("name", "audio"),
    [
        ("a.opus", b"OggS"),
        ("a.wav", b"RIFF"),
        ("a.mp3", b"ID3\x04"),
        ("a.MP3", b"\xff\xfb\x90"),
        ("a.aac", b"\xff\xf1\x50"),
        ("a.flac", b"fLaC"),
        ("a.aiff", b"FORM"),
        ("a.webm", b"\x1a\x45\xdf\xa3"),
        ("a.mp4", b"\0\0\0 ftypM4A "),
        ("a.mov", b"\0\0\0 ftypqt  "),
    ],
)
def test_the_ten_containers_are_taken_by_extension_and_first_bytes(
    service: Service, name: str, audio: bytes
) -> None:
    assert service.post(name=name, audio=audio + b"rest").status_code == 200


@pytest.mark.parametrize(("status", "size"), [(413, 1001), (400, 1001), (200, 1000)])
def test_one_byte_too_many_is_refused(service: Service, status: Any, size: int) -> None:
    service.emulator.modes = VelmaModes(max_upload_bytes=1000, too_large_status=400 if status == 400 else 413)
    assert service.post(audio=b"OggS" + b"a" * (size - 4)).status_code == status


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


@pytest.mark.parametrize(
    "document",
    [
        "not json",
        "[]",
        '"default"',
        "",
        {"surprise": 1},
        {"stt": {"surprise": True}},
        {"stt": {"emotion_signal": "true"}},
        {"stt": {"language": "english"}},
        {"stt": {"custom_terms": ["name"] * 1001}},
        {"stt": {"custom_terms": ["n" * 8000]}},
        {"stt": {"custom_terms": [{"term": "n", "definition": "d" * 257}]}},
        {"stt": {"custom_terms": [{"term": "n", "pronunciations": ["p"] * 17}]}},
        {"stt": {"custom_terms": [{"term": "n", "sounds_like": "m"}]}},
        {"behaviors": None},
        {"behaviors": ["preset:"]},
        {"behaviors": ["rapport_building"]},
        {"behaviors": [behavior("Named") | {"preset": "x"}]},
        {"behaviors": [without(behavior("Named"), "detailed_description")]},
        {"behaviors": [behavior("Named", behavior_uuid="not-a-uuid")]},
        {"behaviors": [behavior("")]},
        {"participant_roles": [role("not-a-uuid", "Sales Rep")]},
        {"participant_roles": [{"participant_uuid": DISCOVERY, "name": "Sales Rep"}]},
        {"conversation_types": [conversation_type(DISCOVERY, "")]},
        {"default_conversation_type": DISCOVERY},
        {"produce_summary": 1},
    ],
)
def test_a_configuration_outside_the_schema_is_refused_as_a_whole(service: Service, document: object) -> None:
    response = service.post(document)
    assert (response.status_code, detail(response)) == (422, BAD_CONFIG)


def test_a_configuration_sent_as_a_file_is_refused(service: Service) -> None:
    response = requests.post(
        f"{service.url}/api/velma-2-batch",
        headers={"X-API-Key": KEY},
        files={"upload_file": ("a.ogg", b"OggS"), "config": ("config.json", b"{}")},
        timeout=20,
    )
    assert (response.status_code, detail(response)) == (422, BAD_CONFIG)


def test_an_unknown_preset_is_named(service: Service) -> None:
    response = service.post(config("preset:service-churn"))
    assert response.status_code == 422
    assert "service-churn" in detail(response)


def test_terms_and_languages_within_the_limits_are_taken(service: Service) -> None:
    stt = {
        "language": "EN-gb",
        "custom_terms": ["Tallyforge", " ", {"term": "Quorvane", "pronunciations": ["core-vane"]}],
    }
    assert service.post(config(stt=stt)).status_code == 200


@pytest.mark.parametrize(
    ("modes", "key", "status"),
    [
        (VelmaModes(), None, 422),
        (VelmaModes(missing_key_status=401), None, 401),
        (VelmaModes(), "unknown-key", 403),
        (VelmaModes(bad_key_status=401), "unknown-key", 401),
        (VelmaModes(), KEY, 200),
    ],
)
def test_both_doors_judge_a_key_alike(
    service: Service, modes: VelmaModes, key: str | None, status: int
) -> None:
    service.emulator.modes = modes
    assert service.presets(key).status_code == status
    assert service.post(key=key).status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/velma-2-batch", 405),
        ("POST", "/api/velma-2-batch/list-presets", 405),
        ("GET", "/api/preview/anything", 404),
        ("POST", "/api/velma-2-streaming", 404),
    ],
)
def test_other_paths_and_methods_do_not_exist(service: Service, method: str, path: str, status: int) -> None:
    assert requests.request(method, service.url + path, timeout=20).status_code == status


def test_bytes_nobody_checks_are_taken_when_asked_for(service: Service) -> None:
    service.emulator.modes = replace(service.emulator.modes, checks_audio=False)
    assert service.post(audio=b"anything").status_code == 200
