"""Addresses and secrets of every system's settings: what all of them take, and what none of them does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.recordings.options import BasicCredential, BearerCredential, HeaderCredential
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.velma.options import VelmaOptions

Given = Callable[[str], Any]
"""The value that a setting keeps of what is given."""


def setting(model: type[BaseModel], name: str, /, **others: object) -> Given:
    return lambda value: getattr(model.model_validate({**others, name: value}), name)


ORG = {"login_url": "https://acme.my.salesforce.com", "consumer_key": "key", "consumer_secret": "secret"}
ADDRESSES = {
    "salesforce.login_url": setting(SalesforceOptions, "login_url", **ORG),
    "salesforce.instance_url": setting(SalesforceOptions, "instance_url", **ORG),
    "hubspot.base_url": setting(HubSpotOptions, "base_url", access_token="pat-x"),
    "velma.base_url": setting(VelmaOptions, "base_url", api_key="key"),
}
TOKENS = {
    "salesforce.consumer_key": setting(SalesforceOptions, "consumer_key", **ORG),
    "salesforce.consumer_secret": setting(SalesforceOptions, "consumer_secret", **ORG),
    "hubspot.access_token": setting(HubSpotOptions, "access_token"),
    "velma.api_key": setting(VelmaOptions, "api_key"),
}
HEADER_SECRETS = {
    "recordings.password": setting(BasicCredential, "password", type="basic", username="AC1"),
    "recordings.token": setting(BearerCredential, "token", type="bearer"),
    "recordings.value": setting(HeaderCredential, "value", type="header", name="X-Api-Key"),
}
SECRETS = {**TOKENS, **HEADER_SECRETS}

every_address = pytest.mark.parametrize("given", ADDRESSES.values(), ids=ADDRESSES.keys())
every_secret = pytest.mark.parametrize("given", SECRETS.values(), ids=SECRETS.keys())


def plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


@every_address
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://gateway.example", "https://gateway.example"),
        (" https://Gateway.Example/\n", "https://gateway.example"),
        ("https://gateway.example:443", "https://gateway.example"),
        ("https://gateway.example:8443/", "https://gateway.example:8443"),
        ("http://127.0.0.1:8093", "http://127.0.0.1:8093"),
        ("http://localhost:8093/", "http://localhost:8093"),
    ],
)
def test_an_address_is_kept_in_one_spelling(given: Given, text: str, kept: str) -> None:
    assert given(text) == kept


@every_address
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://gateway.example", "must begin with https"),
        ("http://10.0.0.5", "must begin with https"),
        ("http://localhost.example", "must begin with https"),
        ("http://127.0.0.1.example.com", "must begin with https"),
        ("http://2130706433", "is no plain IP address"),
        ("https://leak@gateway.example", "carries a user name or password"),
        ("https://gateway.example?key=leak", "must not have a query or fragment"),
        ("https://gateway.example#leak", "must not have a query or fragment"),
        ("ftp://gateway.example/leak", "is not a complete https address"),
        ("gateway.example", "is not a"),
        ("", "is not a"),
    ],
)
def test_an_address_that_would_give_a_secret_away_is_refused(given: Given, text: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as refusal:
        given(text)
    assert "leak" not in str(refusal.value)


def test_what_differs_is_who_may_sit_below_a_path_and_who_is_reached_over_ipv6() -> None:
    below = {name: _taken(given, "https://gateway.example/velma/") for name, given in ADDRESSES.items()}
    assert [name for name, taken in below.items() if taken] == ["velma.base_url"]
    ipv6 = {name: _taken(given, "http://[::1]:8093") for name, given in ADDRESSES.items()}
    assert [name for name, taken in ipv6.items() if taken] == ["hubspot.base_url", "velma.base_url"]


def _taken(given: Given, text: str) -> bool:
    try:
        given(text)
    except ValidationError:
        return False
    return True


@every_secret
def test_a_secret_from_a_file_loses_its_line_end(given: Given) -> None:
    assert plain(given("sesame-77\r\n")) == "sesame-77"


@every_secret
@pytest.mark.parametrize(
    "text", ["", " \n", "sesame\n77", "sesame\x0077", "sésame-77", "sesame\u200b77", "密码77"]
)
def test_a_secret_that_no_header_can_carry_is_refused_without_repeating_it(given: Given, text: str) -> None:
    with pytest.raises(ValidationError, match="is empty or holds characters that") as refusal:
        given(text)
    assert "77" not in str(refusal.value)


def test_only_a_password_may_hold_a_space() -> None:
    taken = [name for name, given in SECRETS.items() if _taken(given, "two words")]
    assert taken == [*HEADER_SECRETS]
