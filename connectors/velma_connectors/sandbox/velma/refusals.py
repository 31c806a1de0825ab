"""The error answers of the batch endpoint, with the texts of its published specification."""

from __future__ import annotations

import json

from werkzeug.wrappers import Response

EXTENSIONS = ("aac", "aiff", "flac", "mov", "mp3", "mp4", "ogg", "opus", "wav", "webm")

BAD_EXTENSION = "Unsupported file format. Supported formats: " + ", ".join(f".{e}" for e in EXTENSIONS) + "."
EMPTY_FILE = "The uploaded file is empty."
CORRUPT_FILE = "The audio could not be processed. It may be corrupted or in an unsupported format."
TOO_LARGE = "The uploaded file is too large."
BAD_CONFIG = "Invalid configuration."
NOT_PERMITTED = "This request is not permitted."
BAD_KEY = "Invalid API key."
NO_CREDITS = "Insufficient credits."
PROCESSING_LIMIT = "The request took too long to process."


class Refusal(Exception):
    """An answer other than 200. `detail` is one sentence, or the framework's list of missing parts."""

    def __init__(self, status: int, detail: str | list[dict[str, object]]) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail

    @classmethod
    def missing(cls, *locations: tuple[str, str]) -> Refusal:
        """A 422 that names header or body parts the request lacks."""
        return cls(
            422, [{"loc": list(where), "msg": "Field required", "type": "missing"} for where in locations]
        )

    @property
    def reason(self) -> str:
        """A short word for counters."""
        return f"{self.status} {self.detail if isinstance(self.detail, str) else 'Field required'}"

    def response(self) -> Response:
        return json_response({"detail": self.detail}, self.status)


def json_response(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")
