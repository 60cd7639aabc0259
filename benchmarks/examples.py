"""Every task on the example that comes with it, offline: is it better than its baseline, and when is there a picture?

python -m benchmarks examples --minutes 2 --tasks classify language-model style
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import command, write_section
from onward.core.metrics import read_metrics
from onward.tasks import find_task, list_tasks

COLUMNS = (
    "task",
    "example",
    "minutes",
    "took, s",
    "first picture after, s",
    "score",
    "value",
    "95 % interval",
    "baseline",
    "its value",
    "better by",
)


def _rows(name: str, minutes: float) -> list[list[str]]:
    example = find_task(name).example
    with tempfile.TemporaryDirectory() as aside:
        began = time.monotonic()
        words = ["train", name, example, "--time", f"{60 * minutes:g}s", "--out", aside, "--name", "run"]
        subprocess.run([sys.executable, "-m", "onward", *words], check=True)
        took = time.monotonic() - began
        facts = Path(aside) / "run" / "metrics.jsonl"
        shown = [f"{fact['seconds']:.1f}" for fact in read_metrics(facts, "show")]
        scores = list(read_metrics(facts, "score"))
    fixed = [name, example, f"{minutes:g}", f"{took:.0f}", shown[0] if shown else "at the end"]
    rows = []
    for fact in scores:
        value, before = fact["value"], fact["baseline"]["value"]
        low, high = fact["interval"]
        gain = value - before if fact["higher_is_better"] else before - value
        told = [f"{value:.4g}", f"{low:.4g} to {high:.4g}", fact["baseline"]["name"], f"{before:.4g}", f"{gain:.4g}"]
        rows.append([*fixed, f"{fact['name']} {fact['unit']}".strip(), *told])
    return rows


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--tasks", nargs="+", default=list_tasks(), choices=list_tasks())
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    for name in given.tasks:
        rows += _rows(name, given.minutes)
        title = f"Each task's own example, in {given.minutes:g} min"
        section = f"examples-{given.minutes:g}".replace(".", "-")
        write_section(section, title, f"python -m benchmarks examples {command(words)}", COLUMNS, rows)
