"""A position as a picture: the board, the stones, what the search thinks of each move, and who is ahead.

Each game known by name has ground and stones of its own; any other is drawn as the letters that OpenSpiel makes of it.
Read `drawing.py` for the ink and `tree_pictures.py` for pictures of a search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.drawing import Canvas, Colour
from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.play.sides import board_letters, side_names

__all__ = ["draw_position", "stone_colours"]

_INK: Colour = (52, 48, 44)
_PALE: Colour = (244, 242, 238)
_HEAT: Colour = (214, 51, 108)
_LAST: Colour = (226, 68, 50)
_LEAST_SHARE, _MOST_LETTERS, _HEAD = 0.01, 60, 0.075


@dataclass(frozen=True)
class _Board:
    """Where things lie: the pixels of a cell, the board's upper left corner, and its shape."""

    game: Game
    cell: float
    left: float
    top: float

    @property
    def rows(self) -> int:
        return self.game.shape[0]

    @property
    def columns(self) -> int:
        return self.game.shape[1]

    @property
    def right(self) -> float:
        return self.left + self.columns * self.cell

    @property
    def bottom(self) -> float:
        return self.top + self.rows * self.cell

    def centre(self, cell: int) -> tuple[float, float]:
        """Give the middle of a cell."""
        row, column = divmod(cell, self.columns)
        if self.game.name == "hex":
            return self.left + (column + 0.5 + row / 2) * self.cell, self.top + (0.577 + 0.866 * row) * self.cell
        row = self.rows - 1 - row if self.game.rows_go_up else row
        return self.left + (column + 0.5) * self.cell, self.top + (row + 0.5) * self.cell


@dataclass(frozen=True)
class _Look:
    """How a game is drawn: colours of the first and second player's stones, the ground, and one stone."""

    colours: tuple[Colour, Colour]
    ground: Callable[[Canvas, _Board], None]
    stone: Callable[[Canvas, float, float, float, Colour, int], None]


def draw_position(
    position: Position,
    policy: NDArray[np.floating] | None = None,
    value: float | None = None,
    side_px: int = 480,
    title: str = "",
) -> NDArray[np.uint8]:
    """Draw a position.

    Args:
        policy: one share an action; the likelier a move the stronger its mark.
        value: what the player to move may expect, -1 to 1; drawn as a bar beside the board, the first player's part
            below. When the game is over, what the first player got.
        side_px: the longer side, at least 64.
        title: a line above the board.
    Returns: uint8, H W 3; the same shape for every position of a game that is drawn with the same arguments.
    """
    game = position.game
    look = _LOOKS.get(game.name)
    if look is None:
        return _draw_letters(position, value, side_px, title)
    bar, head = (0.85 if value is not None else 0.0), (_HEAD * max(game.shape) if title else 0.0)
    is_hex, has_pass = game.name == "hex", game.layout == "cells" and game.actions > game.cells
    wide = (game.shape[1] + (game.shape[0] - 1) / 2 if is_hex else game.shape[1]) + (1.25 if is_hex else 1.0) + bar
    high = (0.866 * (game.shape[0] - 1) + 1.155 if is_hex else game.shape[0]) + (1.15 if is_hex else 1.0)
    high += head + (0.55 if has_pass else 0)
    cell = max(64, side_px) / max(wide, high)
    canvas = Canvas(wide * cell, high * cell, _PALE)
    board = _Board(game, cell, (0.9 if is_hex else 0.65) * cell, (0.35 + head) * cell)
    _title(canvas, title, head * cell)
    _coordinates(canvas, board)
    look.ground(canvas, board)
    _stones(canvas, board, position, look)
    _mark_last(canvas, board, position, look)
    if policy is not None and not position.is_over:
        _heat(canvas, board, position, policy)
    if has_pass:
        _tell_pass(canvas, board, position, policy)
    if value is not None:
        foot = canvas.height - (0.65 + (0.55 if has_pass else 0)) * cell
        _bar(canvas, canvas.width - 0.6 * cell, board.top, foot, cell, _first_share(position, value), look.colours)
    return canvas.pixels()


def _title(canvas: Canvas, title: str, height: float) -> None:
    if title:
        size = min(0.75 * height, 1.8 * canvas.width / len(title))
        canvas.words(canvas.width / 2, 0.7 * height, title, size, _INK)


def stone_colours(game: Game) -> tuple[Colour, Colour]:
    """Give the first and the second player's colours in pictures."""
    return _LOOKS[game.name].colours if game.name in _LOOKS else (_INK, (190, 184, 172))


def _first_share(position: Position, value: float) -> float:
    """Turn a value for the player to move into the first player's share of a point, 0 to 1."""
    return min(1.0, max(0.0, 0.5 + 0.5 * (-value if position.to_play == 1 else value)))


def _coordinates(canvas: Canvas, board: _Board) -> None:
    """Write the columns' letters below and the rows' numbers on the left, as moves are named."""
    game, size = board.game, 0.3 * board.cell
    far = 0.98 if game.name == "hex" else 0.8
    for column in range(board.columns):
        below = game.cells - board.columns + column if not game.rows_go_up else column
        x, y = board.centre(below)
        label = str(column + 1) if game.layout == "columns" else game.cell_name(column)[0]
        canvas.words(x, y + far * board.cell, label, size, _INK)
    if game.layout == "columns":
        return
    for row in range(board.rows):
        x, y = board.centre(row * board.columns)
        canvas.words(x - far * board.cell, y, game.row_label(row), size, _INK)


def _stones(canvas: Canvas, board: _Board, position: Position, look: _Look) -> None:
    for cell, owner in enumerate(position.owners()):
        if owner:
            player = 0 if owner == 1 else 1
            x, y = board.centre(cell)
            look.stone(canvas, x, y, board.cell, look.colours[player], player)


def _moved(position: Position, action: int) -> tuple[int, int]:
    """Find the cells that an action leaves and reaches; -1 for none."""
    game = position.game
    if game.layout == "cells":
        return -1, action if action < game.cells else -1
    before, after, mover = position.owners(), position.copy(), 1 - 2 * position.to_play
    after.apply(action)
    now = after.owners()
    left, reached = (
        np.flatnonzero((before == mover) & (now != mover)),
        np.flatnonzero((before != mover) & (now == mover)),
    )
    return (int(left[0]) if left.size else -1), (int(reached[0]) if reached.size else -1)


def _mark_last(canvas: Canvas, board: _Board, position: Position, look: _Look) -> None:
    if not position.moves:
        return
    start, end = _moved(Position(position.game, position.moves[:-1]), position.last)
    mover = (0 if position.owners()[end] == 1 else 1) if end >= 0 else 0
    is_dark = look.stone is not _cross_or_ring and _brightness(look.colours[mover]) < 140
    if start >= 0:
        canvas.ring(*board.centre(start), 0.16 * board.cell, _LAST, 0.05 * board.cell)
    if end >= 0:
        canvas.ring(*board.centre(end), 0.19 * board.cell, (255, 255, 255) if is_dark else _LAST, 0.055 * board.cell)


def _brightness(colour: Colour) -> float:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]


def _heat(canvas: Canvas, board: _Board, position: Position, policy: NDArray[np.floating]) -> None:
    """Mark the moves, the likeliest strongest: discs on cells, arrows from cell to cell."""
    shown = [action for action in position.legal() if policy[action] >= _LEAST_SHARE]
    most = max((float(policy[action]) for action in shown), default=1.0)
    cell = board.cell
    for action in sorted(shown, key=lambda each: float(policy[each])):
        share = float(policy[action])
        start, end = _moved(position, action)
        if end < 0:
            continue
        strength = 0.25 + 0.65 * (share / most) ** 0.7
        x, y = board.centre(end)
        if start >= 0:
            canvas.arrow(board.centre(start), (x, y), _HEAT, cell * (0.06 + 0.16 * share / most), strength)
            continue
        canvas.disc(x, y, (0.26 + 0.13 * share / most) * cell, _HEAT, strength, _PALE if share == most else None)
        if cell >= 26:
            canvas.words(x, y, f"{100 * share:.0f}", 0.27 * cell, (255, 255, 255))


def _tell_pass(canvas: Canvas, board: _Board, position: Position, policy: NDArray[np.floating] | None) -> None:
    """Say below the board that somebody passed, or how likely a pass is."""
    cells, told = position.game.cells, []
    if position.last == cells:
        told.append(f"{side_names(position.game)[(len(position.moves) - 1) % 2]} passed")
    if policy is not None and not position.is_over and policy[cells] >= _LEAST_SHARE:
        told.append(f"pass {100 * float(policy[cells]):.0f} %")
    if told:
        text = ", ".join(told)
        size = min(0.34 * board.cell, 1.7 * canvas.width / max(1, len(text)))
        canvas.words((board.left + board.right) / 2, canvas.height - 0.4 * board.cell, text, size, _HEAT)


def _bar(
    canvas: Canvas, x: float, top: float, bottom: float, cell: float, share: float, colours: tuple[Colour, Colour]
) -> None:
    """Draw who is ahead: the first player's colour from below, up to their share."""
    half, edge = 0.2 * cell, bottom - share * (bottom - top)
    canvas.box(x - half - 1, top - 1, x + half + 1, bottom + 1, _INK)
    canvas.box(x - half, top, x + half, edge, colours[1])
    canvas.box(x - half, edge, x + half, bottom, colours[0])
    middle = (top + bottom) / 2
    canvas.line((x - half - 3, middle), (x + half + 3, middle), colour=_LAST, width=1.5)
    canvas.words(x, bottom + 0.3 * cell, f"{100 * share:.0f} %", 0.26 * cell, _INK)


def _go_ground(canvas: Canvas, board: _Board) -> None:
    cell = board.cell
    rim = 0.02 * cell
    canvas.box(board.left - rim, board.top - rim, board.right + 2 * rim, board.bottom + 2 * rim, (120, 84, 40))
    canvas.wood(board.left, board.top, board.right, board.bottom, (222, 178, 108))
    for row in range(board.rows):
        canvas.line(board.centre(row * board.columns), board.centre((row + 1) * board.columns - 1), colour=(74, 52, 26))
    for column in range(board.columns):
        canvas.line(board.centre(column), board.centre(board.game.cells - board.columns + column), colour=(74, 52, 26))
    side = board.columns
    lines = {9: (2, 4, 6), 13: (3, 6, 9), 19: (3, 9, 15)}.get(side, (side // 2,) if side % 2 and side > 3 else ())
    for row in lines:
        for column in lines:
            if side != 9 or (row == 4) == (column == 4):
                canvas.disc(*board.centre(row * side + column), max(1.6, 0.075 * cell), (74, 52, 26))


def _paper(canvas: Canvas, board: _Board) -> None:
    canvas.box(board.left, board.top, board.right, board.bottom, (255, 255, 255), 0.08 * board.cell)
    for row in range(1, board.rows):
        y = board.top + row * board.cell
        canvas.line((board.left, y), (board.right, y), colour=(96, 104, 118), width=max(1.0, 0.03 * board.cell))
    for column in range(1, board.columns):
        x = board.left + column * board.cell
        canvas.line((x, board.top), (x, board.bottom), colour=(96, 104, 118), width=max(1.0, 0.03 * board.cell))


def _cross_or_ring(canvas: Canvas, x: float, y: float, cell: float, colour: Colour, player: int) -> None:
    reach, width = 0.28 * cell, 0.11 * cell
    if player == 1:
        canvas.ring(x, y, reach + width / 2, colour, width)
        return
    for side in (1, -1):
        canvas.line((x - reach, y - side * reach), (x + reach, y + side * reach), colour=colour, width=width)
        canvas.disc(x - reach, y - side * reach, width / 2, colour)
        canvas.disc(x + reach, y + side * reach, width / 2, colour)


def _felt(canvas: Canvas, board: _Board) -> None:
    rim = 0.08 * board.cell
    canvas.box(board.left - rim, board.top - rim, board.right + rim, board.bottom + rim, (38, 46, 40), rim)
    canvas.box(board.left, board.top, board.right, board.bottom, (43, 124, 84))
    for number in range(board.rows + 1):
        y = board.top + number * board.cell
        canvas.line((board.left, y), (board.right, y), colour=(27, 84, 56))
    for number in range(board.columns + 1):
        x = board.left + number * board.cell
        canvas.line((x, board.top), (x, board.bottom), colour=(27, 84, 56))


def _rack(canvas: Canvas, board: _Board) -> None:
    """Draw Connect Four's blue frame with its holes."""
    rim = 0.06 * board.cell
    canvas.box(
        board.left - rim, board.top - rim, board.right + rim, board.bottom + rim, (28, 68, 148), 0.2 * board.cell
    )
    canvas.box(board.left, board.top, board.right, board.bottom, (44, 96, 192), 0.16 * board.cell)
    for cell in range(board.game.cells):
        x, y = board.centre(cell)
        canvas.disc(x, y, 0.42 * board.cell, (24, 58, 128))
        canvas.disc(x, y + 0.02 * board.cell, 0.39 * board.cell, (226, 232, 242))


def _disc(canvas: Canvas, x: float, y: float, cell: float, colour: Colour, player: int) -> None:
    """Draw a flat counter with a rim, as lies in a rack."""
    dark = tuple(round(each * 0.8) for each in colour)
    canvas.disc(x, y, 0.4 * cell, (dark[0], dark[1], dark[2]))
    canvas.disc(x, y, 0.355 * cell, colour)
    canvas.ring(x, y, 0.26 * cell, (dark[0], dark[1], dark[2]), 0.025 * cell)


def _stone(canvas: Canvas, x: float, y: float, cell: float, colour: Colour, player: int) -> None:
    canvas.stone(x, y, 0.46 * cell, colour)


def _small_stone(canvas: Canvas, x: float, y: float, cell: float, colour: Colour, player: int) -> None:
    canvas.stone(x, y, 0.38 * cell, colour)


def _hexagons(canvas: Canvas, board: _Board) -> None:
    """Draw Hex's cells, with the first player's edges above and below and the second's at the sides."""
    first, second = _LOOKS["hex"].colours
    reach = 0.577 * board.cell
    corners = [(np.sin(turn) * reach, -np.cos(turn) * reach) for turn in np.arange(6) * np.pi / 3]
    for cell in range(board.game.cells):  # edges: a larger hexagon below each cell of the rim
        row, column = divmod(cell, board.columns)
        x, y = board.centre(cell)
        shift = 0.17 * board.cell
        for is_rim, across, down, colour in (
            (row == 0, 0.0, -shift, first),
            (row == board.rows - 1, 0.0, shift, first),
            (column == 0, -shift, 0.0, second),
            (column == board.columns - 1, shift, 0.0, second),
        ):
            if is_rim:
                canvas.shape(*[(x + across + each, y + down + other) for each, other in corners], colour=colour)
    for cell in range(board.game.cells):
        x, y = board.centre(cell)
        canvas.shape(*[(x + each, y + other) for each, other in corners], colour=(250, 246, 236), edge=(120, 112, 100))


def _chequered(canvas: Canvas, board: _Board) -> None:
    for cell in range(board.game.cells):
        row, column = divmod(cell, board.columns)
        x, y = board.left + column * board.cell, board.top + row * board.cell
        colour: Colour = (206, 178, 138) if (row + column) % 2 else (240, 222, 190)
        canvas.box(x, y, x + board.cell, y + board.cell, colour)


def _pawn(canvas: Canvas, x: float, y: float, cell: float, colour: Colour, player: int) -> None:
    """Draw a pawn: a head, a collar, a skirt and a foot."""
    edge: Colour = (30, 27, 25)
    for grow, ink in ((0.025 * cell, edge), (0.0, colour)):
        foot = y + 0.34 * cell + grow
        canvas.box(x - 0.25 * cell - grow, y + 0.24 * cell - grow, x + 0.25 * cell + grow, foot, ink, 0.04 * cell)
        skirt = [(x - 0.09 * cell - grow, y - 0.1 * cell), (x + 0.09 * cell + grow, y - 0.1 * cell)]
        skirt += [(x + 0.2 * cell + grow, y + 0.26 * cell), (x - 0.2 * cell - grow, y + 0.26 * cell)]
        canvas.shape(*skirt, colour=ink)
        canvas.box(
            x - 0.15 * cell - grow,
            y - 0.1 * cell - grow,
            x + 0.15 * cell + grow,
            y - 0.03 * cell + grow,
            ink,
            0.03 * cell,
        )
        canvas.disc(x, y - 0.2 * cell, 0.14 * cell + grow, ink)


def _draw_letters(position: Position, value: float | None, side_px: int, title: str) -> NDArray[np.uint8]:
    """Draw the letters that OpenSpiel makes of a position, each in a box of its own."""
    lines = [line[:_MOST_LETTERS] for line in board_letters(position).splitlines()[:_MOST_LETTERS]]
    side, across, down = max(64, side_px), 0.6, 1.1
    head = 0.08 * side if title else 0.0
    wide = (max(len(line) for line in lines) + 2) * across + (2 if value is not None else 0)
    size = min(side / 10, side / wide, (side - head) / ((len(lines) + 1) * down))
    canvas = Canvas(side, side, _PALE)
    _title(canvas, title, head)
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            x, y = (column + 1.5) * across * size, head + (row + 1) * down * size
            canvas.words(x, y, letter, size * 0.9, _INK)
    if value is not None:
        share, colours = _first_share(position, value), stone_colours(position.game)
        unit = min(2.0 * size, canvas.height / 4)
        foot = canvas.height - 0.5 * unit
        _bar(canvas, canvas.width - 0.5 * unit, head + 0.15 * unit, foot, unit, share, colours)
    return canvas.pixels()


_BLACK, _WHITE = (34, 34, 38), (240, 238, 232)
_LOOKS = {
    "go": _Look((_BLACK, _WHITE), _go_ground, _stone),
    "othello": _Look((_BLACK, _WHITE), _felt, _small_stone),
    "connect_four": _Look(((214, 48, 49), (250, 202, 48)), _rack, _disc),
    "tic_tac_toe": _Look(((38, 92, 168), (204, 92, 38)), _paper, _cross_or_ring),
    "mnk": _Look(((38, 92, 168), (204, 92, 38)), _paper, _cross_or_ring),
    "hex": _Look(((208, 56, 56), (48, 104, 196)), _hexagons, _small_stone),
    "breakthrough": _Look(((58, 56, 62), (250, 248, 242)), _chequered, _pawn),
}
