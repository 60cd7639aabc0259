"""What makes a group: the words, the columns or the known classes in which it differs most from the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.model import Groups
from onward.broad.cluster.reading import Items

__all__ = ["exemplars", "traits"]

_SAID = 5


def exemplars(groups: Groups, count: int) -> list[list[int]]:
    """Give each group's most typical items by their rows: the nearest to its middle that are no twins."""
    lengths = groups.distances(groups.points, groups.labels)
    found = []
    for group in range(len(groups.centres)):
        rows = np.flatnonzero(groups.labels == group)
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        chosen: list[int] = []
        for row in rows[: 5 * count]:
            if all(float(((groups.known[row] - groups.known[each]) ** 2).sum()) > 1e-4 for each in chosen):
                chosen.append(int(row))
            if len(chosen) == count:
                break
        found.append(chosen)
    return found


def traits(groups: Groups, items: Items, features: Any, raw: NDArray[np.floating] | None) -> list[str]:
    """Say in a few words what makes each group.

    Args:
        features: N F, as the recipe prepared them.
        raw: N F, what eyes gave, to be told in the words of what they were trained on; None without.
    """
    encoder = groups.facts["encoder"]
    if items.kind == "texts":
        names = groups.recipe["words"].tobytes().decode().split("\n")
        return [_leading(each, names, "{}") for each in _differences(groups, features)]
    if items.kind == "rows":
        return [_columns(groups, items, each) for each in _differences(groups, features)]
    if encoder == "lite0" and raw is not None:
        return _classes(groups, raw)
    return ["" for _ in groups.centres]


def _differences(groups: Groups, features: Any) -> list[NDArray[np.float64]]:
    whole = np.asarray(features.mean(axis=0), np.float64).ravel()
    found = []
    for group in range(len(groups.centres)):
        rows = np.flatnonzero(groups.labels == group)
        found.append(np.asarray(features[rows].mean(axis=0), np.float64).ravel() - whole)
    return found


def _leading(differences: NDArray[np.float64], names: list[str], form: str) -> str:
    order = np.argsort(-differences, kind="stable")[:_SAID]
    return ", ".join(form.format(names[place]) for place in order if differences[place] > 0)


def _columns(groups: Groups, items: Items, differences: NDArray[np.float64]) -> str:
    """Name the columns that differ most, with the direction of numbers and the word of categories."""
    said, place = [], 0
    for column in items.columns:
        width = max(1, len(column.categories))
        part = differences[place : place + width]
        place += width
        if column.categories:
            kind = int(part.argmax())
            said.append((float(part[kind]) * 2, f"{column.name} = {column.categories[kind]}"))
        else:
            said.append((abs(float(part[0])), f"{column.name} {'high' if part[0] > 0 else 'low'} ({part[0]:+.1f})"))
    said.sort(key=lambda each: -each[0])
    return ", ".join(words for size, words in said[:3] if size > 0.1)


def _classes(groups: Groups, raw: NDArray[np.floating]) -> list[str]:
    """Tell groups in ImageNet's words: the classes whose logits rise most against the mean of all pictures."""
    from onward.backbones import imagenet_classes, lite0_classifier

    weights = lite0_classifier()[0].numpy()
    whole = raw.mean(axis=0, dtype=np.float64)
    names = list(imagenet_classes())
    found = []
    for group in range(len(groups.centres)):
        mean = raw[groups.labels == group].mean(axis=0, dtype=np.float64)
        order = np.argsort(-(weights @ (mean - whole)), kind="stable")[:3]
        found.append("like " + ", ".join(names[place] for place in order))
    return found
