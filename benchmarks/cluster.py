"""Groups without labels beside k-means on raw pixels; and doubles planted in a folder of real pictures.

python -m benchmarks cluster --part fashion --minutes 10
python -m benchmarks cluster --part cifar --minutes 10
python -m benchmarks cluster --part doubles --pictures 10000 --minutes 8
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results import command, real_data, write_section
from onward.data.archive import open_store
from onward.data.pictures import read_pictures

GROUPS = (
    "data", "seed", "groups", "accuracy", "k-means on pixels", "ratio", "NMI", "k-means on pixels", "minutes",
    "processor minutes",
)  # fmt: skip
DOUBLES = (
    "pictures", "planted", "found", "recall", "precision", "kills", "train, s", "apply, s", "processor s",
    "folder as it was", "doubles there before",
)  # fmt: skip
KINDS = ("resized", "JPEG q40", "cropped by 5 %", "turned by 90°")
_ALREADY, _ALREADY_MOVED = 0.9, 0.95  # correlation above which two pictures of the set itself are doubles
_WAYS = (-2, -1, 0, 1, 2)  # sixteenths of a side


def onward(*words: str) -> str:
    """Call the program as a user does; give what it said."""
    done = subprocess.run([sys.executable, "-m", "onward", *words], check=True, capture_output=True, text=True)
    return done.stdout


def processor_seconds() -> float:
    """Give the processor time of all programs called so far: on a busy machine it says more than the clock."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def fashion(place: Path) -> Path:
    """Put both parts of the set into one file: 8,000 pictures."""
    with np.load(real_data() / "pictures/fashion-mnist/fmnist_6k_2k.npz") as parts:
        images = np.concatenate([parts["x_train"], parts["x_test"]])
        labels = np.concatenate([parts["y_train"], parts["y_test"]]).astype(np.int64)
    np.savez(place / "fashion.npz", images=images, labels=labels)
    return place / "fashion.npz"


def cifar(place: Path) -> Path:
    """Take the 10,000 test pictures."""
    found = read_pictures(f"{real_data()}/pictures/cifar10.zip:test", size=32)
    np.savez(place / "cifar.npz", images=found.images, labels=found.labels)
    return place / "cifar.npz"


def grouped(address: Path, place: Path, minutes: float, seed: int, asked: int | None) -> list[str]:
    """Group a set; give a row of the table."""
    began, before = time.monotonic(), processor_seconds()
    name = f"{address.stem}-{seed}-{asked or 'found'}"
    wanted = ["--clusters", str(asked)] if asked else []
    budget = ["--time", f"{60 * minutes:g}s", "--seed", str(seed)]
    onward("train", "cluster", str(address), *budget, *wanted, "--out", str(place), "--name", name)
    took, worked = (time.monotonic() - began) / 60, (processor_seconds() - before) / 60
    told = json.loads(onward("evaluate", str(place / name), "--json"))["scores"]
    scores = {each["name"]: each for each in told}
    table = (place / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    notes = [json.loads(line)["sentence"] for line in table if '"kind": "note"' in line]
    groups = next(note.split()[0] for note in reversed(notes) if " groups (" in note)
    accuracy, information = scores["accuracy of paired groups"], scores["normalised mutual information"]
    value, plain = accuracy["value"], accuracy["baseline"]["value"]
    shown = f"{groups} asked for" if asked else f"{groups} found"
    return [
        address.stem, str(seed), shown, f"{value:.3f}", f"{plain:.3f}", f"{value / plain:.2f}",
        f"{information['value']:.3f}", f"{information['baseline']['value']:.3f}", f"{took:.1f}", f"{worked:.1f}",
    ]  # fmt: skip


def planted(folder: Path, count: int, seed: int) -> tuple[dict[str, str], int]:
    """Make a folder of real pictures, a twentieth of them copies of others.

    Returns: each copy's original, and how many pictures were left out since the sets themselves hold their doubles.
    """
    chance = np.random.default_rng(seed)
    originals = count - count // 20
    contents = [content for name in ("bccd", "raccoon") for content in _files(real_data() / "detect" / name)]
    store = open_store(f"{real_data()}/pictures/cifar10.zip")
    drawn = [str(name) for name in chance.permutation(list(store.names))[: int(1.05 * originals)]]
    contents += [(name.replace("/", "-"), store.read(name)) for name in drawn]
    doubled = already([content for _, content in contents])
    kept = [each for place, each in enumerate(contents) if place not in doubled][:originals]
    for name, content in kept:
        path = folder / name.partition("-")[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    truth = {}
    for number, place in enumerate(chance.permutation(len(kept))[: count // 20]):
        name, content = kept[place]
        path = folder / "copies" / f"{number:05d}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(changed(content, number % len(KINDS), chance))
        truth[f"copies/{path.name}"] = f"{name.partition('-')[0]}/{name}"
    return truth, len(doubled)


def _files(folder: Path) -> list[tuple[str, bytes]]:
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    return [(f"{folder.name}-{path.name}", path.read_bytes()) for path in found]


def changed(content: bytes, kind: int, chance: np.random.Generator) -> bytes:
    """Make a copy: resized, pressed hard, cropped by a twentieth of each side, or turned."""
    image = Image.open(io.BytesIO(content)).convert("RGB")
    width, height, quality = *image.size, 92
    if kind == 0:
        factor = 0.5 if min(image.size) > 64 else 1.5
        image = image.resize((round(width * factor), round(height * factor)))
    elif kind == 1:
        quality = 40
    elif kind == 2:
        less, lower = max(1, round(width / 20)), max(1, round(height / 20))
        left, top = int(chance.integers(0, less + 1)), int(chance.integers(0, lower + 1))
        image = image.crop((left, top, left + width - less, top + height - lower))
    else:
        image = image.transpose(Image.Transpose.ROTATE_90)
    held = io.BytesIO()
    image.save(held, "JPEG", quality=quality)
    return held.getvalue()


def already(contents: list[bytes]) -> set[int]:
    """Find pictures that are an earlier one again: as it is, in one of four turns, or moved by some pixels.

    By brute force, and by another way than the program's: thumbnails of 16 by 16, correlated where they overlap.
    """
    grey = [np.asarray(Image.open(io.BytesIO(each)).convert("L").resize((16, 16)), np.float32) for each in contents]
    x = np.stack(grey)
    views = [(np.rot90(x, quarters, axes=(1, 2)), x, _ALREADY) for quarters in range(4)]
    views += [(_moved(x, a, b), _moved(x, -a, -b), _ALREADY_MOVED) for a in _WAYS for b in _WAYS if a or b]
    found: set[int] = set()
    for one, other, bar in views:
        left, right = _standard(one), _standard(other)
        for start in range(0, len(x), 500):
            later, earlier = np.nonzero(left[start : start + 500] @ right.T > bar)
            pairs = ((int(start + a), int(b)) for a, b in zip(later, earlier, strict=True))
            found |= {max(pair) for pair in pairs if pair[0] != pair[1]}
    return found


def _moved(x: NDArray[np.float32], down: int, right: int) -> NDArray[np.float32]:
    """Leave out the rows and columns that a picture moved so far has not in common with one that stayed."""
    rows = slice(max(down, 0), x.shape[1] + min(down, 0))
    return x[:, rows, max(right, 0) : x.shape[2] + min(right, 0)]


def _standard(x: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = x.reshape(len(x), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.sqrt((flat**2).sum(axis=1, keepdims=True)), 1e-6)


def digest_of(folder: Path) -> str:
    """Digest every file's name, content and time of change."""
    digest = hashlib.blake2b()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}".encode() + path.read_bytes())
    return digest.hexdigest()


def train_killed(words: list[str], run: Path, kills: int, chance: random.Random) -> None:
    """Train, killed at random moments, and go on each time."""
    begun = [sys.executable, "-m", "onward"]
    for number in range(kills):
        wanted = ["resume", str(run)] if (run / "run.json").exists() else words
        child = subprocess.Popen([*begun, *wanted], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(timeout=chance.uniform(10, 40))
            return
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            print(f"killed {number + 1} of {kills}", flush=True)
    subprocess.run([*begun, *(["resume", str(run)] if (run / "run.json").exists() else words)], check=True)


def doubles(place: Path, count: int, minutes: float, seed: int, kills: int, encoder: str) -> list[str]:
    """Plant doubles and look for them; give a row of the table."""
    folder = place / "pictures"
    truth, doubled = planted(folder, count, seed)
    digest = digest_of(folder)
    began, before = time.monotonic(), processor_seconds()
    budget = ["--time", f"{60 * minutes:g}s", "--encoder", encoder]
    words = ["train", "cluster", str(folder), *budget, "--out", str(place), "--name", "run"]
    train_killed(words, place / "run", kills, random.Random(seed))
    trained = time.monotonic()
    onward("apply", str(place / "run"), str(folder), "--out", str(place / "out"))
    applied = time.monotonic()
    with (place / "out/duplicates.csv").open(encoding="utf-8", newline="") as file:
        pairs = {frozenset((row["path"], row["duplicate_of"])) for row in csv.DictReader(file)}
    wanted = {frozenset(pair) for pair in truth.items()}
    for pair in sorted(map(sorted, pairs - wanted))[:20]:
        print("not planted:", *pair)
    for pair in sorted(map(sorted, wanted - pairs))[:20]:
        print("not found:", *pair, KINDS[int(Path(sorted(pair)[-1]).stem) % 4] if "copies" in sorted(pair)[-1] else "")
    right = len(pairs & wanted)
    return [
        f"{count:,}", str(len(truth)), str(len(pairs)), f"{right / len(wanted):.3f}",
        f"{right / max(1, len(pairs)):.3f}", str(kills), f"{trained - began:.0f}", f"{applied - trained:.0f}",
        f"{processor_seconds() - before:.0f}", "yes" if digest_of(folder) == digest else "NO", str(doubled),
    ]  # fmt: skip


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=("fashion", "cifar", "doubles"), default="fashion")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--encoder", default="auto")
    parser.add_argument("--only-found", action="store_true", help="leave out the run that is told how many groups")
    given = parser.parse_args(words)
    said = f"python -m benchmarks cluster {command(words)}"
    rows = []
    with tempfile.TemporaryDirectory() as held:
        place = Path(held)
        for seed in given.seeds:
            if given.part == "doubles":
                (place / str(seed)).mkdir()
                arguments = (place / str(seed), given.pictures, given.minutes, seed, given.kills, given.encoder)
                rows.append(doubles(*arguments))
                write_section("cluster-doubles", "Doubles planted in real pictures", said, DOUBLES, rows)
                continue
            address = fashion(place) if given.part == "fashion" else cifar(place)
            for asked in (None,) if given.only_found else (None, 10):
                rows.append(grouped(address, place, given.minutes, seed, asked))
                title = f"Groups without labels: {'Fashion-MNIST' if given.part == 'fashion' else 'CIFAR-10, test'}"
                write_section(f"cluster-{given.part}", title, said, GROUPS, rows)
