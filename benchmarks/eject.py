"""Does an ejected script end where its run did? Each task trains for some steps; its script then takes as many.

How many is decided by processor time, so that a busy machine changes nothing: what a task may take in all is shared by
its run, its script and measuring. The script runs in a process that cannot import this program. Both are measured
alike: a generator by the outside judge's distance of 2,000 pictures drawn, a language model by bits a byte of the test
part, a classifier by the share of test pictures it tells. With `--runs` what is there already is not done again.
"""

from __future__ import annotations

import argparse
import ast
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.results import command, real_data, write_section
from onward.core.budget import parse_duration
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source, Task
from onward.eject import eject
from onward.generation.gan import measures
from onward.generation.gan.drawing import draw
from onward.generation.gan.judge import judge_features, load_judge
from onward.language.language_model.surprise import nats, priced
from onward.parts.intervals import mean_interval, share_interval
from onward.tasks import find_task
from onward.verbs.train import train

ALONE = "import runpy, sys; sys.modules['onward'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
LEARNED, TESTED = 500, 100  # pictures of a class
SHARE = 0.3  # of the processor time for the run's steps, and for the script's
FEW, MORE = 2, 8  # steps that are timed
FIGURES = {
    "gan": "distance of 2,000 pictures to 2,000 real ones (outside judge)",
    "language-model": "bits a byte on the test part",
    "classify": "test accuracy",
}
COLUMNS = (
    "task",
    "figure",
    "steps",
    "weights",
    "run",
    "script",
    "script's lines, of them code",
    "script's processor s",
)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", nargs="+", default=list(FIGURES), choices=list(FIGURES))
    parser.add_argument("--time", default="10m", help="processor time for each task in all")
    parser.add_argument("--runs", type=Path, help="folder to work in; runs and results that are there are used")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as aside:
        place = (given.runs or Path(aside)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        rows = []
        for task in given.tasks:
            known = place / f"{task}.json"
            if not known.exists():
                known.write_text(json.dumps(_row(task, parse_duration(given.time)[0], place)))
            rows.append(json.loads(known.read_text()))
            title = "Ejected scripts beside their runs: as many steps, without Onward"
            write_section("eject", title, f"python -m benchmarks eject {command(words)}".strip(), COLUMNS, rows)


def _row(task: str, seconds: float, place: Path) -> list[str]:
    name, script = f"eject-{task}", place / f"{task}.py"
    address, settings = _data(task, place)
    alone = replace(find_task(task), evaluate=None)  # what is measured is measured below
    if not (place / name / "report.html").exists():
        shutil.rmtree(place / name, ignore_errors=True)
        steps = max(10, int(SHARE * seconds / _seconds_a_step(alone, address, settings)))
        train(alone, address, settings, steps=steps, out=place, name=name)
    folder = Folder(place / name)
    if not script.exists():
        eject(folder, find_task, script)
    out, before = place / f"{task}-out", resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if not (out / "scores.json").exists():
        subprocess.run([sys.executable, "-c", ALONE, str(script)], check=True, cwd=place)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    theirs = json.loads((out / "scores.json").read_text())
    run = Run(folder)
    figures = {"gan": _distances, "language-model": _bits, "classify": _accuracies}[task](run, out, theirs)
    lines = f"{len(script.read_text().splitlines())}, {_code_lines(script)}"
    steps, weights = f"{folder.record['steps_done']:,}", f"{theirs['parameters']:,}"
    return [task, FIGURES[task], steps, weights, *figures, lines, f"{spent:.0f}"]


def _data(task: str, place: Path) -> tuple[str, dict[str, str]]:
    """Give address and settings: of CIFAR-10 all horses to draw, and some pictures of each class to tell apart."""
    if task == "language-model":
        return str((real_data() / "text/tinyshakespeare/input.txt").resolve()), {}
    whole = (real_data() / "pictures/cifar10.zip").resolve()
    if task == "gan":
        return f"{whole}:train/horse", {}
    folder = place / "cifar10"
    if not folder.exists():
        with zipfile.ZipFile(whole) as archive:
            taken: Counter[str] = Counter()
            for name in sorted(archive.namelist()):
                kind = str(Path(name).parent)
                if name.endswith(".jpg") and taken[kind] < (LEARNED if "train" in kind else TESTED):
                    taken[kind] += 1
                    archive.extract(name, place / "unpacked")
        root = next(path.parent for path in (place / "unpacked").rglob("train"))
        root.rename(folder)
    return str(folder.resolve()), {"backbone": "none"}


def _seconds_a_step(task: Task[Any, Any, Any], address: str, settings: dict[str, str]) -> float:
    """Give the processor time of a step, from two short runs whose beginnings cost the same."""
    spent = []
    with tempfile.TemporaryDirectory() as aside:
        for steps in (FEW, FEW, MORE):  # the first one also loads libraries
            began = time.process_time()
            train(task, address, settings, steps=steps, out=Path(aside), quiet=True)
            spent.append(time.process_time() - began)
    return max(0.01, (spent[2] - spent[1]) / (MORE - FEW))


def _distances(run: Run, out: Path, theirs: dict[str, Any]) -> tuple[str, str]:
    """Let the judge see as many pictures of both, drawn from the same random numbers."""
    drawn = find_task("gan").load(run)
    noise = torch.randn(2_000, drawn.network.latent_length, generator=torch.Generator().manual_seed(1))
    own = run.folder.record["data"]
    gallery = find_task("gan").read(Source((own["address"],)), run.settings(find_task("gan").settings))
    real = torch.from_numpy(gallery.at(drawn.network.size).pictures.images[:2_000]).permute(0, 3, 1, 2)
    judge = load_judge()
    known = judge_features(judge, real)
    told = []
    script = torch.from_numpy(np.load(out / "drawn.npz")["images"]).permute(0, 3, 1, 2)
    for pictures in (draw(drawn.network, noise), script):
        seen = judge_features(judge, pictures)
        value = measures.frechet_distance(known, seen)

        def distance(rows: Any, seen: torch.Tensor = seen) -> float:
            return measures.frechet_distance(known, seen[torch.from_numpy(rows)])

        low, high = measures.bootstrap_interval(distance, len(seen), value, 8)
        told.append(f"{value:.3f} ({low:.3f} to {high:.3f})")
    return told[0], told[1]


def _bits(run: Run, out: Path, theirs: dict[str, Any]) -> tuple[str, str]:
    task = find_task("language-model")
    model = task.load(run)
    corpus = task.read(Source((run.folder.record["data"]["address"],)), run.settings(task.settings))
    numbers = corpus.testing.numbers
    surprise = priced(nats(model.network, numbers), numbers, model.tokenizer)
    a_byte = len(numbers) / corpus.testing.bytes / np.log(2)
    low, high = mean_interval(np.array([each.mean() for each in np.array_split(surprise, len(surprise) // 64)]))
    return (
        f"{surprise.mean() * a_byte:.3f} ({low * a_byte:.3f} to {high * a_byte:.3f})",
        f"{theirs['bits_per_byte']:.3f}",
    )


def _accuracies(run: Run, out: Path, theirs: dict[str, Any]) -> tuple[str, str]:
    task = find_task("classify")
    recogniser = task.load(run)
    album = task.read(Source((run.folder.record["data"]["address"],)), run.settings(task.settings))
    told = recogniser.tell(album.pictures.images[album.testing]).argmax(axis=1)
    right, count = int((told == album.pictures.labels[album.testing]).sum()), len(told)
    low, high = share_interval(right, count)
    return f"{right / count:.3f} ({low:.3f} to {high:.3f})", f"{theirs['test_accuracy']:.3f}"


def _code_lines(script: Path) -> int:
    """Count the lines that are neither empty, nor comment, nor docstring."""
    text = script.read_text()
    told: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            told.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(line.strip()) and not line.strip().startswith("#") and n not in told for n, line in lines)
