"""What does each part of the GAN's recipe do? The default and, one at a time, each part changed, in equal minutes."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import torch

from benchmarks.gan import measure, ours
from benchmarks.results import real_data, write_section
from onward.core.task import Source
from onward.generation.gan.reading import read
from onward.generation.gan.settings import Settings

CHANGES: dict[str, tuple[str, ...]] = {
    "the default": (),
    "second judge's weight 0.5 instead of 1": ("projected_weight=0.5",),
    "rate 4e-4 instead of 6e-4": ("learning_rate=4e-4",),
    "no second judge": ("projected_weight=0",),
    "the tutorial's game and networks, in our loop": ("loss=classic",),
    "penalty 1 instead of 0.3": ("penalty=1",),
    "no augmentation": ("shift=0",),
    "48 channels instead of 64": ("width=48",),
    "second judge at every step instead of every 2nd": ("projected_every=1",),
    "rate 8e-4": ("learning_rate=8e-4",),
    "16 pictures a step instead of 32": ("batch_size=16",),
}
COLUMNS = ("recipe", "distance", "called horse", "precision", "recall", "copying")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", default=f"{real_data()}/pictures/cifar10.zip:train/horse")
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder, and take them from there")
    parser.add_argument("--first", type=int, default=len(CHANGES), help="only so many of the recipes")
    given = parser.parse_args(words)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    gallery = read(Source((given.data,)), Settings(size=32))
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as aside:
        for name, changes in list(CHANGES.items())[: given.first]:
            place = (given.runs or Path(aside)) / ("-".join(changes) or "default")
            more = [f"--set={change}" for change in changes]
            found = measure(ours(given.data, given.minutes, given.seed, place, more), gallery)
            rows.append([name, *(f"{value:.2f}" for value in found.values())])
            title = f"GAN: the recipe's parts, {given.minutes:g} minutes, seed {given.seed}"
            command = f"python -m benchmarks ablation {' '.join(words)}"
            write_section(f"ablation-{given.minutes:g}", title, command, COLUMNS, rows)
