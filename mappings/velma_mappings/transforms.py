"""The named changes a rule can make to a value on its way to a field.

There is no expression language: a value that is not known stays not known through every transform.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from velma_connectors.model import FieldKind, FieldValue
from velma_mappings.action_plan import UNKNOWN
from velma_mappings.entry import Entry
from velma_mappings.fixed_entries import CANNOT_SAY
from velma_mappings.model import State, Value

YES, NO = "Yes", "No"
UNTOLD = "it could not be told"
"""What blank means where a value has a word for everything else."""


@dataclass(frozen=True, slots=True)
class Transform:
    """`accepts` is the only kind of value it changes; `shape` says what becomes of the catalogue entry."""

    name: str
    help: str
    accepts: FieldKind
    shape: Callable[[Entry], Entry]
    change: Callable[[FieldValue], Value]


def apply(names: Sequence[str], value: Value) -> Value:
    """The value after all transforms, in order."""
    for name in names:
        if value.state is not State.KNOWN or value.value is None:
            return value
        changed = TRANSFORMS[name].change(value.value)
        value = replace(value, value=changed.value, state=changed.state, reason=changed.reason)
    return value


def shaped(names: Sequence[str], entry: Entry) -> Entry:
    """The catalogue entry as the transforms leave it."""
    for name in names:
        entry = TRANSFORMS[name].shape(entry)
    return entry


def misfit(names: Sequence[str], entry: Entry) -> str:
    """Why these transforms cannot be used on this value; empty when they can."""
    for name in names:
        transform = TRANSFORMS[name]
        if entry.kind is not transform.accepts:
            return f"'{name}' takes a {_words(transform.accepts)}, not a {_words(entry.kind)}"
        entry = transform.shape(entry)
    return ""


def _words(kind: FieldKind) -> str:
    return kind.value.replace("_", " ") + " value"


def _known(value: FieldValue) -> Value:
    return Value(value, State.KNOWN)


def _without_unknown(value: FieldValue) -> Value:
    if value == UNKNOWN:
        return Value(None, State.UNAVAILABLE, reason=CANNOT_SAY)
    return _known(value)


def _entries(value: FieldValue) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _known_options(entry: Entry) -> Entry:
    """Where `Unknown` was an option, blank now says it too."""
    known = tuple(choice for choice in entry.choices if choice != UNKNOWN)
    if known == entry.choices:
        return entry
    return replace(entry, choices=known, blank=f"{entry.blank}, or {CANNOT_SAY}")


def _as_text(entry: Entry) -> Entry:
    return replace(entry, kind=FieldKind.TEXT, choices=(), max_length=255)


TRANSFORMS = {
    transform.name: transform
    for transform in (
        Transform(
            "known_only",
            f"'{UNKNOWN}' counts as not known, so that when_missing decides.",
            FieldKind.CHOICE,
            _known_options,
            _without_unknown,
        ),
        Transform(
            "join",
            "The entries of a list as one text, apart by commas; blank for an empty list.",
            FieldKind.MULTI_CHOICE,
            _as_text,
            lambda value: _known(", ".join(_entries(value)) or None),
        ),
        Transform(
            "count",
            "How many entries a list has.",
            FieldKind.MULTI_CHOICE,
            lambda entry: replace(
                entry,
                kind=FieldKind.NUMBER,
                help=f"How many: {entry.help}",
                blank=UNTOLD,
                choices=(),
                precision=5,
                scale=0,
            ),
            lambda value: _known(len(_entries(value))),
        ),
        Transform(
            "first",
            "The first entry of a list, which the mapping file ranks highest; blank for an empty list.",
            FieldKind.MULTI_CHOICE,
            lambda entry: replace(entry, kind=FieldKind.CHOICE, help=f"The first of: {entry.help}"),
            lambda value: _known(next(iter(_entries(value)), None)),
        ),
        Transform(
            "any",
            "Is there any entry in a list?",
            FieldKind.MULTI_CHOICE,
            lambda entry: replace(entry, kind=FieldKind.BOOLEAN, help=f"Any of: {entry.help}", choices=()),
            lambda value: _known(bool(_entries(value))),
        ),
        Transform(
            "yes_no",
            f"A checkbox as '{YES}' or '{NO}', for a field with options: it can be blank.",
            FieldKind.BOOLEAN,
            lambda entry: replace(entry, kind=FieldKind.CHOICE, blank=UNTOLD, choices=(YES, NO)),
            lambda value: _known(YES if value else NO),
        ),
    )
}
