"""What to try next, by rule: each sentence says what was seen and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["advice"]

_SMALL_ROWS = 3000


def advice(
    facts: Mapping[str, Any], rows: int, columns: int, leaks: Sequence[str], drift: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """Give pairs: what was seen, what to try.

    Args:
        facts: what a run wrote of its jury.
    """
    members = sorted(facts["members"], key=lambda each: -each["weight"])
    if leaks:
        yield leaks[0], "Find out when this column is known; train again without it and compare the two scores."
    if drift and drift["auc"] > 0.6:
        far = ", ".join(name for name, _ in drift["columns"][:3])
        yield (
            f"Training and test rows can be told apart (AUC {drift['auc']:.2f}), by {far} most.",
            "Trust the cross-validation less; leave those columns out once and see whether the estimate falls at all.",
        )
    best = members[0]
    spread = float(np.std(best["folds"])) if len(best["folds"]) > 1 else 0.0
    second = sorted((each["score"] for each in members), reverse=best["score"] >= members[-1]["score"])[:2]
    if len(second) == 2 and spread > 2 * abs(second[0] - second[1]):
        yield (
            f"One member's folds differ by {spread:.3g}, the two best members by {abs(second[0] - second[1]):.2g}.",
            "Do not choose between such members by this score, nor by a leaderboard: keep the blend.",
        )
    if rows < _SMALL_ROWS:
        yield f"There are {rows:,} rows.", "A column that says something new is worth more here than a better model."
    heard = [each for each in members if each["weight"] > 0.02]
    families = {each["family"] for each in heard}
    if families <= {"linear"}:
        yield "The linear model alone is heard.", "Add products and ratios of columns, and logarithms of skewed ones."
    if "network" in families and any(each["family"] == "network" and each["weight"] > 0.4 for each in heard):
        yield "The network is heard most.", "Give it more time: onward resume RUN --time +20m"
    if columns > rows:
        yield (
            f"There are more columns ({columns:,}) than rows.",
            "Leave out what cannot matter: --set columns=NAME=drop",
        )
    if len(members) < 8:
        yield f"Only {len(members)} members were fitted.", "Give more time: onward resume RUN --time +10m"
