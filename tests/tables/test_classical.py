"""Forests and support vector machines learn something where there is something to learn, and nothing where not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onward.tasks import find_task
from onward.verbs.train import train

pytestmark = pytest.mark.parametrize(("task", "steps"), [("forest", 20), ("svm", 4)])


def accuracy(task: str, table: Path, steps: int, place: Path) -> tuple[float, float]:
    _, scores = train(find_task(task), str(table), {}, steps=steps, out=place, quiet=True)
    return scores[0].interval[0], scores[0].baseline.value


def test_it_beats_the_majority_class(task: str, steps: int, small_table: Path, tmp_path: Path) -> None:
    low, majority = accuracy(task, small_table, steps, tmp_path / "runs")
    assert low > majority + 0.2


def test_with_shuffled_labels_it_does_not(task: str, steps: int, small_table: Path, tmp_path: Path) -> None:
    lines = small_table.read_text().splitlines()
    kinds = np.random.default_rng(1).permutation([line.rpartition(",")[2] for line in lines[1:]])
    rows = [f"{line.rpartition(',')[0]},{kind}" for line, kind in zip(lines[1:], kinds, strict=True)]
    small_table.write_text("\n".join([lines[0], *rows]) + "\n")
    low, majority = accuracy(task, small_table, steps, tmp_path / "runs")
    assert low < majority
