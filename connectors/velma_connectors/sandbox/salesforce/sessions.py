"""Connected apps, the tokens they get, and the sessions behind those tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

USABLE_SCOPES = frozenset({"api", "full"})


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """An app that an admin registered.

    `run_as` is the user of the client credentials flow, None when none was chosen. `public_key` (PEM)
    verifies its JWTs, for the usernames in `approved`. Sessions without the scope api or full are of
    no use for REST.
    """

    key: str
    secret: str = field(repr=False)
    run_as: str | None = None
    public_key: str | None = None
    approved: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ("api",)


@dataclass(slots=True)
class Session:
    """What a token opens. It ends when it was not used for the org's session timeout."""

    token: str = field(repr=False)
    user_id: str
    scopes: tuple[str, ...]
    last_used: datetime


class Sessions:
    """The living sessions of one org."""

    def __init__(self, timeout: timedelta) -> None:
        self.timeout = timeout
        self._open: dict[str, Session] = {}
        self._grants: dict[str, deque[datetime]] = {}

    def open(self, org_id: str, user_id: str, scopes: tuple[str, ...], moment: datetime) -> Session:
        token = f"{org_id[:15]}!{secrets.token_urlsafe(48)}"
        self._open[token] = Session(token, user_id, scopes, moment)
        return self._open[token]

    def find(self, token: str, moment: datetime) -> Session | None:
        """The living session of a token, whose timeout starts anew; None when there is none."""
        session = self._open.get(token)
        if session is None:
            return None
        if moment - session.last_used >= self.timeout:
            del self._open[token]
            return None
        session.last_used = moment
        return session

    def end_all(self) -> None:
        """Every token handed out so far is expired from now on."""
        self._open.clear()

    def granted_within_an_hour(self, user_id: str, moment: datetime) -> int:
        """Count a token request of a user, and tell how many there were in the last hour."""
        grants = self._grants.setdefault(user_id, deque())
        grants.append(moment)
        while moment - grants[0] >= timedelta(hours=1):
            grants.popleft()
        return len(grants)


def signature(secret: str, identity_url: str, issued_at: str) -> str:
    """A stand-in for the HMAC that lets an app check where a token came from."""
    return hashlib.sha256(f"{secret}{identity_url}{issued_at}".encode()).hexdigest()
