"""`velma-sync reports`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_connectors.reporting import FilterGuide
    from velma_sync.reporting import Answered, ConnectionAnswers, ConnectionGuides, ConnectionReports, LeftOut

_IN_THE_SAME_WAY = "  In the same way, with another name, field and query:"
_NO_QUESTIONS = "The mapping fills no field that answers a question of the playbook."


@click.command("reports", epilog="Example: velma-sync reports --run")
@click.option("--run", "asking", is_flag=True, help="Ask the CRM now and show its answers.")
@click.option("--apply", "making", is_flag=True, help="Make a report or segment for each question.")
@click.option("--remove", "removing", is_flag=True, help="Remove all that --apply has made, nothing else.")
@config_option
@json_option
def command(asking: bool, making: bool, removing: bool, config: Path | None, as_json: bool) -> int:
    """Show how CRM reports answer the sales playbook's questions.

    Which calls and deals lack a confirmed next step, were negative on a topic, named a competitor, or hold
    something to coach: for each question that the mapping can answer, a query to run at once, and the clicks
    of a person. Every filter is checked against the CRM's field. Nothing is changed without --apply or
    --remove.
    """
    from velma_sync import reporting

    flags = {reporting.answers: asking, reporting.apply: making, reporting.remove: removing}
    chosen = [do for do, given in flags.items() if given]
    if len(chosen) > 1:
        raise click.UsageError("Use one of --run, --apply and --remove at a time.")
    do = chosen[0] if chosen else reporting.guides
    with opened(config) as workspace:
        found = do(workspace)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return _exit_code(found)


def _exit_code(
    found: Sequence[ConnectionGuides | ConnectionAnswers | ConnectionReports | LeftOut],
) -> ExitCode:
    from velma_sync.reporting import LeftOut

    if any(isinstance(each, LeftOut) and each.refused for each in found):
        return ExitCode.REFUSED
    obstructed = any(not isinstance(each, LeftOut) and each.obstructed for each in found)
    return ExitCode.ATTENTION if obstructed else ExitCode.FINE


def _print(found: Sequence[ConnectionGuides | ConnectionAnswers | ConnectionReports | LeftOut]) -> None:
    from velma_sync.reporting import ConnectionAnswers, ConnectionGuides, LeftOut

    for place, each in enumerate(found):
        click.echo("\n" if place else "", nl=False)
        if isinstance(each, LeftOut):
            click.echo(f"{each.connection}: left out. {one_line(each.reason)}")
            continue
        click.echo(f"{each.connection} ({each.crm})")
        if isinstance(each, ConnectionGuides):
            _print_guides(each.guides)
        elif isinstance(each, ConnectionAnswers):
            _print_answers(each.answers)
        else:
            _print_results(each)


def _print_guides(guides: Sequence[FilterGuide]) -> None:
    """The clicks once for each kind of filter, then a line for each further question of that kind."""
    if not guides:
        click.echo(_NO_QUESTIONS)
    for first, *others in _by_kind([each for each in guides if not each.obstacle]):
        click.echo(f"\n{first.filter.question}")
        for line in first.query.splitlines():
            click.echo(f"  {line}")
        for number, click_ in enumerate(first.clicks, start=1):
            click.echo(f"  {number}. {one_line(click_)}")
        if others:
            click.echo(_IN_THE_SAME_WAY)
            rows = [
                ("", each.filter.question, _fields(each), " ".join(each.query.split())) for each in others
            ]
            print_rows(rows)
    obstructed = [each for each in guides if each.obstacle]
    click.echo("\n" if obstructed else "", nl=False)
    for each in obstructed:
        click.echo(f"{each.filter.question}: not available. {one_line(each.obstacle)}")


def _by_kind(guides: Sequence[FilterGuide]) -> list[list[FilterGuide]]:
    """Together what differs by its fields alone, in the order of the first of each kind."""
    kinds: dict[object, list[FilterGuide]] = {}
    for each in guides:
        asked = each.filter
        own = (asked.question, *(condition.field for condition in asked.conditions))
        common = tuple(line for line in each.clicks if not any(name in line for name in own))
        comparisons = tuple((condition.operator, condition.value) for condition in asked.conditions)
        kinds.setdefault((asked.on, comparisons, common), []).append(each)
    return list(kinds.values())


def _fields(guide: FilterGuide) -> str:
    return ", ".join(condition.field for condition in guide.filter.conditions)


def _print_answers(answers: Sequence[Answered]) -> None:
    if not answers:
        click.echo(_NO_QUESTIONS)
    for each in answers:
        if each.answer is None:
            click.echo(f"\n{each.guide.filter.question}: not available. {one_line(each.guide.obstacle)}")
            continue
        click.echo(f"\n{each.guide.filter.question}: {each.answer.found}")
        for name in each.answer.names:
            click.echo(f"  - {one_line(name)}")
        if each.answer.found > len(each.answer.names):
            click.echo(f"  and {each.answer.found - len(each.answer.names)} more")


def _print_results(reports: ConnectionReports) -> None:
    if not reports.results:
        click.echo("Nothing to do.")
    rows = []
    told = ""
    for each in reports.results:
        reason = "for the same reason" if each.reason and each.reason == told else each.reason
        rows.append((each.change, each.name, each.place, reason))
        told = each.reason
    print_rows(rows)
