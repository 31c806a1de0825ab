"""Tokens: who gets one, who does not and why, and how long it opens the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceOrg

from .conftest import START, Clock, Door, LoopbackAdapter

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NOW = int(START.timestamp())


def pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


PRIVATE, PUBLIC = pem_pair()
STRANGERS_PRIVATE, _ = pem_pair()


def ask(door: Door, **kwargs: Any) -> requests.Response:
    return door.session.post(f"{door.url}/services/oauth2/token", timeout=10, **kwargs)


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    document = answer.json()
    return answer.status_code, document["error"], document["error_description"]


@pytest.fixture
def jwt_app(org: SalesforceOrg, door: Door) -> ConnectedApp:
    approved = frozenset({"sync@acme.example"})
    return org.add_app(ConnectedApp("jwt-key", "unused", public_key=PUBLIC, approved=approved))


def assertion(private: str = PRIVATE, **changes: Any) -> dict[str, str]:
    claims = {
        "iss": "jwt-key",
        "sub": "sync@acme.example",
        "aud": "https://login.salesforce.com",
        "exp": str(NOW + 180),
    }
    signed = jwt.encode({**claims, **changes}, private, algorithm="RS256")
    return {"grant_type": JWT_BEARER, "assertion": signed}


@pytest.mark.parametrize("way", ["header", "body"])
def test_client_credentials_give_a_token_that_opens_the_api(door: Door, way: str) -> None:
    form = {"grant_type": "client_credentials"}
    if way == "header":
        answer = ask(door, data=form, auth=("app-key", "app-secret"))
    else:
        answer = ask(door, data={**form, "client_id": "app-key", "client_secret": "app-secret"})
    granted = answer.json()
    assert granted.keys() == {
        "access_token",
        "signature",
        "scope",
        "instance_url",
        "id",
        "token_type",
        "issued_at",
    }, "no expires_in: the end of a session is only found by its 401"
    assert granted["instance_url"] == door.url
    assert granted["issued_at"] == str(NOW * 1000)
    door.token = granted["access_token"]
    assert door.call("GET", "/limits").status_code == 200


def test_the_library_logs_in_with_client_credentials(org: SalesforceOrg, door: Door) -> None:
    session = requests.Session()
    session.mount("https://", LoopbackAdapter(door.url))
    salesforce = Salesforce(
        consumer_key="app-key", consumer_secret="app-secret", domain="acme.my", session=session
    )
    assert salesforce.query("SELECT Name FROM Organization")["records"][0]["Name"] == "Acme Bakery Supplies"
    assert org.usage.kinds["token"] == 1


@pytest.mark.parametrize(
    ("form", "auth", "expected"),
    [
        ({"grant_type": "password"}, None, (400, "unsupported_grant_type", "grant type not supported")),
        ({}, None, (400, "unsupported_grant_type", "grant type not supported")),
        (
            {"grant_type": "client_credentials"},
            ("app-key", "wrong"),
            (401, "invalid_client", "invalid client credentials"),
        ),
        (
            {"grant_type": "client_credentials"},
            ("nobody", "app-secret"),
            (400, "invalid_client_id", "client identifier invalid"),
        ),
        (
            {"grant_type": "client_credentials"},
            ("userless", "secret"),
            (400, "invalid_grant", "no client credentials user enabled"),
        ),
    ],
)
def test_a_token_request_is_refused_with_its_reason(
    org: SalesforceOrg,
    door: Door,
    form: dict[str, str],
    auth: tuple[str, str] | None,
    expected: tuple[int, str, str],
) -> None:
    org.add_app(ConnectedApp("userless", "secret"))
    assert error_of(ask(door, data=form, auth=auth)) == expected


def test_a_broken_header_or_method_is_refused(door: Door) -> None:
    headers = {"Authorization": "Basic ???"}
    refused = ask(door, data={"grant_type": "client_credentials"}, headers=headers)
    assert error_of(refused) == (401, "invalid_client", "invalid client credentials")
    got = door.session.get(f"{door.url}/services/oauth2/token", timeout=10)
    assert error_of(got) == (400, "invalid_request", "must use HTTP POST")


def test_an_inactive_user_gets_no_token_and_loses_the_old_one(org: SalesforceOrg, door: Door) -> None:
    org.update(door.user_id, {"IsActive": False})
    answer = ask(door, data={"grant_type": "client_credentials"}, auth=("app-key", "app-secret"))
    assert error_of(answer) == (400, "invalid_grant", "inactive user")
    assert door.refusal("GET", "/limits")[:2] == (401, "INVALID_SESSION_ID")


def test_a_signed_assertion_gives_a_token(door: Door, jwt_app: ConnectedApp) -> None:
    granted = ask(door, data=assertion()).json()
    door.token = granted["access_token"]
    assert door.query("SELECT Username FROM User WHERE Username = 'sync@acme.example'") != []


def test_the_library_logs_in_with_a_key(org: SalesforceOrg, jwt_app: ConnectedApp, door: Door) -> None:
    session = requests.Session()
    session.mount("https://", LoopbackAdapter(door.url))
    org.switches = replace(org.switches, jwt_seconds=10**12)  # the library signs by the real time
    salesforce = Salesforce(
        username="sync@acme.example",
        consumer_key="jwt-key",
        privatekey=PRIVATE,
        domain="login",
        instance_url="acme.my",
        session=session,
    )
    assert salesforce.query("SELECT COUNT() FROM User")["totalSize"] == 2


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (assertion(STRANGERS_PRIVATE), ("invalid_grant", "invalid assertion")),
        ({"grant_type": JWT_BEARER, "assertion": "a.b.c"}, ("invalid_grant", "invalid assertion")),
        ({"grant_type": JWT_BEARER}, ("invalid_grant", "invalid assertion")),
        (assertion(iss="somebody"), ("invalid_client_id", "client identifier invalid")),
        (assertion(aud="https://test.salesforce.com"), ("invalid_grant", "audience is invalid")),
        (assertion(exp=str(NOW - 1)), ("invalid_grant", "expired authorization code")),
        (assertion(exp=str((NOW + 180) * 1000)), ("invalid_grant", "expired authorization code")),
        (assertion(exp=str(NOW + 301)), ("invalid_grant", "expired authorization code")),
        (assertion(sub="admin@acme.example"), ("invalid_grant", "user hasn't approved this consumer")),
        (assertion(sub="nobody@acme.example"), ("invalid_grant", "user hasn't approved this consumer")),
    ],
)
def test_a_bad_assertion_is_refused_with_its_reason(
    door: Door, jwt_app: ConnectedApp, form: dict[str, str], expected: tuple[str, str]
) -> None:
    assert error_of(ask(door, data=form)) == (400, *expected)


def test_how_far_ahead_an_assertion_may_expire_is_a_switch(
    org: SalesforceOrg, door: Door, jwt_app: ConnectedApp
) -> None:
    org.switches = replace(org.switches, jwt_seconds=180)
    assert ask(door, data=assertion(exp=str(NOW + 181))).status_code == 400
    assert ask(door, data=assertion(exp=str(NOW + 180))).status_code == 200


def test_too_many_token_requests_within_an_hour_are_refused(
    org: SalesforceOrg, door: Door, clock: Clock
) -> None:
    org.switches = replace(org.switches, token_requests_per_hour=2)
    form, auth = {"grant_type": "client_credentials"}, ("app-key", "app-secret")
    answers = [ask(door, data=form, auth=auth) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    assert error_of(answers[2])[2] == "login rate exceeded"
    clock.advance(minutes=61)
    assert ask(door, data=form, auth=auth).status_code == 200


def test_a_session_ends_when_it_rests_longer_than_the_timeout(door: Door, clock: Clock) -> None:
    for _ in range(3):
        clock.advance(minutes=119)
        assert door.call("GET", "/limits").status_code == 200, "use keeps a session alive"
    clock.advance(minutes=120)
    assert door.refusal("GET", "/limits") == (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_revoked_sessions_end_at_once_and_the_library_says_so(org: SalesforceOrg, door: Door) -> None:
    salesforce = door.library()
    org.sessions.end_all()
    with pytest.raises(SalesforceExpiredSession):
        salesforce.query("SELECT Id FROM Task")


@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer", "Bearer nonsense"])
def test_without_a_living_session_nothing_is_answered(door: Door, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = door.session.get(f"{door.url}/services/data/v66.0/limits", headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_session_without_the_api_scope_is_of_no_use_and_says_another_sentence(
    org: SalesforceOrg, door: Door
) -> None:
    door.token = org.open_session(door.user_id, scopes=("id", "chatter_api")).token
    message = "This session is not valid for use with the REST API"
    assert door.refusal("GET", "/limits") == (401, "INVALID_SESSION_ID", message)


def test_a_user_without_api_permission_is_refused(org: SalesforceOrg, door: Door) -> None:
    org.set_permission(door.user_id, "ApiEnabled", False)
    assert door.refusal("GET", "/limits")[:2] == (403, "API_DISABLED_FOR_ORG")
    org.switches = replace(org.switches, api_disabled_status=400)
    assert door.refusal("GET", "/limits")[0] == 400


def test_the_library_reports_a_refused_login_by_its_error_word(door: Door) -> None:
    session = requests.Session()
    session.mount("https://", LoopbackAdapter(door.url))
    with pytest.raises(SalesforceAuthenticationFailed) as failure:
        Salesforce(consumer_key="app-key", consumer_secret="no", domain="acme.my", session=session)
    assert failure.value.code == "invalid_client"


def test_userinfo_names_the_user_of_the_token(org: SalesforceOrg, door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.token}"}
    answer = door.session.get(f"{door.url}/services/oauth2/userinfo", headers=headers, timeout=10)
    told = answer.json()
    assert (told["user_id"], told["organization_id"]) == (door.user_id, org.id)
    refused = door.session.get(f"{door.url}/services/oauth2/userinfo", timeout=10)
    assert (refused.status_code, refused.text) == (403, "Bad_OAuth_Token")
