"""Detection on public boxes: ours by the command a user types, against SSDLite (`peer_ssdlite.py`) at equal minutes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.results import command, real_data, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.vision.detect.decoding import Found
from onward.vision.detect.finder import find
from onward.vision.detect.precision import average_precision
from onward.vision.detect.reading import Scenes, read
from onward.vision.detect.settings import Settings
from onward.vision.detect.using import load

SETS = {"raccoon": "detect/raccoon", "bccd": "detect/bccd", "meadow": "meadow:detect"}
COLUMNS = (
    "set",
    "minutes",
    "seed",
    "SSDLite AP50 / AP",
    "Onward AP50 / AP",
    "AP50 over the peer's",
    "applied, pictures/s",
)


def ours(address: str, minutes: float, seed: int, scenes: Scenes, place: Path) -> tuple[dict[str, float], float]:
    """Train ours, data, evaluation and report inside its time; give its precision, and pictures a second of finding."""
    words = ["train", "detect", address, "--time", f"{60 * minutes:g}s", "--seed", str(seed)]
    path = place / f"m{minutes:g}-s{seed}"
    if not (path / "run.json").exists():
        subprocess.run([sys.executable, "-m", "onward", *words, "--out", str(place), "--name", path.name], check=True)
    finder = load(Run(Folder(path)))
    scenes = scenes.at(finder.size)
    found = find(finder.network, scenes.pictures.images[scenes.testing])
    return average_precision(scenes, scenes.testing, found), applied_a_second(path, address)


def applied_a_second(path: Path, address: str) -> float:
    """Time the command a user types over all pictures, drawing and writing and its start included."""
    if ":" in address:
        return float("nan")
    with tempfile.TemporaryDirectory() as aside:
        began = time.perf_counter()
        words = [sys.executable, "-m", "onward", "apply", str(path), address, "--out", aside]
        subprocess.run(words, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        return len(json.loads((Path(aside) / "images.json").read_text(encoding="utf-8"))) / seconds


def peer(python: str, address: str, minutes: float, seed: int, scenes: Scenes) -> dict[str, float] | None:
    """Train the peer in its own environment, if there is one."""
    if not python:
        return None
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / "found.json"
        words = [python, "-m", "benchmarks.peer_ssdlite", address, f"{minutes:g}", str(seed), str(path)]
        subprocess.run(words, check=True)
        told = json.loads(path.read_text(encoding="utf-8"))
    found = [
        Found(
            np.array(each["boxes"], np.float32).reshape(-1, 4),
            np.array(each["labels"], np.int64) - 1,
            np.array(each["scores"], np.float32),
        )
        for each in told
    ]
    return average_precision(scenes, scenes.testing, found)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=["raccoon", "bccd"], choices=list(SETS))
    parser.add_argument("--minutes", type=float, nargs="+", default=[10])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--peer-python", default="", help="a Python that has torchvision")
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder")
    parser.add_argument("--section", default="detect", help="of RESULTS.md")
    given = parser.parse_args(words)
    told, rows = command(words), []
    with tempfile.TemporaryDirectory() as aside:
        for name in given.sets:
            address = SETS[name] if ":" in SETS[name] else f"{real_data()}/{SETS[name]}"
            scenes = read(Source((address,)), Settings())
            for minutes in given.minutes:
                for seed in given.seeds:
                    theirs = peer(given.peer_python, address, minutes, seed, scenes)
                    mine, speed = ours(address, minutes, seed, scenes, (given.runs or Path(aside)) / name)
                    shown = [f"{each['AP50']:.3f} / {each['AP']:.3f}" if each else "not run" for each in (theirs, mine)]
                    ratio = f"{mine['AP50'] / max(theirs['AP50'], 1e-9):.2f}x" if theirs else ""
                    rows.append([name, f"{minutes:g}", str(seed), *shown, ratio, f"{speed:.1f}"])
                    title = "Detection: precision on test pictures at equal time"
                    write_section(given.section, title, f"python -m benchmarks detect {told}", COLUMNS, rows)
