"""The parts of a set of pictures by the words people use for them."""

from __future__ import annotations

import re

__all__ = ["SPLITS", "split_of"]

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
    "test-shift": "test-shift",
}


def split_of(name: str) -> str:
    """Read a split off a path: `train_labels.csv`, `instances_val2017.json`, `labels/test/0.txt`; "" if it says none.

    Example:
        >>> split_of("train_labels.csv"), split_of("contest.csv")
        ('train', '')
    """
    words = re.findall(r"[a-z]+", name.lower())
    found = {SPLITS[word] for word in words if word in SPLITS}
    return next((split for split in ("train", "val", "test") if split in found), "")
