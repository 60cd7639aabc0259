"""Forests and support vector machines on a table, on what frozen eyes see in pictures, and on words of texts.

Each by the command a user types: is the time kept, how much memory was taken at most, what was scored beside what. With
`--nets` the networks on the same test samples too, and `onward compare` says which is better. `--draw` copies pictures
of the runs into the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

from benchmarks.results import command, real_data, write_section

PLACE = Path("docs/pictures")
SETS = {"adult": "tables/uci/adult-train.csv", "trec": "text/trec", "cifar10": "pictures/cifar10.zip"}
NETS = {"trec": "text-classify", "cifar10": "classify"}
COLUMNS = ("set", "task", "asked", "took", "peak memory", "score", "interval", "tested on", "baseline", "how far")
DRAWN = {
    ("svm", "adult"): {
        "each dot is a fit": "svm-ladder",
        "distance from": "svm-margins",
        "two columns only": "svm-map",
    },
    ("forest", "adult"): {
        "one tree": "forest-tree",
        "is shuffled": "forest-permutation",
        "all else being": "forest-dependence",
    },
}


def trained(task: str, address: Path, duration: str, place: Path, name: str) -> tuple[float, float]:
    """Train; give the wall seconds from start to end and the most memory in MB."""
    words = [sys.executable, "-m", "onward", "train", task, str(address), "--time", duration]
    began = time.monotonic()
    child = os.spawnv(os.P_NOWAIT, sys.executable, [*words, "--out", str(place), "--name", name])
    _, status, used = os.wait4(child, 0)
    if status:
        sys.exit(f"{task} on {address} ended with {status}")
    return time.monotonic() - began, used.ru_maxrss / 1024


def facts_of(run: Path) -> list[dict]:
    """Read what a run says of itself."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def row(name: str, task: str, duration: str, took: float, megabytes: float, run: Path) -> list[list[str]]:
    """Give a row a score."""
    facts = facts_of(run)
    last = [fact for fact in facts if fact["kind"] == "log"][-1]
    far = f"{last['trees']:.0f} trees" if "trees" in last else f"{last['tried']:.0f} fits" if "tried" in last else ""
    if task == "svm":
        far += f", {max(fact.get('rows', 0) for fact in facts if fact['kind'] == 'log'):,.0f} rows"
    found = []
    for fact in facts:
        if fact["kind"] == "score" and fact["name"] in ("accuracy", "area under ROC curve"):
            low, high = fact["interval"]
            score = f"{fact['name']} {fact['value']:.3f}"
            against = f"{fact['baseline']['name']} {fact['baseline']['value']:.3f}"
            cost = [duration, f"{took:.0f} s", f"{megabytes:,.0f} MB"]
            found.append([name, task, *cost, score, f"{low:.3f} to {high:.3f}", f"{fact['count']:,}", against, far])
    return found


def against(place: Path, name: str, tasks: list[str]) -> list[list[str]]:
    """Ask `onward compare` of every two runs on a set."""
    found = []
    for one, other in combinations([f"{task}-{name}" for task in tasks], 2):
        words = [sys.executable, "-m", "onward", "compare", str(place / one), str(place / other), "--json"]
        told = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
        for row in told["scores"]:
            values = " against ".join(f"{value:.3f}" for value in row["values"])
            found.append([name, f"{one}, {other}", row["name"], values, row["better"] or "cannot be told apart"])
    return found


def draw(run: Path, wanted: dict[str, str]) -> None:
    """Copy the pictures whose captions hold some words."""
    for fact in facts_of(run):
        for words, name in wanted.items():
            if fact["kind"] in ("exhibit", "show") and words in fact["caption"] and fact["file"].endswith(".png"):
                shutil.copy(run / fact["file"], PLACE / f"{name}.png")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--tasks", nargs="+", default=["forest", "svm"])
    parser.add_argument("--time", default="3m")
    parser.add_argument("--nets", action="store_true", help="the networks too, for pictures and texts")
    parser.add_argument("--draw", action="store_true", help="copy pictures into the docs")
    parser.add_argument("--runs", type=Path, help="keep the runs in this folder")
    chosen = parser.parse_args(words)
    place = chosen.runs or Path(tempfile.mkdtemp())
    rows: list[list[str]] = []
    compared: list[list[str]] = []
    for name in chosen.sets:
        own = [NETS[name]] if chosen.nets and name in NETS else []
        for task in [*chosen.tasks, *own]:
            run = place / f"{task}-{name}"
            took, megabytes = trained(task, real_data() / SETS[name], chosen.time, place, run.name)
            rows += row(name, task, chosen.time, took, megabytes, run)
            print(rows[-1], flush=True)
            if chosen.draw:
                draw(run, DRAWN.get((task, name), {}))
        compared += against(place, name, [*chosen.tasks, *own])
    told = f"python -m benchmarks tables_classical {command(words)}".strip()
    write_section("tables_classical", "Forests and support vector machines", told, COLUMNS, rows)
    heads = ("set", "runs", "score", "values", "better")
    write_section("tables_compare", "`onward compare` of every two on the same samples", told, heads, compared)
