"""A hundred mangled tables: each has to be read rightly or get one sentence; never a traceback, never a wrong reading.

Every case is made in `mangled_cases.py`, and says what has to come of it: a check of the table that was read, or words
that the sentence has to hold. `python -m benchmarks mangled_tables --keep DIR` leaves the files there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.mangled_cases import CASES, Mangled
from benchmarks.results import write_section
from onward.core.faults import Fault
from onward.data.tables import kinds_told, read_table

__all__ = ["outcome"]


def outcome(case: Mangled, place: Path) -> str:
    """Read a case; give "" if it went as it has to, else what went wrong."""
    path = place / case.name
    path.write_bytes(case.content)
    try:
        table = read_table(str(path), kinds=kinds_told(case.kinds), has_names=case.has_names)
        if case.target is not None:
            from onward.tables.problem import Asked, make_problem

            make_problem(table, Asked(case.target))
    except Fault as fault:
        said = str(fault)
        if isinstance(case.expected, str) and case.expected in said and "\n" not in said:
            return ""
        return f"refused: {said}"
    except Exception as trouble:
        return f"{type(trouble).__name__}: {trouble}"
    if isinstance(case.expected, str):
        return "read, and should have been refused"
    try:
        return (
            ""
            if case.expected(table)
            else f"read wrongly: {[(c.name, c.kind, c.values[:4]) for c in table.columns[:6]]}"
        )
    except Exception as trouble:
        return f"{type(trouble).__name__}: {trouble}"


def main(words: list[str]) -> None:
    """Read every case, and write how many went as they have to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="leave the files in this folder")
    chosen = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as aside:
        place = chosen.keep or Path(aside)
        place.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        troubles = {case: outcome(case, place) for case in CASES}
        seconds = time.perf_counter() - began
    for case, trouble in troubles.items():
        if trouble:
            print(f"{case.group}/{case.name}: {trouble}")
    rows = []
    for group in dict.fromkeys(case.group for case in CASES):
        own = [case for case in CASES if case.group == group]
        refused = sum(isinstance(case.expected, str) for case in own)
        wrong = sum(bool(troubles[case]) for case in own)
        rows.append([group, str(len(own)), str(len(own) - refused), str(refused), str(wrong)])
    print(f"{seconds:.1f} s")
    columns = ("what is mangled", "files", "to be read rightly", "to be refused in a sentence", "went wrong")
    write_section("mangled_tables", "Mangled tables", "python -m benchmarks mangled_tables", columns, rows)
