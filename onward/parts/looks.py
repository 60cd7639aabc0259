"""When to look at what is being learned: so many times a run, evenly over its progress."""

from __future__ import annotations

from onward.core.run import Run, Step

__all__ = ["Looks"]


class Looks:
    """Looks spread over a run; one that goes on after a kill takes none a second time, where steps are its budget.

    Args:
        count: how many, besides the one at the last step.
        is_first_step_one: whether the first step is looked at too.
    """

    def __init__(self, run: Run, count: int, *, is_first_step_one: bool) -> None:
        self._run, self._count = run, count
        self._before = -1 if is_first_step_one else 0
        self._is_begun = False

    def is_due(self, step: Step) -> bool:
        """Say whether this step is to be looked at, and count it as looked at."""
        if not self._is_begun and step.index > 0 and self._run.budget.steps is not None:
            self._before = int(self._run.budget.progress(0.0, step.index - 1) * self._count)
        self._is_begun = True
        number = int(step.progress * self._count)
        is_due = number != self._before or step.is_last
        self._before = number
        return is_due
