"""Values fitted to fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.model import FieldKind, FieldValue
from velma_mappings.coercion import HOLDERS, Fitted, Unfit, fit

EVENING = datetime(2026, 6, 4, 23, 30, 15, 999, tzinfo=timezone(timedelta(hours=-2)))


@pytest.mark.parametrize(
    ("value", "kind", "more", "expected"),
    [
        (True, "boolean", {}, True),
        (False, "boolean", {}, False),
        (-0.105, "number", {"precision": 3, "scale": 2}, -0.11),
        (0.125, "number", {"scale": 2}, 0.13),
        (-0.001, "number", {"scale": 2}, 0.0),
        (53.7, "number", {"scale": 0}, 54),
        (33, "number", {"scale": 2}, 33),
        (0.1 + 0.2, "number", {}, 0.1 + 0.2),
        (9.994, "number", {"precision": 3, "scale": 2}, 9.99),
        ("a\r\nb ", "text", {"max_length": 9}, "a b"),
        ("a\r\n b \x00", "long_text", {}, "a\n b"),
        ("several words", "text", {"max_length": 10}, "several…"),
        ("  ", "text", {}, None),
        (0.5, "text", {}, "0.5"),
        (True, "text", {}, "Yes"),
        (False, "long_text", {}, "No"),
        (("b", "a"), "text", {}, "b, a"),
        (EVENING, "text", {}, "2026-06-05 01:30 UTC"),
        (EVENING, "datetime", {}, datetime(2026, 6, 5, 1, 30, 15, tzinfo=UTC)),
        (EVENING, "date", {}, "2026-06-05"),
        ("Both", "choice", {"choices": ("Both",), "restricted": True}, "Both"),
        ("both", "choice", {"choices": ("Both",), "restricted": True}, "Both"),
        ("New", "choice", {"choices": ("Both",)}, "New"),
        ("b", "multi_choice", {"choices": ("a", "b"), "restricted": True}, ("b",)),
        (("b", "A"), "multi_choice", {"choices": ("a", "b"), "restricted": True}, ("a", "b")),
        (("b", "new"), "multi_choice", {"choices": ("a", "b")}, ("b", "new")),
        (("a", "A"), "multi_choice", {"choices": ("a",), "restricted": True}, ("a",)),
        ((), "multi_choice", {"choices": ("a",)}, None),
    ],
)
def test_a_value_is_fitted(
    make: Any, value: FieldValue, kind: str, more: dict[str, Any], expected: FieldValue
) -> None:
    fitted = fit(value, make.field("F", FieldKind(kind), **more))
    assert fitted == Fitted(expected)
    assert isinstance(fitted, Fitted)
    assert type(fitted.value) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind", "more", "reason"),
    [
        (10.0, "number", {"precision": 3, "scale": 2}, "more than the field's 1 digits before the point"),
        (9.996, "number", {"precision": 3, "scale": 2}, "more than the field's 1 digits"),
        (1e300, "number", {"scale": 2}, "more than the field's 18 digits"),
        (float("nan"), "number", {}, "not a finite number"),
        (float("inf"), "number", {"scale": 2}, "not a finite number"),
        ("New", "choice", {"choices": ("Both",), "restricted": True}, "no option 'New'"),
        (" ", "choice", {}, "no option ''"),
        (("x", "y"), "multi_choice", {"choices": ("a",), "restricted": True}, "no option 'x', 'y'"),
        (None, "boolean", {"can_be_blank": False}, "a checkbox cannot be blank"),
        ("x", "boolean", {}, "holds a boolean"),
        (True, "number", {}, "holds a number"),
        (1, "boolean", {}, "holds a boolean"),
        (("a",), "choice", {}, "holds a choice"),
        (1, "multi_choice", {}, "holds a multi choice"),
        ("2026-06-05", "date", {}, "holds a date"),
        ("x", "datetime", {}, "holds a datetime"),
        (EVENING, "choice", {}, "holds a choice"),
        (1, "other", {}, "holds a other"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_reason(
    make: Any, value: FieldValue, kind: str, more: dict[str, Any], reason: str
) -> None:
    fitted = fit(value, make.field("F", FieldKind(kind), **more))
    assert isinstance(fitted, Unfit)
    assert reason in fitted.reason


@pytest.mark.parametrize("kind", FieldKind)
def test_a_field_that_can_be_blank_can_be_cleared(make: Any, kind: FieldKind) -> None:
    assert fit(None, make.field("F", kind)) == Fitted(None)


def test_unknown_options_are_listed_and_the_known_ones_kept(make: Any) -> None:
    field = make.field("F", FieldKind.MULTI_CHOICE, choices=("a", "b"), restricted=True)
    assert fit(("x", "b", "y"), field) == Fitted(("b",), ("x", "y"))


SIGNS = st.sampled_from(["👩‍👩‍👧", "שלום עולם", "مرحبا", "e\u0301", " ", "word", "\u202e", "\ud83d"])
TEXTS = st.one_of(
    st.text(st.characters(), max_size=300),
    st.lists(
        st.sampled_from(["👩‍👩‍👧", "שלום עולם", "مرحبا", "e\u0301", " ", "word", "\u202e", "\ud83d"]),
        max_size=40,
    ).map("".join),
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    TEXTS,
    MOMENTS,
    st.lists(TEXTS, max_size=4, unique=True).map(tuple),
)


@given(VALUES, st.sampled_from([FieldKind.TEXT, FieldKind.LONG_TEXT]), st.integers(1, 120))
def test_text_is_never_longer_than_the_field(
    make: Any, value: FieldValue, kind: FieldKind, limit: int
) -> None:
    fitted = fit(value, make.field("F", kind, max_length=limit))
    assert isinstance(fitted, Fitted)
    if fitted.value is not None:
        assert isinstance(fitted.value, str)
        assert 0 < len(fitted.value) <= limit
        fitted.value.encode()
        assert fit(fitted.value, make.field("F", kind, max_length=limit)) == fitted


OPTIONS = st.lists(st.text(min_size=1, max_size=5), max_size=4, unique=True).map(tuple)


@given(VALUES, OPTIONS, st.sampled_from([FieldKind.CHOICE, FieldKind.MULTI_CHOICE]))
def test_a_restricted_field_never_gets_a_value_outside_its_options(
    make: Any, value: FieldValue, options: tuple[str, ...], kind: FieldKind
) -> None:
    fitted = fit(value, make.field("F", kind, choices=options, restricted=True))
    if isinstance(fitted, Fitted):
        chosen = fitted.value if isinstance(fitted.value, tuple) else (fitted.value,)
        assert set(chosen) <= {*options, None}
        assert fitted.value != ()
        if isinstance(fitted.value, tuple):
            assert list(fitted.value) == sorted(set(fitted.value))


@given(st.one_of(st.floats(), st.integers()), st.integers(1, 18), st.one_of(st.none(), st.integers(0, 6)))
def test_a_number_never_has_more_digits_than_the_field(
    make: Any, value: float, precision: int, scale: int | None
) -> None:
    fitted = fit(value, make.field("F", FieldKind.NUMBER, precision=precision, scale=scale))
    if isinstance(fitted, Fitted):
        assert isinstance(fitted.value, int | float)
        assert abs(fitted.value) < Decimal(10) ** (precision - (scale or 0))
        if scale is not None:
            exponent = Decimal(str(fitted.value)).normalize().as_tuple().exponent
            assert isinstance(exponent, int)
            assert -exponent <= scale
        assert abs(Decimal(str(fitted.value)) - Decimal(str(value))) <= Decimal(1).scaleb(-(scale or 0)) / 2


KINDS_OF_VALUES: dict[FieldKind, FieldValue] = {
    FieldKind.BOOLEAN: True,
    FieldKind.NUMBER: 1,
    FieldKind.TEXT: "x",
    FieldKind.LONG_TEXT: "x",
    FieldKind.CHOICE: "x",
    FieldKind.MULTI_CHOICE: ("x",),
    FieldKind.DATETIME: EVENING,
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_every_field_that_may_hold_a_kind_of_value_takes_it(make: Any, kind: FieldKind) -> None:
    for holder in HOLDERS[kind]:
        fitted = fit(KINDS_OF_VALUES[kind], make.field("F", holder, choices=("x",), restricted=True))
        assert isinstance(fitted, Fitted), f"a {holder} should take a {kind} value"
