"""What each CRM shows after one run is what a person who listened to the recordings would say."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from velma_connectors.sandbox.samples import Team, expected, load_samples
from velma_connectors.sandbox.samples.call import Heard
from velma_sync.pipeline.receipts import Receipt

from .conftest import Room

TRUTH = expected()
SAMPLES = load_samples()


def in_time(team: Team) -> list[str]:
    """Calls whose recording does not come later."""
    return [key for key, call in team.calls.items() if call.script.crm.recording is not Heard.LATE]


CALLS = [("org", key) for key in in_time(SAMPLES.org)] + [("portal", key) for key in in_time(SAMPLES.portal)]
DEALS = [(crm, deal) for crm in ("org", "portal") for deal in TRUTH[crm]["last_call"]]

TEXTS = {
    "status": ("Velma_Status__c", "velma_status"),
    "next_step": ("Velma_Next_Step__c", "velma_next_step"),
    "raised_by": ("Velma_Raised_By__c", "velma_raised_by"),
}
NUMBERS = {
    "average": ("Velma_Avg_Sentiment__c", "velma_avg_sentiment"),
    "lowest": ("Velma_Min_Sentiment__c", "velma_min_sentiment"),
}
SELECTIONS = {
    "competitors": ("Velma_Competitors__c", "velma_competitors"),
    "coaching": ("Velma_Coaching_Flags__c", "velma_coaching_flags"),
    "objection_tags": ("Velma_Objection_Tags__c", "velma_objection_tags"),
}
SPIKE = ("Velma_Negative_Spike__c", "velma_negative_spike")


class Shown:
    """A record as one CRM holds it, asked by the pair of a field's names in both."""

    def __init__(self, crm: str, record: Mapping[str, object]) -> None:
        self._place = ("org", "portal").index(crm)
        self._record = record

    def text(self, names: tuple[str, str]) -> str | None:
        value = self._record.get(names[self._place])
        return None if value in (None, "") else str(value)

    def number(self, names: tuple[str, str]) -> float | None:
        text = self.text(names)
        return None if text is None else float(text)

    def selected(self, names: tuple[str, str]) -> set[str]:
        return set((self.text(names) or "").split(";")) - {""}


def shown(room: Room, crm: str, key: str) -> Shown:
    return Shown(crm, room.show(key) if crm == "org" else room.show_in_portal(key))


@pytest.mark.parametrize(("crm", "key"), CALLS)
def test_a_call_shows_what_was_planted_in_it(room: Room, receipt: Receipt, crm: str, key: str) -> None:
    truth, call = TRUTH["calls"][key], shown(room, crm, key)
    for name, names in TEXTS.items():
        if name in truth:
            assert call.text(names) == truth[name], f"{key}: {name}"
    for name, names in NUMBERS.items():
        if name in truth:
            # Two decimals are what the org's field keeps.
            assert call.number(names) == pytest.approx(truth[name], abs=0.0051), f"{key}: {name}"
    for name, names in SELECTIONS.items():
        if name in truth:
            assert call.selected(names) == set(truth[name]), f"{key}: {name}"
    for group, score in truth.get("sentiment", {}).items():
        names = (f"Velma_Sentiment_{group}__c", f"velma_sentiment_{group.lower()}")
        assert call.number(names) == pytest.approx(score), f"{key}: sentiment of {group}"
    spike = truth.get("negative_spike")
    assert (call.text(SPIKE) or "")[:5] == (spike["at"] if spike else ""), f"{key}: negative spike"


@pytest.mark.parametrize(("crm", "deal"), DEALS)
def test_a_deal_describes_its_last_analyzed_call(room: Room, receipt: Receipt, crm: str, deal: str) -> None:
    told = TRUTH[crm]
    truth = TRUTH["calls"][told["before_the_late_recording"]["last_call"].get(deal, told["last_call"][deal])]
    record = shown(room, crm, deal)
    assert (record.text(TEXTS["next_step"]) or "Unknown") == truth["next_step"]
    assert record.selected(SELECTIONS["competitors"]) == set(truth["competitors"])
    assert record.selected(SELECTIONS["coaching"]) == set(truth["coaching"])


PERSONAL = [key for key in in_time(SAMPLES.org) if "personal_data" in TRUTH["calls"][key]]


@pytest.mark.parametrize("key", PERSONAL)
def test_personal_data_is_masked_in_the_note(room: Room, receipt: Receipt, key: str) -> None:
    description = str(room.show(key)["Description"])
    assert "Velma call summary" in description, "the note is missing"
    for spoken in TRUTH["calls"][key]["personal_data"]:
        assert spoken not in description, f"'{spoken}' was written to the CRM"


def test_the_words_of_the_rep_stay_where_they_were(room: Room, receipt: Receipt) -> None:
    texts = {key: sample.script.crm.notes for key, sample in SAMPLES.calls.items() if sample.script.crm.notes}
    assert texts.keys() & SAMPLES.org.calls.keys(), "no call of the org holds words of a rep"
    assert texts.keys() & SAMPLES.portal.calls.keys(), "no call of the portal holds words of a rep"
    for key, words in texts.items():
        in_org = key in SAMPLES.org.calls
        kept = room.show(key)["Description"] if in_org else room.show_in_portal(key)["hs_call_body"]
        assert words.strip() in str(kept), f"{key}: the rep's words are gone"


NOTES = {
    "brindlemoor-1-first-call": "Tallyforge",
    "brindlemoor-2-offer": "temperature log",
    "tarnholt-1-inspections": "ticket system",
    "wexcombe-1-director": "list of rooms",
    "harborlight-2-in-both": "dashboards",
    "harborlight-3-in-both": "onboarding",
    "lunegarth-1-form": "kiln",
}
"""What the summary of each analyzed call of the portal speaks of, and no other."""


def notes_on(room: Room, object_name: str, record: str) -> list[str]:
    portal = room.sandbox.portal
    notes = portal.associated(object_name, record, "notes")
    return [str(portal.read("notes", note)["hs_note_body"]) for note in notes]


@pytest.mark.parametrize("key", NOTES)
def test_a_call_of_the_portal_has_one_note_on_all_it_is_about(room: Room, receipt: Receipt, key: str) -> None:
    portal, call = room.sandbox.portal, room.sandbox.portal_records[key]
    for object_name in ("contacts", "companies", "deals"):
        for record in portal.associated("calls", call, object_name):
            about = [body for body in notes_on(room, object_name, record) if NOTES[key] in body]
            assert len(about) == 1, f"{object_name} {record} should have one note of {key}"


def test_no_other_call_of_the_portal_has_a_note(room: Room, receipt: Receipt) -> None:
    assert len(room.sandbox.portal.rows("notes")) == len(NOTES)
