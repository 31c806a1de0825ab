"""Reads the metadata of a custom field, as the Tooling API takes it, into a field definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from velma_connectors.sandbox.salesforce.fields import Choice, FieldDefinition
from velma_connectors.sandbox.salesforce.objects import ACTIVITY
from velma_connectors.sandbox.salesforce.refusals import Refusal, UnreadableRecord

_COMMON = frozenset(
    {"label", "type", "description", "inlineHelpText", "required", "unique", "externalId", "trackHistory"}
)
_MOST_DIGITS = 18
_MOST_CHOICES = 1000
_LONGEST_LABEL = 40
_EXTERNAL_ID_TYPES = ("Email", "Number", "Text")


class _Part(BaseModel):
    """A part of the metadata: keys as they are written, values of exactly their JSON type."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


class PicklistValue(_Part):
    full_name: str
    label: str
    default: bool | None = None
    is_active: bool | None = None


class ValueSetDefinition(_Part):
    sorted: bool | None = None
    value: list[PicklistValue]


class ValueSet(_Part):
    restricted: bool | None = None
    value_set_definition: ValueSetDefinition | None = None


class FieldMetadata(_Part):
    """The metadata of a custom field, as the Tooling API takes it."""

    label: str | None = None
    type: str
    description: str | None = None
    inline_help_text: str | None = None
    required: bool | None = None
    unique: bool | None = None
    external_id: bool | None = None
    track_history: bool | None = None
    default_value: bool | int | float | str | None = None
    length: int | None = None
    visible_lines: int | None = None
    precision: int | None = None
    scale: int | None = None
    formula: str | None = None
    value_set: ValueSet | None = None


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one metadata type becomes. `needs` and `takes` are its own keys, required and optional."""

    type: str
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    length: int = 0
    lengths: tuple[int, int] | None = None
    filterable: bool = True
    sortable: bool = True
    extra: str | None = None


_DIGITS = frozenset({"precision", "scale"})
_DEFAULT = frozenset({"defaultValue"})
_LONG = frozenset({"length", "visibleLines"})
_KINDS: dict[str, _Kind] = {
    "Checkbox": _Kind("boolean", needs=_DEFAULT),
    "Number": _Kind("double", needs=_DIGITS, takes=_DEFAULT),
    "Percent": _Kind("percent", needs=_DIGITS, takes=_DEFAULT),
    "Currency": _Kind("currency", needs=_DIGITS, takes=_DEFAULT),
    "Text": _Kind("string", needs=frozenset({"length"}), takes=_DEFAULT | {"formula"}, lengths=(1, 255)),
    "TextArea": _Kind("textarea", takes=_DEFAULT, length=255, extra="plaintextarea"),
    "LongTextArea": _Kind(
        "textarea",
        needs=_LONG,
        takes=_DEFAULT,
        lengths=(256, 131_072),
        filterable=False,
        sortable=False,
        extra="plaintextarea",
    ),
    "Html": _Kind(
        "textarea",
        needs=_LONG,
        lengths=(256, 131_072),
        filterable=False,
        sortable=False,
        extra="richtextarea",
    ),
    "Url": _Kind("url", takes=_DEFAULT, length=255),
    "Email": _Kind("email", takes=_DEFAULT, length=80),
    "Phone": _Kind("phone", takes=_DEFAULT, length=40),
    "Date": _Kind("date", takes=_DEFAULT),
    "DateTime": _Kind("datetime", takes=_DEFAULT),
    "Picklist": _Kind("picklist", needs=frozenset({"valueSet"}), length=255),
    "MultiselectPicklist": _Kind(
        "multipicklist", needs=frozenset({"valueSet", "visibleLines"}), length=4099, sortable=False
    ),
}


def definition_from(
    entity: str, name: str, metadata: Mapping[str, Any], choices_before: tuple[Choice, ...]
) -> FieldDefinition:
    """The field that this metadata describes. Raises Refusal for what Setup would not accept."""
    given = read_metadata(metadata).model_dump(by_alias=True, exclude_none=True)
    kind = _KINDS.get(str(given.get("type")))
    if kind is None:
        raise _bad("Type", f"bad value for restricted picklist field: {given.get('type')}")
    _check_keys(kind, given)
    _check_texts(given)
    if entity == ACTIVITY and given["type"] in ("LongTextArea", "Html"):
        raise _bad("Type", f"A field of type {given['type']} cannot be created on {ACTIVITY}.")
    if given.get("externalId") and given["type"] not in _EXTERNAL_ID_TYPES:
        raise _bad("externalId", f"Can not specify 'externalId' for a CustomField of type {given['type']}")
    calculated = "formula" in given
    length = _length(kind, given)
    precision, scale = _digits(given) if "precision" in kind.needs else (0, 0)
    return FieldDefinition(
        name=name,
        label=given["label"],
        type=kind.type,
        length=1300 if calculated else length,
        precision=precision,
        scale=scale,
        custom=True,
        nillable=kind.type != "boolean" and not given.get("required", False),
        createable=not calculated,
        updateable=not calculated,
        filterable=kind.filterable,
        sortable=kind.sortable,
        external_id=bool(given.get("externalId")),
        unique=bool(given.get("unique")),
        restricted=kind.type in ("picklist", "multipicklist") and bool(given["valueSet"].get("restricted")),
        choices=_choices(given["valueSet"], choices_before) if "valueSet" in kind.needs else (),
        calculated=calculated,
        html_formatted=calculated or given["type"] == "Html",
        default=_boolean(given["defaultValue"]) if kind.type == "boolean" else given.get("defaultValue"),
        defaulted_on_create=kind.type == "boolean",
        permissionable=not given.get("required", False),
        extra_type_info=kind.extra,
        help_text=given.get("inlineHelpText"),
    )


def read_metadata(metadata: Mapping[str, Any]) -> FieldMetadata:
    """Raises UnreadableRecord for unknown keys and values of another type."""
    try:
        return FieldMetadata.model_validate(metadata)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableRecord("JSON_PARSER_ERROR", f"Metadata.{where}: {first['msg']}") from None


def check_complete(metadata: Mapping[str, Any]) -> None:
    """Raises Refusal when a value set of a request lacks what the Metadata API requires of it."""
    value_set = read_metadata(metadata).value_set
    if value_set is None or value_set.value_set_definition is None:
        return
    if value_set.value_set_definition.sorted is None:
        raise Refusal("REQUIRED_FIELD_MISSING", "Required field is missing: sorted", ("sorted",))
    if any(each.default is None for each in value_set.value_set_definition.value):
        raise Refusal("REQUIRED_FIELD_MISSING", "Required field is missing: default", ("default",))


def _bad(field: str, message: str) -> Refusal:
    return Refusal("FIELD_INTEGRITY_EXCEPTION", message, (field,))


def _check_keys(kind: _Kind, given: Mapping[str, Any]) -> None:
    for key in given:
        if key not in _COMMON and key not in kind.needs | kind.takes:
            raise _bad(key, f"Can not specify '{key}' for a CustomField of type {given['type']}")
    for key in sorted({"label"} | kind.needs):
        if key not in given:
            raise _bad(key, f"Must specify '{key}' for a CustomField of type {given['type']}")


def _check_texts(given: Mapping[str, Any]) -> None:
    limits = {"label": _LONGEST_LABEL, "description": 1000, "inlineHelpText": 510}
    for key, limit in limits.items():
        text = given.get(key, "")
        if len(text) > limit:
            raise Refusal(
                "STRING_TOO_LONG", f"{key}: data value too large: {text} (max length={limit})", (key,)
            )
    if not given["label"].strip():
        raise _bad("label", "Must specify a non-empty label for the CustomField")


def _whole(given: Mapping[str, Any], key: str, low: int, high: int) -> int:
    number: int = given[key]
    if not low <= number <= high:
        raise _bad(key, f"{key} must be between {low} and {high}")
    return number


def _length(kind: _Kind, given: Mapping[str, Any]) -> int:
    if "visibleLines" in given:
        _whole(given, "visibleLines", 2, 50)
    return _whole(given, "length", *kind.lengths) if kind.lengths else kind.length


def _digits(given: Mapping[str, Any]) -> tuple[int, int]:
    precision = _whole(given, "precision", 1, _MOST_DIGITS)
    return precision, _whole(given, "scale", 0, precision)


def _boolean(raw: Any) -> bool:
    if raw in (True, "true"):
        return True
    if raw in (False, "false"):
        return False
    raise _bad("defaultValue", "the default of a Checkbox is true or false")


def _choices(value_set: Mapping[str, Any], before: tuple[Choice, ...]) -> tuple[Choice, ...]:
    """The values of a picklist in their order; those of before that are left out become inactive."""
    values = value_set.get("valueSetDefinition", {}).get("value", [])
    if not 0 < len(values) <= _MOST_CHOICES:
        raise _bad("valueSet", f"a picklist needs a valueSetDefinition of 1 to {_MOST_CHOICES} values")
    choices = [
        Choice(
            each["fullName"],
            each["label"],
            active=each.get("isActive", True),
            default=each.get("default", False),
        )
        for each in values
    ]
    for choice in choices:
        if not all(0 < len(part.strip()) <= 255 for part in (choice.value, choice.label)):
            raise _bad("valueSet", "every picklist value needs a fullName and a label of 1 to 255 characters")
        if ";" in choice.value:
            raise _bad("valueSet", f"a picklist value cannot hold a semicolon: {choice.value}")
    for part in ({choice.value.lower() for choice in choices}, {choice.label.lower() for choice in choices}):
        if len(part) != len(choices):
            raise Refusal("DUPLICATE_VALUE", "Duplicate picklist value or label", ("valueSet",))
    named = {choice.value for choice in choices}
    left_out = [Choice(each.value, each.label, active=False) for each in before if each.value not in named]
    return (*choices, *left_out)
