"""Trees of many games at once, as arrays: choose a leaf in each, grow it, take its value back up.

Two rules of choice. Gumbel (Danihelka and others, ICLR 2022, "Policy improvement by planning with Gumbel"): at the root
sequential halving over a few sampled actions, inside the action furthest behind the improved policy. PUCT (AlphaGo
Zero): value plus prior over visits. All trees take their steps together, so that each formula is one line on arrays and
nothing need be compiled. What is handed up is the first player's value, so a game in which one player moves twice
needs no special case. Read `search.py` next.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ILLEGAL", "UNDER_WAY", "Trees", "halving"]

ILLEGAL = -1e30  # the logit of an action that the rules forbid
UNDER_WAY = 2.0
_VISITS_FLOOR, _SCALE = 50.0, 0.5  # sigma(q) = (50 + most visits) * 0.5 * q: the paper's 1.0 for q from 0 to 1
_EXPLORATION, _UNTRIED = 1.5, 0.2

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@lru_cache(maxsize=4096)
def halving(considered: int, simulations: int) -> tuple[int, ...]:
    """Say for each simulation how many visits the root's actions still in the race have had (paper, figure 1).

    Each phase of sequential halving gives every action left the same number of visits, at least one, and halves the
    field, down to two.

    Example:
        >>> halving(4, 8)
        (0, 0, 0, 0, 1, 1, 2, 2)
    """
    if considered <= 1:
        return tuple(range(simulations))
    phases, field, visits = math.ceil(math.log2(considered)), considered, 0
    sequence: list[int] = []
    while len(sequence) < simulations:
        for _ in range(max(1, simulations // (phases * field))):
            sequence += [visits] * field
            visits += 1
        field = max(2, field // 2)
    return tuple(sequence[:simulations])


def softmax(logits: Any) -> Any:
    """Give shares that add up to 1 along the last axis."""
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


class Trees:
    """One tree a slot. `S` slots, `N` nodes of which node 0 is the root, `A` actions.

    Attributes:
        child: S N A; the node an action leads to, or -1.
        visits: S N A.
        total: S N A; the sum of values of an action, for the player who takes it.
        logits: S N A; the network's, `ILLEGAL` where the rules forbid.
        prior: S N A; their softmax.
        guess: S N; the network's value, for the player to move.
        ending: S N; `UNDER_WAY`, or the first player's result of a game that is over.
        noise: S A; the root's Gumbel variables, zeros in earnest.
        left: S; simulations left.
    """

    def __init__(self, slots: int, nodes: int, actions: int) -> None:
        wide, narrow = (slots, nodes, actions), (slots, nodes)
        self.child = np.full(wide, -1, np.int32)
        self.visits = np.zeros(wide, np.float32)
        self.total = np.zeros(wide, np.float32)
        self.logits = np.full(wide, ILLEGAL, np.float32)
        self.prior = np.zeros(wide, np.float32)
        self.guess = np.zeros(narrow, np.float32)
        self.ending = np.full(narrow, UNDER_WAY, np.float32)
        self.noise = np.zeros((slots, actions), np.float32)
        self.left = np.zeros(slots, np.int64)
        self._parent = np.full(narrow, -1, np.int64)
        self._action = np.full(narrow, -1, np.int64)
        self._mover = np.zeros(narrow, np.int64)
        self._size = np.zeros(slots, np.int64)
        self._race = np.zeros((slots, nodes), np.int64)  # the root's sequential halving

    def plant(self, slot: int, simulations: int, considered: int, noise: Floats | None) -> None:
        """Clear a slot's tree for a new search; `grow` then makes its root."""
        self._size[slot], self.left[slot] = 0, simulations
        self._race[slot, :simulations] = halving(considered, simulations)
        self.noise[slot] = 0 if noise is None else noise

    def done(self, slots: Ints) -> Ints:
        """Count the simulations done."""
        return self.visits[slots, 0].sum(1).astype(np.int64)

    def grow(
        self, places: tuple[Ints, Ints, Ints], movers: Ints, endings: Floats, logits: Floats, guesses: Floats
    ) -> None:
        """Add to each slot's tree the node that an action of one of its nodes leads to, and take its value up.

        Args:
            places: slots (K, each at most once), nodes and actions; node -1 makes the root.
            logits: K A.
            guesses: values for the movers; not used where a game is over.
        """
        slots, nodes, actions = places
        new = self._size[slots]
        self._size[slots] += 1
        self.child[slots, new], self.visits[slots, new], self.total[slots, new] = -1, 0, 0
        self.logits[slots, new], self.prior[slots, new] = logits, softmax(logits)
        self._parent[slots, new], self._action[slots, new] = nodes, actions
        self._mover[slots, new], self.guess[slots, new], self.ending[slots, new] = movers, guesses, endings
        inner = nodes >= 0
        self.child[slots[inner], nodes[inner], actions[inner]] = new[inner]
        first_players = np.where(endings < UNDER_WAY, endings, np.where(movers == 0, guesses, -guesses))
        self.back_up(slots[inner], new[inner], first_players[inner])

    def back_up(self, slots: Ints, leaves: Ints, first_players: Floats) -> None:
        """Add the first player's value to every action on the way from the root to a leaf; one simulation is done."""
        self.left[slots] -= 1
        nodes = leaves
        while len(slots):
            actions, nodes = self._action[slots, nodes], self._parent[slots, nodes]
            self.visits[slots, nodes, actions] += 1
            self.total[slots, nodes, actions] += np.where(self._mover[slots, nodes] == 0, first_players, -first_players)
            on = nodes > 0
            slots, nodes, first_players = slots[on], nodes[on], first_players[on]

    def walk(self, slots: Ints, *, by_puct: bool) -> tuple[Ints, Ints]:
        """Walk down each slot's tree to an action not tried yet, or to a known end, which counts at once.

        Returns: node and action to grow, K each; node -1 where an end was counted.
        """
        found_nodes, found_actions = np.full(len(slots), -1), np.full(len(slots), -1)
        places, nodes = np.arange(len(slots)), np.zeros(len(slots), np.int64)
        while len(places):
            here = slots[places]
            if by_puct:
                actions = self._by_puct(here, nodes)
            elif nodes[0] == 0:  # all are at the root together
                actions = self.at_root(here, self._race[here, self.done(here)])
            else:
                actions = self._behind(here, nodes)
            below = self.child[here, nodes, actions].astype(np.int64)
            is_leaf, is_end = below < 0, (below >= 0) & (self.ending[here, below] < UNDER_WAY)
            found_nodes[places[is_leaf]], found_actions[places[is_leaf]] = nodes[is_leaf], actions[is_leaf]
            self.back_up(here[is_end], below[is_end], self.ending[here[is_end], below[is_end]])
            on = ~(is_leaf | is_end)
            places, nodes = places[on], below[on]
        return found_nodes, found_actions

    def _values(self, slots: Ints, nodes: Ints) -> tuple[Floats, Floats]:
        """Give visits and mean values of actions, 0 where unvisited; K A each."""
        visits = self.visits[slots, nodes]
        return visits, np.divide(self.total[slots, nodes], np.maximum(visits, 1), dtype=np.float32)

    def improved(self, slots: Ints, nodes: Ints) -> Floats:
        """Give softmax(logits + sigma(completed Q)), equation 11: what the network shall learn; K A.

        An action without a visit has the value v_mix (appendix D): the network's own, mixed with the visited actions'
        by their prior.
        """
        visits, values = self._values(slots, nodes)
        seen, count = visits > 0, visits.sum(1)
        prior = self.prior[slots, nodes] * seen
        by_prior = (prior * values).sum(1) / np.maximum(prior.sum(1), 1e-30)
        mixed = (self.guess[slots, nodes] + count * by_prior) / (1 + count)
        completed = np.where(seen, values, mixed[:, None])
        scale = (_VISITS_FLOOR + visits.max(1)) * _SCALE
        return softmax(self.logits[slots, nodes] + scale[:, None] * completed)

    def _behind(self, slots: Ints, nodes: Ints) -> Ints:
        """Give the action furthest behind the improved policy, equation 14."""
        visits = self.visits[slots, nodes]
        return (self.improved(slots, nodes) - visits / (1 + visits.sum(1, keepdims=True))).argmax(1)

    def at_root(self, slots: Ints, wanted: Any) -> Ints:
        """Give the root's best action of those with `wanted` visits, by Gumbel variable + logits + sigma(q)."""
        visits, values = self._values(slots, np.zeros_like(slots))
        scale = (_VISITS_FLOOR + visits.max(1)) * _SCALE
        score = self.noise[slots] + self.logits[slots, 0] + scale[:, None] * values
        return np.where(visits == np.asarray(wanted)[:, None], score, 2 * ILLEGAL).argmax(1)

    def _by_puct(self, slots: Ints, nodes: Ints) -> Ints:
        """Give the action with the greatest value + exploration; an untried one counts as a little worse than now."""
        visits, values = self._values(slots, nodes)
        count = visits.sum(1, keepdims=True)
        now = (self.guess[slots, nodes][:, None] + self.total[slots, nodes].sum(1, keepdims=True)) / (1 + count)
        at_root = (nodes == 0)[:, None]
        logits = self.logits[slots, nodes]
        prior = np.where(at_root, softmax(logits + self.noise[slots]), self.prior[slots, nodes])
        score = np.where(visits > 0, values, now - _UNTRIED) + _EXPLORATION * prior * np.sqrt(count + 1) / (1 + visits)
        return np.where(logits > ILLEGAL / 2, score, ILLEGAL).argmax(1)

    def root_value(self, slot: int) -> float:
        """Give the root's value for its player: the mean of the network's and of all simulations."""
        visits, total = self.visits[slot, 0].sum(), self.total[slot, 0].sum()
        return float((self.guess[slot, 0] + total) / (1 + visits))

    def as_arrays(self, slot: int) -> tuple[Ints, Ints, Ints, Floats]:
        """Give one slot's tree, node by node, the root first.

        Returns: parents and the actions that led from them (-1 at the root), visits, and mean values for the player who
            moves at the root; N each.
        """
        size = int(self._size[slot])
        parents, actions = self._parent[slot, :size].copy(), self._action[slot, :size].copy()
        visits, values = np.ones(size, np.int64), np.zeros(size, np.float32)
        visits[0] += int(self.visits[slot, 0].sum())
        values[0] = self.root_value(slot)
        above, by = parents[1:], actions[1:]
        visits[1:] = self.visits[slot, above, by]
        mean = self.total[slot, above, by] / np.maximum(visits[1:], 1)
        values[1:] = np.where(self._mover[slot, above] == self._mover[slot, 0], mean, -mean)
        return parents, actions, visits, values
