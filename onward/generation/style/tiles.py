"""The loss of a picture and its exact slope, in the memory of one tile.

What a style is made of are sums over places, so they can be summed tile by tile: first without slopes; then, the loss's
slope towards each sum being known, each tile is looked at once more and walked through backwards. A tile is looked at
with as much around it as the deepest tap can see, so nothing differs from looking at the whole, and no seam can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.generation.features import Sight
from onward.generation.style.statistics import Moments, moments_of, style_difference, sums_of

__all__ = ["Goal", "Objective", "Sums", "Tile", "added", "frame_of", "mirrored", "tiles_of"]

Sums = list[list[tuple[Tensor, Tensor, Tensor]]]  # for each goal, at each tap

_OUTSIDE = 10.0  # what a colour outside 0 to 1 costs, squared
_LEAST_CONTENT = 0.05  # of what is seen, taken for what is to be kept of it
_RIM = 8  # picture pixels mirrored around it: what a network sees at its edges is not what it sees inside


@dataclass(frozen=True)
class Goal:
    """What a picture, or a region of it, is to become.

    Attributes:
        styles: the wanted moments at each tap.
        weights: of places, at each tap, H W; None for everywhere.
        share: what the region counts.
    """

    styles: tuple[Moments, ...]
    weights: tuple[Tensor, ...] | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Tile:
    """A part of the framed picture: what is looked at, and what of that is its own; rows then columns, in pixels."""

    seen: tuple[slice, slice]
    own: tuple[slice, slice]

    def inner(self, stride: float) -> tuple[slice, slice]:
        """Give its own part within what is seen, in places of a map."""
        parts = zip(self.seen, self.own, strict=True)
        return tuple(  # pyright: ignore[reportReturnType]
            slice(int((own.start - seen.start) / stride), int((own.stop - seen.start) / stride)) for seen, own in parts
        )

    def placed(self, stride: float, frame: int) -> tuple[slice, slice]:
        """Give its own part within the picture's map."""
        return tuple(slice(int((own.start - frame) / stride), int((own.stop - frame) / stride)) for own in self.own)  # pyright: ignore[reportReturnType]


def frame_of(sight: Sight) -> int:
    """Give how wide a frame is mirrored around a picture, in pixels, on the grid."""
    return -(-_RIM // sight.grid) * sight.grid


def tiles_of(height: int, width: int, side: int, frame: int, reach: int) -> list[Tile]:
    """Cut a framed picture of H W, frame not counted, into tiles of `side` pixels, each seen with `reach` around it.

    Example:
        >>> [tile.seen[1] for tile in tiles_of(8, 32, 16, 8, 16)]
        [slice(0, 40, None), slice(8, 48, None)]
    """

    def cuts(length: int) -> Iterator[tuple[slice, slice]]:
        for begin in range(frame, frame + length, side):
            end = min(begin + side, frame + length)
            yield slice(max(0, begin - reach), min(length + 2 * frame, end + reach)), slice(begin, end)

    return [Tile((rows[0], columns[0]), (rows[1], columns[1])) for rows in cuts(height) for columns in cuts(width)]


def added(parts: Iterable[Sums]) -> Sums:
    """Add sums of tiles."""
    totals: Sums = []
    for own in parts:
        if not totals:
            totals = own
            continue
        totals = [
            [(a[0] + b[0], a[1] + b[1], a[2] + b[2]) for a, b in zip(*pair, strict=True)]
            for pair in zip(totals, own, strict=True)
        ]
    return totals


class Objective:
    """The loss of a picture: styles, content, calm and colours.

    Args:
        sight: what it is looked at through.
        size: H W of the picture.
        goals: what it, or each region, is to become.
        content: the maps to keep, at the tap of that number, and what they count; None for nothing to keep.
        calm: what differences of neighbours count.
        side: of a tile in pixels; a multiple of the sight's grid.
    """

    def __init__(
        self,
        sight: Sight,
        size: tuple[int, int],
        goals: Sequence[Goal],
        content: tuple[int, Tensor, float] | None,
        calm: float,
        side: int,
    ) -> None:
        self.sight, self.size, self.goals, self.calm, self.side = sight, size, goals, calm, side
        self.steady: tuple[Tensor, Tensor, float] | None = (
            None  # a picture, where it is to be kept, and what that counts
        )
        self.keep_content(content)
        self.frame = frame_of(sight)
        self.whole = tuple(-(-each // sight.grid) * sight.grid for each in size)
        self._tiles = tiles_of(self.whole[0], self.whole[1], side, self.frame, sight.reach)

    def keep_content(self, content: tuple[int, Tensor, float] | None) -> None:
        """Set what is to be kept of a photo; None for nothing."""
        self.content = content
        if content is None:
            self._norm = 1.0
        else:  # an empty sky differs from its mean hardly at all, and would be kept at any cost without a least
            whole = _LEAST_CONTENT * float(content[1].square().mean())
            self._norm = max(float(_centred(content[1]).square().mean()), whole) + 1e-6

    def fitted(self, picture: Tensor) -> Tensor:
        """Bring 1 3 H W to the size that is looked at."""
        return F.interpolate(picture, size=self.size, mode="bilinear", align_corners=False, antialias=True)

    def framed(self, picture: Tensor) -> Tensor:
        """Mirror a rim around 1 3 H W, so that both sides are multiples of the grid."""
        down, across = (whole - each for whole, each in zip(self.whole, self.size, strict=True))
        return mirrored(picture, (self.frame, self.frame + across, self.frame, self.frame + down))

    def look(self, picture: Tensor) -> tuple[dict[str, float], Tensor]:
        """Give the parts of the loss and the slope of their sum.

        Args:
            picture: 1 3 H W, about 0 to 1.
        Returns: figures by name, and 1 3 H W.
        """
        picture = picture.detach().requires_grad_(True)
        framed = self.framed(picture)
        flat = framed.detach()
        if len(self._tiles) == 1:
            seen = flat.requires_grad_(True)
            figures = self._whole_loss(self.sight(seen))
            (slope,) = torch.autograd.grad(torch.stack(list(figures.values())).sum(), seen)
            told = {name: float(value.detach()) for name, value in figures.items()}
        else:
            told, slope = self._tiled(flat)
        (own,) = torch.autograd.grad(framed, picture, slope)
        del framed, flat, slope
        more = self._plain(picture.detach(), own)
        return told | more, own

    @torch.no_grad()
    def _plain(self, picture: Tensor, slope: Tensor) -> dict[str, float]:
        """Give what is told by pixels alone, colours that do not exist and differences of neighbours; add its slope.

        Written out: at large sizes what autograd keeps for the way back would be most of the memory.
        """
        count = picture.numel()
        beyond = picture.clamp(max=0).add_((picture - 1).clamp_(min=0))
        told = {"outside": _OUTSIDE * float(beyond.square().mean())}
        slope.add_(beyond, alpha=2 * _OUTSIDE / count)
        rough = 0.0
        for axis, length in enumerate(picture.shape[2:], 2):
            if length > 1:
                step = picture.diff(dim=axis)
                rough += float(step.square().mean())
                share = 2 * self.calm / step.numel()
                slope.narrow(axis, 1, length - 1).add_(step, alpha=share)
                slope.narrow(axis, 0, length - 1).sub_(step, alpha=share)
        told["roughness"] = self.calm * rough
        if self.steady is not None:
            wanted, sure, weight = self.steady
            astray = (picture - wanted).mul_(sure)
            told["steadiness"] = weight * float((astray * (picture - wanted)).mean())
            slope.add_(astray, alpha=2 * weight / count)
        return told

    def _whole_loss(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        (tile,) = self._tiles
        cores = [each[..., *tile.inner(self.sight.stride(tap))] for each, tap in self._each(maps)]
        sums = [
            [sums_of(core, None if goal.weights is None else goal.weights[place]) for place, core in enumerate(cores)]
            for goal in self.goals
        ]
        figures = {"style": self.style(sums)}
        if self.content is not None:
            place, wanted, weight = self.content
            figures["content"] = weight * (cores[place] - wanted).square().mean() / self._norm
        return figures

    def style(self, sums: Sums) -> Tensor:
        """Give how far sums, for each goal at each tap, are from the styles'."""
        parts = [
            goal.share * style_difference(moments_of(own), wanted)
            for goal, each in zip(self.goals, sums, strict=True)
            for own, wanted in zip(each, goal.styles, strict=True)
        ]
        return torch.stack(parts).sum() / len(self.sight.taps)

    def _each(self, maps: Sequence[Tensor]) -> Iterator[tuple[Tensor, int]]:
        return zip(maps, self.sight.taps, strict=True)

    def _cores(self, maps: Sequence[Tensor], tile: Tile) -> list[Tensor]:
        return [each[..., *tile.inner(self.sight.stride(tap))] for each, tap in self._each(maps)]

    def _sums(self, cores: Sequence[Tensor], tile: Tile, goal: Goal) -> list[tuple[Tensor, Tensor, Tensor]]:
        if goal.weights is None:
            return [sums_of(core) for core in cores]
        places = [tile.placed(self.sight.stride(tap), self.frame) for tap in self.sight.taps]
        return [sums_of(core, weights[place]) for core, weights, place in zip(cores, goal.weights, places, strict=True)]

    def _tiled(self, framed: Tensor) -> tuple[dict[str, float], Tensor]:
        """Walk over the tiles twice."""
        totals = added(self.tile_sums(framed))
        flat = [part.requires_grad_(True) for goal in totals for each in goal for part in each[:2]]
        style = self.style(totals)
        slopes = torch.autograd.grad(style, flat)
        slope, content = torch.zeros_like(framed), 0.0
        for tile in self._tiles:
            seen = framed[..., *tile.seen].clone().requires_grad_(True)
            cores = self._cores(self.sight(seen), tile)
            own = [part for goal in self.goals for each in self._sums(cores, tile, goal) for part in each[:2]]
            loss = torch.stack([(one * other).sum() for one, other in zip(slopes, own, strict=True)]).sum()
            kept = self._kept(cores, tile)
            content += float(kept.detach())
            slope[..., *tile.seen] += torch.autograd.grad(loss + kept, seen)[0]
        figures = {"style": float(style.detach())}
        return figures | ({} if self.content is None else {"content": content}), slope

    def _kept(self, cores: Sequence[Tensor], tile: Tile) -> Tensor:
        """Give a tile's part of the content's loss."""
        if self.content is None:
            return cores[0].new_zeros(())
        place, wanted, weight = self.content
        there = tile.placed(self.sight.stride(self.sight.taps[place]), self.frame)
        return weight * (cores[place] - wanted[..., *there]).square().sum() / wanted.numel() / self._norm

    @torch.no_grad()
    def tile_sums(self, framed: Tensor) -> Iterator[Sums]:
        """Sum each tile of a framed picture by itself."""
        for tile in self._tiles:
            cores = self._cores(self.sight(framed[..., *tile.seen]), tile)
            yield [self._sums(cores, tile, goal) for goal in self.goals]

    def part_sums(self, picture: Tensor, side: int) -> list[Sums]:
        """Sum each part of a picture, 1 3 H W, by itself; they are squares of this side, and it is looked at once."""
        maps, parts = self.maps(picture), tiles_of(self.whole[0], self.whole[1], side, self.frame, 0)

        def cores(part: Tile) -> list[Tensor]:
            return [each[..., *part.placed(self.sight.stride(tap), self.frame)] for each, tap in self._each(maps)]

        return [[self._sums(cores(part), part, goal) for goal in self.goals] for part in parts]

    def sums(self, picture: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Sum what is seen of a picture, 1 3 H W, at each tap."""
        everywhere = Objective(self.sight, self.size, [Goal(())], None, 0.0, self.side)
        return added(everywhere.tile_sums(everywhere.framed(picture)))[0]

    @torch.no_grad()
    def maps(self, picture: Tensor, places: Sequence[int] | None = None) -> list[Tensor]:
        """Look at a picture without slopes, tile by tile.

        Args:
            places: numbers of the taps that are wanted; all, which are many bytes of a large picture, without.
        Returns: the maps of its own part at each.
        """
        framed = self.framed(picture)
        chosen = range(len(self.sight.taps)) if places is None else places
        found: list[Tensor] = []
        for tile in self._tiles:
            cores = self._cores(self.sight(framed[..., *tile.seen]), tile)
            for number, place in enumerate(chosen):
                core, stride = cores[place], self.sight.stride(self.sight.taps[place])
                if len(found) <= number:
                    shape = tuple(int(each / stride) for each in self.whole)
                    found.append(core.new_zeros(1, core.shape[1], *shape))
                found[number][..., *tile.placed(stride, self.frame)] = core
        return found


def mirrored(picture: Tensor, rims: tuple[int, int, int, int]) -> Tensor:
    """Mirror rims around a picture: left, right, above, below; also rims wider than the picture."""
    while any(rims):
        height, width = picture.shape[2:]
        now = tuple(min(rim, (width if place < 2 else height) - 1) for place, rim in enumerate(rims))
        if not any(now):
            return F.pad(picture, rims, mode="replicate")
        picture = F.pad(picture, now, mode="reflect")
        rims = tuple(rim - done for rim, done in zip(rims, now, strict=True))  # pyright: ignore[reportAssignmentType]
    return picture


def _centred(maps: Tensor) -> Tensor:
    return maps - maps.mean(dim=(2, 3), keepdim=True)
