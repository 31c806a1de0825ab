"""SOQL text cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from velma_connectors.sandbox.salesforce.soql.tree import refuse_query

LITERAL_PERCENT, LITERAL_UNDERSCORE = "\ue000", "\ue001"
"""Stand for the escaped wildcards of LIKE within a string."""

LONGEST_STRING = 4_000
_ESCAPES = {
    **{"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"},
    **{"%": LITERAL_PERCENT, "_": LITERAL_UNDERSCORE},
}
_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<datetime>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d(?![\dTt]))
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<range>[A-Za-z_]+:\d+)
    | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
    | (?P<symbol><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is the name of the alternative that matched, `end` at the end of the text."""

    kind: str
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "name" and self.text.upper() in words


def tokens(text: str) -> list[Token]:
    """Raises RequestRefusal MALFORMED_QUERY for characters that make no token."""
    found = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise refuse_query(text, at, f"line 1:{at} no viable alternative at character '{text[at]}'")
        if match.lastgroup == "string":
            found.append(Token("string", _unescaped(text, match.group(), at), at))
        elif match.lastgroup != "space":
            found.append(Token(str(match.lastgroup), match.group(), at))
        at = match.end()
    return [*found, Token("end", "<EOF>", len(text))]


def _unescaped(text: str, quoted: str, at: int) -> str:
    value = ""
    letters = iter(quoted[1:-1])
    for letter in letters:
        if letter != "\\":
            value += letter
            continue
        escape = next(letters)
        if escape.lower() == "u":
            digits = "".join(next(letters, "") for _ in range(4))
            if not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
                raise refuse_query(text, at, "Illegal unicode escape sequence")
            value += chr(int(digits, 16))
        elif escape.lower() in _ESCAPES:
            value += _ESCAPES[escape.lower()]
        else:
            raise refuse_query(text, at, f"Illegal string literal: invalid escape sequence '\\{escape}'")
    if len(value) > LONGEST_STRING:
        raise refuse_query(text, at, f"A string literal cannot be longer than {LONGEST_STRING} characters")
    return value
