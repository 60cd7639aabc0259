"""Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347), to be read beside the paper.

`play` gathers T turns of N environments, `advantages` says how much better than expected each action went, `lesson`
makes the good ones likelier, by steps that stop where the policy would change too much. Which turns count:

    turn t      acted in o[t], got r[t], and `terminated[t]` if the episode ended by itself: nothing comes after it.
    truncated   the clock ended it: o[t+1] is still worth V(o[t+1]) (Pardo et al. 2018), which most code forgets.
    is_reset    the turn after an end only puts the environment back. It is no experience and is left out of the lesson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.broad.control.choices import Choice
from onward.broad.control.network import Adam, Floats, Perceptron, Running
from onward.broad.control.parallel import Parallel
from onward.broad.control.settings import Settings

__all__ = ["Agent", "Rollout", "advantages", "lesson", "loss_slopes", "play"]

_FARTHEST = 10.0  # normalised observations and rewards are cut here


class Agent:
    """What learns: a policy, an expectation of the return, and what is usual for observations and rewards.

    Args:
        observations: numbers observed a turn.
        choice: how actions are drawn.
        width: of both hidden layers.
        seed: of the first weights.

    Attributes:
        weights: all of them, float32: the policy's, the value's, the choice's extras.
    """

    def __init__(self, observations: int, choice: Choice, width: int, seed: int) -> None:
        self.choice = choice
        self.policy = Perceptron([observations, width, width, choice.outputs])
        self.value = Perceptron([observations, width, width, 1])
        self.weights = np.zeros(self.policy.count + self.value.count + choice.extras, np.float32)
        self.policy_layers, self.value_layers, self.extras = self.parts(self.weights)
        chance = np.random.default_rng([seed, 1])
        policy, value = self.policy.count, self.value.count
        self.policy.begin(self.weights[:policy], 0.01, chance)  # at first all actions are as likely
        self.value.begin(self.weights[policy : policy + value], 1.0, chance)
        self.usual = Running(observations)
        self.usual_return = Running(1)
        self.returns_so_far: Floats = np.zeros(0)

    def parts(self, flat: Floats) -> tuple[list[tuple[Floats, Floats]], list[tuple[Floats, Floats]], Floats]:
        """Give the views of a flat vector: the policy's layers, the value's layers, the extras."""
        policy, value = self.policy.count, self.policy.count + self.value.count
        return self.policy.layers(flat[:policy]), self.value.layers(flat[policy:value]), flat[value:]

    def normal(self, observations: NDArray[Any]) -> Floats:
        """Measure observations, … O, by what is usual."""
        spread = np.sqrt(self.usual.variance + 1e-8)
        return np.clip((observations - self.usual.mean) / spread, -_FARTHEST, _FARTHEST).astype(np.float32)

    def said(self, normal: Floats) -> Floats:
        """Give what the policy says of normalised observations: B and the choice's outputs."""
        return self.policy.forward(self.policy_layers, normal)[-1]

    def worth(self, normal: Floats) -> Floats:
        """Give the return that is expected after normalised observations, … O, in scaled rewards."""
        flat = normal.reshape(-1, normal.shape[-1])
        return self.value.forward(self.value_layers, flat)[-1].reshape(normal.shape[:-1])

    def likeliest(self, observations: NDArray[Any]) -> NDArray[Any]:
        """Give the action the policy holds for best, for observations B O."""
        return self.choice.likeliest(self.said(self.normal(observations)))

    def scaled(self, rewards: Floats, is_over: NDArray[np.bool_], discount: float) -> Floats:
        """Measure rewards, T N, by the spread of discounted returns, which this takes in (Engstrom et al. 2020)."""
        if len(self.returns_so_far) != rewards.shape[1]:
            self.returns_so_far = np.zeros(rewards.shape[1])
        seen = np.empty(rewards.shape)
        for turn, reward in enumerate(rewards):
            self.returns_so_far = self.returns_so_far * discount + reward
            seen[turn] = self.returns_so_far
            self.returns_so_far = np.where(is_over[turn], 0.0, self.returns_so_far)
        self.usual_return.see(seen.reshape(-1, 1))
        spread = np.sqrt(self.usual_return.variance + 1e-8)
        return np.clip(rewards / spread, -_FARTHEST, _FARTHEST).astype(np.float32)

    def state_dict(self) -> dict[str, Any]:
        """Take weights and what is usual."""
        usual, usual_return = self.usual.state_dict(), self.usual_return.state_dict()
        so_far = self.returns_so_far.copy()
        return {"weights": self.weights.copy(), "usual": usual, "usual_return": usual_return, "returns_so_far": so_far}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back.

        Raises:
            ValueError: they are of another agent, or no numbers.
        """
        usual, weights = state["usual"], state["weights"]
        if weights.shape != self.weights.shape or usual["mean"].shape != self.usual.mean.shape:
            raise ValueError("its weights are of other sizes")
        if not all(np.isfinite(each).all() for each in (weights, usual["mean"], usual["variance"])):
            raise ValueError("its weights are no numbers")
        self.weights[:] = weights
        self.usual.load_state_dict(usual)
        self.usual_return.load_state_dict(state["usual_return"])
        self.returns_so_far = state["returns_so_far"].copy()


@dataclass(frozen=True)
class Rollout:
    """T turns of N environments.

    Attributes:
        observations: T+1 N O, as they came.
        normal: the same, normalised; as they were acted on.
        actions: T N A.
        rewards: T N, as they came.
        terminated, truncated, is_reset: T N; see above.
        log_likelihoods: T N, of the actions when they were drawn.
    """

    observations: NDArray[Any]
    normal: Floats
    actions: NDArray[Any]
    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    is_reset: NDArray[np.bool_]
    log_likelihoods: Floats

    @property
    def is_over(self) -> NDArray[np.bool_]:
        """Say where an episode ended: T N."""
        return self.terminated | self.truncated


def play(agent: Agent, environments: Parallel, turns: int, chance: np.random.Generator) -> Rollout:
    """Act for some turns in all environments, from where they are."""
    choice, count = agent.choice, environments.count
    observations, said, actions, rest = [environments.observations], [], [], []
    for _ in range(turns):
        outputs = agent.said(agent.normal(observations[-1]))
        drawn = choice.draw(outputs, agent.extras, chance)
        observed, *flags = environments.step(drawn)
        observations.append(observed)
        said.append(outputs)
        actions.append(drawn)
        rest.append(flags)
    seen, outputs, taken = np.stack(observations), np.concatenate(said), np.stack(actions)
    likely = choice.log_likelihood(outputs, agent.extras, taken.reshape(turns * count, -1)).reshape(turns, count)
    rewards, terminated, truncated, is_reset = (np.stack(each) for each in zip(*rest, strict=True))
    return Rollout(seen, agent.normal(seen), taken, rewards, terminated, truncated, is_reset, likely)


def advantages(
    rewards: Floats,
    worth: Floats,
    terminated: NDArray[np.bool_],
    is_over: NDArray[np.bool_],
    discount: float,
    trace: float,
) -> Floats:
    """Say how much better than expected each action went (GAE, arXiv:1506.02438, equation 16): T N.

    Args:
        worth: T+1 N, the returns expected.
    Example:
        >>> end, cut = np.array([[True]]), np.array([[False]])
        >>> earned, worth = np.array([[1.0]]), np.array([[0.5], [9.0]])
        >>> [advantages(earned, worth, each, end, 1.0, 1.0).item() for each in (end, cut)]
        [0.5, 9.5]
    """
    found, ahead = np.zeros_like(rewards), np.zeros_like(rewards[0])
    surprise = rewards + discount * worth[1:] * ~terminated - worth[:-1]
    for turn in reversed(range(len(rewards))):
        ahead = surprise[turn] + discount * trace * ~is_over[turn] * ahead
        found[turn] = ahead
    return found


@dataclass(frozen=True)
class Batch:
    """Turns to learn from: B each, and what was observed, B O."""

    normal: Floats
    actions: NDArray[Any]
    log_likelihoods: Floats
    advantages: Floats
    returns: Floats


def loss_slopes(agent: Agent, batch: Batch, settings: Settings, gradient: Floats) -> dict[str, float]:
    """Write the gradient of the paper's equation 9 into `gradient` and give its terms.

    loss = − mean(min(ratio A, clip(ratio, 1 − ε, 1 + ε) A)) + c₁ mean((V − return)²) − c₂ mean(entropy)
    """
    policy_slopes, value_slopes, extras_slopes = agent.parts(gradient)
    count, choice, extras = len(batch.normal), agent.choice, agent.extras
    layers = agent.policy.forward(agent.policy_layers, batch.normal)
    change = choice.log_likelihood(layers[-1], extras, batch.actions) - batch.log_likelihoods
    ratio = np.exp(np.minimum(change, 20.0))
    clipped = np.clip(ratio, 1 - settings.clip, 1 + settings.clip)
    surrogate, bounded = ratio * batch.advantages, clipped * batch.advantages
    counts = surrogate <= bounded  # elsewhere the minimum is the clipped term, which is flat
    by_likelihood = np.where(counts, -surrogate / count, 0.0).astype(np.float32)
    by_said, by_extras = choice.slopes(layers[-1], extras, batch.actions, by_likelihood, -settings.entropy / count)
    agent.policy.backward(agent.policy_layers, layers, by_said, policy_slopes)
    extras_slopes[:] = by_extras
    told = agent.value.forward(agent.value_layers, batch.normal)
    error = told[-1] - batch.returns[:, None]
    agent.value.backward(agent.value_layers, told, error * (2 * settings.value_weight / count), value_slopes)
    return {
        "policy_loss": -float(np.minimum(surrogate, bounded).mean()),
        "value_loss": float((error * error).mean()),
        "change": float((ratio - 1 - change).mean()),  # an estimate of KL(old, new) that is never negative
        "clipped": float((np.abs(ratio - 1) > settings.clip).mean()),
    }


def lesson(
    agent: Agent,
    adam: Adam,
    rollout: Rollout,
    settings: Settings,
    learning_rate: float,
    chance: np.random.Generator,
) -> dict[str, float]:
    """Learn from a rollout, and only then take in what was usual in it.

    Returns: the means of the loss's terms over the last epoch, and the policy's entropy.
    """
    whole = _whole(agent, rollout, settings)
    gradient, facts = np.zeros_like(agent.weights), {}
    count = len(whole.normal)
    size = max(2, min(settings.batch_size, count))
    for _ in range(settings.epochs):
        order, terms = chance.permutation(count), []
        for start in range(0, count - size + 1, size):
            rows = order[start : start + size]
            lot = whole.advantages[rows]
            lot = (lot - lot.mean()) / (lot.std() + 1e-8)
            batch = Batch(
                whole.normal[rows], whole.actions[rows], whole.log_likelihoods[rows], lot, whole.returns[rows]
            )
            terms.append(loss_slopes(agent, batch, settings, gradient))
            norm = float(np.sqrt(gradient @ gradient))
            if norm > settings.most_norm:
                gradient *= settings.most_norm / norm
            adam.step(agent.weights, gradient, learning_rate)
        facts = {name: float(np.mean([each[name] for each in terms])) for name in terms[0]} if terms else facts
        if facts and facts["change"] > settings.most_change:
            break
    said = agent.said(whole.normal[:2048])
    facts["entropy"] = float(agent.choice.entropy(said, agent.extras).mean())
    seen = rollout.observations[1:]
    agent.usual.see(seen.reshape(-1, seen.shape[-1]))
    return facts


def _whole(agent: Agent, rollout: Rollout, settings: Settings) -> Batch:
    """Give all turns that are experience, as one batch."""
    rewards = agent.scaled(rollout.rewards, rollout.is_over, settings.discount)
    worth = agent.worth(rollout.normal)
    better = advantages(rewards, worth, rollout.terminated, rollout.is_over, settings.discount, settings.trace)
    is_experience = ~rollout.is_reset
    return Batch(
        rollout.normal[:-1][is_experience],
        rollout.actions[is_experience],
        rollout.log_likelihoods[is_experience],
        better[is_experience].astype(np.float32),
        (better + worth[:-1])[is_experience].astype(np.float32),
    )
