"""Recognition from nothing on CIFAR-10 against ResNet-20's plain recipe at equal wall time, in turns."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile

import torch

from benchmarks.peer_resnet20 import accuracy, train
from benchmarks.results import command, real_data, write_section
from onward.data.pictures import Pictures, read_pictures

COLUMNS = ("minutes", "seed", "ResNet-20, plain", "Onward", "points above")


def ours(address: str, minutes: float, seed: int) -> float:
    """Train ours by the command a user types, reading, test and report inside its time; give its test accuracy."""
    with tempfile.TemporaryDirectory() as place:
        words = [
            "train",
            "classify",
            address,
            "--backbone",
            "none",
            "--time",
            f"{60 * minutes:g}s",
            "--seed",
            str(seed),
        ]
        onward = [sys.executable, "-m", "onward"]
        subprocess.run([*onward, *words, "--out", place, "--name", "run"], check=True)
        said = subprocess.run(
            [*onward, "evaluate", f"{place}/run", "--json"], check=True, capture_output=True, text=True
        )
    return next(score["value"] for score in json.loads(said.stdout)["scores"] if score["name"] == "accuracy")


def plain(sets: dict[str, Pictures], minutes: float, seed: int) -> float:
    """Train the peer in this process; give its test accuracy."""
    network = train(sets["train"].images, sets["train"].labels, minutes, seed)
    return accuracy(network, sets["test"].images, sets["test"].labels)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[5, 15, 60])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only-ours", action="store_true", help="leave the peer out")
    parser.add_argument("--section", default="classify", help="of RESULTS.md")
    parser.add_argument("--data", default=f"{real_data()}/pictures/cifar10.zip")
    given = parser.parse_args(words)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    sets = {part: read_pictures(f"{given.data}:{part}", size=32) for part in ("train", "test")}
    rows = []
    for minutes in given.minutes:
        for seed in given.seeds:
            peer = None if given.only_ours else plain(sets, minutes, seed)
            mine = ours(given.data, minutes, seed)
            shown = ["not run", ""] if peer is None else [f"{peer:.3f}", f"{100 * (mine - peer):+.1f}"]
            rows.append([f"{minutes:g}", str(seed), shown[0], f"{mine:.3f}", shown[1]])
            title = "Recognition from nothing: CIFAR-10, test accuracy at equal time"
            write_section(given.section, title, f"python -m benchmarks classify {command(words)}", COLUMNS, rows)
