"""From coarse to fine: which sizes a picture goes through, what share of the time each gets, and how large it can be.

Large strokes are laid while the picture is small, where a look costs little; each size is the last one times the root
of two. What a look costs is measured first, so that time and memory can be told before the work begins.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from onward.core.faults import MachineFault
from onward.generation.features import Sight
from onward.generation.style.statistics import moments_of, sums_of
from onward.generation.style.tiles import Goal, Objective, frame_of, tiles_of

__all__ = [
    "Cost",
    "Plan",
    "bytes_needed",
    "film_side",
    "fitting_side",
    "measured_cost",
    "plan_of",
    "remembered",
    "tile_side",
]

_SMALLEST, _GROWTH = 128, math.sqrt(2)
_SHARE_GROWTH = 1.5  # of the time, from a size to the next
_LOOKS = 25  # at least so many at the last size
_LOOKS_A_FRAME = 8  # of a film
_PROBED = 128
_SIDES = (256, 384, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 4096)
_BASE_BYTES = 0.55e9  # of the program with its library and network
_MOST_WHOLE_BYTES, _MOST_TILE_BYTES = 1.0e9, 0.5e9
_TWICE = 1.4  # what looking once more without a slope adds
_MOST_HISTORY_BYTES = 48e6  # of a checkpoint too
_FLOATS_A_PIXEL, _COPIES = 12, 9  # 3 colours of 4 bytes; pictures held at once beside what L-BFGS remembers


@dataclass(frozen=True)
class Cost:
    """What one look with its slope costs.

    Attributes:
        sight: what is looked through.
        seconds: for each pixel that is seen, those around the picture or a tile among them.
    """

    sight: Sight
    seconds: float

    def look(self, height: int, width: int, side: int) -> float:
        """Give the seconds of a look at H W; in tiles each is looked at once more, without its slope."""
        frame, grid = frame_of(self.sight), self.sight.grid
        high, wide = (-(-each // grid) * grid for each in (height, width))
        tiles = tiles_of(high, wide, side, frame, self.sight.reach)
        areas = [math.prod(part.stop - part.start for part in tile.seen) for tile in tiles]
        return self.seconds * sum(areas) * (1.0 if len(areas) == 1 else _TWICE)


@dataclass(frozen=True)
class Plan:
    """The sizes gone through.

    Attributes:
        sizes: H W each, rising.
        ends: the share of the time by which each has to be done.
    """

    sizes: tuple[tuple[int, int], ...]
    ends: tuple[float, ...]

    @property
    def last(self) -> float:
        """Give the share of the time that the last size gets."""
        return 1 - (self.ends[-2] if len(self.ends) > 1 else 0.0)

    def place(self, progress: float) -> int:
        """Say which size it is time for."""
        return min(len(self.sizes) - 1, sum(progress >= end for end in self.ends))


def plan_of(height: int, width: int, side: int) -> Plan:
    """Plan for a photo of H W whose result has this longer side.

    Example:
        >>> plan_of(300, 400, 256).sizes
        ((96, 128), (136, 181), (192, 256))
    """
    count = max(1, 1 + math.ceil(math.log(side / _SMALLEST, _GROWTH) - 0.05)) if side > _SMALLEST else 1
    sides = [side / _GROWTH ** (count - 1 - number) for number in range(count)]
    factors = [each / max(height, width) for each in sides]
    sizes = tuple((max(1, round(height * factor)), max(1, round(width * factor))) for factor in factors)
    shares = [_SHARE_GROWTH**number for number in range(count)]
    ends = tuple(sum(shares[: number + 1]) / sum(shares) for number in range(count))
    return Plan(sizes, (*ends[:-1], math.inf))


def remembered(height: int, width: int, wanted: int) -> int:
    """Say how many steps L-BFGS may remember of a picture of H W: few of a large one."""
    return max(2, min(wanted, int(_MOST_HISTORY_BYTES / (_FLOATS_A_PIXEL * height * width))))


def tile_side(sight: Sight, height: int, width: int) -> int:
    """Give the side of the tiles that H W is looked at in: one for all of it, where that fits into its memory."""
    frame, bytes_a_pixel = frame_of(sight), _bytes_of(sight)
    if (height + 2 * frame) * (width + 2 * frame) * bytes_a_pixel <= _MOST_WHOLE_BYTES:
        return -(-max(height, width) // sight.grid) * sight.grid
    whole = math.sqrt(_MOST_TILE_BYTES / bytes_a_pixel)
    return max(sight.grid * 4, int((whole - 2 * sight.reach) // sight.grid) * sight.grid)


def bytes_needed(sight: Sight, height: int, width: int, side: int, history: int) -> float:
    """Tell the memory for a picture of H W."""
    seen = min(
        (height + 2 * frame_of(sight)) * (width + 2 * frame_of(sight)), (side + 2 * sight.reach) ** 2
    ) * _bytes_of(sight)
    return _BASE_BYTES + seen + _FLOATS_A_PIXEL * height * width * (_COPIES + history)


def measured_cost(sight: Sight) -> Cost:
    """Time looks at a small random picture.

    Raises:
        MachineFault: a look does not end in a number.
    """
    with torch.random.fork_rng(devices=[]):
        picture = torch.rand(1, 3, _PROBED, _PROBED)
    goal = Goal(tuple(moments_of(sums_of(maps)) for maps in sight(picture)))
    objective = Objective(sight, (_PROBED, _PROBED), [goal], None, 0.0, _PROBED)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        figures, _ = objective.look(picture)
        taken.append(time.perf_counter() - began)
    if not all(math.isfinite(each) for each in figures.values()):
        raise MachineFault(f"{sight.name} gives no numbers on this computer. Choose another: --set backbone=random")
    return Cost(sight, min(taken[1:]) / (_PROBED + 2 * frame_of(sight)) ** 2)


def _bytes_of(sight: Sight) -> float:
    """Give the memory a look takes for each pixel, of its maps and what the way back needs; the first two measured."""
    known = {"lite0": 3000.0, "random": 2000.0, "torchvision/vgg19": 5000.0, "torchvision/squeezenet1_1": 1500.0}
    return known.get(sight.name, 3000.0)


def fitting_side(height: int, width: int, seconds: float, cost: Cost, side: int | None = None) -> int:
    """Choose the longest side at which the last size gets enough looks.

    Not below 256, and above that no longer than the photo's own by much.
    """
    return _longest(height, width, cost, side, lambda look, last: look * _LOOKS <= last * seconds)


def film_side(height: int, width: int, seconds: float, cost: Cost, side: int | None = None) -> int:
    """Choose the longest side at which a film's frame, which may take so many seconds, gets enough looks."""
    return _longest(height, width, cost, side, lambda look, last: look * _LOOKS_A_FRAME <= seconds)


def _longest(height: int, width: int, cost: Cost, side: int | None, serves: Callable[[float, float], bool]) -> int:
    chosen = _SIDES[0]
    for each in _SIDES:
        plan = plan_of(height, width, each)
        size = plan.sizes[-1]
        look = cost.look(*size, side or tile_side(cost.sight, *size))
        if each > 1.5 * max(height, width) or not serves(look, plan.last):
            break
        chosen = each
    return chosen
