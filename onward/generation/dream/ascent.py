"""One step up the gradient: where to, by tiles of a rolled picture; and how, in two bands and natural colours.

Sources: Mordvintsev, Olah, Tyka, "Inceptionism", 2015, and its notebook google/deepdream (jitter, a step of even mean
length, octaves, guide); the gradient in bands, each over its own spread, is from its Laplacian variant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.generation.dream.wishes import Wish

__all__ = ["blurred", "direction", "gradient"]

_BAND_PIXELS = 3.0  # spread of the blur that parts the bands
_COARSE_COLOUR, _FINE_COLOUR = 0.0, 0.4  # what natural colours leave of the changes of colour; light changes freely
_LIGHT = (0.299, 0.587, 0.114)
_TINY = 1e-8


def gradient(
    picture: Tensor, wish: Wish, chance: torch.Generator, jitter: int, tile: int, halo: int = 32
) -> tuple[Tensor, float]:
    """Say where every pixel has to go for the wish to grow, and how large it is.

    The picture is rolled by chance before it is looked at, so that neither the network's own grid of strides nor the
    borders of tiles are at the same place twice.

    Args:
        picture: 1 3 H W in [0, 1].
        jitter: pixels it is rolled by at most; a picture in several tiles is rolled by up to half a tile.
        tile: side of a tile in pixels.
        halo: pixels around a tile that are looked at too; at the network's reach, tiles change nothing at all.
    Returns: 1 3 H W, and the mean of the wish over all places.
    """
    height, width = picture.shape[2:]
    grid = wish.sight.grid
    tile = max(grid, tile // grid * grid)
    most = max(jitter, tile // 2) if max(height, width) > tile else jitter
    down, right = (int(torch.randint(-most, most + 1, (), generator=chance)) for _ in range(2))
    rolled = torch.roll(picture, (down, right), (2, 3))
    rolled = _wrapped(rolled, -height % grid, -width % grid)
    total, worth, places = torch.zeros_like(rolled), 0.0, 0
    for core, seen in _tiles(rolled.shape[2], rolled.shape[3], tile, -(-halo // grid) * grid):
        part = rolled[:, :, seen[0], seen[1]].detach().requires_grad_(True)
        values = wish.values(part)
        inner = [
            slice((own.start - around.start) // grid, (own.stop - around.start) // grid)
            for own, around in zip(core, seen, strict=True)
        ]
        value = values[inner[0], inner[1]].sum()
        total[:, :, seen[0], seen[1]] += torch.autograd.grad(value, part)[0]
        worth, places = worth + float(value.detach()), places + values[inner[0], inner[1]].numel()
    back = torch.roll(total[:, :, :height, :width], (-down, -right), (2, 3))
    return back / places, worth / places


def _wrapped(picture: Tensor, below: int, right: int) -> Tensor:
    """Go on with the other side, to whole places of the grid, however small the picture."""
    height, width = picture.shape[2:]
    rows = torch.arange(height + below) % height
    columns = torch.arange(width + right) % width
    return picture[:, :, rows][:, :, :, columns] if below or right else picture


def _tiles(height: int, width: int, tile: int, halo: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Give each tile's own pixels, and what is looked at for it."""
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(height, top + tile), min(width, left + tile)
            seen = (
                slice(max(0, top - halo), min(height, bottom + halo)),
                slice(max(0, left - halo), min(width, right + halo)),
            )
            yield (slice(top, bottom), slice(left, right)), seen


def direction(slope: Tensor, *, natural: bool) -> Tensor:
    """Turn a gradient into a step of mean length 1: coarse and fine changes each over their own spread.

    Args:
        slope: 1 3 H W.
        natural: whether colours stay near the photo's own: a dream is then drawn with light, and its colours change
            only in detail.
    Returns: 1 3 H W, whose mean absolute value is 1.
    """
    coarse = blurred(slope, _BAND_PIXELS)
    fine = slope - coarse
    coarse, fine = (band / (band.std() + _TINY) for band in (coarse, fine))
    if natural:
        coarse, fine = _faded(coarse, _COARSE_COLOUR), _faded(fine, _FINE_COLOUR)
    step = coarse + fine
    return step / (step.abs().mean() + _TINY)


def _faded(band: Tensor, colour: float) -> Tensor:
    """Keep changes of light, and a share of those of colour."""
    weights = torch.tensor(_LIGHT)[:, None, None]
    light = (band * weights).sum(1, keepdim=True)
    return light + colour * (band - light)


def blurred(pictures: Tensor, spread: float) -> Tensor:
    """Blur by a Gaussian: B C H W, whose standard deviation is `spread` pixels; borders are mirrored."""
    reach = min(math.ceil(3 * spread), min(pictures.shape[2:]) - 1)
    weights = torch.exp(-torch.arange(-reach, reach + 1).float().square() / (2 * spread**2))
    weights = weights / weights.sum()
    channels = pictures.shape[1]
    padded = F.pad(pictures, (reach, reach, reach, reach), mode="reflect")
    across = F.conv2d(padded, weights.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, weights.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
