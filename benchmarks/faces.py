"""Faces at 64 pixels: our GAN against the tutorial's DCGAN on `meadow:portraits` at equal processor time.

The outside judge knows CIFAR-10's ten classes at 32 pixels; a face is none of them, and half of its sharpness is lost
on the way. So there is a second judge here: a reader of portraits, which learned from other portraits than the players'
(seed 1) to say who wears what at 64 pixels. Neither player saw either judge. The second one also counts what is
missing: `coverage` is 1 less the total variation between the shares of each attribute among drawn and real pictures,
averaged over the attributes; real portraits against other real ones stand in the last row.

Both clocks count a processor's seconds, so that whoever else works on it takes nothing from either.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmarks.peer_dcgan import snapshots
from benchmarks.results import command, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.generation.gan.copies import check_copies, training_features
from onward.generation.gan.drawing import draw, load
from onward.generation.gan.judge import judge_features, load_judge
from onward.generation.gan.measures import frechet_distance, precision_and_recall
from onward.generation.gan.networks import TutorialGenerator
from onward.generation.gan.reading import Gallery, read
from onward.generation.gan.settings import Settings
from onward.meadow import portrait_factors, portraits

ADDRESS, SIZE, COUNT, LOOKED_UP = "meadow:portraits", 64, 2500, 500
ATTRIBUTES = ("skin", "cut", "hair", "mouth", "hat", "glasses", "beard", "background", "lit")
EPOCHS, BATCH, OTHERS = 12, 64, 1  # the reader's, and the seed of its portraits
COLUMNS = ("minutes", "seed", "distance", "reader's distance", "coverage", "precision", "recall", "copied",
           "distance, ours / theirs", "reader's, ours / theirs")  # fmt: skip


class Reader(nn.Module):
    """Says who wears what: four strided convolutions, their mean, and a linear layer for each attribute."""

    def __init__(self, kinds: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.kinds = kinds
        plan = [(3, 32), (32, 64), (64, 96), (96, 128)]
        self.look = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()) for a, b in plan)
        )
        self.tell = nn.ModuleDict({name: nn.Linear(128 * 4, len(each)) for name, each in kinds.items()})

    def features(self, pictures: Tensor) -> Tensor:
        """Look: N 3 64 64 uint8 to N 512, the means of the four quarters."""
        return F.adaptive_avg_pool2d(self.look(pictures.float() / 127.5 - 1), 2).flatten(1)


def _true(kinds: dict[str, tuple[str, ...]], count: int, seed: int) -> dict[str, Tensor]:
    seen = [portrait_factors(index, seed=seed) for index in range(count)]
    return {name: torch.tensor([each.index(getattr(one, name)) for one in seen]) for name, each in kinds.items()}


def find_reader(place: Path) -> Reader:
    """Train the reader, or take it from where it was kept; says how often it is right on portraits it never saw."""
    seen = [portrait_factors(index, seed=OTHERS) for index in range(2000)]
    kinds = {name: tuple(sorted({getattr(one, name) for one in seen})) for name in ATTRIBUTES}
    torch.manual_seed(0)
    reader, kept = Reader(kinds), place / "reader.safetensors"
    if kept.exists():
        reader.load_state_dict(load_file(kept))
        return reader.eval()
    count = 5000
    pixels = torch.from_numpy(portraits(count, seed=OTHERS)).permute(0, 3, 1, 2)
    labels = _true(kinds, count, OTHERS)
    steps = EPOCHS * (count // BATCH)
    adam = torch.optim.AdamW(reader.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(count).split(BATCH)[: count // BATCH]:
            features = reader.features(pixels[chosen])
            losses = [F.cross_entropy(tell(features), labels[name][chosen]) for name, tell in reader.tell.items()]
            adam.zero_grad()
            torch.stack(losses).sum().backward()
            adam.step()
            schedule.step()
    place.mkdir(parents=True, exist_ok=True)
    save_file(reader.state_dict(), kept)
    return reader.eval()


@torch.no_grad()
def look(reader: Reader, pictures: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Give the reader's features, and the share of each kind of each attribute that it sees."""
    features = torch.cat([reader.features(each) for each in pictures.split(250)])
    shares = {
        name: torch.bincount(tell(features).argmax(1), minlength=len(reader.kinds[name])) / len(features)
        for name, tell in reader.tell.items()
    }
    return features, shares


def tell_how_often_right(reader: Reader) -> None:
    """Measure the reader on portraits that nobody has seen."""
    count, seed = 1000, OTHERS + 2
    pictures, labels = (
        torch.from_numpy(portraits(count, seed=seed)).permute(0, 3, 1, 2),
        _true(reader.kinds, count, seed),
    )
    with torch.no_grad():
        features = reader.features(pictures)
        right = [(tell(features).argmax(1) == labels[name]).float().mean() for name, tell in reader.tell.items()]
    row = [f"{float(share):.2f}" for share in right]
    write_section(
        "faces-reader", "The reader of portraits: how often right", "python -m benchmarks faces", ATTRIBUTES, [row]
    )


def measure(drawn: Tensor, gallery: Gallery, reader: Reader, training: Tensor) -> dict[str, float]:
    """Have both judges look at drawn pictures and at as many real ones."""
    judge = load_judge()
    chosen = torch.randperm(len(gallery.training), generator=torch.Generator().manual_seed(2))[: len(drawn)]
    real = torch.from_numpy(gallery.pictures.images[gallery.training[chosen.numpy()]]).permute(0, 3, 1, 2)
    features = [judge_features(judge, each) for each in (real, drawn)]
    (real_seen, real_shares), (drawn_seen, drawn_shares) = look(reader, real), look(reader, drawn)
    apart = [float((real_shares[name] - drawn_shares[name]).abs().sum()) / 2 for name in ATTRIBUTES]
    precision, recall = precision_and_recall(real_seen, drawn_seen)
    check = check_copies(judge, gallery, training, drawn[:LOOKED_UP])
    return {
        "distance": frechet_distance(*features),
        "reader": frechet_distance(real_seen, drawn_seen),
        "coverage": 1 - float(np.mean(apart)),
        "precision": precision,
        "recall": recall,
        "copied": float(check.is_copy.mean()),
    }


def _draw(network: nn.Module) -> Tensor:
    noise = torch.randn(COUNT, network.latent_length, generator=torch.Generator().manual_seed(1))  # pyright: ignore
    return draw(network.eval(), noise)


def ours(minutes: float, seed: int, place: Path, more: Sequence[str]) -> nn.Module:
    """Train ours by the command a user types, on the processor's clock, unless it was done before."""
    path = place / f"m{minutes:g}-s{seed}"
    if not (path / "run.json").exists() or Folder(path).status() != "finished":
        words = ["train", "gan", ADDRESS, "--size", str(SIZE), "--time", f"{60 * minutes:g}s", "--seed", str(seed)]
        words += ["--name", path.name, "--out", str(place), *more]
        subprocess.run([sys.executable, "-m", "benchmarks.core_clock", *words], check=True)
    return load(Run(Folder(path))).network


def peer(gallery: Gallery, minutes: Sequence[float], seed: int, place: Path) -> dict[float, nn.Module]:
    """Give the peer at each mark, from where it was kept or by training it."""
    files = {mark: place / f"m{mark:g}-s{seed}.safetensors" for mark in minutes}
    if not all(file.exists() for file in files.values()):
        images = gallery.pictures.images[gallery.training]
        for mark, steps, network in snapshots(images, minutes, seed, time.process_time):
            print(f"The peer has made {steps} steps in {mark:g} minutes.")
            save_file(network.state_dict(), files[mark])
    networks: dict[float, nn.Module] = {}
    for mark, file in files.items():
        networks[mark] = TutorialGenerator(SIZE, 64)
        networks[mark].load_state_dict(load_file(file))
    return networks


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 20], help="of a processor's time")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--set", action="append", default=[], help="settings of ours")
    parser.add_argument("--section", default="faces", help="where in RESULTS.md")
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder")
    parser.add_argument(
        "--peers", type=Path, help="keep the peer and the reader in this folder, and take them from there"
    )
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    gallery = read(Source((ADDRESS,)), Settings(size=SIZE))
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as aside:
        runs, peers = given.runs or Path(aside), given.peers or Path(aside)
        reader = find_reader(peers)
        tell_how_often_right(reader)
        training = training_features(load_judge(), gallery)
        for seed in given.seeds:
            theirs = peer(gallery, given.minutes, seed, peers)
            for minutes in given.minutes:
                mine = ours(minutes, seed, runs, [f"--set={each}" for each in given.set])
                two = [measure(_draw(network), gallery, reader, training) for network in (theirs[minutes], mine)]
                row = [f"{two[0][key]:.3f} / {two[1][key]:.3f}" for key in two[0]]
                row += [f"{two[1][key] / two[0][key]:.2f}x" for key in ("distance", "reader")]
                rows.append([f"{minutes:g}", str(seed), *row])
        others = torch.from_numpy(portraits(COUNT, seed=OTHERS + 1)).permute(0, 3, 1, 2)
        floor = measure(others, gallery, reader, training)
        rows.append(["real, new", "", *(f"{value:.3f}" for value in floor.values()), "", ""])
        title = "Faces: tutorial DCGAN / Onward on meadow:portraits at equal processor time, 64 pixels"
        write_section(given.section, title, f"python -m benchmarks faces {command(words)}".strip(), COLUMNS, rows)
