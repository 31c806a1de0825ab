"""Walking and counting a window: nothing lost, nothing from outside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from velma_connectors.model import CallRef, Window
from velma_connectors.testing.contract.driving import (
    before,
    call_of,
    lately,
    pages,
    records_in,
    require,
    walk,
)
from velma_connectors.testing.rig import Ability, Rig


class WalkContract:
    """`calls`, `count` and `refresh`."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_a_walk_is_complete_over_pages_of_any_size(self, rig: Rig, limit: int) -> None:
        made = {rig.add_call() for _ in range(5)}
        rig.settle()
        assert made <= records_in(walk(rig.connector, lately(rig), limit=limit))

    @pytest.mark.parametrize("limit", [1, 2, 4])
    def test_calls_that_changed_in_another_order_than_they_were_made_are_all_found(
        self, rig: Rig, limit: int
    ) -> None:
        require(rig, Ability.BACKDATE)
        start, end = before(rig, hours=2), before(rig, hours=1)
        made = {rig.add_call(at=end - timedelta(minutes=number)) for number in range(5)}
        rig.settle()
        assert records_in(walk(rig.connector, Window(start, end), limit=limit)) == made

    @pytest.mark.parametrize("limit", [1, 2, 4])
    def test_calls_with_equal_stamps_are_all_found_over_pages(self, rig: Rig, limit: int) -> None:
        require(rig, Ability.BACKDATE)
        moment = before(rig, hours=1)
        made = {rig.add_call(at=moment) for _ in range(5)}
        rig.settle()
        found = walk(rig.connector, Window(moment, moment), limit=limit)
        assert records_in(found) == made

    def test_both_ends_of_the_window_belong_to_it(self, rig: Rig) -> None:
        require(rig, Ability.BACKDATE)
        start, end = before(rig, hours=2), before(rig, hours=1)
        made = {rig.add_call(at=start), rig.add_call(at=end)}
        rig.settle()
        assert records_in(walk(rig.connector, Window(start, end))) == made
        assert rig.connector.count(Window(start, end)) == 2

    def test_a_call_outside_the_window_is_not_read(self, rig: Rig) -> None:
        require(rig, Ability.BACKDATE)
        start, end = before(rig, hours=2), before(rig, hours=1)
        second = timedelta(seconds=1)
        inside = rig.add_call(at=start + timedelta(minutes=5))
        rig.add_call(at=start - second)
        rig.add_call(at=end + second)
        rig.settle()
        assert records_in(walk(rig.connector, Window(start, end))) == {inside}

    def test_an_empty_window_is_a_complete_walk(self, rig: Rig) -> None:
        long_ago = before(rig, days=3650)
        window = Window(long_ago, long_ago + timedelta(seconds=1))
        assert walk(rig.connector, window) == []
        assert rig.connector.count(window) == 0

    def test_the_count_agrees_with_the_walk(self, rig: Rig) -> None:
        for _ in range(3):
            rig.add_call()
        rig.delete(rig.add_call())
        rig.settle()
        window = lately(rig)
        found = walk(rig.connector, window, limit=2)
        assert len(found) == len(records_in(found)), "a call came twice although nothing changed"
        assert rig.connector.count(window) == len(found)

    def test_nothing_is_lost_when_calls_are_edited_during_the_walk(self, rig: Rig) -> None:
        require(rig, Ability.BACKDATE)
        start, end = before(rig, hours=2), before(rig, hours=1)
        made = [rig.add_call(at=start + timedelta(minutes=number)) for number in range(6)]
        rig.settle()
        walked = pages(rig.connector, Window(start, end), limit=2)
        found = list(next(walked).calls)
        for edited in (made[0], made[5]):
            rig.touch(edited)
        found += [call for page in walked for call in page.calls]
        rig.settle()
        found += walk(rig.connector, Window(end, lately(rig).end))
        assert records_in(found) >= set(made)

    def test_a_deleted_call_is_not_found(self, rig: Rig) -> None:
        kept, gone = rig.add_call(), rig.add_call()
        rig.delete(gone)
        rig.settle()
        found = records_in(walk(rig.connector, lately(rig)))
        assert kept in found
        assert gone not in found

    def test_looking_again_leaves_out_deleted_calls_and_ids_that_never_were(self, rig: Rig) -> None:
        kept, gone = rig.add_call(), rig.add_call()
        records = (kept, gone, rig.never(kept))
        rig.delete(gone)
        refs = [CallRef(rig.connection, record.object, record.id) for record in records]
        assert records_in(rig.connector.refresh(refs)) == {kept}
        assert rig.connector.refresh([]) == []

    def test_looking_again_and_walking_tell_the_same(self, rig: Rig) -> None:
        record = rig.add_call()
        rig.link(record, rig.add_deal())
        rig.settle()
        (walked,) = [call for call in walk(rig.connector, lately(rig)) if call.ref.record == record]
        assert call_of(rig, record) == walked
