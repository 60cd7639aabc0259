"""Chaos over every task: killed at random instants again and again, does each run end in the undisturbed one's bits?

A run is started under `--steps`, hit, resumed, hit …, and at last left in peace. Hits are SIGKILL, and now and then
SIGTERM, Ctrl-C or two of them; their instants are drawn over the processor time that an undisturbed run takes, so
start-up, reading, saving, evaluation and report are hit as often as they are long, on a busy machine too. So that many
hits meet a checkpoint being written, disturbed runs save after every step. At the end checkpoint, figures, scores and
samples have to be those of the undisturbed run. `chaos_rooms.py` has what is no signal: full disks, clocks, neighbours.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.chaos_rooms import ROOMS, rooms_main
from benchmarks.kill import content
from benchmarks.results import write_section
from benchmarks.small_data import SMALL
from onward.core.folder import Folder
from onward.core.metrics import read_metrics

__all__ = ["Site", "contract_cases"]

_STEPS = 12
_PATIENCE_SECONDS = 900
_TICKS = os.sysconf("SC_CLK_TCK")
_SIGNALS = {"SIGTERM": [signal.SIGTERM], "Ctrl-C": [signal.SIGINT], "two Ctrl-C": [signal.SIGINT] * 2}
_SAVE_OFTEN = """
import onward.core.run as run
was = run.Run._between_steps
def now(self):
    self.save_every_seconds = 0.0
    was(self)
run.Run._between_steps = now
"""
_TIMES = ("seconds", "progress", "per_second", "milliseconds")  # what may differ between two runs that are the same


def contract_cases() -> dict[str, Any]:
    """Give the small data and settings of every task that `tests/test_contract.py` has."""
    path = Path(__file__).resolve().parents[1] / "tests" / "test_contract.py"
    spec = importlib.util.spec_from_file_location("contract", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there")
    module = importlib.util.module_from_spec(spec)
    sys.modules["contract"] = module
    spec.loader.exec_module(module)
    return module.CASES


@dataclass
class Site:
    """A folder to work in, with the small data that were asked for so far."""

    place: Path
    cases: dict[str, Any] = field(default_factory=contract_cases)

    def address(self, name: str) -> Path:
        """Give a case's data, made when first asked for."""
        path = self.place / self.cases[name].data
        if not path.exists():
            SMALL[self.cases[name].data.partition("/")[0]](self.place)
        return path

    def train(self, name: str, out: Path, run: str, *limits: str) -> list[str]:
        """Give the command that trains a case."""
        case = self.cases[name]
        settings = [f"--set={key}={value}" for key, value in case.settings.items()]
        limits = limits or ("--steps", str(_STEPS))
        words = ["train", case.task, str(self.address(name)), "--out", str(out), "--name", run, *settings, *limits]
        return [sys.executable, "-m", "onward", *words]

    def start(self, words: list[str], site: str = "", **more: Any) -> subprocess.Popen[str]:
        """Start a command in a session of its own; `site` is Python that runs before it."""
        environment = os.environ | {"ONWARD_CACHE": str(self.place / "cache"), "OMP_NUM_THREADS": "1"}
        environment |= more.pop("env", {})
        if site:
            folder = self.place / f"site-{abs(hash(site))}"
            folder.mkdir(exist_ok=True)
            (folder / "sitecustomize.py").write_text(site, encoding="utf-8")
            environment["PYTHONPATH"] = f"{folder}{os.pathsep}{environment.get('PYTHONPATH', '')}"
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        return subprocess.Popen(words, env=environment, **{**pipes, **more})

    def finish(self, child: subprocess.Popen[str]) -> tuple[int, str]:
        """Wait for a child; give its exit code and what it said."""
        _, said = child.communicate(timeout=_PATIENCE_SECONDS)
        return child.returncode, said


@dataclass
class Tally:
    """What came out for one task."""

    kills: int = 0
    signals: int = 0
    lost_runs: int = 0
    lost_seconds: float = 0.0
    most_lost_seconds: float = 0.0
    differing: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    ends: int = 0


def _processor_seconds(pid: int) -> float:
    """Give a process's processor time so far; infinity when it is gone."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS if words[0] != "Z" else float("inf")
    except (OSError, IndexError):
        return float("inf")


def _facts(path: Path) -> tuple[list[str], set[str]]:
    """Give what a run's metrics say but for the time, in order, and the sentences it noted."""
    told, notes = [], set()
    for fact in read_metrics(path / "metrics.jsonl"):
        if fact["kind"] == "note":
            notes.add(fact["sentence"])
        elif not (fact["kind"] == "score" and any(unit in fact["unit"] for unit in ("second", "/s", "ms"))):
            told.append(json.dumps({key: value for key, value in fact.items() if not key.endswith(_TIMES)}))
    return told, notes


def differences(one: Path, other: Path) -> list[str]:
    """Say in what two runs differ: checkpoint, figures, samples, report."""
    found = []
    if content(one) != content(other):
        found.append(f"checkpoint ({', '.join(_places(content(one), content(other)))[:200]})")
    (facts, notes), (others, more) = _facts(one), _facts(other)
    if facts != others:
        lines = [pair for pair in zip(facts, others, strict=False) if pair[0] != pair[1]]
        found.append(f"metrics ({len(facts)} and {len(others)} facts; {lines[:1]})")
    if notes != more:
        found.append(f"notes ({sorted(notes ^ more)})")
    samples = [
        {path.name: _timeless(path) for path in sorted((run / "samples").glob("*")) if path.is_file()}
        for run in (one, other)
    ]
    if samples[0].keys() != samples[1].keys():
        found.append(f"samples ({sorted(samples[0].keys() ^ samples[1].keys())})")
    elif samples[0] != samples[1]:
        found.append(f"samples ({[name for name in samples[0] if samples[0][name] != samples[1][name]]})")
    if not (other / "report.html").exists():
        found.append("report")
    return found


def _timeless(path: Path) -> bytes | str:
    """Give a sample's content; of a table all but its columns of times: seconds, `to decode`."""
    if path.suffix != ".csv":
        return path.read_bytes()
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    kept = [
        place
        for place, head in enumerate(rows[0] if rows else [])
        if "second" not in head and not head.startswith("to ")
    ]
    return repr([[row[place] for place in kept if place < len(row)] for row in rows])


def _places(one: Any, other: Any, place: str = "") -> list[str]:
    """Name the places where two nested documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [found for key in keys for found in _places(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [found for n in range(len(one)) for found in _places(one[n], other[n], f"{place}/{n}")]
    told = "" if isinstance(one, bytes) else f" {one!r:.40} and {other!r:.40}"
    return [] if one == other else [f"{place}{told}"]


def _lost_seconds(path: Path) -> float:
    """Say how much training a kill has cost: from the last checkpoint to the last fact."""
    *_, last = [{"seconds": 0.0}, *read_metrics(path / "metrics.jsonl", "log")]
    checkpoint = Folder(path).newest_checkpoint()
    kept = json.loads((checkpoint / "state.json").read_text())["seconds"] if checkpoint else 0.0
    return max(0.0, last["seconds"] - kept)


def _hit(child: subprocess.Popen[str], name: str, moment: float) -> bool:
    """Send a signal when a child has used so much processor time; say whether it still ran."""
    while child.poll() is None and _processor_seconds(child.pid) < moment:
        time.sleep(0.002)
    if child.poll() is not None:
        return False
    if name == "SIGKILL":
        os.killpg(child.pid, signal.SIGKILL)
        return True
    for number in _SIGNALS[name]:
        child.send_signal(number)
        time.sleep(random.random() * 0.3)
    return True


def _onward_words(path: Path, again: list[str]) -> list[str]:
    if path.exists() and not (path / "run.json").exists():  # what the sentence about such a folder says
        shutil.rmtree(path)
    return [sys.executable, "-m", "onward", "resume", str(path)] if (path / "run.json").exists() else again


def disturb(site: Site, name: str, kills: int, chance: random.Random, hits_a_run: int) -> Tally:
    """Hit a task's runs until so many kills are counted, and compare each end with the undisturbed one."""
    tally, out = Tally(), site.place / f"runs-{name}"
    out.mkdir()
    began = os.times()
    code, said = site.finish(site.start(site.train(name, out, "twin")))
    length = sum(os.times()[2:4]) - sum(began[2:4])
    if code:
        raise SystemExit(f"{name} does not train at all: {said}")
    number = 0
    while tally.kills < kills:
        path = out / f"r{number}"
        again = site.train(name, out, path.name)
        hits = 0
        while hits < min(hits_a_run, kills) and (hits == 0 or tally.kills < kills):
            signal_name = "SIGKILL" if chance.random() < 0.75 else chance.choice(list(_SIGNALS))
            child = site.start(_onward_words(path, again), _SAVE_OFTEN)
            was_hit = _hit(child, signal_name, chance.uniform(0.0, 1.02 * length))
            code, said = site.finish(child)
            was_hit &= code != 0 or signal_name != "SIGKILL"  # it may end by itself in the very moment
            hits += 1
            tally.kills += was_hit and signal_name == "SIGKILL"
            tally.signals += was_hit and signal_name != "SIGKILL"
            _judge(tally, name, signal_name, code, said, was_hit)
            if (path / "run.json").exists():
                if Folder(path).status() == "finished":
                    break
                if signal_name == "SIGKILL":
                    lost = _lost_seconds(path)
                    tally.lost_seconds += lost
                    tally.most_lost_seconds = max(tally.most_lost_seconds, lost)
        _end(site, tally, path, again, out / "twin")
        number += 1
    return tally


def _judge(tally: Tally, name: str, signal_name: str, code: int, said: str, was_hit: bool) -> None:
    allowed = {"SIGKILL": (-9,), "SIGTERM": (0, 130, -15)}.get(signal_name, (0, 130, -2)) if was_hit else (0,)
    if "Traceback" in said or code not in allowed:
        tally.troubles.append(f"{name}, {signal_name}: exit code {code}: {said.strip()[-300:]}")


def _end(site: Site, tally: Tally, path: Path, again: list[str], twin: Path) -> None:
    if not (path / "run.json").exists() or Folder(path).status() != "finished":
        code, said = site.finish(site.start(_onward_words(path, again)))
        if code:
            tally.lost_runs += 1
            tally.troubles.append(f"{path.name} was lost: exit code {code}: {said.strip()[-300:]}")
            return
    tally.ends += 1
    if differs := differences(twin, path):
        tally.differing.append(f"{path.parent.name}/{path.name}: {'; '.join(differs)}")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    cases = contract_cases()
    parser.add_argument("--kills", type=int, default=200, help="in all")
    parser.add_argument("--tasks", nargs="+", default=list(cases), choices=list(cases))
    parser.add_argument("--hits", type=int, default=4, help="at most, a run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tally", type=Path, help="a file of counts so far, to which these are added")
    parser.add_argument("--rooms", nargs="*", default=[], choices=list(ROOMS), help="other disturbances, alone")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        site = Site(Path(place), cases)
        if given.rooms:
            rooms_main(site, given.rooms, given.tasks)
            return
        tallies = _read_tallies(given.tally)
        for order, name in enumerate(given.tasks):
            share = (given.kills * (order + 1)) // len(given.tasks) - (given.kills * order) // len(given.tasks)
            if not share:
                continue
            tally = disturb(site, name, share, random.Random(f"{given.seed} {name}"), given.hits)
            print(" | ".join(_row(name, tally)), *tally.troubles, *tally.differing, sep="\n  ", flush=True)
            tallies[name] = _summed(tallies[name], tally) if name in tallies else tally
            if given.tally:
                given.tally.write_text(json.dumps({key: vars(each) for key, each in tallies.items()}, indent=1))
    _write({name: tallies[name] for name in cases if name in tallies})


def _read_tallies(path: Path | None) -> dict[str, Tally]:
    stored = json.loads(path.read_text()) if path is not None and path.exists() else {}
    return {name: Tally(**facts) for name, facts in stored.items()}


def _summed(one: Tally, other: Tally) -> Tally:
    summed = Tally(**{key: value + getattr(other, key) for key, value in vars(one).items()})
    summed.most_lost_seconds = max(one.most_lost_seconds, other.most_lost_seconds)
    return summed


def _write(tallies: dict[str, Tally]) -> None:
    rows = [_row(name, tally) for name, tally in tallies.items()]
    totals = [f"{sum(float(row[place]) for row in rows):g}" for place in range(1, 7)]
    longest = max(float(row[7]) for row in rows)
    columns = ["what", "SIGKILL", "other signals", "ends", "runs lost", "ends that differ", "tracebacks"]
    columns += ["most training lost to a kill, s"]
    shown = f"python -m benchmarks chaos --kills {totals[0]}"
    table = [*rows, ["all", *totals, f"{longest:.1f}"]]
    write_section("chaos", "Killed at random instants, every task", shown, columns, table)


def _row(name: str, tally: Tally) -> list[str]:
    counts = (tally.kills, tally.signals, tally.ends, tally.lost_runs, len(tally.differing), len(tally.troubles))
    return [name, *map(str, counts), f"{tally.most_lost_seconds:.1f}"]
