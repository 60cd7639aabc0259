"""Looks are as many with a kill as without one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from onward.core.budget import Budget
from onward.core.run import Step
from onward.parts.looks import Looks


def looked_at(starts: list[int], steps: int = 40, count: int = 7) -> list[int]:
    run: Any = SimpleNamespace(budget=Budget(steps=steps))
    found = []
    for begin, end in zip(starts, [*starts[1:], steps], strict=True):
        looks = Looks(run, count, is_first_step_one=True)
        for index in range(begin, end):
            step = Step(index, run.budget.progress(0.0, index), run, is_last=index == steps - 1)
            found += [index] if looks.is_due(step) else []
    return found


@pytest.mark.parametrize("kill", [1, 5, 6, 12, 30, 39])
def test_a_kill_adds_no_look(kill: int) -> None:
    through = looked_at([0])
    assert through == [0, 6, 12, 18, 23, 29, 35, 39]
    assert looked_at([0, kill]) == through
