"""Two network namespaces stand for two hosts: torchrun and Ray across them, one of them lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from onward.core.checkpoint import read_checkpoint
from onward.core.folder import Folder
from onward.sweep.record import Record

ROOT = Path(__file__).parents[2]
HEAD, OTHER = "10.213.77.1", "10.213.77.2"
pytestmark = pytest.mark.slow


def _ip(*words: str) -> bool:
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """Make two namespaces joined by a virtual cable, or skip."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("two network namespaces want the program ip and its rights")
    names = f"onward-{os.getpid()}-a", f"onward-{os.getpid()}-b"
    if not _ip("netns", "add", names[0]):
        pytest.skip("this machine permits no network namespaces")
    _ip("netns", "add", names[1])
    try:
        if not _ip(
            "link", "add", "onw-a", "netns", names[0], "type", "veth", "peer", "name", "onw-b", "netns", names[1]
        ):
            pytest.skip("this machine permits no virtual cables")
        for name, card, address in ((names[0], "onw-a", HEAD), (names[1], "onw-b", OTHER)):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", card)
            _ip("-n", name, "link", "set", card, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            _ip("netns", "del", name)


def begun(host: str, words: Sequence[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program on a host."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    with log.open("ab") as file:
        return subprocess.Popen(["ip", "netns", "exec", host, *words], env=known, stdout=file, stderr=file)


def test_two_hosts_learn_together_and_one_is_lost(hosts: tuple[str, str], tmp_path: Path, small_text: Path) -> None:
    runs = tmp_path / "runs"
    learn = ["-m", "onward", "train", "language-model", str(small_text), "--out", str(runs), "--name", "both"]
    learn += ["--steps", "100000", "--width", "16", "--batch-size", "4", "--stretch", "16"]
    processes = []
    for rank, (host, card) in enumerate(zip(hosts, ("onw-a", "onw-b"), strict=True)):
        run = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", "--node-rank", str(rank)]
        run += ["--master-addr", HEAD, "--master-port", "29555", "--nproc-per-node", "1"]
        aside = tmp_path / ("long-" * 24)  # no socket has so long a name: two hosts would not share their files
        aside.mkdir(exist_ok=True)
        environment = {"GLOO_SOCKET_IFNAME": card, "ONWARD_RUNS": str(runs), "TMPDIR": str(aside)}
        processes.append(begun(host, [*run, *learn], environment, tmp_path / f"{rank}.log"))
    until = time.monotonic() + 240
    while not any((runs / "both" / "checkpoints").glob("step-*")) and time.monotonic() < until:
        assert processes[0].poll() is None, (tmp_path / "0.log").read_text()
        time.sleep(0.2)
    subprocess.run(["pkill", "-9", "-P", str(processes[1].pid)], check=False)  # the second host is gone
    processes[1].kill()
    processes[1].wait(60)
    assert processes[0].wait(240) != 0
    assert "hears no more of another one" in (tmp_path / "0.log").read_text()
    folder = Folder(runs / "both")
    saved = folder.newest_checkpoint()
    assert saved is not None
    steps = read_checkpoint(saved)["steps_done"]
    folder.update(budget={"seconds": None, "steps": steps + 3})
    resumed = begun(hosts[0], [sys.executable, "-m", "onward", "resume", str(folder.path)], {}, tmp_path / "resume.log")
    assert resumed.wait(240) == 0, (tmp_path / "resume.log").read_text()
    assert Folder(runs / "both").record["steps_done"] == steps + 3


def cluster_of(hosts: tuple[str, str], tmp_path: Path, environment: dict[str, str]) -> list[subprocess.Popen[bytes]]:
    """Start Ray on both hosts."""
    start = [str(Path(sys.executable).with_name("ray")), "start", "--num-cpus", "1", "--block"]
    head = [*start, "--head", "--include-dashboard", "false", "--node-ip-address", HEAD, "--port", "6399"]
    head += ["--temp-dir", "/tmp/onw-ray-a"]
    cluster = [begun(hosts[0], head, environment, tmp_path / "head.log")]
    time.sleep(15)
    joined = [*start, "--address", f"{HEAD}:6399", "--node-ip-address", OTHER]
    cluster.append(begun(hosts[1], joined, environment, tmp_path / "other.log"))
    time.sleep(15)
    return cluster


def end(cluster: list[subprocess.Popen[bytes]]) -> None:
    """Kill what is left of Ray."""
    for process in cluster:
        subprocess.run(["pkill", "-9", "-P", str(process.pid)], check=False)
        process.kill()
        process.wait(60)


def test_self_play_over_two_hosts_outlives_one(hosts: tuple[str, str], tmp_path: Path) -> None:
    pytest.importorskip("ray")
    pytest.importorskip("pyspiel")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(tmp_path), "RAY_AUTH_MODE": "disabled"}
    cluster, run = cluster_of(hosts, tmp_path, quiet), tmp_path / "runs" / "s"
    try:
        words = ["-m", "onward", "train", "selfplay", "tic_tac_toe", "--steps", "400", "--out", str(run.parent)]
        words += ["--name", "s", "--set", f"cluster={HEAD}:6399", "--actors", "2", "--games", "8", "--set", "looks=400"]
        words += ["--simulations", "8", "--set", "blocks=1", "--set", "channels=8"]
        play = begun(hosts[0], [sys.executable, *words], quiet, tmp_path / "play.log")
        until = time.monotonic() + 90
        while not any((run / "checkpoints").glob("step-*")) and time.monotonic() < until:
            assert play.poll() is None, (tmp_path / "play.log").read_text()
            time.sleep(0.2)
        end(cluster[1:])  # the second host is gone, and with it an actor
        assert play.wait(200) == 0, (tmp_path / "play.log").read_text()
        assert Folder(run).record["steps_done"] == 400
        assert "An actor of the cluster has died" in (run / "metrics.jsonl").read_text()
    finally:
        end(cluster)
        shutil.rmtree("/tmp/onw-ray-a", ignore_errors=True)


def test_a_sweep_over_two_hosts_outlives_one(hosts: tuple[str, str], tmp_path: Path, small_table: Path) -> None:
    pytest.importorskip("ray")
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": str(tmp_path), "RAY_AUTH_MODE": "disabled"}
    cluster = cluster_of(hosts, tmp_path, quiet)
    runs = tmp_path / "runs"
    try:
        words = ["-m", "onward", "sweep", "forest", str(small_table), "--set", "rows_in_a_leaf=1..40", "--trials", "4"]
        words += ["--time", "120s", "--workers", "2", "--cluster", f"{HEAD}:6399", "--out", str(runs), "--name", "s"]
        sweep = begun(hosts[0], [sys.executable, *words], quiet, tmp_path / "sweep.log")
        until = time.monotonic() + 150
        while not _finished(runs) and time.monotonic() < until:
            time.sleep(0.5)
        subprocess.run(["pkill", "-9", "-P", str(cluster[1].pid)], check=False)  # the second host is gone
        cluster[1].kill()
        assert sweep.wait(300) == 0, (tmp_path / "sweep.log").read_text()
        record = Record.read(runs / "s")
        assert all(trial.state == "finished" for trial in record.trials), record.trials
        assert len(record.trials) == 6
    finally:
        end(cluster)
        shutil.rmtree("/tmp/onw-ray-a", ignore_errors=True)


def _finished(runs: Path) -> bool:
    return (runs / "s" / "sweep.json").exists() and any(
        trial.state == "finished" for trial in Record.read(runs / "s").trials
    )
