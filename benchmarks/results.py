"""RESULTS.md: one section a benchmark, replaced whole when it runs again."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")


def real_data() -> Path:
    """Give the folder of real data."""
    return Path(os.environ.get("ONWARD_REAL_DATA", "../shared/data"))


def machine() -> str:
    """Say what computer this is."""
    model = "unknown processor"
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        model = found[1] if found else model
    return f"{len(os.sched_getaffinity(0))} core(s), {model}"


_PLACES = (
    "--keep",
    "--from",
    "--run",
    "--peer-python",
    "--runs",
    "--peers",
    "--nanogpt",
    "--examples",
)  # where things lie on one computer is nobody else's business


def command(words: Sequence[str]) -> str:
    """Give a benchmark's options as another person would type them: without places of this computer."""
    kept = [
        word
        for place, word in enumerate(words)
        if word not in _PLACES and (not place or words[place - 1] not in _PLACES) and not Path(word).is_absolute()
    ]
    return shlex.join(kept)


def write_section(name: str, title: str, command: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table between the marks of a benchmark, and print it."""
    lines = [f"<!-- {name} -->", f"## {title}", "", f"`{command}` on {machine()}, {date.today().isoformat()}", ""]
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows] + [f"<!-- /{name} -->"]
    section = "\n".join(lines)
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Results\n\nWritten by `python -m benchmarks`.\n"
    marks = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    page = marks.sub(lambda _: section, page) if marks.search(page) else f"{page.rstrip()}\n\n{section}\n"
    PAGE.write_text(page, encoding="utf-8")
    print(section)
