"""The door to Velma: sends one request and turns whatever comes back into an answer or a verdict."""

from __future__ import annotations

from typing import BinaryIO

from velma_connectors.errors import OutcomeUnknown, RetryLater, SpendStop, Verdict
from velma_connectors.http import (
    Answer,
    AnswerLost,
    Deadline,
    FormFile,
    HttpClient,
    HttpRequest,
    NotSent,
    Unreachable,
)
from velma_connectors.url import Url
from velma_connectors.velma.options import VelmaOptions
from velma_connectors.velma.response import is_answer, read_json
from velma_connectors.velma.statuses import BILLING_UNKNOWN, verdict

BATCH = "/api/velma-2-batch"
PRESETS = f"{BATCH}/list-presets"
PROBE_SECONDS = 30.0
RETRY_SECONDS = 30.0
MOST_ANSWER_BYTES = 64_000_000
MOST_ERROR_BYTES = 64_000


class VelmaClient:
    """Speaks the two endpoints. Every request is sent once and ends by its deadline."""

    def __init__(self, options: VelmaOptions) -> None:
        self._options = options
        self._http = HttpClient()

    def analyze(
        self, audio: BinaryIO, *, filename: str, media_type: str, config: str, deadline_seconds: float
    ) -> bytes:
        """The JSON of one paid analysis, as received. `config` is a BatchConfig document.

        Raises what the status table says; RetryLater when the request did not leave completely, and
        OutcomeUnknown when the request was sent but no complete JSON answer came back.
        """
        request = HttpRequest(
            "POST",
            self._url(BATCH),
            headers=self._key_header(),
            fields={"config": config},
            file=FormFile("upload_file", filename, media_type, audio),
        )
        try:
            body = self._exchange(request, deadline_seconds, self._options.read_timeout_seconds)
        except AnswerLost as error:
            raise OutcomeUnknown(
                f"Velma was sent the recording, but no whole answer came: {error}. {BILLING_UNKNOWN}"
            ) from error
        try:
            answered = is_answer(read_json(body))
        except ValueError as error:
            raise OutcomeUnknown(
                f"Velma answered with something that is no JSON. {BILLING_UNKNOWN}"
            ) from error
        if not answered:
            raise OutcomeUnknown(f"Velma answered with something that is no analysis. {BILLING_UNKNOWN}")
        return body

    def presets(self) -> tuple[str, ...]:
        """Identifiers of the catalogue, sorted. Costs nothing. Raises RetryLater, SpendStop."""
        request = HttpRequest("GET", self._url(PRESETS), headers=self._key_header())
        try:
            return _identifiers(read_json(self._exchange(request, PROBE_SECONDS, PROBE_SECONDS)))
        except (RetryLater, SpendStop):
            raise
        except (AnswerLost, Verdict, ValueError) as error:
            raise RetryLater(
                f"Velma at {request.url.origin} did not list its presets.", after=RETRY_SECONDS
            ) from error

    def _url(self, path: str) -> Url:
        return Url.parse(f"{self._options.base_url}{path}")

    def _key_header(self) -> dict[str, str]:
        return {"X-API-Key": self._options.api_key.get_secret_value()}

    def _exchange(self, request: HttpRequest, deadline_seconds: float, idle_seconds: float) -> bytes:
        """The body of a 200; any other status is raised as its verdict. Raises AnswerLost as well."""
        deadline = Deadline(deadline_seconds)
        try:
            with self._http.send(request, deadline=deadline, idle_seconds=idle_seconds) as answer:
                if answer.status != 200:
                    raise verdict(answer.status, _error_body(answer), answer.retry_after)
                return answer.body(MOST_ANSWER_BYTES)
        except NotSent as error:
            raise RetryLater(
                f"Velma at {request.url.origin} did not receive the request: {error}.",
                after=RETRY_SECONDS,
                counts=not isinstance(error, Unreachable),
            ) from error


def _error_body(answer: Answer) -> bytes:
    """Without a body the status alone decides."""
    try:
        return answer.body(MOST_ERROR_BYTES)
    except AnswerLost:
        return b""


def _identifiers(document: object) -> tuple[str, ...]:
    presets = document.get("presets") if isinstance(document, dict) else None
    rows = presets if isinstance(presets, list) else []
    named = (each.get("identifier") for each in rows if isinstance(each, dict))
    identifiers = tuple(sorted(each for each in named if isinstance(each, str)))
    if not identifiers:
        raise ValueError("is no list of presets")
    return identifiers
