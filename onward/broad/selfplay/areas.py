"""Who owns a board of Go at the end, by area: stones left standing are alive (Tromp and Taylor's rules)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["owned"]


def owned(stones: NDArray[np.int8]) -> NDArray[np.int8]:
    """Give each point to who has a stone on it, or alone has stones around its empty region.

    Args:
        stones: H W; 1 the first player, -1 the second, 0 nobody.
    Returns: H W, the same marks.
    Example:
        >>> owned(np.array([[0, 1, 0, -1, 0]], np.int8)).tolist()
        [[1, 1, 0, -1, -1]]
    """
    rows, columns = stones.shape
    owners = stones.copy()
    unseen = {(int(row), int(column)) for row, column in np.argwhere(stones == 0)}
    while unseen:
        region, edge, around = [unseen.pop()], 0, set()
        while edge < len(region):
            row, column = region[edge]
            edge += 1
            for place in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if place in unseen:
                    unseen.remove(place)
                    region.append(place)
                elif 0 <= place[0] < rows and 0 <= place[1] < columns and stones[place]:
                    around.add(int(stones[place]))
        if len(around) == 1:
            owner = around.pop()
            for place in region:
                owners[place] = owner
    return owners
