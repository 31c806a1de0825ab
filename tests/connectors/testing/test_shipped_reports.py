"""The reports that connectors ship are of the contract as it is now."""

from __future__ import annotations

import pytest

from velma_connectors.grades import Grade, proof_of
from velma_connectors.registry import kind_names, load_kind
from velma_connectors.testing.plugin import all_sentences


@pytest.mark.parametrize("name", kind_names())
def test_a_shipped_report_accounts_for_every_sentence_of_the_contract(name: str) -> None:
    for report in proof_of(load_kind(name)).reports:
        told = {each.partition(" [")[0] for each in (*report.passed, *report.skipped)}
        assert told == all_sentences(), "run the contract again with --contract-report"


def test_salesforce_is_proven_on_its_emulator() -> None:
    proof = proof_of(load_kind("salesforce"))
    assert (proof.grade, len(proof.reports)) == (Grade.BRONZE, 1)
