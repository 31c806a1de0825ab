"""Whatever is planted wherever in a conversation, the scrubber lets none of it through."""

from __future__ import annotations

import json
import string
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrubbing import AUDIO, Known, Scrubber
from tape import Exchange
from vocabulary import (
    AMOUNTS,
    KEYS,
    MEDIA_TYPES,
    NUMBERED,
    NUMBERS,
    PEOPLE,
    RESPONSE_HEADERS,
    WORDS,
)

KNOWN = Known("https://crm.example")
ORIGIN = "http://127.0.0.1:4711"

LETTERS = string.ascii_letters + string.digits
DIGITS = string.digits


def _text(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most)


TOKENS = st.one_of(
    st.builds("pat-na1-{}-{}".format, _text("0123456789abcdef", 8, 8), _text("0123456789abcdef", 12, 12)),
    st.builds("00D{}!{}".format, _text(LETTERS, 12, 15), _text(LETTERS + "._", 20, 60)),
    st.builds("eyJ{}.{}.{}".format, *[_text(LETTERS + "_-", 10, 30)] * 3),
    _text(LETTERS + "+/", 33, 60),
)
EMAILS = st.builds(
    "{}@{}.{}".format, *[_text(string.ascii_lowercase, 4, 12)] * 2, st.sampled_from(["de", "com"])
)
BARE_PHONES = st.builds("{}{}".format, st.sampled_from("123456"), _text(DIGITS, 9, 11))
PHONES = st.one_of(
    st.builds("+{} {} {}".format, _text(DIGITS, 2, 2), _text(DIGITS, 3, 4), _text(DIGITS, 5, 7)),
    st.builds("({}) {}-{}".format, _text(DIGITS, 3, 3), _text(DIGITS, 3, 3), _text(DIGITS, 4, 4)),
    st.builds("0{} {} {}".format, _text(DIGITS, 3, 3), _text(DIGITS, 4, 4), _text(DIGITS, 4, 4)),
    BARE_PHONES,
)
SECRETS = st.one_of(TOKENS, EMAILS, PHONES)
NAMES = st.one_of(
    st.sampled_from(sorted(KEYS)),
    st.sampled_from(sorted(AMOUNTS | NUMBERED | NUMBERS | PEOPLE)),
    _text(string.ascii_letters + "_", 1, 12),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[str], list[Exchange]]:
    """What was planted, and exchanges with it in any place."""
    planted: list[str] = []

    def secret(kind: st.SearchStrategy[str] = SECRETS) -> str:
        planted.append(draw(kind))
        return planted[-1]

    def wrapped() -> Any:
        """A secret as a value, or as part of one."""
        found = secret()
        forms: list[Any] = [
            found,
            f"Ask {found} again",
            f"First line.\r\n{found}\n",
            f"<p>{found}</p><p>velma-note</p>",
            f'<a href="https://{quote(found, safe="")}.example/x">play</a>',
            f"https://dialer.example/{quote(found, safe='')}?token={quote(found, safe='')}",
            f"{ORIGIN}/services/data/{quote(found, safe='')}",
            f"Property values were not valid: {json.dumps([{'message': found, found: found}])}",
            json.dumps({"message": found}),
        ]
        return draw(st.sampled_from(forms))

    def tree(depth: int) -> Any:
        leaves = ["secret", "number", "word"]
        kind = draw(st.sampled_from([*leaves, "members", "list"] if depth else leaves))
        if kind == "members":
            names = [draw(NAMES) for _ in range(draw(st.integers(0, 3)))]
            members = {name: tree(depth - 1) for name in names}
            return {**members, **({secret(): wrapped()} if draw(st.booleans()) else {})}
        if kind == "list":
            return [tree(depth - 1) for _ in range(draw(st.integers(0, 3)))]
        if kind == "number":
            found = secret(BARE_PHONES)
            return draw(st.sampled_from([found, int(found)]))
        return wrapped() if kind == "secret" else draw(st.sampled_from(["Call", 7, None, True, 0.5]))

    def body() -> tuple[str, bytes]:
        media_type = draw(st.sampled_from([*sorted(MEDIA_TYPES), "application/x-www-form-urlencoded"]))
        forms = [
            json.dumps(tree(3)),
            urlencode([("grant_type", secret()), (secret(), "token")]),
            f"<html>{secret()}</html>",
            f'{{"message": "{secret()}',
        ]
        return draw(st.sampled_from([media_type, secret()])), draw(st.sampled_from(forms)).encode()

    def address() -> str:
        soql = draw(st.sampled_from(["SELECT Id FROM Task WHERE Name = '{}'", "SELECT {} FROM Task LIMIT 3"]))
        pairs = [("q", soql.format(secret())), (draw(NAMES), str(wrapped())), (secret(), "1")]
        user = draw(st.sampled_from(["", f"user:{quote(secret(), safe='')}@"]))
        return f"http://{user}127.0.0.1:4711/services/{quote(secret(), safe='')}?{urlencode(pairs)}"

    def exchange() -> Exchange:
        sent, answered = body(), body()
        name = draw(st.sampled_from(["Authorization", "Cookie", "X-Other", *sorted(RESPONSE_HEADERS)]))
        return Exchange(
            draw(st.sampled_from(["GET", "POST", secret()])),
            address(),
            200,
            {"Content-Type": sent[0], "Authorization": f"Bearer {secret()}", name: secret()},
            sent[1],
            {"Content-Type": answered[0], "Set-Cookie": secret(), name: str(wrapped()), secret(): secret()},
            answered[1],
        )

    return planted, [exchange() for _ in range(draw(st.integers(1, 2)))]


def _everything(exchange: Exchange) -> str:
    """All of an exchange as text, also unquoted and with the escapes of JSON undone."""
    bodies = [exchange.request_body.decode(), exchange.response_body.decode()]
    text = "\n".join([exchange.method, exchange.uri, str(exchange.request_headers), *bodies])
    text += str(exchange.response_headers)
    return "\n".join([text, unquote_plus(text), text.replace("\\/", "/").replace('\\"', '"')]).lower()


@settings(max_examples=300, deadline=None)
@given(conversations())
def test_no_secret_address_or_telephone_number_survives_anywhere(
    conversation: tuple[list[str], list[Exchange]],
) -> None:
    planted, exchanges = conversation
    scrubber = Scrubber(KNOWN, exchanges)
    left = "\n".join(_everything(scrubber.exchange(exchange)) for exchange in exchanges)
    survivors = [secret for secret in planted if secret.lower() in left]
    assert not survivors


def _answer(document: Any, uri: str = f"{ORIGIN}/services/data/v66.0/query") -> Exchange:
    headers = {"Content-Type": "application/json"}
    return Exchange("GET", uri, 200, {}, b"", headers, json.dumps(document).encode())


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
    (clean,) = _scrubbed(_answer({"records": document}))
    assert json.loads(clean.response_body) == {"records": document}


@given(st.lists(_text(LETTERS, 12, 12).map("00T{}".format), min_size=2, max_size=8, unique=True))
def test_ids_are_replaced_in_their_order_and_everywhere_alike(ids: list[str]) -> None:
    exchanges = [
        _answer({"ids": ids}, f"{ORIGIN}/query?{urlencode({'q': _by_ids(ids)})}"),
        *(_answer({}, f"{ORIGIN}/services/data/v66.0/sobjects/Task/{one}") for one in ids),
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
        _answer(document), *(_answer({}, f"{ORIGIN}/crm/objects/2026-03/notes/{one}") for one in ids)
    )
    results = json.loads(first.response_body)["results"]
    invented = [int(one["id"]) for one in results]
    assert invented == [one["toObjectId"] for one in results]
    assert invented == [int(other.uri.rpartition("/")[2]) for other in others]
    assert [ids.index(one) for one in sorted(ids)] == [invented.index(one) for one in sorted(invented)]


@given(st.lists(st.sampled_from(["Mara", "Tobias", "Ines"]), min_size=2, max_size=6))
def test_the_same_text_is_always_replaced_by_the_same(names: list[str]) -> None:
    exchanges = _scrubbed(*(_answer({"records": [{"Name": name}]}) for name in names))
    invented = [json.loads(each.response_body)["records"][0]["Name"] for each in exchanges]
    assert len(set(zip(names, invented, strict=True))) == len(set(names)) == len(set(invented))


def test_own_lines_of_a_note_stay_while_those_of_a_person_are_replaced() -> None:
    known = Known("https://crm.example", frozenset({"Our summary."}))
    (clean,) = _scrubbed(_answer({"Description": "Ring her at home.\n\nOur summary."}), known=known)
    assert json.loads(clean.response_body) == {"Description": "Description 1\n\nOur summary."}


def test_a_download_becomes_other_bytes_whose_size_and_checksum_are_told() -> None:
    checksum = "5d41402abc4b2a76b9719d911017c592"
    file = {"ContentSize": 5, "Checksum": checksum}
    audio = Exchange("GET", f"{ORIGIN}/x", 200, {}, b"", {"Content-Type": "audio/ogg"}, b"OggS\xff")
    told, download = _scrubbed(_answer(file), audio)
    assert download.response_body == AUDIO
    assert json.loads(told.response_body)["ContentSize"] == len(AUDIO)
    assert checksum not in told.response_body.decode()


def test_an_admins_field_names_and_their_definitions_go() -> None:
    known = Known("https://crm.example", names={"Acme_Audio__c": "Recording_1__c"})
    field = {"label": "Audio of Acme", "type": "url"}
    document = {"fields": [{"name": "Acme_Audio__c", **field}, {"name": "Acme_Margin__c", **field}]}
    uri = f"{ORIGIN}/query?{urlencode({'q': 'SELECT Acme_Audio__c FROM Task'})}"
    (clean,) = _scrubbed(_answer(document, uri), known=known)
    assert [each["name"] for each in json.loads(clean.response_body)["fields"]] == ["Recording_1__c"]
    assert clean.uri == "https://crm.example/query?q=SELECT+Recording_1__c+FROM+Task"
    assert "Acme" not in _everything(clean)


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "Set-Cookie", "X-Anything", "Date"])
def test_only_headers_that_are_read_are_kept(name: str) -> None:
    (clean,) = _scrubbed(
        Exchange("GET", ORIGIN, 200, {name: "1", "Content-Type": "application/json"}, b"", {name: "1"}, b"")
    )
    assert clean.request_headers == {"content-type": "application/json"}
    assert clean.response_headers == {}
