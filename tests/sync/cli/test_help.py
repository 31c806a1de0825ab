from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from velma_sync.cli.main import cli
from velma_sync.cli.outcome import EXIT_CODES, ExitCode

HEAVY = (
    "alembic",
    "apscheduler",
    "httpx",
    "jinja2",
    "pydantic",
    "requests",
    "rich",
    "ruamel",
    "simple_salesforce",
    "sqlalchemy",
    "structlog",
    "werkzeug",
)


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, f"{path} {name} is listed, but not there"
        yield f"{path} {name}", found
        if isinstance(found, click.Group):
            yield from commands(found, f"{path} {name}")


ALL = dict(commands(cli, "velma-sync"))
ANSWERS_OTHERWISE = ("velma-sync run", "velma-sync sandbox", "velma-sync schema")
"""Those that log, run another command, or print JSON anyway."""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["once", "--help"], ["calls", "list", "--help"]]
)
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from velma_sync.cli.main import main\n"
        "try:\n    main()\n"
        f"finally:\n    print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout
    assert done.stderr.split() == []


def test_the_first_help_an_admin_sees_is_as_agreed(
    velma_sync: Callable[..., Any], golden: Callable[[str], str]
) -> None:
    outcome = velma_sync("--help")
    assert outcome.out == golden("help.txt")
    assert outcome.code == ExitCode.FINE


def test_no_command_at_all_shows_the_help(
    velma_sync: Callable[..., Any], golden: Callable[[str], str]
) -> None:
    outcome = velma_sync()
    assert golden("help.txt").strip() in outcome.err
    assert outcome.code == ExitCode.CONFIGURATION


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_one_example_that_it_understands(name: str) -> None:
    command = ALL[name]
    epilog = command.epilog or ""
    assert epilog.startswith("Example: velma-sync "), f"{name} lacks an example"
    words = epilog.removeprefix("Example: velma-sync ").split()
    depth = len(name.split()) - 1
    assert words[:depth] == name.split()[1:], "the example is of another command"
    if not isinstance(command, click.Group):
        command.make_context(name, words[depth:])


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = ALL[name]
    assert command.help
    unexplained = [
        param.name for param in command.params if isinstance(param, click.Option) and not param.help
    ]
    assert not unexplained


def test_every_exit_code_is_explained(golden: Callable[[str], str]) -> None:
    assert set(EXIT_CODES) == set(ExitCode)
    for code, meaning in EXIT_CODES.items():
        assert f"{code:<3} {meaning}" in golden("help.txt")


@pytest.mark.parametrize("name", [name for name in ALL if not isinstance(ALL[name], click.Group)])
def test_every_command_that_tells_something_can_tell_it_as_json(name: str) -> None:
    options = {option for param in ALL[name].params for option in param.opts}
    assert ("--json" in options) is not (name in ANSWERS_OTHERWISE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "No such command 'nonsense'."),
        (("once", "--nope"), "No such option '--nope'."),
        (("retry",), "Name either calls, or a --state or --code"),
        (("retry", "demo:Task:1", "--code", "gone"), "Name either calls, or a --state or --code"),
        (
            ("retry", "--state", "done"),
            "'done' is not one of 'held', 'dead', 'skipped', 'no_recording', 'waiting_recording'.",
        ),
        (("retry", "task"), "'task' is not a call; expected CONNECTION:OBJECT:ID."),
        (("calls", "list", "--state", "lost"), "'lost' is not one of"),
    ],
)
def test_a_wrong_command_line_is_explained_and_is_code_2(
    velma_sync: Callable[..., Any], arguments: tuple[str, ...], message: str
) -> None:
    outcome = velma_sync(*arguments)
    assert outcome.code == ExitCode.CONFIGURATION
    assert message in outcome.err
    assert outcome.out == ""
