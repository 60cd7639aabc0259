"""Texts told apart: four public sets, each within minutes, beside the linear model that is learned in seconds.

SST-2 is tested on its dev part; TREC by five folds of its training part, SMS spam and MR by parts of a fifth; folds are
drawn by seed, equal texts on one side. Nothing is chosen on what is tested. With `--labels` a share of the labels is
learned from, and `--from-run` begins from a language model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.results import command, real_data, write_section
from onward.data.labelled_texts import LabelledTexts, read_labelled_texts

SETS = {"sst2": 1, "trec": 5, "sms_spam": 5, "mr_rt_polarity": 5}  # how many folds there are
COLUMNS = ("set", "fold", "learned from", "tested on", "majority", "linear", "Onward", "interval", "kept", "seconds")


def folds(texts: LabelledTexts, count: int, seed: int) -> np.ndarray:
    """Give each text its fold; equal texts have one."""
    chance = np.random.default_rng(seed)
    known: dict[str, int] = {}
    order = chance.permutation(len(texts.texts))
    for number, place in enumerate(order.tolist()):
        known.setdefault(texts.texts[place], number % count)
    return np.array([known[text] for text in texts.texts])


def write_parts(name: str, fold: int, seed: int, place: Path) -> None:
    """Write train and test as tables."""
    texts = read_labelled_texts(str(real_data() / "text" / name))
    is_test = np.array(texts.parts) == "val"
    if not is_test.any():
        is_test = folds(texts, SETS[name], seed) == fold
    for part, chosen in (("train", ~is_test), ("test", is_test)):
        rows = [{"text": texts.texts[at], "label": texts.classes[texts.labels[at]]} for at in np.flatnonzero(chosen)]
        page = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (place / f"{part}.jsonl").write_text(page + "\n", encoding="utf-8")


def ours(folder: Path, words: list[str], place: Path) -> dict[str, str]:
    """Train by the command a user types; read what the run says of itself."""
    onward = [sys.executable, "-m", "onward"]
    subprocess.run([*onward, "train", "text-classify", str(folder), "--out", str(place), *words], check=True)
    run = next(place.glob("*/run.json")).parent
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    facts = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    score = next(fact for fact in facts if fact["kind"] == "score" and fact["name"] == "accuracy")
    compared = {}
    for path in sorted((run / "samples").glob("final-*.csv")):
        cells = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
        if cells[0] == ["model", "part", "accuracy"]:
            compared = {row[0]: float(row[-1]) for row in cells[1:] if row[-2] == "test"}
    share = float(record["text_classify"].get("share", 0))
    return {
        "majority": f"{100 * compared['majority class']:.1f}",
        "linear": f"{100 * compared['TF-IDF and a linear support vector machine']:.1f}",
        "Onward": f"{100 * score['value']:.1f}",
        "interval": f"{100 * score['interval'][0]:.1f} to {100 * score['interval'][1]:.1f}",
        "kept": f"networks {share:.1f}" if share else "linear",
        "seconds": f"{record['elapsed_seconds']:.0f}",
        "tested on": f"{score['count']:,}",
    }


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--folds", type=int, default=2, help="how many of each set's folds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time", default="3m")
    parser.add_argument("--steps", help="count steps instead")
    parser.add_argument("--labels", type=float, default=1.0)
    parser.add_argument("--runs", help="a language model to begin from")
    parser.add_argument("--section", default="text_classify", help="of RESULTS.md")
    given = parser.parse_args(words)
    limits = ["--steps", given.steps] if given.steps else ["--time", given.time]
    settings = [*limits, "--set", f"labels_used={given.labels}"]
    settings += ["--from-run", given.runs] if given.runs else []
    rows: list[list[str]] = []
    for name in given.sets:
        for fold in range(min(given.folds, SETS[name])):
            with tempfile.TemporaryDirectory() as aside:
                data, place = Path(aside) / name, Path(aside) / "runs"
                data.mkdir()
                write_parts(name, fold, given.seed, data)
                lines = (data / "train.jsonl").read_text(encoding="utf-8").count("\n")
                found = ours(data, settings, place)
            found |= {"set": name, "fold": str(fold), "learned from": f"{round(given.labels * lines):,}"}
            rows.append([found[column] for column in COLUMNS])
            title = "Texts told apart: accuracy in % on texts nobody learned from"
            typed = f"python -m benchmarks text_classify {command(words)}"
            write_section(given.section, title, typed, COLUMNS, rows)
