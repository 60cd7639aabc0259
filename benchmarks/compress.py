"""The codec beside JPEG, WebP and AVIF; the same symbols on any machine; damage; seconds. And the pictures of its page.

folder   train on a folder for some minutes, by the command line, and take the scores of its run
single   fit the middle 256 pixels of Kodak pictures, at four qualities, and take the BD-rate
exact    decode one file under other threads, libraries, processors' commands and orders of memory
damage   flip random bytes
pictures those of docs/compress.md
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.results import command, real_data, write_section
from onward.broad.compress.codec import Frozen
from onward.broad.compress.container import BrokenFile, unpack
from onward.broad.compress.drawing import compared
from onward.broad.compress.fitting import fit_picture
from onward.broad.compress.integers import ONE
from onward.broad.compress.measuring import Point, bd_rate, decibels, ms_ssim
from onward.broad.compress.rivals import rival_points, rivals_here
from onward.broad.compress.settings import LAMBDAS, Coding
from onward.broad.compress.training import Model, load, untrained
from onward.broad.compress.using import decode_file, encode_file
from onward.core.folder import find_run
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.data.photo import Photo

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
HABITS: dict[str, dict[str, str]] = {
    "1 thread": {"OMP_NUM_THREADS": "1"},
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "oneDNN off": {"ONWARD_TRY": "no-onednn"},
    "SSE4.1 only": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
    "AVX2 at most": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "channels last": {"ONWARD_TRY": "channels-last"},
    "batch of 8": {"ONWARD_TRY": "batch"},
    "ONNX Runtime": {"ONWARD_TRY": "onnxruntime"},
}


def kodak(number: int) -> NDArray[np.uint8]:
    """Read a Kodak picture."""
    with Image.open(real_data() / "codec" / "kodak" / f"kodim{number:02d}.png") as picture:
        return np.asarray(picture.convert("RGB"))


def make_folder(kind: str, place: Path) -> Path:
    """Lay out a folder with train/ and test/: `bccd` halved in size, by its own lists, or `kodak` 1 to 4 and 5 to 8."""
    if place.is_dir():
        return place
    for part in ("train", "test"):
        (place / part).mkdir(parents=True)
    if kind == "kodak":
        for number in range(1, 9):
            Image.fromarray(kodak(number)).save(place / ("train" if number < 5 else "test") / f"{number}.png")
        return place
    source = real_data() / "detect" / "bccd"
    for part in ("train", "val", "test"):
        for name in (source / "ImageSets" / "Main" / f"{part}.txt").read_text().split():
            path = source / "JPEGImages" / f"{name}.jpg"
            if path.is_file():
                with Image.open(path) as picture:
                    half = picture.convert("RGB").reduce(2)
                half.save(place / ("test" if part == "test" else "train") / f"{name}.png")
    return place


def folder(kinds: Sequence[str], limit: Sequence[str], runs: Path) -> None:
    """Train on folders and write the scores of their runs."""
    rows = []
    for kind in kinds:
        data = make_folder(kind, runs / f"data-{kind}")
        began = time.monotonic()
        words = [sys.executable, "-m", "onward", "train", "compress", str(data), *limit, "--out", str(runs), "--name"]
        subprocess.run([*words, f"compress-{kind}"], check=True)
        spent = time.monotonic() - began
        path = runs / f"compress-{kind}"
        scores = {each["name"]: each for each in read_metrics(path / "metrics.jsonl", "score")}
        steps = json.loads((path / "run.json").read_text())["steps_done"]
        told = [
            f"{each['value']:+.1f} % ({each['interval'][0]:+.1f} to {each['interval'][1]:+.1f})"
            for each in scores.values()
        ]
        count = next(iter(scores.values()))["count"]
        rows.append([kind, " ".join(limit), f"{spent:.0f} s", str(steps), str(count), *told])
    columns = (
        "folder",
        "budget",
        "took",
        "steps",
        "pictures measured",
        *(f"BD-rate against {name}" for name in rivals_here()),
    )
    write_section("compress-folder", "A codec learned from a folder", _told("folder"), columns, rows)


def single(numbers: Sequence[int], seconds: float, qualities: Sequence[int]) -> None:
    """Fit the middle 256 pixels of pictures at several qualities."""
    rows, rates = [], {name: [] for name in rivals_here()}
    for number in numbers:
        pixels = kodak(number)[128:384, 256:512]
        points = []
        for quality in qualities:
            torch.manual_seed(0)
            began, worked = time.monotonic(), time.process_time()
            content = fit_picture(Photo(pixels), quality - 1, seconds)
            spent = time.monotonic() - began, time.process_time() - worked
            found, _ = decode_file(untrained(), content)
            points.append(Point(len(content), decibels(found, pixels), ms_ssim(found, pixels), spent))
        told = []
        for name in rates:
            rates[name].append(bd_rate(points, rival_points(name, pixels)))
            told.append(f"{rates[name][-1]:+.1f} %")
        shown = ", ".join(f"{each.size:,} B at {each.decibels:.2f} dB" for each in points)
        longest = max(each.seconds[0] for each in points)
        work = np.mean([each.seconds[1] for each in points])
        rows.append([f"kodim{number:02d}", shown, f"{longest:.0f} s, {work:.0f} of the processor", *told])
    rows.append(["mean", "", "", *(f"{np.mean(each):+.1f} %" for each in rates.values())])
    columns = ("middle 256 pixels of", "files", "seconds a file", *(f"BD-rate against {name}" for name in rates))
    write_section("compress-single", "A codec fitted to one picture", _told("single"), columns, rows)


def exact(run: str) -> None:
    """Decode one file under each habit, in a process of its own, and compare symbols and pixels."""
    model = _model(run)
    pixels = kodak(5)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.onw"
        path.write_bytes(encode_file(model, Photo(pixels), Coding(5)))
        answers = {}
        for name, more in HABITS.items():
            words = [sys.executable, "-m", "benchmarks.compress", "decode", "--run", run, "--file", str(path)]
            target = f"{place}/{len(answers)}.npy"
            answer = subprocess.run(
                [*words, "--into", target], env=os.environ | more, check=True, capture_output=True, text=True
            )
            answers[name] = json.loads(answer.stdout.splitlines()[-1]), np.load(target).astype(int)
    first, own = next(iter(answers.values()))
    rows = [
        [
            name,
            "identical" if told["symbols"] == first["symbols"] else "DIFFERENT",
            str(int(np.abs(found - own).max())),
            f"{told['seconds']:.2f} s ({told['work']:.2f} of the processor)",
        ]
        for name, (told, found) in answers.items()
    ]
    columns = ("habit", "symbols of 768 x 512", "largest difference of a pixel, of 255", "decoding")
    write_section("compress-exact", "The same file under eight habits", _told("exact"), columns, rows)


def decode(run: str, file: Path, into: Path) -> None:
    """Decode under the habit that the environment names; print a digest of the symbols."""
    habit = os.environ.get("ONWARD_TRY", "")
    torch.backends.mkldnn.enabled = habit != "no-onednn"  # pyright: ignore[reportAttributeAccessIssue]
    frozen, content = _model(run).frozen, unpack(file.read_bytes())
    if frozen is None:
        raise SystemExit("this run has no model")
    size, quality = (content.height, content.width), content.quality - 1
    frozen.pixels(torch.zeros((1, frozen.network.probabilities.latents, 2, 2)), 16, 16, quality)  # warm
    began, worked = time.monotonic(), time.process_time()
    symbols, _ = frozen.symbols(content.tiles, *size, quality)
    pixels = _habitual(frozen, symbols, size, quality, habit)
    told = {
        "symbols": hashlib.sha256(symbols.numpy().tobytes()).hexdigest(),
        "seconds": time.monotonic() - began,
        "work": time.process_time() - worked,
    }
    np.save(into, pixels)
    print(json.dumps(told))


def _habitual(frozen: Frozen, symbols: torch.Tensor, size: tuple[int, int], quality: int, habit: str) -> NDArray:
    height, width = size
    grade = torch.tensor([quality])
    if habit == "channels-last":
        frozen.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if habit == "batch":
        with torch.no_grad():
            found = frozen.network.synthesis(symbols.float().repeat(8, 1, 1, 1) / ONE, grade.repeat(8))[3:4]
        return _bytes(found.numpy(), height, width)
    if habit == "onnxruntime":
        import onnxruntime

        with tempfile.TemporaryDirectory() as place:
            path = f"{place}/synthesis.onnx"
            latents = symbols.float() / ONE
            torch.onnx.export(frozen.network.synthesis, (latents, grade), path, dynamo=False, input_names=["y", "q"])
            session = onnxruntime.InferenceSession(path)
            names = [each.name for each in session.get_inputs()]
            given = dict(zip(("y", "q"), (latents.numpy(), grade.numpy()), strict=True))
            found = session.run(None, {name: given[name] for name in names})[0]
        return _bytes(found, height, width)
    return frozen.pixels(symbols, height, width, quality)


def _bytes(found: Any, height: int, width: int) -> NDArray[np.uint8]:
    return (found[0, :, :height, :width] * 255).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)


def damage(run: str, count: int) -> None:
    """Flip bytes of two files at random, one at a time, and decode: one of a run's model, one that was fitted."""
    model, rows = _model(run), []
    strip = Photo(kodak(5)[200:232, 200:480])  # two tiles
    files = {"by the run's model": encode_file(model, strip, Coding(2)), "fitted": fit_picture(strip, 2, 10.0)}
    for name, content in files.items():
        chance = np.random.default_rng(0)
        refused, lost, unnoticed, crashes, longest = 0, 0, 0, 0, 0.0
        for _ in range(count):
            broken = bytearray(content)
            broken[int(chance.integers(len(broken)))] ^= int(chance.integers(1, 256))
            began = time.monotonic()
            try:
                notes = decode_file(model, bytes(broken))[1]
                lost, unnoticed = lost + bool(notes), unnoticed + (not notes)
            except BrokenFile:
                refused += 1
            except Exception as reason:  # whatever it is, it must not happen
                print(f"{name}: {reason!r}", file=sys.stderr)
                crashes += 1
            longest = max(longest, time.monotonic() - began)
        numbers = [f"{each:,}" for each in (len(content), count, refused, lost, unnoticed, crashes)]
        rows.append([name, *numbers, f"{longest:.2f} s"])
    columns = (
        "file",
        "bytes",
        "flips of one byte",
        "refused with a sentence",
        "a part lost, said so",
        "not noticed",
        "crashes",
        "longest decoding",
    )
    write_section("compress-damage", "Random damage to a file", _told("damage"), columns, rows)


def pictures(run: str) -> None:
    """Draw those of the page: the same bytes by each codec."""
    model = _model(run)
    with Image.open(sorted((real_data() / "detect" / "bccd" / "JPEGImages").glob("*.jpg"))[0]) as picture:
        pixels = np.asarray(picture.convert("RGB").reduce(2))
    content = encode_file(model, Photo(pixels), Coding(3))
    found, _ = decode_file(model, content)
    Image.fromarray(compared(pixels, found, len(content))).save(PICTURES / "compress-same-size.png")
    shown = sorted((find_run(run).path / "samples").glob("final-*.png"))
    with Image.open(shown[-1]) as curves:
        curves.save(PICTURES / "compress-rate.png")


def _model(run: str) -> Model:
    return load(Run(find_run(run)))


def _told(part: str) -> str:
    words = sys.argv[3:]
    kept = [word for place, word in enumerate(words) if "--run" not in (word, words[place - 1] if place else "")]
    return f"python -m benchmarks compress {part} {command(kept)}".strip()


def main(words: list[str]) -> None:
    """Run a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("folder", "single", "exact", "decode", "damage", "pictures"))
    parser.add_argument("--run", default="last", help="a run of compress")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs of `folder` go")
    parser.add_argument("--kinds", nargs="+", default=["bccd"], choices=("bccd", "kodak"))
    parser.add_argument("--time", default="20m")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--numbers", nargs="+", type=int, default=[5, 6, 7, 8])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--qualities", nargs="+", type=int, default=[1, 3, 4, 6], choices=range(1, len(LAMBDAS) + 1))
    parser.add_argument("--flips", type=int, default=1000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args(words)
    if given.part == "folder":
        limit = ["--steps", str(given.steps)] if given.steps else ["--time", given.time]
        folder(given.kinds, limit, given.runs)
    elif given.part == "single":
        single(given.numbers, given.seconds, given.qualities)
    elif given.part == "decode":
        decode(given.run, given.file, given.into)
    elif given.part == "exact":
        exact(given.run)
    elif given.part == "damage":
        damage(given.run, given.flips)
    else:
        pictures(given.run)


if __name__ == "__main__":
    main(sys.argv[1:])
