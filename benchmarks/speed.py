"""Pictures a second: the tutorial's networks in its plain loop, in ours (`--loss classic`), and the recommended recipe.

The plain loop is `peer_dcgan.play`, in this process. Ours are `onward train gan` as users run it; their speed is read
from `metrics.jsonl` between two logged steps after the start, so that showing, watching and saving count and the
evaluation does not. They take turns, as the machine's speed drifts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from numpy.typing import NDArray

from benchmarks.peer_dcgan import BATCH_SIZE, play
from benchmarks.results import real_data, write_section
from onward.core.machine import cores
from onward.data.pictures import read_pictures

_BATCH_SIZES = {"classic": 64, "relativistic": 32}
_WARM_UP_SECONDS = 3.0
_START_AND_END_SECONDS = 14


def plain(images: NDArray, seconds: float) -> float:
    """Give the plain loop's pictures a second.

    Args:
        images: N 32 32 3, uint8.
    """
    game, steps = play(images, seed=0), 0
    warm = time.monotonic() + _WARM_UP_SECONDS
    while time.monotonic() < warm:
        next(game)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        next(game)
        steps += 1
    return BATCH_SIZE * steps / (time.monotonic() - began)


def ours(address: str, loss: str, seconds: float) -> float:
    """Give the pictures a second of a run that trains for about `seconds`."""
    with tempfile.TemporaryDirectory() as place:
        words = ["train", "gan", address, "--loss", loss, "--size", "32", "--out", place, "--name", "run"]
        whole = ["--time", f"{seconds + _START_AND_END_SECONDS:g}s"]
        subprocess.run([sys.executable, "-m", "onward", *words, *whole], check=True, capture_output=True)
        lines = (Path(place) / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    logged = [fact for fact in map(json.loads, lines) if fact["kind"] == "log"]
    # the first steps set buffers up; the start of the others is where their clock begins
    begun = [fact for fact in logged if fact["seconds"] >= logged[0]["seconds"] + min(_WARM_UP_SECONDS, seconds / 4)]
    if len(begun) < 2:
        raise SystemExit(f"Only {len(logged)} steps were logged in {seconds:g} s. Give more --seconds.")
    steps = begun[-1]["step"] - begun[0]["step"]
    return _BATCH_SIZES[loss] * steps / (begun[-1]["seconds"] - begun[0]["seconds"])


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", default=f"{real_data()}/pictures/cifar10.zip:train/horse")
    given = parser.parse_args(words)
    torch.set_num_threads(cores())
    images = read_pictures(given.data, size=32).images
    turns = [
        (plain(images, given.seconds), *(ours(given.data, loss, given.seconds) for loss in _BATCH_SIZES))
        for _ in range(given.rounds)
    ]
    names = ("tutorial networks, plain loop", "the same, `--loss classic`", "recommended recipe")
    rows = [
        [
            name,
            f"{median(turn[place] for turn in turns):.0f}",
            f"{median(turn[place] / turn[0] for turn in turns):.2f}x",
        ]
        for place, name in enumerate(names)
    ]
    write_section(
        "speed",
        "Pictures a second",
        f"python -m benchmarks speed {' '.join(words)}".strip(),
        ["loop", "pictures/s, median", "over the plain loop, median of turns"],
        rows,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
