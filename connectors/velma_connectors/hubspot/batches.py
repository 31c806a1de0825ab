"""Batches of at most 100 inputs, and the answers HubSpot gives about them.

Every input carries a trace id. HubSpot then takes the good inputs and names the bad ones (207); where it
does not, and refuses the whole request, the batch is halved until the bad ones are found.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from velma_connectors.errors import OutcomeUnknown
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.faults import Fault, faults_in
from velma_connectors.hubspot.records import MAX_INPUTS
from velma_connectors.hubspot.verdicts import RequestRefused
from velma_connectors.model import WriteResult, WriteStatus

MAX_SPLITS = 150
"""Halvings of all batches together. Nothing that is refused for good needs more than a few."""
LATER_SECONDS = 60.0


class Item(Protocol):
    """One input of a batch. `outcome` stays None while the item must be sent again."""

    outcome: WriteResult | None

    @property
    def trace(self) -> str: ...

    def settle(self, status: WriteStatus, reason: str = "", after: float = 0.0) -> None: ...


AnItem = TypeVar("AnItem", bound=Item)


class Batches(ABC, Generic[AnItem]):
    """Sends items to one path. What an answer means for an item is the subclass's to say."""

    def __init__(self, client: HubSpotClient, path: str) -> None:
        self._client = client
        self._path = path
        self._splits = 0

    @abstractmethod
    def input_of(self, item: AnItem) -> dict[str, Any]:
        """The item as HubSpot takes it, without its trace id."""

    @abstractmethod
    def trace_of(self, result: Mapping[str, Any]) -> str | None:
        """Which item a result is about."""

    @abstractmethod
    def written(self, item: AnItem, result: Mapping[str, Any]) -> None:
        """HubSpot took the item: settle it."""

    @abstractmethod
    def refused(self, item: AnItem, faults: Sequence[Fault]) -> None:
        """HubSpot refused the item: settle it, or mend it so that it can be sent again."""

    def unmentioned(self, items: Sequence[AnItem]) -> None:
        """The answer says nothing of these items."""
        for item in items:
            item.settle(WriteStatus.UNKNOWN, "HubSpot answered without a result for the record")

    def forbidden(self, items: Sequence[AnItem], refusal: RequestRefused) -> None:
        """The key may not send these items at all."""
        for item in items:
            item.settle(WriteStatus.REJECTED, str(refusal))

    def mended_together(self, _items: Sequence[AnItem], _faults: Sequence[Fault]) -> bool:
        """Whether a fault of a whole request could be mended in the items it is about."""
        return False

    def ready(self, items: Sequence[AnItem]) -> Sequence[AnItem]:
        """Those of the next batch that are still to be sent, now that earlier answers are known."""
        return items

    def send(self, items: Sequence[AnItem]) -> None:
        """Send each item once. Raises RetryLater and StopConnection; what was settled before, stays."""
        for start in range(0, len(items), MAX_INPUTS):
            self._send(items[start : start + MAX_INPUTS])

    def _send(self, some: Sequence[AnItem]) -> None:
        batch = self.ready(some)
        if not batch:
            return
        inputs = [{**self.input_of(item), "objectWriteTraceId": item.trace} for item in batch]
        try:
            answer = self._client.send("POST", self._path, {"inputs": inputs})
        except RequestRefused as refusal:
            self._refused(batch, refusal)
        except OutcomeUnknown as lost:
            for item in batch:
                item.settle(WriteStatus.UNKNOWN, str(lost))
        else:
            self._answered(batch, answer if isinstance(answer, dict) else {})

    def _answered(self, batch: Sequence[AnItem], answer: Mapping[str, Any]) -> None:
        unsettled = {item.trace: item for item in batch}
        for result in answer.get("results") or ():
            item = unsettled.pop(self.trace_of(result) or "", None)
            if item is not None:
                self.written(item, result)
        # Mending may ask HubSpot and fail; what was written is settled by then.
        faults = faults_in(answer.get("errors") or ())
        for item in self._blamed(list(unsettled.values()), faults):
            del unsettled[item.trace]
        if unsettled:
            self.unmentioned(list(unsettled.values()))

    def _blamed(self, batch: Sequence[AnItem], faults: Sequence[Fault]) -> list[AnItem]:
        """The items that faults name, taken in."""
        blamed = []
        for item in batch:
            own = [fault for fault in faults if fault.trace == item.trace]
            if own:
                self.refused(item, own)
                blamed.append(item)
        return blamed

    def _refused(self, batch: Sequence[AnItem], refusal: RequestRefused) -> None:
        """A whole request was refused: find whom or what to blame, and spare the others."""
        faults = refusal.faults
        if refusal.status == 403:
            self.forbidden(batch, refusal)
        elif len(batch) == 1:
            self.refused(batch[0], faults)
        elif self._blamed(batch, faults) or self.mended_together(batch, faults):
            return
        elif self._splits < MAX_SPLITS:
            self._splits += 1
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
        else:
            for item in batch:
                reason = "too many records were refused at once; the others wait for a smaller request"
                item.settle(WriteStatus.RETRY, reason, LATER_SECONDS)
