"""Several processes come to what one comes to with the whole batch, and none of them parts from the others."""

from __future__ import annotations

import copy
import faulthandler
import gc
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from onward.core.checkpoint import read_checkpoint
from onward.core.faults import DataFault, Fault, RunFault, Stopped, UsageFault
from onward.core.files import write_json
from onward.core.folder import Folder
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.group import join
from onward.group.processes import _here
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
    gc.collect()  # a child that collects what owns threads waits for ever: a fork leaves them behind,
    gc.freeze()  # and a worker of a suite has whatever tests before left
    for rank in range(count):
        if process := os.fork():
            found.append(process)
            continue
        own = {"RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        os.environ.update(own, **(environment or {}))
        code = 70
        try:
            faulthandler.register(signal.SIGUSR1)  # to say where it hangs
            if hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            torch.set_num_threads(1)  # a second one waits for those that the fork has left behind
            work(rank)
            code = 0
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        except Fault as fault:
            os.write(1, f"{fault}\n".encode())
            code = fault.exit_code
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    gc.unfreeze()
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
                os.kill(process, signal.SIGUSR1)
                time.sleep(1)
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
def test_two_processes_equal_one_with_the_whole_batch(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onward.core.machine._says_bfloat16", lambda: False)  # which rounds halves and wholes apart
    data, size, settings = LEARNING[name]
    task, runs = replace(find_task(name.removesuffix("-transfer")), evaluate=None), place / "runs"
    task.train.load()  # type: ignore[attr-defined] # once, before there are several
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


@pytest.fixture(params=["wire", "gloo"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two processes speak by a wire, or, as if on two computers, by gloo."""
    if request.param == "gloo":
        monkeypatch.setattr("onward.group.wire._NAME", "x" * 200)  # no socket has such a name


@pytest.mark.usefixtures("_way")
def test_statistics_of_a_batch_are_those_of_all_shares() -> None:
    def compare(rank: int) -> None:
        group = join(True, "test")
        torch.manual_seed(0)
        network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.BatchNorm2d(4))
        pictures, wanted, alone = torch.randn(8, 3, 9, 9), torch.randn(8, 4, 5, 5), copy.deepcopy(network)
        (alone(pictures) - wanted).square().mean().backward()
        group.with_shared_statistics(network)
        loss = (network(group.share(pictures)) - group.share(wanted)).square().mean()
        loss.backward()
        group.average(network.parameters(), loss)
        for one, other in zip(alone.parameters(), network.parameters(), strict=True):
            assert one.grad is not None
            torch.testing.assert_close(other.grad, one.grad, atol=1e-6, rtol=1e-4)
        for one, other in zip(alone.buffers(), network.buffers(), strict=True):
            torch.testing.assert_close(other, one, atol=1e-6, rtol=1e-4)
        assert {"1.running_mean", "4.weight"} < set(network.state_dict())
        group.finish()

    assert ended(started(2, compare)) == [0, 0]


@pytest.mark.usefixtures("_way")
def test_large_and_small_are_told_both_ways() -> None:
    def tell(rank: int) -> None:
        group = join(True, "test")
        for count in (1, 4096, 4097, 3_000_000):  # of which the last does not fit into the system's buffers
            total = group.total(torch.full((count,), rank + 1.0))
            assert total.shape == (count,)
            assert bool((total == 3).all())
        assert group.total(torch.tensor(2.0)) == 4
        assert group.gathered(torch.tensor([[rank]])).tolist() == [[0], [1]]
        assert group.agree("x" * 2_000_000 if rank == 0 else "") == "x" * 2_000_000
        group.finish()

    assert ended(started(2, tell)) == [0, 0]


@pytest.mark.usefixtures("_way")
def test_all_take_the_first_one_s_word() -> None:
    def agree(rank: int) -> None:
        group = join(True, "test")
        long = "x" * 5000 if rank == 0 else ""
        assert group.agree({"rank": rank, "words": long}) == {"rank": 0, "words": "x" * 5000}
        before = group.clock()
        assert group.clock() == before  # it stands still between two agreements
        assert group.share(list(range(5))) == [[0, 1], [2, 3, 4]][rank]
        whole = torch.arange(12.0).view(2, 6)
        assert torch.equal(group.gathered(group.share(whole, axis=1), axis=1), whole)
        with group.own_lots():
            lots = group.gathered(torch.rand(1))
        assert lots[0] != lots[1]
        same = group.gathered(torch.rand(1))
        assert same[0] == same[1]
        group.finish()
        assert rank == 0
        assert group.agree(3) == 3
        assert group.clock() > before

    assert ended(started(2, agree)) == [0, 0]


def test_each_process_of_a_machine_has_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)

    def take_one(rank: int) -> None:
        taken: list[int] = []
        torch.cuda.set_device = taken.append
        os.environ["LOCAL_RANK"] = str(rank)
        group = join(True, "test")
        assert taken == [rank % 2]
        group.finish()

    assert ended(started(3, take_one)) == [0, 0, 0]


def test_two_of_one_computer_have_a_wire_and_leave_no_trace_of_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def look(rank: int) -> None:
        group: Any = join(True, "test")
        assert group._wire is not None
        group.agree(None)
        group.finish()

    assert ended(started(2, look)) == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_uneven_shares_are_refused() -> None:
    def ask(rank: int) -> None:
        group = join(True, "test")
        group.parts = 1
        with pytest.raises(RunFault, match="cannot be shared evenly"):
            group.whole(33)
        assert group.whole(32) == 32
        group.finish()

    assert ended(started(2, ask)) == [0, 0]


def test_who_cannot_share_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_table: Path) -> None:
    for name, value in (("WORLD_SIZE", "2"), ("RANK", "0"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageFault, match="forest does not learn on several processes"):
        train(find_task("forest"), str(small_table), {}, steps=3, out=tmp_path / "runs", quiet=True)


def test_no_passing_folder_stays(tmp_path: Path, small_text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passing = tmp_path / "passing"
    here = _here()
    (passing / f"onward-process-{here}-4194999-killed" / "run").mkdir(parents=True)  # no process has such a number
    (passing / f"onward-process-{here}-{os.getpid()}-living").mkdir()
    (passing / "onward-process-0123456789ab-4194999-elsewhere").mkdir()  # of another computer that shares the folder
    monkeypatch.setattr("tempfile.tempdir", str(passing))
    task = replace(find_task("language-model"), evaluate=None)

    def learn(rank: int) -> None:
        train(task, str(small_text), TINY, steps=2, out=tmp_path / "runs", quiet=True)

    assert ended(started(2, learn)) == [0, 0]
    left = {each.name.rpartition("-")[2] for each in passing.iterdir()}
    assert left == {"living", "elsewhere"}


def two_that_learn(text: Path, runs: Path, name: str) -> list[int]:
    """Start two processes with minutes before them, and wait until they have begun."""
    task = find_task("language-model")

    def learn(rank: int) -> None:
        train(task, str(text), TINY, duration="300s", name=name, out=runs, quiet=True)

    both = started(2, learn)
    until = time.monotonic() + 120
    while not (runs / name / "metrics.jsonl").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return both


def test_a_wish_that_is_passed_on_again_is_one_wish(tmp_path: Path, small_text: Path) -> None:
    """As a cluster tells every process of a job, and torchrun tells its own once more."""
    runs = tmp_path / "runs"
    both = two_that_learn(small_text, runs, "told")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM):
        for process in both:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        time.sleep(0.001)
    assert ended(both) == [Stopped.exit_code, Stopped.exit_code]
    assert Folder(runs / "told").status() == "stopped"


def test_a_wish_to_stop_may_come_from_any_process(tmp_path: Path, small_text: Path) -> None:
    """As where only the second of two computers is taken away."""
    runs = tmp_path / "runs"
    both = two_that_learn(small_text, runs, "told")
    os.kill(both[1], signal.SIGTERM)
    assert ended(both) == [Stopped.exit_code, Stopped.exit_code]
    assert Folder(runs / "told").status() == "stopped"


def test_where_one_cannot_read_its_data_nothing_is_begun(tmp_path: Path, small_text: Path) -> None:
    task, runs = find_task("language-model"), tmp_path / "runs"

    def learn(rank: int) -> None:
        address = str(small_text) if rank == 0 else str(tmp_path / "nowhere.txt")
        train(task, address, TINY, steps=3, out=runs, quiet=True)

    assert ended(started(2, learn)) == [RunFault.exit_code, DataFault.exit_code]
    assert not runs.exists()


@pytest.mark.parametrize("processes", ["x", 0, -1, None, 10**16, [2]])
def test_a_record_of_no_number_of_processes_is_refused(processes: Any, tmp_path: Path) -> None:
    record = {"schema": 1, "task": "gan", "device": "cpu", "seed": 0, "budget": {"seconds": 1.0, "steps": None}}
    record |= {"data": {"address": "x", "fingerprint": "0"}}
    write_json(tmp_path / "run.json", record | {"processes": 2})
    assert Run(Folder(tmp_path)).group.whole(32) == 64
    write_json(tmp_path / "run.json", record | {"processes": processes})
    with pytest.raises(RunFault, match="no record of a run"):
        Folder(tmp_path)


TINY = {"width": "8", "batch_size": "4", "stretch": "8"}


@pytest.mark.usefixtures("_way")
def test_a_dead_process_ends_the_run_and_loses_nothing(tmp_path: Path, small_text: Path, capfd: Any) -> None:
    """Kill the second of two in the middle; the first says so, and goes on alone, with the same batches, later."""
    task, runs = find_task("language-model"), tmp_path / "runs"
    task.train.load()  # type: ignore[attr-defined]

    def learn(rank: int) -> None:
        train(task, str(small_text), TINY, steps=4000, name="killed", out=runs, quiet=True)

    first, second = started(2, learn)
    metrics = runs / "killed" / "metrics.jsonl"
    until = time.monotonic() + 120
    while not any((runs / "killed" / "checkpoints").glob("step-*")) and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(second, signal.SIGKILL)
    assert ended([first, second]) == [RunFault.exit_code, -signal.SIGKILL]
    assert "has ended" in capfd.readouterr().out
    folder = Folder(runs / "killed")
    assert folder.status() == "failed"
    saved = folder.newest_checkpoint()
    assert saved is not None
    steps = read_checkpoint(saved)["steps_done"]
    assert steps > 0
    folder.update(budget={"seconds": None, "steps": steps + 5})
    run, scores = resume(folder, quiet=True)
    assert run.folder.status() == "finished"
    assert run.steps_done == steps + 5
    assert run.folder.record["processes"] == 2
    assert scores
    assert next(read_metrics(metrics, "log"))["step"] == 0


def test_a_wish_to_stop_reaches_all_and_two_go_on(tmp_path: Path, small_text: Path) -> None:
    runs = tmp_path / "runs"

    def go_on(rank: int) -> None:
        resume(Folder(runs / "stopped"), quiet=True)

    both = two_that_learn(small_text, runs, "stopped")
    (runs / "stopped" / "stop").touch()
    assert ended(both) == [Stopped.exit_code, Stopped.exit_code]
    folder = Folder(runs / "stopped")
    assert folder.status() == "stopped"
    steps = folder.record["steps_done"]
    folder.update(budget={"seconds": None, "steps": steps + 3})
    assert ended(started(2, go_on)) == [0, 0]
    assert Folder(runs / "stopped").record["steps_done"] == steps + 3
