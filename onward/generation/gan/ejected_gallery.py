"""Pictures in and out of an ejected generator: what its template names of this stands in the script."""

import hashlib
import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from onward.parts.ejected_pictures import files_of, square

__all__ = ["batches", "draw", "read_pictures"]


def read_pictures(address: str, size: int) -> np.ndarray:
    """Read the pictures to learn from, N H W 3 bytes; a twentieth is held out, chosen by what the files hold."""
    contents = [content for _, content in files_of(address)]
    keys = [int.from_bytes(hashlib.blake2b(content, digest_size=16).digest()[:8], "big") for content in contents]
    held_out = sorted(keys)[: max(4, sum(key < int(0.05 * 2**64) for key in keys))]
    learned = [content for content, key in zip(contents, keys, strict=True) if key not in held_out]
    return np.stack([square(content, size) for content in learned])


def batches(images: np.ndarray, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Give B 3 H W in [-1, 1], shuffled anew each time all were shown; a batch may reach over two such rounds."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
    orders = (np.random.default_rng([seed, epoch]).permutation(len(images)) for epoch in itertools.count())
    places = itertools.chain.from_iterable(orders)
    while True:
        chosen = torch.tensor([int(place) for place in itertools.islice(places, batch_size)])
        yield pixels[chosen].float() / 127.5 - 1


@torch.no_grad()
def draw(generator: nn.Module, noise: Tensor) -> np.ndarray:
    """Draw: N Z noise to N H W 3 bytes."""
    pictures = torch.cat([(generator(few).float() + 1) * 127.5 for few in noise.split(100)])
    return pictures.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
