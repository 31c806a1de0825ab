"""The fields that the mapping files want, compared with the CRM and, when asked, created there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from velma_connectors.model import SchemaAction, SchemaResult, SchemaStep
from velma_mappings.fields import wanted_fields

if TYPE_CHECKING:
    from velma_sync.workspace import Workspace

WORK = (SchemaAction.CREATE, SchemaAction.CHANGE)


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What provisioning would do on one connection."""

    connection: str
    steps: tuple[SchemaStep, ...]

    @property
    def work(self) -> tuple[SchemaStep, ...]:
        return tuple(step for step in self.steps if step.action in WORK)

    @property
    def impossible(self) -> tuple[SchemaStep, ...]:
        return tuple(step for step in self.steps if step.action is SchemaAction.CANNOT)


@dataclass(frozen=True, slots=True)
class ConnectionResult:
    """What became of the work on one connection."""

    connection: str
    results: tuple[SchemaResult, ...]

    @property
    def failed(self) -> tuple[SchemaResult, ...]:
        return tuple(result for result in self.results if not result.ok)


def plan_fields(workspace: Workspace) -> tuple[ConnectionPlan, ...]:
    """Compare what is wanted with what there is; changes nothing. Raises RetryLater, StopConnection."""
    return tuple(
        ConnectionPlan(
            connection.name,
            tuple(workspace.connector(connection.name).plan_fields(wanted_fields(connection.mapping))),
        )
        for connection in workspace.configuration.connections
    )


def create_fields(workspace: Workspace, plan: ConnectionPlan) -> ConnectionResult:
    """Carry out one plan. Raises RetryLater, StopConnection; repeating it is harmless."""
    connector = workspace.connector(plan.connection)
    return ConnectionResult(plan.connection, tuple(connector.create_fields(plan.steps)))
