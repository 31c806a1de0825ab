"""How data becomes lines or JSON. Lines carry no colour and no drawing: anyone and anything can read them."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from velma_connectors.model import FieldValue
from velma_sync.cli.streams import exact
from velma_sync.visible import one_line

if TYPE_CHECKING:
    from velma_sync.ledger.backfills import Progress
    from velma_sync.ledger.counts import Billing

LONGEST_VALUE = 60
DISK_FULL = (
    "The disk of the ledger is nearly full: nothing is analyzed until it has room. See: velma-sync doctor"
)


def print_json(data: object) -> None:
    """One JSON document: dataclasses as objects, times in ISO form."""
    click.echo(json.dumps(plain(data), indent=2, ensure_ascii=False))


def print_patch(patch: str, when_empty: str, directory: Path) -> None:
    """The patch alone, to be piped on; that it is empty, or applies elsewhere, is told beside it."""
    click.echo(patch, nl=False, file=exact(sys.stdout))
    if patch and directory != Path.cwd():
        where = shlex.quote(str(directory))
        click.echo(f"To apply it from here: git -C {where} apply -p0, or patch -d {where} -p0", err=True)
    if not patch:
        click.echo(f"The patch is empty: nothing can be adopted as it is. {when_empty}", err=True)


def plain(data: object) -> Any:
    """The data as what JSON knows. Whatever a dataclass keeps out of its repr stays out of here too."""
    if is_dataclass(data) and not isinstance(data, type):
        return {each.name: plain(getattr(data, each.name)) for each in fields(data) if each.repr}
    if isinstance(data, Enum):
        return data.value
    if isinstance(data, datetime):
        return data.isoformat()
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, Sequence | set | frozenset) and not isinstance(data, str | bytes):
        return [plain(value) for value in data]
    if data is None or isinstance(data, bool | int | float | str):
        return data
    return str(data)


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Lines with their columns aligned; the last column may be as long as it likes."""
    for line in aligned(rows):
        click.echo(line)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The same as lines, one for each row whatever its cells hold."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in list(zip(*shown, strict=True))[:-1]]
    for row in shown:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[-1]]).rstrip()


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its noun: `1 call`, `2 calls`."""
    return f"{number} {one if number == 1 else several or f'{one}s'}"


def paid_for(billing: Billing) -> str:
    """What was answered and therefore paid, without a full stop."""
    minutes = billing.answered_seconds / 60
    return f"Paid for {counted(billing.answered, 'analysis', 'analyses')}, {minutes:.1f} minutes of audio"


def money(amount: float) -> str:
    """An estimate for people, in the currency of the configured price."""
    return "less than 0.01" if 0 < amount < 0.01 else f"about {amount:.2f}"


def print_left_out(fields: Iterable[tuple[str, str]]) -> None:
    """Fields with the reasons why they were not written, those of one reason together."""
    by_reason: dict[str, dict[str, None]] = {}
    for field, reason in fields:
        by_reason.setdefault(reason, {})[field] = None
    for reason, names in by_reason.items():
        click.echo(f"left out  {one_line(reason)}")
        click.echo(click.wrap_text(", ".join(names), _width(), " " * 10, " " * 10))


def _width() -> int:
    return max(40, shutil.get_terminal_size().columns)


def moment(when: datetime | None) -> str:
    """A time for people: to the minute, in UTC."""
    return f"{when:%Y-%m-%d %H:%M}Z" if when else "-"


def shown(value: FieldValue) -> str:
    """A field's value in a line: `-` when empty, long texts shortened."""
    if value is None or value in ("", ()):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_VALUE else f"{line[: LONGEST_VALUE - 3]}..."


def backfill_line(found: Progress) -> str:
    """How far a backfill has come, and why it does not go on."""
    backfill = found.backfill
    span = f"backfill {backfill.since:%Y-%m-%d} to {backfill.until:%Y-%m-%d}"
    line = f"{span}: {found.planned} planned, {found.under_way} under way, {found.ended} ended."
    if backfill.stopped_at is None:
        return line
    return f"{line} Stopped at {moment(backfill.stopped_at)}: {one_line(backfill.stopped_reason or '')}"
