"""Notes as records: created once per key, changed while they are ours, never taken from a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.note_writing import EDITED, NO_TARGET, NoteWriter
from velma_connectors.hubspot.notes import key_hash, mark_in, note_html
from velma_connectors.model import CallRef, NoteUpsert, RecordRef, WriteResult, WriteStatus
from velma_connectors.sandbox.faults import Fault

OK, REJECTED = WriteStatus.OK, WriteStatus.REJECTED
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KEY_PROPERTY = {"name": "velma_note_key", "type": "string", "fieldType": "text"}
MODES = ("unique", "plain", "none")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, portal: Any) -> str:
    """Whether the portal knows the property of the key, and keeps it unique."""
    if request.param != "none":
        portal.add_property("notes", {**KEY_PROPERTY, "hasUniqueValue": request.param == "unique"})
    return str(request.param)


@pytest.fixture
def notes(portal: Any, client: Any) -> NoteWriter:
    portal.switches.burst_limit = 100_000
    return NoteWriter(client, KnownFields(client), lambda: NOW)


@pytest.fixture
def unique(portal: Any) -> None:
    portal.add_property("notes", {**KEY_PROPERTY, "hasUniqueValue": True})


def deal(portal: Any) -> RecordRef:
    return RecordRef("deals", portal.insert("deals", {"dealname": "Rollout"}))


def note(*targets: RecordRef, body: str = "a summary", key: str = "calls:1") -> NoteUpsert:
    return NoteUpsert(key, targets, body, (CallRef("sales", "calls", "1"),))


def stored(portal: Any) -> list[dict[str, Any]]:
    return [row["properties"] | {"id": row["id"]} for row in portal.rows("notes") if not row["archived"]]


def requests(portal: Any) -> int:
    count: int = portal.usage.snapshot()["requests"]
    return count


def statuses(results: Sequence[WriteResult]) -> list[WriteStatus]:
    return [result.status for result in results]


def test_a_note_hangs_on_all_its_records_and_carries_its_key(
    portal: Any, notes: NoteWriter, mode: str
) -> None:
    targets = (
        RecordRef("calls", portal.insert("calls", {})),
        deal(portal),
        RecordRef("contacts", portal.insert("contacts", {"lastname": "Voss"})),
        RecordRef("companies", portal.insert("companies", {"name": "Tallow Ltd"})),
    )
    (result,) = notes.write([note(*targets, body="line <b>one</b>\n\nצהוב 😀")])
    assert result == WriteResult(OK)
    (found,) = stored(portal)
    assert found["hs_note_body"] == note_html("calls:1", "line <b>one</b>\n\nצהוב 😀")
    assert datetime.fromisoformat(found["hs_timestamp"]) == NOW
    assert found.get("velma_note_key") == (None if mode == "none" else key_hash("calls:1"))
    for target in targets[1:]:
        assert portal.associated(target.object, target.id, "notes") == [found["id"]]


def test_the_same_note_twice_is_one_note_and_the_second_time_nothing_is_sent(
    portal: Any, notes: NoteWriter, mode: str
) -> None:
    target = deal(portal)
    assert statuses(notes.write([note(target)])) == [OK]
    (before,) = stored(portal)
    assert notes.write([note(target)]) == [WriteResult(OK)]
    assert stored(portal) == [before], "not even its time of change may move"


def test_a_new_text_replaces_our_own(portal: Any, notes: NoteWriter, mode: str) -> None:
    target = deal(portal)
    notes.write([note(target, body="first")])
    assert notes.write([note(target, body="second")]) == [WriteResult(OK)]
    (found,) = stored(portal)
    assert found["hs_note_body"] == note_html("calls:1", "second")


def test_a_note_that_a_person_edited_is_left_as_it_is(portal: Any, notes: NoteWriter, mode: str) -> None:
    target = deal(portal)
    notes.write([note(target, body="first")])
    (found,) = stored(portal)
    edited = found["hs_note_body"].replace("first", "first, and call them on Monday")
    portal.update("notes", found["id"], {"hs_note_body": edited})
    (result,) = notes.write([note(target, body="second")])
    assert result.status is OK
    assert [(each.field, each.reason) for each in result.dropped] == [("hs_note_body", EDITED)]
    assert portal.read("notes", found["id"])["hs_note_body"] == edited


def test_a_note_whose_mark_a_person_took_out_is_known_by_its_property(
    portal: Any, notes: NoteWriter, unique: None
) -> None:
    target = deal(portal)
    notes.write([note(target, body="first")])
    (found,) = stored(portal)
    portal.update("notes", found["id"], {"hs_note_body": "<p>all mine</p>"})
    (result,) = notes.write([note(target, body="second")])
    assert (result.status, result.dropped[0].reason) == (OK, EDITED)
    assert [row["hs_note_body"] for row in stored(portal)] == ["<p>all mine</p>"]


def test_other_notes_of_the_record_do_not_count(portal: Any, notes: NoteWriter, mode: str) -> None:
    target = deal(portal)
    for body in ("<p>called back</p>", note_html("calls:2", "a summary"), ""):
        other = portal.insert("notes", {"hs_note_body": body})
        portal.associate("notes", other, "deals", target.id)
    assert statuses(notes.write([note(target)])) == [OK]
    assert sum(key_hash("calls:1") in row.get("hs_note_body", "") for row in stored(portal)) == 1


@pytest.mark.parametrize("keyed", [True, False])
def test_a_copy_that_a_person_made_is_not_taken_for_the_note(
    portal: Any, notes: NoteWriter, keyed: bool
) -> None:
    if keyed:
        portal.add_property("notes", KEY_PROPERTY)
    target = deal(portal)
    notes.write([note(target)])
    (found,) = stored(portal)
    copy = portal.insert("notes", {"hs_note_body": f"<p>fyi</p>{found['hs_note_body']}"})
    portal.associate("notes", copy, "deals", target.id)
    (result,) = notes.write([note(target, body="second")])
    if keyed:
        assert result.status is OK
        assert portal.read("notes", found["id"])["hs_note_body"] == note_html("calls:1", "second")
    else:
        assert result.status is WriteStatus.UNCLEAR
        assert "several notes carry the same key" in result.reason
        assert found["id"] in result.reason
        assert copy in result.reason
    assert portal.read("notes", copy)["hs_note_body"].startswith("<p>fyi</p>")


@pytest.mark.parametrize("targets", [(), (RecordRef("calls", "1"),), (RecordRef("deals", "00T1"),)])
def test_a_note_without_a_record_to_hang_on_is_rejected_without_being_sent(
    portal: Any, notes: NoteWriter, targets: tuple[RecordRef, ...]
) -> None:
    assert notes.write([note(*targets)]) == [WriteResult(REJECTED, reason=NO_TARGET)]
    assert requests(portal) == 0


def test_a_hundred_notes_cost_two_requests(portal: Any, notes: NoteWriter, unique: None) -> None:
    target = deal(portal)
    notes.write([note(target, key="calls:0")])
    before = requests(portal)
    results = notes.write([note(target, key=f"calls:{n}") for n in range(1, 101)])
    assert statuses(results) == [OK] * 100
    assert requests(portal) - before == 2
    assert len({row["velma_note_key"] for row in stored(portal)}) == 101


def test_a_lost_answer_leaves_one_note_after_the_next_write(
    portal: Any, notes: NoteWriter, mode: str, faults: Any
) -> None:
    target = deal(portal)
    faults.add(Fault("POST .*/notes/batch/create", cut="after"))
    assert statuses(notes.write([note(target)])) == [WriteStatus.UNKNOWN]
    assert len(stored(portal)) == 1
    assert statuses(notes.write([note(target)])) == [OK]
    assert len(stored(portal)) == 1


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("partial", [True, False])
def test_a_note_that_somebody_created_meanwhile_is_taken_over(
    portal: Any, notes: NoteWriter, unique: None, faults: Any, status: int, partial: bool
) -> None:
    portal.switches.duplicate_value_status = status
    portal.switches.partial_create_errors = partial
    target = deal(portal)
    notes.write([note(target, body="first")])
    nobody = Response('{"status":"COMPLETE","results":[]}', mimetype="application/json")
    faults.add(Fault("POST .*/notes/batch/read", answer=nobody))
    units = [note(target, body="second"), note(target, body="another", key="calls:2")]
    assert statuses(notes.write(units)) == [OK, OK]
    bodies = {row["hs_note_body"] for row in stored(portal)}
    assert bodies == {note_html("calls:1", "second"), note_html("calls:2", "another")}


@pytest.mark.parametrize("partial", [True, False])
def test_a_record_that_is_gone_is_let_go_and_the_note_hangs_on_the_others(
    portal: Any, notes: NoteWriter, unique: None, partial: bool
) -> None:
    portal.switches.partial_create_errors = partial
    kept, gone = deal(portal), RecordRef("contacts", portal.insert("contacts", {"lastname": "Voss"}))
    portal.archive("contacts", gone.id)
    units = [note(kept, gone), note(gone, key="calls:2"), note(kept, key="calls:3")]
    assert statuses(notes.write(units)) == [OK, WriteStatus.GONE, OK]
    assert len(portal.associated("deals", kept.id, "notes")) == 2


def test_two_notes_with_one_key_are_one_note(portal: Any, notes: NoteWriter, mode: str) -> None:
    one, other = deal(portal), deal(portal)
    assert statuses(notes.write([note(one, body="first"), note(other, body="second")])) == [OK, OK]
    (found,) = stored(portal)
    assert found["hs_note_body"] == note_html("calls:1", "second")
    assert portal.associated("deals", one.id, "notes") == portal.associated("deals", other.id, "notes")


def test_an_existing_note_is_attached_to_records_that_came_later(
    portal: Any, notes: NoteWriter, mode: str
) -> None:
    early, late = RecordRef("contacts", portal.insert("contacts", {"lastname": "Voss"})), deal(portal)
    notes.write([note(early)])
    assert notes.write([note(early, late)]) == [WriteResult(OK)]
    (found,) = stored(portal)
    assert portal.associated("deals", late.id, "notes") == [found["id"]]
    assert portal.associated("contacts", early.id, "notes") == [found["id"]]


def test_an_existing_note_whose_record_is_gone_stays_written(
    portal: Any, notes: NoteWriter, unique: None
) -> None:
    kept, gone = deal(portal), deal(portal)
    notes.write([note(kept, gone)])
    portal.archive("deals", gone.id)
    assert notes.write([note(kept, gone, body="second")]) == [WriteResult(OK)]


def test_a_note_that_cannot_be_attached_is_tried_again(
    portal: Any, notes: NoteWriter, unique: None, faults: Any
) -> None:
    early, late = deal(portal), deal(portal)
    notes.write([note(early)])
    faults.add(Fault("POST .*/associations/.*/batch/create", cut="before"))
    (result,) = notes.write([note(early, late)])
    assert (result.status, result.after > 0) == (WriteStatus.RETRY, True)
    assert statuses(notes.write([note(early, late)])) == [OK]
    assert len(portal.associated("deals", late.id, "notes")) == 1


@pytest.mark.parametrize(
    ("category", "status", "dropped"),
    [("VALIDATION_ERROR", OK, ["associations"]), ("LOCKED", WriteStatus.RETRY, [])],
)
def test_a_link_refused_beside_good_ones_is_told_of_its_note_alone(
    portal: Any,
    notes: NoteWriter,
    unique: None,
    faults: Any,
    category: str,
    status: WriteStatus,
    dropped: list[str],
) -> None:
    early, late, other = deal(portal), deal(portal), deal(portal)
    both = [note(early), note(early, key="calls:2")]
    notes.write(both)
    first, second = sorted(row["id"] for row in stored(portal))
    error = {"status": "error", "category": category, "message": "full", "context": {"fromObjectId": [first]}}
    linked = {"fromObjectId": int(second), "toObjectId": int(other.id), "labels": []}
    document = {"status": "COMPLETE", "results": [linked], "numErrors": 1, "errors": [error]}
    answer = Response(json.dumps(document), status=207, mimetype="application/json")
    faults.add(Fault("POST .*/associations/.*/batch/create", answer=answer))
    results = notes.write([note(early, late), note(early, other, key="calls:2")])
    assert results[0].status is status
    assert [each.field for each in results[0].dropped] == dropped
    if status is OK:
        assert results[1] == WriteResult(OK)


def test_a_note_that_may_not_be_attached_is_written_and_says_so(
    portal: Any, notes: NoteWriter, unique: None, faults: Any
) -> None:
    early, late = deal(portal), deal(portal)
    notes.write([note(early)])
    full = Response(
        '{"status":"error","message":"full","category":"VALIDATION_ERROR"}',
        status=400,
        mimetype="application/json",
    )
    faults.add(Fault("POST .*/associations/.*/batch/create", answer=full))
    (result,) = notes.write([note(early, late, body="second")])
    assert result.status is OK
    assert [each.field for each in result.dropped] == ["associations"]
    (found,) = stored(portal)
    assert found["hs_note_body"] == note_html("calls:1", "second")


@pytest.mark.parametrize("kept_unique", [True, False])
def test_a_property_deleted_meanwhile_costs_the_key_but_not_the_note(
    portal: Any, notes: NoteWriter, kept_unique: bool
) -> None:
    portal.add_property("notes", {**KEY_PROPERTY, "hasUniqueValue": kept_unique})
    target = deal(portal)
    notes.write([note(target, key="calls:9")])
    portal.delete_property("notes", "velma_note_key")
    assert statuses(notes.write([note(target)])) == [OK]
    assert statuses(notes.write([note(target, body="second")])) == [OK]
    (found,) = (row for row in stored(portal) if mark_in(row["hs_note_body"]).key == key_hash("calls:1"))  # type: ignore[union-attr] # every one has a mark
    assert found["hs_note_body"] == note_html("calls:1", "second")


def test_records_with_many_notes_are_read_page_by_page(portal: Any, notes: NoteWriter) -> None:
    portal.switches.association_page_size = 50
    target = deal(portal)
    for place in range(230):
        body = note_html("calls:1", "first") if place in (0, 229) else f"<p>{place}</p>"
        other = portal.insert("notes", {"hs_note_body": body})
        portal.associate("notes", other, "deals", target.id)
    (result,) = notes.write([note(target, body="second")])
    assert result.status is WriteStatus.UNCLEAR, "only one of the first and the last note was seen"


@pytest.mark.parametrize("status", [207, 404])
def test_records_without_any_notes_are_no_obstacle(portal: Any, notes: NoteWriter, status: int) -> None:
    portal.switches.no_associations_status = status
    assert statuses(notes.write([note(deal(portal))])) == [OK]


def test_a_missing_scope_for_the_properties_of_notes_leaves_the_marks(
    portal: Any, notes: NoteWriter, unique: None, token: str
) -> None:
    portal.add_token(
        token, [f"crm.objects.{name}.{way}" for name in ("contacts", "deals") for way in ("read", "write")]
    )
    target = deal(portal)
    assert statuses(notes.write([note(target)])) == [OK]
    assert statuses(notes.write([note(target, body="second")])) == [OK]
    (found,) = stored(portal)
    assert found["hs_note_body"] == note_html("calls:1", "second")


def test_a_busy_portal_leaves_the_notes_for_later(
    portal: Any, notes: NoteWriter, unique: None, faults: Any
) -> None:
    locked = Response(
        '{"status":"error","message":"locked","category":"LOCKED"}', status=423, mimetype="application/json"
    )
    faults.add(Fault("POST .*/notes/batch/create", times=100, answer=locked))
    (result,) = notes.write([note(deal(portal))])
    assert result.status is WriteStatus.RETRY
    assert result.after > 0


def test_a_note_that_is_too_long_for_hubspot_is_cut(portal: Any, notes: NoteWriter, unique: None) -> None:
    assert statuses(notes.write([note(deal(portal), body="<word> " * 20_000)])) == [OK]
    (found,) = stored(portal)
    assert len(found["hs_note_body"]) <= 65_536


def test_a_note_that_a_person_deleted_never_stops_the_others(
    portal: Any, notes: NoteWriter, mode: str
) -> None:
    target = deal(portal)
    notes.write([note(target)])
    portal.archive("notes", stored(portal)[0]["id"])
    results = notes.write([note(target, body="second"), note(target, key="calls:2")])
    assert results[0].status in (OK, REJECTED)
    assert results[1] == WriteResult(OK)


SITUATIONS = ("new", "same", "ours", "edited", "gone", "none")


@pytest.mark.parametrize("partial", [True, False])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(situations=st.lists(st.sampled_from(SITUATIONS), min_size=1, max_size=110), series=st.uuids())
def test_in_any_mixture_every_note_has_its_own_verdict(
    portal: Any,
    notes: NoteWriter,
    mode: str,
    partial: bool,
    situations: list[str],
    series: UUID,
) -> None:
    portal.switches.partial_create_errors = portal.switches.partial_update_errors = partial
    targets = [deal(portal) for _ in situations]
    keys = [f"calls:{series}:{place}" for place in range(len(situations))]
    earlier = [place for place, each in enumerate(situations) if each in ("same", "ours", "edited")]
    bodies = {place: "second" if situations[place] == "same" else "first" for place in earlier}
    notes.write([note(targets[place], body=bodies[place], key=keys[place]) for place in earlier])
    for place, situation in enumerate(situations):
        if situation == "edited":
            (one,) = portal.associated("deals", targets[place].id, "notes")
            portal.update("notes", one, {"hs_note_body": "<p>all mine</p>" + note_html(keys[place], "first")})
        elif situation == "gone":
            portal.archive("deals", targets[place].id)
        elif situation == "none":
            targets[place] = RecordRef("calls", "1")

    results = notes.write(
        [note(target, body="second", key=key) for target, key in zip(targets, keys, strict=True)]
    )
    expected = {"gone": WriteStatus.GONE, "none": REJECTED}
    assert statuses(results) == [expected.get(each, OK) for each in situations]
    for target, key, situation in zip(targets, keys, situations, strict=True):
        if situation not in expected:
            (one,) = portal.associated("deals", target.id, "notes")
            text = portal.read("notes", one)["hs_note_body"]
            assert (text == note_html(key, "second")) is (situation != "edited"), situation


def test_drafts_and_results_show_no_words_of_the_call(
    portal: Any, notes: NoteWriter, mode: str, faults: Any
) -> None:
    refused = Response(
        '{"status":"error","message":"SECRET-WORDS","category":"VALIDATION_ERROR"}',
        status=400,
        mimetype="application/json",
    )
    faults.add(Fault("POST .*/notes/batch/create", times=100, answer=refused))
    (result,) = notes.write([note(deal(portal), body="SECRET-WORDS")])
    assert result.status is REJECTED
    assert "SECRET" not in repr(result)
