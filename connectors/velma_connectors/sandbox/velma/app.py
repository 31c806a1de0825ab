"""The emulator's WSGI application: routes, admission, billing and the answer's way out."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wrappers import Request, Response

from velma_connectors.sandbox.samples.dialogue import Spoken
from velma_connectors.sandbox.velma.accounts import Account, OpenAccount, Usage
from velma_connectors.sandbox.velma.answer import answer
from velma_connectors.sandbox.velma.config import parse_config
from velma_connectors.sandbox.velma.library import find
from velma_connectors.sandbox.velma.modes import VelmaModes
from velma_connectors.sandbox.velma.presets import PRESETS
from velma_connectors.sandbox.velma.refusals import (
    BAD_KEY,
    NOT_PERMITTED,
    PROCESSING_LIMIT,
    Refusal,
    json_response,
)
from velma_connectors.sandbox.velma.upload import UploadRequest, check_upload

BATCH = "/api/velma-2-batch"
PRESETS_PATH = f"{BATCH}/list-presets"
USAGE = "/_sandbox/usage"

TRICKLE_PIECES = 16


class VelmaEmulator:
    """Answers batch requests from planted signals. `recordings` are by audio SHA-256.

    `modes` may be replaced between requests. Close it to end the waits that are still going on.
    """

    def __init__(
        self,
        recordings: Mapping[str, Spoken],
        accounts: Iterable[Account],
        modes: VelmaModes | None = None,
    ) -> None:
        self.modes = modes or VelmaModes()
        self.usage = Usage()
        self._recordings = recordings
        self._accounts = {account.key: OpenAccount(account) for account in accounts}
        self._closing = threading.Event()

    def account(self, key: str) -> OpenAccount:
        return self._accounts[key]

    def close(self) -> None:
        """Every answer that is being waited for comes at once."""
        self._closing.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = UploadRequest(environ)
        routes = {
            BATCH: ("POST", self._batch),
            PRESETS_PATH: ("GET", self._presets),
            USAGE: ("GET", self._usage),
        }
        method, handle = routes.get(request.path, (request.method, _not_found))
        if request.method != method:
            return json_response({"detail": "Method Not Allowed"}, 405)(environ, start_response)
        return handle(request)(environ, start_response)

    def _batch(self, request: UploadRequest) -> Response:
        self.usage.arrived()
        modes = self.modes
        try:
            account = self._admit(request, modes)
            with account.slot(modes):
                body = self._analyze(request, account, modes)
        except Refusal as refusal:
            self.usage.turned_away(refusal.reason)
            _drain(request)
            return refusal.response()
        except (ClientDisconnected, OSError):
            self.usage.turned_away("disconnected during the upload")
            return json_response({"detail": "Client disconnected."}, 400)
        self.usage.finished()
        return self._send(body, modes)

    def _analyze(self, request: UploadRequest, account: OpenAccount, modes: VelmaModes) -> bytes:
        """Check, bill, work. Whatever happens to the client after the billing, the work goes on."""
        upload = request.upload()
        if upload is None:
            raise Refusal.missing(("body", "upload_file"))
        check_upload(upload, modes)
        config = parse_config(request.config_text())
        spoken = find(upload, self._recordings)
        account.pay(spoken.duration_ms, modes)
        self.usage.paid(upload.sha256, spoken.duration_ms, request.config_text())
        self._work(modes)
        return json.dumps(answer(upload.sha256, spoken, config, modes)).encode()

    def _admit(self, request: UploadRequest, modes: VelmaModes) -> OpenAccount:
        """The account behind the key. Raises the Refusal of a key that is missing or wrong."""
        key = request.headers.get("X-API-Key")
        if key is None and modes.missing_key_status == 422:
            missing = [("header", "x-api-key")]
            if request.method == "POST" and request.upload() is None:
                missing.append(("body", "upload_file"))
            raise Refusal.missing(*missing)
        if key is None:
            raise Refusal(modes.missing_key_status, BAD_KEY)
        account = self._accounts.get(key)
        if account is None:
            raise Refusal(modes.bad_key_status, NOT_PERMITTED if modes.bad_key_status == 403 else BAD_KEY)
        return account

    def _work(self, modes: VelmaModes) -> None:
        limit = modes.processing_limit_seconds
        if limit is not None and modes.latency_seconds > limit:
            self._closing.wait(limit)
            raise Refusal(504, PROCESSING_LIMIT)
        if modes.latency_seconds:
            self._closing.wait(modes.latency_seconds)

    def _send(self, body: bytes, modes: VelmaModes) -> Response:
        pieces: bytes | Iterator[bytes] = self._trickle(body, modes) if modes.trickle_seconds else body
        response = Response(pieces, content_type="application/json")
        response.content_length = len(body)
        return response

    def _trickle(self, body: bytes, modes: VelmaModes) -> Iterator[bytes]:
        step = len(body) // TRICKLE_PIECES + 1
        for start in range(0, len(body), step):
            self._closing.wait(modes.trickle_seconds / TRICKLE_PIECES)
            yield body[start : start + step]

    def _presets(self, request: UploadRequest) -> Response:
        self.usage.arrived(presets=True)
        modes = self.modes
        try:
            self._admit(request, modes).check(modes, quota=modes.presets_need_quota)
        except Refusal as refusal:
            return refusal.response()
        return json_response({"presets": [preset.listed() for preset in PRESETS.values()]})

    def _usage(self, _request: UploadRequest) -> Response:
        in_flight = {
            "in_flight": sum(account.in_flight for account in self._accounts.values()),
            "most_in_flight": max((a.most_in_flight for a in self._accounts.values()), default=0),
        }
        return json_response(self.usage.snapshot() | in_flight)


def _not_found(_request: UploadRequest) -> Response:
    return json_response({"detail": "Not Found"}, 404)


def _drain(request: Request) -> None:
    """Read what the client still sends, so that it sees the answer and no broken connection."""
    while request.stream.read(1 << 20):
        pass
