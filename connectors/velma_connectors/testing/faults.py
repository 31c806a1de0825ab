"""Faults that a far side can be told to show, one after another."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from velma_connectors.model import RecordRef, WriteResult


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` uses of a method.

    `error` is raised: before the far side has acted, or after it when `acts` is set (a lost answer).
    """

    method: str
    error: BaseException
    acts: bool = False
    times: int = 1


@dataclass(slots=True)
class WriteFault:
    """The result that the next `times` writes to a record get; `record` None takes any record.

    With `acts` the write is carried out all the same: a lost answer.
    """

    result: WriteResult
    record: RecordRef | None = None
    acts: bool = False
    times: int = 1


class FaultPlan:
    """The faults still to be shown, first match first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._writes: list[WriteFault] = []

    def add(self, fault: Fault | WriteFault) -> None:
        with self._lock:
            if isinstance(fault, Fault):
                self._faults.append(fault)
            else:
                self._writes.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._writes.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that this use of the method meets."""
        with self._lock:
            for fault in self._faults:
                if fault.method == method and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def take_write(self, record: RecordRef) -> WriteFault | None:
        """The fault that this write to the record meets."""
        with self._lock:
            for fault in self._writes:
                if fault.record in (None, record) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None
