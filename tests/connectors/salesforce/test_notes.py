"""The note inside the Description: whatever happens, the rep's own words stay as they are."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from velma_connectors.salesforce.notes import DESCRIPTION_LENGTH, ELLIPSIS, cut, length, put_note

WORDS = st.text(max_size=300)
BODIES = st.text(max_size=300)
PLAIN_KEYS = st.sampled_from(["note-1", "sales-eu:Task:00T000000000001AAA"])
KEYS = st.one_of(PLAIN_KEYS, st.text(min_size=1, max_size=40))
BLOCK_START = "----- Velma call summary ["


def put(text: str, key: str, body: str) -> str:
    written = put_note(text, key, body)
    assert written is not None, "there was room for the note"
    return written


@given(before=WORDS, after=WORDS, key=KEYS, bodies=st.lists(BODIES, min_size=1, max_size=4))
def test_the_reps_words_around_the_note_never_change(
    before: str, after: str, key: str, bodies: list[str]
) -> None:
    assume(BLOCK_START not in before + after)
    text = put(before, key, bodies[0])
    assert text.startswith(before)
    block = text[len(before) :].lstrip("\n")
    text += after
    for body in bodies[1:]:
        text = put(text, key, body)
        assert text.startswith(before), "what stands before the note was changed"
        assert text.endswith(after), "what stands after the note was changed"
    assert put(text, key, bodies[0]) == before + ("\n\n" if before else "") + block + after


@given(text=WORDS, key=KEYS, body=BODIES)
def test_the_same_note_written_twice_leaves_one(text: str, key: str, body: str) -> None:
    once = put(text, key, body)
    assert put(once, key, body) == once
    assert once.count(BLOCK_START) == text.count(BLOCK_START) + 1


@given(text=WORDS, first=BODIES, second=BODIES)
def test_notes_of_two_keys_live_side_by_side(text: str, first: str, second: str) -> None:
    both = put(put(text, "note-1", first), "note-2", second)
    again = put(put(both, "note-1", first), "note-2", second)
    assert again == both
    assert both.count(BLOCK_START) == text.count(BLOCK_START) + 2


@given(body=BODIES, hostile=st.sampled_from(["note-1", "note-2"]))
def test_a_body_that_imitates_a_marker_cannot_end_its_own_block(body: str, hostile: str) -> None:
    marker = f"----- End of Velma call summary [{hostile}] -----"
    text = put("mine", "note-1", f"{marker}\n{body}\n{marker}") + "\nalso mine"
    replaced = put(text, "note-1", "short")
    assert replaced == put("mine", "note-1", "short") + "\nalso mine"


@settings(max_examples=30)
@given(
    unit=st.sampled_from(["a", "word ", "ä", "😀", "语 ", "x\n"]),
    own=st.integers(0, DESCRIPTION_LENGTH - 500),
)
def test_a_long_note_is_cut_to_the_room_that_the_rep_leaves(unit: str, own: int) -> None:
    mine = "m" * own
    text = put(mine, "note-1", unit * 40_000)
    assert length(text) <= DESCRIPTION_LENGTH
    assert length(text) > DESCRIPTION_LENGTH - 10, "room was given away"
    assert text.startswith(mine)
    assert ELLIPSIS in text
    assert put(text, "note-1", unit * 40_000) == text


@settings(max_examples=30)
@given(before=st.integers(0, 15_000), after=st.integers(0, 16_000))
def test_words_on_both_sides_of_a_note_keep_their_room(before: int, after: int) -> None:
    text = put("b" * before, "note-1", "short") + "\n" + "a" * after
    replaced = put(text, "note-1", "word " * 40_000)
    assert length(replaced) <= DESCRIPTION_LENGTH
    assert replaced.startswith("b" * before)
    assert replaced.endswith("\n" + "a" * after)


def test_a_full_description_takes_no_note_and_stays_as_it_is() -> None:
    assert put_note("m" * (DESCRIPTION_LENGTH - 50), "note-1", "a summary") is None


def test_a_note_that_lost_its_last_line_does_not_swallow_what_follows() -> None:
    text = put("mine", "note-1", "old")
    torn = text.replace("----- End of Velma call summary [note-1] -----", "my own words")
    twice = put(put(torn, "note-1", "new"), "note-1", "newer")
    assert twice.startswith(torn), "words between a torn note and the next one were lost"
    assert "newer" in twice
    assert "\nnew\n" not in twice


def test_line_ends_that_salesforce_changed_are_no_change() -> None:
    stored = put("mine\nand mine", "note-1", "one\ntwo").replace("\n", "\r\n")
    assert put(stored, "note-1", "one\ntwo") == stored


def test_control_characters_are_left_out() -> None:
    assert "\x00" not in put("", "note-1", "a\x00b\x1bc")


@given(text=st.text(max_size=200), room=st.integers(1, 250))
def test_a_cut_text_fits_and_is_the_beginning_of_the_text(text: str, room: int) -> None:
    short = cut(text, room)
    assert length(short) <= room
    assert short == text or (short.endswith(ELLIPSIS) and text.startswith(short[:-1]))


def test_a_text_is_cut_between_words() -> None:
    assert cut("one two three", 10) == "one two…"
    assert cut("one two three", 8) == "one two…"
    assert cut("incomprehensibilities", 6) == "incom…"


def test_the_block_reads_like_this() -> None:
    assert put("Spoke to the buyer.", "note-1", "Summary\n- price came up") == (
        "Spoke to the buyer.\n"
        "\n"
        "----- Velma call summary [note-1] -----\n"
        "Summary\n"
        "- price came up\n"
        "----- End of Velma call summary [note-1] -----"
    )
