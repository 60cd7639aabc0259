"""Ten minutes each, then a hundred games: `selfplay` against alpha-zero-general at Connect Four, 32 looks a move.

python -m benchmarks selfplay_match --peer PYTHON ALPHA_ZERO_GENERAL [--run RUN]

Every random opening of two moves is played from both seats. The peer learns for the same processor seconds, so that it
may learn beside other programs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from benchmarks.results import write_section
from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.network import PRESETS
from onward.parts.intervals import share_interval

_SEATS = ("first", "second")
_COLUMNS = ("games", "ours moved", "won", "lost", "drawn", "points of ours, %", "95 % interval", "the peer learned")


class Asked:
    """A program that answers lines."""

    def __init__(self, words: list[str]) -> None:
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def answer(self, question: Any | None = None) -> Any:
        """Give the next line, after a question if there is one."""
        heard, said = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        if question is not None:
            heard.write(json.dumps(question) + "\n")
            heard.flush()
        return json.loads(said.readline())

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def _result(game: Game, opening: list[int], own: Asked, peer: Asked, seat: int, simulations: int) -> float:
    """Play a game; give our result."""
    position = Position(game, opening)
    while not position.is_over:
        if position.to_play == seat:
            asked = {"moves": list(position.moves), "reply": True, "simulations": simulations}
            action = own.answer(asked)["actions"][-1]
        else:
            action = peer.answer(list(position.moves))
        position.apply(int(action))
    return float(position.returns()[0]) * (1 if seat == 0 else -1)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--peer", nargs=2, required=True, help="a Python with torch, and a copy of alpha-zero-general")
    parser.add_argument("--run", help="a run of ten minutes; by default one is trained")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--preset", choices=PRESETS, default="small", help="size of both networks")
    given = parser.parse_args(words)
    script = Path(__file__).with_name("peer_alpha_zero_general_match.py")
    peer = Asked(
        [
            given.peer[0],
            str(script),
            given.peer[1],
            *map(str, (given.seconds, given.simulations, *PRESETS[given.preset])),
        ]
    )
    with tempfile.TemporaryDirectory() as aside:
        run = given.run or f"{aside}/run"
        if not given.run:
            budget = [
                "--time",
                f"{given.seconds:g}s",
                "--actors",
                "1",
                "--preset",
                given.preset,
                "--simulations",
                str(given.simulations),
            ]
            wanted = [sys.executable, "-m", "onward", "train", "selfplay", "connect_four", *budget]
            subprocess.run([*wanted, "--out", aside, "--name", "run"], check=True)
        own = Asked([sys.executable, "-m", "onward", "apply", run, "--page"])
        learned = peer.answer()
        game, chance = Game("connect_four"), np.random.default_rng(0)
        results: list[list[float]] = [[], []]
        for _ in range(given.games // 2):
            opening = [int(each) for each in chance.integers(7, size=2)]
            for seat in (0, 1):
                results[seat].append(_result(game, opening, own, peer, seat, given.simulations))
        own.close()
        peer.close()
    rows = []
    for name, found in (*zip(_SEATS, results, strict=True), ("either", results[0] + results[1])):
        won, lost = (sum(each == wanted for each in found) for wanted in (1.0, -1.0))
        drawn = len(found) - won - lost
        low, high = share_interval(won + drawn / 2, len(found))
        points = 100 * (won + drawn / 2) / len(found)
        said = f"{learned['iterations']} iterations, {learned['accepted']} accepted"
        shown = [f"{points:.0f}", f"{100 * low:.0f} to {100 * high:.0f}", said]
        rows.append([str(len(found)), name, str(won), str(lost), str(drawn), *shown])
    title = f"Self-play: a hundred games against alpha-zero-general, {given.simulations} looks a move"
    command = f"python -m benchmarks selfplay_match --peer PYTHON ALPHA_ZERO_GENERAL --preset {given.preset}"
    write_section("selfplay-match", title, command, _COLUMNS, rows)
