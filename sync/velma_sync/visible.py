"""Somebody else's text as a terminal may show it: nothing in it steers the terminal or hides."""

from __future__ import annotations

import codecs
import unicodedata

_KEPT = "\n\t\u200c\u200d"
"""Our own lines, and the joiners that scripts and emoji are written with."""
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_BREAKS = "\n\t\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_TO_SPACES = str.maketrans(_BREAKS, " " * len(_BREAKS))


def visible(text: str) -> str:
    """With control and format characters as escapes such as `\\u001b`, which mean the same in JSON."""
    if text.isprintable():
        return text
    return "".join(_escape(char) if _is_unseen(char) else char for char in text)


def one_line(text: str) -> str:
    """Visible, and on one line: every line break and tab is a space."""
    return visible(text.replace("\r\n", "\n").translate(_TO_SPACES))


def encodable(text: str, encoding: str) -> str:
    """With escapes of the same kind for what the encoding cannot say."""
    return text.encode(encoding, _ESCAPING).decode(encoding)


def _is_unseen(char: str) -> bool:
    return not char.isprintable() and char not in _KEPT and unicodedata.category(char) in _UNSEEN


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _escape_unknown(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_escape, error.object[error.start : error.end])), error.end


_ESCAPING = "velma_sync_escape"
codecs.register_error(_ESCAPING, _escape_unknown)
