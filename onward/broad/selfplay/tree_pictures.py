"""A search tree as a picture: the more a move was looked at the thicker, coloured by its value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onward.broad.selfplay.drawing import Canvas, Colour
from onward.broad.selfplay.game import Position
from onward.broad.selfplay.search import NetworkPlayer

__all__ = ["draw_search_tree", "tree_picture"]

_INK: Colour = (52, 48, 44)
_PALE: Colour = (250, 249, 247)
_LOSS, _EVEN, _WIN = np.array([202, 62, 56]), np.array([196, 192, 184]), np.array([38, 112, 186])


def tree_picture(player: NetworkPlayer, position: Position, simulations: int) -> NDArray[np.uint8]:
    """Search a position and draw what was looked at.

    Returns: uint8, H W 3.
    """
    parents, actions, visits, values = player.tree_of(position, simulations)
    names = [f"{position.game.title}: {simulations} looks after {len(position.moves)} moves"]
    reached = [position]
    for parent, action in zip(parents[1:].tolist(), actions[1:].tolist(), strict=True):
        names.append(reached[parent].name(action))
        following = reached[parent].copy()
        following.apply(action)
        reached.append(following)
    return draw_search_tree(parents, names, visits, values)


def draw_search_tree(
    parent: NDArray[np.integer],
    names: Sequence[str],
    visits: NDArray[np.integer],
    value: NDArray[np.floating],
    most_nodes: int = 60,
    side_px: int = 900,
) -> NDArray[np.uint8]:
    """Draw the nodes that were visited most.

    Args:
        parent: N; each node's parent, which stands before it; -1 for the root, node 0.
        names: N; of the move that led to a node; the root's is the title.
        visits: N; how often a node was looked at or passed through.
        value: N; what the player to move at the root may expect there, -1 (red) to 1 (blue).
        most_nodes: that are drawn.
    Returns: uint8, H W 3.
    """
    order = sorted(range(len(parent)), key=lambda node: (-int(visits[node]), node))
    kept: list[int] = [0]
    for node in order:  # a node is never visited more often than its parent, so that comes first
        if node != 0 and len(kept) < most_nodes and int(parent[node]) in kept:
            kept.append(node)
    children: dict[int, list[int]] = {node: [] for node in kept}
    for node in kept[1:]:
        children[int(parent[node])].append(node)
    depth, across = _layout(kept, children, parent)
    levels, places = max(depth.values()) + 1, max(1.0, max(across.values()) + 1)
    pitch = side_px / (places + 0.4)
    rise = min(110.0, max(64.0, side_px / (levels + 1)))
    canvas = Canvas(side_px, rise * levels + 26, _PALE)
    spots = {node: ((across[node] + 0.7) * pitch, 22 + rise * (depth[node] + 0.35)) for node in kept}
    whole = max(1, int(visits[0]))
    for node in kept[1:]:
        width = 1 + 13 * (int(visits[node]) / whole) ** 0.6
        canvas.line(spots[int(parent[node])], spots[node], colour=_colour(float(value[node])), width=width, share=0.75)
    size = min(15.0, 0.42 * pitch)
    for node in kept:
        x, y = spots[node]
        radius = min(0.46 * pitch, 6 + 15 * (int(visits[node]) / whole) ** 0.5)
        canvas.disc(x, y, radius, _colour(float(value[node])), edge=_INK)
        if node != 0 and size >= 5:
            canvas.words(x, y + radius + 0.75 * size, str(names[node]), size, _INK, _PALE)
        if radius >= 11 and size >= 5:
            canvas.words(x, y, str(int(visits[node])), min(size, 0.85 * radius), (255, 255, 255))
    canvas.words(side_px / 2, 14, str(names[0]), 15, _INK)
    return canvas.pixels()


def _layout(
    kept: Sequence[int], children: dict[int, list[int]], parent: NDArray[np.integer]
) -> tuple[dict[int, int], dict[int, float]]:
    """Give each node its depth, and its place: leaves side by side, the others over the middle of their children."""
    depth = {0: 0}
    for node in sorted(kept[1:]):
        depth[node] = depth[int(parent[node])] + 1
    across: dict[int, float] = {}
    following, stack = 0, [0]
    order: list[int] = []
    while stack:
        node = stack.pop()
        order.append(node)
        if not children[node]:
            across[node] = following
            following += 1
        stack.extend(reversed(children[node]))
    for node in reversed(order):
        if children[node]:
            across[node] = sum(across[child] for child in children[node]) / len(children[node])
    return depth, across


def _colour(value: float) -> Colour:
    end = _WIN if value > 0 else _LOSS
    share = min(1.0, abs(value)) ** 0.7
    red, green, blue = (int(each) for each in np.round(_EVEN + share * (end - _EVEN)))
    return red, green, blue
