"""Named changes to values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import FieldKind, FieldValue
from velma_mappings.catalogue import entries
from velma_mappings.entry import Entry
from velma_mappings.model import State, Value
from velma_mappings.transforms import TRANSFORMS, apply, misfit, shaped


def known(value: FieldValue) -> Value:
    return Value(value, State.KNOWN)


@pytest.mark.parametrize(
    ("names", "value", "expected"),
    [
        (["known_only"], "Confirmed", "Confirmed"),
        (["join"], ("a", "b"), "a, b"),
        (["join"], (), None),
        (["count"], ("a", "b"), 2),
        (["count"], (), 0),
        (["first"], ("z", "a"), "z"),
        (["first"], (), None),
        (["any"], ("a",), True),
        (["any"], (), False),
        (["yes_no"], True, "Yes"),
        (["yes_no"], False, "No"),
        (["any", "yes_no"], (), "No"),
        (["first", "known_only"], ("Unknown",), None),
        ([], "x", "x"),
    ],
)
def test_a_transform_changes_what_is_known(names: list[str], value: FieldValue, expected: FieldValue) -> None:
    assert apply(names, known(value)).value == expected


def test_unknown_counts_as_not_known_when_asked() -> None:
    changed = apply(["known_only"], known("Unknown"))
    assert (changed.value, changed.state) == (None, State.UNAVAILABLE)
    assert changed.reason


@given(
    st.lists(st.sampled_from(sorted(TRANSFORMS)), max_size=4),
    st.sampled_from([state for state in State if state is not State.KNOWN]),
)
def test_what_is_not_known_stays_so_through_every_transform(names: list[str], state: State) -> None:
    value = Value(None, state, reason="why")
    assert apply(names, value) == value


@given(st.lists(st.sampled_from(sorted(TRANSFORMS)), max_size=3))
def test_a_cleared_value_stays_cleared(names: list[str]) -> None:
    assert apply(names, known(None)).value is None


def _plain(kind: FieldKind) -> type:
    return {
        FieldKind.BOOLEAN: bool,
        FieldKind.NUMBER: int,
        FieldKind.TEXT: str,
        FieldKind.CHOICE: str,
        FieldKind.MULTI_CHOICE: tuple,
    }[kind]


SAMPLES: dict[FieldKind, FieldValue] = {
    FieldKind.BOOLEAN: True,
    FieldKind.CHOICE: "Confirmed",
    FieldKind.MULTI_CHOICE: ("a", "b"),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_gives_the_kind_it_says(name: str) -> None:
    transform = TRANSFORMS[name]
    entry = Entry("path", transform.accepts, "Label", "Help.", choices=("a", "b", "Unknown"))
    changed = apply([name], known(SAMPLES[transform.accepts]))
    after = shaped([name], entry)
    assert type(changed.value) is _plain(after.kind)
    assert after.path == "path"
    if after.kind is not FieldKind.CHOICE:
        assert not after.choices


def test_options_follow_the_transform(make: Any) -> None:
    catalogue = entries(make.mapping())
    assert shaped(["known_only"], catalogue["next_step"]).choices == ("Confirmed", "Not confirmed")
    assert shaped(["yes_no"], catalogue["action_plan_confirmed"]).choices == ("Yes", "No")
    assert shaped(["first"], catalogue["competitors"]).choices == ("Acme Platform", "Quorvane")


def test_a_transform_for_another_kind_of_value_is_named(make: Any) -> None:
    catalogue = entries(make.mapping())
    assert misfit(["join"], catalogue["competitors"]) == ""
    assert misfit(["join"], catalogue["status"]) == "'join' takes a multi choice value, not a choice value"
    assert misfit(["any", "join"], catalogue["competitors"]) == (
        "'join' takes a multi choice value, not a boolean value"
    )


@pytest.mark.parametrize("name", ["join", "count", "any"])
def test_the_value_behind_keeps_its_evidence_and_confidence(name: str) -> None:
    value = Value(("a",), State.KNOWN, (), 0.8)
    assert apply([name], value).confidence == 0.8
