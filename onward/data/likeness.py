"""Which pictures are the same, exactly or nearly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "difference_hashes",
    "exact_duplicates",
    "largest_class",
    "name_some",
    "near_duplicates",
    "said_alike",
    "said_copies",
    "shared_between_splits",
    "without_copies",
]

_BITS_OF_BYTE = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)
_MOST_PARTNERS = 500
_NAMED_AT_MOST = 5


def difference_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Describe each picture by 64 comparisons of neighbouring cells of its 9x8 thumbnail.

    Args:
        images: N H W 3.
    Returns: N.
    """
    while len(images) and min(images.shape[1:3]) < 9:  # at least a pixel a cell
        images = images.repeat(2, axis=1).repeat(2, axis=2)
    count, height, width, _ = images.shape
    rows = np.linspace(0, height, 9).astype(int)
    columns = np.linspace(0, width, 10).astype(int)
    found = np.empty(count, np.uint64)
    weights = np.uint64(1) << np.arange(64, dtype=np.uint64)
    for start in range(0, count, 4096):
        grey = images[start : start + 4096].astype(np.float32).mean(axis=3)
        cells = np.add.reduceat(grey, rows[:-1], axis=1)
        cells = np.add.reduceat(cells, columns[:-1], axis=2) / np.diff(columns)
        bits = (cells[:, :, 1:] > cells[:, :, :-1]).reshape(len(grey), 64)
        found[start : start + 4096] = (bits * weights).sum(axis=1, dtype=np.uint64)
    return found


def exact_duplicates(digests: Sequence[bytes]) -> list[int]:
    """Give the places of what repeats an earlier one byte for byte.

    Example:
        >>> exact_duplicates([b"a", b"b", b"a"])
        [2]
    """
    first: dict[bytes, int] = {}
    return [place for place, digest in enumerate(digests) if first.setdefault(digest, place) != place]


def shared_between_splits(digests: Sequence[bytes], splits: Sequence[str] | None) -> list[int]:
    """Give a place for each content that is in more than one split.

    Example:
        >>> shared_between_splits([b"a", b"b", b"a"], ["train", "train", "test"])
        [2]
    """
    first: dict[bytes, str] = {}
    shared: dict[bytes, int] = {}
    for place, (digest, split) in enumerate(zip(digests, splits, strict=True) if splits and digests else ()):
        if first.setdefault(digest, split) != split:
            shared.setdefault(digest, place)
    return list(shared.values())


def without_copies(
    digests: Sequence[bytes], training: NDArray[np.int64], validation: NDArray[np.int64], tested: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Leave out of what is learned and chosen by what is tested, and of what is learned what is chosen by.

    Returns: the places left to learn from, those to choose by, and a sentence if there are fewer now.
    Example:
        >>> parts = np.array([0, 1, 2]), np.array([3]), np.array([4])
        >>> without_copies([b"a", b"b", b"c", b"b", b"a"], *parts)[0].tolist()
        [2]
    """

    def others(places: NDArray[np.int64], than: NDArray[np.int64]) -> NDArray[np.int64]:
        known = {digests[place] for place in than.tolist()}
        return np.array([place for place in places.tolist() if digests[place] not in known], np.int64)

    chosen_by = others(validation, tested)
    learned = others(training, np.concatenate([tested, chosen_by]))
    if count := len(training) - len(learned) + len(validation) - len(chosen_by):
        return learned, chosen_by, [f"Left out of learning, since they are held out too: {count:,} copies."]
    return learned, chosen_by, []


def said_copies(names: Sequence[str], digests: Sequence[bytes], splits: Sequence[str] | None) -> list[str]:
    """Name the pictures that are there twice byte for byte, and those that are in two splits."""
    sentences = []
    if exact := exact_duplicates(digests):
        named = name_some(names, exact)
        sentences.append(f"Exact copies of earlier files: {named}. Remove those that should count once.")
    if shared := shared_between_splits(digests, splits):
        sentences.append(f"In two splits, which would flatter scores: {name_some(names, shared)}. Keep each in one.")
    return sentences


def said_alike(classes: Sequence[str]) -> list[str]:
    """Name the classes that differ by nothing but case or spaces: they are two, and often were meant as one.

    Example:
        >>> said_alike(["Cat", "cat", "dog"])
        ["Classes that differ only by case or spaces: 'Cat', 'cat'. If they are the same, give them one name."]
    """
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault("".join(name.casefold().split()), []).append(name)
    alike = [", ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    if not alike:
        return []
    named = "; ".join(alike[:_NAMED_AT_MOST])
    return [f"Classes that differ only by case or spaces: {named}. If they are the same, give them one name."]


def name_some(names: Sequence[str], places: Sequence[int]) -> str:
    """Name the first few, and count the rest."""
    named = ", ".join(names[place] for place in places[:_NAMED_AT_MOST])
    return named + (f" and {len(places) - _NAMED_AT_MOST:,} more" if len(places) > _NAMED_AT_MOST else "")


def near_duplicates(hashes: NDArray[np.uint64], most_different_bits: int = 3) -> list[int]:
    """Give the places of pictures within a few bits of an earlier one.

    Two hashes that differ in at most 3 bits agree in at least one of four 16-bit bands, so only those are compared:
    sorted by band, each with the next, then the next but one, until no two agree. Flat pictures, whose hash says
    nothing, are left out. In a band that thousands share only the 500 nearest are compared, to stay fast.

    Example:
        >>> near_duplicates(np.array([0x5A5A5A5A, 0xFFFF0000, 0x5A5A5A5B], np.uint64))
        [2]
    """
    telling = (_bits(hashes) > 6) & (_bits(hashes) < 58)
    places, hashes = np.flatnonzero(telling), hashes[telling]
    repeated = np.zeros(len(hashes), bool)
    for band in range(4):
        keys = (hashes >> np.uint64(16 * band)) & np.uint64(0xFFFF)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        left = np.arange(len(keys))
        for shift in range(1, _MOST_PARTNERS):
            left = left[left + shift < len(keys)]
            left = left[keys[left] == keys[left + shift]]
            if not len(left):
                break
            earlier, later = order[left], order[left + shift]
            repeated[later[_bits(hashes[earlier] ^ hashes[later]) <= most_different_bits]] = True
    return [int(place) for place in places[repeated]]


def _bits(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Count the ones of each number (NumPy has a function for it only since 2.0)."""
    octets = np.ascontiguousarray(hashes).view(np.uint8).reshape(-1, 8)
    return _BITS_OF_BYTE[octets].sum(axis=1, dtype=np.int64)


def largest_class(labels: NDArray[np.int64]) -> tuple[int, float]:
    """Give the most frequent label and its share."""
    label, count = Counter(labels.tolist()).most_common(1)[0]
    return label, count / len(labels)
