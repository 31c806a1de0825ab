"""Whether this user may use a path that the admin has named, and the sentence where it may not."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem

REMEDY = "Run velma-sync as the user it belongs to, or let this one in with chmod or chown."


def is_there(path: Path) -> bool:
    """Whether something is at the path. Raises ConfigError when this user cannot even tell."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigError([refusal(path, error)]) from error
    return True


def refusal(path: Path, error: OSError) -> Problem:
    """What keeps this user from a path, and what to do."""
    if not isinstance(error, PermissionError):
        reason = error.strerror or type(error).__name__
        return Problem(str(path), f"cannot be used: {reason}.", "Name another path.")
    whole = path.absolute()
    closed = next((each for each in reversed(whole.parents) if not os.access(each, os.X_OK)), None)
    return Problem(str(path), f"{_user()} may not {f'enter {closed}' if closed else 'open it'}.", REMEDY)


def _user() -> str:
    number = os.geteuid()
    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"the user with the number {number}"
