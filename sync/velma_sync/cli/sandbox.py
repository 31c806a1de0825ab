"""`velma-sync sandbox`"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from velma_sync.cli.outcome import ExitCode

OURS = "VELMA_SYNC_"
CONFIG = "VELMA_SYNC_CONFIG"
SECRETS = "VELMA_SYNC_SECRETS_DIR"
DIED_BY_SIGNAL = 128


@click.command(
    "sandbox",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: velma-sync sandbox velma-demo -- velma-sync once",
)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.argument("command_line", metavar="[-- COMMAND ...]", nargs=-1, type=click.UNPROCESSED)
def command(directory: Path, command_line: tuple[str, ...]) -> int:
    """Serve invented CRMs, Velma and recordings on this machine.

    What happens there is kept in DIRECTORY. With a COMMAND: runs it with the sandbox's configuration, ends
    the sandbox, and exits as the command did. Without one: serves until interrupted.
    """
    from velma_sync.demo.folder import served

    with served(directory):
        environment = sandbox_environment(directory, os.environ)
        if wanted := command_line[1:] if command_line[:1] == ("--",) else command_line:
            return _run(wanted, environment)
        click.echo(f"The sandbox in {directory} answers until interrupted. To use it from another terminal:")
        for name in (CONFIG, SECRETS):
            click.echo(f"  export {name}={environment[name]}")
        interrupted = threading.Event()
        with _signals(lambda _: interrupted.set()):
            interrupted.wait()
    return ExitCode.FINE


def sandbox_environment(directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the sandbox's configuration and secrets, and nobody else's."""
    from velma_sync.demo.folder import configuration_of

    others = {name: value for name, value in environment.items() if not name.startswith(OURS)}
    return others | {
        CONFIG: str(configuration_of(directory).absolute()),
        SECRETS: str((directory / "secrets").absolute()),
    }


def _run(command_line: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end. A terminal signals it directly; SIGTERM to us is passed on."""
    try:
        process = subprocess.Popen(command_line, env=environment)  # noqa: S603 - the admin's own command
    except OSError as error:
        raise click.UsageError(f"'{command_line[0]}' cannot be started: {error.strerror}.") from error

    def pass_on(number: int) -> None:
        if number == signal.SIGTERM:
            process.terminate()

    with _signals(pass_on):
        code = process.wait()
    return code if code >= 0 else DIED_BY_SIGNAL - code


@contextmanager
def _signals(act: Callable[[int], None]) -> Iterator[None]:
    """Answer Ctrl-C, SIGTERM and the end of the terminal in this way for a while."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda number, _: act(number)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
