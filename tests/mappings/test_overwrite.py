"""What may be written over what a record holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import FieldValue, RecordRef, Target
from velma_mappings.model import LeftOut, Overwrite, PlannedField, Settlement
from velma_mappings.overwrite import settle

RECORD = RecordRef("Opportunity", "006A")
DAY = timedelta(days=1)
NOON = datetime(2026, 6, 4, 12, 0, tzinfo=UTC)


def plan(
    value: FieldValue,
    overwrite: Overwrite = Overwrite.IF_OURS,
    *,
    field: str = "F",
    record: RecordRef = RECORD,
    scale: int | None = None,
) -> PlannedField:
    return PlannedField(Target.DEAL, record, field, value, overwrite, "path", scale)


def kept(reason: str) -> Settlement:
    return Settlement({}, (LeftOut(RECORD, "F", reason),), ())


def wrote(value: FieldValue) -> Settlement:
    return Settlement({"F": value}, (), ())


SAME = Settlement({}, (), ("F",))
NEVER: Mapping[str, FieldValue] = {}


@pytest.mark.parametrize(
    ("now", "written", "new", "expected"),
    [
        (None, NEVER, "new", wrote("new")),
        ("", NEVER, "new", wrote("new")),
        ("  ", NEVER, "new", wrote("new")),
        ((), NEVER, ("a",), wrote(("a",))),
        ("theirs", NEVER, "new", kept("filled by a person")),
        ("ours", {"F": "ours"}, "new", wrote("new")),
        ("theirs", {"F": "ours"}, "new", kept("changed by a person")),
        (None, {"F": "ours"}, "new", wrote("new")),
        ("new", NEVER, "new", SAME),
        ("new", {"F": "ours"}, "new", SAME),
        ("ours", {"F": "ours"}, None, wrote(None)),
        ("theirs", {"F": "ours"}, None, kept("changed by a person")),
        ("theirs", {"F": None}, "new", kept("changed by a person")),
        (None, {"F": "ours"}, None, SAME),
        ("", NEVER, None, SAME),
        (False, NEVER, True, wrote(True)),
        (False, {"F": False}, True, wrote(True)),
        (False, {"F": True}, True, kept("changed by a person")),
        (True, {"F": True}, False, wrote(False)),
        (True, NEVER, False, kept("filled by a person")),
        (False, NEVER, False, SAME),
        (None, NEVER, False, wrote(False)),
        (0, NEVER, 3, kept("filled by a person")),
        (0, {"F": 0}, 3, wrote(3)),
        (1, {"F": True}, 3, kept("changed by a person")),
        (("b", "a"), {"F": ("a", "b")}, ("c",), wrote(("c",))),
        (
            NOON + timedelta(milliseconds=5),
            {"F": NOON},
            NOON + timedelta(days=1),
            wrote(NOON + timedelta(days=1)),
        ),
        ("a\nb", {"F": "a\r\nb  \n"}, "new", wrote("new")),
        ("line  \rtwo ", NEVER, "line\ntwo", SAME),
        (float("nan"), {"F": 1.0}, 2.0, kept("changed by a person")),
    ],
)
def test_a_persons_word_stays_and_ours_is_renewed(
    now: FieldValue, written: Mapping[str, FieldValue], new: FieldValue, expected: Settlement
) -> None:
    assert settle([plan(new)], {"F": now}, written) == expected


@pytest.mark.parametrize(
    ("now", "written", "new", "scale", "expected"),
    [
        (-0.12, NEVER, -0.1, 2, kept("filled by a person")),
        (-0.104, {"F": -0.1}, 0.5, 2, wrote(0.5)),
        (0.1 + 0.2, {"F": 0.3}, 0.5, 2, wrote(0.5)),
        (54.0, {"F": 54}, 60, 0, wrote(60)),
        (54.0, NEVER, 54, 0, SAME),
        (1e300, {"F": 1.0}, 2.0, 2, kept("changed by a person")),
        (0.301, {"F": 0.3}, 0.5, None, kept("changed by a person")),
    ],
)
def test_numbers_are_compared_as_the_field_keeps_them(
    now: float, written: Mapping[str, FieldValue], new: float, scale: int | None, expected: Settlement
) -> None:
    assert settle([plan(new, scale=scale)], {"F": now}, written) == expected


@pytest.mark.parametrize(
    ("overwrite", "now", "written", "expected"),
    [
        (Overwrite.ALWAYS, "theirs", NEVER, wrote("new")),
        (Overwrite.ALWAYS, None, NEVER, wrote("new")),
        (Overwrite.ALWAYS, "new", NEVER, SAME),
        (Overwrite.IF_EMPTY, None, NEVER, wrote("new")),
        (Overwrite.IF_EMPTY, "ours", {"F": "ours"}, kept("it already holds a value")),
        (Overwrite.IF_EMPTY, "theirs", NEVER, kept("it already holds a value")),
        (Overwrite.IF_EMPTY, False, NEVER, wrote("new")),
        (Overwrite.IF_EMPTY, False, {"F": False}, kept("it already holds a value")),
    ],
)
def test_the_other_policies_do_as_they_are_called(
    overwrite: Overwrite, now: FieldValue, written: Mapping[str, FieldValue], expected: Settlement
) -> None:
    assert settle([plan("new", overwrite)], {"F": now}, written) == expected


def test_a_field_whose_value_cannot_be_read_is_only_written_always() -> None:
    assert settle([plan("new")], {}, {}).write == {}
    assert "cannot be read" in settle([plan("new")], {}, {}).kept[0].reason
    assert settle([plan("new", Overwrite.ALWAYS)], {}, {}) == wrote("new")


def test_fields_are_settled_one_by_one() -> None:
    planned = [plan("a", field="A"), plan("b", field="B"), plan("c", field="C")]
    found = settle(planned, {"A": None, "B": "theirs", "C": "c"}, {})
    assert (dict(found.write), [left.field for left in found.kept], found.same) == ({"A": "a"}, ["B"], ("C",))


def test_fields_of_two_records_are_refused() -> None:
    with pytest.raises(ValueError, match="several records"):
        settle([plan("a"), plan("b", record=RecordRef("Task", "00T"))], {}, {})


def test_nothing_planned_is_nothing_to_do() -> None:
    assert settle([], {"F": "x"}, {"F": "y"}) == Settlement({}, (), ())


def test_values_stay_out_of_a_repr() -> None:
    assert "secret" not in repr(wrote("secret"))


TEXTS = st.sampled_from(["", " ", "a", "a ", "b\r\nc", "b\nc", "Ünïcode"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -0.1, -0.104, -0.12, 0.5]),
    TEXTS,
    st.sampled_from([(), ("a",), ("a", "b"), ("b", "a")]),
    st.sampled_from([NOON, NOON + timedelta(milliseconds=1), NOON + timedelta(seconds=1)]),
)
OVERWRITES = st.sampled_from(list(Overwrite))
FIELDS = st.dictionaries(st.sampled_from("ABC"), VALUES, max_size=3)
SCALES = st.sampled_from([None, 0, 2])
PLANS = st.lists(
    st.builds(
        lambda field, value, overwrite, scale: plan(value, overwrite, field=field, scale=scale),
        st.sampled_from("ABC"),
        VALUES,
        OVERWRITES,
        SCALES,
    ),
    max_size=3,
    unique_by=lambda planned: planned.field,
)


@given(PLANS, FIELDS, FIELDS)
def test_settling_again_after_the_writing_changes_nothing(
    planned: list[PlannedField], current: dict[str, FieldValue], written: dict[str, FieldValue]
) -> None:
    first = settle(planned, current, written)
    again = settle(planned, {**current, **first.write}, {**written, **first.write})
    assert again.write == {}
    assert {left.field for left in again.kept} == {left.field for left in first.kept}


@given(PLANS, FIELDS, FIELDS)
def test_every_planned_field_is_written_kept_or_the_same(
    planned: list[PlannedField], current: dict[str, FieldValue], written: dict[str, FieldValue]
) -> None:
    found = settle(planned, current, written)
    fields = [*found.write, *(left.field for left in found.kept), *found.same]
    assert sorted(fields) == sorted(field.field for field in planned)


HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("person"), VALUES),
        st.tuples(st.sampled_from([Overwrite.IF_OURS, Overwrite.IF_EMPTY]), VALUES),
    ),
    max_size=8,
)


@given(st.sampled_from([None, False]), HISTORY)
def test_over_any_history_a_persons_value_is_never_written_over(
    untouched: FieldValue, history: list[tuple[Any, FieldValue]]
) -> None:
    """A person and we take turns on one field; what a person put there stays until a person changes it.

    A person who empties the field gives it back; so does one who puts back what we wrote last, and a
    false before our first write cannot be told from an untouched checkbox.
    """
    now, theirs = untouched, False
    written: dict[str, FieldValue] = {}
    for actor, value in history:
        if actor == "person":
            now = value
            blank = value is None or value == () or (isinstance(value, str) and not value.strip())
            unseen = value is False and "F" not in written
            returned = "F" in written and not settle([plan(value)], {"F": written["F"]}, written).write
            theirs = not (blank or unseen or returned)
            continue
        found = settle([plan(value, actor)], {"F": now}, written)
        if found.write:
            assert not theirs, f"{now!r} was a person's and became {value!r}"
            now = written["F"] = found.write["F"]
