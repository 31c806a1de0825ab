"""Which fields a mapping file wants, and whether those that a CRM has will do.

Asked before any call is paid for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from velma_connectors.errors import Problem
from velma_connectors.model import Field, FieldKind, FieldSpec, Target
from velma_mappings.catalogue import entries, nearest
from velma_mappings.entry import Entry
from velma_mappings.mapping_file import MappingFile, Rule, WhenMissing
from velma_mappings.plain_text import cut
from velma_mappings.plan import unusable
from velma_mappings.transforms import shaped

LABEL_PREFIX = "Call: "
"""Tells these fields from a CRM's own, such as a deal's next step, and sorts them together."""
LABEL_LENGTH = 40
HELP_LENGTH = 255
"""Characters; the smallest limits among CRMs."""
LAST_CALL = "About the last analyzed call."
LAST_TOLD = "From the last call that told it."
"""Records other than the call itself hold what came of their calls."""


def wanted_fields(mapping: MappingFile) -> list[FieldSpec]:
    """One specification per rule, in the order of the rules."""
    catalogue = entries(mapping)
    return [_spec(rule, shaped(rule.transform, catalogue[rule.value])) for rule in mapping.rules]


def check_fields(mapping: MappingFile, fields: Mapping[Target, Mapping[str, Field]]) -> list[Problem]:
    """What keeps the CRM's fields from taking the mapped values, per target and field.

    Not a problem: a field that is too short or too coarse, to which values are cut and rounded.
    """
    catalogue = entries(mapping)
    return [
        problem
        for rule in mapping.rules
        for problem in _problems(rule, shaped(rule.transform, catalogue[rule.value]), fields.get(rule.on, {}))
    ]


def unwritten_options(spec: FieldSpec, field: Field) -> tuple[str, ...]:
    """Options that the field offers and the mapping does not write: an admin's own, or of an older mapping.

    None where the mapping brings no options, as for a text or a checkbox.
    """
    if not spec.choices:
        return ()
    written = {choice.casefold() for choice in spec.choices}
    return tuple(choice for choice in field.choices if choice.casefold() not in written)


def _problems(rule: Rule, entry: Entry, fields: Mapping[str, Field]) -> Iterator[Problem]:
    where = f"{rule.field} on the {rule.on}"
    field = fields.get(rule.field)
    if field is None:
        near = nearest(rule.field, fields)
        remedy = "Create it, grant access to it, or correct its name in the mapping file."
        message = "the field does not exist, or this connection may not see it."
        yield Problem(where, message, f"{remedy} Did you mean '{near}'?" if near else remedy)
        return
    reason = unusable(field, entry)
    if reason:
        yield Problem(where, f"{reason}.", "Grant write access or map another field.")
        return
    missing = _missing_options(field, entry)
    if missing:
        names = ", ".join(f"'{option}'" for option in missing)
        yield Problem(where, f"the field lacks the options {names}.", "Add them to the field.")


def _missing_options(field: Field, entry: Entry) -> list[str]:
    if not field.restricted or field.kind not in (FieldKind.CHOICE, FieldKind.MULTI_CHOICE):
        return []
    present = {option.casefold() for option in field.choices}
    return [option for option in entry.choices if option.casefold() not in present]


def _spec(rule: Rule, entry: Entry) -> FieldSpec:
    return FieldSpec(
        target=rule.on,
        name=rule.field,
        label=cut(rule.label or LABEL_PREFIX + entry.label, LABEL_LENGTH),
        kind=entry.kind,
        help=cut(rule.help or _help(entry, rule), HELP_LENGTH),
        max_length=entry.max_length,
        precision=entry.precision,
        scale=entry.scale,
        choices=entry.choices,
    )


def _help(entry: Entry, rule: Rule) -> str:
    """Of which call, what it means, when it is blank, and the behaviors it comes from."""
    about = f"{_of_call(entry, rule)} {entry.about}".strip()
    return f"{about}{_from(entry.behaviors, HELP_LENGTH - len(about))}"


def _of_call(entry: Entry, rule: Rule) -> str:
    if rule.on is Target.CALL:
        return ""
    return LAST_TOLD if entry.needs and rule.when_missing is WhenMissing.LEAVE else LAST_CALL


def _from(behaviors: Sequence[str], room: int) -> str:
    """As many keys of behaviors as there is room for, whole; the others are counted."""
    for named in range(len(behaviors), 0, -1):
        others = len(behaviors) - named
        text = f" From: {', '.join(behaviors[:named])}{f' and {others} more' if others else ''}."
        if len(text) <= room:
            return text
    return ""
