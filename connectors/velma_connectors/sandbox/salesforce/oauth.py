"""The token endpoint: client credentials and signed JWTs against the apps that were registered."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt

from velma_connectors.sandbox.salesforce.sessions import ConnectedApp, signature

if TYPE_CHECKING:
    from velma_connectors.sandbox.salesforce.org import SalesforceOrg

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class TokenRefusal(Exception):
    """A token request that is refused, with OAuth's own error words."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.document = {"error": error, "error_description": description}


def grant(
    org: SalesforceOrg, form: Mapping[str, str], authorization: str, instance_url: str
) -> dict[str, Any]:
    """The answer to a token request. Raises TokenRefusal."""
    grant_type = form.get("grant_type")
    if grant_type == "client_credentials":
        app, user_id = _by_secret(org, form, authorization)
    elif grant_type == JWT_BEARER:
        app, user_id = _by_assertion(org, form.get("assertion", ""), instance_url)
    else:
        raise TokenRefusal("unsupported_grant_type", "grant type not supported")
    _check_rate(org, user_id)
    session = org.sessions.open(org.id, user_id, app.scopes, org.now)
    identity = f"{instance_url}/id/{org.id}/{user_id}"
    issued_at = str(int(org.clock().timestamp() * 1000))
    return {
        "access_token": session.token,
        "signature": signature(app.secret, identity, issued_at),
        "scope": " ".join(app.scopes),
        "instance_url": instance_url,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }


def _by_secret(org: SalesforceOrg, form: Mapping[str, str], authorization: str) -> tuple[ConnectedApp, str]:
    key, secret = _credentials(form, authorization)
    app = org.apps.get(key)
    if app is None:
        raise TokenRefusal("invalid_client_id", "client identifier invalid")
    if app.secret != secret:
        raise TokenRefusal("invalid_client", "invalid client credentials", 401)
    if app.run_as is None:
        raise TokenRefusal("invalid_grant", "no client credentials user enabled")
    _check_active(org, app.run_as)
    return app, app.run_as


def _credentials(form: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """Key and secret from the Basic header or else the form."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise TokenRefusal("invalid_client", "invalid client credentials", 401) from None
    return key, secret


def _by_assertion(org: SalesforceOrg, assertion: str, instance_url: str) -> tuple[ConnectedApp, str]:
    """Verify a JWT: issuer, signature, audience, expiry and subject, in that order."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
        app = org.apps.get(str(claims.get("iss")))
        if app is None or app.public_key is None:
            raise TokenRefusal("invalid_client_id", "client identifier invalid")
        claims = jwt.decode(
            assertion,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_aud": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError:
        raise TokenRefusal("invalid_grant", "invalid assertion") from None
    login = "https://test.salesforce.com" if org.is_sandbox else "https://login.salesforce.com"
    if claims.get("aud") not in (login, instance_url):
        raise TokenRefusal("invalid_grant", "audience is invalid")
    _check_expiry(org, claims.get("exp"))
    return app, _approved_user(org, app, str(claims.get("sub")))


def _check_expiry(org: SalesforceOrg, exp: object) -> None:
    """`exp` is in seconds, also as text; milliseconds lie too far ahead."""
    text = str(exp)
    left = int(text) - org.clock().timestamp() if text.isdecimal() else -1
    if left <= 0 or left > org.switches.jwt_seconds:
        raise TokenRefusal("invalid_grant", "expired authorization code")


def _approved_user(org: SalesforceOrg, app: ConnectedApp, username: str) -> str:
    users = {row["Username"].lower(): row["Id"] for row in org.records.all("User")}
    user_id = users.get(username.lower())
    if user_id is None or username.lower() not in {each.lower() for each in app.approved}:
        raise TokenRefusal("invalid_grant", "user hasn't approved this consumer")
    _check_active(org, user_id)
    return str(user_id)


def _check_active(org: SalesforceOrg, user_id: str) -> None:
    if not (org.records.get(user_id) or {}).get("IsActive"):
        raise TokenRefusal("invalid_grant", "inactive user")


def _check_rate(org: SalesforceOrg, user_id: str) -> None:
    granted = org.sessions.granted_within_an_hour(user_id, org.now)
    allowed = org.switches.token_requests_per_hour
    if allowed is not None and granted > allowed:
        raise TokenRefusal("invalid_grant", "login rate exceeded")
