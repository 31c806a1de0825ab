"""An emulator of Velma-2's batch endpoint and its preset catalogue, over real sockets.

    emulator = VelmaEmulator(load_samples().by_sha256(), (Account("sandbox-key", concurrency=2),))
    with RunningServer(FaultInjector(emulator)) as server:
        ...  # POST {server.url}/api/velma-2-batch
    emulator.close()

`emulator.modes = VelmaModes(latency_seconds=2)` changes how it answers, `emulator.usage` tells what it
was asked and paid, and so does `GET /_sandbox/usage`. It is built from public descriptions of the
service, not from any client. Faults that are no matter of the service itself (502 twice, a cut
connection after the upload) are planned with `FaultInjector`.

Speakers get roles by this rule. A role definition whose name holds one of the words prospect, customer,
buyer or client is a candidate for the prospects of a script; otherwise one holding rep, representative,
sales, salesperson, seller or agent is a candidate for its reps. The first candidate in the order of the
config wins. Planted signals find their behavior by its case-folded name, whether it is an own definition
or a catalogue preset.
"""

from velma_connectors.sandbox.velma.accounts import Account
from velma_connectors.sandbox.velma.app import VelmaEmulator
from velma_connectors.sandbox.velma.modes import VelmaModes

__all__ = ["Account", "VelmaEmulator", "VelmaModes"]
