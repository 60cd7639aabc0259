"""What a kill must not change in a course of members: random states, and which blend was the best one shown."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from onward.tables.ensemble.course import Course
from onward.tables.ensemble.pool import Pool
from onward.tasks import find_task
from onward.verbs.train import train


def test_a_fit_leaves_no_trace_in_the_random_states(
    tmp_path: Path, small_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a fit that a kill left in its file is not made again, so one that is made has to be as if it was found
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


def test_the_best_blend_shown_is_known_after_a_kill(tmp_path: Path) -> None:
    challenge: Any = SimpleNamespace(heads=[None])
    folds: Any = SimpleNamespace(fits=2, tellers=[])
    before, after = Pool(tmp_path, challenge, folds), Pool(tmp_path, challenge, folds)
    before.told = (0.9, 0.25)
    after.load_state_dict(before.state_dict())
    assert after.told == (0.9, 0.25)
    after.load_state_dict({key: value for key, value in before.state_dict().items() if key != "told"})
    assert after.told is None, "a run from before this was kept goes on"
