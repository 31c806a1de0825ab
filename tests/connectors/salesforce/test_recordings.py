"""Which audio is a call's, what stays the same about it, and that a damaged file never passes for whole."""

from __future__ import annotations

import hashlib
import io
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from velma_connectors.errors import RetryLater, SkipCall, StopConnection
from velma_connectors.model import Call, CallRef, Direction, Recording, RecordingSource
from velma_connectors.salesforce.recordings import (
    attached_recordings,
    identity,
    link_in,
    linked_recording,
    open_recording,
)

AUDIO = bytes(range(256)) * 1000
MD5 = hashlib.md5(AUDIO, usedforsecurity=False).hexdigest()
VERSION = "068000000000001AAA"


def call_with(recording: Recording | None) -> Call:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    ref = CallRef("sales", "Task", "00T000000000001AAA")
    return Call(
        ref, "Call", moment, 60, Direction.UNKNOWN, None, recording, (), (), None, moment, "fingerprint"
    )


def crm_file(**changes: Any) -> Recording:
    return Recording(
        **{
            "source": RecordingSource.CRM,
            "locator": VERSION,
            "size": len(AUDIO),
            "checksum": f"md5:{MD5}",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://dialer.example/rec/1", "https://dialer.example/rec/1"),
        ("  http://dialer.example/rec/1\n", "http://dialer.example/rec/1"),
        ("Recording: https://dialer.example/rec/1.", "https://dialer.example/rec/1"),
        ('<a href="https://dialer.example/rec/1?a=1&amp;b=2" target="_blank">Play</a>', "https://dialer.example/rec/1?a=1&b=2"),
        ("<A target=_blank HREF='https://dialer.example/rec/1'>https://other.example</A>", "https://dialer.example/rec/1"),
        ("<a href=https://dialer.example/rec/1>Play</a>", "https://dialer.example/rec/1"),
        ('<a href="/relative">Play</a>', None),
        ("n/a", None),
        ("", None),
        ("javascript:alert(1)", None),
        ("file:///etc/passwd", None),
    ],
)  # fmt: skip
def test_links_are_found_in_plain_fields_and_in_formulas(text: str, link: str | None) -> None:
    assert link_in(text) == link


@given(st.text(max_size=200))
def test_no_text_in_a_field_breaks_the_reading(text: str) -> None:
    link = link_in(text)
    assert link is None or link.lower().startswith(("http://", "https://"))


def test_the_first_filled_field_counts() -> None:
    row = {"A__c": None, "B__c": "no link here", "C__c": "https://c.example/1", "D__c": "https://d.example/1"}
    recording = linked_recording(row, ["A__c", "B__c", "C__c", "D__c"])
    assert recording is not None
    assert recording.locator == "https://c.example/1"
    assert linked_recording(row, []) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h.example/r/1?Signature=a&Expires=1", "https://h.example/r/1?Signature=b&Expires=2", True),
        ("https://h.example/r/1?X-Amz-Date=1&X-Amz-Signature=a", "https://h.example/r/1?X-Amz-Date=2", True),
        ("https://h.example/r/1?sv=1&se=2&sp=r&sig=x", "https://h.example/r/1?sv=1&se=9&sp=r&sig=y", True),
        ("https://h.example/r?id=1&token=a", "https://h.example/r?token=b&id=1", True),
        ("https://H.example/r?id=1#t=5", "https://h.example/r?id=1", True),
        ("https://h.example/r?id=1", "https://h.example/r?id=2", False),
        ("https://h.example/r/1", "https://h.example/r/2", False),
        ("https://h.example/R/1", "https://h.example/r/1", False),
        ("https://h.example/r/1", "https://i.example/r/1", False),
        ("https://h.example/r?file=a", "https://h.example/r?call=a", False),
    ],
)
def test_a_link_signed_anew_is_the_same_recording(one: str, other: str, same: bool) -> None:
    first, second = (Recording(RecordingSource.URL, link) for link in (one, other))
    assert (identity(first) == identity(second)) is same


def test_a_file_is_known_by_its_checksum() -> None:
    assert identity(crm_file()) == identity(crm_file(locator="068000000000002AAA"))
    assert identity(crm_file()) != identity(crm_file(checksum="md5:0"))
    assert identity(crm_file(checksum=None)) != identity(crm_file(checksum=None, locator="x"))


def version(number: int, extension: str, modified: str, location: str = "S") -> dict[str, Any]:
    return {
        "Id": f"068{number:012d}AAA",
        "FileExtension": extension,
        "ContentSize": 5,
        "Checksum": f"{number:032d}",
        "ContentLocation": location,
        "ContentModifiedDate": f"{modified}.000+0000",
    }


def test_the_newest_audio_file_of_each_activity_is_chosen(org: Any, client: Any) -> None:
    tasks = [org.id("00T", n) for n in range(3)]
    attached = {1: tasks[0], 2: tasks[0], 3: tasks[0], 4: tasks[1], 5: tasks[1], 6: tasks[0]}
    versions = [
        version(1, "MP3", "2026-01-01T10:00:00"),
        version(2, "wav", "2026-01-02T10:00:00"),
        version(3, "pdf", "2026-01-03T10:00:00"),
        version(4, "mp3", "2026-01-03T10:00:00", location="E"),
        version(5, "docx", "2026-01-03T10:00:00"),
        version(6, "mp3", "2026-01-01T11:00:00"),
    ]
    links = [
        {"LinkedEntityId": task, "ContentDocument": {"LatestPublishedVersionId": f"068{n:012d}AAA"}}
        for n, task in attached.items()
    ]
    org.on("FROM ContentDocumentLink", org.rows(*links))
    org.on("FROM ContentVersion", org.rows(*versions))

    found = attached_recordings(client, tasks)

    assert {task: recording.locator for task, recording in found.items()} == {tasks[0]: org.id("068", 2)}
    assert (found[tasks[0]].media_type, found[tasks[0]].size) == ("audio/wav", 5)
    assert found[tasks[0]].checksum == f"md5:{2:032d}"
    assert len(org.seen) == 2
    assert "LinkedEntityId IN (" in org.seen[0].soql


def test_activities_without_files_cost_one_request(org: Any, client: Any) -> None:
    org.on("FROM ContentDocumentLink", org.rows())
    assert attached_recordings(client, [org.id("00T", 1)]) == {}
    assert attached_recordings(client, []) == {}
    assert len(org.seen) == 1


def test_a_recording_is_streamed_whole(org: Any, client: Any) -> None:
    org.on(f"GET sobjects/ContentVersion/{VERSION}/VersionData", Response(AUDIO))
    with open_recording(client, call_with(crm_file())) as stream:
        assert stream.read(10) == AUDIO[:10]
        assert stream.read() == AUDIO[10:]
        assert stream.read() == b""


@pytest.mark.parametrize(
    ("sent", "changes"),
    [
        (AUDIO[:-1], {}),
        (AUDIO[:-1], {"checksum": None}),
        (AUDIO[:-1] + b"x", {}),
        (AUDIO[:-1], {"size": None}),
        (b"<html>maintenance</html>", {}),
        (b"", {}),
    ],
    ids=["short", "short, only size known", "one byte changed", "short, only MD5 known", "page", "empty"],
)
def test_a_damaged_recording_never_ends_as_if_it_were_whole(
    org: Any, client: Any, sent: bytes, changes: dict[str, Any]
) -> None:
    org.on("GET sobjects/ContentVersion", Response(sent))
    with open_recording(client, call_with(crm_file(**changes))) as stream, pytest.raises(RetryLater):
        shutil.copyfileobj(stream, io.BytesIO(), 4096)


def test_a_recording_cut_on_its_way_is_tried_again_later(org: Any, client: Any) -> None:
    org.on("GET sobjects/ContentVersion", lambda seen: org.cut_after(AUDIO[:5000], seen))
    with open_recording(client, call_with(crm_file(checksum=None))) as stream, pytest.raises(RetryLater):
        stream.read()


@pytest.mark.parametrize(
    "refusal",
    [
        (400, "CONTENT_CUSTOMIZED_DOWNLOAD_EXCEPTION", ""),
        (404, "NOT_FOUND", ""),
        (404, "ENTITY_IS_DELETED", ""),
        (403, "INSUFFICIENT_ACCESS", ""),
    ],
)
def test_a_file_that_cannot_be_had_skips_its_call(org: Any, client: Any, refusal: Any) -> None:
    org.on("GET sobjects/ContentVersion", org.error(*refusal))
    with pytest.raises(SkipCall) as skipped, open_recording(client, call_with(crm_file())):
        pass
    assert skipped.value.code == "recording_unavailable"
    assert VERSION not in str(skipped.value), "the locator shows in a message"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ((403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), RetryLater),
        ((403, "API_DISABLED_FOR_ORG", ""), StopConnection),
    ],
)
def test_an_org_that_takes_no_requests_is_not_the_calls_fault(
    org: Any, client: Any, refusal: Any, kind: type[Exception]
) -> None:
    org.on("GET sobjects/ContentVersion", org.error(*refusal))
    with pytest.raises(kind), open_recording(client, call_with(crm_file())):
        pass


@pytest.mark.parametrize(
    "recording",
    [
        None,
        Recording(RecordingSource.URL, "https://dialer.example/1"),
        Recording(RecordingSource.CRM, "../../x"),
    ],
)
def test_only_files_of_salesforce_are_opened_here(org: Any, client: Any, recording: Recording | None) -> None:
    with pytest.raises(SkipCall), open_recording(client, call_with(recording)):
        pass
    assert org.seen == []
