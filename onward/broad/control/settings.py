"""What can be chosen about an agent, and about watching it."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Playing", "Settings"]


@dataclass(frozen=True)
class Settings:
    """How the agent learns; the letters are those of the papers."""

    environments: int | None = setting(
        None, "Environments played at once; by itself 64, or 32 of those stepped singly.", 1, 4096
    )
    turns: int | None = setting(
        None, "Turns of each before every lesson; by itself 32, or 128 of those stepped singly.", 2, 100_000
    )
    learning_rate: float = setting(2e-3, "At the start; it falls to 0 with the budget.", 0.0, 1.0)
    discount: float = setting(0.999, "Gamma: what a reward is worth a turn later.", 0.0, 1.0)
    trace: float = setting(0.98, "Lambda: how far back a surprise is told.", 0.0, 1.0)
    clip: float = setting(0.2, "Epsilon: how far a lesson may change what is likely.", 0.001, 10.0)
    epochs: int = setting(6, "Times each lesson is gone through.", 1, 1000)
    batch_size: int = setting(512, "Turns a gradient is taken from.", 2, 1_000_000)
    entropy: float = setting(0.01, "Weight of the bonus for trying things out.", 0.0, 10.0)
    width: int = setting(64, "Of the two hidden layers.", 1, 4096)
    longest: int = setting(1000, "Turns after which an episode without a time limit is cut.", 1, 1_000_000)
    value_weight: float = setting(0.5, "Weight of the error of the expected return.", 0.0, 100.0, rare=True)
    most_norm: float = setting(0.5, "Longer gradients are shortened to this.", 1e-6, 1e6, rare=True)
    most_change: float = setting(0.03, "A lesson ends when the policy has moved this far (KL).", 1e-6, 1e6, rare=True)


@dataclass(frozen=True)
class Playing:
    """What `onward apply` does: films of episodes, and a table of them."""

    episodes: int = setting(3, "How many are played.", 1, 100_000)
    films: int = setting(3, "How many of them are filmed.", 0, 1000)
    seed: int = setting(1000, "Of the first; the next has the next number.", 0, 2**31 - 1)
    tried: bool = setting(False, "Draw actions as in training, instead of taking the likeliest.")
