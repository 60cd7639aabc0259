"""How a learning rate goes over a budget, and how much of it has gone since something happened."""

from __future__ import annotations

from onward.core.run import Run

__all__ = ["moment", "share_since", "triangle"]


def triangle(progress: float, peak: float = 0.23, start: float = 0.2, end: float = 0.05) -> float:
    """Give the factor of the learning rate: up to 1 at `peak`, then straight down.

    Example:
        >>> [round(triangle(each), 2) for each in (0.0, 0.23, 1.0)]
        [0.2, 1.0, 0.05]
    """
    if progress < peak:
        return start + (1 - start) * progress / peak
    return 1 + (end - 1) * (progress - peak) / (1 - peak)


def moment(run: Run) -> dict[str, float]:
    """Note when something happens, so that it can be kept and still be placed when the run is given more time.

    Returns: the seconds and steps spent; no seconds where no clock runs, so that such a run can be repeated to the bit.
    """
    return {"seconds": 0.0 if run.budget.seconds is None else run.seconds, "steps": run.steps_done}


def share_since(run: Run, noted: dict[str, float], progress: float) -> float:
    """Give how much of the budget that was left at a noted moment is spent, 0 to 1, under today's budget."""
    began = run.budget.progress(noted["seconds"], int(noted["steps"]), run.tail_seconds)
    return min(1.0, max(0.0, (progress - began) / max(1e-9, 1 - began)))
