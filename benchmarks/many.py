"""Two processes beside one: the same result? how much faster?

One process with one thread learns with batches of twice the size; two processes with one thread each share the same
batches, of which each has as much as a process has by itself when nothing else is said. They take turns, `--repeats`
times, each from the same seed, and nothing is examined at the end. A step's time is the median over the run (of each
kind of step, where every fourth has a gradient penalty), so that the exams between them, which the first process takes
alone, do not count. A third is one process alone with one's share: beside it two take in twice as many examples a step.
What is apart is the distance of the two networks in the end, as a share of their length. Both cores have to be quiet.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.results import command, write_section

_KINDS_OF_STEPS = 4  # a GAN's penalty comes every fourth
_WARM_UP = 3
_WAYS = {"one": (1, 2), "two": (2, 1), "half": (1, 1)}  # processes, and shares of a batch that each of them has


@dataclass(frozen=True)
class Lesson:
    """What a task learns here.

    Attributes:
        sized: the setting that says how large a process's share of a batch is.
        network: what is compared, by its name in a checkpoint.
    """

    task: str
    data: str
    sized: str
    share: int
    network: str
    steps: int
    settings: dict[str, str]


LESSONS = {
    "gan": Lesson("gan", "meadow:horses", "batch_size", 32, "generator", 36, {"size": "32", "show_every": "1000"}),
    "classify": Lesson(
        "classify",
        "meadow:classify",
        "batch_size",
        64,
        "network",
        40,
        {"size": "32", "backbone": "none", "width": "32"},
    ),
    "detect": Lesson("detect", "meadow:detect", "batch_size", 16, "network", 30, {"size": "160", "frozen_share": "0"}),
    "language-model": Lesson("language-model", "stdlib:docstrings", "batch_size", 32, "network", 40, {"width": "256"}),
    "translate": Lesson("translate", "numbers:en", "batch_tokens", 1200, "network", 40, {"width": "192", "drop": "0"}),
}


def main(words: list[str]) -> None:
    """Measure all five tasks, or those named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks many", description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--only", choices=sorted(LESSONS), action="append")
    parser.add_argument("--steps", type=int, help="Instead of each task's own number.")
    chosen = parser.parse_args(words)
    os.environ.update(OMP_NUM_THREADS="1", ONWARD_MEADOW_MOST="512")
    rows = []
    for name in chosen.only or LESSONS:
        lesson = LESSONS[name]
        rows.append(_row(replace(lesson, steps=chosen.steps or lesson.steps), chosen.repeats))
        print(" | ".join(rows[-1]), flush=True)
    title = "Two processes beside one, with one thread each"
    columns = (
        "task", "batch", "one process, s a step", "two, s a step", "faster", "one with half of it, s a step",
        "examples a second beside that", "apart in the end", "last loss",
    )  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("There is one core here, so two processes cannot be faster: nothing is written into RESULTS.md.")
        return
    write_section("many", title, command(["python", "-m", "benchmarks", "many", *words]), columns, rows)


def _row(lesson: Lesson, repeats: int) -> tuple[str, ...]:
    """Let one process and two take turns."""
    place = Path(tempfile.mkdtemp(prefix="onward-many-"))
    seconds: dict[str, list[float]] = {way: [] for way in _WAYS}
    try:
        for turn in range(repeats):
            for way, (count, shares) in _WAYS.items():
                _learn(lesson, count, shares, place, f"{way}-{turn}")
                seconds[way].append(_seconds_a_step(place / f"{way}-{turn}"))
        apart = _apart(place / "two-0", place / "one-0", lesson.network)
        losses = [_last_loss(place / f"{way}-0") for way in ("one", "two")]
    finally:
        shutil.rmtree(place, ignore_errors=True)
    faster = [one / two for one, two in zip(seconds["one"], seconds["two"], strict=True)]
    more = [2 * half / two for half, two in zip(seconds["half"], seconds["two"], strict=True)]
    return (
        lesson.task,
        f"{2 * lesson.share} {'pieces' if lesson.sized == 'batch_tokens' else ''}".strip(),
        f"{mean(seconds['one']):.3f}",
        f"{mean(seconds['two']):.3f}",
        f"{mean(faster):.2f}x ({min(faster):.2f} to {max(faster):.2f})",
        f"{mean(seconds['half']):.3f}",
        f"{mean(more):.2f}x ({min(more):.2f} to {max(more):.2f})",
        f"{apart:.1e}",
        f"{losses[0]:.4f} and {losses[1]:.4f}",
    )


def _learn(lesson: Lesson, count: int, shares: int, place: Path, name: str) -> None:
    """Train in `count` processes, each on a core of its own and with so many shares of a batch."""

    def work(rank: int) -> None:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[rank % len(cores)]})
        from onward.tasks import find_task
        from onward.verbs.train import train

        task: Any = replace(find_task(lesson.task), evaluate=None)
        settings = lesson.settings | {lesson.sized: str(lesson.share * shares)}
        train(task, lesson.data, settings, steps=lesson.steps, out=place, name=name, quiet=True)

    together(count, work)


def together(count: int, work: Callable[[int], None]) -> None:
    """Fork processes with the surroundings that torchrun gives them, and wait for all.

    Raises:
        SystemExit: one of them failed.
    """
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = str(door.getsockname()[1])
    processes = []
    for rank in range(count):
        if process := os.fork():
            processes.append(process)
            continue
        if count > 1:
            os.environ.update(RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
        code = 1
        try:
            work(rank)
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        except BaseException as reason:  # told, since this process ends without a traceback
            print(f"process {rank}: {type(reason).__name__}: {reason}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    codes = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]
    if any(codes):
        sys.exit(f"The processes ended with {codes}.")


def _log(run: Path) -> list[dict[str, Any]]:
    from onward.core.metrics import read_metrics

    return list(read_metrics(run / "metrics.jsonl", "log"))


def _seconds_a_step(run: Path) -> float:
    """Give the mean over the kinds of steps of the median of each."""
    told = [float(fact["seconds"]) for fact in _log(run)]
    taken = [after - before for before, after in pairwise(told)][_WARM_UP:]
    return mean(median(taken[kind::_KINDS_OF_STEPS]) for kind in range(_KINDS_OF_STEPS))


def _last_loss(run: Path) -> float:
    return next(float(value) for name, value in _log(run)[-1].items() if "loss" in name)


def _apart(one: Path, other: Path, network: str) -> float:
    """Give the distance of two runs' networks as a share of their length."""
    from onward.core.checkpoint import read_checkpoint
    from onward.core.folder import Folder

    kept = []
    for run in (one, other):
        checkpoint = Folder(run).newest_checkpoint()
        if checkpoint is None:
            sys.exit(f"{run} has no checkpoint.")
        kept.append(read_checkpoint(checkpoint)["kept"][network])
    distance = sum(float((kept[0][name].double() - kept[1][name].double()).square().sum()) for name in kept[1])
    return (distance / sum(float(each.double().square().sum()) for each in kept[1].values())) ** 0.5
