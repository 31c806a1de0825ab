"""What is said of a clock, an allowance and an API version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from velma_connectors import judgements
from velma_connectors.administration import Mark
from velma_connectors.clocks import seconds_ahead
from velma_connectors.judgements import VersionEnd
from velma_connectors.model import ApiBudget

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
END = date(2027, 6, 1)


@pytest.mark.parametrize(
    ("ahead", "mark", "words"),
    [
        (0.0, Mark.OK, "agrees with"),
        (59.0, Mark.OK, "agrees with"),
        (60.0, Mark.ADVICE, "is 60 seconds behind that of"),
        (-61.0, Mark.ADVICE, "is 61 seconds ahead of that of"),
        (899.0, Mark.ADVICE, "is 15 minutes behind"),
        (-900.0, Mark.PROBLEM, "is 15 minutes ahead of"),
    ],
)
def test_a_clock_that_is_off_is_told_with_its_direction(ahead: float, mark: Mark, words: str) -> None:
    (found,) = judgements.clock("The CRM", ahead)
    assert found.mark is mark
    assert words in found.sentence
    assert bool(found.remedy) == (mark is not Mark.OK)


def test_a_clock_that_was_not_told_is_not_judged() -> None:
    assert judgements.clock("The CRM", None) == []


@pytest.mark.parametrize("seconds", [-3600, 0, 90])
def test_a_date_header_tells_how_far_the_other_clock_is_ahead(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert seconds_ahead(header, NOW.timestamp()) == seconds


@pytest.mark.parametrize("header", ["", "soon", "Sat, 99 Nov 2026 09:00:00 GMT"])
def test_a_date_that_cannot_be_read_tells_nothing(header: str) -> None:
    assert seconds_ahead(header, NOW.timestamp()) is None


@pytest.mark.parametrize(
    ("used", "mark"), [(0, Mark.OK), (799, Mark.OK), (800, Mark.ADVICE), (950, Mark.PROBLEM)]
)
def test_an_allowance_is_judged_by_the_part_that_is_used(used: int, mark: Mark) -> None:
    (found,) = judgements.allowance(ApiBudget(used, 1000, 3), "of today", "Use less.")
    assert found.mark is mark
    assert f"{used:,} of its 1,000 API requests of today" in found.sentence
    assert found.remedy == ("" if mark is Mark.OK else "Use less.")


def test_an_allowance_that_was_not_told_is_not_judged() -> None:
    assert judgements.allowance(ApiBudget(None, None, 3), "of today", "") == []


@pytest.mark.parametrize(
    ("today", "mark"),
    [
        (END - timedelta(days=183), Mark.OK),
        (END - timedelta(days=182), Mark.ADVICE),
        (END, Mark.ADVICE),
        (END + timedelta(days=1), Mark.PROBLEM),
    ],
)
def test_the_end_of_a_version_is_told_half_a_year_before(today: date, mark: Mark) -> None:
    found = judgements.end_of_life("7", {"7": VersionEnd(END, "a page")}, today, "Raise it.")
    assert found.mark is mark
    assert "2027-06-01" in found.sentence
    assert found.remedy == ("" if mark is Mark.OK else "Raise it.")


def test_a_version_without_an_announced_end_is_fine_and_an_unknown_one_is_not_vouched_for() -> None:
    ends = {"7": VersionEnd(None, "a page")}
    assert judgements.end_of_life("7", ends, END, "").mark is Mark.OK
    assert judgements.end_of_life("8", ends, END, "").mark is Mark.ADVICE
