"""The least that a client can do: fetch a recording, send it, wait. What the daemon is held against."""

from __future__ import annotations

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from bench.emulators import VELMA_KEY
from bench.installation import Installation

_BOUNDARY = "bench-boundary"
_HEAD = (
    f"--{_BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="upload_file"; filename="recording.ogg"\r\n'
    "Content-Type: audio/ogg\r\n\r\n"
).encode()
_TAIL = f"\r\n--{_BOUNDARY}--\r\n".encode()


def seconds_for(place: Installation, *, first: int, calls: int, in_flight: int) -> float:
    """Wall time of so many exchanges by so many threads, from recording number `first` on."""

    def exchange(number: int) -> None:
        with urllib.request.urlopen(f"{place.recordings.url}/small/{number}") as answer:
            audio = answer.read()
        headers = {"X-API-Key": VELMA_KEY, "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        url = f"{place.velma.url}/api/velma-2-batch"
        request = urllib.request.Request(url, _HEAD + audio + _TAIL, headers)
        with urllib.request.urlopen(request) as answer:
            answer.read()

    began = time.monotonic()
    with ThreadPoolExecutor(in_flight) as pool:
        list(pool.map(exchange, range(first, first + calls)))
    return time.monotonic() - began
