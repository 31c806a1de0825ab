"""Batched writing: full requests, results by position, and no neighbour harmed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Response

from velma_connectors.errors import StopConnection
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.writing import MAX_ALONE, Writer
from velma_connectors.model import (
    CallRef,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    RecordRef,
    WriteResult,
    WriteStatus,
)
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot.rules import ValidationRule

OK, REJECTED, GONE = WriteStatus.OK, WriteStatus.REJECTED, WriteStatus.GONE
CALL = CallRef("sales", "calls", "1")
PROPERTIES: Sequence[dict[str, Any]] = (
    {"name": "velma_reason", "type": "string", "fieldType": "text"},
    {"name": "velma_score", "type": "number", "fieldType": "number"},
    {"name": "velma_ruled", "type": "string", "fieldType": "text"},
    {
        "name": "velma_tags",
        "type": "enumeration",
        "fieldType": "checkbox",
        "options": [{"label": tag, "value": tag} for tag in ("A", "B")],
    },
    {
        "name": "velma_locked",
        "type": "string",
        "fieldType": "text",
        "modificationMetadata": {"readOnlyValue": True},
    },
)


@pytest.fixture
def rewritten() -> dict[str, datetime]:
    """Stamps of calls that the writer told about, by id."""
    return {}


@pytest.fixture
def writer(portal: Any, client: Any, rewritten: dict[str, datetime]) -> Writer:
    portal.switches.burst_limit = 100_000
    for name in ("calls", "deals"):
        for definition in PROPERTIES:
            portal.add_property(name, definition)
        portal.add_rule(name, "velma_ruled", ValidationRule("ALPHANUMERIC"))
    return Writer(client, KnownFields(client), rewritten.__setitem__)


def update(object_name: str, record_id: str, /, **fields: FieldValue) -> FieldUpdate:
    return FieldUpdate(RecordRef(object_name, record_id), fields, (CALL,))


def insert(portal: Any, object_name: str, count: int) -> list[str]:
    return [portal.insert(object_name, {}) for _ in range(count)]


def requests(portal: Any) -> int:
    count: int = portal.usage.snapshot()["requests"]
    return count


def statuses(results: Sequence[WriteResult]) -> list[WriteStatus]:
    return [result.status for result in results]


def test_nothing_to_write_asks_nothing(portal: Any, writer: Writer) -> None:
    assert writer.write([]) == []
    assert statuses(writer.write([update("calls", "1")])) == [OK]
    assert requests(portal) == 0


def test_the_records_of_a_thousand_calls_cost_ten_requests(portal: Any, writer: Writer) -> None:
    calls = insert(portal, "calls", 1000)
    results = writer.write([update("calls", call, velma_reason=f"r{call}") for call in calls])
    assert statuses(results) == [OK] * 1000
    assert requests(portal) == 10
    assert all(portal.read("calls", call)["velma_reason"] == f"r{call}" for call in calls)


def test_updates_of_one_record_share_a_row_and_keep_results_of_their_own(portal: Any, writer: Writer) -> None:
    (call,), (deal,) = insert(portal, "calls", 1), insert(portal, "deals", 1)
    results = writer.write(
        [
            update("calls", call, velma_locked="x"),
            update("deals", deal, velma_reason="of the deal"),
            update("calls", call, velma_reason="first", velma_score=1),
            update("calls", call, velma_reason="second"),
        ]
    )
    assert statuses(results) == [REJECTED, OK, OK, OK]
    assert [dropped.field for dropped in results[0].dropped] == ["velma_locked"]
    assert [result.dropped for result in results[1:]] == [(), (), ()]
    stored = portal.read("calls", call)
    assert (stored["velma_reason"], stored["velma_score"]) == ("second", "1")
    assert portal.read("deals", deal)["velma_reason"] == "of the deal"


def test_values_arrive_intact_and_none_clears(portal: Any, writer: Writer) -> None:
    text = "ä😀 שלום \u202ertl\u202c\nnext 'line' <b>\\"
    (call,) = insert(portal, "calls", 1)
    writer.write([update("calls", call, velma_reason=text, velma_tags=("A", "B"), velma_score=-0.25)])
    stored = portal.read("calls", call)
    assert (stored["velma_reason"], stored["velma_tags"], stored["velma_score"]) == (text, "A;B", "-0.25")
    writer.write([update("calls", call, velma_reason=None, velma_tags=None, velma_score=None)])
    stored = portal.read("calls", call)
    assert not any(stored[name] for name in ("velma_reason", "velma_tags", "velma_score"))


def test_the_later_of_two_values_counts_even_when_the_earlier_cannot_be_sent(
    portal: Any, writer: Writer
) -> None:
    (call,) = insert(portal, "calls", 1)
    results = writer.write(
        [update("calls", call, velma_score=float("nan")), update("calls", call, velma_score=2)]
    )
    assert results == [WriteResult(OK), WriteResult(OK)]
    assert portal.read("calls", call)["velma_score"] == "2"
    results = writer.write(
        [update("calls", call, velma_score=3), update("calls", call, velma_score=float("nan"))]
    )
    assert statuses(results) == [REJECTED, REJECTED]
    assert portal.read("calls", call)["velma_score"] == "2"


def test_a_rewritten_call_is_told_with_its_new_stamp(
    portal: Any, writer: Writer, rewritten: dict[str, datetime]
) -> None:
    (good, bad), (deal,) = insert(portal, "calls", 2), insert(portal, "deals", 1)
    portal.archive("calls", bad)
    writer.write(
        [
            update("calls", good, velma_reason="x"),
            update("calls", bad, velma_reason="x"),
            update("deals", deal, velma_reason="x"),
        ]
    )
    stamp = portal.read("calls", good)["hs_lastmodifieddate"]
    assert rewritten == {good: datetime.fromisoformat(stamp).astimezone(UTC)}


Bad = Callable[[Any, str], FieldUpdate]


def _archived(portal: Any, record_id: str) -> FieldUpdate:
    portal.archive("calls", record_id)
    return update("calls", record_id, velma_reason="x")


def _required(fields: dict[str, FieldValue]) -> Bad:
    return lambda _portal, record_id: update("calls", record_id, **fields)


KINDS: dict[str, tuple[Bad, WriteStatus, tuple[str, ...], dict[str, str]]] = {
    "good": (_required({"velma_reason": "x", "velma_score": 2}), OK, (), {"velma_reason": "x"}),
    "archived": (_archived, GONE, (), {}),
    "foreign": (lambda _p, _id: update("calls", "00T1", velma_reason="x"), REJECTED, (), {}),
    "option": (
        _required({"velma_tags": ("A", "New"), "velma_reason": "x"}),
        OK,
        ("velma_tags",),
        {"velma_tags": "A", "velma_reason": "x"},
    ),
    "only option": (_required({"velma_tags": ("New",)}), REJECTED, ("velma_tags",), {}),
    "rule": (
        _required({"velma_ruled": "two words", "velma_reason": "x"}),
        OK,
        ("velma_ruled",),
        {"velma_reason": "x"},
    ),
    "number": (
        _required({"velma_score": "words", "velma_reason": "x"}),
        OK,
        ("velma_score",),
        {"velma_reason": "x"},
    ),
    "long": (_required({"velma_reason": "word " * 20_000}), OK, ("velma_reason",), {}),
    "closed": (
        _required({"velma_locked": "x", "velma_reason": "x"}),
        OK,
        ("velma_locked",),
        {"velma_reason": "x"},
    ),
    "unknown": (
        _required({"velma_nowhere": "x", "velma_reason": "x"}),
        OK,
        ("velma_nowhere",),
        {"velma_reason": "x"},
    ),
}
"""What can be wrong with a row: how it comes about, its verdict, what is dropped and what is stored."""


@pytest.mark.parametrize("detailed", [True, False])
@pytest.mark.parametrize("partial", [True, False])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bad=st.dictionaries(st.integers(0, 129), st.sampled_from(sorted(KINDS)), max_size=12),
    count=st.integers(1, 130),
)
def test_every_good_row_is_written_and_every_bad_one_has_its_verdict(
    portal: Any, writer: Writer, partial: bool, detailed: bool, bad: dict[int, str], count: int
) -> None:
    portal.switches.partial_update_errors = partial
    portal.switches.batch_errors_are_detailed = detailed
    kinds = [bad.get(place, "good") for place in range(count)]
    ids = insert(portal, "calls", count)
    units = [KINDS[kind][0](portal, record_id) for kind, record_id in zip(kinds, ids, strict=True)]
    results = writer.write(units)
    for kind, record_id, result in zip(kinds, ids, results, strict=True):
        _, status, dropped, stored = KINDS[kind]
        assert result.status is status, f"{kind}: {result}"
        assert {each.field for each in result.dropped} == set(dropped), kind
        present = portal.read("calls", record_id) if kind != "archived" else {}
        assert {name: present.get(name) for name in stored} == stored, kind


def test_one_bad_row_in_a_hundred_costs_few_requests(portal: Any, writer: Writer) -> None:
    ids = insert(portal, "calls", 100)
    units = [update("calls", one, velma_reason="x") for one in ids]
    units[41] = update("calls", ids[41], velma_ruled="two words", velma_reason="x")
    assert statuses(writer.write(units)) == [OK] * 100
    assert requests(portal) <= 3


def test_a_property_deleted_in_the_meantime_costs_one_more_request_in_all(
    portal: Any, writer: Writer
) -> None:
    ids = insert(portal, "calls", 400)
    portal.delete_property("calls", "velma_score")
    results = writer.write([update("calls", one, velma_score=1, velma_reason="x") for one in ids])
    assert statuses(results) == [OK] * 400
    assert {result.dropped[0].field for result in results} == {"velma_score"}
    assert all(portal.read("calls", one)["velma_reason"] == "x" for one in ids)
    assert requests(portal) == 4 + 1 + 1, "four batches, one look at the schema, one batch once more"


@pytest.mark.parametrize("named", [True, False])
def test_a_merged_record_is_written_under_its_old_id(portal: Any, writer: Writer, named: bool) -> None:
    portal.switches.missing_records_name_traces = named
    winner, loser, other = insert(portal, "deals", 3)
    portal.merge("deals", winner, loser)
    results = writer.write([update("deals", one, velma_reason="x") for one in (loser, other)])
    assert statuses(results) == [OK, OK]
    assert portal.read("deals", winner)["velma_reason"] == "x"
    assert portal.read("deals", other)["velma_reason"] == "x"


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("partial", [True, False])
def test_a_record_that_is_gone_says_so(portal: Any, writer: Writer, named: bool, partial: bool) -> None:
    portal.switches.missing_records_name_traces = named
    portal.switches.partial_update_errors = partial
    there, archived = insert(portal, "deals", 2)
    portal.archive("deals", archived)
    units = [update("deals", one, velma_reason="x") for one in (archived, there, "999999999")]
    results = writer.write(units)
    assert statuses(results) == [GONE, OK, GONE]
    assert portal.read("deals", there)["velma_reason"] == "x"


def test_many_records_that_are_gone_are_not_all_looked_for_at_once(portal: Any, writer: Writer) -> None:
    ids = insert(portal, "deals", 60)
    for one in ids[:50]:
        portal.archive("deals", one)
    results = writer.write([update("deals", one, velma_reason="x") for one in ids])
    assert statuses(results)[50:] == [OK] * 10
    assert statuses(results)[:50] == [GONE] * MAX_ALONE + [WriteStatus.RETRY] * (50 - MAX_ALONE)
    assert all(result.after > 0 for result in results[MAX_ALONE:50])


def test_properties_that_hubspot_ignores_are_told(portal: Any, writer: Writer) -> None:
    portal.switches.unknown_property = "ignored"
    portal.switches.read_only_property = "ignored"
    (call,) = insert(portal, "calls", 1)
    (result,) = writer.write([update("calls", call, velma_nowhere="x", velma_locked="x", velma_reason="x")])
    assert result.status is OK
    assert {each.field for each in result.dropped} == {"velma_nowhere", "velma_locked"}
    (result,) = writer.write([update("calls", call, velma_nowhere="x")])
    assert result.status is REJECTED


def test_a_lost_answer_leaves_the_outcome_of_its_rows_alone_unknown(
    portal: Any, writer: Writer, faults: Any
) -> None:
    ids = insert(portal, "calls", 101)
    faults.add(Fault("POST .*/calls/batch/update", cut="after"))
    results = writer.write([update("calls", one, velma_reason="x") for one in ids])
    assert statuses(results) == [WriteStatus.UNKNOWN] * 100 + [OK]
    assert all(portal.read("calls", one)["velma_reason"] == "x" for one in ids)


@pytest.mark.parametrize("status", [504, 524])
def test_a_gateway_that_gave_up_leaves_the_outcome_unknown(
    portal: Any, writer: Writer, faults: Any, status: int
) -> None:
    ids = insert(portal, "calls", 2)
    page = Response("<html>no answer in time</html>", status=status, mimetype="text/html")
    faults.add(Fault("POST .*/calls/batch/update", answer=page))
    results = writer.write([update("calls", one, velma_reason="x") for one in ids])
    assert statuses(results) == [WriteStatus.UNKNOWN] * 2


def test_an_answer_that_leaves_rows_out_asks_for_each_of_them(
    portal: Any, writer: Writer, faults: Any
) -> None:
    ids = insert(portal, "calls", 2)
    empty = Response('{"status":"COMPLETE","results":[]}', mimetype="application/json")
    faults.add(Fault("POST .*/calls/batch/update", answer=empty))
    results = writer.write([update("calls", one, velma_reason="x") for one in ids])
    assert statuses(results) == [OK, OK]
    assert all(portal.read("calls", one)["velma_reason"] == "x" for one in ids)


def test_a_locked_portal_leaves_its_rows_for_later(portal: Any, writer: Writer, faults: Any) -> None:
    ids = insert(portal, "calls", 2)
    locked = Response(
        '{"status":"error","message":"locked","category":"LOCKED"}', status=423, mimetype="application/json"
    )
    faults.add(Fault("POST .*/calls/batch/update", times=100, answer=locked))
    results = writer.write([update("calls", one, velma_reason="x") for one in ids])
    assert statuses(results) == [WriteStatus.RETRY] * 2
    assert all(result.after > 0 for result in results)


def test_a_limit_met_halfway_leaves_the_rest_for_later(portal: Any, writer: Writer, faults: Any) -> None:
    ids = insert(portal, "calls", 300)
    daily = Response(
        '{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT",'
        '"policyName":"DAILY"}',
        status=429,
        mimetype="application/json",
    )
    faults.add(Fault("POST .*/batch/update", times=0))
    units = [update("calls", one, velma_reason="x") for one in ids]
    assert statuses(writer.write(units[:100])) == [OK] * 100
    before = requests(portal)
    faults.add(Fault("POST .*/batch/update", times=100, answer=daily))
    assert statuses(writer.write(units)) == [WriteStatus.RETRY] * 300
    assert requests(portal) == before


def test_a_connection_that_needs_its_admin_stops(portal: Any, writer: Writer, token: str) -> None:
    (call,) = insert(portal, "calls", 1)
    portal.revoke_token(token)
    with pytest.raises(StopConnection):
        writer.write([update("calls", call, velma_reason="x")])


def test_a_missing_scope_for_one_object_stops_no_other(portal: Any, writer: Writer, token: str) -> None:
    (call,), deals = insert(portal, "calls", 1), insert(portal, "deals", 20)
    portal.add_token(token, ["crm.objects.contacts.write", "crm.objects.deals.read"])
    units = [update("deals", deal, velma_reason="x") for deal in deals]
    results = writer.write([*units, update("calls", call, velma_reason="x")])
    assert statuses(results) == [REJECTED] * 20 + [OK]
    assert "crm.objects.deals.write" in results[0].reason
    assert requests(portal) == 2


def test_a_missing_scope_for_calls_stops_the_connection_and_names_it(
    portal: Any, writer: Writer, token: str
) -> None:
    (call,) = insert(portal, "calls", 1)
    portal.add_token(token, ["crm.objects.contacts.read"])
    with pytest.raises(StopConnection, match=r"grant it crm\.objects\.contacts\.write"):
        writer.write([update("calls", call, velma_reason="x")])


def test_a_missing_scope_for_notes_stops_no_fields(portal: Any, writer: Writer, faults: Any) -> None:
    (call,), (deal,) = insert(portal, "calls", 1), insert(portal, "deals", 1)
    refused = Response(
        '{"status":"error","message":"no","category":"MISSING_SCOPES","errors":[{"message":"no",'
        '"context":{"requiredGranularScopes":["crm.objects.notes.write"]}}]}',
        status=403,
        mimetype="application/json",
    )
    faults.add(Fault("/notes/", times=100, answer=refused))
    note = NoteUpsert("calls:1", (RecordRef("deals", deal),), "a summary", (CALL,))
    results = writer.write([note, update("calls", call, velma_reason="x")])
    assert statuses(results) == [REJECTED, OK]
    assert "crm.objects.notes.write" in results[0].reason


@pytest.mark.parametrize("partial", [True, False])
def test_a_key_that_may_not_read_properties_still_leaves_out_what_is_refused(
    portal: Any, writer: Writer, token: str, partial: bool
) -> None:
    portal.switches.partial_update_errors = partial
    portal.add_token(token, ["crm.objects.contacts.write", "crm.objects.contacts.read"])
    ids = insert(portal, "calls", 100)
    units = [update("calls", one, velma_nowhere="x", velma_reason="x") for one in ids]
    units[7] = update("calls", ids[7], velma_nowhere="x", velma_tags=("A", "New"), velma_reason="x")
    results = writer.write(units)
    assert statuses(results) == [OK] * 100
    assert {each.field for each in results[7].dropped} == {"velma_nowhere", "velma_tags"}
    assert all(portal.read("calls", one)["velma_reason"] == "x" for one in ids)
    assert requests(portal) < 30


def test_a_refused_request_that_names_its_bad_row_is_not_halved(
    portal: Any, writer: Writer, faults: Any
) -> None:
    ids = insert(portal, "calls", 100)
    refused = {
        "status": "error",
        "message": "invalid",
        "category": "VALIDATION_ERROR",
        "errors": [
            {
                "message": "velma_score is wrong",
                "code": "INVALID_INTEGER",
                "context": {"propertyName": ["velma_score"], "objectWriteTraceId": [ids[41]]},
            }
        ],
    }
    answer = Response(json.dumps(refused), status=400, mimetype="application/json")
    faults.add(Fault("POST .*/calls/batch/update", answer=answer))
    results = writer.write([update("calls", one, velma_score=1, velma_reason="x") for one in ids])
    assert statuses(results) == [OK] * 100
    assert [bool(result.dropped) for result in results] == [one == ids[41] for one in ids]
    assert requests(portal) == 1, "besides the one that was refused"


def test_a_text_longer_than_an_admin_allows_is_cut(portal: Any, writer: Writer) -> None:
    portal.add_rule("calls", "velma_reason", ValidationRule("MAX_LENGTH", ("20",)))
    (call,) = insert(portal, "calls", 1)
    (result,) = writer.write([update("calls", call, velma_reason="word " * 20, velma_score=1)])
    assert result.status is OK
    assert [each.reason for each in result.dropped] == ["the text was cut to 20 characters"]
    assert portal.read("calls", call)["velma_reason"] == "word word word word…"


def test_a_property_that_the_portal_requires_rejects_its_record_alone(
    portal: Any, writer: Writer, faults: Any
) -> None:
    (deal,), (call,) = insert(portal, "deals", 1), insert(portal, "calls", 1)
    required = Response(
        '{"status":"error","message":"invalid","category":"VALIDATION_ERROR","errors":[{"message":"amount '
        'is required","code":"REQUIRED_PROPERTY","context":{"propertyName":["amount"]}}]}',
        status=400,
        mimetype="application/json",
    )
    faults.add(Fault("POST .*/deals/batch/update", answer=required))
    results = writer.write([update("deals", deal, velma_reason="x"), update("calls", call, velma_reason="x")])
    assert statuses(results) == [REJECTED, OK]
    assert "'amount'" in results[0].reason


def test_several_properties_deleted_at_once_are_left_out_everywhere(portal: Any, writer: Writer) -> None:
    portal.switches.partial_update_errors = False
    ids = insert(portal, "calls", 100)
    for name in ("velma_score", "velma_tags"):
        portal.delete_property("calls", name)
    units = [update("calls", one, velma_score=1, velma_tags=("A",), velma_reason="x") for one in ids]
    results = writer.write(units)
    assert statuses(results) == [OK] * 100
    assert requests(portal) == 3, "the refusal, one look at the schema, and the batch without them"


def test_results_show_no_words_of_the_call(portal: Any, writer: Writer) -> None:
    (call,) = insert(portal, "calls", 1)
    units = [
        update(
            "calls",
            call,
            velma_reason="SECRET-WORDS " * 10_000,
            velma_ruled="SECRET WORDS",
            velma_score="SECRET",
        )
    ]
    assert "SECRET" not in repr(writer.write(units))
