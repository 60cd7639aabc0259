"""Facts about a run, one JSON object a line, only ever appended; and the Score, which never stands alone.

`metrics.jsonl` is the only source of report and studio. Every line has `kind`, `step`, `seconds`, `progress`:

    log     figures of the training loop, by name          show    a file under samples/, by name
    score   a Score                                        note    a sentence (trouble met, a choice made)
    exhibit a file of the final evaluation                 sitting a start, a resume or an end
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from onward.core.files import plain_only

__all__ = ["Baseline", "Metrics", "Score", "read_metrics"]


@dataclass(frozen=True)
class Baseline:
    """The honest trivial opponent of a score."""

    name: str
    value: float


@dataclass(frozen=True)
class Score:
    """A figure with an interval, beside the trivial thing it has to beat.

    Attributes:
        interval: the 95 % bootstrap or Wilson interval of `value`.
        count: how many examples it was measured on.
    """

    name: str
    value: float
    unit: str
    higher_is_better: bool
    interval: tuple[float, float]
    count: int
    baseline: Baseline

    def verdict(self) -> str:
        """Say whether the model beats the baseline, in one sentence.

        Example:
            >>> Score("accuracy", 0.9, "", True, (0.85, 0.95), 100, Baseline("majority class", 0.6)).verdict()
            'accuracy 0.9 (0.85 to 0.95) beats majority class (0.6).'
        """
        low, high = self.interval
        best, worst = (low, high) if self.higher_is_better else (-high, -low)
        opponent = self.baseline.value if self.higher_is_better else -self.baseline.value
        relation = "beats" if best > opponent else "loses to" if worst < opponent else "cannot be told apart from"
        unit = f" {self.unit}" if self.unit else ""
        opponent = f"{self.baseline.name} ({self.baseline.value:.3g}{unit})"
        return f"{self.name} {self.value:.3g}{unit} ({low:.3g} to {high:.3g}) {relation} {opponent}."

    def as_json(self) -> dict[str, Any]:
        """Give the shape that `onward evaluate --json` prints."""
        return {**asdict(self), "interval": list(self.interval)}

    @staticmethod
    def from_json(fields: dict[str, Any]) -> Score:
        """Undo `as_json`."""
        known = {key: fields[key] for key in ("name", "value", "unit", "higher_is_better", "count")}
        low, high = fields["interval"]
        return Score(**known, interval=(low, high), baseline=Baseline(**fields["baseline"]))


class Metrics:
    """The end of a run's `metrics.jsonl`, opened for each fact: nothing is held open, nothing is lost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with open(path, "ab+", opener=plain_only) as file:
            file.seek(-min(1, file.tell()), os.SEEK_END)
            if file.read() not in (b"", b"\n"):
                file.write(b"\n")  # a torn last line must not swallow the next one

    def append(self, kind: str, **facts: Any) -> None:
        """Write one fact; numbers that JSON does not know become None."""
        self._write(json.dumps({"kind": kind, **_plain(facts)}, ensure_ascii=False) + "\n")

    def _write(self, words: str) -> None:
        with open(self._path, "a", encoding="utf-8", errors="backslashreplace", opener=plain_only) as file:
            file.write(words)


def read_metrics(path: Path, kind: str | None = None) -> Iterator[dict[str, Any]]:
    """Read the facts of a run, oldest first; a torn line is passed over."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                fact = json.loads(line, parse_constant=lambda word: None)
                if _is_fact(fact) and (kind is None or fact["kind"] == kind):
                    yield fact
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
                continue


_WORDS = {"note": ("sentence",), "show": ("file",), "exhibit": ("file",), "score": ("name", "unit")}


def _is_fact(fact: Any) -> bool:
    """Say whether a line, perhaps a stranger's, holds what its readers count on; where not, it may raise."""
    is_told = all(isinstance(fact[key], str) for key in ("kind", *_WORDS.get(fact["kind"], ())))
    is_timed = all(0 <= fact.get(key, 0) < 1e15 for key in ("step", "seconds", "progress"))
    return is_told and is_timed and (fact["kind"] != "score" or bool(Score.from_json(fact).verdict()))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
