"""The codec as a network: a transform to latents, one back, and a model of how likely the latents are.

After Ballé, Minnen, Singh, Hwang and Johnston 2018 ("Variational image compression with a scale hyperprior",
arXiv:1802.01436), with what made minutes on a processor enough:

- the transform begins as the principal components of the folder's own 8 x 8 blocks, so the codec is a good one before
  its first step; blocks then learn to overlap (16 x 16), and small residual blocks to mend what they break;
- means beside scales (Minnen 2018, arXiv:1809.02736), and latents seen in four phases, so that most lie between
  others that are known (as in He 2021, arXiv:2103.15306); before the first step they are foretold by least squares;
- one network for six qualities: each has its own gains, a step size for each latent (Cui 2021, arXiv:2003.02012).

Shapes: pictures B 3 H W in 0 to 1; latents B M H/8 W/8; hyper-latents B Z H/32 W/32; `quality` is B, from 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.broad.compress.bounded import bounded
from onward.broad.compress.settings import LAMBDAS

__all__ = ["BLOCK", "HYPER", "LEVELS", "PHASES", "Codec", "Coded", "Probabilities", "Start", "scale_of"]

BLOCK, HYPER = 8, 4  # pixels a latent, latents a hyper-latent, along each side
LEVELS = 64  # of scale, from 0.11 to 64, each 1.106 times the last
_MOST_SEEN = 4
_ESCAPE, _FAR = 1e-5, 4.0  # how likely an escape is near 0, and by how much further out it is e times less so
_LEAST_UNIT = 0.1  # of a latent, for pixels of 0 to 1
_SMALLEST, _RATIO = 0.11, (64 / 0.11) ** (1 / (LEVELS - 1))
PHASES = ((0, 0), (1, 1), (0, 1), (1, 0))  # row and column of the first latent of each
LEVELS_A_UNIT, MIDDLE_LEVEL = 8, 24  # how a network's answer becomes a level: 8 answer + 24


class Start(NamedTuple):
    """What a codec begins as, found by linear algebra.

    Attributes:
        components: M 192, orthonormal rows over 3 8 8 values of a block.
        deviations: M, of the blocks along them.
        mean: 3, of the pixels.
        neighbours: 3 M 9, by which the latents of the later phases are foretold from the 3 x 3 around them.
        left: 4 M, the share of a deviation that is left then, in each phase.
    """

    components: NDArray[np.float64]
    deviations: NDArray[np.float64]
    mean: NDArray[np.float64]
    neighbours: NDArray[np.float64]
    left: NDArray[np.float64]


class Coded(NamedTuple):
    """What a batch of pictures costs: bits of each picture, B; and what is decoded, B 3 H W."""

    bits: Tensor
    pictures: Tensor


def scale_of(level: Tensor) -> Tensor:
    """Give the standard deviation of a level."""
    return _SMALLEST * torch.exp(level * math.log(_RATIO))


class Residual(nn.Module):
    """Adds to latents what a small look around suggests; nothing at first."""

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(latents, width, 1)
        self.look = nn.Conv2d(width, width, 3, padding=1)
        self.widen = nn.Conv2d(width, latents, 1)
        self.strength = nn.Parameter(torch.ones(len(LAMBDAS), latents))
        nn.init.zeros_(self.widen.weight)
        nn.init.zeros_(self.widen.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, latents: Tensor, quality: Tensor) -> Tensor:
        seen = F.leaky_relu(self.look(F.leaky_relu(self.narrow(latents), 0.1)), 0.1)
        return latents + self.strength[quality][:, :, None, None] * self.widen(seen)


class Analysis(nn.Module):
    """Pictures to latents in units of a quantiser's step."""

    mean: Tensor

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        self.transform = nn.Conv2d(3, latents, 2 * BLOCK, BLOCK, BLOCK // 2, bias=False)
        self.residuals = nn.ModuleList(Residual(latents, width) for _ in range(2))
        self.log_gain = nn.Parameter(torch.zeros(len(LAMBDAS), latents))
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))

    def forward(self, pictures: Tensor, quality: Tensor) -> Tensor:
        latents = self.transform(pictures - self.mean)
        for residual in self.residuals:
            latents = residual(latents, quality)
        return latents * self.log_gain[quality].exp()[:, :, None, None]


class Synthesis(nn.Module):
    """Latents in units of a quantiser's step to pictures, not yet cut to 0 to 1."""

    mean: Tensor
    unit: Tensor

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        self.residuals = nn.ModuleList(Residual(latents, width) for _ in range(4))
        self.transform = nn.ConvTranspose2d(latents, 3, 2 * BLOCK, BLOCK, BLOCK // 2, bias=False)
        self.log_step = nn.Parameter(torch.zeros(len(LAMBDAS), latents))
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("unit", torch.ones(1, latents, 1, 1))

    def forward(self, latents: Tensor, quality: Tensor) -> Tensor:
        latents = latents * self.log_step[quality].exp()[:, :, None, None]
        for residual in self.residuals:
            latents = residual(latents, quality)
        return self.transform(latents * self.unit) + self.mean


class Probabilities(nn.Module):
    """How likely latents are: told by hyper-latents, and by those latents that were seen before.

    Latents are seen in four phases, each a quarter of the grid: even rows and columns first, then those between them
    diagonally, then the rest. What is between is foretold from its neighbours.

    Nothing here but convolutions, cuts at 0, and moves of numbers: it works in whole numbers as well (`integers.py`),
    which is how files are written and read.
    """

    def __init__(self, latents: int, width: int, hyper: int) -> None:
        super().__init__()
        self.latents, self.most = latents, _MOST_SEEN
        sizes = ((hyper, 4 * width), (width, 4 * width))
        self.enlarge = nn.ModuleList(nn.Conv2d(*each, 3, padding=1) for each in sizes)
        self.around = nn.ModuleList(nn.Conv2d(latents, width, 3, 2) for _ in PHASES[1:])
        self.straight = nn.ModuleList(nn.Conv2d(latents, latents, 3, 2, groups=latents) for _ in PHASES[1:])
        self.mix = nn.ModuleList(nn.Conv2d(2 * width if place else width, width, 1) for place in range(len(PHASES)))
        self.tell = nn.ModuleList(nn.Conv2d(width, 2 * latents, 1) for _ in PHASES)
        for layer in [*self.straight, *self.tell]:
            nn.init.zeros_(layer.weight)  # pyright: ignore[reportArgumentType]
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]

    def told(self, hyper: Tensor, height: int, width: int) -> Tensor:
        """Enlarge hyper-latents to the latents' height and width."""
        for layer in self.enlarge:
            hyper = F.pixel_shuffle(layer(hyper), 2).clamp(min=0)
        return hyper[:, :, :height, :width]

    def phase(self, number: int, told: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and unscaled level of a phase's latents; `seen` has 0 where nothing was seen yet."""
        row, column = PHASES[number]
        here = told[:, :, row::2, column::2]
        if number == 0:
            mean, level = self.tell[0](self.mix[0](here).clamp(min=0)).chunk(2, 1)
            return mean, level
        near = F.pad(seen, (1, 1, 1, 1))[:, :, row:, column:]
        nearly = near.clamp(-self.most, self.most)  # how large a large one is says nothing of how sure the next is
        here = torch.cat([here, self.around[number - 1](nearly).clamp(min=0)], 1)
        mean, level = self.tell[number](self.mix[number](here).clamp(min=0)).chunk(2, 1)
        return mean + self.straight[number - 1](near), level


class Codec(nn.Module):
    """All parts, as they learn.

    Args:
        latents: M, at most 192.
        width: channels of the layers between.
    """

    def __init__(self, latents: int, width: int) -> None:
        super().__init__()
        self.hyper = max(4, width // 2)
        self.analysis = Analysis(latents, width)
        self.synthesis = Synthesis(latents, width)
        self.summary = nn.Sequential(
            nn.Conv2d(latents, width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, width, 5, 2, 2),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, self.hyper, 5, 2, 2),
        )
        self.probabilities = Probabilities(latents, width, self.hyper)
        self.usual = nn.Parameter(
            torch.zeros(len(PHASES), len(LAMBDAS), latents)
        )  # added to the answers of `probabilities`
        self.hyper_mean = nn.Parameter(torch.zeros(len(LAMBDAS), self.hyper))
        self.hyper_log_scale = nn.Parameter(torch.full((len(LAMBDAS), self.hyper), -1.5))  # cheap at first

    def begin_with(self, start: Start) -> None:
        """Begin as principal components, each foretold from its neighbours by least squares."""
        kernels = torch.zeros_like(self.analysis.transform.weight)
        edge = BLOCK // 2
        kernels[:, :, edge:-edge, edge:-edge] = torch.from_numpy(start.components).reshape(-1, 3, BLOCK, BLOCK).float()
        spread = torch.from_numpy(start.deviations).float()
        # where bits are many, the loss is least at a step of sqrt(18 / (ln 2 lambda 255^2)) for pixels of 0 to 1
        steps = torch.tensor([math.sqrt(18 / (math.log(2) * each * 255**2)) for each in LAMBDAS])
        # rare components stay small, or the step of a quantiser would be huge for the layers between
        unit = (spread.square() + _LEAST_UNIT**2).sqrt()
        gain = (unit[None] / steps[:, None]).log()
        mean = torch.from_numpy(start.mean).float()[None, :, None, None]
        with torch.no_grad():
            for part, sign, name in ((self.analysis, 1, "log_gain"), (self.synthesis, -1, "log_step")):
                part.mean.copy_(mean)
                getattr(part, name).copy_(sign * gain)
            self.analysis.transform.weight.copy_(kernels / unit[:, None, None, None])
            self.synthesis.transform.weight.copy_(kernels)
            self.synthesis.unit.copy_(unit[None, :, None, None])
            for layer, weight in zip(self.probabilities.straight, start.neighbours, strict=True):
                layer.weight.copy_(torch.from_numpy(weight).reshape(-1, 1, 3, 3))  # pyright: ignore[reportCallIssue]
            left = torch.from_numpy(start.left).float().log()[:, None]
            levels = ((spread[None] / steps[:, None]).log() + left - math.log(_SMALLEST)) / math.log(_RATIO)
            self.usual.copy_((levels.clamp(0, LEVELS - 1) - MIDDLE_LEVEL) / LEVELS_A_UNIT)

    def summarise(self, latents: Tensor) -> Tensor:
        """Give hyper-latents, not yet rounded."""
        return self.summary(latents.sign() * latents.abs().log1p())

    def forward(self, pictures: Tensor, quality: Tensor) -> Coded:
        """Code as in training: noise for the bits (equation 3 of the paper), rounding for the rest."""
        latents = self.analysis(pictures, quality)
        # noise for what is told too: rounded, it would say nothing for long, and then all at once
        hyper = _noisy(self.summarise(latents))
        bits = self._hyper_bits(hyper, quality)
        told = self.probabilities.told(hyper, *latents.shape[-2:])
        seen = torch.zeros_like(latents)
        for number, (row, column) in enumerate(PHASES):
            means, levels = self.probabilities.phase(number, told, seen)
            apart = latents[:, :, row::2, column::2] - means
            bits = bits + _gaussian_bits(_noisy(apart), levels + self.usual[number, quality][:, :, None, None])
            seen = seen.clone()
            seen[:, :, row::2, column::2] = _rounded(apart) + means
        return Coded(bits, self.synthesis(seen, quality))

    def _hyper_bits(self, hyper: Tensor, quality: Tensor) -> Tensor:
        mean = self.hyper_mean[quality][:, :, None, None]
        scale = self.hyper_log_scale[quality].exp()[:, :, None, None].clamp(min=0.05)
        share = torch.sigmoid((hyper + 0.5 - mean) / scale) - torch.sigmoid((hyper - 0.5 - mean) / scale)
        return -share.clamp(min=1e-9).log2().sum((1, 2, 3))


def _noisy(values: Tensor) -> Tensor:
    return values + torch.rand_like(values) - 0.5


def _rounded(values: Tensor) -> Tensor:
    """Round, and let the gradient pass as if nothing had been done."""
    return values + (values.round() - values).detach()


def _gaussian_bits(values: Tensor, answers: Tensor) -> Tensor:
    """Give the bits of each picture's values about 0, B; what is far out costs about what an escape does."""
    scale = scale_of(bounded(LEVELS_A_UNIT * answers + MIDDLE_LEVEL, LEVELS - 1))
    far = values.abs()
    share = _below((0.5 - far) / scale) - _below((-0.5 - far) / scale)
    return -(share + _ESCAPE * torch.exp(-far / _FAR)).log2().sum((1, 2, 3))


def _below(values: Tensor) -> Tensor:
    return 0.5 * torch.erfc(-values * math.sqrt(0.5))
