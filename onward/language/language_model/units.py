"""Single units of a memory that mean something by themselves, shown on text (arXiv:1506.02078)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.language.coloured_text import coloured_text, pieces_of
from onward.language.language_model.writing import Model

__all__ = ["telling_units"]

_SHOWN = 3
_WARM_UP = 20


@torch.no_grad()
def telling_units(model: Model, numbers: NDArray[np.integer]) -> Iterator[Picture]:
    """Show the units of the last layer whose values change least from piece to piece, and yet change.

    Those hold something for long: that a quotation is open, that a line is about to end.
    """
    read = torch.from_numpy(numbers.astype(np.int64))[:, None]
    told, _ = model.network.eval().read(read, model.network.start(1))
    values = told[:, 0].float().numpy()[_WARM_UP:]
    if len(values) < 2 * _WARM_UP:
        return
    pieces = pieces_of(numbers[_WARM_UP:].tolist(), model.tokenizer.decoder())
    restless = np.abs(np.diff(values, axis=0)).mean(axis=0) / (values.std(axis=0) + 1e-6)
    for unit in np.argsort(restless + 10.0 * (values.std(axis=0) < 0.1 * values.std()))[:_SHOWN]:
        own = values[:, unit] - np.median(values[:, unit])
        shades = own / max(1e-6, float(np.abs(own).max()))
        title = f"unit {unit} of the last layer: orange above its middle, violet below"
        yield Picture(coloured_text(pieces, shades, title), f"what unit {unit} of the memory holds")
