"""Translation in minutes: cased BLEU on Multi30k beside a plain attention model, and exact dates.

The peer (`peer_attention.py`, in an environment of its own) and ours have the same minutes of the same computer, one
after the other, ours with reading, testing and report inside; the peer's test comes on top. Both are counted by
sacrebleu on test_2016_flickr. Ours is measured with greedy search and a beam of 5 by `onward apply`, with its seconds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import command, real_data, write_section

COLUMNS = (
    "set",
    "minutes",
    "seed",
    "whose",
    "epochs",
    "target words a CPU second",
    "BLEU (or exact)",
    "greedy BLEU",
    "greedy, s",
    "beam 5, s",
)
ONWARD = (sys.executable, "-m", "onward")


def bleu(said: Path, wanted: Path) -> float:
    """Count cased BLEU."""
    from sacrebleu import corpus_bleu

    lines = [path.read_text(encoding="utf-8").rstrip("\n").split("\n") for path in (said, wanted)]
    return corpus_bleu(lines[0], [lines[1]]).score


def trained(data: str, minutes: float, seed: int, place: Path) -> dict[str, float]:
    """Train ours by the command a user types; give its epochs and the CPU seconds of its loop."""
    words = ["train", "translate", data, "--time", f"{60 * minutes:g}s", "--seed", str(seed)]
    subprocess.run([*ONWARD, *words, "--out", str(place), "--name", "run"], check=True)
    return json.loads((place / "run" / "run.json").read_text(encoding="utf-8"))["translate"]


def _speed(told: dict[str, float]) -> list[str]:
    """Give epochs, and English words (and ends) of Multi30k a CPU second."""
    lines = (real_data() / "text" / "multi30k" / "train.en").read_text(encoding="utf-8").split("\n")
    words = sum(len(re.findall(r"\w+|[^\w\s]", line)) + 1 for line in lines if line)
    return [f"{told['epochs']:.1f}", f"{told['epochs'] * words / told['cpu_seconds']:,.0f}"]


def ours(minutes: float, seed: int) -> list[str]:
    """Train on Multi30k and translate its test part."""
    folder = real_data() / "text" / "multi30k"
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside)
        told = trained(str(folder), minutes, seed, place)
        found, seconds = [], []
        for beam in ("5", "1"):
            began = time.monotonic()
            words = ["apply", str(place / "run"), str(folder / "test_2016_flickr.de"), "--beam", beam]
            subprocess.run([*ONWARD, *words, "--out", str(place / beam)], check=True, capture_output=True)
            seconds.append(time.monotonic() - began)
            found.append(bleu(place / beam / "predictions.txt", folder / "test_2016_flickr.en"))
    shown = [*_speed(told), *(f"{each:.1f}" for each in found), f"{seconds[1]:.1f}", f"{seconds[0]:.1f}"]
    return ["multi30k de-en", f"{minutes:g}", str(seed), "Onward", *shown]


def peer(python: str, minutes: float, seed: int) -> list[str]:
    """Train the peer in its own environment."""
    folder = real_data() / "text" / "multi30k"
    with tempfile.TemporaryDirectory() as aside:
        out = Path(aside) / "said.txt"
        script = str(Path(__file__).with_name("peer_attention.py"))
        words = [python, script, str(folder), f"{60 * minutes:g}", str(seed), str(out)]
        told = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        found = bleu(out, folder / "test_2016_flickr.en")
    return ["multi30k de-en", f"{minutes:g}", str(seed), "plain attention", *_speed(told), "", f"{found:.1f}", "", ""]


def made(name: str, minutes: float, seed: int) -> list[str]:
    """Train on made pairs; exact match of a thousand new ones."""
    with tempfile.TemporaryDirectory() as aside:
        learned = trained(name, minutes, seed, Path(aside))
        told = subprocess.run([*ONWARD, "evaluate", f"{aside}/run", "--json"], check=True, capture_output=True)
    exact = next(score["value"] for score in json.loads(told.stdout)["scores"] if score["name"] == "exact match")
    return [
        name,
        f"{minutes:g}",
        str(seed),
        "Onward",
        f"{learned['epochs']:.1f}",
        "",
        f"{100 * exact:.1f} %",
        "",
        "",
        "",
    ]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="*", default=[20, 60])
    parser.add_argument("--made", nargs="*", default=["dates", "numbers"], help="a minute each")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--peer-python", help="a Python that has torch; without it the peer is left out")
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    for seed in given.seeds:
        makers = [lambda name=name, seed=seed: made(name, 1, seed) for name in given.made]
        for minutes in given.minutes:
            makers.append(lambda minutes=minutes, seed=seed: ours(minutes, seed))
            if given.peer_python:
                makers.append(lambda minutes=minutes, seed=seed: peer(given.peer_python, minutes, seed))
        for make in makers:
            rows.append(make())
            title = "Translation: BLEU in minutes, beside a plain attention model"
            write_section("translate", title, f"python -m benchmarks translate {command(words)}", COLUMNS, rows)
