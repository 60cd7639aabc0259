"""Fitting latents and networks to one picture, as C3 does it, and choosing how finely the networks are written.

First latents are rounded softly, with noise, ever more sharply. In the last fifth of the budget they are rounded in
earnest and stay, and only the networks learn: to let the gradient pass as if they were not rounded doubled the bits,
since every step moves some latents over an edge. In the end the networks' weights are rounded to the steps that make
bits and errors together least.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.broad.compress.fitted import encode_single, networks_of, weights_bits
from onward.broad.compress.measuring import ms_ssim
from onward.broad.compress.settings import LAMBDAS, Settings
from onward.broad.compress.single import Layout, Single
from onward.core.exhibits import Picture
from onward.core.files import write_atomically
from onward.core.run import Run
from onward.data.photo import Photo
from onward.parts.adam import Adam

if TYPE_CHECKING:
    from onward.broad.compress.swift import Swift

__all__ = ["fit_picture", "fit_run"]

_HARD = 0.8  # of the budget; from there on latents are rounded in earnest
_STRETCH = 16.0  # latents are this much larger than what the optimiser moves, so they move fast
_RATE, _BETAS = 1e-2, (0.9, 0.99)
_HARD_RATE = 0.3
_WIDTHS = ((30_000, 8, 12), (300_000, 12, 20), (10**12, 16, 32))  # up to so many pixels: teller, painter
_STEPS = (3, 4, 5, 6, 7, 8)  # weights are rounded to 1/2 to this power
_LONGEST_GRADIENT = 1.0
_LOOKS_TO_WRITE = 24  # what choosing the weights' steps and writing take, in times of bits and errors counted once
_LOOKS_TO_END = 40  # the same and decoding, in times of bits and errors counted once
_LIKENESSES_TO_END = 36  # measuring the rivals and drawing, in times of MS-SSIM measured once
_MOST_TAIL = 0.65  # of a run's budget
_COMPILE_SECONDS, _READ_SECONDS = 75.0, 15.0  # from so many left on compiling kernels, or reading them, pays
_STEPS_BEFORE = 20  # so that there is a picture to look at first, and who stops a run at once need not wait
_COMPILE_STEPS = 2000  # whether they are compiled already or not: a run of counted steps ends alike each time


class Movers(NamedTuple):
    """The optimisers."""

    latents: Adam
    networks: Adam


class Fit(nn.Module):
    """One picture on its way: latents and networks.

    Args:
        pixels: H W 3.
        quality: from 0.
    """

    def __init__(self, pixels: NDArray[np.uint8], quality: int) -> None:
        super().__init__()
        height, width = pixels.shape[:2]
        teller, painter = next((small, large) for most, small, large in _WIDTHS if height * width <= most)
        self.single = Single(Layout(height, width), teller, painter)
        self.moved = nn.Parameter(torch.zeros(self.single.layout.count))
        self._swift: Swift | None = None
        self.has_hastened = False
        self._worth = LAMBDAS[quality] * 255**2
        self._pictures = torch.from_numpy(np.array(pixels.transpose(2, 0, 1), order="C"))[None].float() / 255

    def hasten(self) -> None:
        """Count by compiled kernels from now on, the same up to rounding; takes up to a minute the first time."""
        self._swift = _swift(self.single.layout)
        self.has_hastened = True

    @property
    def latents(self) -> Tensor:
        """Give the latents before they are rounded."""
        return self.moved * _STRETCH

    def loss(self, latents: Tensor, single: Single | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Give bits a pixel and what errors are worth, their sum first; then the bits and the mean squared error."""
        single = single or self.single
        if self._swift is None:
            bits, errors = single.bits(latents).sum(), (single.pictures(latents) - self._pictures).square().mean()
        else:
            bits, errors = self._swift.bits(single, latents), self._swift.errors(single, latents, self._pictures)
        bits = bits / self._pictures[0, 0].numel()
        return bits + self._worth * errors, bits, errors

    def movers(self) -> Movers:
        """Give what moves the latents, and what the networks."""
        return Movers(Adam([self.moved], 0.0, _BETAS), Adam(self.single.parameters(), 0.0, _BETAS))

    def turn(self, movers: Movers, progress: float, rate: float) -> dict[str, Tensor]:
        """Take one step."""
        is_hard = progress >= _HARD
        if is_hard:
            rate *= _HARD_RATE * max(0.02, (1 - progress) / (1 - _HARD))
            latents = self.latents.detach().round()
        else:
            share = progress / _HARD
            rate *= 0.52 + 0.5 * float(np.cos(np.pi * share))
            latents = self.softened(0.3 - 0.2 * share, 2 - share)
        loss, bits, errors = self.loss(latents)
        for adam in movers:
            adam.learning_rate = rate
            adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.single.parameters(), _LONGEST_GRADIENT)
        for adam in movers[is_hard:]:  # latents have no slope in the end, but they would still have speed
            adam.step()
        return {"loss": loss, "bits_a_pixel": bits, "error_decibels": -10 * errors.log10()}

    def softened(self, sharpness: float, peak: float) -> Tensor:
        """Give latents softly rounded, with noise, and softly rounded again."""
        drawn = torch.rand_like(self.moved).clamp(1e-6, 1 - 1e-6)
        if self._swift is not None:
            return self._swift.softened(self.latents, drawn, sharpness, peak)
        return _soft(_soft(self.latents, sharpness) + _noise(drawn, peak), sharpness)

    @torch.no_grad()
    def look(self) -> float:
        """Count bits and errors once, by torch: writing the file takes time like that; gives the seconds it took."""
        began = time.monotonic()
        latents = self.latents.round()
        self.single.bits(latents).sum()
        (self.single.pictures(latents) - self._pictures).square().mean()
        return time.monotonic() - began

    @torch.no_grad()
    def written(self) -> tuple[Single, tuple[int, int], Tensor]:
        """Give the networks as they will be in the file, the steps their weights are in, and the whole latents."""
        latents = self.latents.round()
        chosen: list[int] = [_STEPS[-1], _STEPS[-1]]
        for place in (0, 1):
            costs = {}
            for step in _STEPS:
                steps = (step, chosen[1]) if place == 0 else (chosen[0], step)
                trial = rounded(self.single, steps)
                costs[step] = float(self.loss(latents, trial)[0]) + weights_bits(trial, steps) / latents_area(trial)
            chosen[place] = min(costs, key=lambda step: costs[step])
        steps = chosen[0], chosen[1]
        return rounded(self.single, steps), steps, latents


def latents_area(single: Single) -> int:
    """Count the pixels."""
    return single.layout.height * single.layout.width


def rounded(single: Single, steps: tuple[int, int]) -> Single:
    """Give a copy whose weights are whole multiples of 1/2 to the power of the step: the teller's, the painter's."""
    trial = Single(single.layout, *single.widths)
    trial.load_state_dict(single.state_dict())
    for part, step in zip(networks_of(trial), steps, strict=True):
        for weight in part.parameters():
            weight.data = ((weight.data * 2**step).round() / 2**step).clamp(-7.99, 7.99)
    return trial


def fit_picture(photo: Photo, quality: int, seconds: float) -> bytes:
    """Fit a picture in so many seconds and give its file."""
    began = time.monotonic()
    fit = Fit(photo.pixels, quality)
    if _is_swift(seconds, None):
        fit.hasten()
    movers = fit.movers()
    fit.look()  # the first is slower
    learning = max(0.5, 0.95 * seconds - 0.5 - _LOOKS_TO_WRITE * fit.look() - (time.monotonic() - began))
    started = time.monotonic()
    while (passed := time.monotonic() - started) < learning:
        fit.turn(movers, passed / learning, _RATE)
    return encode_single(photo, quality, *fit.written())


def fit_run(run: Run, photo: Photo, settings: Settings) -> bytes:
    """Fit a picture in a run's budget; leaves `picture.onw` in its folder."""
    run.cooldown = 1 - _HARD
    fit = Fit(photo.pixels, settings.quality - 1)
    movers = fit.movers()
    run.keep(fit=fit, latents=movers.latents, networks=movers.networks)
    if run.budget.seconds is not None:
        fit.look()  # the first is slower
        tail = _LOOKS_TO_END * fit.look() + _LIKENESSES_TO_END * _likeness_seconds(photo.pixels)
        run.tail_seconds = max(run.tail_seconds, min(_MOST_TAIL * run.budget.seconds, tail))
    for step in run.steps():
        is_ripe = step.index >= _STEPS_BEFORE and not fit.has_hastened
        if is_ripe and _is_swift(run.seconds_left / run.crowding, run.budget.steps):
            fit.hasten()
        step.log(**fit.turn(movers, step.progress, _RATE * 0.5**run.setbacks))
        if step.every(settings.show_every):
            step.show(decoded=Picture(_pixels(fit), f"step {step.index}"))
    content = encode_single(photo, settings.quality - 1, *fit.written())
    write_atomically(run.path / "picture.onw", content)
    return content


def _likeness_seconds(pixels: NDArray[np.uint8]) -> float:
    began = time.monotonic()
    ms_ssim(pixels, pixels)
    return time.monotonic() - began


@torch.no_grad()
def _pixels(fit: Fit) -> NDArray[np.uint8]:
    painted = fit.single.pictures(fit.latents.round())[0].permute(1, 2, 0)
    return (painted.clamp(0, 1) * 255).round().byte().contiguous().numpy()


def _soft(values: Tensor, sharpness: float) -> Tensor:
    """Round softly (Agustsson and Theis 2020): the smaller `sharpness`, the nearer to a staircase."""
    floor = values.floor().detach()
    bend = 2 * float(np.tanh(0.5 / sharpness))
    return floor + 0.5 + torch.tanh((values - floor - 0.5) / sharpness) / bend


def _noise(drawn: Tensor, peak: float) -> Tensor:
    """Make noise between -1/2 and 1/2 of numbers drawn evenly from 0 to 1.

    There is more of it near 0 where `peak` is above 1 (Kumaraswamy's distribution).
    """
    other = (2**peak * (peak - 1) + 1) / peak
    return (1 - (1 - drawn) ** (1 / other)) ** (1 / peak) - 0.5


def _is_swift(seconds: float, steps: int | None) -> bool:
    """Say whether to count by compiled kernels: numba is there, and enough of the budget is left to get them."""
    if find_spec("numba") is None or find_spec("scipy") is None:
        return False
    enough_seconds = _READ_SECONDS if _are_compiled() else _COMPILE_SECONDS
    return seconds >= enough_seconds and (steps is None or steps >= _COMPILE_STEPS)


def _are_compiled() -> bool:
    """Say whether this Python has compiled the kernels since they were last changed."""
    source = Path(__file__).with_name("kernels.py")
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    found = source.parent.glob(f"__pycache__/kernels.paint-*.{python}.nbi")
    return any(each.stat().st_mtime > source.stat().st_mtime for each in found)


def _swift(layout: Layout) -> Swift | None:
    """Give the kernels, compiled; imported here, because numba takes seconds that not every budget has."""
    try:
        from onward.broad.compress.swift import Swift
    except ImportError:  # a numba that does not go with this NumPy
        return None
    return Swift(layout).compile()
