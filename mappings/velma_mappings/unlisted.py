"""Names that may be competitors the mapping file does not list.

The analyzer says that a competitor came up, not which one. Where none of the list was named, what looks
like a name in the evidence is offered to the admin, never written to a field.
"""

from __future__ import annotations

import re
from calendar import day_name, month_name
from collections.abc import Iterator, Sequence

from velma_connectors.analysis import Clip
from velma_mappings.competitors import Alias, mentioned, spelled
from velma_mappings.masking import Mask

_NAME = re.compile(r"\b[A-Z][\w&]*(?:[-'][\w&]+)*(?:\s+[A-Z][\w&]*(?:[-'][\w&]+)*)*")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.?!:;\n…]|--|—)[\s\"'“‘(]*$")
_OWNER = re.compile(r"['’]s$")
_NO_NAMES = frozenset(word.casefold() for word in (*day_name, *month_name, "English", "European", "God"))


def unlisted_names(evidence: Sequence[Clip], spellings: Sequence[Alias], mask: Mask) -> tuple[str, ...]:
    """What looks like a name in clips that name no listed competitor, in the order of the call.

    People and other masked data are no names here, nor are names of the mapping file.
    """
    known = {alias.text for alias in spellings}
    found = (
        name
        for clip in evidence
        if not mentioned(clip.text, spellings)
        for name in _names(mask(clip.text))
        if spelled(name) not in known
    )
    return tuple(dict.fromkeys(found))


def _names(text: str) -> Iterator[str]:
    for match in _NAME.finditer(text):
        words = _OWNER.sub("", match.group()).split()
        if _SENTENCE_BEGINS.search(text[: match.start()]):
            # Any word is written large there; a name of several words still shows by its second one.
            words = words[1:]
        while words and not _is_name(words[0]):
            words = words[1:]
        if words and all(map(_is_name, words)):
            yield " ".join(words)


def _is_name(word: str) -> bool:
    """Abbreviations of the trade, such as ERP, are written in capitals alone."""
    return len(word) > 2 and any(map(str.islower, word)) and word.casefold() not in _NO_NAMES
