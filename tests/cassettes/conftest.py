"""Lets the files of this folder import each other, and cuts the network off where cassettes are played."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

# They are also run as a script, whose folder Python puts here; pytest does not.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to reach another place fail, a look-up of its name included."""

    def refuse(*where: Any, **_options: Any) -> NoReturn:
        raise AssertionError(f"a socket was to be connected: {where[-1]}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
