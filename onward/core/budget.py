"""Time and steps as plain arithmetic; no clock is read here.

A budget is seconds, steps, or both; whichever is spent first ends the run. `progress` is the fraction spent, and every
schedule is a function of it. The tail that evaluation, report and saving need is set aside from the seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onward.core.faults import UsageFault

__all__ = ["Budget", "cooled", "parse_duration", "spoken_duration"]

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True)
class Budget:
    """What a run may spend.

    Attributes:
        seconds: wall-clock seconds in all, from the command's start to its end; None for no limit.
        steps: turns of the training loop; None for no limit.
    """

    seconds: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        """Refuse a budget of nothing, which would divide by zero."""
        if self.seconds is None and self.steps is None:
            raise UsageFault("A run needs a limit. Give --time, --steps or both.")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageFault(f"A time of {self.seconds:g} s leaves nothing to train in. Give more than 0.")
        if self.steps is not None and self.steps < 1:
            raise UsageFault(f"{self.steps} steps train nothing. Give at least 1.")

    def progress(self, seconds: float, steps: int, tail_seconds: float = 0.0) -> float:
        """Give the fraction spent, 0 to 1.

        Args:
            seconds: wall-clock seconds spent so far, over all sittings.
            steps: steps done so far.
            tail_seconds: what has to be left for evaluation, report and saving.
        Example:
            >>> Budget(seconds=100, steps=50).progress(seconds=30, steps=20)
            0.4
        """
        by_time = 0.0 if self.seconds is None else seconds / max(self.seconds - tail_seconds, 1e-9)
        by_steps = 0.0 if self.steps is None else steps / self.steps
        return min(1.0, max(0.0, by_time, by_steps))


def cooled(progress: float, cooldown: float = 0.2, warmup: float = 0.0, floor: float = 0.0) -> float:
    """Give the factor of a learning rate: up over `warmup`, 1, then straight down to `floor` over `cooldown`.

    Example:
        >>> [cooled(progress) for progress in (0.0, 0.8, 0.9, 1.0)]
        [1.0, 1.0, 0.5, 0.0]
    """
    rise = min(1.0, progress / warmup) if warmup > 0 else 1.0
    fall = (1.0 - progress) / cooldown if cooldown > 0 else 1.0
    return round(max(floor, min(rise, fall, 1.0)), 12)


def parse_duration(text: str) -> tuple[float, bool]:
    """Read `90s`, `20m`, `1h30m`, `+30m`.

    Returns: seconds, and whether a plus sign stood before them.
    Raises:
        UsageFault: the text is no duration.
    Example:
        >>> parse_duration("1h30m"), parse_duration("+90s")
        ((5400.0, False), (90.0, True))
    """
    found = re.fullmatch(r"(\+?)((?:\d+(?:\.\d+)?[hms])+)", text.strip())
    if not found:
        raise UsageFault(f"{text!r} is no duration. Write 90s, 20m, 1h30m or +30m.")
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", found[2])
    return sum(float(number) * _UNITS[unit] for number, unit in parts), bool(found[1])


def spoken_duration(seconds: float) -> str:
    """Say seconds as people do.

    Example:
        >>> spoken_duration(5405), spoken_duration(90), spoken_duration(4.2)
        ('1 h 30 min', '1 min 30 s', '4 s')
    """
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {rest} s" if rest and minutes < 10 else f"{minutes} min"
    return f"{rest} s"
