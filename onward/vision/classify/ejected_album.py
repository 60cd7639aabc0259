"""Pictures in three parts as an ejected script reads them: what its template names of this stands in the script."""

import hashlib
import itertools
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.parts.ejected_pictures import files_of, square

__all__ = ["answers", "batches", "read_album"]

PARTS = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "dev": 1, "test": 2, "testing": 2}


def set_aside(places: np.ndarray, labels: np.ndarray, keys: list[int], share: float) -> list[int]:
    """Take a share of each class, by what the files hold, so that the choice never changes."""
    taken: list[int] = []
    for label in np.unique(labels[places]):
        own = sorted((place for place in places if labels[place] == label), key=lambda place: keys[place])
        taken += own[: min(len(own) - 1, max(1, round(share * len(own))))]
    return taken


def read_album(address: str, classes: tuple[str, ...], size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read `train/horse/1.jpg` or `horse/1.jpg`: N H W 3 bytes, N class numbers, N parts.

    Part 0 is to learn from, 1 to choose by, 2 to test; what has no folder is taken from what is learned from.
    """
    images, labels, parts, keys = [], [], [], []
    for name, content in files_of(address):
        *folders, _ = name.split("/")
        parts.append(PARTS[folders.pop(0)] if folders[0] in PARTS else 0)
        labels.append(classes.index(folders[0]))
        images.append(square(content, size))
        digest = hashlib.blake2b(content, digest_size=16).digest()
        keys.append(int.from_bytes(hashlib.blake2b(digest, digest_size=8).digest(), "big"))
    label, part = np.array(labels), np.array(parts)
    for number, most in ((2, len(images)), (1, 2000)):
        if not (part == number).any():
            learned = np.flatnonzero(part == 0)
            part[set_aside(learned, label, keys, min(0.15, most / len(learned)))] = number
    return np.stack(images), label, part


def pixels(images: np.ndarray) -> Tensor:
    """Turn N H W 3 bytes into N 3 H W numbers in [-1, 1], channels last."""
    plain = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
    return (plain.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def batches(
    images: np.ndarray, labels: np.ndarray, batch_size: int, shift: int, seed: int, mirrors: bool
) -> Iterator[tuple[Tensor, Tensor]]:
    """Give B 3 H W in [-1, 1] and B class numbers, shuffled anew each epoch, moved by up to `shift` pixels.

    A picture is mirrored in even epochs or in odd ones, which of the two by lot, so that every two epochs show both
    sides (arXiv:2404.00498, section 3.6), unless a mirror image shows something else.
    """
    mirrored_first = np.random.default_rng([seed, 1]).random(len(images)) < 0.5
    orders = (np.random.default_rng([seed, 0, epoch]).permutation(len(images)) for epoch in itertools.count())
    shown = ((place, mirrored_first[place] ^ (epoch % 2 == 1)) for epoch, order in enumerate(orders) for place in order)
    for taken in itertools.count(batch_size, batch_size):
        chosen, turned = (np.array(each) for each in zip(*itertools.islice(shown, batch_size), strict=True))
        pictures = pixels(images[chosen])
        if mirrors:
            pictures = torch.where(torch.from_numpy(turned)[:, None, None, None], pictures.flip(3), pictures)
        if shift:
            chance, (height, width) = np.random.default_rng([seed, 2, taken]), pictures.shape[2:]
            top, left = (torch.from_numpy(chance.integers(0, 2 * shift + 1, batch_size)) for _ in range(2))
            padded = F.pad(pictures, (shift,) * 4, mode="reflect").permute(0, 2, 3, 1)
            rows, columns = top[:, None] + torch.arange(height), left[:, None] + torch.arange(width)
            which = torch.arange(batch_size)[:, None, None]
            pictures = padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
        yield pictures, torch.from_numpy(labels[chosen])


@torch.no_grad()
def answers(network: nn.Module, images: np.ndarray, views: int) -> Tensor:
    """Give N logits a class, each the mean over a picture's views.

    Args:
        views: 1, as it is; 2, its mirror image too; 6, both of them also moved by a pixel up and left, and down and
            right, which count half (arXiv:2404.00498, section 3.5).
    """
    found = []
    for start in range(0, len(images), 64):
        seen = pixels(images[start : start + 64])
        shown = [(seen, 1.0)]
        if views == 6:
            padded = F.pad(seen, (1, 1, 1, 1), mode="reflect")
            shown = [(seen, 0.5), (padded[:, :, :-2, :-2], 0.25), (padded[:, :, 2:, 2:], 0.25)]
        if views > 1:
            shown = [(side, share / 2) for each, share in shown for side in (each, each.flip(3))]
        found.append(torch.stack([share * network(each).float() for each, share in shown]).sum(dim=0))
    return torch.cat(found)
