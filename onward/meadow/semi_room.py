"""The room ``meadow:semi``: few pictures with a label, many without.

Pictures are those of ``meadow:classify`` under addresses of their own. The split `labelled` holds five draws of 100
pictures a class, one after the other; a draw with fewer labels is the beginning of the same draw. The split `train` is
the pool without labels: what its pictures show is known, for the report only. From level 2 on a tenth of the pool
shows no creature at all.

Read next: ``classify_room.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import UsageFault
from onward.meadow.cast import KINDS
from onward.meadow.classify_room import alone
from onward.meadow.doors import HARDER, enter
from onward.meadow.photos import Photos
from onward.meadow.rooms import Room
from onward.meadow.stage import Scene

__all__ = ["DRAWS", "LABELS_A_CLASS", "labelled", "semi_creature", "semi_labels"]

DRAWS, LABELS_A_CLASS = 5, (1, 4, 25, 100)
_NOBODY = -1
_EVERY = 10  # one picture in ten of the pool shows nobody from level 2 on


def labelled(labels_a_class: int, draw: int = 0) -> list[int]:
    """List the pictures of the split `labelled` that a learner may see, equally many of each class.

    Raises:
        UsageFault: there is no such draw.
    Example:
        >>> labelled(1, draw=2)
        [800, 801, 802, 803]
    """
    if labels_a_class not in LABELS_A_CLASS or draw not in range(DRAWS):
        raise UsageFault(
            f"Draw {draw} with {labels_a_class} labels a class was asked for. There are draws 0 to {DRAWS - 1}, each"
            f" with {', '.join(map(str, LABELS_A_CLASS))} labels a class."
        )
    first = draw * LABELS_A_CLASS[-1] * len(KINDS)
    return list(range(first, first + labels_a_class * len(KINDS)))


def semi_labels(split: str, level: int = 1) -> NDArray[np.int64]:
    """Give what each picture of a split shows, by its place in `KINDS`; -1 for nobody.

    Example:
        >>> semi_labels("train", level=2)[7:10].tolist()
        [3, -1, 1]
    """
    room = Room("semi", level)
    room.check_range(0, 1, split, 0)
    numbers = np.arange(room.splits[split])
    labels = numbers % len(KINDS)
    if split == "train" and level >= HARDER:
        tens, places = np.divmod(numbers, _EVERY)
        labels[places == 6 + (2 - tens) % len(KINDS)] = _NOBODY  # in turn of each kind, so that the rest stays balanced
    return labels


def semi_creature(
    index: int, *, size: int = 96, split: str = "train", seed: int = 0, level: int = 1, photos: Photos | None = None
) -> Scene:
    """Draw picture `index` of a split.

    Raises: UsageFault for an unknown split or level, a negative seed, an index outside the split, or an absurd size.
    """
    visit = enter("semi", index, size, split, seed, level, photos)
    label = int(semi_labels(split, level)[index])
    return alone(visit, None if label == _NOBODY else KINDS[label], size)
