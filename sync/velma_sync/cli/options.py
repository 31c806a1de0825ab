"""What several commands share: options, the configuration, and the question before paying."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from velma_connectors.errors import ConfigError, Problem, VelmaSyncError
from velma_connectors.model import CallRef
from velma_sync.cli.output import money

if TYPE_CHECKING:
    from velma_sync.config.load import Draft
    from velma_sync.estimates import Estimate
    from velma_sync.ledger.database import Ledger
    from velma_sync.workspace import Workspace

QUIET = "warning"
"""What a command logs that answers by itself; those that work as the daemon does say more."""


class NothingYet(VelmaSyncError):
    """There is no ledger to look at."""


class NotAgreed(VelmaSyncError):
    """The person at the terminal does not want to pay."""


def call(text: str) -> CallRef:
    """A call as it is printed everywhere: CONNECTION:OBJECT:ID. Also the type of options and arguments."""
    try:
        return CallRef.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration. Default: $VELMA_SYNC_CONFIG, else ./velma-sync.yaml.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON in place of lines.")


class Day(click.DateTime):
    """A day as YYYY-MM-DD, which begins at midnight in UTC."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from velma_sync.config.settings import YEARS

        try:
            found: datetime = super().convert(value, param, ctx).replace(tzinfo=UTC)
        except click.BadParameter as error:
            raise click.BadParameter(f"'{value}' is not a day; write it like 2026-01-31.") from error
        if found.year not in YEARS:
            raise click.BadParameter(f"'{value}' is not in the years {YEARS[0]} to {YEARS[-1]}.")
        return found


class Amount(click.FloatRange):
    """A number that is 0 or more. Neither infinity nor what is no number is a limit that anything keeps."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            raise click.BadParameter(f"'{value}' is not an amount; write it like 50 or 12.5.")
        return number


day = Day()
amount = Amount()
since_option = click.option(
    "--since", type=day, metavar="DAY", help="Only calls from that day (UTC) on, as 2026-01-31."
)
yes_option = click.option("--yes", is_flag=True, help="Pay without asking.")


def shown_level(configured: str) -> str:
    """For a command that works as the daemon does: whoever watches it sees its own lines, and what fails."""
    return QUIET if configured == "info" and sys.stderr.isatty() else configured


@contextmanager
def opened(config: Path | None) -> Iterator[Workspace]:
    """The workspace of the configuration that the command line names. Raises ConfigError."""
    from velma_sync import log
    from velma_sync.config.load import load_configuration
    from velma_sync.workspace import Workspace

    log.configure(QUIET)
    with Workspace(load_configuration(_found(config))) as workspace:
        yield workspace


def drafted(config: Path | None) -> Draft:
    """What is sound and what is wrong in the configuration that the command line names.

    Raises ConfigError when there is no such file.
    """
    from velma_sync import log
    from velma_sync.config.load import read_draft

    log.configure(QUIET)
    return read_draft(_found(config))


@contextmanager
def opened_ledger(config: Path | None) -> Iterator[Ledger]:
    """The ledger alone, for commands that look at what was done: they need no credentials.

    Raises ConfigError, RetryLater, and NothingYet before the first run.
    """
    from velma_sync import log
    from velma_sync.access import is_there
    from velma_sync.config.load import load_ledger_settings
    from velma_sync.workspace import open_ledger_of

    log.configure(QUIET)
    settings = load_ledger_settings(_found(config))
    if settings.url is None and not is_there(settings.path):
        raise NothingYet(f"{settings.path}: there is no ledger yet. Begin with: velma-sync once")
    with closing(open_ledger_of(settings)) as ledger:
        yield ledger


def _found(config: Path | None) -> Path:
    from velma_sync.access import is_there
    from velma_sync.config.load import find_configuration

    path = find_configuration(config)
    if not is_there(path):
        remedy = "Begin with velma-sync init, or name another with --config or VELMA_SYNC_CONFIG."
        raise ConfigError([Problem(str(path), "there is no such file.", remedy)])
    return path


def refuse_unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise ConfigError for every name that the ledger does not know."""
    there = tuple(known)
    remedy = f"Known: {', '.join(there)}." if there else "It knows none yet; begin with: velma-sync once"
    problems = [
        Problem(f"{kind} '{name}'", "is not in the ledger.", remedy) for name in names if name not in there
    ]
    if problems:
        raise ConfigError(problems)


def agree_to_pay(estimate: Estimate, *, yes: bool) -> None:
    """Say what the call will cost and ask, unless told not to. Raises NotAgreed, also without a terminal."""
    length = "unknown length" if estimate.seconds is None else f"{estimate.seconds / 60:.1f} minutes"
    cost = "at the price of your contract" if estimate.cost is None else money(estimate.cost)
    click.echo(f"{estimate.call}: {length} of audio will be sent to Velma, {cost}.", err=True)
    if not (yes or agreed()):
        raise NotAgreed("Nothing was sent. To pay without being asked, add --yes.")


def agreed() -> bool:
    """Ask whether to go on; no is the answer of whoever is not there."""
    try:
        return click.confirm("Go on?", err=True)
    except click.Abort:
        click.echo(err=True)
        return False
