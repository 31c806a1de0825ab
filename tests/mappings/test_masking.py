"""Personal data is masked, more rather than less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_mappings.masking import masker, strip_tags


def masked(text: str, *others: str, **more: list[str]) -> str:
    return masker([text, *others], **more)(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi <pii:firstname>Robert</pii:firstname>.", "Hi [FIRSTNAME]."),
        ("Hi <PII:FirstName>Robert</PII:FirstName>.", "Hi [FIRSTNAME]."),
        ("Take <phi>aspirin</phi> now", "Take [PHI] now"),
        ("<pii>x</pii>", "[PII]"),
        ("<pii:first-name>Al</pii:first-name>", "[FIRST_NAME]"),
        ("<pii:>Al</pii:>", "[PII]"),
        ("<pii:name></pii:name> called", "[NAME] called"),
        ("I am <pii:name>Robert Kane and I pay. Really.", "I am [NAME]. Really."),
        ("I am <pii:name>Robert Kane", "I am [NAME]"),
        ("I am Robert</pii:name>, hello", "I am [NAME], hello"),
        ("</pii:name>, hello", "[NAME], hello"),
        ("<pii:name>Al and <pii:name>Bo</pii:name> met", "[NAME][NAME] met"),
        ("<pii:name><pii:firstname>Al</pii:firstname> Bo</pii:name> met", "[NAME][FIRSTNAME] [NAME] met"),
        ("torn <pii:firstna", "torn"),
        ("torn </pii", "torn"),
        ("1 < 2 and <b>bold</b>", "1 < 2 and <b>bold</b>"),
        ("no tags", "no tags"),
        ("", ""),
    ],
)
def test_tags_become_categories(text: str, expected: str) -> None:
    assert masked(text).rstrip() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Robert called. ROBERT! Robert's", "[NAME] called. [NAME]! [NAME]'s"),
        ("Roberta and robert", "Roberta and robert"),
        ("Kane came", "[NAME] came"),
        ("Order 48213 or 482130", "Order [ORDER] or 482130"),
        ("the 100 of us, PIN 4821", "the 100 of us, PIN [PIN]"),
        ("Al is here", "Al is here"),
        ("Street 12 and Streets", "Street 12 and Streets"),
        ("12 Elm Street is mine", "[ADDRESS] is mine"),
        ("Mo came with Mo", "Mo came with Mo"),
        ("kim and Kim and KIM", "[USER] and [USER] and [USER]"),
    ],
)
def test_other_mentions_of_a_tagged_value_are_masked_as_whole_words(text: str, expected: str) -> None:
    tagged = (
        "<pii:name>Robert Kane</pii:name> <pii:order>48213</pii:order>"
        " <pii:n>100</pii:n> <pii:pin>4821</pii:pin>"
        " <pii:name>Al</pii:name> <pii:address>12 Elm  Street</pii:address>"
        " <pii:name>Mo</pii:name> <pii:user>kim</pii:user>"
    )
    assert masked(text, tagged) == expected


def test_only_what_lies_within_a_whole_tag_is_masked_elsewhere() -> None:
    torn = "I am <pii:name>Robert Kane said yes. <pii:name>Bo"
    assert masked("Robert said yes and Bo", torn) == "Robert said yes and Bo"
    assert masked(torn) == "I am [NAME][NAME]"


def test_a_name_that_is_also_a_word_stays_a_word_in_lower_case() -> None:
    assert masked("Will will call", "<pii:firstname>Will</pii:firstname>") == "[FIRSTNAME] will call"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail a.b+c@example.co.uk now", "mail [EMAIL] now"),
        ("mail dana at brightwater dot com now", "mail [EMAIL] now"),
        ("mail dana at mail dot bright-water dot org", "mail [EMAIL]"),
        ("card 4111 1111 1111 1111.", "card [CARD]."),
        ("card 5500 0055 5555 5559 or 3782 822463 10005", "card [CARD] or [CARD]"),
        ("card 4111-1111-1111-1112", "card [NUMBER]"),
        ("call +49 123 456 789 012 3", "call [PHONE]"),
        ("call +49 123 456 789 012 34", "call [NUMBER]"),
        ("SSN 078-05-1120", "SSN [SSN]"),
        ("SSN 078 05 1120", "SSN [SSN]"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [IBAN]."),
        ("IBAN GB29NWBK60161331926819", "IBAN [IBAN]"),
        ("call +1 (555) 010-4477 today", "call [PHONE] today"),
        ("call 555.010.4477", "call [PHONE]"),
        ("account 123456789012345678901", "account [NUMBER]"),
        ("it is four one one, one", "it is [NUMBER]"),
        ("code double zero seven five nine", "code [NUMBER]"),
        ("one two three, go", "one two three, go"),
        ("someone fours nine to five", "someone fours nine to five"),
        ("on 2026-06-11 at two", "on 2026-06-11 at two"),
        ("on 11.06.2026 and 6-11-2026", "on 11.06.2026 and 6-11-2026"),
        ("in 2025 - 2026", "in 2025 - 2026"),
        ("costs $1200000 or €1 200 000", "costs $1200000 or €1 200 000"),
        ("about 110,000 a year, 16 to 20 weeks", "about 110,000 a year, 16 to 20 weeks"),
        ("we meet at two", "we meet at two"),
    ],
)
def test_numbers_and_addresses_are_masked_without_tags(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_names_on_the_record_are_masked_or_kept_as_asked() -> None:
    texts = ["<pii:firstname>Dana</pii:firstname> and Dana Whitcombe met <pii:name>Bo Whitcombe</pii:name>."]
    assert masker(texts, mask_names=["Dana Whitcombe"])(texts[0]) == "[FIRSTNAME] and [NAME] met [NAME]."
    kept = masker(texts, keep_names=["Dana Whitcombe"])
    assert kept(texts[0]) == "Dana and Dana Whitcombe met [NAME]."
    assert kept("Dana's plan with Bo") == "Dana's plan with Bo"
    assert (
        masker(["<pii:name>Dana's</pii:name>"], keep_names=["Dana"])("<pii:name>Dana's</pii:name>")
        == "Dana's"
    )


def test_a_listed_company_stays_readable_although_it_is_tagged() -> None:
    text = "We left <pii:company>Acme  Platform</pii:company> and <pii:company>Zed</pii:company>."
    assert masked(text, keep_terms=["acme platform"]) == "We left Acme  Platform and [COMPANY]."


def test_a_tagged_word_never_damages_what_is_masked_already() -> None:
    assert masked("<pii:name>Name</pii:name> NAME [NAME]") == "[NAME] [NAME] [NAME]"


def test_nothing_personal_shows_in_a_repr() -> None:
    assert "Robert" not in repr(masker(["<pii:name>Robert</pii:name>"], keep_names=["Robert"]))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hi <pii:x>Al</pii:x>!", "Hi Al!"),
        ("torn </pii:fir", "torn "),
        ("<phi>Al", "Al"),
        ("a < b", "a < b"),
    ],
)
def test_tags_are_taken_off_for_matching(text: str, spoken: str) -> None:
    assert strip_tags(text) == spoken


NAMES = st.sampled_from(["Robert", "Zoë Kant", "Priya", "José María", "Li Wei", "O'Hara", "Ольга"])
TAG = st.sampled_from(["<pii:name>{}</pii:name>", "<pii:firstname>{}</pii:firstname>", "<phi>{}</phi>"])
FILLER = st.text(st.characters(exclude_characters="<>", codec="utf-8"), max_size=20)


@given(NAMES, TAG, FILLER, FILLER)
def test_a_tagged_name_never_survives_anywhere(name: str, tag: str, before: str, after: str) -> None:
    tagged = f"{before} {tag.format(name)} {after}"
    plain = f"{before} | {name} | {name.upper()} | {after}"
    mask = masker([tagged, plain])
    for text in (tagged, plain):
        assert f" {name} " not in mask(text)
        assert f" {name.upper()} " not in mask(text)


PIECES = st.sampled_from(
    [
        "<pii:name>",
        "</pii:name>",
        "<phi>",
        "</phi>",
        "<pii",
        "Robert",
        " ",
        ".",
        "4111111111111111",
        "[NAME]",
        "NAME",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_masking_again_changes_nothing_and_leaves_no_tag(text: str) -> None:
    mask = masker([text])
    once = mask(text)
    assert "pii:name" not in once
    assert "<phi>" not in once
    assert mask(once) == once


@given(st.text(max_size=60))
def test_any_text_can_be_masked(text: str) -> None:
    mask = masker([text])
    assert mask(mask(text)) == mask(text)
