"""`velma-sync connectors`"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import print_json, print_rows

if TYPE_CHECKING:
    from velma_sync.option_guide import Option
    from velma_sync.plugins import Connector, ConnectorGuide


@click.command("connectors", epilog="Example: velma-sync connectors hubspot")
@click.argument("kind", required=False)
@config_option
@json_option
def command(kind: str | None, config: Path | None, as_json: bool) -> int:
    """List the CRMs that can be connected, and how.

    Each kind with the package that brings it, how far that is proven, and the configured connections that
    use it: exit code 1 when one of the kinds cannot be used, 3 when a connection is paused. With a KIND,
    all that can be set under the options of such a connection, and where its secrets are read from.
    """
    from velma_sync import log
    from velma_sync.access import is_there
    from velma_sync.cli.options import QUIET
    from velma_sync.config.load import DEFAULT_PATH, find_configuration
    from velma_sync.plugins import connector_guide, connectors

    log.configure(QUIET)
    path = find_configuration(config)
    there = None if config is None and path == DEFAULT_PATH and not is_there(path) else path
    if kind is not None:
        guide = connector_guide(kind, there)
        print_json(guide) if as_json else _print_guide(guide)
        return ExitCode.FINE
    found = connectors(there)
    print_json(found) if as_json else _print(found)
    return _exit_code(found)


def _exit_code(found: Sequence[Connector]) -> ExitCode:
    from velma_connectors.registry import KindState
    from velma_sync.plugins import UseState

    if any(use.state is UseState.PAUSED for each in found for use in each.uses):
        return ExitCode.REFUSED
    broken = any(each.state is KindState.BROKEN for each in found)
    return ExitCode.ATTENTION if broken else ExitCode.FINE


def _print(found: Sequence[Connector]) -> None:
    kinds = [
        (each.kind, each.title, _package(each), each.grade, _told(each.state, each.reason)) for each in found
    ]
    print_rows([("KIND", "TITLE", "PACKAGE", "GRADE", "STATE"), *kinds])
    uses = [(use.connection, each.kind, _told(use.state, use.reason)) for each in found for use in each.uses]
    if uses:
        click.echo()
        print_rows([("CONNECTION", "KIND", "STATE"), *uses])


def _print_guide(guide: ConnectorGuide) -> None:
    each = guide.connector
    print_rows(
        [
            ("title", each.title),
            ("package", _package(each)),
            ("state", _told(each.state, each.reason)),
            ("grade", _told(each.grade, each.grade_reason)),
            *(("used by", f"{use.connection}, {_told(use.state, use.reason)}") for use in each.uses),
        ]
    )
    text = click.HelpFormatter()
    text.write(f"\n{guide.about}\n")
    for option in guide.options:
        text.write(f"\n{option.name} ({_need(option)})\n")
        with text.indentation():
            text.write_text(f"{option.title}: {option.description}" if option.title else option.description)
            for source in option.secret:
                text.write_text(
                    f"Read from {source.variable}, or from the file {source.file} of the secrets directory."
                )
            for example in option.examples:
                text.write_text(f"Example: {_as_yaml(example)}")
    click.echo(text.getvalue(), nl=False)


def _need(option: Option) -> str:
    """Whether an option must be set, and what holds when it is not."""
    need = "required" if option.required else f"default: {_as_yaml(option.default)}"
    return f"secret, {need}" if option.secret else need


def _as_yaml(value: object) -> str:
    """The value as it could stand in the file, on one line."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _package(each: Connector) -> str:
    return " ".join(filter(None, (each.distribution, each.version))) or "-"


def _told(state: str, reason: str) -> str:
    return f"{state}: {reason}" if reason else state
