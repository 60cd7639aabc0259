"""The search, exactly: it finds what must be found, its formulas are the paper's, and signs are right."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onward.broad.selfplay.game import Game, Position
from onward.broad.selfplay.network import Guess, Network, Shape
from onward.broad.selfplay.search import Evaluator, NetworkPlayer, Search
from onward.broad.selfplay.tree import ILLEGAL, UNDER_WAY, Trees, halving, softmax
from onward.broad.selfplay.yardsticks import problems


class Blank:
    """A network that knows nothing: all moves alike, every position even."""

    def __init__(self, actions: int) -> None:
        self.actions = actions

    def __call__(self, planes: torch.Tensor, scalars: torch.Tensor) -> Guess:
        return Guess(torch.zeros(len(planes), self.actions), torch.zeros(len(planes)))


def search_of(game: Game, slots: int, simulations: int, rule: str) -> Search:
    return Search(Evaluator(game, Blank(game.actions)), slots, simulations, rule)


def test_sequential_halving_spends_what_it_has() -> None:
    assert halving(1, 3) == (0, 1, 2)
    assert halving(16, 4) == (0, 0, 0, 0)
    for considered in (2, 3, 7, 16):
        for simulations in (1, 5, 16, 33, 200):
            race = halving(considered, simulations)
            assert len(race) == simulations
            assert all(race[at] <= race[at + 1] for at in range(simulations - 1))
            assert race.count(0) == min(considered, simulations) or race[0] == 0


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("mover", [0, 1])
def test_a_mate_in_one_is_played_and_one_of_the_other_s_is_stopped(rule: str, mover: int) -> None:
    game = Game("connect_four")
    wait = [6] if mover else []  # the same for the second player: the first wastes a move
    mate = Position(game, [*wait, 3, 0, 3, 0, 3, 1])
    block = Position(game, [*wait, 3, 0, 3, 0, 3] if mover else [6, 3, 0, 3, 0, 3])
    assert mate.to_play == mover
    found = search_of(game, 2, 400, rule).all_of([mate, block], 400)
    assert [each.action for each in found] == [3, 3]
    assert found[0].value > 0.2
    assert found[1].value < 0.2


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_much_search_without_knowledge_agrees_with_minimax(rule: str) -> None:
    game = Game("tic_tac_toe")
    asked = [problem for problem in problems(game) if len(problem.moves) >= 3][:60]
    positions = [Position(game, problem.moves) for problem in asked]
    found = search_of(game, 60, 1500, rule).all_of(positions, 1500)
    assert all(each.action in problem.keepers for each, problem in zip(found, asked, strict=True))


def test_a_pass_does_not_turn_the_sign() -> None:
    game = Game("othello")
    chance = np.random.default_rng(0)
    while True:  # find a game in which somebody moves twice, and stand before that
        position = game.start()
        while not position.is_over:
            if position.legal() == [64]:
                break
            position.apply(int(chance.choice(position.legal())))
        if not position.is_over:
            break
    passer = position.to_play
    trees = Trees(1, 4, game.actions)
    trees.plant(0, 3, 1, None)
    logits = np.full((1, game.actions), ILLEGAL, np.float32)
    logits[0, 64] = 0
    here, under_way = np.zeros(1, np.int64), np.full(1, UNDER_WAY, np.float32)
    trees.grow((here, here - 1, here), here + passer, under_way, logits, np.zeros(1, np.float32))
    trees.grow((here, here, here + 64), here + passer, under_way, logits, np.full(1, 0.5, np.float32))
    assert trees.total[0, 0, 64] == 0.5  # the same player moves again, and likes it
    trees.grow((here, here + 1, here + 64), here + 1 - passer, under_way, logits, np.full(1, 0.5, np.float32))
    assert trees.total[0, 0, 64] == 0.0  # now the other likes it
    assert search_of(game, 1, 8, "gumbel").all_of([position], 8)[0].action == 64


def test_the_improved_policy_is_the_paper_s() -> None:
    trees = Trees(1, 4, 3)
    trees.plant(0, 3, 3, None)
    logits = np.array([[1.0, 0.0, ILLEGAL]], np.float32)
    here, under_way = np.zeros(1, np.int64), np.full(1, UNDER_WAY, np.float32)
    trees.grow((here, here - 1, here), here, under_way, logits, np.full(1, 0.2, np.float32))
    trees.grow((here, here, here), here + 1, under_way, logits, np.full(1, -0.6, np.float32))  # the mover gets 0.6
    mixed = (0.2 + 1 * 0.6) / 2  # one visit, whose value by prior is 0.6
    expected = softmax(np.array([1.0 + 25.5 * 0.6, 0.0 + 25.5 * mixed, -np.inf]))
    assert np.allclose(trees.improved(here, here)[0], expected, atol=1e-6)
    assert trees.root_value(0) == pytest.approx(0.4)


def test_the_considered_actions_are_the_best_by_noise_and_logits() -> None:
    game = Game("go:5")
    search = search_of(game, 1, 16, "gumbel")
    noise = np.random.default_rng(0).gumbel(size=26).astype(np.float32)
    search.begin(0, game.start(), 16, noise)
    while not search.is_idle:
        search.advance()
    found = search.found(0)
    assert set(np.flatnonzero(found.visits)) == set(np.argsort(-noise[:25])[:16])
    assert found.policy[25] == 0  # no early pass
    assert found.policy.sum() == pytest.approx(1.0, abs=1e-5)


def test_many_at_once_find_what_one_finds() -> None:
    game = Game("connect_four")
    torch.manual_seed(0)
    network = Network(Shape.of(game, 1, 8)).eval()
    # no empty board, whose inner columns look alike: they would be told apart by the last bit, which a batch changes
    positions = [Position(game, moves) for moves in ([1], [3], [3, 3], [2, 3, 4, 1, 0])]
    together = NetworkPlayer(game, network).choose_all(positions, 24)
    for position, choice in zip(positions, together, strict=True):
        alone = NetworkPlayer(game, network).choose(position, 24)
        assert np.allclose(alone.policy, choice.policy, atol=1e-4)
        assert alone.value == pytest.approx(choice.value, abs=1e-4)


def test_the_bare_network_is_asked_once() -> None:
    game = Game("connect_four")
    network = Network(Shape.of(game, 1, 8)).eval()
    choice = NetworkPlayer(game, network).choose(game.start(), 0)
    assert choice.action == int(choice.policy.argmax())
    assert choice.policy.sum() == pytest.approx(1.0, abs=1e-5)
