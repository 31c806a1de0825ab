"""The fields that the mapping files want, compared with the CRMs and, when asked, created there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from velma_connectors.errors import Verdict
from velma_connectors.model import Field, FieldSpec, SchemaAction, SchemaResult, SchemaStep, canonical_json
from velma_mappings.fields import unwritten_options, wanted_fields

if TYPE_CHECKING:
    from velma_connectors.protocol import CrmConnector
    from velma_sync.config.load import Connection
    from velma_sync.workspace import Workspace

WORK = (SchemaAction.CREATE, SchemaAction.CHANGE)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from: it holds only while all of this does. Hashes are SHA-256, in hex.

    `settings` are those of the connection, `fields` all that the CRM described, by object.
    """

    account_id: str
    settings: str
    mapping: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UnwrittenOptions:
    """Options of a field that the mapping file does not write (any more): kept, for they may be anybody's."""

    object: str
    field: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What provisioning would do on one connection. `crm` and `account` are their names for people."""

    connection: str
    crm: str
    account: str
    basis: Basis
    steps: tuple[SchemaStep, ...]
    unwritten: tuple[UnwrittenOptions, ...]

    def counted(self, action: SchemaAction) -> int:
        return sum(step.action is action for step in self.steps)

    @property
    def work(self) -> tuple[SchemaStep, ...]:
        return tuple(step for step in self.steps if step.action in WORK)

    @property
    def impossible(self) -> tuple[SchemaStep, ...]:
        return tuple(step for step in self.steps if step.action is SchemaAction.CANNOT)


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A connection whose CRM is out of reach or does not let us in."""

    connection: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What became of the work on one connection. `stopped`: why it ended before it was done, else empty."""

    connection: str
    results: tuple[SchemaResult, ...]
    stopped: str = ""

    @property
    def failed(self) -> tuple[SchemaResult, ...]:
        return tuple(result for result in self.results if not result.ok)

    def done(self, action: SchemaAction) -> int:
        return sum(result.ok and result.step.action is action for result in self.results)


def plan_fields(workspace: Workspace) -> tuple[ConnectionPlan | Unplanned, ...]:
    """Compare what is wanted with what there is; changes nothing. Each connection stands for itself."""

    def planned(connection: Connection) -> ConnectionPlan | Unplanned:
        try:
            return plan_connection(workspace, connection)
        except Verdict as verdict:
            return Unplanned(connection.name, str(verdict))

    return tuple(planned(connection) for connection in workspace.configuration.connections)


def create_fields(workspace: Workspace, plan: ConnectionPlan) -> ConnectionResult:
    """Carry out one plan, as far as its CRM lets us; repeating it is harmless."""
    connector = workspace.connector(plan.connection)
    (mapping,) = (
        each.mapping for each in workspace.configuration.connections if each.name == plan.connection
    )
    possible = [step for step in plan.steps if step.action is not SchemaAction.CANNOT]
    refused = [SchemaResult(step, ok=False, reason=step.reason) for step in plan.impossible]
    try:
        results, stopped = connector.create_fields(possible), ""
    except Verdict as verdict:
        results, stopped = _found_done(connector, possible, wanted_fields(mapping), str(verdict))
    return ConnectionResult(plan.connection, (*results, *refused), stopped)


def _found_done(
    connector: CrmConnector, steps: Sequence[SchemaStep], specs: Sequence[FieldSpec], stopped: str
) -> tuple[list[SchemaResult], str]:
    """What of the steps was done when the work ended early, and why the others were not.

    What a fresh reading shows counts.
    """
    now: dict[tuple[str, str], SchemaAction] = {}
    try:
        now.update(((step.object, step.spec.name), step.action) for step in _steps(connector, specs))
    except Verdict:
        stopped = f"{stopped} What was done before cannot be read now; velma-sync provision tells it later."
    results = [
        SchemaResult(step, ok=True, reason=step.reason)
        if step.action is SchemaAction.LEAVE or now.get((step.object, step.spec.name)) is SchemaAction.LEAVE
        else SchemaResult(step, ok=False, reason=stopped)
        for step in steps
    ]
    return results, stopped


def plan_connection(workspace: Workspace, connection: Connection) -> ConnectionPlan:
    """The plan of one connection. Raises RetryLater, StopConnection."""
    connector = workspace.connector(connection.name)
    health = connector.check()
    steps = _steps(connector, wanted_fields(connection.mapping))
    # Where nothing can be done, the CRM may not even let us look.
    objects = dict.fromkeys(step.object for step in steps if step.action is not SchemaAction.CANNOT)
    described = {name: connector.fields(name) for name in objects}
    return ConnectionPlan(
        connection=connection.name,
        crm=connection.kind.title,
        account=health.account_name,
        basis=Basis(
            account_id=health.account_id,
            settings=_hash(connection.options.model_dump_json()),
            mapping=connection.mapping.hash,
            fields={name: _hash(_described(fields)) for name, fields in described.items()},
        ),
        steps=steps,
        unwritten=tuple(_unwritten(steps, described)),
    )


def _steps(connector: CrmConnector, specs: Sequence[FieldSpec]) -> tuple[SchemaStep, ...]:
    objects = connector.capabilities.objects
    possible = [spec for spec in specs if objects.get(spec.target)]
    homeless = [
        SchemaStep(
            SchemaAction.CANNOT, spec.target, spec, f"this CRM has no {spec.target}; remove the rule on it"
        )
        for spec in specs
        if not objects.get(spec.target)
    ]
    return (*connector.plan_fields(possible), *homeless)


def _unwritten(
    steps: Sequence[SchemaStep], described: Mapping[str, Mapping[str, Field]]
) -> list[UnwrittenOptions]:
    found = []
    for step in steps:
        field = described.get(step.object, {}).get(step.spec.name)
        if field is None or step.action is SchemaAction.CANNOT:
            continue
        options = unwritten_options(step.spec, field)
        if options:
            found.append(UnwrittenOptions(step.object, step.spec.name, options))
    return found


def _described(fields: Mapping[str, Field]) -> str:
    return canonical_json({name: asdict(field) for name, field in fields.items()})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
