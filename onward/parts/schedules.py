"""How a learning rate goes over a budget."""

from __future__ import annotations

__all__ = ["triangle"]


def triangle(progress: float, peak: float = 0.23, start: float = 0.2, end: float = 0.05) -> float:
    """Give the factor of the learning rate: up to 1 at `peak`, then straight down.

    Example:
        >>> [round(triangle(each), 2) for each in (0.0, 0.23, 1.0)]
        [0.2, 1.0, 0.05]
    """
    if progress < peak:
        return start + (1 - start) * progress / peak
    return 1 + (end - 1) * (progress - peak) / (1 - peak)
