"""Finding rivals by name in what was said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from velma_mappings.competitors import aliases, mentioned
from velma_mappings.model import State
from velma_mappings.report import distil

RIVALS = [
    {"name": "Acme Platform", "aliases": ["Acme"], "ignore": ["acme street"]},
    {"name": "HubWire"},
    {"name": "Gong"},
    {"name": "Straße"},
    {"name": "Quorvane"},
    {"name": "Tallyforge"},
    {"name": "Zobel"},
    {"name": "Zobela"},
]


def names(make: Any, text: str, **more: Any) -> set[str]:
    return mentioned(text, aliases(make.mapping(competitors=RIVALS, **more)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We use Acme Platform.", {"Acme Platform"}),
        ("we use ACME", {"Acme Platform"}),
        ("Acme's reports, and Acme’s prices", {"Acme Platform"}),
        ("AcmePlatform or acme-platform", {"Acme Platform"}),
        ("our hub wire, your HUBWIRE", {"HubWire"}),
        ("STRASSE", {"Straße"}),
        ("ＧＯＮＧ", {"Gong"}),
        ("Gong and Quorvane", {"Gong", "Quorvane"}),
        ("<pii:organization>Acme</pii:organization>", {"Acme Platform"}),
        ("Ac<pii:x>me</pii:x>", {"Acme Platform"}),
        ("Quorvain", set()),
        ("Quorvanne is what we have", {"Quorvane"}),
        ("we have Quorvanne", {"Quorvane"}),
        ("Tallyfarge", {"Tallyforge"}),
        ("Zobell", set()),
        ("Zobelaa", {"Zobela"}),
        ("we have an old Acme Platfrom", {"Acme Platform"}),
        ("the Acme Platfrom is old", {"Acme Platform"}),
        ("going, gone, gongs", set()),
        ("I live in Acme Street", set()),
        ("I left Acme Street for Acme", {"Acme Platform"}),
        ("the acmeology of it", set()),
        ("nothing", set()),
        ("", set()),
    ],
)
def test_a_rival_is_named_by_whole_words_in_any_spelling(make: Any, text: str, found: set[str]) -> None:
    assert names(make, text) == found


def test_a_longer_name_hides_the_shorter_one_within_it(make: Any) -> None:
    rivals = [{"name": "Acme"}, {"name": "Acme Cloud Suite"}]
    spellings = aliases(make.mapping(competitors=rivals))
    assert mentioned("the Acme Cloud Suite", spellings) == {"Acme Cloud Suite"}
    assert mentioned("the Acme Cloud Suite of Acme", spellings) == {"Acme", "Acme Cloud Suite"}


def test_an_own_product_is_never_a_rival(make: Any) -> None:
    assert names(make, "our Gong Reader is new", own_names=["Gong Reader"]) == set()
    assert names(make, "our Gong Reader beats Gong", own_names=["Gong Reader"]) == {"Gong"}


def test_a_name_that_was_found_is_not_read_again_as_part_of_another(make: Any) -> None:
    spellings = aliases(make.mapping(competitors=[{"name": "Old Acme Systems"}, {"name": "Acme"}]))
    assert mentioned("old Acme systems", spellings) == {"Old Acme Systems"}
    assert mentioned("old | Acme", spellings) == {"Acme"}


@given(st.text(), st.text())
def test_text_around_a_name_never_hides_it(make: Any, before: str, after: str) -> None:
    clean = str.maketrans("", "", "<>'’")
    text = f"{before.translate(clean)} | Quorvane | {after.translate(clean)}"
    assert "Quorvane" in names(make, text)


NOTICED = {"evidence": ("c1",), "definitive": "c1"}


def told(make: Any, texts: dict[str, str], *rows: Any, asked: bool = True, **more: Any) -> Any:
    clips = tuple(
        make.clip(clip.id, clip.speaker, texts.get(clip.id, "Yes."), at=clip.start_ms / 1000, seconds=15)
        for clip in make.conversation()
    )
    config = make.config(*(["rival"] if asked else []))
    return distil(
        make.call(), make.analysis(clips=clips, detections=rows, **more), config, make.mapping()
    ).values


INTEL = ("Competitor Mention",)
PATHS = ("competitors", "competitor_status", "raised_by", "competitor_first_mention", "deal_intel")


@pytest.mark.parametrize(
    ("texts", "by", "expected"),
    [
        (
            {"c1": "Acme"},
            "p",
            (("Acme Platform",), "Confirmed", "Prospect", "00:00", INTEL),
        ),
        (
            {"c1": "Acme", "c2": "Acme"},
            "p",
            (("Acme Platform",), "Confirmed", "Both", "00:00", INTEL),
        ),
        (
            {"c3": "Acme and Quorvane"},
            "p",
            (("Acme Platform", "Quorvane"), "Mention only", "Prospect", "00:40", INTEL),
        ),
        ({"c2": "Acme"}, "r", (("Acme Platform",), "Mention only", "Rep", "00:20", ())),
        ({}, "p", ((), "Unnamed", "Prospect", "00:00", INTEL)),
    ],
)
def test_a_noticed_competitor_is_told_with_name_side_and_place(
    make: Any, texts: dict[str, str], by: str, expected: tuple[Any, ...]
) -> None:
    values = told(make, texts, make.row("rival", by, **NOTICED))
    assert tuple(values[path].value for path in PATHS) == expected
    assert {values[path].state for path in PATHS} == {State.KNOWN}


def test_a_name_is_told_even_if_the_behavior_was_not_asked_for(make: Any) -> None:
    values = told(make, {"c3": "Acme"}, asked=False)
    assert [values[path].value for path in PATHS[:4]] == [
        ("Acme Platform",),
        "Mention only",
        "Prospect",
        "00:40",
    ]
    assert values["deal_intel"].state is State.NOT_EVALUATED


def test_a_name_without_a_detection_is_no_deal_intelligence(make: Any) -> None:
    values = told(make, {"c3": "Acme"})
    assert values["competitors"].value == ("Acme Platform",)
    assert (values["deal_intel"].state, values["deal_intel"].value) == (State.KNOWN, ())


def test_no_competitor_is_only_claimed_when_it_was_looked_for(make: Any) -> None:
    looked = told(make, {})
    assert [looked[path].value for path in PATHS] == [(), None, None, None, ()]
    assert {looked[path].state for path in PATHS} == {State.KNOWN}
    assert {told(make, {}, asked=False)[path].state for path in PATHS} == {State.NOT_EVALUATED}
    unsure = told(make, {}, make.row("rival", "p", 0.4, **NOTICED))
    assert {unsure[path].state for path in PATHS} == {State.BELOW_THRESHOLD}


def test_who_raised_it_is_unknown_when_roles_are(make: Any) -> None:
    values = told(make, {"c1": "Acme"}, make.row("rival", "p", **NOTICED), roles=())
    assert values["competitors"].value == ("Acme Platform",)
    assert values["raised_by"].state is State.UNAVAILABLE
    assert "no speaker could be given a role" in values["raised_by"].reason


def test_a_detection_without_any_place_is_unnamed_and_told_by_its_speaker(make: Any) -> None:
    values = told(make, {}, make.row("rival", "r"))
    assert values["competitor_status"].value == "Unnamed"
    assert values["competitor_first_mention"].value is None
    assert values["raised_by"].value == "Rep"
    assert values["deal_intel"].value == ()
