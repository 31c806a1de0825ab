"""A portal that is saved and served again is the same portal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from velma_connectors.sandbox.hubspot import HubSpotPortal, ValidationRule

from .conftest import TOKEN, Clock


def test_everything_but_usage_and_rates_outlives_a_restart(
    portal: HubSpotPortal, clock: Clock, call: str, deal: str, tmp_path: Path
) -> None:
    portal.switches.index_lag_seconds = 3
    portal.switches.conditional_required = {"deals": {"dealstage": {"closedwon": ["amount"]}}}
    portal.add_token(TOKEN, ["oauth"])
    portal.add_owner("ines@ledgerline.example", "Ines", "Calder")
    portal.add_pipeline("Renewals", {"Talks": False, "Signed": "won"})
    key = {"name": "velma_note_key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    portal.add_property("notes", key)
    portal.add_rule("deals", "amount", ValidationRule("MAX_NUMBER", ("9",)))
    portal.add_label("calls", "deals", "Closing")
    portal.associate("calls", call, "deals", deal, at=clock.advance(minutes=1))
    portal.host_recording(call, "https://media.example/1.mp3", media_type="text/plain")
    note = portal.insert("notes", {"velma_note_key": "k1"})
    portal.merge("deals", deal, portal.insert("deals", {}))
    portal.archive("calls", portal.insert("calls", {}))
    path = tmp_path / "portal.json"
    portal.save(path)

    again = HubSpotPortal.load(path, clock=clock)
    for name in ("calls", "notes", "deals", "contacts", "companies"):
        assert again.records.all(name) == portal.records.all(name)
        assert again.properties.schemas[name] == portal.properties.schemas[name]
        assert again.insert(name, {}) == portal.insert(name, {}), "ids go on where they were"
    assert (again.id, again.name, again.tokens, again.owners, again.rules, again.recordings) == (
        portal.id,
        portal.name,
        portal.tokens,
        portal.owners,
        portal.rules,
        portal.recordings,
    )
    assert asdict(again.switches) == asdict(portal.switches)
    assert again.pipelines.all == portal.pipelines.all
    assert again.records.merged == portal.records.merged
    assert list(again.links.table.all()) == list(portal.links.table.all())
    assert again.links.types.between("calls", "deals") == portal.links.types.between("calls", "deals")
    holder = again.records.holder("notes", "velma_note_key", "k1")
    assert holder is not None
    assert holder.id == note, "unique values are remembered"
    assert again.add_pipeline("New", {"A": False}) == portal.add_pipeline("New", {"A": False})
    assert [each.name for each in tmp_path.iterdir()] == ["portal.json"]


@pytest.mark.parametrize("text", ['{"format": 0}', "[]", "nonsense", ""])
def test_a_file_that_is_no_saved_portal_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "portal.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="no saved portal"):
        HubSpotPortal.load(path)


def test_a_loaded_portal_obeys_its_switches(portal: HubSpotPortal, clock: Clock, tmp_path: Path) -> None:
    portal.save(tmp_path / "portal.json")
    again = HubSpotPortal.load(tmp_path / "portal.json", clock=clock)
    again.switches.daily_limit = 7
    assert again.allowance.daily_headers(again.now)["X-HubSpot-RateLimit-Daily"] == "7"
