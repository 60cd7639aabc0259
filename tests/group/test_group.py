"""Several processes come to what one comes to with the whole batch, and none of them parts from the others."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from onward.core.checkpoint import read_checkpoint
from onward.core.faults import RunFault, UsageFault
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.group import Group, join
from onward.tasks import find_task
from onward.verbs.resume import resume
from onward.verbs.train import train

LEARNING: dict[str, tuple[str, str, dict[str, str]]] = {  # task: data, the setting that sizes a batch, the others
    "gan": ("horses", "batch_size", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}),
    "classify": ("classes", "batch_size", {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}),
    "classify-transfer": ("classes", "batch_size", {"size": "16", "backbone": "lite0", "batch_size": "4"}),
    "detect": ("boxed", "batch_size", {"width": "16", "size": "64", "batch_size": "4", "views": "1"}),
    "language-model": ("story.txt", "batch_size", {"width": "16", "batch_size": "4", "stretch": "16"}),
    "translate": ("pairs.tsv", "batch_tokens", {"width": "16", "batch_tokens": "200", "drop": "0"}),
}


def started(count: int, work: Callable[[int], object], environment: dict[str, str] | None = None) -> list[int]:
    """Start processes as torchrun does; a fork spares each of them the seconds of loading torch."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = str(door.getsockname()[1])
    found = []
    for rank in range(count):
        if process := os.fork():
            found.append(process)
            continue
        own = {"RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update(own, **(environment or {}))
        code = 70
        try:
            work(rank)
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        except RunFault as fault:
            print(fault, flush=True)
            code = fault.exit_code
        finally:
            os._exit(code)
    return found


def ended(processes: list[int], seconds: float = 120.0) -> list[int]:
    """Wait for processes; give their exit codes, or the negated signal."""
    codes: dict[int, int] = {}
    until = time.monotonic() + seconds
    while len(codes) < len(processes):
        for process in set(processes) - set(codes):
            if (found := os.waitpid(process, os.WNOHANG))[0]:
                codes[process] = os.waitstatus_to_exitcode(found[1])
        if time.monotonic() > until:
            for process in set(processes) - set(codes):
                os.kill(process, signal.SIGKILL)
            raise AssertionError("the processes did not end")
        time.sleep(0.02)
    return [codes[process] for process in processes]


def tensors(state: Any) -> Iterator[torch.Tensor]:
    """Walk through a nested state."""
    if isinstance(state, torch.Tensor):
        yield state.double()
    elif isinstance(state, dict):
        for inner in state.values():
            yield from tensors(inner)
    elif isinstance(state, (list, tuple)):
        for inner in state:
            yield from tensors(inner)


def apart(one: Path, other: Path, thing: str) -> float:
    """Give how far a kept thing of two runs is apart, as a share of its length."""
    states = [read_checkpoint(Folder(each).newest_checkpoint())["kept"][thing] for each in (one, other)]  # type: ignore[arg-type]
    pairs = list(zip(tensors(states[0]), tensors(states[1]), strict=True))
    distance = sum(float((first - second).square().sum()) for first, second in pairs)
    return (distance / max(1e-12, sum(float(second.square().sum()) for _, second in pairs))) ** 0.5


@pytest.fixture
def place(
    tmp_path: Path, horse_folder: Path, class_folder: Path, boxed_folder: Path, small_text: Path, small_pairs: Path
) -> Path:
    return tmp_path


# network, and what shows its gradients: means of Adam, or speeds
KEPT = {
    "gan": ("generator", "generator_adam"),
    "classify": ("network", "descent"),
    "classify-transfer": ("network", "descent"),
    "detect": ("network", "head"),
    "language-model": ("network", "descent"),
    "translate": ("network", "adam"),
}


@pytest.mark.parametrize("name", sorted(LEARNING))
def test_two_processes_equal_one_with_the_whole_batch(name: str, place: Path) -> None:
    data, size, settings = LEARNING[name]
    task, runs = find_task(name.removesuffix("-transfer")), place / "runs"
    for verb in (task.train, task.evaluate):
        verb.load()  # type: ignore[union-attr] # once, before there are several
    keywords: dict[str, Any] = {"steps": 3, "out": runs, "quiet": True}
    both = started(2, lambda rank: train(task, str(place / data), settings, name="two", **keywords))
    assert ended(both) == [0, 0]
    train(task, str(place / data), settings | {size: str(2 * int(settings[size]))}, name="one", **keywords)
    for thing, bound in zip(KEPT[name], (1e-3, 2e-2), strict=True):
        assert apart(runs / "two", runs / "one", thing) < bound
    losses = [
        [fact for fact in read_metrics(runs / each / "metrics.jsonl", "log") if fact["step"] == 2][-1]
        for each in ("two", "one")
    ]
    for figure in losses[1].keys() - {"seconds", "kind"}:
        assert losses[0][figure] == pytest.approx(losses[1][figure], rel=2e-2, abs=2e-2), figure
    assert sorted(each.name for each in runs.iterdir() if each.is_dir()) == ["one", "two"]  # the second wrote nothing
