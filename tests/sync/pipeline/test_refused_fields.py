"""Which fields are refused still, told from what calls left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from velma_connectors.model import DroppedField
from velma_mappings.plan import NO_RECORD, NO_SUCH_FIELD, READ_ONLY, TOLD_NOTHING
from velma_sync.pipeline.refused_fields import RefusedField, refused_fields

NOON = datetime(2026, 6, 4, 12, tzinfo=UTC)
GONE = DroppedField("status", f"Task {NO_SUCH_FIELD}")
LOCKED = DroppedField("status", READ_ONLY)
UNKNOWN = DroppedField("status", "not known (unavailable): the topic was not discussed")
NO_DEAL = DroppedField("status", f"{NO_RECORD}deal to write to")
SILENT = DroppedField("status", f"{TOLD_NOTHING}deal (No speech)")


@pytest.mark.parametrize(
    ("calls", "since"),
    [
        ([], {}),
        ([[], [UNKNOWN], [NO_DEAL]], {}),
        ([[GONE]], {GONE: 0}),
        ([[GONE], [GONE], [], [GONE]], {GONE: 1}),
        ([[NO_DEAL], [GONE], [SILENT], [GONE]], {GONE: 3}),
        ([[], [GONE]], {}),
        ([[UNKNOWN], [GONE]], {}),
        ([[LOCKED], [GONE]], {LOCKED: 0}),
    ],
)
def test_a_field_is_refused_since_the_first_call_of_an_unbroken_row(
    calls: list[list[DroppedField]], since: dict[DroppedField, int]
) -> None:
    latest = [(NOON - timedelta(hours=at), left_out) for at, left_out in enumerate(calls)]
    expected = [
        RefusedField("sales", each.field, each.reason, NOON - timedelta(hours=at))
        for each, at in since.items()
    ]
    assert refused_fields("sales", latest) == expected
