"""Search in many games at once: the trees of `tree.py`, the rules of `game.py`, and a network asked in batches.

Each slot holds one search. `begin` gives it a position; every `advance` lets each slot look at one new position, all
of them in one batch for the network, and says which searches are over. Read `selfplay.py` next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.broad.selfplay.game import Game, Position, Sight
from onward.broad.selfplay.network import Network
from onward.broad.selfplay.player import Choice
from onward.broad.selfplay.tree import ILLEGAL, UNDER_WAY, Trees
from onward.core.faults import MachineFault

__all__ = ["Evaluator", "Found", "NetworkPlayer", "Search", "fitting_slots"]

_CONSIDERED = 16
_MEMORY_BYTES = 64_000_000
_TREES_BYTES, _TREE_BYTES = 256_000_000, 2_000_000_000  # of all trees together, and of one alone
_EDGE_BYTES = 20


def fitting_slots(game: Game, simulations: int) -> int:
    """Give how many searches at once fit into the memory that is meant for trees, at least one.

    Example:
        >>> fitting_slots(Game("connect_four"), 64) > 1000, fitting_slots(Game("chess"), 256)
        (True, 10)
    """
    return max(1, _TREES_BYTES // (_EDGE_BYTES * (simulations + 1) * game.actions))


class Evaluator:
    """A network that answers for positions in batches and remembers its answers.

    Games that share an opening, and the moves of one game, look at the same positions again: a third of them in
    Connect Four.

    Args:
        network: folded for playing, or any.
    Attributes:
        asked, answered: positions asked about, and those the network looked at.
    """

    def __init__(self, game: Game, network: Callable[[Any, Any], Any]) -> None:
        self.game = game
        self.network = network
        self.asked = self.answered = 0
        self._most = _MEMORY_BYTES // (4 * game.tensor_size + 5 * game.actions + 300)
        self._memory: dict[bytes, tuple[NDArray[np.float32], float]] = {}

    def __call__(self, sight: Sight, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Look at the first `count` positions seen.

        Returns: for each, logits with illegal actions far below zero, and the value for the mover.
        """
        keys = [sight.key(place) for place in range(count)]
        unknown = {key: place for place, key in enumerate(keys) if key not in self._memory}
        self.asked += count
        self.answered += len(unknown)
        if unknown:
            if len(self._memory) > self._most:
                known = {key: self._memory[key] for key in keys if key in self._memory}
                self._memory = known
            places = list(unknown.values())
            planes, scalars, legal = *self.game.look(sight, places), sight.legal[places]
            with torch.inference_mode():
                guess = self.network(_channels_last(planes), torch.from_numpy(scalars))
                values = torch.tanh(guess.value / 2).tolist()
                logits = np.where(legal, guess.policy.numpy(), np.float32(ILLEGAL))
            self._memory.update(zip(unknown, zip(logits, values, strict=True), strict=True))
        answers = [self._memory[key] for key in keys]
        logits = np.array([logits for logits, _ in answers], np.float32).reshape(count, self.game.actions)
        return logits, np.array([value for _, value in answers], np.float32)


def _channels_last(planes: NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(planes).contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        action: what to play.
        policy: A; the improved policy, or by PUCT the share of visits.
        prior: A; the network's own policy.
        value: for the player to move.
        visits: A.
    """

    action: int
    policy: NDArray[np.float32]
    prior: NDArray[np.float32]
    value: float
    visits: NDArray[np.float32]


class _Grown:
    """The nodes that one step of all searches adds, in the order they are asked about."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.seen = 0
        self._nodes: list[int] = []
        self._actions: list[int] = []
        self._endings: list[float] = []

    def add(self, slot: int, node: int, action: int, ending: float) -> None:
        """Note a node; one that is under way was seen last."""
        self.slots.append(slot)
        self._nodes.append(node)
        self._actions.append(action)
        self._endings.append(ending)
        self.seen += ending == UNDER_WAY

    def hand_to(self, trees: Trees, sight: Sight, logits: NDArray[np.float32], values: NDArray[np.float32]) -> None:
        """Grow them all, with what the network said of those under way."""
        if not self.slots:
            return
        endings = np.array(self._endings, np.float32)
        under_way = endings == UNDER_WAY
        all_logits = np.zeros((len(endings), sight.legal.shape[1]), np.float32)
        all_values, movers = np.zeros(len(endings), np.float32), np.zeros(len(endings), np.int64)
        all_logits[under_way], all_values[under_way] = logits, values
        movers[under_way] = sight.movers[: self.seen]
        places = (np.array(self.slots), np.array(self._nodes), np.array(self._actions))
        trees.grow(places, movers, endings, all_logits, all_values)


class Search:
    """Slots that each search one position.

    Args:
        slots: how many at once.
        simulations: the most that a search will be given.
        rule: `gumbel` or `puct`.
    """

    def __init__(self, evaluate: Evaluator, slots: int, simulations: int, rule: str = "gumbel") -> None:
        self.game = evaluate.game
        self.trees = Trees(slots, simulations + 1, self.game.actions)
        self.slots = slots
        self._by_puct = rule == "puct"
        self._evaluate = evaluate
        self._roots: dict[int, Position] = {}
        self._simulations = [0] * slots
        self._states: list[list[Any]] = [[] for _ in range(slots)]
        self._plies: list[list[int]] = [[] for _ in range(slots)]
        self._noise: list[NDArray[np.float32] | None] = [None] * slots
        self._busy: list[int] = []
        self._sight = Sight(self.game, slots)

    def begin(self, slot: int, position: Position, simulations: int, noise: NDArray[np.float32] | None = None) -> None:
        """Start a search of a position that is not over.

        Args:
            simulations: positions to look at beyond this one; 0 asks the network alone.
            noise: A; the Gumbel variables of the root, or by PUCT what is added to its logits.
        """
        self._roots[slot] = position
        self._simulations[slot] = simulations
        self._noise[slot] = noise
        self._busy.append(slot)

    @property
    def is_idle(self) -> bool:
        """Say whether no search is under way."""
        return not self._busy

    def advance(self) -> list[int]:
        """Let every search look at one more position.

        Returns: the slots whose search is over, in ascending order.
        """
        trees, grown = self.trees, _Grown()
        for slot in [slot for slot in self._busy if slot in self._roots]:
            self._see_root(slot, grown)
        planted = set(grown.slots)
        walking = np.array([slot for slot in self._busy if slot not in planted], np.int64)
        if len(walking):
            nodes, actions = trees.walk(walking, by_puct=self._by_puct)
            for slot, node, action in zip(walking.tolist(), nodes.tolist(), actions.tolist(), strict=True):
                if node >= 0:
                    self._see_leaf(slot, node, action, grown)
        logits, values = self._evaluate(self._sight, grown.seen)
        grown.hand_to(trees, self._sight, logits, values)
        over = sorted(slot for slot in self._busy if trees.left[slot] == 0)
        self._busy = [slot for slot in self._busy if trees.left[slot] > 0]
        return over

    def _see_root(self, slot: int, grown: _Grown) -> None:
        position = self._roots.pop(slot)
        legal = position.legal()
        self._states[slot], self._plies[slot] = [position.state], [len(position.moves)]
        simulations = self._simulations[slot]
        self.trees.plant(slot, simulations, min(_CONSIDERED, len(legal), simulations), self._noise[slot])
        self._sight.see(grown.seen, position.state, legal, position.last)
        grown.add(slot, -1, -1, UNDER_WAY)

    def _see_leaf(self, slot: int, node: int, action: int, grown: _Grown) -> None:
        """Play an action, and look where it leads unless the game is over there."""
        state = self._states[slot][node].clone()
        state.apply_action(action)
        ply = self._plies[slot][node] + 1
        self._states[slot].append(state)
        self._plies[slot].append(ply)
        if state.is_terminal():
            grown.add(slot, node, action, self.game.worth(state))
        else:
            self._sight.see(grown.seen, state, self.game.legal(state, ply), action)
            grown.add(slot, node, action, UNDER_WAY)

    def found(self, slot: int) -> Found:
        """Give what a finished search found."""
        trees, here = self.trees, np.array([slot])
        prior, visits = trees.prior[slot, 0].copy(), trees.visits[slot, 0].copy()
        most = visits.max()
        if self._by_puct and most:
            policy, action = visits / visits.sum(), int(visits.argmax())
        else:
            policy = trees.improved(here, np.zeros(1, np.int64))[0] if most else prior
            action = int(trees.at_root(here, [most])[0])
        return Found(action, policy, prior, trees.root_value(slot), visits)

    def all_of(self, positions: Sequence[Position], simulations: int) -> list[Found]:
        """Search many positions, in earnest (without noise), as many at once as there are slots."""
        found: list[Found | None] = [None] * len(positions)
        where: dict[int, int] = {}
        free, following = list(range(self.slots))[::-1], 0
        while following < len(positions) or not self.is_idle:
            while free and following < len(positions):
                slot = free.pop()
                where[slot] = following
                self.begin(slot, positions[following], simulations)
                following += 1
            for slot in self.advance():
                found[where[slot]] = self.found(slot)
                free.append(slot)
        return [each for each in found if each is not None]


class NetworkPlayer:
    """A network with its search, as a player.

    Args:
        network: any; it is folded here.
        rule: `gumbel` or `puct`.
    """

    def __init__(self, game: Game, network: Network, rule: str = "gumbel") -> None:
        self.game = game
        self._evaluator = Evaluator(game, network.folded())
        self._rule = rule
        self._searches: dict[tuple[int, int], Search] = {}

    def tree_of(
        self, position: Position, simulations: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Search one position, and give its tree; `tree.py` says how."""
        search = Search(self._evaluator, 1, simulations, self._rule)
        search.all_of([position], simulations)
        return search.trees.as_arrays(0)

    def choose(self, position: Position, simulations: int) -> Choice:
        """Choose a move for the player to move."""
        return self.choose_all([position], simulations)[0]

    def choose_all(self, positions: Sequence[Position], simulations: int) -> list[Choice]:
        """Choose a move in each of many positions, in batches.

        Raises:
            MachineFault: so many simulations need more memory than a home has.
        """
        if not positions:
            return []
        simulations = 0 if simulations <= 1 else simulations
        most = _TREE_BYTES // (_EDGE_BYTES * self.game.actions)
        if simulations > most:
            raise MachineFault(
                f"{simulations:,} looks at a move of {self.game.title} need too much memory. Ask for {most:,} at most."
            )
        key = (min(len(positions), 128, fitting_slots(self.game, simulations)), simulations)
        if key not in self._searches:
            self._searches = {key: Search(self._evaluator, *key, self._rule)}
        found = self._searches[key].all_of(positions, simulations)
        return [Choice(each.action, each.policy, self.game.as_result(each.value)) for each in found]
