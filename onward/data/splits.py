"""The parts of a set of pictures by the words people use for them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

__all__ = ["SPLITS", "folder_split", "holds_answers", "most_held_out", "named_split", "split_of", "table_split"]

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
    "test-shift": "test-shift",
}
_RANKS = ("", "train", "val", "test", "test-shift")


def split_of(name: str) -> str:
    """Read a split off a table's own name: `train_labels.csv`, `instances_val2017.json`; "" if it says none, or two.

    Example:
        >>> split_of("train_labels.csv"), split_of("contest.csv"), split_of("train_and_test.csv")
        ('train', '', '')
    """
    if re.search(r"(^|[^a-z])test[-_ ]shift([^a-z]|$)", name.lower()):
        return "test-shift"
    found = {SPLITS[word] for word in re.findall(r"[a-z]+", name.lower()) if word in SPLITS}
    if found == {"train", "val"}:  # what people call trainval: all that is not for the test
        return "train"
    return found.pop() if len(found) == 1 else ""


def folder_split(path: str) -> str:
    """Read a split off the deepest folder that is called one, maybe with a year; a file's own name says nothing.

    Example:
        >>> folder_split("training-data/labels/test/train_station_3.txt"), folder_split("images/val2017/0.jpg")
        ('test', 'val')
    """
    found = (named_split(part) for part in reversed(PurePosixPath(path).parts[:-1]))
    return next(filter(None, found), "")


def named_split(folder: str) -> str:
    """Give the split that a folder is called, maybe with a year; "" if it is none.

    Example:
        >>> named_split("Train"), named_split("val2017"), named_split("trains")
        ('train', 'val', '')
    """
    return SPLITS.get(re.sub(r"[-_ ]?(19|20)\d\d$", "", folder.lower()), "")


def table_split(path: str) -> str:
    """Read a split off a table with many pictures: its own name goes before its folders.

    Example:
        >>> table_split("train/_annotations.csv"), table_split("train/test.csv")
        ('train', 'test')
    """
    return split_of(PurePosixPath(path).name) or folder_split(path)


def most_held_out(splits: set[str]) -> str:
    """Choose for a picture that is said to be in several: never learn from what is for the test.

    Example:
        >>> most_held_out({"train", "test", ""})
        'test'
    """
    return max(splits, key=_RANKS.index, default="")


def holds_answers(name: str) -> bool:
    """Say whether a table's name is that of answers, ours or a contest's sample, which are no truth to learn from.

    Example:
        >>> holds_answers("cats/predictions.csv"), holds_answers("sample_submission.csv"), holds_answers("labels.csv")
        (True, True, False)
    """
    plain = PurePosixPath(name).name.lower()
    return plain.startswith("predictions") or "submission" in plain
