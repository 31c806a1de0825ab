"""The one door to HubSpot, and the only import of hubspot.

One ApiClient of the library for every path, our own timeouts, pace and repetitions, and every exception of
the libraries turned into a verdict. Answers are read as plain JSON: the library's models drop what they do
not know and take a web page for an empty answer. Safe for threads.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as OverdueAnswer
from urllib3.response import BaseHTTPResponse

from velma_connectors.clocks import seconds_ahead
from velma_connectors.errors import OutcomeUnknown, RetryLater, Verdict
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.faults import faults_in
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.hubspot.pacing import Pace
from velma_connectors.hubspot.verdicts import Answer, BriefOutage, Limit, limit_of, verdict
from velma_connectors.model import ApiBudget

TRIES = 3
TIMEOUTS = (10.0, 120.0)
"""Seconds to connect, and between two reads: HubSpot's edge network gives up after 100."""
ANSWER_SECONDS = 300.0
"""Longest that an answer may take to arrive in pieces, each of them in time."""
ANSWER_BYTES = 128 * 1024 * 1024
"""More than any answer holds: a hundred notes of full length, every character of them escaped."""
POOL_SIZE = 32
"""At least as many connections as threads, so that none is thrown away after use."""
CHUNK_BYTES = 65_536

_RECORDS = ("/crm/objects/", "/crm/associations/")

Params = Mapping[str, str | Sequence[str]]


class OversizedAnswer(HTTPError):
    """More bytes than an answer can hold: what answers is not HubSpot."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Request:
    """`changes`: it writes. `searches`: it counts against the limit of searches."""

    method: str
    path: str
    body: object = field(default=None, repr=False)
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    changes: bool = False
    searches: bool = False

    @property
    def what(self) -> str:
        """The request for a message: its resource, without ids, version and parameters."""
        words = [word for word in self.path.split("/") if word and not re.search(r"\d", word)]
        return f"{self.method} {'/'.join(words)}"


class HubSpotClient:
    """Requests to one portal.

    Every method raises RetryLater, StopConnection or RequestRefused (a StopConnection that names its
    faults); `send` also OutcomeUnknown. Reads are repeated for a few seconds, writes never.
    """

    def __init__(
        self,
        options: HubSpotOptions,
        *,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._wait = wait
        self._clock = clock
        self._now = now
        self._pace = Pace(wait, clock, now)
        self._api, self._not_success = _library(options)
        self._counting = threading.Lock()
        self._sent = 0
        self._clock_ahead: float | None = None

    def get(self, path: str, params: Params | None = None) -> Any:
        """The JSON behind a path. A parameter with several values is repeated."""
        return self._repeated(_Request("GET", path, params=_pairs(params or {})))

    def read(self, path: str, body: object) -> Any:
        """The answer to a POST that only reads, such as batch/read.

        What is not there, or not for this key, is left out of an answer (207).
        """
        return self._repeated(_Request("POST", path, body))

    def search(self, object_name: str, body: object) -> Any:
        """One page of a search, which HubSpot counts and limits apart."""
        return self._repeated(_Request("POST", paths.objects(object_name, "search"), body, searches=True))

    def send(self, method: str, path: str, body: object) -> Any:
        """Write once; None for a DELETE. Raises OutcomeUnknown when the answer is lost."""
        return self._exchange(_Request(method, path, body, changes=True))

    def budget(self) -> ApiBudget:
        """Requests of the whole portal today as its last answer told, and those this client has sent."""
        used, allowed = self._pace.day or (None, None)
        return ApiBudget(used=used, allowed=allowed, requests=self._sent)

    @property
    def clock_ahead(self) -> float | None:
        """Seconds by which HubSpot's clock was ahead of ours at its last answer; None before one."""
        return self._clock_ahead

    def close(self) -> None:
        pools = self._api.rest_client.pool_manager.pools
        # Forgetting a pool would leave its idle connections open until the garbage collector finds it.
        for pool in map(pools.get, pools.keys()):
            pool.close()
        pools.clear()

    def _repeated(self, request: _Request) -> Any:
        retrying = Retrying(
            retry=retry_if_exception_type(BriefOutage),
            stop=stop_after_attempt(TRIES),
            wait=_pause,
            sleep=self._wait,
            reraise=True,
        )
        return retrying(self._exchange, request)

    def _exchange(self, request: _Request) -> Any:
        self._pace.admit(search=request.searches)
        sent_at = self._now()
        answer = self._sent_and_answered(request)
        self._pace.learn(answer.headers, sent_at)
        self._clock_ahead = seconds_ahead(answer.headers.get("Date", ""), self._now().timestamp())
        if not 200 <= answer.status < 300:
            raise self._refusal(request, answer, sent_at)
        if request.method == "DELETE" and answer.status == 204:
            return None
        document = answer.document()
        if not isinstance(document, dict) or not _has_results(request, document):
            raise _lost(request, f"HTTP {answer.status} without the JSON of an answer")
        if not request.changes:
            _check_whole(request, document)
        if request.path == paths.ACCOUNT:
            self._pace.know_zone(document.get("timeZone"))
        return document

    def _refusal(self, request: _Request, answer: Answer, sent_at: datetime) -> Verdict:
        limit = limit_of(answer)
        if limit is Limit.DAY:
            after = self._pace.refused_for_today(sent_at)
            return RetryLater("The portal has used up its daily API requests.", after=after, counts=False)
        if limit is not None:
            self._pace.refused(search=request.searches)
        return verdict(request.what, answer, changes=request.changes)

    def _sent_and_answered(self, request: _Request) -> Answer:
        # The messages of the libraries hold addresses and bodies: no verdict is raised while one is handled.
        with self._counting:
            self._sent += 1
        try:
            response = self._api.call_api(
                request.path,
                request.method,
                query_params=list(request.params),
                body=request.body,
                auth_settings=["oauth2"],
                _preload_content=False,
                _request_timeout=TIMEOUTS,
            )
            return Answer(response.status, response.headers, self._whole(response))
        except self._not_success as refusal:
            return _answer_of(refusal)
        except (UnicodeDecodeError, AttributeError) as slip:
            # The library takes the body of every refusal for UTF-8, and a failed handshake for a refusal.
            cause = slip.__context__
            if not isinstance(cause, self._not_success):
                raise
            if not isinstance(cause.__context__, SSLError):
                return _answer_of(cause)
            broken = _broken(request, cause.__context__)
        except HTTPError as error:
            broken = _broken(request, error)
        raise broken

    def _whole(self, response: BaseHTTPResponse) -> bytes:
        deadline = self._clock() + ANSWER_SECONDS
        content = bytearray()
        while piece := response.read1(CHUNK_BYTES):
            content += piece
            if self._clock() > deadline:
                response.close()
                raise OverdueAnswer("the answer goes on and on")
            if len(content) > ANSWER_BYTES:
                response.close()
                raise OversizedAnswer("the answer is longer than any of HubSpot's")
        return bytes(content)


def _library(options: HubSpotOptions) -> tuple[Any, type[Exception]]:
    """The library's client, and the exception it raises for whatever is no success.

    It is imported here, so that it costs nobody memory who has no connection to HubSpot.
    """
    from hubspot.crm.objects import ApiClient, ApiException, Configuration

    configuration = Configuration(host=options.base_url)
    configuration.access_token = options.access_token.get_secret_value()
    configuration.retries = False
    configuration.connection_pool_maxsize = POOL_SIZE
    api = ApiClient(configuration)
    api.user_agent = "velma-sync"
    api.set_default_header("Accept", "application/json")
    return api, ApiException


_exponential = wait_random_exponential(multiplier=0.5, max=5)


def _pause(state: RetryCallState) -> float:
    """Seconds before a read is repeated."""
    error = state.outcome.exception() if state.outcome else None
    least = error.pause if isinstance(error, BriefOutage) else 0.0
    return max(least, _exponential(state))


def _pairs(params: Params) -> tuple[tuple[str, str], ...]:
    # The library would write a list as Python prints it.
    return tuple(
        (name, one)
        for name, value in params.items()
        for one in ([value] if isinstance(value, str) else value)
    )


def _has_results(request: _Request, document: Mapping[str, object]) -> bool:
    """Whether the results are a list of objects, which reads of records and of their links cannot lack."""
    must = not request.changes and request.method == "POST" and request.path.startswith(_RECORDS)
    results = document.get("results", None if must else [])
    return isinstance(results, list) and all(isinstance(result, dict) for result in results)


def _check_whole(request: _Request, document: Mapping[str, object]) -> None:
    """Raises BriefOutage: what could not be read for the moment must not pass for what does not exist."""
    busy = next((fault for fault in faults_in(document.get("errors") or ()) if fault.is_busy), None)
    if busy is not None:
        raise BriefOutage(
            f"HubSpot could not read every record for {request.what} ({busy.code}).", after=60.0
        )


def _answer_of(refusal: Any) -> Answer:
    return Answer(refusal.status, refusal.headers, refusal.body)


def _broken(request: _Request, error: HTTPError) -> RetryLater | OutcomeUnknown:
    kind = type(error).__name__
    if _was_not_sent(error):
        remedy = "check base_url and the network."
        return BriefOutage(f"HubSpot could not be reached for {request.what} ({kind}); {remedy}", after=60.0)
    return _lost(request, kind)


def _lost(request: _Request, kind: str) -> RetryLater | OutcomeUnknown:
    if request.changes:
        return OutcomeUnknown(f"HubSpot was sent {request.what}, but its answer was lost ({kind}).")
    return BriefOutage(f"The answer of HubSpot to {request.what} was cut or unreadable ({kind}).", after=60.0)


def _was_not_sent(error: HTTPError) -> bool:
    if isinstance(error, SSLError):
        return any(isinstance(reason, ssl.SSLCertVerificationError) for reason in error.args)
    return isinstance(error, NewConnectionError | ConnectTimeoutError)
