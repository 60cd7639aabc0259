"""One table of everything that was to be shown: what was asked, what is reached, beside what, and how to repeat it.

python -m benchmarks targets

No figure is typed here: each is looked up in its section of RESULTS.md (`reading.py`), so the table cannot say anything
else than they do. It becomes the first section of RESULTS.md; the rows with a headline become the README's table.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping

from benchmarks.results import PAGE
from benchmarks.targets.broad import BROAD
from benchmarks.targets.foundation import FOUNDATION
from benchmarks.targets.generation import GENERATION
from benchmarks.targets.language import LANGUAGE
from benchmarks.targets.reading import Section, Target, sections_of
from benchmarks.targets.tables import TABLES
from benchmarks.targets.vision import VISION
from benchmarks.targets.whole import WHOLE

__all__ = ["PATHS", "dated", "main", "readme_table", "whole_table"]

README = PAGE.parents[1] / "README.md"
PATHS = {
    "The whole": FOUNDATION + WHOLE,
    "Vision": VISION,
    "Language": LANGUAGE,
    "Images": GENERATION,
    "The broad path": BROAD,
    "Hands on: tables": TABLES,
}
_HEADS = ("task", "asked", "reached", "met", "beside it", "repeated by", "on", "where it is not met")


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _row(target: Target, sections: Mapping[str, Section]) -> tuple[str, ...]:
    figure = target.reading(sections) if target.reading else None
    if figure is None:
        if target.held_by:
            return (target.task, target.asked, "held by", "yes", "", f"[{target.held_by}](../{target.held_by})", "", "")
        return (target.task, target.asked, "not measured", "–", "", "", "", target.tried)
    is_met, made = target.is_met(figure), figure.section
    on = ", ".join(part for part in (made.machine.replace(" @ 2.50GHz", ""), made.day) if part)
    met, tried = ("yes", "") if is_met else ("NO", target.tried)
    return (target.task, target.asked, figure.text, met, figure.beside, f"`{made.command}`", on, tried)


def whole_table(sections: Mapping[str, Section]) -> str:
    """Give the first section of RESULTS.md."""
    lines: list[str] = []
    counts = {"yes": 0, "NO": 0, "–": 0}
    for path, targets in PATHS.items():
        rows = [_row(target, sections) for target in targets]
        for row in rows:
            counts[row[3]] += 1
        lines += ["", f"### {path}", "", _line(_HEADS), "|" + "---|" * len(_HEADS), *(_line(row) for row in rows)]
    said = f"{counts['yes']} met, {counts['NO']} not met, {counts['–']} not measured"
    head = [
        "<!-- targets -->", "## Everything that was to be shown", "",
        f"{said}. Every figure is looked up in its section below (`python -m benchmarks targets`).",
    ]  # fmt: skip
    return "\n".join([*head, *lines, "<!-- /targets -->"])


def readme_table(sections: Mapping[str, Section]) -> str:
    """Give the README's short table, its markers included."""
    lines = ["<!-- results -->", _line(("task", "what", "figure", "beside it")), "|---|---|---|---|"]
    for target in (each for targets in PATHS.values() for each in targets if each.headline):
        if target.reading and (figure := target.reading(sections)):
            page = f"[{target.task}](docs/{target.task}.md)"
            lines.append(_line((page, target.headline, figure.text, figure.beside)))
    return "\n".join([*lines, "<!-- /results -->"])


def _days(page: str) -> Iterator[tuple[str, str]]:
    """Say for every section without a day when its lines were last committed, where git can tell."""
    asked = ["git", "blame", "--date=short", "-s", "-c", "--porcelain", PAGE.name]
    told = subprocess.run(asked, cwd=PAGE.parent, capture_output=True, text=True, check=False).stdout
    days: dict[str, str] = {}
    commit, name = "", ""
    for line in told.splitlines():
        if re.match(r"[0-9a-f]{40} ", line):
            commit = line[:40]
        elif line.startswith("committer-time "):
            days[commit] = _day_of(int(line.split()[1]))
        elif line.startswith("\t"):
            opened = re.match(r"\t<!-- ([\w-]+) -->", line)
            name = opened[1] if opened else name
            if re.match(r"\t`[^`]+`.* on ", line) and name and not re.search(r", \d{4}-\d\d-\d\d$", line):
                yield line[1:], days[commit]


def _day_of(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def dated(page: str) -> str:
    """Give every section that was written before days were kept the day of its last commit."""
    for line, day in _days(page):
        page = page.replace(f"\n{line}\n", f"\n{line}, {day}\n")
    return page


def _put(page: str, name: str, text: str) -> str:
    """Put a section in the place of the one of its name, or before the first."""
    marks = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if marks.search(page):
        return marks.sub(lambda _: text, page)
    head, first, rest = page.partition("<!-- ")
    return f"{head}{text}\n\n{first}{rest}"


def main(words: list[str]) -> None:
    """Write both tables."""
    page = dated(PAGE.read_text(encoding="utf-8"))
    sections = sections_of(page)
    table = whole_table(sections)
    PAGE.write_text(_put(page, "targets", table), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(_put(readme, "results", readme_table(sections)), encoding="utf-8")
    print(table.splitlines()[3])


if __name__ == "__main__":
    main([])
