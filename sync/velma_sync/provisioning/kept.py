"""A plan as a file: carried out later, exactly as it was looked at, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from velma_connectors.errors import ConfigError, Problem
from velma_sync.access import is_there
from velma_sync.provisioning.plan import ConnectionPlan
from velma_sync.replacing import replace_file


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """The plans of all connections of one configuration, and when they were made."""

    version: Literal[1]
    made_at: datetime
    plans: tuple[ConnectionPlan, ...]


def keep_plan(path: Path, plans: Sequence[ConnectionPlan], made_at: datetime) -> None:
    """Write the plan, whole or not at all. Only an older plan is overwritten. Raises ConfigError."""
    text = _adapter().dump_json(KeptPlan(1, made_at, tuple(plans)), indent=2) + b"\n"
    if is_there(path):
        _refuse_other_file(path)
    replace_file(path, text)


def read_plan(path: Path) -> KeptPlan:
    """Read a plan that was kept. Raises ConfigError."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}.")]) from error
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        problem = Problem(str(path), "is no plan that this version of velma-sync has kept.", _again(path))
        raise ConfigError([problem]) from error


def refuse_stale(path: Path, kept: KeptPlan, fresh: Sequence[ConnectionPlan]) -> None:
    """Compare a kept plan with the one of now. Raises ConfigError that names the first difference."""
    difference = next(_differences(kept.plans, fresh), None)
    if difference:
        when = f"{kept.made_at:%Y-%m-%d %H:%M}Z"
        message = f"{difference} this plan was made ({when}); nothing was changed."
        raise ConfigError([Problem(str(path), message, _again(path))])


def _differences(kept: Sequence[ConnectionPlan], fresh: Sequence[ConnectionPlan]) -> Iterator[str]:
    """Every way in which the world is another one, each as the beginning of a sentence."""
    before, now = ([plan.connection for plan in plans] for plans in (kept, fresh))
    if before != now:
        yield f"the configuration had the connections {', '.join(before)}, not {', '.join(now)}, when"
        return
    for old, new in zip(kept, fresh, strict=True):
        name, was, is_now = old.connection, old.basis, new.basis
        if was.account_id != is_now.account_id:
            yield f"{name} was another account when"
        if was.settings != is_now.settings:
            yield f"the settings of {name} have changed since"
        if was.mapping != is_now.mapping:
            yield f"the mapping file of {name} has changed since"
        changed = [each for each in was.fields if was.fields[each] != is_now.fields.get(each)]
        if changed:
            yield f"the fields of {' and '.join(changed)} on {name} have changed since"
        if old.steps != new.steps:
            yield f"{name} needs other steps now than when"


@cache
def _adapter() -> TypeAdapter[KeptPlan]:
    return TypeAdapter(KeptPlan)


def _refuse_other_file(path: Path) -> None:
    try:
        read_plan(path)
    except ConfigError as error:
        remedy = "Name another file."
        raise ConfigError([Problem(str(path), "is no plan, and is not overwritten.", remedy)]) from error


def _again(path: Path) -> str:
    return f"Make a new one with: velma-sync provision --out {path}"
