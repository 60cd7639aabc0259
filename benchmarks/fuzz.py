"""Fuzzing: does every reader answer every broken file with a right reading or one sentence?

Never a traceback, never more than ten seconds or a gigabyte. `python -m benchmarks fuzz --seconds 600` goes through all
readers in turn; a case is named by its reader and a seed: `--reader csv --seed 12345 --keep DIR` leaves its files.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from random import Random
from types import FrameType

from benchmarks.fuzz_damage import damaged, hostile_name
from benchmarks.fuzz_programs import PROGRAM_READERS
from benchmarks.fuzz_readers import READERS as DATA_READERS
from benchmarks.fuzz_readers import Files
from benchmarks.results import write_section
from onward.core.faults import Fault

__all__ = ["READERS", "outcome"]

READERS = DATA_READERS | PROGRAM_READERS

_MOST_SECONDS = 10
_MOST_BYTES = 2**30
_LONGEST_SENTENCE = 1500


class _Hang(BaseException):
    pass


@cache
def _files(name: str) -> Files:
    return READERS[name].files()


def lay(name: str, chance: Random, place: Path) -> None:
    """Write a reader's files with one of them broken, or misnamed."""
    reader, files = READERS[name], dict(_files(name))
    chosen = chance.choice([each for each in files if each.startswith(reader.breakable)])
    for each, content in files.items():
        path = place / each
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(damaged(each, content, chance) if each == chosen else content)
    if chance.random() < 0.03:
        with suppress(OSError):
            (place / chosen).rename((place / chosen).with_name(hostile_name(chosen, chance)))


def outcome(name: str, chance: Random, place: Path) -> str:
    """Break and read; give "read", "refused", or what went wrong."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    lay(name, chance, place)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _peak_bytes()
    try:
        with _in_time(), warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # as in the suite: a user should not see one either
            READERS[name].read(place)
        said = "read"
    except Fault as fault:
        said = "refused"
        words = str(fault)
        if not words.strip() or not words.isprintable() or len(words) > _LONGEST_SENTENCE:
            return f"no sentence: {words[:300]!r}"
    except _Hang:
        return "hang"
    except BaseException as trouble:
        frames = [frame for frame in traceback.extract_tb(trouble.__traceback__) if "onward" in frame.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return f"{type(trouble).__name__} at {where}: {str(trouble)[:120]!r}"
    if (grown := _peak_bytes() - before) > _MOST_BYTES:
        return f"{grown / 2**30:.1f} GiB"
    return said


@contextmanager
def _in_time() -> Iterator[None]:
    """End what takes more than ten seconds of processor time, which does not depend on the machine's other work."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise _Hang

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _peak_bytes() -> int:
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


def main(words: list[str]) -> None:
    """Fuzz all readers in turn until the seconds are spent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--reader", nargs="+", choices=list(READERS), default=list(READERS))
    parser.add_argument("--seed", type=int, help="this one case alone; with --keep its files stay")
    parser.add_argument("--first", type=int, default=0, help="the seed to begin with")
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as aside:
        os.environ.update(ONWARD_CACHE=f"{aside}/cache", ONWARD_MEADOW_MOST="96")
        if given.seed is not None:
            print(outcome(given.reader[0], Random(given.seed), given.keep or Path(aside) / "case"))
            return
        found = _fuzzed(given.reader, given.seconds, given.first, Path(aside))
    rows = [
        [name, str(sum(counts.values())), str(counts["read"]), str(counts["refused"]), str(_wrong(counts))]
        for name, counts in found.items()
    ]
    totals = [str(sum(int(row[place]) for row in rows)) for place in range(1, 5)]
    columns = ("reader", "broken inputs", "read", "refused in a sentence", "tracebacks, hangs, > 1 GiB")
    shown = "python -m benchmarks fuzz --seconds " + f"{given.seconds:g}"
    write_section("fuzz", "Broken files", shown, columns, [*rows, ["all", *totals]])


def _wrong(counts: Counter[str]) -> int:
    return sum(counts.values()) - counts["read"] - counts["refused"]


def _fuzzed(names: list[str], seconds: float, first: int, place: Path) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    seen: set[str] = set()
    spent = dict.fromkeys(names, 0.0)
    for name in names:  # what is imported by a reader is none of its input's doing
        outcome(name, Random(0), place / "case")
    while sum(spent.values()) < seconds:
        name = min(names, key=lambda each: spent[each])  # as much time for each
        seed, began = first + sum(found[name].values()), time.process_time()
        said = outcome(name, Random(seed), place / "case")
        spent[name] += max(time.process_time() - began, 1e-3)
        found[name][said] += 1
        key = f"{name}: {said.partition(': ')[0]}"
        if said not in ("read", "refused") and key not in seen:
            seen.add(key)
            print(f"{name} --seed {seed}: {said}", flush=True)
        if sum(found[name].values()) % 200 == 0:
            shutil.rmtree(place / "cache", ignore_errors=True)
    return found
