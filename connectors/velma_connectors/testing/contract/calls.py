"""What a call tells: its times, its deals, its people; and what it keeps to itself."""

from __future__ import annotations

from datetime import timedelta

from velma_connectors.model import Target, WriteStatus
from velma_connectors.testing.contract.driving import (
    before,
    call_of,
    lately,
    put_note,
    require,
    text_place,
    walk,
    write,
)
from velma_connectors.testing.rig import Ability, Rig

TITLE = "Kickoff about the harbour crane"
PERSON = "Odalys Quillfeather"
DEAL = "Harbour crane renewal"
AUDIO = b"RIFF\x24\x00\x00\x00WAVEfmt first"
PAID_AGAIN = "the fingerprint follows more than the recording, which would be paid for again"


class CallContract:
    """The records around a call."""

    def test_times_are_aware_and_in_utc(self, rig: Rig) -> None:
        rig.add_call()
        rig.settle()
        for call in walk(rig.connector, lately(rig)):
            assert call.started_at.utcoffset() == timedelta(0), "started_at is not in UTC"
            assert call.changed_at.utcoffset() == timedelta(0), "changed_at is not in UTC"

    def test_the_start_and_the_length_are_those_of_the_call(self, rig: Rig) -> None:
        require(rig, Ability.BACKDATE)
        ended_at = before(rig, hours=3)
        call = call_of(rig, rig.add_call(at=ended_at, seconds=600))
        assert call.seconds == 600
        assert call.changed_at == ended_at
        assert abs(call.started_at - (ended_at - timedelta(seconds=600))) <= timedelta(seconds=1)

    def test_the_reference_of_a_call_names_this_connection_and_its_record(self, rig: Rig) -> None:
        record = rig.add_call()
        call = call_of(rig, record)
        assert (call.ref.connection, call.ref.record) == (rig.connection, record)
        assert record.object in rig.connector.capabilities.objects[Target.CALL]

    def test_a_linked_deal_comes_with_the_call_and_no_other_one(self, rig: Rig) -> None:
        record, linked, other = rig.add_call(), rig.add_deal(name=DEAL), rig.add_deal()
        rig.link(record, linked)
        call = call_of(rig, record)
        assert [deal.ref for deal in call.deals] == [linked]
        assert other not in {deal.ref for deal in call.deals}
        (deal,) = call.deals
        assert (deal.name, deal.stage, deal.is_open, deal.is_primary) == (DEAL, rig.stages.first, True, True)

    def test_a_deal_has_the_stage_it_had_when_the_call_took_place(self, rig: Rig) -> None:
        require(rig, Ability.BACKDATE)
        deal = rig.add_deal(at=before(rig, days=5))
        record = rig.add_call(at=before(rig, days=3))
        rig.link(record, deal)
        rig.set_stage(deal, rig.stages.second, at=before(rig, days=1))
        then = [each.stage for each in call_of(rig, record).deals]
        assert then == [rig.stages.first], "the stage is not that of the time of the call"
        later = rig.add_call()
        rig.link(later, deal)
        assert [each.stage for each in call_of(rig, later).deals] == [rig.stages.second]

    def test_a_closed_deal_is_told_from_an_open_one(self, rig: Rig) -> None:
        deal, record = rig.add_deal(), rig.add_call()
        rig.set_stage(deal, rig.stages.closed)
        rig.link(record, deal)
        assert [each.is_open for each in call_of(rig, record).deals] == [False]

    def test_the_people_of_a_call_come_with_their_names_and_targets(self, rig: Rig) -> None:
        (person,) = call_of(rig, rig.add_call(person=PERSON)).people
        assert person.name == PERSON
        assert person.target in (Target.CONTACT, Target.LEAD)
        objects = rig.connector.capabilities.objects
        assert person.ref.object in objects.get(person.target, (person.ref.object,))

    def test_a_call_without_a_deal_or_people_is_still_a_call(self, rig: Rig) -> None:
        call = call_of(rig, rig.add_call())
        assert (call.deals, call.people, call.skip_reason) == ((), (), None)

    def test_titles_names_and_locators_stay_out_of_the_repr(self, rig: Rig) -> None:
        record = rig.add_call(title=TITLE, person=PERSON, audio=AUDIO)
        rig.link(record, rig.add_deal(name=DEAL))
        call = call_of(rig, record)
        assert call.title == TITLE
        assert call.recording is not None
        hidden = {"title": TITLE, "person": PERSON, "deal": DEAL, "locator": call.recording.locator}
        shown = [what for what, private in hidden.items() if private in f"{call!r} {call}"]
        assert shown == [], "also in other parts of the call: a fingerprint of the locator is a digest of it"

    def test_our_own_writes_leave_the_fingerprint_as_it_is(self, rig: Rig) -> None:
        targets = rig.note_targets()
        rig.attach(targets[0], AUDIO)
        known = call_of(rig, targets[0])
        put_note(rig.connector, "fingerprint", targets, "A note that changes nothing.")
        mine = [place.name for place in rig.fields.values() if place.target is Target.CALL]
        write(rig, targets[0], dict.fromkeys(mine))
        if text_place(rig).target is Target.CALL:
            assert write(rig, targets[0], {text_place(rig).name: "ours"}).status is WriteStatus.OK
        assert call_of(rig, targets[0]).fingerprint == known.fingerprint, PAID_AGAIN

    def test_a_new_recording_changes_the_fingerprint(self, rig: Rig) -> None:
        record = rig.add_call()
        prints = [call_of(rig, record).fingerprint]
        for audio in (AUDIO, AUDIO + b" and more"):
            rig.attach(record, audio)
            prints.append(call_of(rig, record).fingerprint)
        assert len(set(prints)) == 3, "none, the first and the second recording must all differ"

    def test_a_persons_edit_leaves_the_fingerprint_as_it_is(self, rig: Rig) -> None:
        record = rig.add_call(audio=AUDIO)
        known = call_of(rig, record).fingerprint
        rig.touch(record)
        assert call_of(rig, record).fingerprint == known, PAID_AGAIN
