from __future__ import annotations

import pytest

from velma_sync.cli.reasons import in_words
from velma_sync.ledger import leases, payments
from velma_sync.ledger.states import UnitState
from velma_sync.pipeline import conclude, faults, late, outcomes, seen


@pytest.mark.parametrize(
    "code",
    [
        *(leases.TOO_MANY_ATTEMPTS, leases.UNKNOWN_BILLING, payments.SAME_AUDIO),
        *(conclude.RETRYING, conclude.STOPPED, faults.CODE, late.GONE),
        *(outcomes.NO_DEAL, outcomes.REJECTED, UnitState.RETRY, UnitState.UNKNOWN),
        *(seen.TOO_SHORT, seen.TOO_LONG, seen.FILTERED, seen.BEFORE_START),
        *("not_audio", "unsupported_audio", "audio_rejected", "audio_too_large", "no_recording"),
        *("bad_link", "host_not_allowed", "source_unavailable", "recording_unavailable"),
    ],
)
def test_every_code_that_a_call_may_carry_has_words(code: str) -> None:
    assert in_words(code).endswith(f" ({code})"), f"{code} is printed as it is"


def test_a_code_of_somebody_elses_connector_is_printed_as_it_is() -> None:
    assert in_words("consent_withdrawn") == "consent_withdrawn"
    assert in_words(None) == ""
