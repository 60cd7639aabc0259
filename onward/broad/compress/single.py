"""The codec of one picture: latents at seven sizes, a tiny network that paints, and one that foretells the latents.

In the spirit of Cool-chic (Ladune 2023, arXiv:2212.05458) and C3 (Kim 2024, arXiv:2312.02753), in code of our own. No
data are learned from: latents and both networks are fitted to the one picture, and all of it travels in the file.

Latents are whole numbers in grids of the picture's size, half of it, a quarter and so on. They are listed tile by tile,
in a tile grid by grid, in a grid row by row; each is foretold from ten that came before it in its own grid and tile.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.broad.compress.bounded import bounded
from onward.broad.compress.container import tiles_of
from onward.broad.compress.integers import ONE
from onward.broad.compress.tables import TOTAL, Tables

__all__ = [
    "CONTEXT",
    "FRACTIONS",
    "LEVELS",
    "Layout",
    "Painter",
    "Single",
    "Teller",
    "laplace_tables",
    "scale_of",
    "table_numbers",
]

GRIDS = 7
CONTEXT = ((0, -1), (0, -2), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (-1, 2), (-2, -1), (-2, 0), (-2, 1))  # rows, columns
_FRONT = 3  # a latent can be decoded when all with a smaller column + 3 rows are there
LEVELS, FRACTIONS = 40, 8  # of a table's scale, from 0.05 to 16; of its mean, in eighths
_SMALLEST, _RATIO = 0.05, 320 ** (1 / (LEVELS - 1))
_LEVELS_A_UNIT, _MIDDLE_LEVEL = 4, 16


@dataclass(frozen=True)
class Layout:
    """Where the latents of a picture of this size are."""

    height: int
    width: int

    @cached_property
    def grids(self) -> list[tuple[int, int]]:
        """Give the height and width of each grid."""
        count = min(GRIDS, max(1, min(self.height, self.width).bit_length()))
        return [(-(-self.height >> level), -(-self.width >> level)) for level in range(count)]

    @cached_property
    def tiles(self) -> list[slice]:
        """Give the part of the list that each tile has."""
        ends = np.cumsum([0, *(sum(len(each) for each in tile) for tile in self._places)])
        return [slice(int(start), int(end)) for start, end in itertools.pairwise(ends)]

    @property
    def count(self) -> int:
        """Count the latents."""
        return sum(height * width for height, width in self.grids)

    @cached_property
    def _places(self) -> list[list[NDArray[np.int64]]]:
        """Give for each tile and grid the row and column of each latent: N 2."""
        found = []
        for top, left, bottom, right in tiles_of(self.height, self.width):
            tile = []
            for level in range(len(self.grids)):
                rows = np.arange(top >> level, -(-bottom >> level))
                columns = np.arange(left >> level, -(-right >> level))
                tile.append(np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2))
            found.append(tile)
        return found

    @cached_property
    def parts(self) -> NDArray[np.int64]:
        """Give where in the list the latents of each grid of each tile begin, and its height and width: P 3."""
        found = [[len(each), *(each[-1] - each[0] + 1)] for tile in self._places for each in tile]
        parts = np.array(found)
        parts[:, 0] = np.cumsum(parts[:, 0]) - parts[:, 0]
        return parts

    @cached_property
    def orders(self) -> list[Tensor]:
        """Give for each grid the place in the list of each of its latents, row by row."""
        found = [np.empty(shape, np.int64) for shape in self.grids]
        place = 0
        for tile in self._places:
            for level, each in enumerate(tile):
                found[level][each[:, 0], each[:, 1]] = np.arange(place, place + len(each))
                place += len(each)
        return [torch.from_numpy(each.reshape(-1)) for each in found]

    @cached_property
    def contexts(self) -> NDArray[np.int64]:
        """Give the places of the ten latents that each is foretold from, N 10; N itself stands for "outside"."""
        found, place, count = np.empty((self.count, len(CONTEXT)), np.int64), 0, self.count
        for tile in self._places:
            for each in tile:
                _high, wide = each[-1] - each[0] + 1
                rows, columns = (each - each[0]).T
                for number, (down, across) in enumerate(CONTEXT):
                    row, column = rows + down, columns + across
                    inside = (row >= 0) & (column >= 0) & (column < wide)
                    found[place : place + len(each), number] = np.where(inside, place + row * wide + column, count)
                place += len(each)
        return found

    @cached_property
    def users(self) -> NDArray[np.int64]:
        """Give where each latent stands in the flattened contexts, N 10; N times 10 itself stands for "nowhere"."""
        found = np.full((self.count + 1, len(CONTEXT)), self.count * len(CONTEXT))
        numbers = np.arange(self.count)
        for column in range(len(CONTEXT)):
            found[self.contexts[:, column], column] = numbers * len(CONTEXT) + column
        return found[:-1]

    @cached_property
    def ways(self) -> tuple[Tensor, Tensor]:
        """Give contexts and users as tensors."""
        return torch.from_numpy(self.contexts), torch.from_numpy(self.users)

    def fronts(self, tile: int) -> list[NDArray[np.int64]]:
        """Give the places of a tile's latents in groups: each group needs only those before it."""
        when = np.concatenate([(each - each[0]) @ np.array([_FRONT, 1]) for each in self._places[tile]])
        order = np.argsort(when, kind="stable")
        cuts = np.flatnonzero(np.diff(when[order])) + 1
        return np.split(order + self.tiles[tile].start, cuts)


class Seen(torch.autograd.Function):
    """Gathers what each latent is foretold from; the way back gathers too, which is far faster than to scatter."""

    @staticmethod
    def forward(context: Any, latents: Tensor, contexts: Tensor, users: Tensor) -> Tensor:
        context.users = users
        return torch.cat([latents, latents.new_zeros(1)])[contexts]

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None, None]:
        flat = torch.cat([slopes[0].reshape(-1), slopes[0].new_zeros(1)])
        return flat[context.users].sum(1), None, None


class Teller(nn.Module):
    """Foretells a latent from the ten around it: its mean, and how sure that is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(len(CONTEXT), width), nn.Linear(width, width), nn.Linear(width, 2)])

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and unscaled level, N each; in floats or, with whole layers, in 1/256."""
        inner = self.layers[0](seen).clamp(min=0)
        inner = inner + self.layers[1](inner).clamp(min=0)
        mean, level = self.layers[2](inner).unbind(1)
        return mean, level


class Painter(nn.Module):
    """Paints the picture from all grids, brought to its size: a small network for each pixel, and a filter over all."""

    def __init__(self, grids: int, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear(grids, width)
        self.paint = nn.Linear(width, 3)
        self.smooth = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        nn.init.zeros_(self.smooth.weight)
        nn.init.constant_(self.paint.bias, 0.5)

    def forward(self, grids: Tensor) -> Tensor:
        """Paint 1 G H W to 1 3 H W."""
        _, count, height, width = grids.shape
        painted = self.paint(F.relu(self.mix(grids.reshape(count, -1).T)))
        pictures = painted.T.reshape(1, 3, height, width)
        return pictures + self.smooth(pictures)


class Single(nn.Module):
    """The networks of one picture, and how its list of latents becomes pixels."""

    def __init__(self, layout: Layout, teller: int, painter: int) -> None:
        super().__init__()
        self.layout, self.widths = layout, (teller, painter)
        self.teller = Teller(teller)
        self.painter = Painter(len(layout.grids), painter)

    def pictures(self, latents: Tensor) -> Tensor:
        """Paint: N latents to 1 3 H W, not yet cut to 0 to 1."""
        size = (self.layout.height, self.layout.width)
        grids = []
        for order, shape in zip(self.layout.orders, self.layout.grids, strict=True):
            start = int(order[0])  # of a picture of one tile each grid is a stretch of the list
            is_stretch = len(self.layout.tiles) == 1
            grid = latents[start : start + len(order)] if is_stretch else latents.index_select(0, order)
            grid = grid.reshape(1, 1, *shape)
            if shape != size:
                grid = F.interpolate(grid, size=size, mode="bilinear", align_corners=False)
            grids.append(grid)
        return self.painter(torch.cat(grids, 1))

    def bits(self, latents: Tensor) -> Tensor:
        """Give the bits of each latent under Laplace's distribution, N."""
        seen: Tensor = Seen.apply(latents, *self.layout.ways)  # pyright: ignore[reportAssignmentType]
        mean, answer = self.teller(seen)
        scale = scale_of(bounded(_LEVELS_A_UNIT * answer + _MIDDLE_LEVEL, LEVELS - 1))
        far = (latents - mean).abs()
        # the middle interval holds both sides of the peak
        outside = 0.5 * torch.exp(-(far - 0.5).clamp(min=0) / scale) * -torch.expm1(-1 / scale)
        sides = torch.exp(-(far + 0.5) / scale) + torch.exp(-(0.5 - far).clamp(min=0) / scale)
        share = torch.where(far > 0.5, outside, 1 - 0.5 * sides)
        return -share.clamp(min=1e-7).log2()


def scale_of(level: Tensor) -> Tensor:
    """Give Laplace's scale of a level."""
    return _SMALLEST * torch.exp(level * float(np.log(_RATIO)))


def table_numbers(means: NDArray[np.int64], answers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Turn what the teller says in 1/256 into the number of a table and the whole number its middle stands for."""
    level = ((_LEVELS_A_UNIT * answers + _MIDDLE_LEVEL * ONE + ONE // 2) >> 8).clip(0, LEVELS - 1)
    eighths = (means + 16) >> 5
    whole = (eighths + FRACTIONS // 2) >> 3
    return level * FRACTIONS + eighths - whole * FRACTIONS + FRACTIONS // 2, whole


@cache
def laplace_tables() -> Tables:
    """Work out the tables of all levels and fractions, by decimal and whole numbers: the same on every machine."""
    rows = []
    with localcontext() as context:
        context.prec = 30
        for level in range(LEVELS):
            scale = Decimal("0.05") * (Decimal(320).ln() * level / (LEVELS - 1)).exp()
            reach = max(2, int(6 * scale) + 2)
            falls = [Decimal(1)]  # by each whole number
            for _ in range(2 * reach + 2):
                falls.append(falls[-1] * (-1 / scale).exp() if len(falls) == 1 else falls[-1] * falls[1])
            for fraction in range(FRACTIONS):
                mean = Decimal(fraction - FRACTIONS // 2) / FRACTIONS
                half = Decimal(1) / 2
                left = [(-(half + mean) / scale).exp() / 2 * fall for fall in falls]  # below -1/2, -3/2, ...
                right = [(-(half - mean) / scale).exp() / 2 * fall for fall in falls]  # above 1/2, 3/2, ...
                shares = [int((left[each - 1] - left[each]) * 2**60) for each in range(reach, 0, -1)]
                shares += [int((1 - left[0] - right[0]) * 2**60)]
                shares += [int((right[each - 1] - right[each]) * 2**60) for each in range(1, reach + 1)]
                rows.append(_counts([*shares, 2**60 - sum(shares)]))
    return Tables.of(rows)


def _counts(shares: list[int]) -> NDArray[np.int32]:
    whole = sum(shares)
    counts = [1 + each * (TOTAL - len(shares)) // whole for each in shares]
    counts[counts.index(max(counts))] += TOTAL - sum(counts)
    return np.array(counts, np.int32)
