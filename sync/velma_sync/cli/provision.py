"""`velma-sync provision`"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import StopConnection
from velma_sync.cli.options import NotAgreed, agreed, config_option, json_option, opened
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json, print_rows
from velma_sync.cli.schema_plan import DONE, numbers, plan_lines
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.provisioning import ConnectionPlan, ConnectionResult, Export, Unplanned
    from velma_sync.workspace import Workspace


@click.command("provision", epilog="Example: velma-sync provision --apply")
@click.option("--apply", is_flag=True, help="Show the plan, ask, and do exactly that.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the plan in a file.",
)
@click.option(
    "--plan",
    "kept",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Do only what this kept plan says, if nothing it was made from has changed.",
)
@click.option(
    "--export",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Write the fields as files for your own way of deploying: Salesforce source format, HubSpot JSON.",
)
@click.option("--yes", is_flag=True, help="Apply without asking.")
@config_option
@json_option
def command(
    apply: bool,
    out: Path | None,
    kept: Path | None,
    directory: Path | None,
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Plan, or create, the CRM fields that are missing.

    The plan says what would be created (+), changed (~), left as it is (=), and what cannot be done and why
    (!). Existing fields are kept; at most options and access are added to them. It may be repeated at any
    time. The daemon itself never changes a schema.
    """
    _refuse_contradictions(apply, out, kept, directory)
    with opened(config) as workspace:
        if directory is not None:
            return _export(workspace, directory, as_json)
        planned = _planned(workspace, out, kept)
        if not apply:
            return _show(planned, out, kept, as_json)
        results = _apply(workspace, planned, yes, as_json)
    if any(result.stopped for result in results):
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if any(result.failed for result in results) else ExitCode.FINE


def _refuse_contradictions(apply: bool, out: Path | None, kept: Path | None, directory: Path | None) -> None:
    if directory is not None and (apply or out or kept):
        raise click.UsageError("--export stands alone: it asks no CRM and changes nothing.")
    if out is not None and (apply or kept):
        raise click.UsageError("--out keeps a new plan; it goes with neither --apply nor --plan.")


def _planned(
    workspace: Workspace, out: Path | None, kept: Path | None
) -> tuple[ConnectionPlan | Unplanned, ...]:
    """A fresh plan, which is also the kept one if there is any.

    Raises ConfigError when it is not, and StopConnection when a plan in a file would not be whole.
    """
    from velma_sync.provisioning import ConnectionPlan, Unplanned, plan_fields, read_plan, refuse_stale

    found = read_plan(kept) if kept else None
    planned = plan_fields(workspace)
    unplanned = next((each for each in planned if isinstance(each, Unplanned)), None)
    if unplanned and (out or kept):
        raise StopConnection(f"{unplanned.connection}: {unplanned.reason} A plan in a file is for all.")
    if kept and found:
        refuse_stale(kept, found, [each for each in planned if isinstance(each, ConnectionPlan)])
    return planned


def _show(
    planned: Sequence[ConnectionPlan | Unplanned], out: Path | None, kept: Path | None, as_json: bool
) -> int:
    from velma_sync.provisioning import ConnectionPlan, keep_plan

    plans = [each for each in planned if isinstance(each, ConnectionPlan)]
    if out is not None:
        keep_plan(out, plans, datetime.now(UTC))
    if as_json:
        print_json(planned)
    else:
        _print(plan_lines(planned))
        click.echo(f"{numbers(plans)} {_next(plans, out or kept)}")
    if len(plans) < len(planned):
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if any(plan.impossible for plan in plans) else ExitCode.FINE


def _next(plans: Sequence[ConnectionPlan], file: Path | None) -> str:
    """What can be done with a plan that was only shown."""
    if not plans:
        return "Nothing was changed."
    if not any(plan.work for plan in plans):
        impossible = any(plan.impossible for plan in plans)
        return "Nothing can be done until what is marked ! is fixed." if impossible else "Nothing to do."
    command = "velma-sync provision --apply"
    return f"Nothing was changed; to do it: {command}{f' --plan {file}' if file else ''}"


def _apply(
    workspace: Workspace, planned: Sequence[ConnectionPlan | Unplanned], yes: bool, as_json: bool
) -> list[ConnectionResult]:
    """Show, ask, do, and tell what was done, whatever ends it. Raises NotAgreed."""
    from velma_sync.provisioning import ConnectionPlan, ConnectionResult, create_fields

    plans = [each for each in planned if isinstance(each, ConnectionPlan)]
    _print([*plan_lines(planned), numbers(plans)], err=as_json)
    if any(plan.work for plan in plans) and not (yes or agreed()):
        raise NotAgreed("Nothing was changed. To go on without being asked, add --yes.")
    results: list[ConnectionResult] = []
    try:
        for each in planned:
            if not isinstance(each, ConnectionPlan):
                results.append(ConnectionResult(each.connection, (), each.reason))
                continue
            results.append(create_fields(workspace, each))
            if not as_json:
                _print_result(each, results[-1])
    finally:
        if as_json:
            print_json(results)
    return results


def _print_result(plan: ConnectionPlan, result: ConnectionResult) -> None:
    """What the plan could not promise: the fields that failed, with the CRM's reason."""
    attempted = [each for each in result.failed if each.step in plan.work]
    told = [each for each in attempted if each.reason != result.stopped]
    print_rows([("failed", f"{each.step.object}.{each.step.spec.name}", each.reason) for each in told])
    if result.stopped:
        click.echo(f"{plan.connection}: stopped early. {one_line(result.stopped)}")
    if not plan.work:
        click.echo(f"{plan.connection}: nothing to do.")
        return
    done = ", ".join(f"{result.done(action)} {words}" for action, words in DONE.items())
    click.echo(f"{plan.connection}: {done}, {len(attempted)} failed.")


def _export(workspace: Workspace, directory: Path, as_json: bool) -> int:
    from velma_sync.provisioning import export_fields

    export = export_fields(workspace, directory)
    print_json(export) if as_json else _print_export(workspace, export)
    return ExitCode.ATTENTION if export.without else ExitCode.FINE


def _print_export(workspace: Workspace, export: Export) -> None:
    for connection, files in export.files.items():
        readme = f"{export.directory}/{connection}/README.md"
        click.echo(f"{connection}: {counted(len(files), 'file')}. Read first: {readme}")
    titles = {each.name: each.kind.title for each in workspace.configuration.connections}
    for connection in export.without:
        click.echo(f"{connection}: {titles[connection]} writes no files; use velma-sync provision --apply")


def _print(lines: Iterable[str], *, err: bool = False) -> None:
    for line in lines:
        click.echo(line, err=err)
