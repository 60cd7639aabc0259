"""Ratings by Bradley and Terry (1952): one strength a player, by which all results together are most likely.

Order plays no part, as it should not between players that do not change. In Elo's units; the random player is 0.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["ANCHOR", "ratings"]

ANCHOR = "random"
_ELO = 400 / np.log(10)
_ROUNDS = 200


def ratings(results: Iterable[tuple[str, str, float, int]], prior_games: float = 1.0) -> dict[str, tuple[float, float]]:
    """Rate everybody who played.

    Args:
        results: name, opponent's name, points, games.
        prior_games: drawn games each player is thought to have played against the anchor, half a game's points each;
            without them a player who won everything would be infinitely strong.
    Returns: rating and the half-width of its 95 % interval, by name.
    Example:
        >>> rated = ratings([("a", "random", 9.0, 10)])
        >>> round(rated["a"][0]), rated["random"]
        (321, (0.0, 0.0))
    """
    played = list(results)
    names = sorted({name for one, other, _, _ in played for name in (one, other)} | {ANCHOR})
    place = {name: number for number, name in enumerate(names)}
    points, games = np.zeros((2, len(names), len(names)))
    for one, other, scored, count in played:
        points[place[one], place[other]] += scored
        points[place[other], place[one]] += count - scored
        games[place[one], place[other]] += count
        games[place[other], place[one]] += count
    anchor = place[ANCHOR]
    for number in range(len(names)):
        if number != anchor:
            points[number, anchor] += prior_games / 2
            points[anchor, number] += prior_games / 2
            games[[number, anchor], [anchor, number]] += prior_games
    strength = np.zeros(len(names))
    for _ in range(_ROUNDS):  # Newton's method on one strength at a time
        expected = 1 / (1 + np.exp(strength[None] - strength[:, None]))
        slope = (points - games * expected).sum(1)
        curve = (games * expected * (1 - expected)).sum(1)
        strength += np.clip(slope / np.maximum(curve, 1e-9), -0.5, 0.5) * 0.5
        strength -= strength[anchor]
    expected = 1 / (1 + np.exp(strength[None] - strength[:, None]))
    curve = np.maximum((games * expected * (1 - expected)).sum(1), 1e-9)
    reach = 1.96 * _ELO / np.sqrt(curve)
    reach[anchor] = 0.0
    return {name: (float(_ELO * strength[at]), float(reach[at])) for name, at in place.items()}
