"""One connection, many threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from velma_connectors.model import CallRef, FieldUpdate, RecordRef, WriteStatus
from velma_connectors.testing.contract.driving import text_place, text_record
from velma_connectors.testing.rig import Rig

THREADS = 8
ROUNDS = 3
WAIT_SECONDS = 60


class ThreadContract:
    """Safety for threads."""

    def test_eight_threads_read_and_write_at_once_without_mixing_answers(self, rig: Rig) -> None:
        name = text_place(rig).name
        pairs = [(text_record(rig), rig.add_call(title=f"Call {number}")) for number in range(THREADS)]
        started = threading.Barrier(THREADS)

        def work(pair: tuple[RecordRef, RecordRef]) -> list[str]:
            record, call = pair
            started.wait(WAIT_SECONDS)
            return [fault for turn in range(ROUNDS) if (fault := one_turn(rig, name, record, call, turn))]

        with ThreadPoolExecutor(THREADS) as pool:
            found = [fault for faults in pool.map(work, pairs) for fault in faults]
        assert found == []


def one_turn(rig: Rig, name: str, record: RecordRef, call: RecordRef, turn: int) -> str:
    """Write to one record, read it and a call of one's own; what was not one's own, else empty."""
    value = f"{record.id} in turn {turn}"
    connector = rig.connector
    (result,) = connector.write([FieldUpdate(record, {name: value}, ())])
    if result.status is not WriteStatus.OK:
        return f"a write of one thread gave {result.status}"
    if connector.current([record], [name]) != {record: {name: value}}:
        return "a thread read a value that it had not written"
    seen = connector.refresh([CallRef(rig.connection, call.object, call.id)])
    return "" if [each.ref.record for each in seen] == [call] else "a thread was given another call"
