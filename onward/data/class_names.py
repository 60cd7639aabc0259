"""Classes of two sets brought together by their names, whatever their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, did_you_mean

__all__ = ["numbers_by_name"]


def numbers_by_name(
    title: str, labels: NDArray[np.int64], own: Sequence[str], known: Sequence[str]
) -> NDArray[np.int64]:
    """Give for each of a set's classes its number among a model's, -1 where no picture shows it.

    Args:
        title: what to call the set.
        labels: the numbers in use.
        own: the set's classes.
        known: the model's classes.
    Raises:
        DataFault: a class is shown that the model never learned.
    """
    place = {name: number for number, name in enumerate(known)}
    shown = [own[int(number)] for number in np.unique(labels)]
    unknown = [name for name in shown if name not in place]
    if unknown:
        named = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        meant = did_you_mean(unknown[0], known)
        hint = meant if "Did you mean" in meant else ""  # it lists all where nothing is close, and so do we
        listed = ", ".join(known[:40]) + (" …" if len(known) > 40 else "")
        raise DataFault(
            f"{title}: the model never learned {named}.{hint} It knows {listed}. Rename the class, or leave it out."
        )
    return np.array([place.get(name, -1) for name in own], np.int64)
