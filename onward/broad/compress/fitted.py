"""A fitted picture as a file: its networks, weight by weight, and its latents, front by front, in whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.broad.compress.container import BrokenFile, Container, pack, packed_alpha
from onward.broad.compress.integers import ONE, in_integers
from onward.broad.compress.single import FRACTIONS, LEVELS, Layout, Single, laplace_tables, table_numbers
from onward.broad.compress.tables import Decoder, encode
from onward.data.photo import Photo

__all__ = ["decode_single", "encode_single", "networks_of", "painted", "single_latents", "weights_bits"]

_MOST_WIDTH, _MOST_STEP = 64, 8
_BIG = 1 << 20


def networks_of(single: Single) -> tuple[nn.Module, nn.Module]:
    """Give the two networks whose weights are written: teller and painter."""
    return single.teller, single.painter


def weights_bits(single: Single, steps: tuple[int, int]) -> int:
    """Count the bits that the weights take."""
    return 8 * len(_packed_networks(single, steps))


def encode_single(photo: Photo, quality: int, single: Single, steps: tuple[int, int], latents: Tensor) -> bytes:
    """Write a fitted picture.

    Args:
        quality: from 0.
        single: with weights rounded to these steps.
        latents: whole numbers, N.
    """
    values = latents.numpy().astype(np.int64).clip(-_BIG, _BIG)
    foretell, layout = _Foretelling(single), single.layout
    tiles = []
    for number in range(len(layout.tiles)):
        stages = []
        for front in layout.fronts(number):
            tables, middles = foretell(values, layout.contexts[front])
            stages.append((laplace_tables(), values[front] - middles, tables))
        tiles.append(encode(stages))
    height, width = photo.pixels.shape[:2]
    is_grey = bool((photo.pixels == photo.pixels[..., :1]).all())
    return pack(
        Container(
            width,
            height,
            quality + 1,
            tiles,
            is_fitted=True,
            is_grey=is_grey,
            networks=_packed_networks(single, steps),
            alpha=packed_alpha(photo.alpha),
        )
    )


def decode_single(file: Container) -> tuple[NDArray[np.uint8], list[int]]:
    """Decode a fitted picture: H W 3, and the numbers of the tiles that could not be.

    Raises:
        BrokenFile: its networks are none.
    """
    single = _unpacked_networks(file.networks, Layout(file.height, file.width))
    values, lost = single_latents(file, single)
    return painted(single, values), lost


def single_latents(file: Container, single: Single | None = None) -> tuple[NDArray[np.int64], list[int]]:
    """Decode the latents of a fitted picture, N, in whole numbers only; those of a lost tile are 0."""
    layout = Layout(file.height, file.width)
    single = single or _unpacked_networks(file.networks, layout)
    foretell = _Foretelling(single)
    values, lost = np.zeros(layout.count, np.int64), []
    for number, (content, part) in enumerate(zip(file.tiles, layout.tiles, strict=True)):
        try:
            if content is None:
                raise BrokenFile("its checksum is wrong")
            decoder = Decoder(content, part.stop - part.start)
            for front in layout.fronts(number):
                tables, middles = foretell(values, layout.contexts[front])
                values[front] = decoder.decode(laplace_tables(), tables) + middles
        except BrokenFile:
            lost.append(number)
            values[part] = 0
    return values, lost


@torch.no_grad()
def painted(single: Single, values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Paint latents in floats: H W 3 bytes."""
    pictures = single.pictures(torch.from_numpy(values.astype(np.float32)))[0]
    return (pictures * 255).round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()


class _Foretelling:
    """The teller in whole numbers, for one front after the other."""

    def __init__(self, single: Single) -> None:
        whole = in_integers(single.teller)
        parts: list[Any] = list(whole.layers)
        self._layers = [(each.weight.numpy().astype(np.int64).T.copy(), each.bias.numpy()) for each in parts]

    def __call__(self, values: NDArray[np.int64], contexts: NDArray[np.int64]) -> tuple[NDArray, NDArray]:
        """Give the number of the table of each latent and the whole number its middle stands for."""
        around = np.where(contexts < len(values), values[np.minimum(contexts, len(values) - 1)], 0)
        seen = around.clip(-_BIG >> 6, _BIG >> 6) * ONE
        inner = np.maximum(self._layer(0, seen), 0)
        inner = inner + np.maximum(self._layer(1, inner), 0)
        told = self._layer(2, inner)
        return table_numbers(told[:, 0], told[:, 1])

    def _layer(self, number: int, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Do what `IntegerLinear` does, without torch's cost of a call."""
        weight, bias = self._layers[number]
        return ((values @ weight + bias + (1 << 11)) >> 12).clip(-(1 << 22), 1 << 22)


def _packed_networks(single: Single, steps: tuple[int, int]) -> bytes:
    """Write widths, steps, for each network the table of its weights, and the weights."""
    parts = networks_of(single)
    stages, tables = [], []
    for part, step in zip(parts, steps, strict=True):
        weights = torch.cat([each.detach().flatten() for each in part.parameters()])
        values = (weights * 2**step).round().numpy().astype(np.int64)
        sizes = {level: len(encode([_weight_stage(values, level)])) for level in range(2, LEVELS, 3)}
        tables.append(min(sizes, key=lambda level: sizes[level]))
        stages.append(_weight_stage(values, tables[-1]))
    return bytes([*single.widths, *steps, *tables]) + encode(stages)


def _weight_stage(values: NDArray[np.int64], level: int) -> tuple[Any, NDArray[np.int64], NDArray[np.int64]]:
    return laplace_tables(), values, np.full(len(values), level * FRACTIONS + FRACTIONS // 2)


def _unpacked_networks(content: bytes, layout: Layout) -> Single:
    """Read what `_packed_networks` wrote.

    Raises:
        BrokenFile: it is no such thing.
    """
    if len(content) < 6:
        raise BrokenFile("its networks are cut short")
    teller, painter, first, second, *tables = content[:6]
    if not (0 < teller <= _MOST_WIDTH and 0 < painter <= _MOST_WIDTH) or max(first, second) > _MOST_STEP:
        raise BrokenFile("its networks are of absurd sizes")
    if max(tables) >= LEVELS:
        raise BrokenFile("its networks name a table that there is not")
    single = Single(layout, teller, painter)
    counts = [sum(each.numel() for each in part.parameters()) for part in networks_of(single)]
    decoder = Decoder(content[6:], sum(counts))
    for part, step, table, count in zip(networks_of(single), (first, second), tables, counts, strict=True):
        number = np.full(count, table * FRACTIONS + FRACTIONS // 2)
        values = torch.from_numpy(decoder.decode(laplace_tables(), number)).float() / 2**step
        start = 0
        for weight in part.parameters():
            weight.data = values[start : start + weight.numel()].reshape(weight.shape).clamp(-7.99, 7.99)
            start += weight.numel()
    return single.requires_grad_(False)
