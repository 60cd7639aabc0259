"""How strong does `selfplay` get in some minutes, measured in the run and after it; and how fast does it play?

python -m benchmarks selfplay --games tic_tac_toe connect_four --minutes 1 10
python -m benchmarks selfplay --throughput
python -m benchmarks selfplay --peers PYTHON ALPHA_ZERO_GENERAL
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.results import command, write_section
from onward.broad.selfplay.network import PRESETS, Network
from onward.broad.selfplay.play.opponents import player_of
from onward.broad.selfplay.search import NetworkPlayer
from onward.broad.selfplay.yardsticks import keeps, problems
from onward.core.folder import Folder
from onward.parts.intervals import share_interval
from onward.verbs.loading import load_model

_SCORES = ("game", "minutes", "games", "positions", "measured", "value", "95 % interval", "of", "untrained")
_BESIDE = ("whose", "games", "positions", "seconds", "positions/s", "the first is")
_SPEED = (
    "game",
    "processes",
    "runs",
    "games/s",
    "positions/s",
    "looks/s",
    "known already",
    "against one",
    "of pairs",
    "the same games, against one",
)
_PAIRS = 3


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--games", nargs="+", default=["tic_tac_toe", "connect_four"])
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.0, 10.0], help="of each game, in order")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", help="keep the runs, under this path with the game's name and minutes added")
    parser.add_argument("--killed", action="store_true", help="kill the runs halfway and go on with them")
    parser.add_argument("--throughput", action="store_true", help="games a second on one process and on all cores")
    parser.add_argument("--peers", nargs=2, help="a Python with torch, and a copy of alpha-zero-general")
    parser.add_argument("--preset", choices=PRESETS, default="small", help="size of everybody's network beside others")
    given = parser.parse_args(words)
    written = f"python -m benchmarks selfplay {command(words)}".strip()
    if given.throughput:
        write_section("selfplay-speed", "Self-play: how fast", written, _SPEED, _speeds(given.preset, given.seed))
        return
    if given.peers:
        blocks, channels = PRESETS[given.preset]
        title = f"Self-play: Connect Four beside others, 32 looks a move, {blocks} blocks of {channels} channels"
        written = f"python -m benchmarks selfplay --peers PYTHON ALPHA_ZERO_GENERAL --preset {given.preset}"
        section = "selfplay-peers" if given.preset == "small" else f"selfplay-peers-{given.preset}"
        write_section(
            section, title, written, _BESIDE, _beside(given.peers[0], given.peers[1], given.preset, given.seed)
        )
        return
    rows: list[list[str]] = []
    for game, minutes in zip(given.games, given.minutes, strict=True):
        kept = given.keep and f"{given.keep}-{game}-{minutes:g}"
        rows += _strength(game, minutes, given.seed, kept, given.killed)
        section, how = ("selfplay-killed", ", killed halfway and gone on with") if given.killed else ("selfplay", "")
        if given.games == ["tic_tac_toe"]:
            section += "-tic-tac-toe"
        write_section(section, f"Self-play: how strong after some minutes{how}", written, _SCORES, rows)


def _facts(game: str, seconds: float, seed: int, *more: str, cores: int | None = None) -> list[dict[str, Any]]:
    """Train in a process of its own, on so many cores; give the facts it logged."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(allowed)[:cores]))  # whom it starts has the same
    try:
        with _trained(game, seconds, seed, *more) as run:
            return _read(run)
    finally:
        os.sched_setaffinity(0, allowed)


def _read(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


@contextmanager
def _trained(game: str, seconds: float, seed: int, *more: str, killed: bool = False) -> Iterator[Path]:
    """Train in a process of its own, perhaps killed halfway and gone on with; give the run's folder."""
    with tempfile.TemporaryDirectory() as aside:
        words = ["train", "selfplay", game, "--time", f"{seconds:g}s", "--seed", str(seed), "--out", aside, *more]
        began = time.monotonic()
        if killed:
            _kill_after([*words, "--name", "run"], seconds / 2)
            words = ["resume", f"{aside}/run"]
        else:
            words += ["--name", "run"]
        subprocess.run([sys.executable, "-m", "onward", *words], check=True, capture_output=True)
        taken = time.monotonic() - began
        if taken > 1.05 * seconds + 1:
            print(f"{game}: {taken:.0f} s instead of {seconds:g}")
        yield Path(aside) / "run"


def _kill_after(words: list[str], seconds: float) -> None:
    with subprocess.Popen([sys.executable, "-m", "onward", *words], stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()


def _asked_afterwards(run: Path) -> list[tuple[str, int, int, int]]:
    """Put all decisive positions there are, for which a run's own minutes are too short.

    Returns: what was measured; kept by the trained player and by the untrained one, and asked.
    """
    trained = load_model(Folder(run))
    game, asked, found = trained.game, problems(trained.game), []
    torch.manual_seed(trained.run.seed)
    players = [player_of(trained), NetworkPlayer(game, Network(trained.network.shape).eval())]
    for looks in (0, 32, 64) if asked else ():
        (kept, count), (untrained, _) = keeps(players, game, asked, looks)
        name = f"with {looks} looks" if looks else "by the network alone"
        found.append((f"result kept {name}, all put afterwards", kept, untrained, count))
    return found


def _strength(game: str, minutes: float, seed: int, kept: str | None, killed: bool) -> list[list[str]]:
    with _trained(game, 60 * minutes, seed, killed=killed) as run:
        facts, afterwards = _read(run), _asked_afterwards(run)
        if kept:
            shutil.copytree(run, kept)
    last = [fact for fact in facts if fact["kind"] == "log"][-1]
    rows = []
    for score in (fact for fact in facts if fact["kind"] == "score"):
        low, high = score["interval"]
        rows.append(
            [
                game,
                f"{minutes:g}",
                f"{last['games']:,.0f}",
                f"{last['positions']:,.0f}",
                score["name"],
                f"{score['value']:.1f} %",
                f"{low:.1f} to {high:.1f}",
                str(score["count"]),
                f"{score['baseline']['value']:.1f} %",
            ]
        )
    for name, held, untrained, count in afterwards:
        low, high = share_interval(held, count)
        interval = f"{100 * low:.1f} to {100 * high:.1f}"
        counts = [f"{last['games']:,.0f}", f"{last['positions']:,.0f}", name, f"{100 * held / count:.1f} %", interval]
        rows.append([game, f"{minutes:g}", *counts, str(count), f"{100 * untrained / count:.1f} %"])
    return rows


def _speeds(preset: str, seed: int) -> list[list[str]]:
    """Count what a minute and a half of Connect Four brings, after its start: on one core and on all, in turn."""
    counts = sorted({1, len(os.sched_getaffinity(0))})
    found: dict[int, list[dict[str, float]]] = {processes: [] for processes in counts}
    paces: dict[int, list[list[dict[str, Any]]]] = {processes: [] for processes in counts}
    for _ in range(_PAIRS):
        for processes in counts:
            facts = _facts("connect_four", 90, seed, "--preset", preset, cores=processes)
            found[processes].append(_speed(facts))
            paces[processes].append(_counted(facts))
            print(processes, found[processes][-1], flush=True)
    rows = []
    for processes, each in found.items():
        middle = {name: median(one[name] for one in each) for name in each[0]}
        ratios = [two["positions"] / one["positions"] for one, two in zip(found[1], each, strict=True)]
        figures = [f"{middle['games']:.1f}", f"{middle['positions']:.0f}", f"{middle['looks']:.0f}"]
        figures += [
            f"{100 * middle['known']:.0f} %",
            f"{median(ratios):.2f}×",
            f"{min(ratios):.2f} to {max(ratios):.2f}",
            f"{median(map(_same_games, paces[1], paces[processes])):.2f}×",
        ]
        rows.append(["connect_four", str(processes), str(len(each)), *figures])
    return rows


def _counted(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    logs = [fact for fact in facts if fact["kind"] == "log" and fact.get("seconds", 0) > 20]
    return [fact for fact in logs if "positions_per_second" in fact]


def _same_games(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> float:
    """Say how much faster another run came through the games that both have: later ones are longer."""
    first, last = (place([logs[end]["games"] for logs in (one, other)]) for place, end in ((max, 0), (min, -1)))
    if last <= first:  # many cores have more games after their start than one has in the end
        return math.nan
    taken = []
    for logs in (one, other):
        ends = np.interp([first, last], [fact["games"] for fact in logs], [fact["seconds"] for fact in logs])
        taken.append(float(ends[1] - ends[0]))
    return taken[0] / taken[1]


def _speed(facts: list[dict[str, Any]]) -> dict[str, float]:
    logs = _counted(facts)
    seconds = logs[-1]["seconds"] - logs[0]["seconds"]
    counted = {name: (logs[-1][name] - logs[0][name]) / seconds for name in ("games", "positions")}
    looks = [fact["looks_per_second"] for fact in logs]
    return {**counted, "looks": sum(looks) / len(looks), "known": sum(fact["known"] for fact in logs) / len(logs)}


def _beside(python: str, source: str, preset: str, seed: int) -> list[list[str]]:
    """Alternate ours, which searches every move in full, alone and learning, and two others, which only play.

    All have all cores there are: ours an actor on each, the others, which play in one process, as many threads.
    """
    place, cores = Path(__file__).parent, len(os.sched_getaffinity(0))
    others = {
        "alpha-zero-general": [python, str(place / "peer_alpha_zero_general.py"), source],
        "OpenSpiel, search in Python": [sys.executable, str(place / "peer_open_spiel.py")],
    }
    ways = {"Onward, playing alone": "reuse=0", "Onward, learning meanwhile": "reuse=4"}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in (*ways, *others)}
    for _ in range(2):
        for name, way in ways.items():
            more = (
                "--actors",
                str(cores),
                "--preset",
                preset,
                "--simulations",
                "32",
                "--set",
                "dear_share=1",
                "--set",
                way,
            )
            logs = [each for each in _facts("connect_four", 60, seed, *more) if "positions_per_second" in each]
            begun = next(fact for fact in logs if fact["seconds"] > 15)
            found[name].append({key: logs[-1][key] - begun[key] for key in ("games", "positions", "seconds")})
        for name, typed in others.items():
            asked = [*typed, "45", "32", *map(str, PRESETS[preset]), str(cores)]
            told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
            found[name].append(json.loads(told.splitlines()[-1]))
    sums = {name: {key: sum(each[key] for each in two) for key in two[0]} for name, two in found.items()}
    own = next(each["positions"] / each["seconds"] for each in sums.values())
    rows = []
    for name, each in sums.items():
        pace = each["positions"] / each["seconds"]
        told = [f"{each['games']:,.0f}", f"{each['positions']:,.0f}", f"{each['seconds']:.0f}", f"{pace:.1f}"]
        rows.append([name, *told, f"{own / pace:.1f}×"])
    return rows
