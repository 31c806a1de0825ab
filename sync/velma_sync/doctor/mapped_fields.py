"""Every mapped field on every object it may be needed on, and the notes; what ails several is said once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from velma_connectors.administration import Mark
from velma_connectors.errors import Problem, Verdict
from velma_connectors.model import FieldSpec, SchemaAction, SchemaStep, Target
from velma_connectors.protocol import CrmConnector
from velma_mappings.fields import check_fields, wanted_fields
from velma_sync.config.load import Connection
from velma_sync.doctor.facts import Fact
from velma_sync.doctor.places import in_mapping

MOST_NAMED = 3
"""Fields that are named when the same is wrong with many."""
PROVISION = "velma-sync provision --apply"
_NEAR = "Did you mean "

Steps = Mapping[tuple[str, str], SchemaStep]
"""What provisioning would do, by object and field."""


def wanted(connection: Connection, connector: CrmConnector) -> list[FieldSpec]:
    """The mapped fields, apart from those on records that this CRM does not have."""
    objects = connector.capabilities.objects
    return [spec for spec in wanted_fields(connection.mapping) if objects.get(spec.target)]


def field_facts(connection: Connection, connector: CrmConnector, told: Collection[str]) -> Iterator[Fact]:
    """Existence, kind, options and the right to write. `told`: fields (`Object.field`) already reported."""
    rules, sound = connection.mapping.rules, not told
    steps: Steps | None = None
    for target in dict.fromkeys(rule.on for rule in rules):
        part = connection.mapping.model_copy(
            update={"rules": tuple(rule for rule in rules if rule.on is target)}
        )
        objects = connector.capabilities.objects.get(target, ())
        if not objects:
            sound = False
            yield _no_such_record(connection, target)
        for name in objects:
            problems = check_fields(part, {target: connector.fields(name)})
            problems = [each for each in problems if f"{name}.{_field(each, target)}" not in told]
            if problems and steps is None:
                steps = _steps(connection, connector)
            sound = sound and not problems
            yield from _grouped(connection, name, target, problems, steps or {})
    if sound:
        yield Fact(connection.name, "fields", Mark.OK, f"All {len(rules)} mapped fields can be written.")


def note_facts(connection: Connection, connector: CrmConnector) -> Iterator[Fact]:
    """Whether every summary note has a record to hang on."""
    notes, possible = connection.mapping.notes, connector.capabilities.note_targets
    impossible = [target for target in notes.on if target not in possible]
    if notes.enabled and impossible:
        sentence = f"notes.on: this CRM attaches no notes to a {' or '.join(impossible)}."
        remedy = f"Possible: {', '.join(possible) or 'none'} ({in_mapping(connection, 'notes', 'on')})."
        yield Fact(connection.name, "notes", Mark.PROBLEM, sentence, remedy)


def _no_such_record(connection: Connection, target: Target) -> Fact:
    at = next(place for place, rule in enumerate(connection.mapping.rules) if rule.on is target)
    remedy = f"Remove the rules on it ({in_mapping(connection, 'rules', at, 'on')})."
    return Fact(connection.name, "fields", Mark.PROBLEM, f"This CRM has no {target}.", remedy)


def _steps(connection: Connection, connector: CrmConnector) -> Steps:
    """Nothing where we may not look into the schema."""
    if not connector.capabilities.creates_fields:
        return {}
    try:
        steps = connector.plan_fields(wanted(connection, connector))
    except Verdict:
        return {}
    return {(step.object, step.spec.name): step for step in steps}


def _grouped(
    connection: Connection, object_name: str, target: Target, problems: Sequence[Problem], steps: Steps
) -> Iterator[Fact]:
    fields: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        name = _field(problem, target)
        key = (problem.message, _remedy(problem, steps.get((object_name, name))))
        fields.setdefault(key, []).append(name)
    for (message, way), names in fields.items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        sentence = f"{object_name}: {', '.join(names[:MOST_NAMED])}{more}: {message}"
        place = "" if way.startswith(PROVISION) else f" ({_place(connection, target, names[0])})"
        yield Fact(connection.name, "fields", Mark.PROBLEM, sentence, f"{way}{place}")


def _field(problem: Problem, target: Target) -> str:
    return problem.where.removesuffix(f" on the {target}")


def _remedy(problem: Problem, step: SchemaStep | None) -> str:
    match step.action if step else None:
        case SchemaAction.CREATE:
            return f"{PROVISION} creates it."
        case SchemaAction.CHANGE:
            return f"{PROVISION} mends it."
        case SchemaAction.CANNOT if step and step.reason:
            near = problem.remedy.partition(_NEAR)
            return f"It cannot be provisioned: {step.reason}. {''.join(near[1:])}".strip()
    return problem.remedy


def _place(connection: Connection, target: Target, field: str) -> str:
    at = next(
        place
        for place, rule in enumerate(connection.mapping.rules)
        if rule.on is target and rule.field == field
    )
    return in_mapping(connection, "rules", at, "field")
