"""Pictures of a classifier's answers: guesses under pictures, the confusion matrix, what was looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from onward.parts.pixels import as_pixels

__all__ = ["captioned", "guesses_picture", "saliency", "saliency_picture"]

_RIGHT, _WRONG, _INK, _SOFT = (0, 158, 115), (213, 94, 0), (40, 44, 52), (120, 126, 136)
_TILE, _LINE, _GAP, _COLUMNS = 128, 22, 10, 6


def guesses_picture(
    images: NDArray[np.uint8], shares: NDArray[np.floating], labels: NDArray[np.int64] | None, classes: Sequence[str]
) -> NDArray[np.uint8]:
    """Lay pictures out, each over its guess: green when right, orange with the true class below when wrong.

    Args:
        images: N H W 3, uint8.
        shares: N classes, each class's probability.
        labels: N true class numbers, or None when nobody knows.
    """
    columns = min(_COLUMNS, max(1, len(images)))
    rows = -(-len(images) // columns)
    cell = _TILE + 2 * _LINE + _GAP
    sheet = Image.new("RGB", (columns * (_TILE + _GAP) + _GAP, rows * cell + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for number, image in enumerate(images):
        left, top = _GAP + number % columns * (_TILE + _GAP), _GAP + number // columns * cell
        enlarged = Image.fromarray(image).resize((_TILE, _TILE), _resampling(image.shape[0]))
        sheet.paste(enlarged, (left, top))
        guess = int(shares[number].argmax())
        is_right = labels is None or guess == int(labels[number])
        words = f"{_short(classes[guess])} {100 * float(shares[number, guess]):.0f} %"
        pen.text((left, top + _TILE + 3), words, fill=_RIGHT if is_right else _WRONG, font=font)
        if not is_right and labels is not None:
            truth = f"is {_short(classes[int(labels[number])])}"
            pen.text((left, top + _TILE + _LINE - 1), truth, fill=_SOFT, font=font)
    return np.asarray(sheet)


def captioned(image: Image.Image, words: str) -> NDArray[np.uint8]:
    """Write words into the upper left corner of a picture, white on a dark strip."""
    drawn = image.convert("RGB")
    letters = max(11, round(max(drawn.size) / 28))
    pen, font = ImageDraw.Draw(drawn), ImageFont.load_default(size=letters)
    left, top, right, bottom = pen.textbbox((letters // 2, letters // 2), words, font=font)
    pen.rectangle((left - 4, top - 4, right + 4, bottom + 4), fill=_INK)
    pen.text((letters // 2, letters // 2), words, fill="white", font=font)
    return np.asarray(drawn)


def saliency(network: nn.Module, image: NDArray[np.uint8], kind: int, looks: int = 12) -> NDArray[np.float32]:
    """Find what speaks for a class: the logit's slope at each pixel, averaged over noisy copies (arXiv:1706.03825).

    Args:
        image: H W 3, uint8.
        kind: the class's number.
    Returns: H W, from 0 to 1.
    """
    network.eval()
    chance = torch.Generator().manual_seed(0)
    pictures = as_pixels(image[None]).repeat(looks, 1, 1, 1)
    noisy = (pictures + 0.15 * torch.randn(pictures.shape, generator=chance)).requires_grad_()
    (slope,) = torch.autograd.grad(network(noisy)[:, kind].sum(), noisy)
    strength = slope.abs().amax(dim=1, keepdim=True).mean(dim=0, keepdim=True)
    reach = max(3, image.shape[0] // 12 | 1)
    smooth = F.avg_pool2d(strength, reach, 1, reach // 2, count_include_pad=False)[0, 0]
    low, high = smooth.quantile(0.2), smooth.quantile(0.995)
    return ((smooth - low) / (high - low).clamp(min=1e-9)).clamp(0, 1).numpy()


def saliency_picture(image: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Show a picture beside itself with what was looked at bright and the rest dark."""
    zoom = max(1, round(256 / image.shape[0]))
    large = image.repeat(zoom, 0).repeat(zoom, 1)
    weight = heat.repeat(zoom, 0).repeat(zoom, 1)[..., None]
    lit = large * (0.25 + 0.75 * weight) + np.array([70.0, 45.0, 0.0]) * weight
    gap = np.full((large.shape[0], 8, 3), 255, np.uint8)
    return np.concatenate([large, gap, lit.clip(0, 255).astype(np.uint8)], axis=1)


def _resampling(side: int) -> Image.Resampling:
    return Image.Resampling.NEAREST if side < _TILE else Image.Resampling.BOX


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"
