"""PPO: its gradient against torch's, what counts as experience, and that it learns, and only where it can."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from onward.broad.control.choices import Categorical, Choice, Gaussian
from onward.broad.control.network import Adam, Perceptron, Running
from onward.broad.control.ppo import Agent, Batch, Rollout, advantages, lesson, loss_slopes
from onward.broad.control.settings import Settings
from onward.tasks import find_task
from onward.verbs.train import train


def torch_loss(agent: Agent, batch: Batch, settings: Settings, flat: torch.Tensor) -> torch.Tensor:
    """Write equation 9 of the paper with torch's own distributions."""

    def forward(network: Perceptron, place: int, x: torch.Tensor) -> torch.Tensor:
        for number, (before, after) in enumerate(pairwise(network.sizes)):
            matrix = flat[place : place + before * after].reshape(before, after)
            place += before * after
            x = x @ matrix + flat[place : place + after]
            place += after
            x = torch.tanh(x) if number < len(network.sizes) - 2 else x
        return x

    policy, value = agent.policy.count, agent.value.count
    x = torch.from_numpy(batch.normal)
    said = forward(agent.policy, 0, x)
    actions = torch.from_numpy(batch.actions)
    if isinstance(agent.choice, Categorical):
        parts = [torch.distributions.Categorical(logits=part) for part in said.split(list(agent.choice.kinds), dim=1)]
        likely = sum(part.log_prob(actions[:, n]) for n, part in enumerate(parts))
        entropy = sum(part.entropy() for part in parts)
    else:
        normal = torch.distributions.Normal(said, flat[policy + value :].exp())
        likely, entropy = normal.log_prob(actions).sum(1), normal.entropy().sum(1)
    ratio = (likely - torch.from_numpy(batch.log_likelihoods)).exp()
    better = torch.from_numpy(batch.advantages)
    surrogate = torch.minimum(ratio * better, ratio.clamp(1 - settings.clip, 1 + settings.clip) * better)
    told = forward(agent.value, policy, x)
    error = (told[:, 0] - torch.from_numpy(batch.returns)).square()
    return -surrogate.mean() + settings.value_weight * error.mean() - settings.entropy * entropy.mean()


@pytest.mark.parametrize("choice", [Categorical([3]), Categorical([2, 4]), Gaussian(2)])
def test_the_gradient_is_that_of_the_paper_s_loss(choice: Choice) -> None:
    chance, settings = np.random.default_rng(0), Settings(entropy=0.1)
    agent = Agent(5, choice, 8, 0)
    agent.weights += 0.3 * chance.standard_normal(len(agent.weights)).astype(np.float32)
    normal = chance.standard_normal((64, 5)).astype(np.float32)
    actions = choice.draw(agent.said(normal), agent.extras, chance)
    likely = choice.log_likelihood(agent.said(normal), agent.extras, actions)
    before = (likely + 0.3 * chance.standard_normal(64)).astype(np.float32)  # some ratios lie outside the clip
    batch = Batch(normal, actions, before, *chance.standard_normal((2, 64)).astype(np.float32))
    gradient = np.zeros_like(agent.weights)
    loss_slopes(agent, batch, settings, gradient)
    flat = torch.from_numpy(agent.weights.copy()).requires_grad_()
    torch_loss(agent, batch, settings, flat).backward()
    assert flat.grad is not None
    np.testing.assert_allclose(gradient, flat.grad.numpy(), rtol=2e-3, atol=2e-5)


def test_adam_and_the_running_mean_are_the_usual_ones() -> None:
    chance = np.random.default_rng(0)
    ours, theirs = np.zeros(5, np.float32), torch.zeros(5, requires_grad=True)
    adam, reference = Adam(5), torch.optim.Adam([theirs], lr=0.01, eps=1e-5)
    for _ in range(20):
        slope = chance.standard_normal(5).astype(np.float32)
        adam.step(ours, slope, 0.01)
        theirs.grad = torch.from_numpy(slope)
        reference.step()
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-4)
    running, values = Running(3), chance.standard_normal((100, 3)) * 5 + 2
    for lot in np.split(values, [1, 10, 60]):
        running.see(lot)
    np.testing.assert_allclose(running.mean, values.mean(0))
    np.testing.assert_allclose(running.variance, values.var(0))


def test_advantages_are_the_sum_of_discounted_surprises() -> None:
    chance = np.random.default_rng(0)
    rewards, worth = chance.standard_normal((6, 1)), chance.standard_normal((7, 1))
    none = np.zeros((6, 1), bool)
    found = advantages(rewards, worth, none, none, 0.9, 0.8)
    surprise = rewards + 0.9 * worth[1:] - worth[:-1]
    naive = [sum((0.9 * 0.8) ** (k - t) * surprise[k, 0] for k in range(t, 6)) for t in range(6)]
    np.testing.assert_allclose(found[:, 0], naive)


def test_an_end_by_the_clock_is_not_the_end_of_the_world() -> None:
    rewards, worth = np.ones((3, 1)), np.full((4, 1), 7.0)
    over = np.array([[False], [True], [False]])
    ended = advantages(rewards, worth, over, over, 1.0, 1.0)
    cut = advantages(rewards, worth, ~over & over, over, 1.0, 1.0)
    assert ended[0, 0] == pytest.approx(2 - 7)  # two rewards, then nothing
    assert cut[0, 0] == pytest.approx(2)  # two rewards, then what was expected anyway
    assert cut[2, 0] == ended[2, 0] == pytest.approx(1)


def test_the_turn_that_only_puts_back_is_no_experience() -> None:
    settings = Settings(epochs=1, batch_size=4)
    ends = np.array([[False], [True], [False], [False]])
    resets = np.array([[False], [False], [True], [False]])
    weights = []
    for junk in (0, 1):
        agent = Agent(2, Categorical([2]), 4, 0)
        normal = np.random.default_rng(1).standard_normal((5, 4, 2)).astype(np.float32)
        actions = np.zeros((4, 4, 1), int)
        actions[2] = junk
        spread = [np.repeat(each, 4, axis=1) for each in (ends, ~ends & ends, resets)]
        rollout = Rollout(normal, normal, actions, np.ones((4, 4)), *spread, np.full((4, 4), -0.69, np.float32))
        lesson(agent, Adam(len(agent.weights)), rollout, settings, 0.01, np.random.default_rng(2))
        weights.append(agent.weights.copy())
    np.testing.assert_array_equal(*weights)


def test_two_questions_are_drawn_apart() -> None:
    choice, chance = Categorical([2, 3]), np.random.default_rng(0)
    said = np.tile(np.log(np.array([0.9, 0.1, 0.2, 0.3, 0.5])), (20_000, 1))
    drawn = choice.draw(said, np.zeros(0), chance)
    np.testing.assert_allclose(np.bincount(drawn[:, 0]) / 20_000, [0.9, 0.1], atol=0.02)
    np.testing.assert_allclose(np.bincount(drawn[:, 1]) / 20_000, [0.2, 0.3, 0.5], atol=0.02)


def learned(address: str, place: Path, steps: int, **settings: Any) -> Any:
    words = {name: str(value) for name, value in settings.items()}
    _, scores = train(find_task("control"), address, words, steps=steps, out=place, quiet=True)
    return scores[0]


def test_it_learns_to_balance(tmp_path: Path) -> None:
    score = learned("CartPole-v1", tmp_path, 25, turns=32)
    assert score.value > 150
    assert score.interval[0] > 3 * score.baseline.value


def test_without_steps_it_learns_nothing(tmp_path: Path) -> None:
    score = learned("CartPole-v1", tmp_path, 25, turns=32, learning_rate=0)
    assert score.value < 100


AIM = '''
import gymnasium, numpy as np

class Aim(gymnasium.Env):
    """Say the number that was shown, in its own scale."""
    observation_space = gymnasium.spaces.Box(-1, 1, (1,))
    action_space = gymnasium.spaces.Box(np.float32([0, -np.inf]), np.float32([10, np.inf]))

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.turn = 0
        self.shown = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.shown, {}

    def step(self, action):
        away = abs(action[0] - 5 - 5 * self.shown[0]) + abs(action[1])
        self.turn += 1
        self.shown = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.shown, -float(away), self.turn >= 8, False, {}
'''


@pytest.mark.parametrize(("rate", "learns"), [(0.003, True), (0.0, False)])
def test_it_learns_numbers_with_and_without_bounds(tmp_path: Path, rate: float, learns: bool) -> None:
    (tmp_path / "aim.py").write_text(AIM)
    score = learned(f"{tmp_path}/aim.py:Aim", tmp_path / "runs", 40, environments=32, turns=32, learning_rate=rate)
    assert (score.value > 0.4 * score.baseline.value) == learns
