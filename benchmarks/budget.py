"""Is the time kept? Whole processes, quiet and beside busy ones."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.results import real_data, write_section

COLUMNS = ("task", "budget, s", "busy processes beside", "wall, s", "limit, s", "kept")
DATA = {
    "gan": "pictures/cifar10.zip:train/horse",
    "forest": "tables/house-prices/train.csv",
    "svm": "tables/house-prices/train.csv",
    "table": "tables/uci/auto_imports.csv",
    "kaggle": "tables/titanic",
    "classify": "pictures/cifar10.zip",
    "detect": "detect/raccoon",
    "pose": "pose/mouse_pose",
    "style": "pictures/photos/astronaut.png",
    "dream": "pictures/photos/coffee.png",
    "semi": "pictures/cifar10.zip",
    "cluster": "pictures/cifar10.zip:test",
    "compress": "codec/kodak",
    "motion": "meadow:flow",
    "text-classify": "text/sms_spam/sms.tsv",
    "translate": "text/multi30k",
    "language-model": "text/tinyshakespeare",
    "selfplay": "connect_four",
    "control": "CartPole-v1",
}
MORE = {"semi": ["--labels", "25"]}


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep processes busy beside."""
    beside = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in beside:
            process.kill()
            process.wait()


def wall_seconds(task: str, seconds: int, beside: int) -> float:
    """Time a whole training command."""
    with busy(beside), tempfile.TemporaryDirectory() as place:
        address = f"{real_data()}/{DATA[task]}" if "/" in DATA[task] else DATA[task]
        words = ["train", task, address, "--time", f"{seconds}s", "--out", place, *MORE.get(task, [])]
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "onward", *words], check=True, capture_output=True)
        return time.monotonic() - began


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, nargs="+", default=[10, 60, 600])
    parser.add_argument("--tasks", nargs="+", default=list(DATA), choices=list(DATA))
    parser.add_argument("--beside", type=int, nargs="+", default=[0, 4], help="busy processes")
    parser.add_argument("--section", default="budget", help="of RESULTS.md")
    given = parser.parse_args(words)
    rows = []
    for seconds in given.seconds:
        limit = max(seconds + 3, 1.05 * seconds)
        for task in given.tasks:
            for beside in given.beside:
                wall = wall_seconds(task, seconds, beside)
                kept = "yes" if wall <= limit else "NO"
                rows.append([task, str(seconds), str(beside), f"{wall:.1f}", f"{limit:.1f}", kept])
                write_section(given.section, "Budgets", f"python -m benchmarks budget {' '.join(words)}", COLUMNS, rows)
