"""`submissions.csv` of a run: each submission's cross-validated score beside what the leaderboard said."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onward.core.files import write_atomically

__all__ = ["COLUMNS", "add_line", "fill_in", "lines_of", "mark_of", "shake_up"]

COLUMNS: tuple[str, ...] = ("time", "mark", "metric", "cross_validated", "public", "private", "message")
_NAME = "submissions.csv"


def mark_of(content: bytes) -> str:
    """Give a short name of a submission's content, by which its line on the leaderboard is found again."""
    return hashlib.blake2b(content, digest_size=5).hexdigest()


def lines_of(folder: Path) -> list[dict[str, str]]:
    """Read the ledger; you may add lines of your own."""
    path = folder / _NAME
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: str(row.get(name) or "") for name in COLUMNS} for row in csv.DictReader(file)]


def _write(folder: Path, lines: list[dict[str, str]]) -> None:
    page = io.StringIO(newline="")
    writer = csv.DictWriter(page, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_atomically(folder / _NAME, page.getvalue().encode())


def add_line(folder: Path, mark: str, metric: str, cross_validated: float | None, message: str) -> None:
    """Write down a submission that was sent; `cross_validated` is None for the first, which answers all rows alike."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    line = {"time": now, "mark": mark, "metric": metric, "cross_validated": ""}
    line |= {} if cross_validated is None else {"cross_validated": f"{cross_validated:.6g}"}
    _write(folder, [*lines_of(folder), {**dict.fromkeys(COLUMNS, ""), **line, "message": message}])


def fill_in(folder: Path, found: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Bring the leaderboard's scores to the lines whose mark stands in the description."""
    lines = lines_of(folder)
    for line in lines:
        for row in found:
            if line["mark"] and line["mark"] in str(row.get("description", "")):
                line["public"] = str(row.get("publicScore") or line["public"])
                line["private"] = str(row.get("privateScore") or line["private"])
    if lines:
        _write(folder, lines)
    return lines


def shake_up(lines: list[dict[str, str]]) -> str | None:
    """Say how far leaderboard and cross-validation agree, once there are three of both."""
    pairs = []
    for line in lines:
        try:
            pairs.append((float(line["cross_validated"]), float(line["public"])))
        except ValueError:
            continue
    if len(pairs) < 3:
        return None
    agree = sum(
        (one[0] - other[0]) * (one[1] - other[1]) > 0 for place, one in enumerate(pairs) for other in pairs[:place]
    )
    count = len(pairs) * (len(pairs) - 1) // 2
    if agree > 0.7 * count:
        return f"Cross-validation and leaderboard agree on {agree} of {count} pairs: trust the cross-validation."
    return (
        f"Cross-validation and leaderboard agree on {agree} of {count} pairs only: expect a shake-up, and choose by "
        "cross-validation."
    )
