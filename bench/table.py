"""The one table that `make bench` prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEADINGS = ("section", "what", "goal", "measured", "met")


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table. `met` is None for a number that has no goal; `detail` says how it came about."""

    section: str
    what: str
    measured: str
    goal: str = ""
    met: bool | None = None
    detail: tuple[str, ...] = ()

    @classmethod
    def at_most(
        cls,
        section: str,
        what: str,
        value: float,
        most: float,
        unit: str,
        *,
        digits: int = 0,
        detail: Iterable[str] = (),
    ) -> Measure:
        """A number that may not exceed `most`, judged as it is printed: with `digits` behind the point."""
        return cls(
            section=section,
            what=what,
            measured=f"{value:.{digits}f} {unit}".rstrip(),
            goal=f"<= {most:g} {unit}".rstrip(),
            met=round(value, digits) <= most,
            detail=tuple(detail),
        )


def rendered(measures: Iterable[Measure]) -> str:
    """The table as text, with each line's details below it."""
    measures = tuple(measures)
    rows = [HEADINGS, *(_cells(each) for each in measures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [_line(HEADINGS, widths), _line(["-" * width for width in widths], widths)]
    for each in measures:
        lines.append(_line(_cells(each), widths))
        lines.extend(f"{'':{widths[0]}}    {detail}" for detail in each.detail)
    return "\n".join(lines)


def _cells(measure: Measure) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: "-"}[measure.met]
    return (measure.section, measure.what, measure.goal or "-", measure.measured, met)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
