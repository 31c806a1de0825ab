"""`velma-sync init`"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_connectors.errors import ConfigError, Problem
from velma_sync.cli.asking import Asker
from velma_sync.cli.options import NotAgreed, config_option, json_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from velma_connectors.registry import ConnectorKind
    from velma_sync.cli.dialogue import Dialogue
    from velma_sync.setup.existing import Existing
    from velma_sync.setup.files import Setup


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is read from. `state` is set, written, to be set, or to be replaced."""

    variable: str
    file: str
    state: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was written, what is still to be done by hand, and how to go on."""

    connection: str
    start_at: datetime
    files: tuple[Path, ...]
    secrets: tuple[SecretPlace, ...]
    next_commands: tuple[str, ...]


NEXT = {
    "doctor": "reports what works and how to fix the rest",
    "provision": "shows the fields that would be created; --apply creates them",
    "run": "begins to work: from then on new calls are paid for",
}


def setting(text: str) -> tuple[str, str]:
    """OPTION=VALUE; the type of --set."""
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        raise click.BadParameter("write it as option=value.")
    return name.strip(), value


@click.command(
    "init", epilog="Example: velma-sync init --kind hubspot --name sales --secrets-directory secrets"
)
@click.option("--kind", help="Which CRM: one of those that velma-sync connectors lists.")
@click.option("--name", help="What to call the connection: small letters, digits and hyphens.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    type=setting,
    metavar="OPTION=VALUE",
    help="An option of the connection, velma.OPTION, or recordings.SOURCE.OPTION; not asked any more.",
)
@click.option(
    "--secrets-directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Read secrets from there, and offer to write those that are typed.",
)
@click.option("--offline", is_flag=True, help="Ask no CRM and not Velma: write defaults.")
@click.option("--yes", is_flag=True, help="Agree to whatever is proposed.")
@config_option
@json_option
def command(
    kind: str | None,
    name: str | None,
    settings: tuple[tuple[str, str], ...],
    secrets_directory: Path | None,
    offline: bool,
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> int:
    """Ask for credentials, look around, write the configuration.

    Nothing in the CRM is changed, nothing is paid for, and no file is overwritten: where there is a
    configuration, a connection is added to it. Secrets are asked without showing them and never written into
    it; they are also read from the environment and the secrets directory. Without a terminal, every answer
    is an option: what is missing is told.
    """
    from velma_sync import log
    from velma_sync.cli.dialogue import Dialogue
    from velma_sync.cli.options import QUIET
    from velma_sync.config.load import find_configuration
    from velma_sync.setup.existing import read_existing
    from velma_sync.setup.existing import secrets_directory as directory_of
    from velma_sync.setup.files import plan_files, shipped_mapping, target_paths
    from velma_sync.setup.writing import refuse_existing, write_files

    log.configure(QUIET)
    path = find_configuration(config)
    asker = Asker(yes=yes)
    existing = read_existing(path)
    directory = directory_of(path, secrets_directory, existing)
    if existing is None:
        refuse_existing(target_paths(path, "", further=False))
    given = dict(settings)
    if not asker.is_there:
        _refuse_silence(asker, existing, directory, kind, name, given, agreed=yes or offline)
    asker.say("Nothing in the CRM is changed and nothing is paid for. Ctrl-C stops and saves nothing.\n")
    chosen, called = _beginning(asker, path, existing, kind, name)
    dialogue = Dialogue(asker, chosen, called, given, directory, offline, existing)
    setup = dialogue.decide(shipped_mapping(chosen), datetime.now(UTC).replace(microsecond=0))
    planned = plan_files(setup, path, existing.text if existing else None)
    write_files(planned, setup.secrets_directory)
    outcome = Outcome(
        connection=called,
        start_at=setup.start_at,
        files=tuple(each.path for each in planned if not each.is_secret),
        secrets=_places(dialogue, setup),
        next_commands=tuple(f"velma-sync {name}{_option(config)}" for name in NEXT),
    )
    print_json(outcome) if as_json else _print(outcome)
    return ExitCode.FINE


def _option(config: Path | None) -> str:
    return f" --config {config}" if config else ""


def _refuse_silence(
    asker: Asker,
    existing: Existing | None,
    directory: Path | None,
    kind: str | None,
    name: str | None,
    given: Mapping[str, str],
    *,
    agreed: bool,
) -> None:
    """Without a terminal: raise ConfigError naming all that the command line lacks."""
    from velma_connectors.registry import load_kind
    from velma_sync.cli.dialogue import Dialogue
    from velma_sync.setup.names import connection_name

    if name is not None:
        connection_name(name, existing.connections if existing else ())
    flags = {"--kind": kind is None, "--name": name is None, "--yes": not agreed}
    problems = [
        Problem(flag, "is missing, and there is no terminal to ask at.") for flag, no in flags.items() if no
    ]
    if kind is not None:
        wanted = Dialogue(asker, load_kind(kind), name or "NAME", given, directory, True, existing)
        problems += wanted.obstacles()
    if problems:
        raise ConfigError(problems)


def _beginning(
    asker: Asker, path: Path, existing: Existing | None, kind: str | None, name: str | None
) -> tuple[ConnectorKind, str]:
    """The kind and the name of the connection, before anything is asked that would be in vain."""
    from velma_connectors.registry import kind_names, load_kind
    from velma_sync.setup.files import target_paths
    from velma_sync.setup.names import connection_name, suggested_name
    from velma_sync.setup.writing import refuse_existing

    if existing is not None and asker.is_there:
        asker.say(f"{path} is there already, with {', '.join(existing.connections)}.")
        if not asker.agree("Add another connection to it?"):
            raise NotAgreed("Nothing was written.")
    taken = existing.connections if existing else ()
    installed = kind_names()
    chosen = load_kind(kind or asker.choose(f"Which CRM? ({', '.join(installed)})", installed))

    def check(text: str) -> str:
        found = connection_name(text, taken)
        if existing is not None:
            refuse_existing(target_paths(path, found, further=True))
        return found

    if name is not None:
        return chosen, check(name)
    asker.say("\nName of the connection: part of every call's key, so it stays for good.")
    return chosen, asker.until_answered("name", check, default=suggested_name(chosen.name, taken))


def _places(dialogue: Dialogue, setup: Setup) -> tuple[SecretPlace, ...]:
    def state(variable: str) -> str:
        if variable in setup.secrets:
            return "written"
        if variable not in dialogue.typed():
            return "set"
        in_the_way = setup.secrets_directory and (setup.secrets_directory / variable.lower()).exists()
        return "to be replaced" if in_the_way else "to be set"

    return tuple(SecretPlace(each, each.lower(), state(each)) for each in dialogue.secrets())


def _print(outcome: Outcome) -> None:
    click.echo()
    print_rows([("wrote", str(path)) for path in outcome.files])
    click.echo(
        "\nEach secret is read from its environment variable, or from its file in the secrets directory:"
    )
    print_rows([(each.state, each.variable, each.file) for each in outcome.secrets])
    start = f"{outcome.start_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"\nCalls from {start} on will be analyzed; earlier ones only when backfill is asked to.")
    click.echo("\nNext:")
    print_rows(
        [(f"  {line}", about) for line, about in zip(outcome.next_commands, NEXT.values(), strict=True)]
    )
