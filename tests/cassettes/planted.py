"""Conversations with secrets planted in them, in any place, and all that is left of one as text."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

from hypothesis import strategies as st
from tape import Exchange
from vocabulary import AMOUNTS, KEYS, MEDIA_TYPES, NUMBERED, NUMBERS, PEOPLE, RESPONSE_HEADERS

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


def everything(exchange: Exchange) -> str:
    """All of an exchange as text, also unquoted and with the escapes of JSON undone."""
    bodies = [exchange.request_body.decode(), exchange.response_body.decode()]
    text = "\n".join([exchange.method, exchange.uri, str(exchange.request_headers), *bodies])
    text += str(exchange.response_headers)
    return "\n".join([text, unquote_plus(text), text.replace("\\/", "/").replace('\\"', '"')]).lower()


EXAMPLES = (
    "pat-na1-1b2c3d4e-5f60-4718",
    "00Dxx0000001gER!AQcAQH0dMHZfz972Szmpkb58",
    "q7Xk2mP9vB4nT8sW3zL6rD1yH5cF0gJ2",
    "mara@ledgerline.de",
    "+49 30 9018200",
    "0151 2345 6789",
    "4915112345678",
)
PLAIN = Exchange("GET", f"{ORIGIN}/services/data", 200)
SOQL = ("SELECT Id FROM Task WHERE Name = '{}'", "SELECT {} FROM Task", "SELECT Id FROM Task LIMIT {}")


def everywhere(secret: str) -> dict[str, Exchange]:
    """An exchange for every place that a secret can be in, by what the place is called."""
    return {**_in_answers(secret), **_in_addresses(secret), **_in_requests(secret), **_in_headers(secret)}


def _in_answers(secret: str) -> dict[str, Exchange]:
    told = quote(secret, safe="")
    embedded = json.dumps([{secret: 1, "message": secret}])
    documents = {
        **{f"value of {key}": {key: secret} for key in KEYS},
        **{f"inside {key}": {key: [{key: f"Ask {secret}.\n<p>{secret}</p>"}]} for key in KEYS},
        **{f"number of {key}": {key: int(secret)} for key in KEYS if secret.isdigit()},
        "a member": {secret: 1, "fields": {secret: {}}},
        "a field": {"fields": [{"name": secret, "label": secret, "type": "string"}]},
        "a JSON text": secret,
        "JSON in a message": {"message": f"Property values were not valid: {embedded}"},
        "a link": {"url": f"https://dialer.example/{told}?token={told}#{told}"},
        "the redirector": {"url": f"{ORIGIN}/getAuthRecording/portal/{told}?t={told}"},
    }
    pages = {
        f"a body of {kind}": replace(
            PLAIN, response_headers={"Content-Type": kind}, response_body=f"<html>{secret}".encode()
        )
        for kind in (*MEDIA_TYPES, "audio/ogg", "")
    }
    return {**{place: answer(document) for place, document in documents.items()}, **pages}


def _in_addresses(secret: str) -> dict[str, Exchange]:
    url, told = f"{ORIGIN}/services/data", quote(secret, safe="")
    addresses = {
        "the path": f"{url}/{told}/Task",
        "the user": f"http://{told}:{told}@127.0.0.1:4711/services",
        "a parameter's name": f"{url}?{told}=1",
        **{f"parameter {key}": f"{url}?{key}={told}" for key in KEYS},
        **{f"query {at}": f"{url}?{urlencode({'q': soql.format(secret)})}" for at, soql in enumerate(SOQL)},
    }
    return {place: replace(PLAIN, uri=address) for place, address in addresses.items()}


def _in_requests(secret: str) -> dict[str, Exchange]:
    told = quote(secret, safe="")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return {
        "the method": replace(PLAIN, method=secret),
        "a request": replace(PLAIN, request_body=json.dumps({"message": secret}).encode()),
        "a broken request": replace(PLAIN, request_body=b"{" + secret.encode()),
        "a form": replace(PLAIN, request_headers=form, request_body=f"token={told}&{told}=token".encode()),
    }


def _in_headers(secret: str) -> dict[str, Exchange]:
    names = [*sorted(RESPONSE_HEADERS), "Authorization", "Cookie", "Set-Cookie", "Date"]
    headers = {**{f"header {name}": {name: secret} for name in names}, "a header's name": {secret: "1"}}
    return {
        place: replace(PLAIN, request_headers=each, response_headers=each) for place, each in headers.items()
    }


def answer(document: Any, uri: str = f"{ORIGIN}/services/data/v66.0/query") -> Exchange:
    headers = {"Content-Type": "application/json"}
    return Exchange("GET", uri, 200, {}, b"", headers, json.dumps(document).encode())
