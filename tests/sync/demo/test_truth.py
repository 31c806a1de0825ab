"""What the org shows after one run is what a person who listened to the recordings would say."""

from __future__ import annotations

from typing import Any

import pytest

from velma_connectors.sandbox.samples import expected, load_samples
from velma_sync.pipeline.receipts import Receipt

from .conftest import Room

TRUTH = expected()
LATE = "osprey-4-follow-up"
CALLS = [key for key in load_samples().org.calls if key != LATE]

FIELDS = {
    "status": "Velma_Status__c",
    "next_step": "Velma_Next_Step__c",
    "raised_by": "Velma_Raised_By__c",
    "average": "Velma_Avg_Sentiment__c",
    "lowest": "Velma_Min_Sentiment__c",
}
SELECTIONS = {
    "competitors": "Velma_Competitors__c",
    "coaching": "Velma_Coaching_Flags__c",
    "objection_tags": "Velma_Objection_Tags__c",
}


def at_two_decimals(value: Any) -> Any:
    """Numbers as the fields keep them; anything else as it is."""
    return pytest.approx(value, abs=0.0051) if isinstance(value, float) else value


def selected(value: Any) -> set[str]:
    return set(value.split(";")) if value else set()


@pytest.mark.parametrize("key", CALLS)
def test_a_call_shows_what_was_planted_in_it(room: Room, receipt: Receipt, key: str) -> None:
    truth, task = TRUTH["calls"][key], room.show(key)
    for name, field in FIELDS.items():
        if name in truth:
            wanted = truth[name]
            # Two decimals are what the field keeps.
            told = (
                task.get(field)
                if not isinstance(wanted, float)
                else pytest.approx(task.get(field), abs=0.0051)
            )
            assert wanted == told, f"{key}: {field}"
    for name, field in SELECTIONS.items():
        if name in truth:
            assert selected(task.get(field)) == set(truth[name]), f"{key}: {field}"
    for group, score in truth.get("sentiment", {}).items():
        assert task.get(f"Velma_Sentiment_{group}__c") == pytest.approx(score), f"{key}: sentiment of {group}"
    spike = truth.get("negative_spike")
    assert bool(task.get("Velma_Negative_Spike__c")) == bool(spike), f"{key}: negative spike"
    if spike:
        assert str(task["Velma_Negative_Spike__c"]).startswith(spike["at"])


@pytest.mark.parametrize("key", [key for key in CALLS if "personal_data" in TRUTH["calls"][key]])
def test_personal_data_is_masked_in_the_note(room: Room, receipt: Receipt, key: str) -> None:
    description = str(room.show(key)["Description"])
    assert "Velma call summary" in description, "the note is missing"
    for spoken in TRUTH["calls"][key]["personal_data"]:
        assert spoken not in description, f"'{spoken}' was written to the CRM"


@pytest.mark.parametrize("deal", TRUTH["org"]["last_call"])
def test_a_deal_describes_its_last_analysed_call(room: Room, receipt: Receipt, deal: str) -> None:
    key = TRUTH["org"]["before_the_late_recording"]["last_call"].get(deal, TRUTH["org"]["last_call"][deal])
    truth, opportunity = TRUTH["calls"][key], room.show(deal)
    assert (opportunity.get("Velma_Next_Step__c") or "Unknown") == truth["next_step"]
    assert selected(opportunity.get("Velma_Competitors__c")) == set(truth["competitors"])
    assert selected(opportunity.get("Velma_Coaching_Flags__c")) == set(truth["coaching"])


def test_the_words_of_the_rep_stay_where_they_were(room: Room, receipt: Receipt) -> None:
    texts = {
        key: sample.script.crm.notes
        for key, sample in load_samples().org.calls.items()
        if key in CALLS and sample.script.crm.notes
    }
    assert texts, "no sample call holds words of a rep: the test would say nothing"
    for key, words in texts.items():
        assert str(words).strip() in str(room.show(key)["Description"]), f"{key}: the rep's words are gone"
