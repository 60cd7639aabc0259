"""`onward resume [RUN] [--time +30m]`: go on with a run that crashed, was stopped, or is finished."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click

from onward.core.budget import parse_duration, spoken_duration
from onward.core.faults import RunFault
from onward.core.files import read_json
from onward.core.folder import Folder, Lock
from onward.core.metrics import Score
from onward.core.run import Run
from onward.core.task import Source
from onward.group import join
from onward.tasks import find_task
from onward.verbs.loading import read_data
from onward.verbs.sitting import check_same_data, sit

__all__ = ["resume"]


def resume(
    folder: Folder, duration: str | None = None, *, started_at: float | None = None, quiet: bool = False
) -> tuple[Run, list[Score]]:
    """Go on from the last checkpoint.

    Args:
        duration: `+30m` gives that much more; `30m` sets what this sitting may take.
    Raises:
        RunFault: the run is finished and was given no more time, or is in use.
    """
    started_at = time.monotonic() if started_at is None else started_at
    task = find_task(folder.record["task"])
    group = join(task.shares_batches, task.name)
    folder = Folder(group.everywhere(lambda: _at_rest(folder, duration)))
    own = folder.record["data"]
    source = Source((own["address"],), own.get("kind"), is_recorded=True)
    data = read_data(task, source, Run(folder).settings(task.settings))
    check_same_data(Run(folder), data)
    doubt = _give_time(folder, *parse_duration(duration)) if duration is not None else ""
    run = Run(folder, group=group)
    if doubt and group.is_first:
        click.echo(doubt, err=True)
    run.started_at(group.agree(started_at))
    return run, sit(task, run, data, quiet=quiet)


def _at_rest(folder: Folder, duration: str | None) -> Path:
    """Give the folder of a run that can go on."""
    name = folder.path.name
    if folder.is_of_the_zoo:
        raise RunFault(f"{name} belongs to the zoo and stays as it is. Train one of your own.")
    if Lock.is_held(folder.path):
        raise RunFault(f"{name} is being trained now. Watch it with: onward status {folder.word}")
    with Lock(folder.path):  # who cannot work there gives it no time
        if folder.record["status"] == "finished" and duration is None:
            raise RunFault(f"{name} is finished. Give it more time: onward resume {folder.word} --time +10m")
    return folder.path


def _give_time(folder: Folder, seconds: float, is_more: bool) -> str:
    """Set the budget so that this sitting lasts `seconds`, plus what was left when more was asked for.

    A finished run goes on from before its cooldown, so that its learning rate is high again; gives a sentence where the
    time is too short to get as far again.
    """
    record, newest = folder.record, folder.newest_checkpoint()
    finished = record["status"] == "finished"
    plateau = folder.newest_checkpoint("plateau") if finished else None
    end, begun = (read_json(path / "state.json") if path else {"seconds": 0.0} for path in (newest, plateau or newest))
    spent = float(begun["seconds"])
    least = float(end["seconds"]) - spent + float(end.get("tail_seconds", 0.0))
    left = max(0.0, (record["budget"]["seconds"] or 0.0) - spent) if is_more and not finished else 0.0
    budget = {"seconds": spent + left + seconds, "steps": None}
    folder.update(budget=budget, resume_from="plateau" if plateau else None, was_given_time=True)
    words = f"It goes on from before its cooldown; with less than {spoken_duration(math.ceil(least / 60) * 60)} more it"
    return f"{words} learns less in all than it had." if plateau and seconds < least else ""
