"""Is it going well? Measured while it trains, acted on where the recipe knows how, explained in the report.

| signal | healthy | what is done |
|---|---|---|
| pair accuracy: real looks more real than forged | 60 to 90 % | > 97 %: the penalties double |
| diversity of samples over that of real pictures | > 0.7 | < 0.5 three times: penalties double |
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onward.core.run import Run, Step
from onward.generation.gan.drawing import draw
from onward.generation.gan.judge import judge_features, load_judge
from onward.generation.gan.measures import diversity
from onward.generation.gan.reading import Gallery

__all__ = ["Watch"]

_LOOKS = 20
_SAMPLES = 64
_WON = 0.97
_COLLAPSED = 0.5


class Watch:
    """Looks at a training twenty times; its state is part of the checkpoint.

    Attributes:
        penalty_factor: what the gradient penalties are multiplied by; doubles when the discriminator wins.
    """

    def __init__(self, run: Run, gallery: Gallery) -> None:
        self._run, self._gallery = run, gallery
        self._judge: Any = None
        self._real_diversity = 0.0
        self.penalty_factor = 1.0
        self._accuracy, self._looks, self._collapsed, self._winning = 0.75, 0, 0, 0

    def look(self, step: Step, logits: Tensor, network: nn.Module) -> None:
        """Take notice of a step's logits (real ones, then forged ones); now and then measure diversity."""
        real, fake = logits.float().chunk(2)
        self._accuracy += 0.02 * (float((real > fake).float().mean()) - self._accuracy)
        if step.progress * _LOOKS < self._looks + 1:
            return
        self._looks = int(step.progress * _LOOKS)
        ratio = self._diversity(network)
        step.mark(pair_accuracy=self._accuracy, diversity=ratio)
        self._judge_it(ratio)

    def _diversity(self, network: nn.Module) -> float:
        if self._judge is None:
            self._judge = load_judge()
            chosen = self._gallery.training[:: max(1, len(self._gallery.training) // _SAMPLES)][:_SAMPLES]
            real = torch.from_numpy(self._gallery.pictures.images[chosen]).permute(0, 3, 1, 2)
            self._real_diversity = diversity(judge_features(self._judge, real))
        noise = torch.randn(_SAMPLES, network.latent_length, generator=torch.Generator().manual_seed(7))  # pyright: ignore
        kinds = getattr(network, "classes", 1)
        labels = torch.arange(_SAMPLES) % kinds if kinds > 1 else None
        drawn = diversity(judge_features(self._judge, draw(network, noise, labels)))
        return drawn / max(self._real_diversity, 1e-9)

    def _judge_it(self, ratio: float) -> None:
        self._winning = self._winning + 1 if self._accuracy > _WON else 0
        self._collapsed = self._collapsed + 1 if ratio < _COLLAPSED and self._looks > _LOOKS // 4 else 0
        if self._winning == 2:
            self.penalty_factor *= 2
            self._run.note(
                f"The discriminator told {100 * self._accuracy:.0f} % of pairs apart: it was winning, so the gradient "
                "penalties were doubled."
            )
        if self._collapsed == 3:
            self.penalty_factor *= 2
            self._run.note(
                f"Mode collapse: the samples vary {100 * ratio:.0f} % as much as real pictures. The gradient penalties "
                "were doubled; more pictures or --set penalty=4 help."
            )

    def state_dict(self) -> dict[str, Any]:
        """Take what was noticed so far."""
        names = ("penalty_factor", "_accuracy", "_looks", "_collapsed", "_winning")
        return {name.strip("_"): getattr(self, name) for name in names}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.penalty_factor = state["penalty_factor"]
        self._accuracy, self._looks = state["accuracy"], state["looks"]
        self._collapsed, self._winning = state["collapsed"], state["winning"]
