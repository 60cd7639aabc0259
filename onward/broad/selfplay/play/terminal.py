"""A game in the terminal: the board in letters, your move by its name, take back, hints, and what a move gave away.

At a terminal it asks; from a pipe it reads moves line by line and asks nothing. It ends with the game, with `quit`, or
where the input ends.
"""

from __future__ import annotations

import os
import re
from typing import TextIO

import numpy as np

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.scoring import area_margin, score_words
from onward.broad.selfplay.play.sides import board_letters, side_names
from onward.broad.selfplay.player import Player
from onward.core.faults import UsageFault, did_you_mean

__all__ = ["Terminal", "side_of"]

_BLUNDER, _MISTAKE = 0.6, 0.3  # of a value from -1 to 1
_HINTS, _LONGEST_LINE = 3, 1000
_HELP = "Your move by its name, or: undo, hint, moves, board, help, quit."
_INKS = {"connect_four": (31, 33), "tic_tac_toe": (34, 33), "mnk": (34, 33), "hex": (31, 34)}


def side_of(word: str, game: Game, seed: int) -> int:
    """Find the side a person asks for: 0 moves first, 1 second.

    Raises:
        UsageFault: the game has no such side.
    """
    names = {"first": 0, "second": 1, "random": int(np.random.default_rng(seed).integers(2))}
    names |= {name: side for side, name in enumerate(side_names(game))}
    if word.strip().lower() not in names:
        raise UsageFault(f"--color {word} is no side in {game.title}.{did_you_mean(word, names)}")
    return names[word.strip().lower()]


class Terminal:
    """A person against a player.

    Args:
        side: the person's, 0 or 1.
        simulations: positions the player looks at for a move, a hint or a mark.
    Attributes:
        position: where the game is.
        remarks: what was said of a move, by number from 0.
    """

    def __init__(self, player: Player, simulations: int, side: int, heard: TextIO, said: TextIO) -> None:
        self.player, self.simulations, self.side = player, simulations, side
        self.position = player.game.start()
        self.remarks: dict[int, str] = {}
        self._heard, self._said = heard, said
        self._asks = heard.isatty() and said.isatty()
        self._is_coloured = self._asks and "NO_COLOR" not in os.environ
        self._names = side_names(player.game)

    def play(self) -> None:
        """Play until the game is over, or the person has enough."""
        self._say(f"{self.player.game.title}: you are {self._names[self.side]}{self._mark(self.side)}. {_HELP}")
        self._show()
        while not self.position.is_over:
            if self.position.to_play != self.side:
                self._answer()
            elif not self._turn():
                self._say("Left unfinished.")
                return
        self._say(self._outcome())

    def _mark(self, side: int) -> str:
        mark = "xo"[side]
        has_marks = self.player.game.family is not None and self._names[side] != mark
        return f" ({mark})" if has_marks else ""

    def _say(self, text: str) -> None:
        self._said.write(text + "\n")
        self._said.flush()

    def _show(self) -> None:
        text = board_letters(self.position)
        if self._is_coloured and self.player.game.family is not None:
            head, _, body = text.partition("\n")
            inks = _INKS.get(self.player.game.name, (36, 33))
            for mark, ink in zip("xo", inks, strict=True):
                body = re.sub(rf"(?<= ){mark}(?= |$)", f"\033[1;{ink}m{mark}\033[0m", body, flags=re.MULTILINE)
            text = f"{head}\n{body}"
        self._say(text)

    def _turn(self) -> bool:
        """Take the person's word; False when there are no more."""
        if self._asks:
            self._said.write(f"{self._names[self.side]}> ")
            self._said.flush()
        try:
            line = self._heard.readline(_LONGEST_LINE)
        except (KeyboardInterrupt, UnicodeDecodeError):
            line = ""
        word = line.strip()
        if not line or word.lower() in ("quit", "exit", "q"):
            return False
        if not word:
            return True
        action = self.position.action(word)
        if action is not None:
            self._move(action)
            return True
        commands = {"undo": self._undo, "hint": self._hint, "moves": self._moves, "board": self._show}
        if word.lower() in commands:
            commands[word.lower()]()
        elif word.lower() in ("help", "?"):
            self._say(_HELP)
        else:
            self._say(f"{word[:40]} is no move here. The moves: {self._listed()}")
        return True

    def _listed(self) -> str:
        names = [self.position.name(action) for action in self.position.legal()]
        return " ".join(names[:60]) + (f" and {len(names) - 60} more" if len(names) > 60 else "")

    def _moves(self) -> None:
        self._say(self._listed())

    def _move(self, action: int) -> None:
        before = self.position.copy()
        self.position.apply(action)
        self._mark_blunder(before, action)
        if self.position.is_over:
            self._show()

    def _mark_blunder(self, before: Position, action: int) -> None:
        """Say when the move gave much away: the search's value before it, against that of the answer."""
        best = self.player.choose(before, self.simulations)
        if best.action == action:
            return
        if self.position.is_over:
            after = self.position.returns()[self.side]
        else:
            value = self.player.choose(self.position, self.simulations).value
            after = value if self.position.to_play == self.side else -value
        lost = float(best.value) - float(after)
        if lost >= _MISTAKE:
            mark, word = ("??", "much") if lost >= _BLUNDER else ("?", "something")
            name = before.name(best.action)
            now, then = _percent(after), _percent(best.value)
            remark = f"{before.name(action)}{mark} gives {word} away ({then} to {now}); {name} was better."
            self.remarks[len(self.position.moves) - 1] = remark
            self._say(remark)

    def _undo(self) -> None:
        """Take back to the person's turn before."""
        mine = [ply for ply, mover in enumerate(self._movers()) if mover == self.side]
        if not mine:
            self._say("There is nothing to take back.")
            return
        self.position.undo(len(self.position.moves) - mine[-1])
        self.remarks = {ply: text for ply, text in self.remarks.items() if ply < mine[-1]}
        self._show()

    def _movers(self) -> list[int]:
        replayed, movers = self.player.game.start(), []
        for action in self.position.moves:
            movers.append(replayed.to_play)
            replayed.apply(action)
        return movers

    def _hint(self) -> None:
        choice = self.player.choose(self.position, self.simulations)
        order = sorted(
            self.position.legal(), key=lambda action: (action != choice.action, -float(choice.policy[action]))
        )
        shares = [
            f"{self.position.name(action)} ({100 * float(choice.policy[action]):.0f} %)" for action in order[:_HINTS]
        ]
        self._say(f"It would play {', then '.join(shares)}; it gives you {_percent(choice.value)} of the points.")

    def _answer(self) -> None:
        choice = self.player.choose(self.position, self.simulations)
        name = self.position.name(choice.action)
        self.position.apply(choice.action)
        self._say(f"{self._names[1 - self.side]} plays {name} and gives itself {_percent(choice.value)} of the points.")
        self._show()

    def _outcome(self) -> str:
        result = self.position.returns()[self.side]
        told = "You win." if result > 0 else "You lose." if result < 0 else "A draw."
        if self.player.game.name == "go" and self.position.state.returns()[0] != 0:
            told += f" By area, all stones alive: {score_words(area_margin(self.position))}."
        return told


def _percent(value: float) -> str:
    return f"{50 + 50 * float(value):.0f} %"
