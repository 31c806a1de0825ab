"""The walk of a call when nothing goes wrong."""

from __future__ import annotations

from velma_connectors.testing.far_side import CALL, DEAL

from .rig import Rig, answer, sha


def test_a_call_is_found_analysed_once_and_written_to_its_call_and_deal(rig: Rig) -> None:
    deal = rig.crm.add_deal("d1")
    call = rig.crm.add_call("c1", audio=b"one", deals=["d1"])
    rig.analyzer.answers[sha(b"one")] = answer("They agreed on a pilot.")
    rig.run()
    assert rig.states() == {"c1": "done"}
    assert rig.read(CALL, "c1")["summary"] == "They agreed on a pilot."
    assert rig.read(DEAL, "d1")["last_summary"] == "They agreed on a pilot."
    assert len(rig.crm.notes_on(call)) == len(rig.crm.notes_on(deal)) == 1
    assert rig.analyzer.bills.total() == 1
    assert (rig.billing().answered, rig.billing().answered_seconds) == (1, 300.0)
