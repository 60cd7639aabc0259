"""What the folders say: which pictures have a class, which have none, which part they belong to.

cat/ dog/ unlabelled/                         the plain way
train/cat/ train/dog/ test/cat/ unlabelled/   with parts, where the folder without labels may lie anywhere
labelled/cat/ labelled/dog/ unlabelled/       with a folder around the classes
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from onward.data.splits import SPLITS

__all__ = ["NOBODY", "Told", "told_by_folders"]

NOBODY = -1
_UNLABELLED = {"unlabelled", "unlabeled", "not-labelled", "not-labeled", "without-label", "no-label"}
_LABELLED = {"labelled", "labeled"}

Told = tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...] | None]


def told_by_folders(names: Sequence[str]) -> Told:
    """Read classes and parts off the paths of pictures.

    Returns: N class numbers, `NOBODY` where a picture has none; the classes' names; N parts, or None where no folder
        is called one. A picture of the folder without labels is in no part ("") unless it lies in one.
    Example:
        >>> labels, classes, parts = told_by_folders(["train/cat/1.png", "test/dog/2.png", "unlabelled/3.png"])
        >>> labels.tolist(), classes, parts
        ([0, 1, -1], ('cat', 'dog'), ('train', 'test', ''))
    """
    told = [_told(name) for name in _without_common_folders(names)]
    classes = tuple(sorted({kind for kind, _ in told if kind}))
    numbers = {name: number for number, name in enumerate(classes)}
    labels = np.array([numbers.get(kind, NOBODY) for kind, _ in told], np.int64)
    parts = tuple(part for _, part in told)
    return labels, classes, parts if any(parts) else None


def _without_common_folders(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Leave off the folders that lie around everything."""
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    while folders and all(folders) and len({parts[0] for parts in folders}) == 1:
        word = _tidy(folders[0][0])
        if word in SPLITS or word in _UNLABELLED:
            break
        if all(len(parts) == 1 for parts in folders):  # the one class that is there
            break
        folders = [parts[1:] for parts in folders]
    return folders


def _told(folders: tuple[str, ...]) -> tuple[str, str]:
    """Give a picture's class, or "", and its part, or ""."""
    part, kind = "", ""
    for place, folder in enumerate(folders):
        word = _tidy(folder)
        if word in _UNLABELLED:
            return "", part
        if word in _LABELLED:
            continue
        if word in SPLITS and not part and place < 2:
            part = SPLITS[word]
            continue
        kind = kind or folder.strip()
    return kind, part


def _tidy(folder: str) -> str:
    return folder.strip().lower().replace("_", "-").replace(" ", "-")
