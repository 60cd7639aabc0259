"""Colours of one picture brought to those of another, and kept where that is wished.

The linear Monge-Kantorovich map is the one that moves one normal distribution of colours onto another with the least
way (Pitié and Kokaram 2007): T = A^(-1/2) (A^(1/2) B A^(1/2))^(1/2) A^(-1/2), A and B being the two covariances.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Palette", "blended_colours", "moved_colours", "palette_of", "with_colours_of"]

Palette = tuple[NDArray[np.float64], NDArray[np.float64]]  # mean and covariance of colours in 0 to 1: 3, 3 3

_LEAST_VARIANCE = 1e-5  # of colours in 0 to 1: a grey or one-coloured picture has directions without any
_FARTHEST = 4.0  # times that a colour's distance from the mean may grow: a plain photo stays calm
_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


def moved_colours(photo: NDArray[np.floating], style: NDArray[np.floating]) -> NDArray[np.float32]:
    """Give a photo whose colours have the mean and the covariance of another picture's.

    Args:
        photo, style: H W 3 in [0, 1], each of its own size.

    Example:
        >>> grey, red = np.full((2, 2, 3), 0.5), np.full((1, 1, 3), [1.0, 0.0, 0.0])
        >>> moved_colours(grey, red)[0, 0].round(2).tolist()
        [1.0, 0.0, 0.0]
    """
    return _moved(photo, palette_of(photo), palette_of(style))


def blended_colours(
    photo: NDArray[np.floating], palettes: Sequence[Palette], weights: Sequence[float], own: Palette | None = None
) -> NDArray[np.float32]:
    """Give a photo, H W 3 in [0, 1], in the mean of what several pictures' colours would make of it.

    Args:
        own: the colours it is taken to have, where it is one of several that are to be changed alike.
    """
    own = palette_of(photo) if own is None else own
    shares = np.asarray(weights, np.float32) / np.float32(sum(weights))
    blended = np.zeros(photo.shape, np.float32)
    for share, palette in zip(shares, palettes, strict=True):
        blended += share * _moved(photo, own, palette)
    return blended


def _moved(photo: NDArray[np.floating], before: Palette, after: Palette) -> NDArray[np.float32]:
    (mean, own), (wanted, other) = before, after
    root, back = _power(own, 0.5), _power(own, -0.5)
    way = back @ _power(root @ other @ root, 0.5) @ back
    values, vectors = np.linalg.eigh((way + way.T) / 2)
    way = (vectors * np.clip(values, 0, _FARTHEST)) @ vectors.T
    return ((photo - mean) @ way.T + wanted).astype(np.float32)


def with_colours_of(picture: NDArray[np.floating], photo: NDArray[np.floating]) -> NDArray[np.float32]:
    """Give the light and dark of a picture with the hues of a photo: H W 3 in [0, 1], both."""
    light, hues = picture @ _TO_YIQ[:1].T, photo @ _TO_YIQ[1:].T
    return np.clip(np.concatenate([light, hues], axis=2) @ np.linalg.inv(_TO_YIQ).T, 0, 1).astype(np.float32)


def palette_of(picture: NDArray[np.floating]) -> Palette:
    """Take mean and covariance of a picture's colours: H W 3 in [0, 1]."""
    colours = np.asarray(picture, np.float64).reshape(-1, 3)
    centred = colours - colours.mean(axis=0)
    return colours.mean(axis=0), centred.T @ centred / len(colours) + _LEAST_VARIANCE * np.eye(3)


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T
