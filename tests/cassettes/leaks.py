"""A second look, by a deny-list this time: what must never be found in a cassette or its golden data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

SECRETS = {
    "a HubSpot token": r"pat-[a-z0-9]{2,5}-[\w-]{6}",
    "a Salesforce session": r"00D\w{12,15}!",
    "a bearer token": r"Bearer\s+[^\s\"']{6}",
    "a basic login": r"Basic\s+[A-Za-z0-9+/]{8}",
    "a signed token": r"eyJ[\w-]{8,}\.[\w-]{8,}",
    "a private key": r"-----BEGIN [A-Z ]*KEY",
    "a credential of the sandbox": r"(?:sandbox-[\w-]*|[\w-]*-of-the-)(?:key|secret|token|app)\b",
    "a user of the sandbox": r"@ledgerline\.example",
}
"""What has the form of a secret, by how it is named in a report."""

_EMAIL = re.compile(r"[\w.+-]+@(?P<domain>[\w-]+(?:\.[\w-]+)+)")
_EXAMPLE = re.compile(r"(?:.+\.)?(?:example|example\.(?:com|net|org))")
_LONG = re.compile(r"[A-Za-z0-9_-]{24,}")
_PHONES = (
    re.compile(r"(?<![\w.:])\+\d[\d ()./-]{7,}\d"),
    re.compile(r"(?<![\w.-])\(?\d{3,5}\)?[ ./-]{1,2}\d{3,4}[ ./-]?\d{3,5}(?!\w)"),
    re.compile(r"(?<![\w.])\d{9,15}(?!\w)"),
)
_HARMLESS = re.compile(
    r"api-usage=\d+/\d+|\b700000\d{5}\b|\b1[5-9]\d{11}\b|\b\d{4}-\d\d-\d\dT[\d:.]+[+-]\d{4}"
)
"""The used allowance, invented ids, and times in milliseconds or with an offset: no telephones."""


def leaks_in(text: str) -> list[str]:
    """What was found, each named with its first characters only; empty for a clean text."""
    found = []
    for form in dict.fromkeys((text, unquote_plus(text))):
        found += [f"{name}: {leak[:3]}..." for name, leak in _leaks(form)]
    return list(dict.fromkeys(found))


def _leaks(text: str) -> Iterator[tuple[str, str]]:
    for name, secret in SECRETS.items():
        yield from ((name, match[0]) for match in re.finditer(secret, text))
    for match in _LONG.finditer(text):
        if all(re.search(kind, match[0]) for kind in ("[a-z]", "[A-Z]", "[0-9]")):
            yield "long base64", match[0]
    for match in _EMAIL.finditer(text):
        if not _EXAMPLE.fullmatch(match["domain"].lower()):
            yield "an e-mail address", match[0]
    digits = _HARMLESS.sub("", text)
    for pattern in _PHONES:
        yield from (("a telephone number", match[0]) for match in pattern.finditer(digits))
