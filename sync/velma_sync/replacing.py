"""Files that get new content whole or not at all, for whoever reads them and on a full disk."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from velma_connectors.errors import ConfigError, Problem


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the file, then give that its name; a link stays one. Raises ConfigError."""
    target = path.resolve()
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with aside.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            keep_ownership(aside, target)
        aside.replace(target)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError([Problem(str(path), f"cannot be written: {reason}.")]) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def keep_ownership(aside: Path, target: Path) -> None:
    """Owner, group and mode of the target for what replaces it, as far as this user may give them."""
    like = target.stat()
    for owner, group in ((-1, like.st_gid), (like.st_uid, -1)):
        with suppress(PermissionError):
            os.chown(aside, owner, group)
    aside.chmod(like.st_mode & 0o777)
