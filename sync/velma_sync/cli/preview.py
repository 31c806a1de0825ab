"""`velma-sync preview`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.model import CallRef
from velma_sync.cli.options import agree_to_pay, call, config_option, json_option, opened, yes_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import plain, print_json, print_left_out, print_rows, shown

if TYPE_CHECKING:
    from velma_mappings.model import LeftOut
    from velma_sync.pipeline.preview import Preview
    from velma_sync.workspace import Workspace


@click.command("preview", epilog="Example: velma-sync preview sales:Task:00T5f00000AbCdEFG")
@click.argument("ref", metavar="CALL", type=call)
@yes_option
@config_option
@json_option
def command(ref: CallRef, yes: bool, config: Path | None, as_json: bool) -> int:
    """Show what one call would write, beside what stands there now.

    Everything is done but the writes. A call that was never analyzed has to be paid for: it says what it
    will cost and asks first. The answer is kept, so that analyzing the call later costs nothing more.
    """
    with opened(config) as workspace:
        found = _preview(workspace, ref, yes=yes)
    if as_json:
        print_json(plain(found) | {"note": found.report.note})
    else:
        _print(found)
    return ExitCode.FINE


def _preview(workspace: Workspace, ref: CallRef, *, yes: bool) -> Preview:
    from velma_sync.estimates import estimate
    from velma_sync.pipeline.preview import PaymentNeeded, preview

    workspace.connector(ref.connection)
    try:
        return preview(workspace.engine, ref)
    except PaymentNeeded:
        agree_to_pay(estimate(workspace, ref), yes=yes)
    return preview(workspace.engine, ref, pay=True)


def _print(found: Preview) -> None:
    print_rows(
        [
            ("call", str(found.call.ref)),
            ("status", ", ".join([found.report.status, *found.report.reasons])),
            ("deal", str(found.choice.deal.ref) if found.choice.deal else f"none: {found.choice.reason}"),
        ]
    )
    print_rows(
        [("", "FIELD", "NOW", "PLANNED", "")]
        + [
            (each.fate, f"{each.record}.{each.field}", shown(each.present), shown(each.planned), each.reason)
            for each in found.fields
        ]
    )
    print_left_out((_place(each), each.reason) for each in found.left_out)
    if found.report.note:
        click.echo(f"\nNote on {', '.join(map(str, found.note_targets))}:\n\n{found.report.note}")


def _place(each: LeftOut) -> str:
    return f"{each.record.object}.{each.field}" if each.record else each.field
