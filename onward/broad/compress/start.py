"""Where a codec begins: what linear algebra knows of a folder before anything is learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from onward.broad.compress.network import BLOCK, PHASES, Start

__all__ = ["start_of"]

_MOST_PICTURES, _SIDE = 60, 256
_SMALLEST = 1e-3  # deviation
_RIDGE = 1e-3

Floats = NDArray[np.float64]


def start_of(pictures: Sequence[NDArray[np.uint8]], count: int) -> Start:
    """Find the principal components of blocks of 8 x 8 pixels, and how each latent follows from its neighbours.

    Args:
        pictures: H W 3 each.
        count: of latents to keep.
    Source: Pearson 1901; Karhunen and Loève.
    """
    grids = list(_grids(pictures))
    blocks = np.concatenate([grid.reshape(-1, grid.shape[-1]) for grid in grids])
    mean = blocks.reshape(-1, 3, BLOCK * BLOCK).mean((0, 2))
    shift = np.repeat(mean, BLOCK * BLOCK)
    values, vectors = np.linalg.eigh(_even((blocks - shift).T @ (blocks - shift) / len(blocks)))
    largest = np.argsort(-values, kind="stable")[:count]
    components = _even(np.ascontiguousarray(vectors[:, largest].T))
    deviations = _even(np.sqrt(np.maximum(values[largest], _SMALLEST**2)))
    latents = [((grid - shift) @ components.T) / deviations for grid in grids]
    neighbours, left = zip(*(_foretold(latents, number) for number in range(1, len(PHASES))), strict=True)
    return Start(
        components, deviations, _even(mean), _even(np.stack(neighbours)), _even(np.stack([np.ones(count), *left]))
    )


def _even(values: Floats) -> Floats:
    """Round away the last bits, in which sums differ from one run to the next by where their numbers lie in memory."""
    return np.round(values, 9)


def _grids(pictures: Sequence[NDArray[np.uint8]]) -> Iterator[Floats]:
    """Give the blocks of some pictures' middles: rows columns 192, colours first."""
    for place in np.random.default_rng(0).permutation(len(pictures))[:_MOST_PICTURES]:
        picture = pictures[place]
        top, left = (max(0, (each - _SIDE) // 2) for each in picture.shape[:2])
        cut = picture[top : top + _SIDE, left : left + _SIDE]
        cut = np.pad(cut, (*((0, -each % BLOCK) for each in cut.shape[:2]), (0, 0)), mode="edge")
        rows, columns = (each // BLOCK for each in cut.shape[:2])
        split = cut.reshape(rows, BLOCK, columns, BLOCK, 3).transpose(0, 2, 4, 1, 3)
        yield split.reshape(rows, columns, -1).astype(np.float64) / 255


def _foretold(latents: Sequence[Floats], phase: int) -> tuple[Floats, Floats]:
    """Foretell a phase's latents from what is known around them: weights M 9, and the share of a deviation left, M."""
    row, column = PHASES[phase]
    known = [
        (down, across)
        for down in range(3)
        for across in range(3)
        if ((row + down + 1) % 2, (column + across + 1) % 2) in PHASES[:phase]
    ]
    seen, wanted = [], []
    for grid in latents:
        here = grid[row::2, column::2]
        around = np.pad(grid, ((1, 1), (1, 1), (0, 0)))[row:, column:]
        near = [
            around[down : down + 2 * len(here) : 2, across : across + 2 * here.shape[1] : 2][
                : len(here), : here.shape[1]
            ]
            for down, across in known
        ]
        seen.append(np.stack(near, -1).reshape(-1, grid.shape[-1], len(known)))
        wanted.append(here.reshape(-1, grid.shape[-1]))
    near_all, here_all = np.concatenate(seen), np.concatenate(wanted)
    moments = np.einsum("nck,ncl->ckl", near_all, near_all) / max(1, len(near_all)) + _RIDGE * np.eye(len(known))
    shared = np.einsum("nck,nc->ck", near_all, here_all) / max(1, len(near_all))
    found = np.linalg.solve(moments, shared[..., None])[..., 0]
    apart = here_all - np.einsum("nck,ck->nc", near_all, found)
    left = np.sqrt(np.square(apart).mean(0)) if len(apart) else np.ones(found.shape[0])
    weights = np.zeros((found.shape[0], 9))
    weights[:, [3 * down + across for down, across in known]] = found
    return weights, np.clip(left, 0.02, 1.5)
