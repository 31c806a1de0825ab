"""How a login is asked for, and what its refusals mean."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Response

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.salesforce.tokens import Tokens, audience, token_verdict

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def pem(private_key: rsa.RSAPrivateKey) -> str:
    return private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def tokens(options: Any, clock: Any = lambda: NOW) -> Tokens:
    return Tokens(options, requests.Session(), clock=clock)


def test_client_credentials_travel_as_basic_authentication(org: Any) -> None:
    token = tokens(org.options()).ask()

    (login,) = org.logins
    assert login.body == {"grant_type": "client_credentials"}
    assert login.headers["Authorization"] == "Basic " + base64.b64encode(b"key-of-the-app:a-secret").decode()
    assert token.instance_url == org.url
    assert (token.org_id[:3], token.user_id[:3]) == ("00D", "005")


@pytest.mark.parametrize("spelling", [str, lambda pem: pem.replace("\n", "\\n")], ids=["lines", "one line"])
def test_a_jwt_names_user_and_audience_and_expires_within_three_minutes(
    org: Any, pem: str, private_key: rsa.RSAPrivateKey, spelling: Any
) -> None:
    options = org.options(
        flow="jwt", consumer_secret=None, username="sync@example.com", private_key=spelling(pem)
    )
    tokens(options).ask()

    (login,) = org.logins
    assert login.body["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        login.body["assertion"],
        private_key.public_key(),
        algorithms=["RS256"],
        audience="https://login.salesforce.com",
        options={"verify_exp": False},
    )
    assert (claims["iss"], claims["sub"]) == ("key-of-the-app", "sync@example.com")
    assert NOW < claims["exp"] <= NOW + 180
    assert isinstance(claims["exp"], int)


@pytest.mark.parametrize(
    ("login_url", "expected"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_the_audience_is_the_shared_login_host_of_the_orgs_kind(login_url: str, expected: str) -> None:
    assert audience(login_url) == expected


def test_a_key_that_is_no_rsa_key_stops_the_connection_without_asking(org: Any) -> None:
    options = org.options(flow="jwt", username="sync@example.com", private_key="no key at all")
    with pytest.raises(StopConnection, match="private_key"):
        tokens(options).ask()
    assert org.logins == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, ("invalid_grant", "no client credentials user enabled"), "Run As user"),
        (400, ("invalid_grant", "user hasn't approved this consumer"), "pre-authorized"),
        (400, ("invalid_grant", "audience is invalid"), "login_url"),
        (400, ("invalid_grant", "expired authorization code"), "clock"),
        (400, ("invalid_grant", "expired access/refresh token"), "revoked"),
        (400, ("invalid_grant", "authentication failure"), "refused"),
        (400, ("invalid_client", "invalid client credentials"), "consumer_secret"),
        (400, ("invalid_client_id", "client identifier invalid"), "consumer_key"),
        (401, ("invalid_client", None), "consumer_secret"),
        (404, None, "login_url"),
        (301, None, "redirect"),
    ],
)
def test_a_refused_login_stops_the_connection_and_names_the_setting(
    status: int, body: tuple[str, str | None] | None, words: str
) -> None:
    answer = body and {"error": body[0], **({"error_description": body[1]} if body[1] else {})}
    verdict = token_verdict(status, answer)
    assert isinstance(verdict, StopConnection)
    assert words in str(verdict)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "invalid_grant", "error_description": "login rate exceeded"}),
        (400, {"error": "invalid_grant", "error_description": "Maximum Logins Exceeded"}),
        (429, None),
    ],
)
def test_too_many_logins_wait_a_quarter_of_an_hour(status: int, body: object) -> None:
    verdict = token_verdict(status, body)
    assert isinstance(verdict, RetryLater)
    assert verdict.after >= 900
    assert not verdict.counts


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (503, None), (400, {"error": "unknown_error"}), (200, ["a list"]), (200, None)],
)
def test_a_login_that_is_out_of_order_is_asked_again(status: int, body: object) -> None:
    verdict = token_verdict(status, body)
    assert isinstance(verdict, RetryLater)
    assert verdict.after < 900


def test_after_too_many_logins_nothing_is_asked_until_the_time_is_over(org: Any) -> None:
    now = [NOW]
    asking = tokens(org.options(), clock=lambda: now[0])
    limited = {"error": "invalid_grant", "error_description": "login rate exceeded"}
    org.token_answers = [Response(json.dumps(limited), status=400), lambda _seen: org.token()]

    with pytest.raises(RetryLater):
        asking.ask()
    now[0] += 899
    with pytest.raises(RetryLater) as silent:
        asking.ask()
    assert silent.value.after <= 1
    assert len(org.logins) == 1, "a login was asked for in the quarter of an hour of silence"

    now[0] += 1
    asking.ask()
    assert len(org.logins) == 2


def test_an_unreachable_login_is_asked_again_and_says_no_secret(org: Any) -> None:
    options = org.options(login_url="http://127.0.0.1:1")
    with pytest.raises(RetryLater) as unreachable:
        tokens(options).ask()
    assert not unreachable.value.counts
    assert "a-secret" not in repr(unreachable.value) + str(unreachable.value)


@pytest.mark.parametrize("field", ["instance_url", "id"])
def test_an_answer_without_address_or_identity_stops_the_connection(org: Any, field: str) -> None:
    org.token_answers = [{**org.token(), field: ""}]
    with pytest.raises(StopConnection):
        tokens(org.options()).ask()


def test_a_token_shows_no_secret(org: Any) -> None:
    token = tokens(org.options()).ask()
    assert token.secret not in repr(token)
