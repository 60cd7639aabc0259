"""Few labels: does the pool help, and does it matter which pictures are labelled?

The label subsets are made here, five draws each. All draws share one look at the pictures, which is what takes the time
and is told in pictures a second; then each draw is chosen for and learned just as `onward train semi` does, and tested
on pictures that nothing else looked at, beside the labels alone on the same features. With --time the program itself is
run instead, once for each number of labels: then the eyes are tuned too, which draws cannot share.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.results import command, real_data, write_section
from onward.backbones import find_eyes
from onward.broad.semi.choosing import FOLDINGS, METHODS, Material, Tally, units_of
from onward.broad.semi.label_next import propose
from onward.broad.semi.linear import Floats, learned_space
from onward.broad.semi.looking import Looks, look_plainly
from onward.core.metrics import read_metrics
from onward.data.pictures import read_pictures

SETS = {"fashion-mnist": "pictures/fashion-mnist/fmnist_6k_2k.npz", "cifar10": "pictures/cifar10.zip"}
COLUMNS = (
    "set",
    "labels",
    "pool",
    "tested on",
    "labels alone, same features",
    "kept, mean of draws",
    "gain, points (95 % interval of the mean)",
    "least gain of a draw",
    "ways kept",
)
RUN_COLUMNS = ("set", "labels", "asked", "took", "labels alone", "accuracy", "of", "gain, points", "kept")
NEXT_COLUMNS = ("set", "labels", "by lot, one a class", "by lot, any", "proposed (typical)", "over one a class, points")


class Seen:
    """A set's features: of a pool, and of test pictures."""

    def __init__(self, name: str, side: int, pool: int, tested: int) -> None:
        images, labels, is_test = _read(name)
        chance = np.random.default_rng(0)
        train = chance.permutation(np.flatnonzero(~is_test))[:pool]
        test = chance.permutation(np.flatnonzero(is_test))[:tested]
        eyes = find_eyes("lite0")
        eyes.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        looks, plain = Looks(eyes, images, train, side), look_plainly(eyes, images, test, side)
        began = time.perf_counter()
        for number in range(len(looks)):
            looks.features.look(number)
        self.seconds = time.perf_counter() - began
        for number in range(len(plain)):
            plain.look(number)
        self.views, self.labels = looks.views(), labels[train]
        self.tested, self.truth = plain.values[0].astype(np.float32), labels[test]
        self.kinds = int(labels.max()) + 1


def _read(name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    place = real_data() / SETS[name]
    if place.suffix == ".npz":
        with np.load(place, allow_pickle=False) as file:
            grey = np.concatenate([file["x_train"], file["x_test"]])
            labels = np.concatenate([file["y_train"], file["y_test"]]).astype(np.int64)
            is_test = np.arange(len(grey)) >= len(file["x_train"])
        return np.repeat(grey[..., None], 3, axis=3), labels, is_test
    pictures = read_pictures(str(place))
    return pictures.images, pictures.labels, np.array(pictures.splits) == "test"


def drawn(labels: NDArray[np.int64], a_class: int, draw: int) -> NDArray[np.int64]:
    """Draw so many pictures of each class."""
    chance = np.random.default_rng([draw, 7])
    return np.concatenate(
        [chance.permutation(np.flatnonzero(labels == kind))[:a_class] for kind in range(int(labels.max()) + 1)]
    )


def material(seen: Seen, chosen: NDArray[np.int64]) -> tuple[Material, Floats]:
    """Put the labelled pictures first, and everything into the space it spans; give the test pictures there too."""
    order = np.concatenate([chosen, np.setdiff1d(np.arange(len(seen.labels)), chosen)])
    both, weak, strong = (each[order] for each in seen.views)
    space = learned_space(both, int(min(512, max(128, len(chosen) // 4))))
    made = Material(space.of(both), space.of(weak), space.of(strong), seen.labels[chosen], seen.kinds)
    return made, space.of(seen.tested)


def kept_and_alone(seen: Seen, chosen: NDArray[np.int64], questions: int) -> tuple[float, float, str]:
    """Choose by cross-validation, learn, test: the accuracy of what is kept, of labels alone, and what is kept."""
    made, tested = material(seen, chosen)
    tally = Tally({name: [0] * FOLDINGS for name in METHODS}, [0] * FOLDINGS)
    short = made.shortened
    for known, asked in units_of(made.labels, 0)[:questions]:
        for name, head in short.heads(known, METHODS).items():
            tally.right[name][0] += int((head.logits(short.x[asked]).argmax(axis=1) == made.labels[asked]).sum())
        tally.asked[0] += len(asked)
    kept = tally.best()
    heads = made.heads(np.arange(len(chosen)), tuple(dict.fromkeys(("supervised", kept))))
    right = [float((heads[name].logits(tested).argmax(axis=1) == seen.truth).mean()) for name in (kept, "supervised")]
    return right[0], right[1], kept


def pool_row(name: str, seen: Seen, a_class: int, draws: int, questions: int) -> list[str]:
    """Measure one set with so many labels a class."""
    found = [kept_and_alone(seen, drawn(seen.labels, a_class, draw), questions) for draw in range(draws)]
    mine, alone = (np.array([each[place] for each in found]) for place in (0, 1))
    gain = 100 * (mine - alone)
    reach = 1.96 * gain.std(ddof=1) / draws**0.5 if draws > 1 else float("nan")
    ways = ", ".join(f"{way} {sum(each[2] == way for each in found)}" for way in sorted({each[2] for each in found}))
    shown = [f"{alone.mean():.3f}", f"{mine.mean():.3f}"]
    shown += [f"{gain.mean():+.1f} ({gain.mean() - reach:+.1f} to {gain.mean() + reach:+.1f})", f"{gain.min():+.1f}"]
    counts = [str(a_class * seen.kinds), str(len(seen.labels)), str(len(seen.truth))]
    return [name, *counts, *shown, ways]


def next_row(name: str, seen: Seen, draws: int) -> list[str]:
    """Compare labels by lot with proposed ones: as many as there are classes, labels spread, tested."""

    def accuracy(chosen: NDArray[np.int64]) -> float:
        made, tested = material(seen, chosen)
        head = made.heads(np.arange(len(chosen)), ("spreading",))["spreading"]
        return float((head.logits(tested).argmax(axis=1) == seen.truth).mean())

    both = seen.views[0]
    x = learned_space(both, 128).of(both)
    proposed = accuracy(np.array([each.row for each in propose(x, 0, None, seen.kinds)]))
    fair = np.mean([accuracy(drawn(seen.labels, 1, draw)) for draw in range(draws)])
    chance = np.random.default_rng(1)
    some = np.mean([accuracy(chance.permutation(len(x))[: seen.kinds]) for _ in range(draws)])
    return [name, str(seen.kinds), f"{fair:.3f}", f"{some:.3f}", f"{proposed:.3f}", f"{100 * (proposed - fair):+.1f}"]


def run_row(name: str, a_class: int, asked: str, place: Path) -> list[str]:
    """Train as a user does, or read a run that is there; give its row."""
    run = place / f"semi-{name}-{a_class}"
    if not (run / "report.html").exists():
        words = ["train", "semi", str(real_data() / SETS[name]), "--labels", str(a_class), "--time", asked]
        subprocess.run([sys.executable, "-m", "onward", *words, "--out", str(place), "--name", run.name], check=True)
    facts = list(read_metrics(run / "metrics.jsonl", "score"))
    right, gain = (next(each for each in facts if word in each["name"]) for word in ("accuracy", "gain"))
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    reach = f"({right['interval'][0]:.3f} to {right['interval'][1]:.3f})"
    gained = f"{gain['value']:+.1f} ({gain['interval'][0]:+.1f} to {gain['interval'][1]:+.1f})"
    labels, seconds = str(a_class * len(told["classifier"]["classes"])), told["elapsed_seconds"]
    ways = told["classifier"]["kept"] + (", eyes tuned" if told["classifier"].get("tuned") else "")
    figures = [f"{right['baseline']['value']:.3f}", f"{right['value']:.3f} {reach}", str(right["count"]), gained]
    return [name, labels, asked, f"{seconds / 60:.1f} min", *figures, ways]


def main(words: Sequence[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--labels", type=int, nargs="+", default=[4, 25, 400], help="a class")
    parser.add_argument("--side", type=int, default=96, help="pixels the eyes look at")
    parser.add_argument("--pool", type=int, default=6000)
    parser.add_argument("--tested", type=int, default=2000)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--questions", type=int, default=25, help="of cross-validation, at most")
    parser.add_argument(
        "--time", help="run the program itself for so long, such as 20m, once for each number of labels"
    )
    parser.add_argument("--runs", type=Path, help="keep those runs here; what is there is read")
    given = parser.parse_args(words)
    typed = f"python -m benchmarks semi {command(words)}"
    for name in given.sets:
        rows = list[list[str]]()
        if given.time:
            with tempfile.TemporaryDirectory() as aside:
                for a_class in given.labels:
                    rows.append(run_row(name, a_class, given.time, given.runs or Path(aside)))
                    title = f"Few labels and a pool, by the program itself, {name}"
                    write_section(f"semi-run-{name}", title, typed, RUN_COLUMNS, rows)
            continue
        seen = Seen(name, given.side, given.pool, given.tested)
        print(f"{name}: {3 * given.pool / seen.seconds:.0f} views a second, those recalled counted")
        proposed = next_row(name, seen, given.draws)
        title = f"Which pictures to label: as many labels as classes, {name}"
        write_section(f"semi-next-{name}", title, typed, NEXT_COLUMNS, [proposed])
        for a_class in given.labels:
            rows.append(pool_row(name, seen, a_class, given.draws, given.questions))
            title = f"Few labels and a pool: accuracy on test pictures, {name}"
            write_section(f"semi-{name}", title, typed, COLUMNS, rows)
