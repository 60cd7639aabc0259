"""The examinations of a run of text-classify are as many with a kill as without one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from onward.language.text_classify.watching import Watch
from onward.parts.box import Box


def test_an_examination_does_not_come_twice_after_a_kill() -> None:
    run: Any = SimpleNamespace(tail_seconds=0.0, budget=SimpleNamespace(seconds=None))
    step: Any = SimpleNamespace(is_last=False, index=5)

    def tell(words: list[str]) -> None:
        raise InterruptedError("examined")

    texts: Any = SimpleNamespace(validation=[0, 1], texts=lambda places: ["a", "b"])
    team: Any = SimpleNamespace(tell=tell)
    Watch(run, texts, team, Box({"examined": 3})).look(step, 3.5 / 8)
    with pytest.raises(InterruptedError):
        Watch(run, texts, team, Box({"examined": 3})).look(step, 4.1 / 8)
    with pytest.raises(InterruptedError):
        Watch(run, texts, team, Box({"shares": []})).look(step, 3.5 / 8)  # of a run from before this was counted
