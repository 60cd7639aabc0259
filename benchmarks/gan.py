"""Our GAN against the DCGAN tutorial (`peer_dcgan.py`) at equal wall time, judged by a classifier neither ever saw.

The two take turns: the peer trains up to a mark and its clock stands still, then ours is run for that many minutes by
the command a user types, data, evaluation and report inside its time. What is kept in `--peers` and `--runs` is not
trained again. Both learn from the same pictures; the twentieth that `onward train gan` holds out is held out from the
peer too, and is what copying is measured against. Each row is written as soon as it is known.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from benchmarks.peer_dcgan import snapshots
from benchmarks.results import command, real_data, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.generation.gan.drawing import draw, load
from onward.generation.gan.judge import HORSE, judge_features, load_judge
from onward.generation.gan.measures import copying_ratio, frechet_distance, precision_and_recall
from onward.generation.gan.networks import TutorialGenerator
from onward.generation.gan.reading import Gallery, read
from onward.generation.gan.settings import Settings

COUNT = 5000
COLUMNS = ("minutes", "seed", "distance", "called horse", "precision", "recall", "copying", "distance, lower by")


def measure(network: torch.nn.Module, gallery: Gallery) -> dict[str, float]:
    """Draw 5,000 pictures and have the outside judge look at them."""
    judge = load_judge()
    noise = torch.randn(COUNT, network.latent_length, generator=torch.Generator().manual_seed(1))
    drawn = judge_features(judge, draw(network.eval(), noise))
    real = judge_features(judge, torch.from_numpy(gallery.pictures.images).permute(0, 3, 1, 2))
    order = torch.randperm(len(real), generator=torch.Generator().manual_seed(2))
    precision, recall = precision_and_recall(real[order[:2500]], drawn[:2500])
    return {
        "distance": frechet_distance(real, drawn),
        "horse": float((judge.head(drawn).argmax(1) == HORSE).float().mean()),
        "precision": precision,
        "recall": recall,
        "copying": copying_ratio(real[gallery.training], real[gallery.held_out], drawn[:1000]),
    }


def ours(address: str, minutes: float, seed: int, place: Path, more: list[str]) -> torch.nn.Module:
    """Train ours by the command a user types, unless a run of that name is finished already."""
    path = place / f"m{minutes:g}-s{seed}"
    if not (path / "run.json").exists() or Folder(path).status() != "finished":
        time = f"{60 * minutes:g}s"
        words = ["train", "gan", address, "--time", time, "--seed", str(seed), "--name", path.name, *more]
        subprocess.run([sys.executable, "-m", "onward", *words, "--out", str(place)], check=True)
    return load(Run(Folder(path))).network


def peers(
    images: NDArray[np.uint8], minutes: Sequence[float], seed: int, kept: Path | None
) -> Iterator[tuple[float, TutorialGenerator]]:
    """Give the peer at each mark, from `kept` where a run before left all of them, else by training it."""
    files = {mark: kept / f"m{mark:g}-s{seed}.safetensors" for mark in sorted(minutes)} if kept else {}
    if files and all(file.exists() for file in files.values()):
        for mark, file in files.items():
            network = TutorialGenerator(32, 64)
            network.load_state_dict(load_file(file))
            yield mark, network
        return
    for mark, _, network in snapshots(images, minutes, seed):
        if files:
            files[mark].parent.mkdir(parents=True, exist_ok=True)
            save_file(network.state_dict(), files[mark])
        yield mark, network


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[2, 5, 10, 20, 60])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", default=f"{real_data()}/pictures/cifar10.zip:train/horse")
    parser.add_argument("--section", default="gan", help="where in RESULTS.md")
    parser.add_argument("--set", action="append", default=[], help="settings of ours")
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder")
    parser.add_argument("--peers", type=Path, help="keep the peer in this folder, and take it from there")
    parser.add_argument("--only-peer", action="store_true", help="train and keep the peer, and stop")
    parser.add_argument("--only-ours", action="store_true", help="leave the peer out")
    given = parser.parse_args(words)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    gallery = read(Source((given.data,)), Settings(size=32))
    more = [f"--set={each}" for each in given.set]
    rows: list[list[str]] = []
    if given.only_ours:
        for minutes, seed in product(given.minutes, given.seeds):
            mine = measure(ours(given.data, minutes, seed, given.runs or Path("runs"), more), gallery)
            rows.append([f"{minutes:g}", str(seed), *(f"{value:.3f}" for value in mine.values())])
            title, told = "GAN: Onward alone", f"python -m benchmarks gan {command(words)}"
            write_section(given.section, title, told, COLUMNS[:-1], rows)
        return
    with tempfile.TemporaryDirectory() as aside:
        for seed in given.seeds:
            for minutes, theirs in peers(gallery.pictures.images[gallery.training], given.minutes, seed, given.peers):
                if given.only_peer:
                    continue
                peer = measure(theirs, gallery)
                mine = measure(ours(given.data, minutes, seed, given.runs or Path(aside), more), gallery)
                row = [f"{minutes:g}", str(seed), *(f"{peer[key]:.2f} / {mine[key]:.2f}" for key in mine)]
                rows.append([*row, f"{peer['distance'] / mine['distance']:.2f}x"])
                title = "GAN: tutorial DCGAN / Onward at equal time"
                write_section(given.section, title, f"python -m benchmarks gan {command(words)}", COLUMNS, rows)
