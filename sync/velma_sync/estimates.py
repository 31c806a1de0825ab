"""What one call would cost, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from velma_connectors.model import Call, CallRef
from velma_sync.ledger import calls
from velma_sync.pipeline.seen import NotInCrm

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of analyzing one call. `seconds` is None when the CRM does not say how long it is.

    `cost` is None without a length or a configured price.
    """

    call: CallRef
    seconds: int | None
    cost: float | None


def estimate(workspace: Workspace, ref: CallRef) -> Estimate:
    """Look the call up, in the ledger or else in the CRM; pays nothing.

    Raises NotInCrm, RetryLater, StopConnection, and ConfigError for a connection that is not configured.
    """
    connector = workspace.connector(ref.connection)
    with workspace.ledger.read() as tx:
        stored = calls.get(tx, ref)
    found = [stored.call] if stored is not None else connector.refresh([ref])
    if not found:
        raise NotInCrm(ref)
    return _of(found[0], workspace.configuration.velma.price_per_audio_hour)


def _of(call: Call, price_per_hour: float | None) -> Estimate:
    if call.seconds is None or price_per_hour is None:
        return Estimate(call.ref, call.seconds, None)
    return Estimate(call.ref, call.seconds, call.seconds / SECONDS_PER_HOUR * price_per_hour)
