"""Ten minutes each, then a hundred games: `selfplay` against another AlphaZero at Connect Four, 32 looks a move.

python -m benchmarks selfplay_match --peer PYTHON ALPHA_ZERO_GENERAL [--run RUN]
python -m benchmarks selfplay_match --peer PYTHON [--run RUN]    against OpenSpiel's

Every random opening of two moves is played from both seats. alpha-zero-general, which is one process, learns for the
same processor seconds as a run by one actor; OpenSpiel's has two actors, and two cores for as long as a run by two
actors, or one core for twice as long (`taskset -c 1`, --seconds 1200).
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
    parser.add_argument(
        "--peer",
        nargs="+",
        required=True,
        help="a Python with the peer, and a copy of alpha-zero-general where it is that",
    )
    parser.add_argument("--run", help="a run of ten minutes; by default one is trained")
    parser.add_argument("--games", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--simulations", type=int, default=32)
    parser.add_argument("--preset", choices=PRESETS, default="small", help="size of both networks")
    given = parser.parse_args(words)
    is_general = len(given.peer) > 1
    name = "alpha-zero-general" if is_general else "OpenSpiel's AlphaZero"
    peer = Asked(_peer(given.peer, given.seconds, given.simulations, PRESETS[given.preset]))
    with tempfile.TemporaryDirectory() as aside:
        run = given.run or f"{aside}/run"
        if not given.run:
            budget = [
                "--time",
                f"{given.seconds:g}s",
                "--actors",
                "1" if is_general else "2",
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
    for seat_name, found in (*zip(_SEATS, results, strict=True), ("either", results[0] + results[1])):
        won, lost = (sum(each == wanted for each in found) for wanted in (1.0, -1.0))
        drawn = len(found) - won - lost
        low, high = share_interval(won + drawn / 2, len(found))
        points = 100 * (won + drawn / 2) / len(found)
        said = ", ".join(f"{count} {what}" for what, count in learned.items())
        shown = [f"{points:.0f}", f"{100 * low:.0f} to {100 * high:.0f}", said]
        rows.append([str(len(found)), seat_name, str(won), str(lost), str(drawn), *shown])
    title = f"Self-play: a hundred games against {name}, {given.simulations} looks a move"
    words_for = "PYTHON ALPHA_ZERO_GENERAL" if is_general else "PYTHON"
    how = f"--preset {given.preset} --seconds {given.seconds:g}"
    command = f"python -m benchmarks selfplay_match --peer {words_for} {how}"
    write_section("selfplay-match" if is_general else "selfplay-match-openspiel", title, command, _COLUMNS, rows)


def _peer(peer: list[str], seconds: float, simulations: int, size: tuple[int, int]) -> list[str]:
    """Give the words that start a peer."""
    here, sizes = Path(__file__), [str(each) for each in (seconds, simulations, *size)]
    if len(peer) > 1:
        return [peer[0], str(here.with_name("peer_alpha_zero_general_match.py")), peer[1], *sizes]
    return [peer[0], str(here.with_name("peer_openspiel_match.py")), *sizes, "2"]
