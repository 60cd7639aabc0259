"""A game after some minutes of `selfplay`, against other programs; in Go also whether both count the games alike.

python -m benchmarks selfplay_against --game connect_four --minutes 10 --against mcts:1000 --simulations 256
python -m benchmarks selfplay_against --game "go(board_size=5,komi=24)" --minutes 10 --against gnugo:1 --opening 0
python -m benchmarks selfplay_against --game go:9 --minutes 60 --from SEVEN --against gnugo:1 gnugo:10 --games 40 20
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.results import command, write_section
from onward.broad.selfplay.play.scoring import parse_score
from onward.parts.intervals import share_interval

_COLUMNS = (
    "against",
    "looks",
    "opening",
    "ours",
    "games",
    "different",
    "won",
    "lost",
    "drawn",
    "points, %",
    "95 % interval",
)
_MOVE = re.compile(r";[BW]\[[^\]]*\]")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--game", default="connect_four")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--from", dest="source", help="a run to go on from")
    parser.add_argument("--run", help="a run already trained so long")
    parser.add_argument("--against", nargs="+", default=["mcts:1000"], help="as `onward apply` names them")
    parser.add_argument("--games", type=int, nargs="+", default=[40], help="against each of them")
    parser.add_argument("--opening", type=int, default=0, help="random moves that begin a game, at most")
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--keep", help="keep the run here")
    given = parser.parse_args(words)
    written = f"python -m benchmarks selfplay_against {command(words)}"
    section = f"selfplay-against-{re.sub('[^a-z0-9]+', '-', given.game).strip('-')}-{given.minutes:g}"
    if given.keep and Path(given.keep).exists():
        parser.error(f"{given.keep} is there already.")
    title = f"Self-play: {given.game} after {given.minutes:g} min, against others"
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as aside:
        run = given.run or f"{aside}/run"
        if not given.run:
            budget = ["--time", f"{given.minutes:g}m", "--out", aside, "--name", "run"]
            more = ["--from", given.source] if given.source else []
            _onward("train", "selfplay", given.game, *budget, *more)
            if given.keep:
                shutil.copytree(run, given.keep)
        for other, games in zip(given.against, given.games * len(given.against), strict=False):
            rows += _played(run, other, games, given.opening, given.simulations)
            write_section(section, title, written, _COLUMNS, rows)


def _played(run: str, other: str, games: int, opening: int, simulations: int) -> list[list[str]]:
    played = _match(run, other, games, opening, simulations)
    own = Path(run).resolve().name
    ours = {seat: [each for each in played if each[seat] == own] for seat in ("first", "second")}
    fixed = [other, str(simulations), str(opening)]
    rows = [[*fixed, seat, *_counted(some)] for seat, some in {**ours, "either": played}.items()]
    asked = [each for each in played if each["engine_score"]]
    if asked:
        alike = sum(parse_score(each["engine_score"]) == parse_score(each["result"]) for each in asked)
        count, percent = str(len(asked)), f"{100 * alike / len(asked):.0f}"
        rows.append([*fixed, "scored alike by both", count, "", "", "", "", percent, ""])
    return rows


def _onward(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "onward", *words], check=True, env=dict(os.environ))


def _match(run: str, other: str, games: int, opening: int, simulations: int) -> list[dict[str, str]]:
    """Play; give the games."""
    with tempfile.TemporaryDirectory() as aside:
        sides = ["--games", str(games), "--opening", str(opening), "--simulations", str(simulations)]
        _onward("apply", run, "--against", other, *sides, "--out", aside)
        with open(Path(aside) / "match.csv", encoding="utf-8", newline="") as file:
            played = list(csv.DictReader(file))
        records = (Path(aside) / "games.sgf").read_text(encoding="utf-8").split("(;")[1:]
        moves = ["".join(_MOVE.findall(record)) for record in records]
        return [{**each, "moves": those} for each, those in zip(played, moves, strict=True)]


def _counted(played: list[dict[str, str]]) -> list[str]:
    """Count results; two programs without chance play the same game again, so also how many games there were."""
    points = [float(each["points"]) for each in played if each["points"]]
    won, lost, drawn = (points.count(each) for each in (1.0, 0.0, 0.5))
    low, high = share_interval(sum(points), len(points))
    share = 100 * sum(points) / max(1, len(points))
    shown = [f"{share:.0f}", f"{100 * low:.0f} to {100 * high:.0f}"]
    different = len({each["moves"] for each in played})
    return [str(len(points)), str(different), str(won), str(lost), str(drawn), *shown]
