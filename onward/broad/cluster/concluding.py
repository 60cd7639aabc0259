"""The end of a run: groups by each method, the one kept that stands apart most clearly in the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.kmeans import k_means, nearest_centre
from onward.broad.cluster.mixture import fit_mixture
from onward.broad.cluster.model import Groups, head_parts
from onward.broad.cluster.quality import silhouettes
from onward.broad.cluster.work import Work
from onward.core.faults import DataFault
from onward.data.tables import columns_to_json

__all__ = ["concluded"]

_FEW_LESSONS = 200
_FEWEST = 4
_BEGINNINGS = 5


def concluded(work: Work) -> Groups:
    """Make the groups.

    Raises:
        DataFault: hardly one item could be read.
    """
    if work.count() < _FEWEST:
        if not work.count():
            work.features(work.encoders[0])  # says why
        raise DataFault(
            f"{work.items.address}: {work.count()} of {len(work.items)} pictures can be read, and at least {_FEWEST} "
            "are needed. Replace the damaged ones."
        )
    name, clusters = work.chosen()
    view = work.maps.get(name)
    points = view.points
    clusters = min(clusters, len(np.unique(points.round(6), axis=0)), len(points))
    chance = np.random.default_rng([work.run.seed, 17])
    made = _by_each_method(work, points, clusters, chance)
    quality = {
        method: _mean(silhouettes(points, labels, np.random.default_rng(5))) for method, (labels, _) in made.items()
    }
    method = max(quality, key=lambda each: quality[each]) if work.settings.method == "auto" else next(iter(made))
    labels, parts = made[method]
    labels, parts, centres = _largest_first(points, labels, parts, method)
    _tell(work, name, method, quality, len(centres))
    facts = {
        "kind": work.items.kind,
        "encoder": name,
        "side": work.eyes.side,
        "method": method,
        "columns": columns_to_json(work.items.columns),
        "text": work.settings.text,
        "label": work.settings.label,
        "tried": [[each, f"{quality[each]:.3f}"] for each in made],
        "trials": [
            [each.encoder, each.clusters, f"{each.silhouette:.3f}", f"{each.stability:.3f}"]
            for encoder in work.encoders
            for each in work.choice.of(encoder)
        ],
        "chunks": 0 if work.looks is None else work.looks.done,
    }
    if work.looks is not None:
        found = work.twins.state_dict()
        parts = {**parts, "twin_pairs": found["pairs"], "twin_likeness": found["likeness"]}
    return Groups(facts, view.recipe, view.space, view.x, points, labels, centres, parts, work.run)


def _by_each_method(
    work: Work, points: NDArray[np.float32], clusters: int, chance: np.random.Generator
) -> dict[str, tuple[NDArray[np.int64], dict[str, NDArray[Any]]]]:
    wanted = work.settings.method
    if wanted == "hdbscan":
        return {"hdbscan": (_by_density(points, work), {})}
    labels, _ = nearest_centre(points, k_means(points, clusters, chance, _BEGINNINGS))
    made: dict[str, tuple[NDArray[np.int64], dict[str, NDArray[Any]]]] = {}
    if wanted in ("auto", "k-means") or clusters < 2:
        made["k-means"] = (labels, {})
    if wanted in ("auto", "mixture") and clusters > 1:
        mixture = fit_mixture(points, labels, clusters)
        parts = {"shares": mixture.shares, "means": mixture.means, "covariances": mixture.covariances}
        made["mixture"] = (mixture.labels(points), parts)
    enough = work.lessons_done >= _FEW_LESSONS or wanted == "heads"
    if wanted in ("auto", "heads") and clusters > 1 and enough:
        x, scale = work.head_rows()
        made["heads"] = (work.heads().shares(x).argmax(axis=1), head_parts(work.heads(), scale))
    return made


def _by_density(points: NDArray[np.float32], work: Work) -> NDArray[np.int64]:
    """Group by density (HDBSCAN, Campello, Moulavi and Sander 2013); -1 for items in no group."""
    from sklearn.cluster import HDBSCAN

    fewest = max(5, len(points) // 100)
    apart: Any = HDBSCAN  # its types say that `copy` is a word, and it is yes or no
    labels = apart(min_cluster_size=fewest, min_samples=min(5, fewest), copy=True).fit_predict(points).astype(np.int64)
    if labels.max() < 0:
        work.run.note("HDBSCAN found no dense group, so all items are in one.")
        labels[:] = 0
    return labels


def _largest_first(
    points: NDArray[np.float32], labels: NDArray[np.int64], parts: dict[str, NDArray[Any]], method: str
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]], NDArray[np.float32]]:
    """Number the groups by size, the largest 0, leave out empty ones, and find their middles."""
    counts = np.bincount(labels[labels >= 0])
    order = [int(each) for each in np.argsort(-counts, kind="stable") if counts[each]]
    place = np.full(len(counts) + 1, -1)  # the last is for those in no group
    place[order] = np.arange(len(order))
    if method == "mixture":
        parts = {name: value[order] for name, value in parts.items()}
    if method == "heads":
        parts = {**parts, "head": np.ascontiguousarray(parts["head"][:, order])}
    new = place[labels]
    centres = np.stack([points[new == group].mean(axis=0) for group in range(len(order))]).astype(np.float32)
    if method == "k-means":  # means of the points are where Lloyd ends, up to the last round
        new = nearest_centre(points, centres)[0]
    return new, parts, centres


def _tell(work: Work, name: str, method: str, quality: dict[str, float], clusters: int) -> None:
    run, settings = work.run, work.settings
    told = "the number asked for"
    if settings.clusters is None:
        best = work.choice.best()
        sure = best is not None and best.agrees
        told = (
            "chosen without labels: the most that are found again in halves"
            if sure
            else "chosen without labels, and not clearly: no number of groups is found again in halves"
        )
        if work.choice.trials and work.numbers_left():
            tried = sorted({each.clusters for each in work.choice.trials})
            told += f"; there was time to try {', '.join(map(str, tried))} only"
    run.note(f"{clusters} groups ({told}), told by {name}, made by {method}; silhouette {quality[method]:.2f}.")
    if work.count() < len(work.items):
        lost = len(work.looks.unreadable) if work.looks is not None else 0
        late = len(work.items) - work.count() - lost
        if late > 0:
            run.note(
                f"{work.count():,} of {len(work.items):,} pictures were looked at in the time there was, drawn by lot; "
                f"onward apply {run.name} with their folder puts the others into the same groups."
            )
        if lost and work.looks is not None:
            place, reason = work.looks.unreadable[0]
            run.note(f"{lost:,} pictures could not be read, among them {work.items.names[place]}: {reason}.")
    if clusters < 2:
        run.note("All items are in one group: nothing parts them.")


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else -1.0
