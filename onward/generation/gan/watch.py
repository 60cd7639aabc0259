"""Is it going well? Measured twenty times while it trains, acted on where the recipe knows how, said in the report.

| signal | healthy | what is done |
|---|---|---|
| pair accuracy: real looks more real than forged | 60 to 90 % | > 97 % twice: the gradient penalties double |
| diversity of samples over that of real pictures | > 0.7 | < 0.5 three times: back to the best, penalties double |
| overfitting: how far held-out pictures fall behind those trained on | < 0.5 | > 0.6 twice: colours and holes too |
| quality: kernel distance to real pictures | falling | the best is kept; 15 % worse three times: back to it |

The watch looks through EfficientNet-Lite0 where the second judge does, else at thumbnails: never through the outside
judge, whose scores would then be of what it helped to choose. Above 32 pixels Lite0 is not believed alone when it says
that quality fell: it is a player's eyes, and of portraits it preferred the smears of step 1,077 to the faces of step
1,407, which one outside judge found as good and the other better. There thumbnails have to say so too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.core.run import Keepable, Run, Step
from onward.generation.gan.drawing import draw
from onward.generation.gan.measures import diversity, kernel_distance
from onward.generation.gan.reading import Gallery

__all__ = ["Watch"]

Eyes = Callable[[Tensor], Tensor]
_LOOKS = 20
_SHARE = 0.05
_PICTURES_A_SECOND = 500
_FEWEST, _MOST = 64, 1000
_GROUP = 4  # pictures whose variety the judge sees
_MOST_JUDGED = 256
_ENOUGH_TO_ACT = 400
_WON = 0.97
_COLLAPSED = 0.5
_LEARNED_BY_HEART = 0.6
_WORSE = 1.15
_TRUSTED_SIDE = 32


class Watch:
    """Looks at a training twenty times; its state is part of the checkpoint.

    Args:
        run: it writes its notes there, and keeps the best there as the checkpoint `best`.
        gallery: real pictures, at the generator's size.
        judge: the discriminator: pictures (and class numbers) to logits.
        backbone: frozen network to look through, or None for thumbnails.
        players: what is put back from the best checkpoint when a training goes wrong.

    Attributes:
        penalty_factor: what the gradient penalties are multiplied by.
        wants_colour: whether augmentation should change colours and cut holes too.
    """

    def __init__(
        self, run: Run, gallery: Gallery, judge: nn.Module, backbone: nn.Module | None, players: dict[str, Keepable]
    ) -> None:
        self._run, self._gallery, self._judge, self._players = run, gallery, judge, players
        self._eyes: Eyes = _thumbnails if backbone is None else _through(backbone)
        self._count = _affordable(run)
        self._real: Tensor | None = None
        self._has_doubts = backbone is not None and gallery.pictures.images.shape[1] > _TRUSTED_SIDE
        self._best_thumbnails = float("inf")
        self.penalty_factor, self.wants_colour = 1.0, gallery.is_small
        self._accuracy, self._best, self._best_step, self._kept_step = 0.75, float("inf"), -1, -1
        self._looks, self._winning, self._collapsed, self._learned, self._worse = 0, 0, 0, 0, 0

    def look(self, step: Step, logits: Tensor, network: nn.Module) -> None:
        """Take notice of a step's logits (real ones, then forged ones); now and then measure the rest."""
        real, fake = logits.float().chunk(2)
        self._accuracy += 0.02 * (float((real > fake).float().mean()) - self._accuracy)
        if step.progress * _LOOKS < self._looks:
            self._looks = int(step.progress * _LOOKS)  # the run was given more time
        if step.progress * _LOOKS < self._looks + 1:
            return
        self._looks = int(step.progress * _LOOKS)
        signals, thumbnails, is_worse = self._run.group.agree(
            self._measured(network) if self._run.group.is_first else ({}, 0.0, False)
        )
        step.mark(**signals)
        self._act(step, signals, thumbnails, is_worse)

    def _measured(self, network: nn.Module) -> tuple[dict[str, float], float, bool]:
        """Measure the signals, the distance at 8 pixels, and whether the pictures are plainly worse than the best."""
        drawn, labels = self._draw(network)
        features, thumbnails = self._eyes(drawn), self._thumbnail_distance(drawn)
        signals = {
            "pair_accuracy": self._accuracy,
            "diversity": diversity(features[:_FEWEST]) / max(diversity(self._real_features()[:_FEWEST]), 1e-9),
            "overfitting": self._overfitting(drawn[:_MOST_JUDGED], None if labels is None else labels[:_MOST_JUDGED]),
            "quality": kernel_distance(self._real_features(), features),
        }
        return signals, thumbnails, self._is_worse(signals["quality"], thumbnails)

    def conclude(self, average: Keepable, network: nn.Module) -> None:
        """Give the best average back if the last is plainly worse; called when the steps are over."""
        if self._best_step < 0:
            return
        drawn, _ = self._draw(network)
        last = kernel_distance(self._real_features(), self._eyes(drawn))
        if self._is_worse(last, self._thumbnail_distance(drawn)):
            self._run.load_kept(label="best", average=average)
            self._kept_step = self._best_step
            self._run.save()
            self._run.note(
                f"The generator of step {self._best_step} is kept: the last one was {last / self._best:.1f} times as "
                "far from real pictures."
            )

    def _is_worse(self, quality: float, thumbnails: float) -> bool:
        """Say whether a distance is above the best by more than 15 % and by what chance does to real pictures."""
        first, second = self._real_features().chunk(2)
        if quality <= _WORSE * self._best + 2 * abs(kernel_distance(first, second)):
            return False
        return not self._has_doubts or thumbnails > _WORSE * self._best_thumbnails

    def _thumbnail_distance(self, drawn: Tensor) -> float:
        """Give the distance of pictures seen at 8 pixels, where the usual eyes are not believed alone; else 0."""
        if not self._has_doubts:
            return 0.0
        return kernel_distance(_thumbnails(self._real_pictures()), _thumbnails(drawn))

    def _draw(self, network: nn.Module) -> tuple[Tensor, Tensor | None]:
        noise = torch.randn(self._count, network.latent_length, generator=torch.Generator().manual_seed(7))  # pyright: ignore
        kinds = getattr(network, "classes", 1)
        labels = torch.arange(self._count) % kinds if kinds > 1 else None
        return draw(network, noise, labels), labels

    def _real_features(self) -> Tensor:
        if self._real is None:
            self._real = self._eyes(self._real_pictures())
        return self._real

    def _real_pictures(self) -> Tensor:
        chosen = self._gallery.training[:: max(1, len(self._gallery.training) // self._count)][: self._count]
        return torch.from_numpy(self._gallery.pictures.images[chosen]).permute(0, 3, 1, 2)

    @torch.no_grad()
    def _overfitting(self, drawn: Tensor, labels: Tensor | None) -> float:
        """Compare how real the judge finds pictures held out with those it trained on: 0 as real, 1 as forgeries.

        A mean of differences, since a relativistic judge's logits mean nothing by themselves (compare arXiv:2006.06676,
        section 3.1).
        """
        logits, was_training = [], self._judge.training
        self._judge.eval()
        # as many of each, and by fours: the judge also sees how varied a group is
        count = max(_GROUP, min(len(drawn), len(self._gallery.held_out)) // _GROUP * _GROUP)
        drawn, labels = drawn[:count], None if labels is None else labels[:count]
        for part in (self._gallery.training, self._gallery.held_out):
            places = part[:: max(1, len(part) // count)][:count]
            pictures = torch.from_numpy(self._gallery.pictures.images[places]).permute(0, 3, 1, 2).float() / 127.5 - 1
            kinds = None if labels is None else torch.from_numpy(self._gallery.pictures.labels[places])
            logits.append(float(self._judge(pictures, kinds).mean()))
        logits.append(float(self._judge(drawn.float() / 127.5 - 1, labels).mean()))
        self._judge.train(was_training)
        trained, held_out, forged = logits
        return (trained - held_out) / max(trained - forged, 1e-3)

    def _act(self, step: Step, signals: dict[str, float], thumbnails: float, is_worse: bool) -> None:
        accuracy, varied, learned, quality = signals.values()
        early = self._looks <= _LOOKS // 4
        self._winning = self._winning + 1 if accuracy > _WON else 0
        self._collapsed = self._collapsed + 1 if varied < _COLLAPSED and not early else 0
        self._learned = self._learned + 1 if learned > _LEARNED_BY_HEART and not early else 0
        self._worse = self._worse + 1 if is_worse and not early else 0
        if self._winning == 2:
            self.penalty_factor *= 2
            self._run.note(
                f"The discriminator told {100 * accuracy:.0f} % of pairs apart: it was winning, so the gradient "
                "penalties were doubled."
            )
        if self._learned == 2 and not self.wants_colour:
            self.wants_colour = True
            self._run.note(
                f"The discriminator learned its pictures by heart (overfitting {learned:.2f}): from step {step.index} "
                "on augmentation also changes colours and cuts holes. More pictures help more."
            )
        if self._collapsed == 3:
            self._go_back(f"Mode collapse: the samples vary {100 * varied:.0f} % as much as real pictures.")
        elif self._worse == 3:
            self._go_back(f"Quality fell: {quality / self._best:.1f} times the distance of step {self._best_step}.")
        elif quality < self._best and varied >= _COLLAPSED and self._count >= _ENOUGH_TO_ACT:
            self._best, self._best_step, self._best_thumbnails = quality, step.index, thumbnails
            self._run.save("best")

    def _go_back(self, why: str) -> None:
        self.penalty_factor *= 2
        self._collapsed, self._worse = 0, 0
        if self._best_step >= 0:
            self._run.load_kept(label="best", **self._players)
        where = f"The players of step {self._best_step} were put back and the" if self._best_step >= 0 else "The"
        self._run.note(f"{why} {where} gradient penalties doubled; more pictures or --set penalty=4 help.")

    def state_dict(self) -> dict[str, Any]:
        """Take what was noticed so far."""
        return {name.strip("_"): getattr(self, name) for name in _NOTICED}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        for name in _NOTICED:
            setattr(self, name, state.get(name.strip("_"), getattr(self, name)))


_NOTICED = ("penalty_factor", "wants_colour", "_accuracy", "_best", "_best_step", "_best_thumbnails")
_NOTICED += ("_looks", "_winning", "_collapsed", "_learned", "_worse", "_kept_step")


def _affordable(run: Run) -> int:
    """Say how many samples a look may draw so that all looks take a twentieth of the time at most."""
    if run.budget.seconds is None:
        return max(_FEWEST, min(_MOST, run.budget.steps or _MOST))
    return max(_FEWEST, min(_MOST, int(_SHARE * run.budget.seconds / _LOOKS * _PICTURES_A_SECOND)))


def _through(backbone: nn.Module) -> Eyes:
    """Look through a frozen network at 32 to 64 pixels: N 3 H W uint8 to N 1280."""

    @torch.no_grad()
    def eyes(pictures: Tensor) -> Tensor:
        found = []
        for batch in pictures.split(100):
            side = min(64, max(32, batch.shape[-1]))
            seen = F.interpolate(batch.float() / 127.5 - 1, size=(side, side), mode="area")
            found.append(backbone(seen.contiguous(memory_format=torch.channels_last)))
        return torch.cat(found)

    return eyes


def _thumbnails(pictures: Tensor) -> Tensor:
    """Look at 8 by 8 pixels: N 3 H W uint8 to N 192."""
    return F.adaptive_avg_pool2d(pictures.float() / 127.5 - 1, 8).flatten(1)
