"""`velma-sync doctor`"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import ConfigError, Problem
from velma_sync.cli.options import NotAgreed, agreed, config_option, drafted, json_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.config.load import Configuration
    from velma_sync.config.mistakes import Mistakes
    from velma_sync.doctor.facts import DoctorReport, Fact
    from velma_sync.workspace import Workspace


@click.command("doctor", epilog="Example: velma-sync doctor --config /etc/velma-sync/velma-sync.yaml")
@config_option
@json_option
@click.option("--probe", is_flag=True, help="First try on a test record what only a live CRM tells.")
@click.option("--yes", is_flag=True, help="Probe without asking.")
def command(config: Path | None, as_json: bool, probe: bool, yes: bool) -> int:
    """Report what works and what does not, and how to fix it.

    The files and secrets, this machine and the ledger, the rights, limits and requests in each CRM, every
    mapped field, the recordings of some recent calls, the Velma key and what is asked of Velma. Costs some
    CRM requests and changes nothing.

    With --probe it makes records of its own in each CRM, removes them again, and remembers the answers.

    Exit code 1 when something has to be fixed, 3 when a system cannot be reached or refuses us, and 2
    whenever a file or a secret is wrong; what does not depend on it is looked at all the same.
    """
    if yes and not probe:
        raise click.UsageError("--yes goes with --probe; nothing else is changed.")
    draft = drafted(config)
    mistakes = draft.mistakes
    if probe and mistakes.problems:
        raise ConfigError(mistakes.problems)
    report = _examined(draft.configuration, mistakes, probe=probe, yes=yes)
    print_json(report) if as_json else _print(report)
    return ExitCode.CONFIGURATION if mistakes.problems else _exit_code(report)


def _examined(
    configuration: Configuration | None, mistakes: Mistakes, *, probe: bool, yes: bool
) -> DoctorReport:
    from velma_sync.doctor.examination import examine
    from velma_sync.doctor.facts import DoctorReport
    from velma_sync.doctor.machine import mistaken
    from velma_sync.workspace import Workspace

    if configuration is None:
        return DoctorReport(tuple(mistaken(mistakes)))
    with Workspace(configuration) as workspace:
        refused = _probed(workspace, yes=yes) if probe else []
        return DoctorReport((*examine(workspace, mistakes).facts, *refused))


def _probed(workspace: Workspace, *, yes: bool) -> Sequence[Fact]:
    """Ask, then probe. Raises NotAgreed, also without a terminal, and ConfigError with nothing to probe."""
    from velma_sync.doctor.probing import probe, probed_connections

    names = probed_connections(workspace)
    if not names:
        message = "finds no connection whose kind of CRM can be probed."
        raise ConfigError([Problem("--probe", message, "Leave it out.")])
    click.echo(f"Test records will be made in {', '.join(names)} and removed again.", err=True)
    if not (yes or agreed()):
        raise NotAgreed("Nothing was probed. To probe without being asked, add --yes.")
    return probe(workspace, names)


def _print(report: DoctorReport) -> None:
    rows = []
    for fact in report.facts:
        rows.append((str(fact.mark), fact.about, fact.sentence))
        if fact.remedy:
            rows.append(("", "", f"-> {fact.remedy}"))
    print_rows(rows)
    click.echo(f"\n{_tally(report)}")


def _tally(report: DoctorReport) -> str:
    """The verdict in a line, the gravest first."""
    from velma_connectors.administration import Mark

    counts = Counter(fact.mark for fact in report.facts)
    words = {Mark.REFUSED: "refused", Mark.PROBLEM: "to fix", Mark.ADVICE: "to consider"}
    found = [f"{counts[mark]} {word}" for mark, word in words.items() if counts[mark]]
    ok = f"{counts[Mark.OK]} in order"
    return f"{', '.join([*found, ok])}." if found else f"All {ok}."


def _exit_code(report: DoctorReport) -> ExitCode:
    from velma_connectors.administration import Mark

    if report.has(Mark.REFUSED):
        return ExitCode.REFUSED
    return ExitCode.ATTENTION if report.has(Mark.PROBLEM) else ExitCode.FINE
