"""The same recording under another signature is the same recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_connectors.recordings.links import lasting_part

PLAIN = "https://media.example.com/calls/17?format=mp3"


@pytest.mark.parametrize(
    "signed",
    [
        "https://MEDIA.example.com/calls/17?format=mp3",
        "http://rep:secret@media.example.com/calls/17?format=mp3",
        f"{PLAIN}&token=1",
        f"{PLAIN}&X-Amz-Signature=ab&X-Amz-Expires=60",
        f"{PLAIN}&sv=2024&se=2026&sr=b&sp=r&sig=x",
        "https://media.example.com/calls/17?expires=9&format=mp3",
        " https://media.example.com/calls/17?signature=zz&format=mp3 ",
    ],
)
def test_a_new_signature_is_no_new_recording(signed: str) -> None:
    assert lasting_part(signed) == lasting_part(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        "https://media.example.com/calls/18?format=mp3",
        "https://media.example.com/calls/17?format=wav",
        "https://media.example.com/calls/17",
        "https://media.example.com/calls/17?format=mp3&part=2",
        "https://other.example.com/calls/17?format=mp3",
        "https://media.example.com:8443/calls/17?format=mp3",
    ],
)
def test_another_place_is_another_recording(other: str) -> None:
    assert lasting_part(other) != lasting_part(PLAIN)


@pytest.mark.parametrize("broken", ["https://[broken/1", "https://[::1/x", "", "not a link"])
def test_what_cannot_be_read_is_told_apart_all_the_same(broken: str) -> None:
    assert lasting_part(broken) == lasting_part(broken)
    assert lasting_part(broken) != lasting_part(PLAIN)


@given(st.text())
def test_no_text_breaks_the_reading_of_a_page_of_calls(text: str) -> None:
    assert isinstance(lasting_part(text), str)
