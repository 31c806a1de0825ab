"""An emulator of the places that call recordings lie in: plain downloads, and what goes wrong with them.

    host = RecordingHost(credentials=("user", "password"))
    host.put("/calls/a.ogg", Audio(path))
    host.put("/calls/b.ogg", Redirect("/calls/a.ogg"), protected=True)
    with RunningServer(FaultInjector(host)) as server:
        ...  # GET {server.url}/calls/a.ogg

`host.seen` lists every request, and whether it carried credentials.
"""

from velma_connectors.sandbox.recordings.copies import distinct_copy
from velma_connectors.sandbox.recordings.entries import (
    Audio,
    Empty,
    Expiring,
    Late,
    LoginPage,
    Redirect,
    Truncated,
)
from velma_connectors.sandbox.recordings.host import RecordingHost, Seen

__all__ = [
    "Audio",
    "Empty",
    "Expiring",
    "Late",
    "LoginPage",
    "RecordingHost",
    "Redirect",
    "Seen",
    "Truncated",
    "distinct_copy",
]
