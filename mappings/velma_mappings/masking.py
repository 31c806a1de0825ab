"""Personal data taken out of everything that leaves this room.

An analyzer's tags wrap a value and leave it in place, and miss other mentions of it. So: tagged values
become `[CATEGORY]`, their other occurrences too, and patterns find what was never tagged (cards, e-mail,
telephone, bank and social security numbers, digits read aloud). Where a tag is unbalanced, more is
masked rather than less.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Mask = Callable[[str], str]
"""Takes personal data out of a text."""

_TAG = re.compile(r"<(?P<close>/?)(?P<kind>pii|phi)(?::(?P<category>[\w -]*))?>", re.IGNORECASE)
# Only what lies between a tag and its end is surely the value and no more: other mentions of it are masked.
_BALANCED = re.compile(
    r"<(?P<kind>pii|phi)(?::(?P<category>[\w -]*))?>(?P<value>[^<>]*)</(?P=kind)[^<>]*>", re.IGNORECASE
)
_TORN_TAG = re.compile(r"(?:</?(?:pii|phi)(?::[\w -]*)?)+$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.?!;\n]")
_LAST_WORD = re.compile(r"\S+\s*$")
_PLACEHOLDER = re.compile(r"(\[[A-Z0-9_]+\])")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
_PEOPLE = frozenset({"NAME", "FULLNAME", "FULL_NAME", "PERSON", "PERSON_NAME"})

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN_EMAIL = re.compile(
    r"\b[\w.]+ at [\w-]+(?: dot [\w-]+)* dot (?:com|org|net|io|co|edu|gov|de|uk)\b", re.IGNORECASE
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_CARD = re.compile(r"(?<!\w)\d(?:[ -]?\d){12,18}(?!\w)")
_SSN = re.compile(r"(?<!\w)\d{3}[ -]\d{2}[ -]\d{4}(?!\w)")
_DIGITS = re.compile(r"(?<![\w$€£])\+?\(?\d(?:[ ().-]{0,3}\d){6,}(?!\w)")
_DATE_OR_YEARS = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[-. ]\d{1,2}[-. ]\d{4}|(?:19|20)\d\d ?- ?(?:19|20)\d\d")
_SPOKEN_DIGIT = r"(?:(?:double|triple)\s+)?(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
_SPOKEN_DIGITS = re.compile(rf"\b{_SPOKEN_DIGIT}(?:[\s,.-]+{_SPOKEN_DIGIT}){{3,}}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays readable although it is tagged: whole terms, and any text made of people's name words."""

    terms: frozenset[str] = frozenset()
    name_words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, terms: Iterable[str], names: Iterable[str]) -> Kept:
        words = (word.casefold() for name in names for word in _words(name))
        return cls(frozenset(" ".join(term.split()).casefold() for term in terms), frozenset(words))

    def __contains__(self, text: str) -> bool:
        words = [word.casefold() for word in _words(text)]
        return " ".join(text.split()).casefold() in self.terms or (
            bool(words) and all(word in self.name_words for word in words)
        )


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks any text of one call. Built by `masker`, which has seen all the call's texts."""

    kept: Kept = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    """Spelling -> category."""
    pattern: re.Pattern[str] | None = field(repr=False)
    """Any spelling of any secret, longest first."""

    def __call__(self, text: str) -> str:
        runs = (
            run if category is None or run in self.kept else f"[{category}]" for run, category in _runs(text)
        )
        return _outside_placeholders(_numbers, _outside_placeholders(self._names, "".join(runs)))

    def _names(self, text: str) -> str:
        if self.pattern is None:
            return text
        return self.pattern.sub(lambda match: f"[{self.secrets[match.group()]}]", text)


def masker(
    texts: Iterable[str],
    *,
    mask_names: Iterable[str] = (),
    keep_names: Iterable[str] = (),
    keep_terms: Iterable[str] = (),
) -> Masker:
    """Learn what is personal from all the texts of a call.

    `mask_names` are people to mask although nothing tagged them; `keep_names` are people, and
    `keep_terms` names of companies and products, to leave readable although they are tagged.
    """
    kept = Kept.of(keep_terms, keep_names)
    tagged = ((tag["value"], _category(tag)) for text in texts for tag in _BALANCED.finditer(text))
    secrets: dict[str, str] = {}
    for value, category in (*((name, "NAME") for name in mask_names), *tagged):
        for part in _parts(value, category):
            if part not in kept:
                secrets.update(dict.fromkeys(_spellings(part), category))
    longest_first = sorted(secrets, key=len, reverse=True)
    spellings = "|".join(re.escape(spelling) for spelling in longest_first)
    return Masker(kept, secrets, re.compile(rf"(?<!\w)(?:{spellings})(?!\w)") if secrets else None)


def strip_tags(text: str) -> str:
    """The words as spoken, tags gone. For matching only: the result is not masked."""
    return _TORN_TAG.sub("", _TAG.sub("", text))


def _parts(value: str, category: str) -> Iterator[str]:
    """The value itself and, of a person's name, its words: long enough to be told from chance."""
    value = " ".join(value.split())
    for part in (value, *(_words(value) if category in _PEOPLE else ())):
        if sum(char.isalpha() for char in part) >= 3 or sum(char.isdigit() for char in part) >= 4:
            yield part


def _spellings(value: str) -> set[str]:
    # Never the lower case of a capitalized value: Will and Grace are names, will and grace are words.
    return {value, value.title(), value.upper()}


def _words(text: str) -> list[str]:
    return [_POSSESSIVE.sub("", word) for word in _WORD.findall(text)]


def _runs(text: str) -> Iterator[tuple[str, str | None]]:
    """Split a text at its tags into (run, category); category None is what lies outside of tags.

    A run that one opening tag starts and another ends counts as inside. Without a closing tag the rest
    of the sentence counts as inside; without an opening tag, the last word does.
    """
    text = _TORN_TAG.sub("", text)
    category: str | None = None
    position = 0
    for tag in _TAG.finditer(text):
        run, position = text[position : tag.start()], tag.end()
        if tag["close"] and category is None:
            word = _LAST_WORD.search(run)
            start = word.start() if word else len(run)
            yield run[:start], None
            yield run[start:], _category(tag)
        elif run or category is not None:
            yield run, category
        category = None if tag["close"] else _category(tag)
    rest = text[position:]
    if category is not None:
        end = _SENTENCE_END.search(rest)
        start = end.start() if end else len(rest)
        yield rest[:start], category
        rest = rest[start:]
    yield rest, None


def _category(tag: re.Match[str]) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", (tag["category"] or "").upper()).strip("_") or tag["kind"].upper()


def _outside_placeholders(mask: Mask, text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    return "".join(part if odd % 2 else mask(part) for odd, part in enumerate(parts))


def _numbers(text: str) -> str:
    text = _EMAIL.sub("[EMAIL]", text)
    text = _SPOKEN_EMAIL.sub("[EMAIL]", text)
    text = _IBAN.sub("[IBAN]", text)
    text = _CARD.sub(_card, text)
    text = _SSN.sub("[SSN]", text)
    text = _DIGITS.sub(_telephone, text)
    return _SPOKEN_DIGITS.sub("[NUMBER]", text)


def _card(match: re.Match[str]) -> str:
    digits = [int(char) for char in match.group() if char.isdigit()][::-1]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return "[CARD]" if (sum(digits[::2]) + doubled) % 10 == 0 else match.group()


def _telephone(match: re.Match[str]) -> str:
    if _DATE_OR_YEARS.fullmatch(match.group()):
        return match.group()
    return "[PHONE]" if sum(char.isdigit() for char in match.group()) <= 15 else "[NUMBER]"
