"""From coarse to fine: which sizes a picture goes through, what share of the time each gets, and how large it can be.

Large strokes are laid while the picture is small, where a look costs little; each size is the last one times the root
of two. What a look costs is measured first, so that time and memory can be told before the work begins.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch

from onward.core.faults import MachineFault
from onward.generation.features import Sight
from onward.generation.style.statistics import moments_of, sums_of
from onward.generation.style.tiles import Goal, Objective

__all__ = ["Cost", "Plan", "fitting_side", "measured_cost", "plan_of", "remembered", "tile_side"]

_SMALLEST, _GROWTH = 128, math.sqrt(2)
_SHARE_GROWTH = 1.5  # of the time, from a size to the next
_LOOKS = 25  # at least so many at the last size
_PROBED = 128
_SIDES = (256, 384, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 4096)
_BASE_BYTES = 0.55e9  # of the program with its library and network
_MOST_TILE_BYTES = 0.6e9
_MOST_HISTORY_BYTES = 48e6  # of a checkpoint too
_FLOATS_A_PIXEL, _COPIES = 12, 9  # 3 colours of 4 bytes; pictures held at once beside what L-BFGS remembers


@dataclass(frozen=True)
class Cost:
    """What one look with its slope costs.

    Attributes:
        seconds: for each pixel.
        bytes: for each pixel of a tile.
    """

    seconds: float
    bytes: float

    def look(self, height: int, width: int, side: int) -> float:
        """Give the seconds of a look at H W; in tiles it is looked at once more, and at what is around each."""
        tiled = max(height, width) > side
        return self.seconds * height * width * (1.9 if tiled else 1.0)


@dataclass(frozen=True)
class Plan:
    """The sizes gone through.

    Attributes:
        sizes: H W each, rising.
        ends: the share of the time by which each has to be done.
    """

    sizes: tuple[tuple[int, int], ...]
    ends: tuple[float, ...]

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


def tile_side(sight: Sight, cost: Cost) -> int:
    """Give the largest side of a tile that keeps to its memory, on the grid; what is seen around it counts too."""
    whole = math.sqrt(_MOST_TILE_BYTES / cost.bytes)
    return max(sight.grid * 4, int((whole - 2 * sight.reach) // sight.grid) * sight.grid)


def bytes_needed(height: int, width: int, cost: Cost, side: int, history: int) -> float:
    """Tell the memory for a picture of H W."""
    seen = min(height * width, (side + 80) ** 2) * cost.bytes
    return _BASE_BYTES + seen + _FLOATS_A_PIXEL * height * width * (_COPIES + history)


def measured_cost(sight: Sight) -> Cost:
    """Time looks at a small random picture; what memory a look takes is known for each network's maps.

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
    return Cost(min(taken[1:]) / _PROBED**2, _BYTES.get(sight.name, 3000.0))


_BYTES = {"lite0": 3000.0, "random": 2000.0, "torchvision/vgg19": 5000.0, "torchvision/squeezenet1_1": 1500.0}


def fitting_side(height: int, width: int, seconds: float, cost: Cost, side: int) -> int:
    """Choose the longest side at which the last size gets enough looks, no longer than the photo's own by much."""
    longest = max(height, width)
    chosen = _SIDES[0]
    for each in _SIDES:
        plan = plan_of(height, width, each)
        last = 1 - (plan.ends[-2] if len(plan.ends) > 1 else 0.0)
        if each > 1.5 * longest or cost.look(*plan.sizes[-1], side) * _LOOKS > last * seconds:
            break
        chosen = each
    return chosen
