"""Summary notes: one for each key, whatever happens in between."""

from __future__ import annotations

from velma_connectors.model import NoteUpsert, WriteStatus
from velma_connectors.testing.contract.driving import put_note, require, times_in
from velma_connectors.testing.rig import Ability, FaultKind, Rig

FIRST = "The buyer signs in May."
SECOND = "The buyer signs in June."
THEIRS = "The buyer told me he signs in Mai"


class NoteContract:
    """`write` of a NoteUpsert."""

    def test_the_same_key_written_twice_is_one_note(self, rig: Rig) -> None:
        targets = rig.note_targets()
        for _ in range(2):
            assert put_note(rig.connector, "call-1", targets, FIRST).status is WriteStatus.OK
        assert times_in(rig.notes(targets), FIRST) == 1

    def test_the_same_key_from_a_fresh_connection_is_one_note(self, rig: Rig) -> None:
        targets = rig.note_targets()
        put_note(rig.connector, "call-1", targets, FIRST)
        rig.settle()
        assert put_note(rig.reopen(), "call-1", targets, FIRST).status is WriteStatus.OK
        assert times_in(rig.notes(targets), FIRST) == 1

    def test_a_note_whose_answer_was_lost_is_there_once_after_a_repetition(self, rig: Rig) -> None:
        require(rig, FaultKind.LOST_ANSWER)
        targets = rig.note_targets()
        rig.connector.check()
        with rig.fault(FaultKind.LOST_ANSWER):
            assert put_note(rig.connector, "call-1", targets, FIRST).status is WriteStatus.UNKNOWN
        assert times_in(rig.notes(targets), FIRST) == 1, "the rig lost more than the answer"
        for connector in (rig.connector, rig.reopen()):
            assert put_note(connector, "call-1", targets, FIRST).status is WriteStatus.OK
        assert times_in(rig.notes(targets), FIRST) == 1

    def test_changed_content_replaces_the_note(self, rig: Rig) -> None:
        targets = rig.note_targets()
        put_note(rig.connector, "call-1", targets, FIRST)
        assert put_note(rig.reopen(), "call-1", targets, SECOND).status is WriteStatus.OK
        seen = rig.notes(targets)
        assert (times_in(seen, FIRST), times_in(seen, SECOND)) == (0, 1)

    def test_a_note_that_a_person_edited_stays_one_note(self, rig: Rig) -> None:
        require(rig, Ability.EDIT_NOTE)
        targets = rig.note_targets()
        put_note(rig.connector, "call-1", targets, FIRST)
        rig.edit_note(targets, FIRST, THEIRS)
        result = put_note(rig.reopen(), "call-1", targets, SECOND)
        assert result.status is WriteStatus.OK
        seen = rig.notes(targets)
        assert sorted((times_in(seen, THEIRS), times_in(seen, SECOND))) == [0, 1]
        assert not times_in(seen, THEIRS) or result.dropped, "a note that was left alone has to be told"

    def test_notes_of_two_keys_are_two_notes(self, rig: Rig) -> None:
        targets = rig.note_targets()
        notes = [NoteUpsert("call-1", targets, FIRST, ()), NoteUpsert("call-2", targets, SECOND, ())]
        assert {result.status for result in rig.connector.write(notes)} == {WriteStatus.OK}
        seen = rig.notes(targets)
        assert (times_in(seen, FIRST), times_in(seen, SECOND)) == (1, 1)

    def test_a_note_reads_as_it_was_written(self, rig: Rig) -> None:
        targets = rig.note_targets()
        lines = ["5 < 6 & 7 > 2", "zażółć 👍🏽 הסכם", "<script>alert(1)</script>", "- a point"]
        assert put_note(rig.connector, "call-1", targets, "\n".join(lines)).status is WriteStatus.OK
        seen = rig.notes(targets)
        for line in lines:
            assert times_in(seen, line) == 1, f"a person does not see the line {line!r}"
