"""Points on public pictures: a mouse from above, with all points and with some deleted; and the speed on its film."""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.results import real_data, write_section
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.vision.pose.errors import diagonals_of, errors_of, usual_places
from onward.vision.pose.finder import find
from onward.vision.pose.reading import Poses, read
from onward.vision.pose.settings import Settings
from onward.vision.pose.using import load

SET, FILM = "pose/mouse_pose", "motion/videos/m3v1mp4.mp4"
COLUMNS = (
    "minutes", "points deleted, %", "seed", "mean error, px", "median, px", "usual place errs by, px",
    "within 5 % of the mouse", "within 5 % of the picture",
)  # fmt: skip
FILM_COLUMNS = ("longest side, px", "frames", "seconds", "frames/s, decoding and drawing included")


def thinned(percent: float, seed: int, place: Path) -> str:
    """Give the set, or a copy of it with a share of the points of its training pictures deleted."""
    whole = Path(real_data()).resolve() / SET
    if not percent:
        return str(whole)
    folder = place / f"thinned-{percent:g}-{seed}"
    folder.mkdir(exist_ok=True)
    page = json.loads((whole / "keypoints.json").read_text(encoding="utf-8"))
    chance = np.random.default_rng(seed)
    tested = {entry["id"] for entry in sorted(page["images"], key=lambda entry: entry["file_name"])[::5]}
    for entry in page["annotations"]:
        for at in range(0, len(entry["keypoints"]), 3):
            if entry["image_id"] not in tested and chance.random() < percent / 100:
                entry["keypoints"][at : at + 3] = [0, 0, 0]
    (folder / "keypoints.json").write_text(json.dumps(page), encoding="utf-8")
    for path in (whole / "images").iterdir():
        link = folder / path.name
        if not link.exists():
            link.symlink_to(path)
    return str(folder)


def trained(words: list[str], path: Path) -> Path:
    """Train by the command a user types, unless that was done before."""
    if not (path / "run.json").exists():
        command = [sys.executable, "-m", "onward", "train", "pose", *words]
        subprocess.run([*command, "--out", str(path.parent), "--name", path.name], check=True)
    return path


def figures(path: Path, poses: Poses) -> list[str]:
    """Measure a run on the test pictures."""
    finder, places = load(Run(Folder(path))), poses.testing
    errors = errors_of(poses, places, find(finder.network, poses.pictures.images[places]))
    usual = errors_of(poses, places, usual_places(poses, len(places)))
    own = diagonals_of(poses, places)[:, None]
    whole = np.hypot(*poses.pictures.sizes[places].T)[:, None]
    shares = [float((errors <= 0.05 * diagonal)[np.isfinite(errors)].mean()) for diagonal in (own, whole)]
    means = [float(np.nanmean(errors)), float(np.nanmedian(errors)), float(np.nanmean(usual))]
    return [*(f"{value:.2f}" for value in means), *(f"{share:.3f}" for share in shares)]


def film_speed(path: Path, size: int) -> list[str]:
    """Apply a run to the film by the command a user types."""
    with tempfile.TemporaryDirectory() as out:
        film = str(Path(real_data()) / FILM)
        began = time.monotonic()
        words = [sys.executable, "-m", "onward", "apply", str(path), film, "--out", out, "--label-next", "0"]
        subprocess.run(words, check=True, capture_output=True)
        seconds = time.monotonic() - began
        with (Path(out) / "predictions.csv").open(encoding="utf-8", newline="") as file:
            frames = len({row["path"] for row in csv.DictReader(file)})
    return [str(size), str(frames), f"{seconds:.1f}", f"{frames / seconds:.1f}"]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="*", default=[10, 30])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--deleted", type=float, nargs="+", default=[0, 15, 33], help="per cent of points")
    parser.add_argument("--film-sizes", type=int, nargs="*", default=[256, 320])
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder")
    given = parser.parse_args(words)
    command, rows = f"python -m benchmarks pose {' '.join(words)}".strip(), []
    with tempfile.TemporaryDirectory() as aside:
        place = given.runs or Path(aside)
        place.mkdir(parents=True, exist_ok=True)
        for minutes in given.minutes:
            for percent in given.deleted:
                for seed in given.seeds:
                    address = thinned(percent, seed, place)
                    name = place / f"m{minutes:g}-d{percent:g}-s{seed}"
                    trained([address, "--time", f"{60 * minutes:g}s", "--seed", str(seed)], name)
                    poses = read(Source((address,)), Settings())
                    rows.append([f"{minutes:g}", f"{percent:g}", str(seed), *figures(name, poses)])
                    write_section(
                        "pose", "Points: a mouse from above, every fifth picture tested", command, COLUMNS, rows
                    )
        speeds = []
        for size in given.film_sizes:
            words = [thinned(0, 0, place), "--steps", "3", "--size", str(size)]
            speeds.append(film_speed(trained(words, place / f"speed-{size}"), size))
            write_section("pose-film", "Points in a film of 640 x 480", command, FILM_COLUMNS, speeds)
