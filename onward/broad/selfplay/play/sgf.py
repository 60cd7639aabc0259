"""Games as SGF, FF[4]: written, and read back with patience for other programs' habits.

Go and Othello have their points as SGF means them, two letters, counted from the upper left corner. Other games have
the moves' own names, and the rules' full name in the private property `OS`, so that what is written can be read back.
The format: https://www.red-bean.com/sgf/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NoReturn

from onward.broad.selfplay.game import Game, Position
from onward.core.faults import DataFault

__all__ = ["GameRecord", "SgfFile", "game_of", "read_sgf", "replay", "write_sgf"]

_LARGEST_FILE, _MOST_GAMES, _MOST_PIECES = 20_000_000, 100_000, 200_000
_NUMBERS = {"go": "1", "othello": "2", "chess": "3", "hex": "11"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class GameRecord:
    """One game, written down.

    Attributes:
        moves: (`B` or `W`, the move as SGF has it) in order; "" is a pass.
        root: the first node's properties, one value each: SZ, KM, PB, PW, RE ...
        comments: a comment for some moves, by number from 0.
    """

    moves: Sequence[tuple[str, str]]
    root: dict[str, str] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)

    @staticmethod
    def of(
        position: Position, players: tuple[str, str], result: str, comments: dict[int, str] | None = None
    ) -> GameRecord:
        """Write down a game that was played here.

        Args:
            players: who played first, and second.
            result: as SGF has it: `B+3.5`, `W+R`, `0` for a draw, `Void`, `?`.
        """
        game = position.game
        root = {"GM": _NUMBERS[game.name]} if game.name in _NUMBERS else {}
        rows, columns = game.shape
        if game.family:
            root["SZ"] = str(rows) if rows == columns else f"{columns}:{rows}"
        if game.name == "go":
            root |= {"KM": f"{game.komi:g}", "RU": "Chinese"}
        root |= {"GN": game.title, "OS": str(game.spiel), "PB": players[0], "PW": players[1], "RE": result}
        replayed, moves = game.start(), []
        for action in position.moves:
            moves.append(("BW"[replayed.to_play], _to_sgf(replayed, action)))
            replayed.apply(action)
        return GameRecord(moves, root, comments or {})

    def text(self) -> str:
        """Give the game as SGF."""
        head = {"FF": "4", "CA": "UTF-8", "AP": "Onward"} | self.root
        lines = ["(;" + "".join(f"{key}[{_escaped(value)}]" for key, value in head.items())]
        for number, (colour, move) in enumerate(self.moves):
            comment = f"C[{_escaped(self.comments[number])}]" if number in self.comments else ""
            lines.append(f";{colour}[{_escaped(move)}]{comment}")
        return "\n".join(lines) + ")\n"


@dataclass(frozen=True)
class SgfFile:
    """Games as an exhibit: a file of SGF."""

    ending: ClassVar[str] = ".sgf"
    records: Sequence[GameRecord]
    caption: str = "games"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.sgf`."""
        path = folder / f"{name}.sgf"
        write_sgf(path, self.records)
        return path


def write_sgf(path: Path, records: Iterable[GameRecord]) -> None:
    """Write games into one file, one after the other."""
    path.write_text("".join(record.text() for record in records), encoding="utf-8", newline="\n")


def _escaped(text: str) -> str:
    return re.sub(r"([\]\\])", r"\\\1", text)


def _to_sgf(position: Position, action: int) -> str:
    game = position.game
    if game.name not in ("go", "othello"):
        return position.name(action)
    if action >= game.cells:
        return ""
    row, column = divmod(action, game.shape[1])
    return _LETTERS[column] + _LETTERS[game.shape[0] - 1 - row if game.rows_go_up else row]


def _from_sgf(position: Position, move: str) -> int | None:
    """Find the action that a move of a file means, by the bare rules; None when it is not legal."""
    game, legal = position.game, position.state.legal_actions()
    if game.name not in ("go", "othello"):
        return next((action for action in legal if position.name(action).lower() == move.strip().lower()), None)
    move = move.strip()
    if move == "" or (move == "tt" and game.shape[0] <= 19):
        return game.cells if game.cells in legal else None
    if len(move) != 2 or any(letter not in _LETTERS for letter in move):
        return None
    column, row = _LETTERS.index(move[0]), _LETTERS.index(move[1])
    if column >= game.shape[1] or row >= game.shape[0]:
        return None
    action = (game.shape[0] - 1 - row if game.rows_go_up else row) * game.shape[1] + column
    return action if action in legal else None


def read_sgf(path: Path) -> list[GameRecord]:
    """Read the games of a file; of variations the first, which is the game.

    Raises:
        DataFault: it is missing, too long, no SGF, or breaks off.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise DataFault(f"{path} is too long for games in SGF. Give {_LARGEST_FILE // 1_000_000} MB at most.")
        raw = path.read_bytes()
    except OSError as reason:
        raise DataFault(f"{path} cannot be read ({reason.strerror or reason}). Name a file of games in SGF.") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # the format's own, unless CA says otherwise
    return _Reader(text, str(path)).games()


_TOKEN = re.compile(r"\s+|([();\[])|([A-Za-z]+)")
_BRACKET = re.compile(r"[()]")
_ESCAPED_OR_END = re.compile(r"\\.|\]", re.DOTALL)


class _Reader:
    """Goes through the text once, with a counter in place of a stack: only the first line of play is kept."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._place = max(0, text.find("("))
        self._pieces = 0  # nodes, properties and values of the game being read

    def games(self) -> list[GameRecord]:
        if "(" not in self._text:
            raise DataFault(
                f"{self._name} is no SGF: it has no ( that a game begins with. Name a file of games in SGF."
            )
        found: list[GameRecord] = []
        depth, closed, nodes, name = 0, False, [], ""  # closed: the first line of play has ended
        for mark, word, value in self._tokens():
            if mark == "(":
                depth += 1
                if depth == 1:
                    closed, nodes, self._pieces = False, [], 0
            elif mark == ")":
                closed, depth = True, depth - 1
                if depth == 0:
                    found.append(self._record(nodes))
                if depth < 0 or len(found) > _MOST_GAMES:
                    self._refuse("has a ) too many" if depth < 0 else "has too many games")
            elif depth > 0 and not closed:
                name = self._fill(nodes, mark, word, value, name)
        if depth > 0:
            self._refuse("breaks off: a game is not closed with )")
        return found

    def _fill(self, nodes: list[dict[str, str]], mark: str, word: str, value: str | None, name: str) -> str:
        """Add to the current node; give the property that the next value belongs to."""
        self._pieces += 1
        if self._pieces > _MOST_PIECES:
            self._refuse("has a game without end")
        if mark == ";":
            nodes.append({})
            return ""
        if word:
            return "".join(letter for letter in word if letter.isupper())
        if not nodes or not name:
            self._refuse("has a value without a property")
        nodes[-1].setdefault(
            name, re.sub(r"\\(\n|.)", lambda found: found[1].strip("\n"), value or "", flags=re.DOTALL)
        )
        return name

    def _tokens(self) -> Iterable[tuple[str, str, str | None]]:
        depth = 0
        while self._place < len(self._text):
            if depth == 0 and self._text[self._place] not in "()":  # words between games
                following = _BRACKET.search(self._text, self._place)
                self._place = following.start() if following else len(self._text)
                continue
            found = _TOKEN.match(self._text, self._place)
            if found is None:
                self._refuse("is damaged")
            mark, word, end = found[1] or "", found[2] or "", found.end()
            if mark == "[":
                end = self._end_of_value(end)
                yield "", "", self._text[found.end() : end - 1]
            elif mark or word:
                depth += {"(": 1, ")": -1}.get(mark, 0)
                yield mark, word, None
            self._place = end

    def _end_of_value(self, start: int) -> int:
        """Find the place after the ] that ends a value; step by step, since a pattern for all of it needs memory."""
        marks = _ESCAPED_OR_END.finditer(self._text, start)
        end = next((found.end() for found in marks if found[0] == "]"), None)
        if end is None:
            self._refuse("breaks off: a [ is never closed")
        return end

    def _refuse(self, what: str) -> NoReturn:
        line = self._text.count("\n", 0, min(self._place, len(self._text) - 1)) + 1
        raise DataFault(f"{self._name} {what} (line {line}). Write it anew with the program that made it.")

    def _record(self, nodes: list[dict[str, str]]) -> GameRecord:
        if not nodes:
            self._refuse("has a game without anything in it")
        root = dict(nodes[0])
        if any(key in node for node in nodes for key in ("AB", "AW", "AE")):
            self._refuse("begins with stones already placed, which is not read here")
        moves, comments = [], {}
        for node in nodes:
            colour = next((key for key in ("B", "W") if key in node), None)
            if colour is not None:
                if "C" in node:
                    comments[len(moves)] = node["C"]
                moves.append((colour, node[colour]))
        return GameRecord(moves, {key: value for key, value in root.items() if key not in ("B", "W", "C")}, comments)


def game_of(record: GameRecord) -> Game:
    """Find the rules a record was played by.

    Raises:
        DataFault: a game or size not known here.
    """
    if "OS" in record.root:
        return Game(record.root["OS"])
    number, size, komi = record.root.get("GM", "1"), record.root.get("SZ", "19"), record.root.get("KM", "")
    name = next((name for name, other in _NUMBERS.items() if other == number.strip()), None)
    if name is None:
        raise DataFault(f"A record of the game GM[{number}] cannot be read here. Known are Go, Othello, chess and Hex.")
    if name in ("othello", "chess"):
        return Game(name)
    inside = f"board_size={size.strip()}" + (f",komi={komi.strip()}" if name == "go" and komi.strip() else "")
    return Game(f"{name}({inside})")


def replay(record: GameRecord, game: Game) -> Position:
    """Play a record through.

    Raises:
        DataFault: a move is not legal, or out of turn.
    """
    position = game.start()
    for number, (colour, move) in enumerate(record.moves, 1):
        if position.is_over:
            raise DataFault(f"Move {number} of the record comes after the end of the game. Take it out.")
        if colour != "BW"[position.to_play]:
            raise DataFault(f"Move {number} of the record, {colour}[{move}], is out of turn. Take it out.")
        action = _from_sgf(position, move)
        if action is None:
            raise DataFault(f"Move {number} of the record, {colour}[{move}], is not legal in {game.title}.")
        position.apply(action)
    return position
