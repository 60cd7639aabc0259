"""Agents beside stable-baselines3's PPO: turns a second, and what comes of equal time, taken by turns on one machine.

    python -m benchmarks control --peer-python /tmp/peers_sb3/bin/python --seconds 30

Ours is the command a user types, its whole time counted: start, films, a hundred episodes, the report. The peer has the
same time for learning alone. Both act greedily in a hundred episodes from the same seeds, in Gymnasium's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import command, write_section
from onward.parts.intervals import mean_interval

COLUMNS = ("environment", "round", "who", "turns a second", "turns", "seconds", "mean return", "interval", "lowest")


def ours(environment: str, seconds: float, seed: int) -> dict[str, Any]:
    """Train by the command a user types, then play a hundred episodes again for the lowest."""
    with tempfile.TemporaryDirectory() as aside:
        onward = [sys.executable, "-m", "onward"]
        limits = ["--time", f"{seconds:g}s", "--seed", str(seed), "--out", aside, "--name", "r"]
        began = time.monotonic()
        subprocess.run([*onward, "train", "control", environment, *limits], check=True, stdout=subprocess.DEVNULL)
        taken, run = time.monotonic() - began, Path(aside) / "r"
        played = ["apply", str(run), "--episodes", "100", "--films", "0", "--out", f"{aside}/out"]
        subprocess.run([*onward, *played], check=True, stdout=subprocess.DEVNULL)
        rows = (Path(aside) / "out" / "episodes.csv").read_text(encoding="utf-8").splitlines()[1:]
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        logs = [fact for line in lines if (fact := json.loads(line))["kind"] == "log"]
    each = record["played"]["environments"] * record["played"]["turns"]
    learning = logs[-1]["seconds"] - logs[0]["seconds"]  # checkpoints and films in between are counted
    return {
        "turns a second": (logs[-1]["step"] - logs[0]["step"]) * each / max(learning, 1e-9),
        "turns": record["steps_done"] * each,
        "seconds": taken,
        "returns": [float(row.split(",")[2]) for row in rows],
    }


def peer(python: str, environment: str, seconds: float, seed: int, settings: str) -> dict[str, Any]:
    """Run the peer's script."""
    script = Path(__file__).with_name("peer_sb3.py")
    words = [python, str(script), environment, "--seconds", str(seconds), "--seed", str(seed), "--settings", settings]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = subprocess.run(words, check=True, capture_output=True, text=True, env=environ).stdout
    found = json.loads(said.splitlines()[-1])
    return {
        "turns a second": found["steps"] / found["seconds"],
        "turns": found["steps"],
        "seconds": found["seconds"],
        "returns": found["returns"],
    }


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--environments", nargs="+", default=["CartPole-v1", "LunarLander-v3"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peer-python", help="of an environment with stable-baselines3; without it ours alone")
    parser.add_argument("--section", default="control")
    given = parser.parse_args(words)
    rows: list[list[str]] = []
    for environment in given.environments:
        for number in range(given.rounds):
            runs = {"Onward": lambda e=environment, n=number: ours(e, given.seconds, n)}
            for settings in ("defaults", "tuned") if given.peer_python else ():
                runs[f"stable-baselines3, {settings}"] = lambda e=environment, n=number, s=settings: peer(
                    given.peer_python, e, given.seconds, n, s
                )
            for who, run in runs.items():
                found = run()
                returns = np.array(found["returns"])
                low, high = mean_interval(returns)
                told = [f"{found['turns a second']:,.0f}", f"{found['turns']:,}", f"{found['seconds']:.1f}"]
                told += [f"{returns.mean():.1f}", f"{low:.1f} to {high:.1f}", f"{returns.min():.1f}"]
                rows.append([environment, str(number), who, *told])
                title = "Agents: turns a second, and the mean return of a hundred episodes"
                line = f"python -m benchmarks control {command(words)}"
                write_section(given.section, title, line, COLUMNS, rows)
