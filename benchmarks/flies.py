"""Two flies in a dish, followed without a detector: how many tracks, and what is said of their swaps.

python -m benchmarks flies
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.results import real_data, write_section

COLUMNS = (
    "film",
    "frames with tracks",
    "tracks",
    "frames with both seen, %",
    "meetings",
    "numbers kept, it says",
    "swapped, it says",
    "cannot be told",
    "seconds in all",
)
_FILM = "motion/videos/sleap_centered_pair_small.mp4"


def _table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(words: list[str]) -> None:
    """Run it."""
    film = real_data() / _FILM
    with tempfile.TemporaryDirectory() as aside:
        began = time.monotonic()
        order = ["apply", "motion", str(film), "--films", "no", "--out", aside]
        subprocess.run([sys.executable, "-m", "onward", *order], check=True)
        took = time.monotonic() - began
        (tracks,) = Path(aside).rglob("tracks.csv")
        boxes, meetings = _table(tracks), _table(tracks.with_name("meetings.csv"))
    seen = Counter(row["frame"] for row in boxes if row["seen"] == "1")
    verdicts = Counter(row["their numbers"] for row in meetings)
    both, frames = sum(count == 2 for count in seen.values()), len({row["frame"] for row in boxes})
    row = [film.stem, str(frames), str(len({each["track"] for each in boxes})), f"{100 * both / frames:.1f}"]
    row += [str(len(meetings)), *(str(verdicts[each]) for each in ("kept", "swapped", "cannot be told"))]
    write_section("flies", "Two flies followed", "python -m benchmarks flies", COLUMNS, [[*row, f"{took:.0f}"]])
