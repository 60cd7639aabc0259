"""How many groups, and by which features? Asked of the items alone, never of labels.

For each number of groups: the silhouette in the map, and the stability. Two halves of the items are grouped apart, and
each grouping is carried over to all items (after Ben-Hur, Elisseeff and Guyon 2002). How far the two agree is asked of
every group alike: its Jaccard index with the group of the other half that is most like it, averaged over groups (Hennig
2007, who calls 0.85 and more highly stable). An index over pairs of items would hardly notice that a few stragglers are
another group each time. The largest number on which halves agree is taken: more groups than there are cannot be found
twice. A group that is one in truth and cut in two anywhere costs two groups about half of their index each, so all
groups together may not lose as much as one. A first look takes two thousand items; where there is time a second takes
more of them and begins k-means more often, for halves also differ where one of them ended in a poorer grouping than
there is. Among encoders the silhouette decides, which follows the true quality closely (arXiv:2406.02465).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.kmeans import k_means, nearest_centre
from onward.broad.cluster.quality import found_again, silhouettes

__all__ = ["EFFORTS", "Choice", "Trial", "candidates", "measured"]

_AGREED = 0.85  # mean Jaccard index of groups from which halves count as agreeing
EFFORTS = (
    (2000, 4),
    (8000, 10),
)  # items at most, and beginnings of k-means: with few, halves differ in where they began
_MOST_LOST = 0.75  # groups: what their Jaccard indices lack of 1, added up
_SPLITS = 4
_HOPELESS = 0.6  # stability at the first look that no second one mends


@dataclass(frozen=True)
class Trial:
    """What was measured of a number of groups.

    Attributes:
        agreements: mean Jaccard indices of groups, one a split in halves.
        effort: the place of what was spent on it among `EFFORTS`.
    """

    encoder: str
    clusters: int
    silhouette: float
    agreements: tuple[float, ...]
    effort: int = 0

    @property
    def lost(self) -> float:
        """Give what the groups' Jaccard indices lack of 1, added up: in groups."""
        return self.clusters * (1 - self.stability)

    @property
    def agrees(self) -> bool:
        """Say whether halves agree on this number of groups."""
        return self.stability >= _AGREED and self.lost < _MOST_LOST

    @property
    def is_open(self) -> bool:
        """Say whether a second look could change what it says."""
        return self.effort + 1 < len(EFFORTS) and self.stability >= _HOPELESS

    @property
    def stability(self) -> float:
        """Give the mean agreement."""
        return float(np.mean(self.agreements))


def candidates(items: int, most: int, wanted: int | None) -> list[int]:
    """List numbers of groups to try, in an order that covers the range early.

    Example:
        >>> candidates(1000, 12, None)
        [8, 4, 12, 2, 6, 10, 3, 5, 7, 9, 11]
    """
    if wanted is not None:
        return [wanted]
    limit = max(2, min(most, items // 4))
    order = [8, 4, 12, 16, 2, 6, 10, 14, 20, 24, 30, 3, 5, 7, 9, 11, 13, 18, 27, *range(36, most + 1, 6)]
    return [each for each in order if each <= limit]


def measured(encoder: str, points: NDArray[np.float32], clusters: int, seed: int, effort: int = 0) -> Trial:
    """Measure silhouette and stability of k-means in a map.

    Args:
        points: N D.
    """
    chance = np.random.default_rng([seed, clusters])
    most, beginnings = EFFORTS[effort]
    if len(points) > most:
        points = points[np.sort(chance.choice(len(points), most, replace=False))]
    clusters = min(clusters, len(points) // 2)
    labels, _ = nearest_centre(points, k_means(points, clusters, chance, beginnings))
    found = silhouettes(points, labels, chance, 1500)
    agreements = []
    for _ in range(_SPLITS):
        halves = np.array_split(chance.permutation(len(points)), 2)
        one, other = (nearest_centre(points, k_means(points[half], clusters, chance, beginnings))[0] for half in halves)
        agreements.append(found_again(one, other))
    return Trial(encoder, clusters, float(found.mean()) if len(found) else 0.0, tuple(agreements), effort)


class Choice:
    """Trials so far, and what they say."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []

    def add(self, trial: Trial) -> None:
        """Take a trial in, in the place of an earlier look at the same number."""
        others = [each for each in self.trials if (each.encoder, each.clusters) != (trial.encoder, trial.clusters)]
        self.trials = [*others, trial]

    def of(self, encoder: str) -> list[Trial]:
        """Give an encoder's trials, fewest groups first."""
        return sorted((each for each in self.trials if each.encoder == encoder), key=lambda each: each.clusters)

    def open(self) -> list[Trial]:
        """List the trials that a second look could make the choice, the likeliest first."""
        found: list[Trial] = []
        for name in dict.fromkeys(each.encoder for each in self.trials):
            best = self.best_number(name)
            least = best.clusters if best is not None and best.agrees else 0
            found += [each for each in self.of(name) if each.is_open and each.clusters >= least]
        return sorted(found, key=lambda each: (each.lost, each.clusters, each.encoder))

    def best_number(self, encoder: str) -> Trial | None:
        """Give the trial of the largest number of groups on which halves agree; else of the one they agree on best."""
        trials = self.of(encoder)
        agreed = [each for each in trials if each.agrees]
        if agreed:
            return agreed[-1]
        return max(trials, key=lambda each: each.stability + each.silhouette, default=None)

    def best(self) -> Trial | None:
        """Give the best trial of the encoder whose groups stand apart most clearly."""
        found = [self.best_number(name) for name in dict.fromkeys(each.encoder for each in self.trials)]
        return max((each for each in found if each is not None), key=lambda each: each.silhouette, default=None)

    def state_dict(self) -> dict[str, Any]:
        """Take the trials."""
        return {
            "trials": [
                [each.encoder, each.clusters, each.silhouette, list(each.agreements), each.effort]
                for each in self.trials
            ]
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.trials = [
            Trial(str(encoder), int(clusters), float(silhouette), tuple(map(float, agreements)), *map(int, effort))
            for encoder, clusters, silhouette, agreements, *effort in state["trials"]
        ]
