"""Our GAN against the DCGAN tutorial at equal wall time, judged by a classifier that neither ever saw.

The peer is the tutorial as published, one layer shorter for 32 pixels: float32, batch 64, Adam 2e-4 (0.5, 0.999),
cross-entropy, no average, no augmentation. Its time marks come from one long run, measuring not counted; each of ours
is a run of its own, since our schedule ends with the budget. `--cores 0,1` pins both to the same cores.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.results import real_data, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.data.pictures import read_pictures
from onward.generation.gan import losses
from onward.generation.gan.drawing import draw, load
from onward.generation.gan.judge import HORSE, judge_features, load_judge
from onward.generation.gan.measures import copying_ratio, frechet_distance, precision_and_recall
from onward.generation.gan.networks import TutorialDiscriminator, TutorialGenerator

COUNT = 5000


def measure(network: torch.nn.Module, real: torch.Tensor) -> dict[str, float]:
    """Draw 5,000 pictures and have the outside judge look at them."""
    judge = load_judge()
    noise = torch.randn(COUNT, network.latent_length, generator=torch.Generator().manual_seed(1))
    drawn = judge_features(judge, draw(network.eval(), noise))
    features = judge_features(judge, real)
    precision, recall = precision_and_recall(features[:2500], drawn[:2500])
    half = len(features) // 2
    return {
        "distance": frechet_distance(features, drawn),
        "horse": float((judge.head(drawn).argmax(1) == HORSE).float().mean()),
        "precision": precision,
        "recall": recall,
        "copying": copying_ratio(features[:half], features[half:], drawn[:1000]),
    }


def peer(real: torch.Tensor, marks: list[float], seed: int) -> dict[float, dict[str, float]]:
    """Train the tutorial's DCGAN and measure it at each mark."""
    torch.manual_seed(seed)
    generator, discriminator = TutorialGenerator(32), TutorialDiscriminator(32)
    adams = [torch.optim.Adam(each.parameters(), 2e-4, (0.5, 0.999)) for each in (generator, discriminator)]
    found: dict[float, dict[str, float]] = {}
    began, not_counted = time.monotonic(), 0.0
    while True:
        for chosen in torch.randperm(len(real)).split(64):
            pictures = real[chosen].float() / 127.5 - 1
            fake = generator(torch.randn(len(chosen), 100))
            adams[1].zero_grad()
            losses.classic_discriminator_loss(discriminator(pictures), discriminator(fake.detach())).backward()
            adams[1].step()
            adams[0].zero_grad()
            losses.classic_generator_loss(discriminator(fake)).backward()
            adams[0].step()
            mark = next(each for each in marks if each not in found)
            if time.monotonic() - began - not_counted >= 60 * mark:
                pause = time.monotonic()
                found[mark] = measure(generator, real)
                generator.train()
                not_counted += time.monotonic() - pause
                if len(found) == len(marks):
                    return found


def ours(address: str, minutes: float, seed: int, place: Path, real: torch.Tensor) -> dict[str, float]:
    """Train ours by the command a user types, evaluation and report inside the time."""
    name = f"m{minutes:g}s{seed}"
    words = ["train", "gan", address, "--time", f"{60 * minutes:g}s", "--seed", str(seed), "--name", name]
    subprocess.run([sys.executable, "-m", "onward", *words, "--out", str(place)], check=True)
    return measure(load(Run(Folder(place / name))).network, real)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[2, 5, 10, 20, 60])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", default=f"{real_data()}/pictures/cifar10.zip:train/horse")
    parser.add_argument("--cores")
    given = parser.parse_args(words)
    if given.cores:
        os.sched_setaffinity(0, {int(core) for core in given.cores.split(",")})
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    real = torch.from_numpy(read_pictures(given.data).images).permute(0, 3, 1, 2)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for seed in range(given.seeds):
            theirs = peer(real, sorted(given.minutes), seed)
            for minutes in sorted(given.minutes):
                mine = ours(given.data, minutes, seed, Path(place), real)
                row = [f"{minutes:g}", str(seed)]
                row += [f"{theirs[minutes][key]:.2f} / {mine[key]:.2f}" for key in mine]
                rows.append([*row, f"{theirs[minutes]['distance'] / mine['distance']:.2f}x"])
    columns = ["minutes", "seed", "distance", "called horse", "precision", "recall", "copying", "distance, lower by"]
    write_section(
        "gan",
        "GAN: tutorial DCGAN / Onward at equal time",
        f"python -m benchmarks gan {' '.join(words)}",
        columns,
        rows,
    )
