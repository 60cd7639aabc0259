"""How good are the groups? Stability beside that of k-means on raw pixels; accuracy only where classes are known.

Known classes are looked at here for the first time: nothing was chosen by them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.eyes import eyes_from
from onward.broad.cluster.features import codes_of_prints, column_features, eye_features, pixel_features, word_features
from onward.broad.cluster.kmeans import k_means, nearest_centre
from onward.broad.cluster.looking import Looks
from onward.broad.cluster.model import Groups
from onward.broad.cluster.quality import counted, found_again, matched_accuracy, mutual_information, silhouettes
from onward.broad.cluster.reading import Items, columns_as_grouped
from onward.broad.cluster.showing import Seen, shown
from onward.broad.cluster.spaces import fit_space
from onward.core.exhibits import Exhibit
from onward.core.metrics import Baseline, Score
from onward.parts.intervals import mean_interval, share_interval

__all__ = ["evaluate", "looked_at"]

_MOST, _SPLITS = 4000, 6
_BASELINE_ROWS = 20_000


def looked_at(groups: Groups, items: Items) -> Looks | None:
    """Look at pictures with the eyes a run used; None for texts and rows."""
    if items.book is None:
        return None
    stored = groups.run.folder.record.get("eyes") or {"name": "pixels", "side": 0}
    return Looks(items.book, eyes_from(str(stored["name"]), int(stored["side"])), groups.run.seed)


def prepared(groups: Groups, items: Items, looks: Looks | None) -> Any:
    """Give the features of items, as the groups' recipe prepares them."""
    if looks is not None:
        if groups.facts["encoder"] == "autoencoder":
            return codes_of_prints(looks.gathered("prints"), groups.recipe)
        return (
            pixel_features(looks) if groups.facts["encoder"] == "pixels" else eye_features(looks.gathered("features"))
        )
    if items.kind == "texts":
        return word_features(items.texts, groups.recipe)
    return column_features(items.columns, groups.recipe)


def evaluate(groups: Groups, items: Items, seconds: float) -> Iterator[Score | Exhibit]:
    """Score groups, and show them."""
    began = time.monotonic()
    looks = looked_at(groups, items)
    own = items.fingerprint == groups.run.folder.record["data"]["fingerprint"]
    if items.kind == "rows" and not own:
        items = replace(items, columns=columns_as_grouped(items.address, groups.facts["columns"])[1])
    if looks is not None:
        chunks = int(groups.facts.get("chunks", 0)) if own else 0
        while looks.done < (chunks or len(looks)):
            looks.look()
    rows = looks.gathered("places") if looks is not None else np.arange(len(items))
    features = prepared(groups, items, looks)
    labels, points = groups.labels, groups.points
    if not own or len(rows) != len(groups.known):
        labels, _, points = groups.tell(features)
    raw = pixel_features(looks) if looks is not None else features
    baseline = _plain_groups(raw, len(groups.centres), groups.run.seed, centred=items.kind != "texts")
    yield from _unlabelled(
        points, labels, baseline, "k-means on raw pixels" if looks is not None else "k-means on all features"
    )
    if items.labels is not None:
        yield from _labelled(labels, baseline[1], items.labels[rows], looks is not None)
    seen = Seen(groups, items, looks, features, labels, points, rows)
    yield from shown(seen, began + seconds)


def _plain_groups(
    raw: Any, clusters: int, seed: int, *, centred: bool
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Group by k-means on raw features, brought to their 64 strongest directions for speed."""
    x = fit_space(raw, 64, seed, centred=centred).project(raw)
    chance = np.random.default_rng([seed, 23])
    some = x if len(x) <= _BASELINE_ROWS else x[np.sort(chance.choice(len(x), _BASELINE_ROWS, replace=False))]
    return x, nearest_centre(x, k_means(some, min(clusters, len(some)), chance, 3))[0]


def _unlabelled(
    points: NDArray[np.float32],
    labels: NDArray[np.int64],
    baseline: tuple[NDArray[np.float32], NDArray[np.int64]],
    name: str,
) -> Iterator[Score]:
    found = silhouettes(points, labels, np.random.default_rng(5))
    plain = silhouettes(baseline[0], baseline[1], np.random.default_rng(5))
    if not len(found):
        found = np.zeros(2)
    opponent = Baseline(name, float(plain.mean()) if len(plain) else 0.0)
    yield Score("silhouette", float(found.mean()), "", True, mean_interval(found), len(found), opponent)
    clusters = int(labels.max(initial=0)) + 1
    mine, theirs = (_agreements(each, clusters) for each in (points, baseline[0]))
    opponent = Baseline(name, float(theirs.mean()))
    yield Score("stability", float(mine.mean()), "", True, mean_interval(mine), len(points), opponent)


def _agreements(x: NDArray[np.float32], clusters: int) -> NDArray[np.float64]:
    """Group halves apart and see how far groups are found again: mean Jaccard indices."""
    chance = np.random.default_rng(29)
    if len(x) > _MOST:
        x = x[np.sort(chance.choice(len(x), _MOST, replace=False))]
    clusters = max(1, min(clusters, len(x) // 2))
    found = []
    for _ in range(_SPLITS):
        halves = np.array_split(chance.permutation(len(x)), 2)
        one, other = (nearest_centre(x, k_means(x[half], clusters, chance, 1))[0] for half in halves)
        found.append(found_again(one, other))
    return np.array(found)


def _labelled(
    labels: NDArray[np.int64], plain: NDArray[np.int64], truth: NDArray[np.int64], pixels: bool
) -> Iterator[Score]:
    """Compare with known classes, which nothing was chosen by."""
    name = "k-means on raw pixels" if pixels else "k-means on all features"
    groups = np.where(labels < 0, labels.max(initial=0) + 1, labels)
    right, opponent = matched_accuracy(groups, truth), matched_accuracy(plain, truth)
    interval = share_interval(float(right.sum()), len(right))
    baseline = Baseline(name, float(opponent.mean()))
    yield Score("accuracy of paired groups", float(right.mean()), "", True, interval, len(right), baseline)
    counts = counted(groups, truth)
    chance = np.random.default_rng(31)
    shares = counts.ravel() / counts.sum()
    drawn = [mutual_information(chance.multinomial(counts.sum(), shares).reshape(counts.shape)) for _ in range(100)]
    low, high = (float(each) for each in np.percentile(drawn, [2.5, 97.5]))
    value = mutual_information(counts)
    baseline = Baseline(name, mutual_information(counted(plain, truth)))
    interval = (min(low, value), max(high, value))
    yield Score("normalised mutual information", value, "", True, interval, len(right), baseline)
