"""What a person sees while a run works, a bar in a terminal or plain lines elsewhere, and when it is done."""

from __future__ import annotations

import re
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from onward.core.budget import spoken_duration

if TYPE_CHECKING:
    from onward.core.metrics import Score
    from onward.core.run import Run

__all__ = ["ProgressLine", "announce", "machine_trouble"]

_NO_MEMORY = re.compile("allocate|out of memory|failed to map segment", re.IGNORECASE)  # as torch and loaders say it


class ProgressLine:
    """Told of each step; draws twice a second on a terminal, speaks every ten seconds elsewhere."""

    def __init__(self, terminal: bool | None = None) -> None:
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._due = 0.0
        self._last: tuple[float, int] | None = None
        self._bar: Any = None
        self._wait_seconds = 1.0

    def __call__(self, run: Run) -> None:
        """Show where the run is, when it is time to."""
        now = time.monotonic()
        if now < self._due:
            return
        words = self._words(run, now)
        if self._terminal:
            self._due = now + 0.5
            self._draw(run, words)
        else:
            self._due = now + self._wait_seconds
            self._wait_seconds = min(10.0, 2 * self._wait_seconds)
            with suppress(OSError):  # nobody reads it any more, which is no reason to end a night's work
                click.echo(f"{100 * run.progress:3.0f} %  {words}", err=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _words(self, run: Run, now: float) -> str:
        parts = [f"step {run.steps_done}"]
        if self._last is not None and now > self._last[0]:
            parts.append(f"{(run.steps_done - self._last[1]) / (now - self._last[0]):.1f} steps/s")
        self._last = (now, run.steps_done)
        parts.append(f"{spoken_duration(_seconds_left(run))} left")
        parts += [
            f"{name.replace('_', ' ')} {value:.3g}" for name, value in list(run.latest.get("figures", {}).items())[:3]
        ]
        if "picture" in run.latest:
            parts.append(str(run.latest["picture"]))
        return " · ".join(parts)

    def _draw(self, run: Run, words: str) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        if self._bar is None:
            from rich.console import Console

            self._bar = Progress(
                BarColumn(30), TextColumn("{task.percentage:>3.0f} %  {task.description}"), console=Console(stderr=True)
            )
            self._bar.add_task("", total=1.0)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=run.progress, description=words)


def _seconds_left(run: Run) -> float:
    if run.budget.seconds is not None:
        return max(0.0, run.budget.seconds - run.seconds)
    return run.seconds * (1 - run.progress) / max(run.progress, 1e-9)


def announce(run: Run, scores: list[Score], seconds: float) -> None:
    """Say what came out and what can be done next."""
    for score in scores:
        click.echo(score.verdict())
    click.echo(f"{run.name} finished in {spoken_duration(seconds)}, {run.steps_done} steps.")
    click.echo(f"Report: {run.path / 'report.html'}")
    click.echo(f"Next:   onward apply {run.folder.word}    or more time: onward resume {run.folder.word} --time +10m")


def machine_trouble(reason: Exception) -> str | None:
    """Say what this computer lacks, where that is what an error of a library or of the disk means; else None.

    Example:
        >>> machine_trouble(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
        "This computer's memory is full. Close other programs, or choose smaller settings or files."
        >>> machine_trouble(RuntimeError("shapes differ")) is None
        True
    """
    if isinstance(reason, MemoryError) or _NO_MEMORY.search(str(reason)):
        return "This computer's memory is full. Close other programs, or choose smaller settings or files."
    if isinstance(reason, OSError):  # a full disk, a folder that is not ours
        return f"{reason.filename or 'A file'} cannot be written ({reason.strerror or reason}). Make room."
    return None
