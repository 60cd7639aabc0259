"""Translation in minutes: cased BLEU on Multi30k beside a plain attention model, and exact dates.

The peer (`peer_attention.py`, in an environment of its own) and ours have the same minutes of the same computer, one
after the other, ours with reading, testing and report inside; the peer's test comes on top. Both are counted by
sacrebleu on test_2016_flickr. Ours is measured with greedy search and a beam of 5 by `onward apply`, with its seconds.
"""

from __future__ import annotations

import argparse
import json
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
    "target pieces or words a CPU second",
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


def trained(data: str, minutes: float, seed: int, place: Path, *more: str) -> float:
    """Train ours by the command a user types; give the CPU seconds it took, children and start included."""
    before = cpu_seconds()
    words = ["train", "translate", data, "--time", f"{60 * minutes:g}s", "--seed", str(seed)]
    subprocess.run([*ONWARD, *words, "--out", str(place), "--name", "run", *more], check=True)
    return cpu_seconds() - before


def cpu_seconds() -> float:
    """Give the CPU seconds of children that ended."""
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pieces_learned(run: Path) -> float:
    """Give the target pieces that a run went through, as it wrote down."""
    facts = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return max(float(fact.get("pieces_learned", 0.0)) for fact in facts if fact.get("kind") == "log")


def ours(minutes: float, seed: int) -> list[str]:
    """Train on Multi30k and translate its test part."""
    folder = real_data() / "text" / "multi30k"
    with tempfile.TemporaryDirectory() as aside:
        place = Path(aside)
        spent = trained(str(folder), minutes, seed, place)
        found, seconds = [], []
        for beam in ("5", "1"):
            began = time.monotonic()
            words = ["apply", str(place / "run"), str(folder / "test_2016_flickr.de"), "--beam", beam]
            subprocess.run([*ONWARD, *words, "--out", str(place / beam)], check=True, capture_output=True)
            seconds.append(time.monotonic() - began)
            found.append(bleu(place / beam / "predictions.txt", folder / "test_2016_flickr.en"))
        rate = pieces_learned(place / "run") / spent
    shown = [f"{rate:,.0f}", *(f"{each:.1f}" for each in found), f"{seconds[1]:.1f}", f"{seconds[0]:.1f}"]
    return ["multi30k de-en", f"{minutes:g}", str(seed), "Onward", *shown]


def peer(python: str, minutes: float, seed: int) -> list[str]:
    """Train the peer in its own environment."""
    folder = real_data() / "text" / "multi30k"
    with tempfile.TemporaryDirectory() as aside:
        out = Path(aside) / "said.txt"
        words = [
            python,
            str(Path(__file__).with_name("peer_attention.py")),
            str(folder),
            f"{60 * minutes:g}",
            str(seed),
        ]
        told = json.loads(subprocess.run([*words, str(out)], check=True, capture_output=True).stdout)
        found = bleu(out, folder / "test_2016_flickr.en")
    rate = f"{told['words_a_cpu_second']:,.0f}"
    return ["multi30k de-en", f"{minutes:g}", str(seed), "plain attention", rate, "", f"{found:.1f}", "", ""]


def made(name: str, minutes: float, seed: int) -> list[str]:
    """Train on made pairs; exact match of a thousand new ones."""
    with tempfile.TemporaryDirectory() as aside:
        spent = trained(name, minutes, seed, Path(aside))
        told = subprocess.run([*ONWARD, "evaluate", f"{aside}/run", "--json"], check=True, capture_output=True)
        rate = pieces_learned(Path(aside) / "run") / spent
    exact = next(score["value"] for score in json.loads(told.stdout)["scores"] if score["name"] == "exact match")
    return [name, f"{minutes:g}", str(seed), "Onward", f"{rate:,.0f}", f"{100 * exact:.1f} %", "", "", ""]


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
