"""Many updates in one write: results by position, and no record pays for another."""

from __future__ import annotations

from velma_connectors.model import FieldKind, FieldUpdate, FieldValue, NoteUpsert, WriteStatus
from velma_connectors.testing.contract.driving import (
    NO_SUCH_FIELD,
    dropped,
    field_of,
    put_note,
    text_place,
    text_record,
    times_in,
    write,
)
from velma_connectors.testing.contract.values import samples
from velma_connectors.testing.rig import Rig


class BatchContract:
    """`write` for many records."""

    def test_nothing_to_write_is_no_result(self, rig: Rig) -> None:
        assert rig.connector.write([]) == []

    def test_a_record_that_is_gone_or_never_was_is_told(self, rig: Rig) -> None:
        record, name = text_record(rig), text_place(rig).name
        rig.delete(record)
        for missing in (record, rig.never(record)):
            assert write(rig, missing, {name: "late"}).status is WriteStatus.GONE

    def test_one_bad_record_never_harms_its_neighbours(self, rig: Rig) -> None:
        name = text_place(rig).name
        records = [text_record(rig) for _ in range(6)]
        rig.delete(records[1])
        values: list[dict[str, FieldValue]] = [{name: f"value {number}"} for number in range(6)]
        values[3][NO_SUCH_FIELD] = "x"
        values[4] = {NO_SUCH_FIELD: "x"}
        updates = [FieldUpdate(record, each, ()) for record, each in zip(records, values, strict=True)]
        results = rig.connector.write(updates)
        assert [each.status for each in results[:4]] == [
            WriteStatus.OK,
            WriteStatus.GONE,
            WriteStatus.OK,
            WriteStatus.OK,
        ]
        assert results[5].status is WriteStatus.OK
        assert [dropped(each) for each in results[2:]] == [[], [NO_SUCH_FIELD], [NO_SUCH_FIELD], []]
        for number in (0, 2, 3, 5):
            assert rig.read(records[number], name) == f"value {number}"

    def test_results_stand_at_the_position_of_their_update(self, rig: Rig) -> None:
        place = text_place(rig)
        gone, *kept = (text_record(rig) for _ in range(4))
        rig.delete(gone)
        for order in ([kept[2], gone, kept[0], kept[1]], [gone, kept[1], kept[2], kept[0]]):
            updates = [FieldUpdate(record, {place.name: record.id}, ()) for record in order]
            statuses = [result.status for result in rig.connector.write(updates)]
            expected = [WriteStatus.GONE if record == gone else WriteStatus.OK for record in order]
            assert statuses == expected
        assert [rig.read(record, place.name) for record in kept] == [record.id for record in kept]

    def test_a_record_may_be_written_to_by_several_updates_at_once(self, rig: Rig) -> None:
        place = text_place(rig)
        first, second = text_record(rig), text_record(rig)
        more = self._another_field(rig)
        updates = [
            FieldUpdate(first, {place.name: "one"}, ()),
            FieldUpdate(second, {place.name: "two"}, ()),
            FieldUpdate(first, more, ()),
            FieldUpdate(first, {NO_SUCH_FIELD: "x", **more}, ()),
        ]
        results = rig.connector.write(updates)
        assert [result.status for result in results] == [WriteStatus.OK] * 4
        assert [dropped(result) for result in results] == [[], [], [], [NO_SUCH_FIELD]]
        assert (rig.read(first, place.name), rig.read(second, place.name)) == ("one", "two")
        for name, value in more.items():
            assert rig.read(first, name) == value

    def test_fields_and_notes_travel_together(self, rig: Rig) -> None:
        record, name = text_record(rig), text_place(rig).name
        targets = rig.note_targets()
        note = NoteUpsert("together", targets, "The crane is agreed upon.", ())
        results = rig.connector.write([note, FieldUpdate(record, {name: "beside a note"}, ())])
        assert [result.status for result in results] == [WriteStatus.OK] * 2
        assert times_in(rig.notes(targets), "The crane is agreed upon.") == 1
        assert rig.read(record, name) == "beside a note"

    def test_a_batch_larger_than_one_request_is_written_whole(self, rig: Rig) -> None:
        name = text_place(rig).name
        records = [text_record(rig) for _ in range(min(rig.connector.capabilities.write_batch, 250))]
        updates = [FieldUpdate(record, {name: f"number {n}"}, ()) for n, record in enumerate(records)]
        assert {result.status for result in rig.connector.write(updates)} == {WriteStatus.OK}
        values = rig.connector.current(records, [name])
        assert [values[record][name] for record in records] == [f"number {n}" for n in range(len(records))]

    def test_writing_the_same_again_changes_nothing(self, rig: Rig) -> None:
        record, name = text_record(rig), text_place(rig).name
        for _ in range(2):
            assert write(rig, record, {name: "same"}).status is WriteStatus.OK
        assert rig.read(record, name) == "same"

    def test_a_note_for_a_call_that_is_gone_is_no_success(self, rig: Rig) -> None:
        targets = rig.note_targets()
        for target in targets:
            rig.delete(target)
        result = put_note(rig.connector, "gone", targets, "Nobody will read this.")
        assert result.status in (WriteStatus.GONE, WriteStatus.REJECTED)

    @staticmethod
    def _another_field(rig: Rig) -> dict[str, FieldValue]:
        """A value for a second field of the record that has the text field."""
        for kind, place in rig.fields.items():
            if kind is not FieldKind.TEXT and place.target is text_place(rig).target:
                return {place.name: samples(field_of(rig, kind)[1])[0]}
        raise AssertionError("a rig needs a second field beside its text field")
