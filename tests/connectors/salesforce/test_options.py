"""Settings of a connection: what is refused, and that reading them loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from velma_connectors.registry import ConnectorKind, load_kind
from velma_connectors.salesforce.options import SalesforceOptions, org_url

GOOD: dict[str, Any] = {
    "login_url": "https://acme.my.salesforce.com",
    "consumer_key": "key-of-the-app",
    "consumer_secret": "a-secret",
}


def test_the_kind_is_installed_and_carries_these_options() -> None:
    kind = load_kind("salesforce")
    assert isinstance(kind, ConnectorKind)
    assert kind.options is SalesforceOptions


def test_reading_the_options_loads_no_client_library() -> None:
    code = (
        "import sys, velma_connectors.salesforce.options;"
        "print([name for name in ('requests', 'simple_salesforce', 'jwt', 'httpx') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]", "importing the options must stay cheap"


def test_every_option_has_a_title_and_a_description() -> None:
    lacking = [
        name
        for name, field in SalesforceOptions.model_fields.items()
        if not (field.title and field.description)
    ]
    assert not lacking


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("https://ACME.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("http://127.0.0.1:8099", "http://127.0.0.1:8099"),
        ("http://localhost:8099/", "http://localhost:8099"),
    ],
)
def test_a_base_url_becomes_an_origin(url: str, expected: str) -> None:
    assert org_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.evil.example",
        "ftp://localhost",
        "acme.my.salesforce.com",
        "https://user@acme.my.salesforce.com",
        "https://acme.my.salesforce.com/services",
        "https://acme.my.salesforce.com?a=b",
        "https://acme.lightning.force.com",
        "http://[::1]:8099",
        "https://[2001:db8::1]",
        "",
    ],
)
@pytest.mark.parametrize("field", ["login_url", "instance_url"])
def test_any_other_base_url_is_refused(field: str, url: str) -> None:
    with pytest.raises(ValidationError, match=field):
        SalesforceOptions.model_validate({**GOOD, field: url})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"consumer_secret": None}, "consumer_secret"),
        ({"login_url": "https://login.salesforce.com"}, "My Domain"),
        ({"flow": "jwt"}, "username and private_key"),
        ({"flow": "password"}, "client_credentials"),
        ({"calls_from": []}, "calls_from"),
        ({"calls_from": ["Task", "Task"]}, "twice"),
        ({"calls_from": ["Case"]}, "Task"),
        ({"recording_fields": ["X__c FROM User"]}, "recording_fields"),
        ({"start_field": "a.b"}, "start_field"),
        ({"api_version": "66"}, "api_version"),
        ({"permission_set": "Two Words"}, "permission_set"),
        ({"consumer_kee": "x"}, "consumer_kee"),
    ],
)
def test_incomplete_or_unknown_settings_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SalesforceOptions.model_validate({**GOOD, **changes})


def test_secrets_do_not_show() -> None:
    options = SalesforceOptions.model_validate({**GOOD, "private_key": "a-private-key"})
    assert "a-secret" not in repr(options)
    assert "a-private-key" not in repr(options)


def test_an_error_about_settings_does_not_quote_their_secrets() -> None:
    with pytest.raises(ValidationError) as refused:
        SalesforceOptions.model_validate({**GOOD, "flow": "jwt"})
    assert "a-secret" not in str(refused.value)
