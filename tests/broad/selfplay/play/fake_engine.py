"""A GTP engine for tests: `fake_engine.py MODE` passes, and on its second move does what MODE says."""

from __future__ import annotations

import sys
import time

ANSWERS = {"illegal": "A1", "nonsense": "q99 !", "resign": "resign"}


def second_move(mode: str) -> str:
    if mode == "hang":
        time.sleep(60)
    if mode == "die":
        sys.exit(3)
    while mode == "flood":
        sys.stdout.write("x" * 1000 + "\n")
    return ANSWERS.get(mode, "pass")


def main(mode: str) -> None:
    answers = {"boardsize": "", "clear_board": "", "komi": "", "play": "", "final_score": "W+0.5"}
    answers["final_status_list"] = "A1" if mode == "dead" else ""
    moves = 0
    for line in sys.stdin:
        name = line.split()[0]
        if name == "genmove":
            moves += 1
            mark, text = "=", second_move(mode) if moves == 2 else "A1" if mode == "illegal" else "pass"
        elif name == "boardsize" and mode == "small":
            mark, text = "?", "unacceptable size"
        else:
            mark, text = ("=", answers[name]) if name in answers else ("?", "unknown command")
        sys.stdout.write(f"{mark} {text}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
