"""The summary note as HTML that carries a mark: pure text in, text out.

The mark is the note's last line and holds two hashes: of the key, by which the note is found again, and of
the text, by which an edit of a person is told from our own words. HubSpot may rearrange the HTML it is
given, so only visible text without white space is hashed.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

import nh3

BODY_LENGTH = 65_536
"""UTF-16 units of HTML that a note holds (developers.hubspot.com/docs, notes guide)."""
ELLIPSIS = "…"
TAGS = frozenset({"p", "br", "strong", "em", "ul", "ol", "li", "h1", "h2", "h3", "h4"})

_MARK = re.compile(r"velma-note\s+([0-9a-f]{20})\.([0-9a-f]{8})")
_ITEM = "- "


@dataclass(frozen=True, slots=True)
class Mark:
    """What the last line of a note says: hashes of its key and of the text it was written with."""

    key: str
    digest: str

    def __str__(self) -> str:
        return f"velma-note {self.key}.{self.digest}"


def key_hash(key: str) -> str:
    """The key of a note as the mark and the property hold it: 20 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()[:20]


def note_html(key: str, text: str) -> str:
    """The body of a note: the text as HTML in which nothing of it is markup, and the mark.

    At most 65,536 UTF-16 units long; a longer text is cut at a word.
    """
    clean = _printable(text)
    body = _marked(key, clean)
    if length(body) <= BODY_LENGTH:
        return body
    # How much escaping adds depends on the words, so the longest beginning that fits is searched for.
    fits, too_long = 1, BODY_LENGTH
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if length(_marked(key, cut(clean, middle))) <= BODY_LENGTH:
            fits = middle
        else:
            too_long = middle
    return _marked(key, cut(clean, fits))


def mark_in(body: str) -> Mark | None:
    """The mark of a stored body; None when it never had one or a person took it out."""
    return _parted(body)[1]


def digest_of(body: str) -> str:
    """Hash of the text that a body shows, its mark left aside."""
    return _digest(_parted(body)[0])


def is_as_written(body: str) -> bool:
    """Whether a stored body still shows the text it was written with."""
    text, mark = _parted(body)
    return mark is not None and mark.digest == _digest(text)


def length(text: str) -> int:
    """Length in UTF-16 units, the strictest way a server may count; an emoji takes two."""
    return len(_units(text)) // 2


def cut(text: str, room: int) -> str:
    """The beginning of a text in at most `room` units (one or more), with an ellipsis.

    It ends at a word; a single long word is cut within.
    """
    if length(text) <= room:
        return text
    kept = _units(text)[: 2 * (room - length(ELLIPSIS))].decode("utf-16-le", "ignore")
    if not text[len(kept)].isspace():
        kept = re.sub(r"\s\S*\Z", "", kept) or kept
    return kept.rstrip() + ELLIPSIS


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _marked(key: str, text: str) -> str:
    body = nh3.clean(_markup(text), tags=set(TAGS), attributes={})
    return f"{body}<p>{Mark(key_hash(key), _digest(_shown(body)))}</p>"


def _markup(text: str) -> str:
    """Paragraphs, lists of the lines that begin with a dash, and the line above a list in bold."""
    pieces = []
    for tag, parts in groupby(_parts(text), key=lambda part: part[0]):
        contents = ["<br>".join(html.escape(line, quote=False) for line in lines) for _, lines in parts]
        if tag == "li":
            pieces.append(f"<ul>{''.join(f'<li>{content}</li>' for content in contents)}</ul>")
        else:
            opening, closing = ("<strong>", "</strong>") if tag == "strong" else ("", "")
            pieces += [f"<p>{opening}{content}{closing}</p>" for content in contents]
    return "".join(pieces)


def _parts(text: str) -> list[tuple[str, list[str]]]:
    """The text's lines by what they belong to: `p` a paragraph, `li` an item, `strong` a heading."""
    parts: list[tuple[str, list[str]]] = []
    above = ""
    for line in text.split("\n"):
        words = line.strip()
        if not words:
            above = ""
        elif line.startswith(_ITEM):
            if above == "p" and len(parts[-1][1]) == 1:
                parts[-1] = ("strong", parts[-1][1])
            parts.append(("li", [words.removeprefix(_ITEM)]))
            above = "li"
        elif above == "p" or (above == "li" and line[0].isspace()):
            parts[-1][1].append(words)
        else:
            parts.append(("p", [words]))
            above = "p"
    return parts


def _parted(body: str) -> tuple[str, Mark | None]:
    """What a body shows without its mark, and the mark: the last one, for a text may quote another."""
    shown = _shown(body)
    marks = list(_MARK.finditer(shown))
    if not marks:
        return shown, None
    last = marks[-1]
    return shown[: last.start()] + shown[last.end() :], Mark(last[1], last[2])


def _shown(body: str) -> str:
    return html.unescape(nh3.clean(body, tags=set()))


def _digest(text: str) -> str:
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:8]


def _printable(text: str) -> str:
    return "".join(
        character
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )
