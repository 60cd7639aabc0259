"""Write the positions of Connect Four by which `selfplay` is judged: those where the move decides the result.

    python benchmarks/connect_four_positions.py

Random play to a random ply; kept where some legal moves keep the best result and others throw it away, as our solver
says (`onward/broad/selfplay/solver.py`). A line holds the moves so far, the moves that keep the result, and the result
for the player to move; columns count from 1.
"""

from __future__ import annotations

import random
from pathlib import Path

import onward.broad.selfplay as home
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.solver import Solver

COUNT, FIRST_PLY, LAST_PLY, SEED = 600, 12, 34, 7


def main() -> None:
    """Write the file."""
    chance, solver, game = random.Random(SEED), Solver(), Game("connect_four")
    lines: list[str] = []
    while len(lines) < COUNT:
        position, plies = game.start(), chance.randint(FIRST_PLY, LAST_PLY)
        while not position.is_over and len(position.moves) < plies:
            position.apply(chance.choice(position.legal()))
        if position.is_over:
            continue
        values = solver.values(position.moves)
        best = max(values.values())
        keepers = [column for column, value in values.items() if value == best]
        if len(keepers) < len(values):
            written = ["".join(str(column + 1) for column in columns) for columns in (position.moves, keepers)]
            lines.append(f"{written[0]} {written[1]} {best}")
    path = Path(home.__file__).with_name("connect_four.txt")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path}: {COUNT} positions")


if __name__ == "__main__":
    main()
