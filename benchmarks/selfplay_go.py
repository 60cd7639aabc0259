"""Go on a small board after some minutes of `selfplay`, against GNU Go, and whether both count the games alike.

python -m benchmarks selfplay_go --size 5 --komi 24 --minutes 10 --section go-five
python -m benchmarks selfplay_go --size 9 --komi 7 --minutes 60 --from SEVEN --levels 1 10 --section go-nine
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import write_section
from onward.broad.selfplay.play.scoring import parse_score
from onward.parts.intervals import share_interval

_COLUMNS = ("minutes", "against", "looks", "ours", "games", "won", "lost", "drawn", "points, %", "95 % interval")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=7)
    parser.add_argument("--komi", type=float, default=9)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--from", dest="source", help="a run to go on from")
    parser.add_argument("--run", help="a run already trained so long")
    parser.add_argument("--levels", type=int, nargs="+", default=[1], help="of GNU Go")
    parser.add_argument("--games", type=int, nargs="+", default=[40], help="against each level")
    parser.add_argument("--opening", type=int, default=0, help="random moves that begin a game, at most")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--section", default="selfplay-go")
    given = parser.parse_args(words)
    address = f"go(board_size={given.size},komi={given.komi:g})"
    typed = f"python -m benchmarks selfplay_go --size {given.size} --komi {given.komi:g} --minutes {given.minutes:g}"
    typed += f" --from {Path(given.source).name}" if given.source else ""
    typed += f" --levels {' '.join(map(str, given.levels))} --opening {given.opening}"
    title = f"Self-play: Go on {given.size} x {given.size}, komi {given.komi:g}, against GNU Go"
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as aside:
        run = given.run or f"{aside}/run"
        if not given.run:
            budget = ["--time", f"{given.minutes:g}m", "--out", aside, "--name", "run"]
            more = ["--from", given.source] if given.source else []
            _onward("train", "selfplay", address, *budget, *more)
        for level, games in zip(given.levels, given.games * len(given.levels), strict=False):
            played = _match(run, level, games, given.opening, given.simulations)
            own = played[0]["first"] if "GNU" not in played[0]["first"].upper() else played[0]["second"]
            ours = {seat: [each for each in played if each[seat] == own] for seat in ("first", "second")}
            ours["either"] = played
            for seat, some in ours.items():
                row = [f"{given.minutes:g}", f"level {level}", str(given.simulations), seat]
                rows.append([*row, *_counted(some)])
            asked = [each for each in played if each["engine_score"]]
            alike = sum(parse_score(each["engine_score"]) == parse_score(each["result"]) for each in asked)
            row = [f"{given.minutes:g}", f"level {level}", str(given.simulations), "counted alike by both"]
            rows.append([*row, str(len(asked)), str(alike), str(len(asked) - alike), "", "", ""])
            write_section(given.section, title, typed, _COLUMNS, rows)


def _onward(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "onward", *words], check=True, env=dict(os.environ))


def _match(run: str, level: int, games: int, opening: int, simulations: int) -> list[dict[str, str]]:
    """Play; give the games, those in which ours began and those in which GNU Go did in turn."""
    with tempfile.TemporaryDirectory() as aside:
        sides = ["--games", str(games), "--opening", str(opening), "--simulations", str(simulations)]
        _onward("apply", run, "--against", f"gnugo:{level}", *sides, "--out", aside)
        with open(Path(aside) / "match.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def _counted(played: list[dict[str, str]]) -> list[str]:
    points = [float(each["points"]) for each in played if each["points"]]
    won, lost, drawn = (points.count(each) for each in (1.0, 0.0, 0.5))
    low, high = share_interval(sum(points), len(points))
    share = 100 * sum(points) / max(1, len(points))
    shown = [f"{share:.0f}", f"{100 * low:.0f} to {100 * high:.0f}"]
    return [str(len(points)), str(won), str(lost), str(drawn), *shown]
