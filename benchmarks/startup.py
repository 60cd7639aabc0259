"""CPU seconds of `onward --help` over bare Python, medians of nine in turn."""

from __future__ import annotations

import resource
import subprocess
import sys
from statistics import median

from benchmarks.results import write_section


def seconds(words: list[str]) -> float:
    """Give the CPU seconds of a child process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(words: list[str]) -> None:
    """Run it."""
    pairs = [(seconds(["-c", "pass"]), seconds(["-m", "onward", "--help"])) for _ in range(9)]
    bare, ours = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    rows = [[f"{bare:.3f}", f"{ours:.3f}", f"{ours - bare:.3f}", "0.15"]]
    write_section(
        "startup",
        "Start-up",
        "python -m benchmarks startup",
        ["bare Python", "onward --help", "difference, s", "limit"],
        rows,
    )
