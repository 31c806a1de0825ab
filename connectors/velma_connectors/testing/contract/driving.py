"""Steps that many sentences of the contract share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from velma_connectors.errors import Verdict
from velma_connectors.model import (
    Call,
    CallRef,
    Field,
    FieldKind,
    FieldUpdate,
    FieldValue,
    NoteUpsert,
    Page,
    RecordRef,
    Target,
    Window,
    WriteResult,
)
from velma_connectors.protocol import CrmConnector
from velma_connectors.testing.rig import Ability, FaultKind, Place, Rig

MOST_PAGES = 1000
NO_SUCH_FIELD = "velma_no_such_field"


def require(rig: Rig, needed: Ability | FaultKind) -> None:
    """Skip the test, with the rig's reason, when its far side cannot do this."""
    reason = rig.cannot.get(needed)
    if reason is not None:
        pytest.skip(f"the far side cannot show '{needed}': {reason}")


def field_of(rig: Rig, kind: FieldKind) -> tuple[Place, Field]:
    """The field of that kind, as the connector tells it; skips when the far side has none."""
    place = rig.fields.get(kind)
    if place is None:
        pytest.skip(f"the far side has no {kind} field for tests")
    name = object_of(rig, place.target)
    field = rig.connector.fields(name).get(place.name)
    assert field is not None, f"the connector tells no field {place.name} on {name}, the rig's {kind} field"
    return place, field


def text_place(rig: Rig) -> Place:
    """The text field, which every rig has."""
    return rig.fields[FieldKind.TEXT]


def object_of(rig: Rig, target: Target) -> str:
    return rig.connector.capabilities.objects[target][0]


def record_for(rig: Rig, place: Place) -> RecordRef:
    """A new record that has the field."""
    return rig.add_deal() if place.target is Target.DEAL else rig.add_call()


def text_record(rig: Rig) -> RecordRef:
    """A new record that has the text field."""
    return record_for(rig, text_place(rig))


def call_of(rig: Rig, record: RecordRef) -> Call:
    """One call as the connector sees it now."""
    (call,) = rig.connector.refresh([CallRef(rig.connection, record.object, record.id)])
    return call


def pages(connector: CrmConnector, window: Window, *, limit: int) -> Iterator[Page]:
    """Page after page of the window, of a walk that has to end."""
    cursor = None
    for _ in range(MOST_PAGES):
        page = connector.calls(window, cursor, limit=limit)
        assert len(page.calls) <= limit, (
            f"a page held {len(page.calls)} calls, more than the limit of {limit}"
        )
        yield page
        if page.cursor is None:
            return
        assert page.cursor != cursor, "a page gave the cursor that led to it; the last page's cursor is None"
        cursor = page.cursor
    raise AssertionError(
        f"the walk was not complete after {MOST_PAGES} pages; the last page's cursor is None"
    )


def walk(connector: CrmConnector, window: Window, *, limit: int = 100) -> list[Call]:
    """Every call of the window as often as it comes."""
    return [call for page in pages(connector, window, limit=limit) for call in page.calls]


def records_in(calls: list[Call]) -> set[RecordRef]:
    return {call.ref.record for call in calls}


def before(rig: Rig, **span: float) -> datetime:
    """A whole second some time ago, by the far side's clock: `before(rig, hours=2)`."""
    return rig.now().replace(microsecond=0) - timedelta(**span)


def lately(rig: Rig) -> Window:
    """The last minutes, with room for a far side that rounds its stamps."""
    return Window(rig.now() - timedelta(minutes=5), rig.now() + timedelta(minutes=1))


def write(rig: Rig, record: RecordRef, fields: Mapping[str, FieldValue]) -> WriteResult:
    """Write some fields of one record through the connection under test."""
    (result,) = rig.connector.write([FieldUpdate(record, fields, ())])
    return result


def put_note(connector: CrmConnector, key: str, targets: tuple[RecordRef, ...], body: str) -> WriteResult:
    (result,) = connector.write([NoteUpsert(key, targets, body, ())])
    return result


def current(rig: Rig, record: RecordRef, field: str) -> FieldValue:
    return rig.connector.current([record], [field])[record][field]


def dropped(result: WriteResult) -> list[str]:
    return sorted(each.field for each in result.dropped)


def times_in(texts: list[str], words: str) -> int:
    """How often the words stand in the texts."""
    return sum(text.count(words) for text in texts)


def verdict_of(rig: Rig, what: str, ask: Callable[[], object]) -> Verdict | None:
    """The verdict that was raised, None when nothing was. Anything else must not escape a connector."""
    try:
        ask()
    except Verdict as verdict:
        return verdict
    except Exception as escaped:
        package = type(escaped).__module__.partition(".")[0]
        origin = "the client library" if package in rig.sdk_packages else f"module {package}"
        name = type(escaped).__name__
        raise AssertionError(f"{what} let {name} of {origin} escape instead of a verdict") from escaped
    return None
