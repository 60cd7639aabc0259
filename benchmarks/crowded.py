"""Is the time kept on a crowded processor, and what is learned there? Neighbours are simulated: the clock is work.

A process that gets a ninth of a core sees nine seconds pass for each that it works; so the clock of these runs is their
own work, many times over. That needs no busy processes, takes a ninth of the time, and says the same on a busy machine,
but for what neighbours do to the processor's memory. Start-up counts.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import PAGE, real_data, write_section

SETS = {
    "auto imports": ("table", "tables/uci/auto_imports.csv"),
    "wine quality": ("table", "tables/uci/winequality-white.csv"),
    "Titanic": ("kaggle", "tables/titanic"),
    "House Prices": ("kaggle", "tables/house-prices"),
    "House Prices, forest": ("forest", "tables/house-prices/train.csv"),
    "House Prices, svm": ("svm", "tables/house-prices/train.csv"),
}
COLUMNS = ("set", "task", "seconds of the clock for one of work", "asked, s", "the clock said, s", "kept",
           "first learned, s", "members, trees or fits", "score", "interval")  # fmt: skip

_CROWDED = """
import sys, time
work, share = time.process_time, float(sys.argv[1])
time.monotonic = time.perf_counter = lambda: share * work()
import onward
onward.started_at = 0.0
from onward.cli import main
sys.argv = ["onward", *sys.argv[2:]]
try:
    main()
finally:
    print(f"the clock said {time.monotonic():.2f}")
"""
_LOADED = """
import importlib, sys, time
import numpy
from onward.tables.lean import library
began = time.process_time()
(library if sys.argv[2] == "lean" else importlib.import_module)(sys.argv[1])
print(time.process_time() - began)
"""


def crowded(share: float, task: str, data: str, duration: str, place: Path) -> tuple[float, str]:
    """Train as if each second of work took `share` of the clock.

    Returns: the seconds that the clock said at the end, and the words that were printed.
    """
    words = ["train", task, data, "--time", duration, "--out", str(place), "--name", "run"]
    told = [sys.executable, "-c", _CROWDED, str(share), *words]
    answer = subprocess.run(told, capture_output=True, text=True, check=False)
    found = re.search(r"the clock said ([\d.]+)", answer.stdout)
    if answer.returncode or not found:
        raise RuntimeError(answer.stderr)
    return float(found[1]), answer.stdout


def learned_at(run: Path, facts: list[dict]) -> str:
    """Say when the first member or tree or fit stood."""
    first = next((fact for fact in facts if fact["kind"] == "log" and {"members", "trees", "tried"} & set(fact)), None)
    whole = next((fact for fact in facts if "member_score" in fact), first)
    return f"{whole['seconds']:.1f}" if whole else ""


def rows_before() -> list[list[str]]:
    """Give the rows that RESULTS.md has: a run may be for some of them."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    _, _, section = page.partition("<!-- crowded -->")
    lines = [line for line in section.partition("<!-- /crowded -->")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--shares", nargs="+", type=float, default=[4.5, 9.0], help="two cores or one, beside eight")
    parser.add_argument("--seconds", nargs="+", type=int, default=[10, 60])
    parser.add_argument("--libraries", nargs="*", default=[], help="whose loading is timed too")
    given = parser.parse_args(words)
    rows = {tuple(row[:4]): row for row in rows_before()}
    told = "python -m benchmarks crowded --libraries lightgbm sklearn.tree"
    for name in given.sets:
        task, address = SETS[name]
        for share in given.shares:
            for seconds in given.seconds:
                with tempfile.TemporaryDirectory() as place:
                    passed, _ = crowded(share, task, str(real_data() / address), f"{seconds}s", Path(place))
                    run = Path(place) / "run"
                    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
                    facts = [json.loads(line) for line in lines]
                    logs = [fact for fact in facts if fact["kind"] == "log"]
                    many = max((fact.get(key, 0) for fact in logs for key in ("members", "trees", "tried")), default=0)
                    score = next(fact for fact in facts if fact["kind"] == "score")
                    low, high = score["interval"]
                    kept = "yes" if passed <= 1.05 * seconds else "NO"
                    times = [f"{share:g}", str(seconds), f"{passed:.1f}", kept, learned_at(run, facts)]
                    figures = [f"{many:.0f}", f"{score['name']} {score['value']:.4f}", f"{low:.4f} to {high:.4f}"]
                    row = [name, task, *times, *figures]
                    rows[tuple(row[:4])] = row
                every = [rows[key] for key in sorted(rows)]
                write_section("crowded", "Tables on a crowded processor, simulated", told, COLUMNS, every)
    loads = []
    for name in given.libraries:
        took = [subprocess.run([sys.executable, "-c", _LOADED, name, how], check=True, capture_output=True, text=True)
                for how in ("plain", "lean")]  # fmt: skip
        loads.append([name, *(f"{float(each.stdout):.2f}" for each in took)])
    if not loads:
        return
    heads = ("library", "as it comes, s of work", "without what it looks for, s of work")
    write_section("crowded-libraries", "Loading libraries", told, heads, loads)
