"""Boards as pictures: stones, how likely the network thinks each move, and who it thinks is winning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.broad.selfplay.game import Game, Position
from onward.parts.letters import letters

__all__ = ["board_picture"]

_CELL, _MARGIN, _HEAD = 56, 34, 40
_BAR, _GAP = 26, 26
_PAPER, _INK, _FAINT = (250, 250, 248), (40, 44, 52), (120, 120, 120)
_HOT = (213, 94, 0)
_STONES = {
    "go": ((30, 30, 30), (245, 245, 245)),
    "othello": ((30, 30, 30), (245, 245, 245)),
    "connect_four": ((200, 40, 50), (240, 200, 40)),
    "hex": ((200, 60, 60), (60, 110, 200)),
}
_PLAIN = ((0, 114, 178), (230, 159, 0))
_GROUND = {"go": (222, 184, 120), "othello": (40, 120, 80), "connect_four": (40, 80, 160)}
_TILE = (236, 236, 230)
_FINE = 2  # drawn twice as large and scaled down, for smooth edges

Pen = ImageDraw.ImageDraw
Place = Callable[[int], tuple[float, float]]


def board_picture(
    position: Position, policy: NDArray[np.floating] | None = None, value: float | None = None, title: str = ""
) -> NDArray[np.uint8]:
    """Draw a position.

    Args:
        policy: A shares; where a move is a cell or a column it is written there, in percent.
        value: for the player to move, -1 to 1; a bar shows the first player's share.
    Returns: H W 3, uint8.
    """
    game = position.game
    if game.family is None:
        return _written(position, policy, title)
    rows, columns = game.shape
    slant = 0.5 * (rows - 1) if game.name == "hex" else 0.0
    width = round(2 * _MARGIN + _CELL * (columns + slant)) + (_GAP + _BAR + 44 if value is not None else 0)
    height = _HEAD + 2 * _MARGIN + _CELL * rows
    sheet = Image.new("RGB", (_FINE * max(width, 330), _FINE * height), _PAPER)
    pen = ImageDraw.Draw(sheet)

    def place(cell: int) -> tuple[float, float]:
        row, column = divmod(cell, columns)
        down = rows - 1 - row if game.rows_go_up else row
        across = column + (0.5 * row if game.name == "hex" else 0.0)
        return _FINE * (_MARGIN + _CELL * (across + 0.5)), _FINE * (_HEAD + _MARGIN + _CELL * (down + 0.5))

    pen.text((_FINE * 12, _FINE * 10), title or game.title, fill=_INK, font=letters(_FINE * 15))
    _ground(pen, game, place)
    _stones(pen, position, place)
    if policy is not None:
        _shares(pen, position, policy, place)
    _names(pen, game, place)
    if value is not None:
        _value_bar(pen, position, value, width, height)
    return np.asarray(sheet.resize((sheet.width // _FINE, sheet.height // _FINE), Image.Resampling.LANCZOS))


def _round(pen: Pen, middle: tuple[float, float], radius: float, **colours: Any) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), **colours)


def _ground(pen: Pen, game: Game, place: Place) -> None:
    half = _FINE * _CELL / 2
    corners = [place(0), place(game.cells - 1)]
    left, right = (choose(x for x, _ in corners) for choose in (min, max))
    top, bottom = (choose(y for _, y in corners) for choose in (min, max))
    ground = _GROUND.get(game.name)
    if ground:
        pen.rectangle((left - half, top - half, right + half, bottom + half), fill=ground)
    if game.name == "go":
        for number in range(game.shape[0]):
            step = number * 2 * half
            pen.line((left, top + step, right, top + step), fill=(90, 70, 40), width=_FINE)
            pen.line((left + step, top, left + step, bottom), fill=(90, 70, 40), width=_FINE)
        return
    for cell in range(game.cells):
        x, y = place(cell)
        if game.name == "connect_four":
            _round(pen, (x, y), 0.82 * half, fill=_PAPER)
        elif game.name == "hex":
            rim = [(x, y - 1.15 * half), (x + half, y - 0.58 * half), (x + half, y + 0.58 * half)]
            rim += [(2 * x - a, 2 * y - b) for a, b in rim]
            pen.polygon(rim, fill=_TILE, outline=_FAINT)
        else:
            fill = None if ground else _TILE
            edge = (20, 90, 55) if ground else (180, 180, 172)
            pen.rectangle((x - half, y - half, x + half, y + half), fill=fill, outline=edge, width=_FINE)


def _stones(pen: Pen, position: Position, place: Place) -> None:
    game = position.game
    colours = _STONES.get(game.name, _PLAIN)
    radius = _FINE * _CELL * (0.33 if game.name == "hex" else 0.41)
    for cell, owner in enumerate(position.owners()):
        if owner:
            _round(pen, place(cell), radius, fill=colours[0 if owner > 0 else 1], outline=(60, 60, 60), width=_FINE)
    last = position.last
    if game.layout == "cells" and 0 <= last < game.cells:
        _round(pen, place(last), 0.2 * radius, fill=_HOT)


def _cells_of(position: Position, policy: NDArray[np.floating]) -> dict[int, float]:
    """Say which cell each action is shown at."""
    game = position.game
    if game.layout == "cells":
        return {action: float(policy[action]) for action in position.legal() if action < game.cells}
    if game.layout == "columns":
        full = (position.owners().reshape(game.shape) != 0).sum(0)
        return {int(full[action]) * game.shape[1] + action: float(policy[action]) for action in position.legal()}
    kinds = game.actions // game.cells
    cells: dict[int, float] = {}
    for action in position.legal():  # a stone's moves, added up where it stands
        cells[action // kinds] = cells.get(action // kinds, 0.0) + float(policy[action])
    return cells


def _shares(pen: Pen, position: Position, policy: NDArray[np.floating], place: Place) -> None:
    shown = _cells_of(position, policy)
    ground = _GROUND.get(position.game.name, _TILE) if position.game.name != "connect_four" else _PAPER
    most = max(shown.values(), default=1.0)
    for cell, share in shown.items():
        if share < 0.005:
            continue
        mix = min(1.0, 0.15 + 0.85 * share / max(most, 1e-9)) * min(1.0, 0.3 + share)
        colour = tuple(round((1 - mix) * low + mix * high) for low, high in zip(ground, _HOT, strict=True))
        x, y = place(cell)
        _round(pen, (x, y), _FINE * _CELL * 0.36, fill=colour)
        bright = sum(colour) > 380
        text = f"{100 * share:.0f}"
        pen.text((x, y), text, fill=_INK if bright else (255, 255, 255), font=letters(_FINE * 15), anchor="mm")


def _names(pen: Pen, game: Game, place: Place) -> None:
    font, half = letters(_FINE * 12), _FINE * (_CELL / 2 + 12)
    columns = game.shape[1]
    bottom = 0 if game.rows_go_up else game.cells - columns
    for column in range(columns):
        x, y = place(bottom + column)
        name = str(column + 1) if game.layout == "columns" else game.cell_name(column)[0]
        pen.text((x, y + half), name, fill=_FAINT, font=font, anchor="mm")
    if game.layout != "columns":
        for row in range(game.shape[0]):
            x, y = place(row * columns)
            pen.text((x - half, y), str(row + 1), fill=_FAINT, font=font, anchor="mm")


def _value_bar(pen: Pen, position: Position, value: float, width: int, height: int) -> None:
    """Draw the first player's share from below, in its colour."""
    first = (1 + (value if position.to_play == 0 else -value)) / 2
    colours = _STONES.get(position.game.name, _PLAIN)
    left, top, bottom = _FINE * (width - _BAR - 44), _FINE * (_HEAD + _MARGIN), _FINE * (height - _MARGIN)
    split = bottom - (bottom - top) * first
    pen.rectangle((left, top, left + _FINE * _BAR, split), fill=colours[1], outline=_FAINT)
    pen.rectangle((left, split, left + _FINE * _BAR, bottom), fill=colours[0], outline=_FAINT)
    pen.text(
        (left + _FINE * (_BAR + 6), min(max(split, top + 12), bottom - 12)),
        f"{100 * first:.0f} %",
        fill=_INK,
        font=letters(_FINE * 13),
        anchor="lm",
    )


def _written(position: Position, policy: NDArray[np.floating] | None, title: str) -> NDArray[np.uint8]:
    """Write a board that nobody has drawn yet, and its most likely moves."""
    lines = [title or position.game.title, "", *position.text().split("\n")[:40], ""]
    if policy is not None and not position.is_over:
        best = sorted(position.legal(), key=lambda action: -policy[action])[:5]
        lines += [f"{position.name(action)}: {100 * policy[action]:.0f} %" for action in best]
    font = letters(15)
    sheet = Image.new("RGB", (640, 24 + 22 * len(lines)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((14, 12 + 22 * number), line[:80], fill=_INK, font=font)
    return np.asarray(sheet)
