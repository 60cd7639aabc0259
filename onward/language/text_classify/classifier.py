"""What a run learned: a linear model, maybe networks beside it, and how much each is heard."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.run import Run
from onward.language.text_classify.linear import Linear, fitted_scale, shares_of
from onward.language.text_classify.team import Team

__all__ = ["Classifier", "Mixture", "classifier_of", "mixed_best"]

_SHARES = np.linspace(0, 1, 11)
_TINY = 1e-12


@dataclass(frozen=True)
class Mixture:
    """How much the networks are heard beside the linear model.

    Attributes:
        share: of the networks, 0 to 1.
        scale: what their log-probabilities are multiplied by; below 1 where they are too sure of themselves.
    """

    share: float = 0.0
    scale: float = 1.0

    def of(self, linear: NDArray[np.float64], networks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mix probabilities: N K twice to N K."""
        return (1 - self.share) * linear + self.share * shares_of(np.log(networks + _TINY), self.scale)


def mixed_best(
    linear: NDArray[np.float64], networks: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[Mixture, dict[str, float]]:
    """Find how much networks should be heard, on texts that neither learned from.

    The mixture under which the labels are likeliest is taken if it makes them likelier than the linear model alone does
    by more than the difference's standard error, and does not err more than that by more than chance gives: the root of
    how many are told apart (McNemar 1947). Likelihoods tell more than counts of errors, of which there are few.

    Returns: the mixture, and the accuracy of each on its own and together.
    """
    scale = fitted_scale(np.log(networks + _TINY), labels)
    places = np.arange(len(labels))
    mixtures = [Mixture(float(share), scale) for share in _SHARES]
    losses = np.stack([-np.log(each.of(linear, networks)[places, labels] + _TINY) for each in mixtures])
    best = int(np.argmin(losses.mean(axis=1)))
    told = {"linear": linear, "networks": networks, "together": mixtures[best].of(linear, networks)}
    right = {name: shares.argmax(axis=1) == labels for name, shares in told.items()}
    logits = np.log(linear + _TINY)
    alone = shares_of(logits, fitted_scale(logits, labels))  # else being surer could be taken for knowing more
    gained = -np.log(alone[places, labels] + _TINY) - losses[best]
    won = int((right["together"] & ~right["linear"]).sum())
    lost = int((right["linear"] & ~right["together"]).sum())
    is_likelier = gained.mean() > gained.std() / max(1, len(labels)) ** 0.5
    is_taken = is_likelier and lost - won <= (won + lost) ** 0.5
    accuracies = {name: float(each.mean()) for name, each in right.items()}
    return (mixtures[best] if is_taken else Mixture(0.0, scale)), accuracies


@dataclass(frozen=True)
class Classifier:
    """Tells the classes of texts.

    Attributes:
        team: the networks; None where the linear model alone is heard.
        column: what the column of texts was called.
        beside: what was compared on the validation part, with its accuracy.
    """

    linear: Linear
    team: Team | None
    mixture: Mixture
    classes: tuple[str, ...]
    run: Run
    column: str = ""
    beside: tuple[tuple[str, float], ...] = ()

    @property
    def is_mixed(self) -> bool:
        """Say whether networks are heard."""
        return self.team is not None and self.mixture.share > 0

    def tell(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Give each class's probability: N K."""
        linear = self.linear.tell(texts)
        if self.team is None or self.mixture.share == 0 or not len(texts):
            return linear
        return self.mixture.of(linear, self.team.tell(texts))


def classifier_of(run: Run, facts: dict[str, Any], linear: Linear, team: Team | None) -> Classifier:
    """Put a classifier together as a run's facts say.

    Raises:
        ValueError: they say what cannot be.
    """
    mixture = Mixture(float(facts.get("share", 0.0)), float(facts.get("scale", 1.0)))
    if not (0 <= mixture.share <= 1 and 0 < mixture.scale < math.inf):
        raise ValueError("networks cannot be heard with such a share")
    beside = tuple((str(name), float(value)) for name, value in facts.get("beside", ()))
    return Classifier(linear, team, mixture, tuple(facts["classes"]), run, str(facts["column"]), beside)
