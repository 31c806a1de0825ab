"""Who we are to a portal, and what a key with too few scopes is told about each of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.wrappers import Response

from velma_connectors.errors import RetryLater, StopConnection
from velma_connectors.hubspot import paths
from velma_connectors.hubspot.client import HubSpotClient
from velma_connectors.hubspot.fields import KnownFields
from velma_connectors.hubspot.identity import who_we_are
from velma_connectors.hubspot.options import HubSpotOptions
from velma_connectors.model import Health
from velma_connectors.sandbox.faults import Fault
from velma_connectors.sandbox.hubspot import edge_answers

SCOPES = {
    "crm.objects.contacts.read",
    "crm.objects.deals.read",
    "crm.objects.companies.read",
    "crm.objects.owners.read",
    "crm.schemas.calls.read",
    "crm.schemas.deals.read",
}
"""All that reading needs: calls and notes hang on the scope of contacts."""


@pytest.fixture
def known(client: HubSpotClient) -> KnownFields:
    return KnownFields(client)


@pytest.fixture
def ask(client: HubSpotClient, known: KnownFields, options: HubSpotOptions) -> Any:
    return lambda: who_we_are(client, known, options)


def answered(details: dict[str, Any]) -> Response:
    return Response(json.dumps(details), mimetype="application/json")


def test_a_portal_is_known_by_its_id_and_the_key_by_its_kind(ask: Any, portal: Any, token: str) -> None:
    health = ask()
    assert health == Health(
        account_id=str(portal.id),
        account_name=f"portal {portal.id} on app.hubspot.com",
        user="service key or private app (na1)",
        api_version=paths.VERSION,
    )
    assert token not in repr(health)


def test_a_check_costs_ten_small_requests_and_is_remembered_for_what_follows(
    ask: Any, portal: Any, known: KnownFields
) -> None:
    for number in range(300):
        portal.insert("deals", {"dealname": f"Deal {number}"})
    ask()
    assert portal.usage.snapshot()["requests"] == 10
    assert "hs_call_title" in known.of("calls")
    assert "dealname" in known.of("deals")
    assert portal.usage.snapshot()["requests"] == 10


def test_the_scopes_that_reading_needs_are_enough(ask: Any, portal: Any, token: str) -> None:
    portal.add_token(token, SCOPES)
    assert ask().problems == ()


@pytest.mark.parametrize(
    ("lacking", "about"),
    [
        ("crm.objects.companies.read", "Companies cannot"),
        ("crm.objects.owners.read", "Owners cannot"),
        ("crm.schemas.calls.read", "The properties of calls cannot"),
        ("crm.objects.deals.read", "Deals cannot"),
        ("crm.schemas.deals.read", "The properties of deals cannot"),
    ],
)
def test_each_missing_scope_is_a_problem_that_names_it(
    ask: Any, portal: Any, token: str, lacking: str, about: str
) -> None:
    portal.add_token(token, SCOPES - {lacking})
    (problem,) = ask().problems
    assert problem.startswith(about)
    assert f"grant the key the scope {lacking}" in problem


def test_pipelines_name_every_scope_of_which_one_would_do(ask: Any, portal: Any, token: str) -> None:
    portal.add_token(token, SCOPES - {"crm.objects.deals.read", "crm.schemas.deals.read"})
    (pipelines,) = [problem for problem in ask().problems if "pipelines" in problem]
    assert "crm.objects.deals.read or crm.schemas.deals.read" in pipelines


def test_without_the_scope_for_calls_there_is_nothing_to_do(ask: Any, portal: Any, token: str) -> None:
    portal.add_token(token, SCOPES - {"crm.objects.contacts.read"})
    with pytest.raises(StopConnection, match=r"Calls .*scope crm\.objects\.contacts\.read") as stopped:
        ask()
    assert type(stopped.value) is StopConnection
    assert stopped.value.__suppress_context__


def test_a_feature_that_the_portal_lacks_is_a_problem(ask: Any, faults: Any) -> None:
    faults.add(Fault("GET .*/objects/.*/companies", answer=edge_answers.api_error(403, "FORBIDDEN", "no")))
    (problem,) = ask().problems
    assert problem.startswith("Companies cannot be read: HubSpot refused GET crm/objects/companies")
    assert "(FORBIDDEN). Until then" in problem


def test_an_outage_while_checking_is_no_problem_of_the_key(ask: Any, faults: Any) -> None:
    faults.add(Fault("GET .*/owners", times=9, answer=edge_answers.service_unavailable()))
    with pytest.raises(RetryLater):
        ask()


@pytest.mark.parametrize(
    ("details", "name"),
    [
        ({"accountType": "SANDBOX"}, "portal 7 on HubSpot, a sandbox"),
        ({"accountType": "DEVELOPER_TEST"}, "portal 7 on HubSpot, a developer test account"),
        ({"uiDomain": "app-eu1.hubspot.com"}, "portal 7 on app-eu1.hubspot.com"),
    ],
)
def test_accounts_for_trying_things_out_are_told_apart(
    ask: Any, faults: Any, details: dict[str, str], name: str
) -> None:
    faults.add(Fault("GET .*/details", answer=answered({"portalId": 7, **details})))
    assert ask().account_name == name


def test_a_server_that_is_not_hubspot_is_told_by_its_account(ask: Any, faults: Any) -> None:
    faults.add(Fault("GET .*/details", answer=answered({"status": "ok"})))
    with pytest.raises(StopConnection, match="base_url"):
        ask()


def test_a_key_of_another_form_is_still_a_key(
    client: HubSpotClient, known: KnownFields, options: HubSpotOptions, portal: Any
) -> None:
    odd = options.model_validate({"access_token": "CJSP5qf1KhICAQEYs", "base_url": options.base_url})
    assert who_we_are(client, known, odd).user == "access token"
