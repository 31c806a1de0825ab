"""A scripted org: answers by hand, over a real socket, and a record of what it was asked."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.sandbox.faults import FaultInjector
from velma_connectors.sandbox.server import RunningServer

ORG_ID = "00D000000000001AAA"
USER_ID = "005000000000001AAA"
TOKEN_PATH = "/services/oauth2/token"
DATA_PATH = "/services/data/v66.0/"

Answer = Any
"""JSON to send with 200, a Response, or a function of the request that gives one of them."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. `path` is what follows /services/data/v66.0/."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    connection: socket.socket

    @property
    def soql(self) -> str:
        return self.query.get("q", "")


@dataclass
class ScriptedOrg:
    """Answers each `METHOD path` from a list, in order; the last answer stays."""

    seen: list[Seen] = field(default_factory=list)
    logins: list[Seen] = field(default_factory=list)
    token_answers: list[Answer] = field(default_factory=list)
    unscripted: list[str] = field(default_factory=list)
    url: str = ""
    faults: FaultInjector = field(init=False)
    _answers: list[tuple[re.Pattern[str], list[Answer]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.faults = FaultInjector(self._application)

    def on(self, pattern: str, *answers: Answer) -> None:
        """Answers for requests whose `METHOD path?q` matches; later patterns are tried first."""
        self._answers.insert(0, (re.compile(pattern), list(answers)))

    def requests(self, pattern: str) -> list[Seen]:
        return [one for one in self.seen if re.search(pattern, f"{one.method} {one.path}?{one.soql}")]

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        raw = request.get_data()
        is_json = request.mimetype == "application/json" and raw
        seen = Seen(
            request.method,
            request.path.removeprefix(DATA_PATH),
            dict(request.args),
            json.loads(raw) if is_json else dict(request.form),
            dict(request.headers),
            request.environ["werkzeug.socket"],
        )
        if request.path == TOKEN_PATH:
            with self._lock:
                self.logins.append(seen)
                answer = self._next(self.token_answers) if self.token_answers else self.token()
            return _response(answer, seen)
        with self._lock:
            self.seen.append(seen)
            found = self._find(f"{seen.method} {seen.path}?{seen.soql}")
        return _response(found, seen)

    def _find(self, line: str) -> Answer:
        for pattern, answers in self._answers:
            if pattern.search(line):
                return self._next(answers)
        self.unscripted.append(line)
        return Response("not scripted", status=400)

    @staticmethod
    def _next(answers: list[Answer]) -> Answer:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def options(self, **more: Any) -> SalesforceOptions:
        """Settings of a connection to this org."""
        settings = {"login_url": self.url, "consumer_key": "key-of-the-app", "consumer_secret": "a-secret"}
        return SalesforceOptions.model_validate({**settings, **more})

    def token(self) -> dict[str, str]:
        return {
            "access_token": f"{ORG_ID}!token-{len(self.logins)}",
            "instance_url": self.url,
            "id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}",
            "token_type": "Bearer",
            "issued_at": "1700000000000",
            "signature": "c2lnbmF0dXJl",
        }

    @staticmethod
    def error(status: int, code: str, message: str = "", **more: Any) -> Response:
        """A refusal in the shape of the REST API."""
        entry = {"message": message, "errorCode": code, **more}
        return Response(json.dumps([entry]), status=status, mimetype="application/json")

    @staticmethod
    def rows(*records: dict[str, Any]) -> dict[str, Any]:
        """The answer to a query: one page that holds everything."""
        return {"totalSize": len(records), "done": True, "records": list(records)}

    @staticmethod
    def saved(record_id: str) -> dict[str, Any]:
        return {"id": record_id, "success": True, "errors": []}

    @staticmethod
    def refused(code: str, message: str = "", *fields: str) -> dict[str, Any]:
        """A failed row of a collection: `statusCode`, and no id."""
        return {
            "success": False,
            "errors": [{"statusCode": code, "message": message, "fields": list(fields)}],
        }

    @staticmethod
    def field_entry(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
        """One field of a describe, as an ordinary writable custom field."""
        return {
            "name": name,
            "label": name.replace("_", " "),
            "type": kind,
            "length": 255,
            "precision": 0,
            "scale": 0,
            "digits": 0,
            "custom": name.endswith("__c"),
            "calculated": False,
            "autoNumber": False,
            "updateable": True,
            "filterable": True,
            "restrictedPicklist": False,
            "picklistValues": [],
            **more,
        }

    @staticmethod
    def cut_after(start: bytes, seen: Seen) -> Response:
        """An answer whose connection is reset after its first bytes."""

        def body() -> Iterator[bytes]:
            yield start
            seen.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            seen.connection.close()
            raise ConnectionResetError

        return Response(body(), mimetype="application/octet-stream")

    @staticmethod
    def id(prefix: str, number: int) -> str:
        """An 18-character id."""
        return f"{prefix}{number:012d}AAA"


def _response(answer: Answer, seen: Seen) -> Response:
    if callable(answer) and not isinstance(answer, Response):
        answer = answer(seen)
    if isinstance(answer, Response) and not answer.is_streamed:
        # A Response is a one-time object; a script may hand the same one out again.
        return Response(answer.get_data(), status=answer.status_code, headers=answer.headers)
    if isinstance(answer, Response):
        return answer
    return Response(json.dumps(answer), mimetype="application/json")


@pytest.fixture
def org() -> Iterator[ScriptedOrg]:
    scripted = ScriptedOrg()
    with RunningServer(lambda environ, start: scripted.faults(environ, start)) as server:
        scripted.url = server.url
        yield scripted
        scripted.faults.clear()
    assert not scripted.unscripted, "requests that this test did not expect"


@pytest.fixture
def waits() -> list[float]:
    """Seconds that were waited for, instead of waiting."""
    return []


@pytest.fixture
def client(org: ScriptedOrg, waits: list[float]) -> Iterator[SalesforceClient]:
    opened = SalesforceClient(org.options(), wait=waits.append)
    yield opened
    opened.close()
