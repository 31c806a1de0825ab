"""No cassette and no golden file holds a secret, an address of a person or a telephone number."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote_plus

import pytest
from crms import cassettes
from leaks import leaks_in
from recording import golden

from velma_connectors.sandbox.rehearsal import API_KEY
from velma_connectors.sandbox.seeding.hubspot import ACCESS_TOKEN
from velma_connectors.sandbox.seeding.salesforce import Credentials

FILES = [file for path in cassettes() for file in (path, golden(path))]

SANDBOX = Credentials()
PLANTED = [
    SANDBOX.client_key,
    SANDBOX.client_secret,
    SANDBOX.username,
    ACCESS_TOKEN,
    API_KEY,
    "pat-na1-1b2c3d4e-5f60-4718-8a9b-0c1d2e3f4a5b",
    "00Dxx0000001gEREAY!AQcAQH0dMHZfz972Szmpkb58urFRkgeBGsxL_QJWwYMfAbUeeG7c1E6",
    "Bearer abcdef123456",
    "Basic a2V5LW9mLXRoZS1hcHA6c2VjcmV0",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOTlPeFR5RU1D.c2ln",
    "-----BEGIN RSA PRIVATE KEY-----",
    "secret-of-the-app",
    "token-of-the-app",
    "dGhpcyBpcyBhIHNlY3JldCBvZiBzb21lIGxlbmd0aA1",
    "mara.lindqvist@ledgerline.de",
    "sync@notexample.com",
    "+49 30 901820",
    "+14155550132",
    "(415) 555-0132",
    "415-555-0132",
    "0151 2345 6789",
    "4155550132",
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_nothing_that_looks_like_a_secret_or_a_person_is_found(file: Path) -> None:
    assert leaks_in(file.read_text()) == [], f"{file} must not be committed"


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("written", [str, quote_plus], ids=["plain", "in an address"])
def test_what_is_planted_into_a_cassette_is_found(planted: str, written: type[str]) -> None:
    text = FILES[0].read_text()
    middle = text.index("interactions:") + len("interactions:")
    found = leaks_in(f"{text[:middle]} '{written(planted)}' {text[middle:]}")
    assert found, f"{planted} was overlooked"
    assert planted not in "".join(found), "a report must not repeat the secret"


def test_addresses_and_numbers_made_for_examples_are_no_leaks() -> None:
    harmless = "person-3@crm.example buyer@example.com api-usage=25/15000 70000000012"
    assert leaks_in(f"{harmless} 2026-06-01T12:00:00.000+0000") == []
