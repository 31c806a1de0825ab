"""Fields: written as they are, read back as they are, and refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from velma_connectors.model import Field, FieldKind, FieldValue, RecordRef, Target, WriteStatus
from velma_connectors.testing.contract.driving import (
    NO_SUCH_FIELD,
    current,
    dropped,
    field_of,
    object_of,
    record_for,
    text_place,
    text_record,
    write,
)
from velma_connectors.testing.rig import Place, Rig

TEXTS = {
    "unicode": "Zażółć gęślą jaźń",
    "emoji": "agreed 👍🏽 on \U0001f9d1\u200d\U0001f4bb terms",
    "right to left": "הסכם חתום, then English",
    "markup": "<b>5 < 6</b> & \"7\" 'eight' \\n; {{x}} %s",
    "digits": "0012",
}
"""Texts that careless code changes on their way, without blanks at their ends."""

KINDS = [kind for kind in FieldKind if kind is not FieldKind.OTHER]


def samples(field: Field) -> list[FieldValue]:
    """Two different values that the field can hold."""
    decimals = field.scale is None or field.scale >= 2
    values: dict[FieldKind, list[FieldValue]] = {
        FieldKind.BOOLEAN: [True, False],
        FieldKind.NUMBER: [-0.75, 0.5] if decimals else [-3, 0],
        FieldKind.TEXT: ["first", "second"],
        FieldKind.LONG_TEXT: ["first\nline two\n\nline four", "second"],
        FieldKind.CHOICE: list(field.choices[:2]),
        FieldKind.MULTI_CHOICE: [tuple(sorted(field.choices[:2])), field.choices[1:2]],
        FieldKind.DATE: ["2026-02-28", "2024-02-29"],
        FieldKind.DATETIME: [
            datetime(2026, 3, 1, 0, 30, tzinfo=UTC),
            datetime(2026, 7, 1, 23, 59, tzinfo=UTC),
        ],
    }
    return values[field.kind]


def read_only_field(rig: Rig) -> tuple[RecordRef, str]:
    """A record and the name of a field of it that cannot be written."""
    return record_for(rig, rig.read_only), rig.read_only.name


class ValueContract:
    """`fields`, `current` and `write` for one record."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_written_is_read_back(self, rig: Rig, kind: FieldKind) -> None:
        place, field = field_of(rig, kind)
        assert (field.kind, field.writable) == (kind, True)
        record = record_for(rig, place)
        for value in samples(field):
            result = write(rig, record, {place.name: value})
            assert (result.status, result.dropped) == (WriteStatus.OK, ())
            assert rig.read(record, place.name) == value, "a person sees another value"
            assert current(rig, record, place.name) == value, "current tells another value than was written"

    @pytest.mark.parametrize("kind", KINDS)
    def test_none_clears_a_field_that_can_be_blank(self, rig: Rig, kind: FieldKind) -> None:
        place, field = field_of(rig, kind)
        if not field.can_be_blank:
            pytest.skip(f"a {kind} field cannot be blank here")
        record = record_for(rig, place)
        write(rig, record, {place.name: samples(field)[0]})
        result = write(rig, record, {place.name: None})
        assert (result.status, result.dropped) == (WriteStatus.OK, ())
        assert rig.read(record, place.name) is None
        assert current(rig, record, place.name) is None

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_text_arrives_letter_by_letter(self, rig: Rig, text: str) -> None:
        record, name = text_record(rig), text_place(rig).name
        assert write(rig, record, {name: text}).status is WriteStatus.OK
        assert rig.read(record, name) == text
        assert current(rig, record, name) == text

    def test_text_fits_up_to_the_length_the_field_tells(self, rig: Rig) -> None:
        place, field = field_of(rig, FieldKind.TEXT)
        assert field.max_length, "the text field of a rig has a limit"
        record, text = record_for(rig, place), "x" * field.max_length
        result = write(rig, record, {place.name: text})
        assert (result.status, result.dropped) == (WriteStatus.OK, ())
        assert rig.read(record, place.name) == text

    def test_text_that_is_too_long_is_named_and_never_cut_in_silence(self, rig: Rig) -> None:
        place, field = field_of(rig, FieldKind.TEXT)
        assert field.max_length
        record = record_for(rig, place)
        result = write(rig, record, {place.name: "word " * field.max_length})
        assert dropped(result) == [place.name]
        assert result.status in (WriteStatus.OK, WriteStatus.REJECTED)
        stored = rig.read(record, place.name)
        assert stored is None or len(str(stored)) <= field.max_length

    def test_fields_that_are_not_named_stay_as_they_are(self, rig: Rig) -> None:
        place = text_place(rig)
        record = record_for(rig, place)
        others = [other for other in rig.fields.values() if other.target is place.target and other != place]
        known = rig.connector.fields(record.object)
        for other in others:
            rig.edit(record, other.name, samples(known[other.name])[0])
        write(rig, record, {place.name: "ours"})
        for other in others:
            assert rig.read(record, other.name) == samples(known[other.name])[0]

    def test_a_field_that_does_not_exist_is_named_and_the_rest_is_written(self, rig: Rig) -> None:
        record, name = text_record(rig), text_place(rig).name
        result = write(rig, record, {name: "kept", NO_SUCH_FIELD: "x"})
        assert (result.status, dropped(result)) == (WriteStatus.OK, [NO_SUCH_FIELD])
        assert all(each.reason for each in result.dropped)
        assert rig.read(record, name) == "kept"

    def test_a_read_only_field_is_named_and_stays_as_it_is(self, rig: Rig) -> None:
        record, name = read_only_field(rig)
        assert not rig.connector.fields(record.object)[name].writable
        before = rig.read(record, name)
        result = write(rig, record, {name: "ours"})
        assert dropped(result) == [name]
        assert result.status in (WriteStatus.OK, WriteStatus.REJECTED)
        assert rig.read(record, name) == before

    def test_an_option_the_field_lacks_is_left_out_and_listed(self, rig: Rig) -> None:
        place, field = field_of(rig, FieldKind.MULTI_CHOICE)
        record, known = record_for(rig, place), field.choices[0]
        result = write(rig, record, {place.name: tuple(sorted((known, "Unheard of")))})
        assert (result.status, dropped(result)) == (WriteStatus.OK, [place.name])
        assert "Unheard of" in result.dropped[0].reason
        assert rig.read(record, place.name) == (known,)
        assert field_of(rig, FieldKind.MULTI_CHOICE)[1].choices == field.choices, "an option was added"

    def test_a_choice_the_field_lacks_is_refused_by_name(self, rig: Rig) -> None:
        place, field = field_of(rig, FieldKind.CHOICE)
        assert field.restricted, "the choice of a rig is a restricted one"
        record = record_for(rig, place)
        result = write(rig, record, {place.name: "Unheard of"})
        assert dropped(result) == [place.name]
        assert "Unheard of" in result.dropped[0].reason
        assert rig.read(record, place.name) is None

    def test_present_values_leave_out_what_is_not_there(self, rig: Rig) -> None:
        place = text_place(rig)
        kept, gone = record_for(rig, place), record_for(rig, place)
        rig.edit(kept, place.name, "theirs")
        rig.delete(gone)
        values = rig.connector.current([kept, gone, rig.never(kept)], [place.name, NO_SUCH_FIELD])
        assert values == {kept: {place.name: "theirs"}}

    def test_present_values_of_calls_and_deals_come_in_one_answer(self, rig: Rig) -> None:
        call, deal = rig.add_call(), rig.add_deal()
        names = [place.name for place in (*rig.fields.values(), rig.read_only)]
        values = rig.connector.current([call, deal], names)
        assert set(values) == {call, deal}
        for record, target in ((call, Target.CALL), (deal, Target.DEAL)):
            here = {place.name for place in _places(rig) if place.target is target}
            assert here <= set(values[record])

    def test_both_objects_tell_their_fields(self, rig: Rig) -> None:
        for place in _places(rig):
            assert place.name in rig.connector.fields(object_of(rig, place.target))


def _places(rig: Rig) -> list[Place]:
    return [*rig.fields.values(), rig.read_only]
