"""A picture to tiles of bytes and back, by a frozen model: floats find the latents, whole numbers everything else.

What a file's symbols decode to depends on whole numbers alone (`integers.py`, `tables.py`); only the last step, from
latents to pixels, is in floats, so pixels may differ by 1 of 255 between machines and symbols never do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.broad.compress.container import BrokenFile, tiles_of
from onward.broad.compress.integers import ONE, in_integers
from onward.broad.compress.network import (
    BLOCK,
    HYPER,
    LEVELS,
    LEVELS_A_UNIT,
    MIDDLE_LEVEL,
    PHASES,
    Codec,
    Probabilities,
    scale_of,
)
from onward.broad.compress.settings import LAMBDAS
from onward.broad.compress.tables import Decoder, Tables, counts_of, encode

__all__ = ["Frozen", "freeze", "frozen_from"]

_REACH_OF_TABLE = 5.0  # deviations; what lies beyond is escaped
_HYPER_REACH = 24
_WINDOW, _MARGIN = 64, 8  # latents decoded at once, and what is looked at around them: more than the network sees
_MOST_LATENT = 1 << 20
_RELUCTANCE = 0.1  # of rounding away from 0
_TABLES = ("scales", "hyper")
_IN_INTEGERS = ("probabilities", "hyper_", "usual")  # weights that a frozen codec has as whole numbers or as tables


@dataclass(frozen=True)
class Frozen:
    """A codec that no longer changes.

    Attributes:
        network: as it learned, its weights rounded to 16 bits.
        whole: the model of probabilities in whole numbers.
        usual: what is added to its answers, by phase, quality and latent, in 1/256.
        scales: tables of latents by level; hyper: of hyper-latents by quality and channel.
        state: all tensors that decide what a file means, as they are stored.
    """

    network: Codec
    whole: Probabilities
    usual: Tensor
    scales: Tables
    hyper: Tables
    state: dict[str, Tensor] = field(repr=False)

    @property
    def id(self) -> bytes:
        """Give the SHA-256 of the model's tensors, by name."""
        digest = hashlib.sha256()
        for name in sorted(self.state):
            tensor = self.state[name].contiguous()
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            digest.update(tensor.numpy().tobytes())
        return digest.digest()

    @property
    def decoder_bytes(self) -> int:
        """Count the bytes that somebody needs to decode."""
        return sum(each.nbytes for name, each in self.state.items() if not name.startswith(("analysis", "summary")))

    @torch.no_grad()
    def encode(self, pixels: NDArray[np.uint8], quality: int) -> list[bytes]:
        """Encode H W 3 into tiles, row by row; quality is counted from 0."""
        height, width = pixels.shape[:2]
        padded = np.pad(pixels, ((0, -height % BLOCK), (0, -width % BLOCK), (0, 0)), mode="edge")
        grade = torch.tensor([quality])
        latents = _in_windows(
            torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32) / 255),
            lambda part: self.network.analysis(part, grade),
            BLOCK,
            1,
        )
        return [
            self._encode_tile(latents[:, :, top:bottom, left:right], quality)
            for top, left, bottom, right in _latent_tiles(height, width)
        ]

    def decode(self, tiles: Sequence[bytes | None], height: int, width: int, quality: int) -> tuple[NDArray, list[int]]:
        """Decode tiles to H W 3 bytes; also the numbers of the tiles that could not be, which are left even.

        Raises:
            BrokenFile: there is no such quality.
        """
        latents, lost = self.symbols(tiles, height, width, quality)
        return self.pixels(latents, height, width, quality), lost

    @torch.no_grad()
    def symbols(self, tiles: Sequence[bytes | None], height: int, width: int, quality: int) -> tuple[Tensor, list[int]]:
        """Decode tiles to latents in 1/256, 1 M H/8 W/8 of int32, in whole numbers only."""
        if not 0 <= quality < len(LAMBDAS):
            raise BrokenFile("it names a quality that there is not")
        shape = (1, self.network.probabilities.latents, -(-height // BLOCK), -(-width // BLOCK))
        latents = torch.zeros(shape, dtype=torch.int32)
        lost = []
        for number, (tile, place) in enumerate(zip(tiles, _latent_tiles(height, width), strict=True)):
            top, left, bottom, right = place
            try:
                if tile is None:
                    raise BrokenFile("its checksum is wrong")
                found = self._decode_tile(tile, bottom - top, right - left, quality)
                latents[:, :, top:bottom, left:right] = found.int()
            except BrokenFile:
                lost.append(number)
        return latents, lost

    @torch.no_grad()
    def pixels(self, latents: Tensor, height: int, width: int, quality: int) -> NDArray[np.uint8]:
        """Turn latents in 1/256 into H W 3 bytes, in floats."""
        grade = torch.tensor([quality])
        seen = _in_windows(latents, lambda part: self.network.synthesis(part.float() / ONE, grade), 1, BLOCK)
        found = (seen[0, :, :height, :width] * 255).round().clamp(0, 255).byte()
        return found.permute(1, 2, 0).contiguous().numpy()

    def _encode_tile(self, latents: Tensor, quality: int) -> bytes:
        height, width = latents.shape[-2:]
        hyper = self.network.summarise(latents).round().clamp(-_MOST_LATENT, _MOST_LATENT).long()
        told = self.whole.told(hyper * ONE, height, width)
        stages = [(self.hyper, hyper.flatten().numpy(), self._hyper_tables(hyper.shape, quality))]
        known = torch.zeros(latents.shape, dtype=torch.int64)
        for number, (row, column) in self._phases(height, width):
            means, answers = self.whole.phase(number, told, known)
            apart = latents[:, :, row::2, column::2] - means.float() / ONE
            symbols = _towards_zero(apart).clamp(-_MOST_LATENT, _MOST_LATENT).long()
            known[:, :, row::2, column::2] = symbols * ONE + means
            tables = self._levels(answers, number, quality)
            stages.append((self.scales, symbols.flatten().numpy(), tables.flatten().numpy()))
        return encode(stages)

    def _decode_tile(self, content: bytes, height: int, width: int, quality: int) -> Tensor:
        shape = (1, self.network.hyper, -(-height // HYPER), -(-width // HYPER))
        channels = self.network.probabilities.latents
        decoder = Decoder(content, height * width * channels + int(np.prod(shape)))
        hyper = torch.from_numpy(decoder.decode(self.hyper, self._hyper_tables(shape, quality))).reshape(shape)
        told = self.whole.told(hyper * ONE, height, width)
        known = torch.zeros((1, channels, height, width), dtype=torch.int64)
        for number, (row, column) in self._phases(height, width):
            means, answers = self.whole.phase(number, told, known)
            tables = self._levels(answers, number, quality)
            symbols = torch.from_numpy(decoder.decode(self.scales, tables.flatten().numpy())).reshape(means.shape)
            known[:, :, row::2, column::2] = symbols * ONE + means
        return known.clamp(-(2**31) + 1, 2**31 - 1)

    @staticmethod
    def _phases(height: int, width: int) -> list[tuple[int, tuple[int, int]]]:
        """List the phases that have latents in a grid of this size, with their numbers."""
        return [(number, each) for number, each in enumerate(PHASES) if each[0] < height and each[1] < width]

    def _levels(self, answers: Tensor, phase: int, quality: int) -> Tensor:
        """Turn answers in 1/256 into the numbers of tables."""
        told = answers + self.usual[phase, quality].long()[None, :, None, None]
        return ((LEVELS_A_UNIT * told + MIDDLE_LEVEL * ONE + ONE // 2) >> ONE.bit_length() - 1).clamp(0, LEVELS - 1)

    def _hyper_tables(self, shape: Sequence[int], quality: int) -> NDArray[np.int64]:
        """Give the number of the table of each hyper-latent."""
        channels = quality * self.network.hyper + np.arange(self.network.hyper)
        return np.repeat(channels, int(np.prod(shape[2:])))


def _towards_zero(values: Tensor) -> Tensor:
    """Round, what is nearly halfway to the number nearer to 0: that costs fewer bits than the error is worth."""
    return values.sign() * (values.abs() + 0.5 - _RELUCTANCE).floor()


def freeze(network: Codec) -> Frozen:
    """Freeze a codec: round its weights to 16 bits, turn its probabilities into whole numbers and counts."""
    weights = {name: each.half() if each.is_floating_point() else each for name, each in network.state_dict().items()}
    network.load_state_dict({name: each.to(network.state_dict()[name].dtype) for name, each in weights.items()})
    whole = in_integers(network.probabilities)
    state = {name: each for name, each in weights.items() if not name.startswith(_IN_INTEGERS)}
    state["usual"] = (network.usual.detach() * ONE).round().clamp(-(2**20), 2**20).to(torch.int32)
    state |= {f"whole.{name}": each for name, each in whole.state_dict().items()}
    for name, tables in zip(_TABLES, (_scale_tables(), _hyper_tables(network)), strict=True):
        state |= {f"{name}.counts": torch.from_numpy(tables.counts), f"{name}.reach": torch.from_numpy(tables.reach)}
    return frozen_from(state, network)


def frozen_from(state: dict[str, Tensor], network: Codec) -> Frozen:
    """Put a stored model together.

    Args:
        network: of the right sizes, empty.
    Raises:
        ValueError, KeyError, RuntimeError: the tensors do not fit or are no numbers.
    """
    if not all(each.isfinite().all() for each in state.values()):
        raise ValueError("its weights are no numbers")
    own = network.state_dict()
    plain = {name: state[name].to(own[name].dtype) for name in own if not name.startswith(_IN_INTEGERS)}
    network.load_state_dict(plain | {name: own[name] for name in own if name not in plain})
    whole = in_integers(network.probabilities)
    whole.most *= ONE
    whole.load_state_dict({name.removeprefix("whole."): each for name, each in state.items() if "whole." in name})
    scales, hyper = (Tables(state[f"{name}.counts"].numpy(), state[f"{name}.reach"].numpy()) for name in _TABLES)
    for each, count in ((scales, LEVELS), (hyper, len(LAMBDAS) * network.hyper)):
        each.check()
        if len(each.reach) != count:
            raise ValueError("tables for another network")
    usual = state["usual"]
    if usual.dtype != torch.int32 or usual.shape != network.usual.shape:
        raise ValueError("usual levels of another shape")
    return Frozen(network.eval().requires_grad_(False), whole, usual, scales, hyper, state)


def _scale_tables() -> Tables:
    """Work out the table of each level: a Gaussian about 0, summed over each whole number's own interval."""
    rows = []
    for scale in scale_of(torch.arange(LEVELS, dtype=torch.float64)).tolist():
        reach = max(1, round(_REACH_OF_TABLE * scale))
        edges = (torch.arange(-reach, reach + 2, dtype=torch.float64) - 0.5) / scale
        below = 0.5 * torch.erfc(-edges / 2**0.5)
        rows.append(counts_of(np.append(below.diff().numpy(), 1 - float(below[-1] - below[0]))))
    return Tables.of(rows)


def _hyper_tables(network: Codec) -> Tables:
    means, scales = network.hyper_mean.detach().double(), network.hyper_log_scale.detach().double().exp()
    edges = torch.arange(-_HYPER_REACH, _HYPER_REACH + 2, dtype=torch.float64) - 0.5
    rows = []
    for mean, scale in zip(means.flatten(), scales.flatten().clamp(min=0.05), strict=True):
        below = torch.sigmoid((edges - mean) / scale)
        rows.append(counts_of(np.append(below.diff().numpy(), 1 - float(below[-1] - below[0]))))
    return Tables.of(rows)


def _latent_tiles(height: int, width: int) -> list[tuple[int, int, int, int]]:
    return [
        (top // BLOCK, left // BLOCK, -(-bottom // BLOCK), -(-right // BLOCK))
        for top, left, bottom, right in tiles_of(height, width)
    ]


def _in_windows(whole: Tensor, work: object, before: int, after: int) -> Tensor:
    """Apply a network window by window, each with enough around it that the seams do not show; bounded memory.

    Args:
        before, after: how many numbers of the input and of the output stand for a latent's side.
    """
    height, width = (each // before for each in whole.shape[-2:])
    found: Tensor | None = None
    for top in range(0, height, _WINDOW):
        for left in range(0, width, _WINDOW):
            bottom, right = min(top + _WINDOW, height), min(left + _WINDOW, width)
            upper, outer = max(0, top - _MARGIN), max(0, left - _MARGIN)
            lower, far = min(height, bottom + _MARGIN), min(width, right + _MARGIN)
            part = work(whole[:, :, upper * before : lower * before, outer * before : far * before])  # pyright: ignore[reportCallIssue]
            if found is None:
                found = torch.empty((1, part.shape[1], height * after, width * after))
            rows = slice((top - upper) * after, (bottom - upper) * after)
            columns = slice((left - outer) * after, (right - outer) * after)
            found[:, :, top * after : bottom * after, left * after : right * after] = part[:, :, rows, columns]
    return found if found is not None else torch.empty(0)
