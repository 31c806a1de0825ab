"""Access tokens, asked for by ourselves: client credentials, or a JWT signed with the connection's key.

Salesforce names no lifetime (there is no `expires_in`); a token is used until a request is refused.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests

from velma_connectors.errors import RetryLater, StopConnection, Verdict
from velma_connectors.salesforce.options import SHARED_LOGIN_HOSTS, Flow, SalesforceOptions, org_url

LOGIN_RATE_SECONDS = 900.0
ASSERTION_SECONDS = 180
TIMEOUTS = (10.0, 60.0)
_PATH = "/services/oauth2/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_IDENTITY = re.compile(r"/id/(?P<org>00D\w{12,15})/(?P<user>005\w{12,15})$")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token, the origin that takes it, and whose it is (ids of the org and the user)."""

    secret: str = field(repr=False)
    instance_url: str
    org_id: str
    user_id: str


# Fragments of `error: description`, first match wins; see Salesforce, OAuth error codes.
_REFUSALS: tuple[tuple[str, str], ...] = (
    ("no client credentials user", "the External Client App has no Run As user: choose one in its policies"),
    (
        "approved this consumer",
        "the user has not been pre-authorized for the app: set Permitted Users to 'Admin approved users are "
        "pre-authorized' and assign the app to the user",
    ),
    ("audience is invalid", "login_url does not fit the org: production and sandbox differ"),
    (
        "expired authorization code",
        "the clock of this machine is wrong, so the signed login has expired",
    ),
    ("expired access/refresh token", "the grant was revoked: authorize the app again"),
    (
        "invalid_client_id",
        "consumer_key is unknown: copy it again (a new app needs 10 minutes)",
    ),
    ("invalid_client", "consumer_secret, or the certificate of the private key, is not the app's"),
    ("invalid_app_access", "the user is not assigned to the app"),
    ("inactive_user", "the user is inactive"),
    ("inactive_org", "the org is locked or expired"),
    ("invalid_grant", "the login is refused: check user name, Run As user, app policies and IP ranges"),
    ("unsupported_grant_type", "the app does not allow this flow: enable it in its OAuth settings"),
    ("invalid_request", "the login was not understood: check login_url and flow"),
    ("invalid_scope", "the app lacks the scope 'Manage user data via APIs (api)'"),
)


class Tokens:
    """Asks for tokens, one at a time. After a "too many logins" it stays silent for 15 minutes.

    `clock` gives Unix seconds.
    """

    def __init__(
        self, options: SalesforceOptions, session: requests.Session, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._options = options
        self._session = session
        self._clock = clock
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def ask(self) -> Token:
        """A new token. Raises StopConnection when the login is refused, RetryLater when it is busy."""
        with self._lock:
            silent = self._silent_until - self._clock()
            if silent > 0:
                raise RetryLater(
                    "Salesforce took too many logins; asking again later.", after=silent, counts=False
                )
            return self._answer(self._post())

    def _post(self) -> requests.Response:
        body, credentials = self._request()
        try:
            return self._session.post(
                self._options.login_url + _PATH,
                data=body,
                auth=credentials,
                timeout=TIMEOUTS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # The library's own message names the full request, so it stays out of the chain.
            raise RetryLater(
                f"The Salesforce login could not be reached ({type(error).__name__}); "
                "check login_url and the network.",
                after=60.0,
                counts=False,
            ) from None

    def _request(self) -> tuple[dict[str, str], tuple[str, str] | None]:
        options = self._options
        if options.flow is Flow.JWT:
            return {"grant_type": _JWT_BEARER, "assertion": self._assertion()}, None
        secret = options.consumer_secret.get_secret_value() if options.consumer_secret else ""
        return {"grant_type": "client_credentials"}, (options.consumer_key, secret)

    def _assertion(self) -> str:
        options = self._options
        claims = {
            "iss": options.consumer_key,
            "sub": options.username,
            "aud": audience(options.login_url),
            "exp": int(self._clock()) + ASSERTION_SECONDS,
        }
        pem = options.private_key.get_secret_value() if options.private_key else ""
        try:
            # Environment variables often carry a key with its line ends spelled out.
            return jwt.encode(claims, pem.replace("\\n", "\n"), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise StopConnection(
                "private_key is not an RSA key in PEM form without a passphrase; export it again."
            ) from None

    def _answer(self, response: requests.Response) -> Token:
        try:
            body = response.json()
        except requests.RequestException:
            body = None
        if response.status_code == 200 and isinstance(body, dict) and "access_token" in body:
            return self._token(body)
        refusal = token_verdict(response.status_code, body)
        if isinstance(refusal, RetryLater) and refusal.after >= LOGIN_RATE_SECONDS:
            self._silent_until = self._clock() + refusal.after
        raise refusal

    def _token(self, body: dict[str, Any]) -> Token:
        identity = _IDENTITY.search(urlsplit(str(body.get("id"))).path)
        if identity is None:
            raise StopConnection("The Salesforce login did not say whose token it gave; check login_url.")
        try:
            instance_url = self._options.instance_url or org_url(str(body.get("instance_url")))
        except ValueError:
            raise StopConnection(
                "The Salesforce login names no usable API address; set instance_url to your My Domain."
            ) from None
        return Token(str(body["access_token"]), instance_url, identity["org"], identity["user"])


def audience(login_url: str) -> str:
    """The `aud` of a JWT: the shared login host of the org's kind, which every org accepts."""
    host = urlsplit(login_url).hostname or ""
    production, sandbox = SHARED_LOGIN_HOSTS
    return f"https://{sandbox if host == sandbox or '.sandbox.' in host else production}"


def token_verdict(status: int, body: object) -> Verdict:
    """What a refused token request means. The description is matched, never shown."""
    said = ""
    if isinstance(body, dict):
        said = f"{body.get('error', '')}: {body.get('error_description', '')}".lower()
    if "login rate exceeded" in said or "maximum logins" in said or status == 429:
        return RetryLater(
            "Salesforce took too many logins of this user; asking again in 15 minutes.",
            after=LOGIN_RATE_SECONDS,
            counts=False,
        )
    if status < 500 and "unknown_error" not in said:
        for fragment, advice in _REFUSALS:
            if fragment in said:
                return StopConnection(f"Salesforce refuses the login: {advice}.")
        if 300 <= status < 400:
            return StopConnection("login_url answers with a redirect: set it to your My Domain address.")
        if status in (401, 403, 404):
            return StopConnection(f"Salesforce refuses the login (HTTP {status}): check login_url.")
    return RetryLater(f"The Salesforce login is out of order (HTTP {status}).", after=60.0, counts=False)
