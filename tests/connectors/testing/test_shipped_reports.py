"""The reports that connectors ship are of the contract as it is now."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from velma_connectors.grades import Grade, proof_of
from velma_connectors.registry import kind_names, load_kind
from velma_connectors.testing.plugin import all_sentences

OURS = ("hubspot", "salesforce")


@pytest.mark.parametrize("name", kind_names())
def test_a_shipped_report_accounts_for_every_sentence_of_the_contract(name: str) -> None:
    for report in proof_of(load_kind(name)).reports:
        told = {each.partition(" [")[0] for each in (*report.passed, *report.skipped)}
        assert told == all_sentences(), "run the contract again with --contract-report"


@pytest.mark.parametrize("name", OURS)
def test_our_own_connectors_skip_only_what_their_crm_cannot_show(
    name: str, skipped_sentences: Mapping[str, set[str]]
) -> None:
    for report in proof_of(load_kind(name)).reports:
        assert set(report.skipped) == skipped_sentences[f"{name}/test_contract.py"]


@pytest.mark.parametrize("name", OURS)
def test_our_own_connectors_are_proven_on_their_emulators(name: str) -> None:
    proof = proof_of(load_kind(name))
    assert proof.grade in (Grade.BRONZE, Grade.SILVER, Grade.GOLD), proof.reason
