"""`velma-sync provision`"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.model import SchemaAction, SchemaStep
from velma_sync.cli.options import config_option, json_option, opened
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.provisioning import ConnectionPlan, ConnectionResult


@click.command("provision", epilog="Example: velma-sync provision --apply")
@click.option("--apply", is_flag=True, help="Create the missing fields. Without it only the plan is shown.")
@config_option
@json_option
def command(apply: bool, config: Path | None, as_json: bool) -> int:
    """Plan, or create, the CRM fields that are missing.

    Existing fields are kept; at most options are added to them. The daemon itself never changes a schema.
    """
    from velma_sync.provisioning import create_fields, plan_fields

    with opened(config) as workspace:
        plans = plan_fields(workspace)
        if not apply:
            print_json(plans) if as_json else _print_plans(plans)
            return ExitCode.ATTENTION if any(plan.impossible for plan in plans) else ExitCode.FINE
        results = [create_fields(workspace, plan) for plan in plans]
    print_json(results) if as_json else _print_results(results)
    return ExitCode.ATTENTION if any(result.failed for result in results) else ExitCode.FINE


def _print_plans(plans: Sequence[ConnectionPlan]) -> None:
    steps = [(plan.connection, step) for plan in plans for step in plan.steps]
    print_rows(
        [
            (step.action, connection, f"{step.object}.{step.spec.name}", step.spec.kind, step.reason)
            for connection, step in steps
            if step.action is not SchemaAction.LEAVE
        ]
    )
    _print_there(step for _, step in steps)
    work = sum(len(plan.work) for plan in plans)
    click.echo(f"{work} to do. Nothing was changed; add --apply to do it." if work else "Nothing to do.")


def _print_results(results: Sequence[ConnectionResult]) -> None:
    everything = [(result.connection, each) for result in results for each in result.results]
    print_rows(
        [
            (
                "ok" if each.ok else "failed",
                connection,
                f"{each.step.object}.{each.step.spec.name}",
                each.step.action,
                each.reason,
            )
            for connection, each in everything
            if not each.ok or each.step.action is not SchemaAction.LEAVE
        ]
    )
    _print_there(each.step for _, each in everything if each.ok)


def _print_there(steps: Iterable[SchemaStep]) -> None:
    """Nobody has to read the names of fields that are as they should be."""
    there = sum(step.action is SchemaAction.LEAVE for step in steps)
    if there:
        click.echo(f"{counted(there, 'field is', 'fields are')} there already.")
