"""`onward sweep TASK DATA --time 10m --set width=32,48`: the words, the beginning, the table at the end."""

from __future__ import annotations

import csv
import glob
import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click

from onward.core.budget import parse_duration, spoken_duration
from onward.core.faults import RunFault, Stopped, UsageFault, printable
from onward.core.folder import Folder, Lock, new_folder, runs_folder
from onward.core.machine import cores
from onward.core.settings import parse_settings
from onward.core.task import Source
from onward.report import compare_lines
from onward.sweep.halving import FEWEST_SECONDS, rounds, seconds_each, usual_trials
from onward.sweep.record import Plan, Record, Trial
from onward.sweep.space import parse_space
from onward.sweep.sweeping import Sweep, has_ended, is_late, logs_of, refuse_nothing, spoken
from onward.sweep.workers import LocalWorkers, Workers
from onward.tasks import find_task, list_tasks
from onward.verbs.listing import status_json
from onward.verbs.loading import read_data

__all__ = ["begin", "go_on", "sweep_command", "table"]

_DEFAULT_TIME = "1h"
_SAFE_CLUSTERS = (None, "auto", "local")  # that a record may name; an address is a stranger's word until you say it


@click.command("sweep")
@click.argument("task")
@click.argument("data", required=False)
@click.option("--time", "duration", metavar="10m", help=f"For everything; {_DEFAULT_TIME} without it.")
@click.option("--set", "space", multiple=True, metavar="KEY=LOW..HIGH|ONE,OTHER|VALUE", help="What to try.")
@click.option("--trials", type=click.IntRange(1, 1000), help="Settings to try. [as many as the time is enough for]")
@click.option("--workers", type=click.IntRange(1, 10_000), help="Runs at once. [one a core]")
@click.option("--by", metavar="FIGURE", help="What to choose by. [the validation part's figure]")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="For all lots.")
@click.option("--cluster", metavar="ADDRESS", help="Train on a Ray cluster: its address, auto, or local.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to make the runs in. [runs]")
@click.option("--name", help="Name of the sweep.")
@click.option("--as", "kind", help="What the data are, when that is not plain.")
def sweep_command(  # noqa: PLR0913 - the flags of the command
    task: str,
    data: str | None,
    duration: str | None,
    space: tuple[str, ...],
    trials: int | None,
    workers: int | None,
    by: str | None,
    seed: int,
    cluster: str | None,
    out: Path | None,
    name: str | None,
    kind: str | None,
) -> None:
    """Find the best settings of TASK for DATA within a time; `onward sweep NAME` goes on with one that was stopped."""
    import onward

    path = (out or runs_folder()) / task
    if task not in list_tasks() and (path / "sweep.json").exists():
        if any((data, duration, space, trials, workers, by, name, kind)):
            raise UsageFault(f"{task} is a sweep and goes on as it was begun. Say no more than: onward sweep {task}")
        goes_on = True
    else:
        goes_on = False
        seconds = parse_duration(duration or _DEFAULT_TIME)[0]
        count = workers or cores()
        trials = trials or usual_trials(seconds, count)
        data = data or find_task(task).example
        path = begin(Plan(task, data, kind, space, seconds, trials, count, seed, by, cluster), out, name).path
    with _alone(path):
        record = Record.read(path)
        if goes_on:
            _refuse_others(record)
        if goes_on and has_ended(record):  # all of the table was written down; the data may be gone by now
            refuse_nothing(record)
        else:
            record = _asked_again(record, cluster)
            if goes_on:
                _read_again(record)
            go_on(record, onward.started_at)
        lines = table(record)
    click.echo("\n".join(map(printable, lines)))


def begin(plan: Plan, out: Path | None = None, name: str | None = None) -> Record:
    """Make a sweep's folder.

    Raises:
        RunFault: there is a sweep of that name, or its runs.
        UsageFault: there is nothing to try, or no time for it, or its name is a task's.
    """
    if name in list_tasks():
        raise UsageFault(f"{name} is a task, so a sweep cannot be called so. Choose another --name.")
    if name and ((out or runs_folder()) / name / "sweep.json").exists():
        raise RunFault(f"{name} is a sweep already. Go on with it: onward sweep {name}; or choose another --name.")
    space = parse_space(find_task(plan.task).settings, plan.space, plan.task)
    if all(len(choice.values) == 1 for choice in space):
        raise UsageFault("A sweep needs something to try. Write --set learning_rate=1e-4..1e-2 or --set width=32,48.")
    if (each := seconds_each(plan.seconds, rounds(plan.trials), plan.workers)) < FEWEST_SECONDS:
        raise UsageFault(
            f"{plan.trials} trials in {spoken_duration(plan.seconds)} would have {each:.1f} s each at first. Give more "
            "--time or fewer --trials."
        )
    path = new_folder(f"sweep-{plan.task}", plan.data.rpartition("/")[2], out, name)
    if there := sorted(path.parent.glob(f"{glob.escape(path.name)}-[0-9][0-9]*.[0-9]")):
        path.rmdir()
        raise RunFault(f"{there[0]} is there, as a run of this sweep would be called. Choose another --name.")
    record = Record(path, plan)
    record.save()
    return record


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a sweep's folder: two that go on with it would begin, and clear away, the same runs."""
    with ExitStack() as held:
        try:
            held.enter_context(Lock(path))
        except RunFault:
            if not Lock.is_held(path):  # something else is wrong with it
                raise
            raise RunFault(f"Another process goes on with {path.name} now. Wait for its end.") from None
        yield


def _asked_again(record: Record, cluster: str | None) -> Record:
    """Take a cluster's address from the user: what it sends back can run code here, so a record's word will not do.

    Raises:
        UsageFault: only the record names one.
    """
    if cluster is None and record.plan.cluster not in _SAFE_CLUSTERS:
        raise UsageFault(
            f"{record.path.name} was begun on the cluster at {record.plan.cluster}. If you trust that one, say so: "
            f"{_command(record)}"
        )
    return replace(record, plan=replace(record.plan, cluster=cluster or record.plan.cluster))


def _refuse_others(record: Record) -> None:
    """Refuse a record that names runs of another sweep, as a copy's does: they are not for this one to clear away.

    Raises:
        RunFault: it does.
    """
    own = {f"{record.path.name}-{trial.number:02d}.{trial.round}" for trial in record.trials}
    if others := sorted({trial.name for trial in record.trials} - own):
        raise RunFault(f"{record.path} names {others[0]}, a run of another sweep. Give the folder the name it had.")


def _read_again(record: Record) -> None:
    """Read the data once more as a record names them: a stranger's makes no code run, and a lost disk fails no trial.

    Raises:
        DataFault: they cannot serve.
    """
    plan = record.plan
    if is_late(record):  # nothing is begun any more
        return
    fixed = (entry.partition("=") for entry in plan.space if ".." not in entry and "," not in entry)
    words = record.trials[0].words if record.trials else {name: value for name, _, value in fixed}
    task = find_task(plan.task)
    settings, _ = parse_settings(task.settings, {name: str(value) for name, value in words.items()}, task.name)
    read_data(task, Source((plan.data,), plan.kind, is_recorded=True), settings)


def _command(record: Record) -> str:
    """Give the words that go on with a sweep."""
    words = ["onward", "sweep", record.path.name]
    words += ["--out", str(record.path.parent)] if record.path.parent != runs_folder() else []
    words += ["--cluster", str(record.plan.cluster)] if record.plan.cluster not in _SAFE_CLUSTERS else []
    return shlex.join(words)


def go_on(record: Record, started_at: float | None = None) -> None:
    """Begin a sweep, or go on with it.

    Raises:
        RunFault: its time is spent, or no trial came to anything.
        Stopped: Ctrl-C, or a kill that can be heard.
    """
    plan = record.plan
    if record.spent_seconds >= plan.seconds - FEWEST_SECONDS and not any(
        each.state == "finished" for each in record.trials
    ):
        raise RunFault(f"The time of {record.path.name} is spent. Start a new sweep with more --time.")
    space = parse_space(find_task(plan.task).settings, plan.space, plan.task)
    started_at = time.monotonic() if started_at is None else started_at
    workers: Workers
    if plan.cluster:
        from onward.sweep.cluster import ClusterWorkers

        workers = ClusterWorkers(plan.cluster, plan.workers, record.path.parent)
    else:
        workers = LocalWorkers(plan.workers, record.path.parent, logs_of(record.path))
    click.echo(printable(f"{record.path.name}: go on after a stop with: {_command(record)}"), err=True)
    try:
        with _hearing():
            Sweep(record, space, workers, lambda words: click.echo(printable(words), err=True), started_at).go()
    except KeyboardInterrupt:
        raise Stopped(f"{record.path.name} is stopped. Go on with: {_command(record)}") from None


@contextmanager
def _hearing() -> Iterator[None]:
    """Take a polite kill for Ctrl-C, so that no trial outlives its sweep; a second says nothing new."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def table(record: Record) -> list[str]:
    """Say what was tried, the task's own settings first, then the best; also as `trials.csv` in the sweep's folder."""
    last = max((trial.round for trial in record.trials if trial.state == "finished"), default=0)
    ranked = record.by_merit(record.of_round(last))
    own = [trial for trial in ranked if trial.number == 0]
    others = [trial for trial in ranked if trial.number != 0]
    earlier = [each for number in reversed(range(last)) for each in record.by_merit(record.of_round(number))]
    failed = [trial for trial in record.trials if trial.state != "finished"]
    rows = [_row(trial) for trial in (*own, *others, *earlier, *failed)]
    columns = ["run", "settings", "seconds", record.by or "figure"]
    with (record.path / "trials.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *rows])
    widths = [max(len(row[place]) for row in (columns, *rows)) for place in range(len(columns))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)) for row in (columns, *rows)]
    lines = [line.rstrip() for line in lines]
    return [*lines, *_verdict(record, own, others)]


def _row(trial: Trial) -> list[str]:
    figure = f"{trial.figure:.4g}" if trial.figure is not None else trial.why or trial.state
    return [trial.name, spoken(trial), f"{trial.seconds:.0f}", figure]


def _verdict(record: Record, own: list[Trial], others: list[Trial]) -> list[str]:
    """Set the best beside the task's own settings, by scores that took no part in choosing, or say that one did."""
    spent = f"{record.path.name} took {spoken_duration(record.spent_seconds)}."
    runs = record.path.parent
    if not own or not others or not all((runs / each[0].name / "run.json").exists() for each in (own, others)):
        return [spent]
    best = others[0]
    lines = compare_lines(*(status_json(Folder(runs / each.name)) for each in (own[0], best)))
    if record.is_by_score:
        spent = f"Trials were chosen by {record.by}, a score of the test, so the best looks better than it is. {spent}"
    return [f"{own[0].name} (the task's own settings) against {best.name} ({spoken(best)}):", *lines, spent]
