"""Agents beside stable-baselines3's PPO: turns a second, and what comes of equal time, taken by turns on one machine.

    python -m benchmarks control --peer-python /tmp/peers_sb3/bin/python --seconds 30

Ours is the command a user types, its whole time counted: start, films, a hundred episodes, the report. The peer has the
same time for learning alone, and nothing else of it is counted. Both act greedily in a hundred episodes from the same
seeds, in Gymnasium's environment. `--gradients` times a step of learning instead.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import command, write_section
from onward.broad.control.choices import Categorical
from onward.broad.control.network import Adam
from onward.broad.control.ppo import Agent, Batch, loss_slopes
from onward.broad.control.settings import Settings
from onward.parts.intervals import mean_interval

COLUMNS = (
    "environment",
    "round",
    "who",
    "turns a CPU second",
    "turns a second",
    "turns",
    "seconds",
    "mean return",
    "interval",
    "lowest",
)


def ours(environment: str, seconds: float, seed: int, kept: Path | None = None) -> dict[str, Any]:
    """Train by the command a user types, then play a hundred episodes again for the lowest."""
    with tempfile.TemporaryDirectory() as aside:
        onward = [sys.executable, "-m", "onward"]
        place, name = kept or Path(aside), f"{environment}-{seed}"
        limits = ["--time", f"{seconds:g}s", "--seed", str(seed), "--out", str(place), "--name", name]
        began, used = time.monotonic(), _processor_seconds()
        subprocess.run([*onward, "train", "control", environment, *limits], check=True, stdout=subprocess.DEVNULL)
        taken, used, run = time.monotonic() - began, _processor_seconds() - used, place / name
        played = ["apply", str(run), "--episodes", "100", "--films", "0", "--out", f"{aside}/out"]
        subprocess.run([*onward, *played], check=True, stdout=subprocess.DEVNULL)
        rows = (Path(aside) / "out" / "episodes.csv").read_text(encoding="utf-8").splitlines()[1:]
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        logs = [fact for line in lines if (fact := json.loads(line))["kind"] == "log"]
    each = record["played"]["environments"] * record["played"]["turns"]
    learning = logs[-1]["seconds"] - logs[0]["seconds"]  # checkpoints and films in between are counted
    return {
        "turns a CPU second": record["steps_done"] * each / used,
        "turns a second": (logs[-1]["step"] - logs[0]["step"]) * each / max(learning, 1e-9),
        "turns": record["steps_done"] * each,
        "seconds": taken,
        "returns": [float(row.split(",")[2]) for row in rows],
    }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peer(python: str, environment: str, seconds: float, seed: int, settings: str) -> dict[str, Any]:
    """Run the peer's script."""
    script = Path(__file__).with_name("peer_sb3.py")
    words = [python, str(script), environment, "--seconds", str(seconds), "--seed", str(seed), "--settings", settings]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = subprocess.run(words, check=True, capture_output=True, text=True, env=environ).stdout
    found = json.loads(said.splitlines()[-1])
    return {
        "turns a CPU second": found["steps"] / found["processor_seconds"],
        "turns a second": found["steps"] / found["seconds"],
        "turns": found["steps"],
        "seconds": found["seconds"],
        "returns": found["returns"],
    }


def gradients(turns: int = 512, rounds: int = 300) -> list[list[str]]:
    """Time a step on a lesson's batch, our gradient and torch's automatic one, by turns; medians."""
    import torch

    torch.set_num_threads(1)
    chance, settings = np.random.default_rng(0), Settings()
    agent = Agent(8, Categorical([4]), settings.width, 0)
    adam, slopes = Adam(len(agent.weights)), np.zeros_like(agent.weights)
    normal = chance.standard_normal((turns, 8)).astype(np.float32)
    actions = chance.integers(0, 4, (turns, 1))
    likely = agent.choice.log_likelihood(agent.said(normal), agent.extras, actions)
    better, returns = chance.standard_normal((2, turns)).astype(np.float32)
    batch = Batch(normal, actions, likely, better, returns)

    def layers(answers: int) -> torch.nn.Sequential:
        hidden = [torch.nn.Linear(8, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh()]
        return torch.nn.Sequential(*hidden, torch.nn.Linear(64, answers))

    policy, value = layers(4), layers(1)
    weights = [*policy.parameters(), *value.parameters()]
    theirs = torch.optim.Adam(weights, 1e-3)
    x, a, old, good, aim = (torch.from_numpy(each) for each in (normal, actions, likely, better, returns))

    def by_hand() -> None:
        loss_slopes(agent, batch, settings, slopes)
        adam.step(agent.weights, slopes * min(1.0, 0.5 / float(np.sqrt(slopes @ slopes))), 1e-3)

    def by_torch() -> None:
        logs = torch.log_softmax(policy(x), 1)
        ratio = (logs.gather(1, a)[:, 0] - old).exp()
        surrogate = torch.minimum(ratio * good, ratio.clamp(0.8, 1.2) * good).mean()
        error, entropy = (value(x)[:, 0] - aim).square().mean(), -(logs.exp() * logs).sum(1).mean()
        theirs.zero_grad()
        (0.5 * error - surrogate - 0.01 * entropy).backward()
        torch.nn.utils.clip_grad_norm_(weights, 0.5)
        theirs.step()

    ways = {"written out in NumPy": by_hand, "torch's automatic gradient": by_torch}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, step in ways.items():
            began = time.process_time()
            step()
            taken[name].append(time.process_time() - began)
    return [[name, str(turns), f"{1000 * float(np.median(each)):.2f}"] for name, each in taken.items()]


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--environments", nargs="+", default=["CartPole-v1", "LunarLander-v3"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peer-python", help="of an environment with stable-baselines3; without it ours alone")
    parser.add_argument("--runs", type=Path, help="keep ours there")
    parser.add_argument("--section", default="control")
    parser.add_argument("--gradients", action="store_true", help="time a step of learning instead")
    given = parser.parse_args(words)
    line = f"python -m benchmarks control {command(words)}"
    if given.gradients:
        title = "Agents: a step on one batch of turns"
        write_section("control_gradients", title, line, ("gradient", "turns", "milliseconds of a core"), gradients())
        return
    rows: list[list[str]] = []
    for environment in given.environments:
        for number in range(given.rounds):
            runs = {"Onward": lambda e=environment, n=number: ours(e, given.seconds, n, given.runs)}
            for settings in ("defaults", "tuned") if given.peer_python else ():
                runs[f"stable-baselines3, {settings}"] = lambda e=environment, n=number, s=settings: peer(
                    given.peer_python, e, given.seconds, n, s
                )
            for who, run in runs.items():
                found = run()
                returns = np.array(found["returns"])
                low, high = mean_interval(returns)
                told = [f"{found[name]:,.0f}" for name in ("turns a CPU second", "turns a second")]
                told += [f"{found['turns']:,}", f"{found['seconds']:.1f}"]
                told += [f"{returns.mean():.1f}", f"{low:.1f} to {high:.1f}", f"{returns.min():.1f}"]
                rows.append([environment, str(number), who, *told])
                title = "Agents: turns a second, and the mean return of a hundred episodes"
                write_section(given.section, title, line, COLUMNS, rows)
