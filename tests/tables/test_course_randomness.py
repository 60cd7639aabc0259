"""A fit that a kill left in its file is not made again; so one that is made may leave no trace in the random states."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onward.tables.ensemble.course import Course
from onward.tasks import find_task
from onward.verbs.train import train


def test_a_fit_leaves_no_trace_in_the_random_states(
    tmp_path: Path, small_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted, turn, same = Course._fitted, Course.turn, []

    def drawing(course: Course, spec: Any, fold: int) -> Any:
        random.random()
        np.random.random()
        return fitted(course, spec, fold)

    def watched(course: Course, step: Any) -> None:
        before = random.getstate(), np.random.get_state()[2]
        turn(course, step)
        same.append((random.getstate(), np.random.get_state()[2]) == before)

    monkeypatch.setattr(Course, "_fitted", drawing)
    monkeypatch.setattr(Course, "turn", watched)
    settings = {"members": "linear", "folds": "2"}
    train(find_task("table"), str(small_table), settings, steps=2, out=tmp_path / "runs", quiet=True)
    assert same == [True, True]
