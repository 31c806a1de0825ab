"""Filter branches of a segment: one OR branch that holds AND branches that hold property filters.

Fewer operations than HubSpot knows, each as strict as its documents; what is not known here is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from velma_connectors.sandbox.hubspot.definitions import Definition
from velma_connectors.sandbox.hubspot.kinds import ObjectKind
from velma_connectors.sandbox.hubspot.records import Record
from velma_connectors.sandbox.hubspot.refusals import invalid
from velma_connectors.sandbox.hubspot.search_filters import read_number

if TYPE_CHECKING:
    from velma_connectors.sandbox.hubspot.portal import HubSpotPortal

Test = Callable[[Record], bool]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)


class _Operation(_Shape):
    include_objects_with_no_value_set: bool = False


class _Bool(_Operation):
    operation_type: Literal["BOOL"]
    operator: Literal["IS_EQUAL_TO", "IS_NOT_EQUAL_TO"]
    value: bool


class _Number(_Operation):
    operation_type: Literal["NUMBER"]
    operator: Literal[
        "IS_EQUAL_TO",
        "IS_NOT_EQUAL_TO",
        "IS_GREATER_THAN",
        "IS_GREATER_THAN_OR_EQUAL_TO",
        "IS_LESS_THAN",
        "IS_LESS_THAN_OR_EQUAL_TO",
    ]
    value: float


class _Enumeration(_Operation):
    operation_type: Literal["ENUMERATION"]
    operator: Literal["IS_ANY_OF", "IS_NONE_OF"]
    values: list[str] = Field(min_length=1)


class _Texts(_Operation):
    operation_type: Literal["MULTISTRING"]
    operator: Literal["IS_EQUAL_TO", "IS_NOT_EQUAL_TO"]
    values: list[str] = Field(min_length=1)


class _Any(_Operation):
    operation_type: Literal["ALL_PROPERTY"]
    operator: Literal["IS_KNOWN", "IS_UNKNOWN"]


class _Filter(_Shape):
    filter_type: Literal["PROPERTY"]
    property: str
    operation: Annotated[
        _Bool | _Number | _Enumeration | _Texts | _Any, Field(discriminator="operation_type")
    ]


class _AndBranch(_Shape):
    filter_branch_type: Literal["AND"]
    filter_branch_operator: Literal["AND"] = "AND"
    filter_branches: list[None] = Field(default_factory=list, max_length=0)
    filters: list[_Filter] = Field(min_length=1)


class _OrBranch(_Shape):
    filter_branch_type: Literal["OR"]
    filter_branch_operator: Literal["OR"] = "OR"
    filter_branches: list[_AndBranch] = Field(min_length=1)
    filters: list[None] = Field(default_factory=list, max_length=0)


_TYPES = {
    "BOOL": ("bool",),
    "NUMBER": ("number",),
    "ENUMERATION": ("enumeration",),
    "MULTISTRING": ("string",),
}


def compiled(portal: HubSpotPortal, kind: ObjectKind, branch: Mapping[str, Any]) -> Test:
    """A test for the whole branch. Raises Refusal."""
    try:
        root = _OrBranch.model_validate(branch)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise invalid(f"filterBranch.{where}: {first['msg']}") from None
    groups = [[_test(portal, kind, each) for each in group.filters] for group in root.filter_branches]
    return lambda record: any(all(test(record) for test in group) for group in groups)


def _test(portal: HubSpotPortal, kind: ObjectKind, given: _Filter) -> Test:
    definition = portal.properties.living(kind.name, given.property)
    if definition is None:
        raise invalid(f"Property {given.property} does not exist for object type {kind.type_id}")
    operation = given.operation
    if isinstance(operation, _Any):
        wanted = operation.operator == "IS_KNOWN"
        return lambda record: (record.value(definition.name) is not None) is wanted
    if definition.type not in _TYPES[operation.operation_type]:
        raise invalid(f"{operation.operation_type} does not fit property {definition.name}")
    passes = _passes(operation, definition)
    blank = operation.include_objects_with_no_value_set

    def test(record: Record) -> bool:
        value = record.value(definition.name)
        return blank if value is None else passes(value)

    return test


def _passes(
    operation: _Bool | _Number | _Enumeration | _Texts, definition: Definition
) -> Callable[[str], bool]:
    wanted = operation.operator in ("IS_EQUAL_TO", "IS_ANY_OF")
    if isinstance(operation, _Bool):
        text = str(operation.value).lower()
        return lambda value: (value == text) is wanted
    if isinstance(operation, _Number):
        return _numeric(operation)
    chosen = set(operation.values)
    if isinstance(operation, _Texts):
        folded = {text.lower() for text in chosen}
        return lambda value: (value.lower() in folded) is wanted
    unknown = chosen - {option.value for option in definition.options}
    if unknown:
        raise invalid(f"{', '.join(sorted(unknown))} is no option of property {definition.name}")
    return lambda value: bool(chosen & set(value.split(";"))) is wanted


def _numeric(operation: _Number) -> Callable[[str], bool]:
    bound = read_number(f"{operation.value:f}")
    match operation.operator:
        case "IS_EQUAL_TO":
            return lambda value: read_number(value) == bound
        case "IS_NOT_EQUAL_TO":
            return lambda value: read_number(value) != bound
        case "IS_GREATER_THAN":
            return lambda value: read_number(value) > bound
        case "IS_GREATER_THAN_OR_EQUAL_TO":
            return lambda value: read_number(value) >= bound
        case "IS_LESS_THAN":
            return lambda value: read_number(value) < bound
        case "IS_LESS_THAN_OR_EQUAL_TO":
            return lambda value: read_number(value) <= bound
