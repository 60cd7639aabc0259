"""Figures out of RESULTS.md's sections, wherever they stand there: what a target asks for is looked up, never typed.

A reading is a function from all sections to a figure, or to nothing where no section has it. A section that is there
but has no such column is a mistake in the list of targets, and an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = [
    "Figure",
    "Reading",
    "Section",
    "Target",
    "cell",
    "difference",
    "first_of",
    "ratio",
    "sections_of",
    "share",
    "total",
]


@dataclass(frozen=True)
class Section:
    """What one benchmark wrote.

    Attributes:
        command: what repeats it.
        machine: what it ran on.
        day: when it was written, as 2026-11-29; empty where that was not kept.
        rows: a mapping from column to cell for each row.
    """

    name: str
    command: str
    machine: str
    day: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Figure:
    """A figure that was reached.

    Attributes:
        text: as it stands in its section, or as calculated from two that do.
        value: the number that is compared.
        section: where it stands.
        beside: what belongs to it: an interval, a count, the peer's figure.
    """

    text: str
    value: float
    section: Section
    beside: str = ""


Reading = Callable[[Mapping[str, Section]], Figure | None]


@dataclass(frozen=True)
class Target:
    """What was to be shown, and where it is looked up.

    Attributes:
        task: the task, or the part of the program.
        asked: the target in words.
        reading: where its figure stands; nothing where no benchmark measures it.
        least: the figure has to be at least this.
        most: or at most this.
        tried: where it is missed, what was tried.
        held_by: a file of tests or a page that shows it, where it is no figure.
        headline: what it is in the README's short table; empty: it does not stand there.
    """

    task: str
    asked: str
    reading: Reading | None = None
    least: float | None = None
    most: float | None = None
    tried: str = ""
    held_by: str = ""
    headline: str = field(default="", kw_only=True)

    def is_met(self, figure: Figure) -> bool:
        """Say whether a figure is what was asked for."""
        return (self.least is None or figure.value >= self.least) and (self.most is None or figure.value <= self.most)


_SECTION = re.compile(r"<!-- ([\w-]+) -->\n(.*?)<!-- /\1 -->", re.DOTALL)
_MADE = re.compile(r"^`(?P<command>[^`]+)`.*? on (?P<machine>.*?)(?:, (?P<day>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def sections_of(page: str) -> dict[str, Section]:
    """Read every section of the page that has one table, by name."""
    found = {}
    for name, body in _SECTION.findall(page):
        made, lines = _MADE.search(body), [line for line in body.splitlines() if line.startswith("|")]
        if made and len(lines) > 2:
            columns = _cells(lines[0])
            rows = [dict(zip(columns, _cells(line), strict=False)) for line in lines[2:]]
            found[name] = Section(name, made["command"], made["machine"], made["day"] or "", columns, rows)
    return found


def number_in(text: str) -> float | None:
    """Read the first number of a cell.

    Example:
        >>> number_in("-69.4 % (-69.4 to -69.4)"), number_in("1,675 s"), number_in("not run")
        (-69.4, 1675.0, None)
    """
    found = re.search(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?", text)
    return float(found[0].replace(",", "")) if found else None


def cell(
    names: str,
    column: str,
    where: Mapping[str, str],
    half: int | None = None,
    beside: Sequence[str] = (),
    pattern: str = r"(.*)",
) -> Reading:
    """Look a cell up.

    Args:
        names: sections, parted by spaces; the first that has the row counts.
        where: what stands in other columns of its row.
        half: of a cell like `0.69 / 0.18`, peer and ours: 0 or 1; the other half is told beside.
        beside: columns of the row that are told too.
        pattern: its first group is the part of the cell that counts.
    """

    def read(sections: Mapping[str, Section]) -> Figure | None:
        for name in names.split():
            if (section := sections.get(name)) is None:
                continue
            missing = {column, *where, *beside} - set(section.columns)
            if missing:
                raise KeyError(f"{name} has no column {sorted(missing)}")
            for row in section.rows:
                if all(row[key] == value for key, value in where.items()):
                    halves = row[column].split(" / ") if half is not None else [row[column]]
                    part = re.search(pattern, halves[half or 0])
                    text = part[1] if part else ""
                    told = [f"{key} {row[key]}" for key in beside if row[key]]
                    told += [f"the peer {halves[1 - half]}"] if half is not None else []
                    value = number_in(text)
                    if value is not None:
                        return Figure(text, value, section, ", ".join(told))
        return None

    return read


def ratio(one: Reading, other: Reading, digits: int = 2) -> Reading:
    """Divide a figure by another."""

    def read(sections: Mapping[str, Section]) -> Figure | None:
        top, bottom = one(sections), other(sections)
        if top is None or bottom is None or not bottom.value:
            return None
        value = top.value / bottom.value
        return Figure(f"{value:.{digits}f}x", value, top.section, f"{top.text} against {bottom.text}")

    return read


def difference(one: Reading, other: Reading, digits: int = 1) -> Reading:
    """Take a figure from another."""

    def read(sections: Mapping[str, Section]) -> Figure | None:
        first, second = one(sections), other(sections)
        if first is None or second is None:
            return None
        value = first.value - second.value
        return Figure(f"{value:+.{digits}f}", value, first.section, f"{first.text} against {second.text}")

    return read


def first_of(*readings: Reading) -> Reading:
    """Take the first of several readings that finds something."""
    return lambda sections: next((found for each in readings if (found := each(sections)) is not None), None)


def total(one: Reading, other: Reading) -> Reading:
    """Add two figures."""

    def read(sections: Mapping[str, Section]) -> Figure | None:
        first, second = one(sections), other(sections)
        if first is None or second is None:
            return None
        value = first.value + second.value
        return Figure(f"{value:g}", value, first.section, f"{first.text} and {second.text}")

    return read


def share(
    names: str,
    column: str,
    wanted: Callable[[str], bool],
    where: Mapping[str, str] | None = None,
    but: Mapping[str, str] | None = None,
) -> Reading:
    """Count the rows, among those with `where` and without `but`, in which a column holds what is wanted; 1 is all."""

    def read(sections: Mapping[str, Section]) -> Figure | None:
        for name in names.split():
            if (section := sections.get(name)) is not None:
                rows = [row for row in section.rows if all(row[key] == word for key, word in (where or {}).items())]
                rows = [row for row in rows if not any(row[key] == word for key, word in (but or {}).items())]
                if rows:
                    good = sum(wanted(row[column]) for row in rows)
                    return Figure(f"{good} of {len(rows)}", good / len(rows), section)
        return None

    return read
