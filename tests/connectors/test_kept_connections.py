"""The one door to HTTP, against a server that would keep its connections."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.http import Deadline, FormFile, HttpClient, HttpRequest
from velma_connectors.sandbox.server import Ending, RunningServer
from velma_connectors.url import Url


class Counting:
    """Notes every upload that arrived whole, by the number of its bytes."""

    def __init__(self) -> None:
        self.uploads: list[int] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with Request(environ) as request:
            self.uploads.append(len(request.files["upload_file"].read()))
        return Response(b"a" * 100_000)(environ, start_response)


def upload(client: HttpClient, url: str, size: int) -> int:
    file = FormFile("upload_file", "recording.ogg", "audio/ogg", io.BytesIO(bytes(size)))
    request = HttpRequest("POST", Url.parse(url), file=file)
    with client.send(request, deadline=Deadline(20), idle_seconds=20) as answer:
        return answer.status


@pytest.mark.parametrize(
    "how",
    [{}, {"requests_per_connection": 1, "ending": Ending.CROSSING}],
    ids=["keeps", "ends kept connections late"],
)
def test_every_request_has_a_connection_of_its_own_which_is_closed_after_it(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    opened: list[socket.socket] = []
    connecting = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        opened.append(self)
        connecting(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    counting = Counting()
    with RunningServer(counting, **how) as server:
        client = HttpClient()
        for size in range(1, 6):
            assert upload(client, server.url, size) == 200
            assert [each for each in opened if each.fileno() != -1] == [], "a connection was kept"
        assert server.connections == 5
    assert counting.uploads == [1, 2, 3, 4, 5]
