"""Whatever is planted wherever in a conversation, the scrubber lets none of it through."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import EXAMPLES, LETTERS, ORIGIN, answer, conversations, everything, everywhere
from scrubbing import AUDIO, Known, Scrubber
from tape import Exchange
from vocabulary import KEYS, WORDS

KNOWN = Known("https://crm.example")


@settings(max_examples=300)
@given(conversations())
def test_no_secret_address_or_telephone_number_survives_anywhere(
    conversation: tuple[list[str], list[Exchange]],
) -> None:
    planted, exchanges = conversation
    scrubber = Scrubber(KNOWN, exchanges)
    left = "\n".join(everything(scrubber.exchange(exchange)) for exchange in exchanges)
    survivors = [secret for secret in planted if secret.lower() in left]
    assert not survivors


@pytest.mark.parametrize("secret", EXAMPLES)
def test_no_place_is_forgotten(secret: str) -> None:
    places = everywhere(secret)
    left = {name: everything(*_scrubbed(exchange)) for name, exchange in places.items()}
    assert not [name for name, text in left.items() if secret.lower() in text]


def test_a_recording_of_hubspots_stays_one() -> None:
    portal, call = f"{ORIGIN}/getAuthRecording/portal/48201977/engagement/512", {"id": "512"}
    (clean,) = _scrubbed(answer({"results": [{**call, "hs_call_recording_url": portal}]}))
    assert json.loads(clean.response_body)["results"] == [
        {
            "id": "70000000001",
            "hs_call_recording_url": "https://api-na1.hubspot.com/getAuthRecording"
            "/portal/70000000002/engagement/70000000001",
        }
    ]


def _scrubbed(*exchanges: Exchange, known: Known = KNOWN) -> list[Exchange]:
    scrubber = Scrubber(known, exchanges)
    return [scrubber.exchange(exchange) for exchange in exchanges]


LISTED = st.recursive(
    st.one_of(
        st.sampled_from(sorted(WORDS)),
        st.sampled_from([None, True, False]),
        st.dates(date(1970, 1, 1), date(2099, 12, 31)).map(date.isoformat),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(sorted(KEYS - {"access_token", "Checksum", "timeZone", "label"})),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(LISTED)
def test_what_is_listed_stays_as_it_came(document: Any) -> None:
    (clean,) = _scrubbed(answer({"records": document}))
    assert json.loads(clean.response_body) == {"records": document}


@given(
    st.lists(
        st.text(LETTERS, min_size=12, max_size=12).map("00T{}".format), min_size=2, max_size=8, unique=True
    )
)
def test_ids_are_replaced_in_their_order_and_everywhere_alike(ids: list[str]) -> None:
    exchanges = [
        answer({"ids": ids}, f"{ORIGIN}/query?{urlencode({'q': _by_ids(ids)})}"),
        *(answer({}, f"{ORIGIN}/services/data/v66.0/sobjects/Task/{one}") for one in ids),
    ]
    first, *others = _scrubbed(*exchanges)
    invented = json.loads(first.response_body)["ids"]
    assert sorted(invented) == [f"00T{number:012d}" for number in range(1, len(ids) + 1)]
    assert [invented[ids.index(one)] for one in sorted(ids)] == sorted(invented)
    assert dict(parse_qsl(urlsplit(first.uri).query))["q"] == _by_ids(invented)
    assert [other.uri.rpartition("/")[2] for other in others] == invented


def _by_ids(ids: list[str]) -> str:
    listed = ",".join(f"'{one}'" for one in ids)
    return f"SELECT Id FROM Task WHERE Id IN ({listed})"


@given(st.lists(st.integers(10**4, 10**12), min_size=2, max_size=8, unique=True))
def test_numeric_ids_are_replaced_alike_as_numbers_texts_and_in_paths(ids: list[int]) -> None:
    document = {"results": [{"id": str(one), "toObjectId": one} for one in ids]}
    first, *others = _scrubbed(
        answer(document), *(answer({}, f"{ORIGIN}/crm/objects/2026-03/notes/{one}") for one in ids)
    )
    results = json.loads(first.response_body)["results"]
    invented = [int(one["id"]) for one in results]
    assert invented == [one["toObjectId"] for one in results]
    assert invented == [int(other.uri.rpartition("/")[2]) for other in others]
    assert [ids.index(one) for one in sorted(ids)] == [invented.index(one) for one in sorted(invented)]


@given(st.lists(st.sampled_from(["Mara", "Tobias", "Ines"]), min_size=2, max_size=6))
def test_the_same_text_is_always_replaced_by_the_same(names: list[str]) -> None:
    exchanges = _scrubbed(*(answer({"records": [{"Name": name}]}) for name in names))
    invented = [json.loads(each.response_body)["records"][0]["Name"] for each in exchanges]
    assert len(set(zip(names, invented, strict=True))) == len(set(names)) == len(set(invented))


def test_own_lines_of_a_note_stay_while_those_of_a_person_are_replaced() -> None:
    known = Known("https://crm.example", frozenset({"Our summary."}))
    (clean,) = _scrubbed(answer({"Description": "Ring her at home.\n\nOur summary."}), known=known)
    assert json.loads(clean.response_body) == {"Description": "Description 1\n\nOur summary."}


def test_a_download_becomes_other_bytes_whose_size_and_checksum_are_told() -> None:
    checksum = "5d41402abc4b2a76b9719d911017c592"
    file = {"ContentSize": 5, "Checksum": checksum}
    audio = Exchange("GET", f"{ORIGIN}/x", 200, {}, b"", {"Content-Type": "audio/ogg"}, b"OggS\xff")
    told, download = _scrubbed(answer(file), audio)
    assert download.response_body == AUDIO
    assert json.loads(told.response_body)["ContentSize"] == len(AUDIO)
    assert checksum not in told.response_body.decode()


def test_an_admins_field_names_and_their_definitions_go() -> None:
    known = Known("https://crm.example", names={"Acme_Audio__c": "Recording_1__c"})
    field = {"label": "Audio of Acme", "type": "url"}
    document = {"fields": [{"name": "Acme_Audio__c", **field}, {"name": "Acme_Margin__c", **field}]}
    uri = f"{ORIGIN}/query?{urlencode({'q': 'SELECT Acme_Audio__c FROM Task'})}"
    (clean,) = _scrubbed(answer(document, uri), known=known)
    assert [each["name"] for each in json.loads(clean.response_body)["fields"]] == ["Recording_1__c"]
    assert clean.uri == "https://crm.example/query?q=SELECT+Recording_1__c+FROM+Task"
    assert "Acme" not in everything(clean)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Set-Cookie", "X-Anything", "Date"])
def test_only_headers_that_are_read_are_kept(name: str) -> None:
    (clean,) = _scrubbed(
        Exchange("GET", ORIGIN, 200, {name: "1", "Content-Type": "application/json"}, b"", {name: "1"}, b"")
    )
    assert clean.request_headers == {"content-type": "application/json"}
    assert clean.response_headers == {}
