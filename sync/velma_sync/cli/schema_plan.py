"""How a plan for fields reads: what would be done to which field, and how much that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from velma_connectors.model import FieldKind, FieldSpec, SchemaAction, SchemaStep
from velma_sync.cli.output import aligned, counted
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.provisioning import ConnectionPlan, Unplanned

SIGNS = {
    SchemaAction.CREATE: "+",
    SchemaAction.CHANGE: "~",
    SchemaAction.LEAVE: "=",
    SchemaAction.CANNOT: "!",
}
NUMBERS = {
    SchemaAction.CREATE: "to create",
    SchemaAction.CHANGE: "to change",
    SchemaAction.LEAVE: "to leave",
    SchemaAction.CANNOT: "impossible",
}
DONE = {SchemaAction.CREATE: "created", SchemaAction.CHANGE: "changed"}
KINDS = {
    FieldKind.BOOLEAN: "checkbox",
    FieldKind.LONG_TEXT: "long text",
    FieldKind.CHOICE: "one of",
    FieldKind.MULTI_CHOICE: "any of",
    FieldKind.DATETIME: "date and time",
}


def plan_lines(planned: Sequence[ConnectionPlan | Unplanned]) -> Iterator[str]:
    """The plan of every connection, object by object."""
    from velma_sync.provisioning import Unplanned

    for plan in planned:
        if isinstance(plan, Unplanned):
            yield f"{plan.connection}: left out. {one_line(plan.reason)}"
            yield ""
            continue
        yield f"{plan.connection}: {plan.crm}, {one_line(plan.account)}"
        for name in dict.fromkeys(step.object for step in plan.steps):
            yield ""
            yield from _object_lines(name, plan)
        yield ""


def numbers(plans: Sequence[ConnectionPlan]) -> str:
    """How much would be done, in one sentence."""
    counts = {action: sum(plan.counted(action) for plan in plans) for action in NUMBERS}
    return f"{', '.join(f'{SIGNS[each]} {counts[each]} {words}' for each, words in NUMBERS.items())}."


def _object_lines(name: str, plan: ConnectionPlan) -> Iterator[str]:
    """What is to be done or known; fields that are as they should be are only counted."""
    yield f"  {name}"
    unwritten = {each.field: each.options for each in plan.unwritten if each.object == name}
    steps = [step for step in plan.steps if step.object == name]
    told = {step: list(_details(step, unwritten.get(step.spec.name, ()))) for step in steps}
    shown = [step for step in steps if step.action is not SchemaAction.LEAVE or told[step]]
    rows = [
        (f"    {SIGNS[step.action]} {step.spec.name}", f'"{step.spec.label}"', _type(step.spec))
        for step in shown
    ]
    for step, line in zip(shown, aligned(rows), strict=True):
        yield line
        yield from (f"        {one_line(detail)}" for detail in told[step])
    quiet = len(steps) - len(shown)
    if quiet:
        sign = SIGNS[SchemaAction.LEAVE]
        yield f"    {sign} {counted(quiet, 'field is as it should be', 'fields are as they should be')}"


def _details(step: SchemaStep, kept: Sequence[str]) -> Iterator[str]:
    """Why it is in the plan, and which of its options nobody writes."""
    if step.reason:
        yield step.reason
    if kept:
        yield f"no longer written, or your own, and kept: {', '.join(kept)}"


def _type(spec: FieldSpec) -> str:
    kind = KINDS.get(spec.kind, spec.kind.value)
    if spec.choices:
        return f"{kind} {', '.join(spec.choices)}"
    if spec.kind is FieldKind.NUMBER and spec.scale:
        return f"{kind} with {counted(spec.scale, 'decimal')}"
    return kind
