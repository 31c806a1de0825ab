"""Access tokens, their scopes, and what a request without a good one is told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from velma_connectors.sandbox.hubspot.refusals import Refusal
from velma_connectors.sandbox.hubspot.stamps import iso

_READABLE = re.compile(r"pat-[a-z]{2,4}\d+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What HubSpot can decode at all. Known tokens may look like anything."""

_SCOPES_PAGE = "https://developers.hubspot.com/scopes"
_SPANS = ((86_400, "day(s)"), (3_600, "hour(s)"), (60, "minute(s)"), (1, "second(s)"))


@dataclass(frozen=True, slots=True)
class Token:
    """A service key or the token of a private app. `scopes` None means all; `expires_at` in milliseconds."""

    text: str = field(repr=False)
    scopes: frozenset[str] | None = None
    expires_at: int | None = None
    revoked: bool = False

    def grants(self, any_of: Iterable[str]) -> bool:
        return self.scopes is None or not self.scopes.isdisjoint(any_of)

    @property
    def app_id(self) -> str:
        """A number that stands for the app behind the token, the same in each run."""
        return str(int.from_bytes(sha256(self.text.encode()).digest()[:4]))


def authenticate(known: dict[str, Token], authorization: str, now: int) -> Token:
    """The token of a request. Raises Refusal with status 401."""
    scheme, _, text = authorization.partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise _not_found()
    token = known.get(text)
    if token is None:
        raise _not_found() if _READABLE.fullmatch(text) else _expired(0, now)
    if token.revoked:
        raise _not_found()
    if token.expires_at is not None and token.expires_at <= now:
        raise _expired(token.expires_at, now)
    return token


def missing_scopes(any_of: Iterable[str]) -> Refusal:
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(any_of)},
    }
    return Refusal(
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {_SCOPES_PAGE}.",
        status=403,
        errors=[detail],
        links={"scopes": _SCOPES_PAGE},
    )


def _not_found() -> Refusal:
    message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
    return Refusal("INVALID_AUTHENTICATION", message, status=401)


def _expired(expired_at: int, now: int) -> Refusal:
    """Also told of a token that cannot be decoded: as one that expired when 1970 began."""
    seconds = max(1, (now - expired_at) // 1000)
    unit, words = next((unit, words) for unit, words in _SPANS if seconds >= unit)
    return Refusal(
        "EXPIRED_AUTHENTICATION",
        f"The OAuth token used to make this call expired {seconds // unit} {words} ago.",
        status=401,
        context={"expire time": [iso(expired_at)]},
    )
