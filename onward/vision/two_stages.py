"""Learning on pretrained eyes in two stages; detection and pose share it.

First frozen eyes look at a few views of every picture, once (`onward/backbones/features.py`); neck and head learn from
what they saw, many epochs a minute. Then the deeper half of the eyes learns too, at a tenth of the rate, on views never
seen before. Whichever of the two is better on the validation part is kept; once that is settled there is nothing left
to choose, so the rest of the time learns from the validation part too. What is kept is an average of the weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.backbones import Features
from onward.core.exhibits import Picture
from onward.core.run import Run, Step
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.box import Box
from onward.parts.looks import Looks
from onward.parts.schedules import moment, share_since
from onward.vision.view_order import ViewOrder

__all__ = ["Exam", "Plan", "TwoStages", "hill"]

_LOOKING_SHARE = 0.4  # of the time with frozen eyes
_FEWER_AT_ONCE = 2  # pictures a step once the eyes learn too: this many times fewer
_EYES_RATE = 0.1
_FROZEN_EPOCHS, _FROZEN_STEPS = 80, 600  # frozen eyes have no more to give after both: then the eyes learn too
_SETTLED_SHARE = 0.6  # of the time with eyes that learn: then the better of the two is settled
_AVERAGED_EPOCHS = 20
_EXAMS = 10
_REPORT_SECONDS = 8.0
_FROZEN = "frozen"  # the checkpoint from before the eyes began to learn


class Views(Protocol):
    """Batches of pictures in many ways, with what is wanted of them; their order is part of the checkpoint."""

    order: ViewOrder

    def looked_at(self, features: Features, count: int) -> tuple[list[Tensor], Any]: ...
    def fresh(self, count: int) -> tuple[Tensor, Any]: ...


@dataclass(frozen=True)
class Plan:
    """How it is learned.

    Attributes:
        batch_size: pictures a step while the eyes are frozen, in each process.
        learning_rate: the highest one, of neck and head.
        frozen_share: part of the time with frozen eyes; 0 for none, 1 for all of it.
        learns_to_see: whether the eyes begin from nothing, and learn whole at the full rate.
        joins_validation: whether to learn from the validation part too once nothing is left to choose.
    """

    batch_size: int
    learning_rate: float
    frozen_share: float
    learns_to_see: bool
    joins_validation: bool


class Exam:
    """Measures the averaged network on the validation part, now and then: a curve and a picture.

    Args:
        name: what is measured, for the curve.
        measure: a network to its score.
        draw: a network to a picture of what it found.
        looked_at: how many pictures `measure` looks at.
        tested: how many the final scores will look at.
        higher_is_better: whether more is better.
    """

    def __init__(
        self,
        run: Run,
        name: str,
        measure: Callable[[Any], float],
        draw: Callable[[Any], NDArray[np.uint8]],
        counts: tuple[int, int],
        higher_is_better: bool,
    ) -> None:
        self._run, self._name, self._measure, self._draw = run, name, measure, draw
        self._looked_at, self._tested = counts
        self._higher_is_better = higher_is_better
        self._looks, self._least_tail_seconds = Looks(run, _EXAMS, is_first_step_one=False), run.tail_seconds

    def look(self, step: Step, network: Any, *, is_fair: bool) -> None:
        """Examine the network if it is time to; only draw, where it learns from these pictures by now."""
        if not self._looks.is_due(step):
            return
        if is_fair:
            step.mark(**{self._name: self.score(network)})
        if not self._run.group.is_first:
            return
        words = "it does not learn from" if is_fair else "of the validation part, from which it learns by now"
        step.show(found=Picture(self._draw(network), f"found in pictures {words}, step {step.index}"))

    def is_worse(self, score: float, than: float) -> bool:
        """Compare two scores."""
        return score < than if self._higher_is_better else score > than

    def score(self, network: Any) -> float:
        """Measure the network, and keep time for the final test, at most a seventh of the budget."""
        began = time.perf_counter()
        value = self._run.group.agree(self._measure(network) if self._run.group.is_first else 0.0)
        if self._run.budget.seconds is not None:
            cost = (time.perf_counter() - began) / max(1, self._looked_at)
            needed = _REPORT_SECONDS + 1.3 * cost * (self._tested + self._looked_at)
            self._run.tail_seconds = max(self._least_tail_seconds, min(needed, self._run.budget.seconds / 7))
        return value


class TwoStages:
    """The two stages of one run, and everything its checkpoints hold.

    Args:
        network: has `eyes`, `head`, `look` and `unfreeze`, and answers pictures.
        views: batches.
        features: of the views that frozen eyes look at.
        loss: an answer and what was wanted to figures by name; their sum is learned from.
        pictures: how many there are to learn from.
    """

    def __init__(
        self,
        run: Run,
        plan: Plan,
        network: Any,
        views: Views,
        features: Features,
        loss: Callable[[Any, Any], dict[str, Tensor]],
        pictures: int,
    ) -> None:
        self._run, self._plan, self._network, self._views = run, plan, network, views
        self._features, self._loss, self._pictures = features, loss, pictures
        self._batch_size = run.group.whole(plan.batch_size)
        self._head = Adam(network.head.parameters(), plan.learning_rate, (0.9, 0.99))
        self._deep = Adam(network.eyes.parameters(), plan.learning_rate, (0.9, 0.99))
        self.average: Average[Any] = Average(network, half_life_pictures=_AVERAGED_EPOCHS * pictures)
        # chunks that frozen eyes looked at, the moment from which they learn, what they came to before that, and
        # whether those that learn proved better (None before it was asked)
        self._stage: Any = Box({"chunks": None, "freed": None, "score": None, "settled": None})
        kept = {"network": network, "head": self._head, "deep": self._deep, "average": self.average}
        run.keep(**kept, batches=views.order, stage=self._stage)

    def learn(self, exam: Exam) -> Any:
        """Go through both stages; give the averaged network."""
        for step in self._run.steps():
            stage = self._stage.value
            if stage.get("settled"):  # also in a run from before the order of views knew it
                self._views.order.learn_from_validation()
            phase = self._frozen_phase(step)
            is_frozen = stage["freed"] is None and phase < 1
            if is_frozen and stage["chunks"] is None and self._has_time_to_look(step):
                for number in range(step.index + 1):  # also those of a sitting before
                    self._features.look(number)
                step.log(pictures_looked_at=float(self._features.done.sum()))
                continue
            if is_frozen:
                stage["chunks"] = stage["chunks"] or int(step.index)
                step.log(**self._learn_from_looks(phase))
            else:
                if stage["freed"] is None:
                    self._free(exam)
                share = share_since(self._run, stage["freed"], step.progress)
                if share >= _SETTLED_SHARE and stage.get("settled") is None and self._plan.joins_validation:
                    self._settle(exam)
                step.log(**self._learn_fresh(share))
            exam.look(step, self.average.network, is_fair=not stage.get("settled"))
        self._keep_the_better(exam)
        return self.average.network.eval()

    def _frozen_phase(self, step: Step) -> float:
        """Give how much of the frozen stage has gone: by the clock, or by epochs, where the clock allows too many."""
        share, chunks = self._plan.frozen_share, self._stage.value["chunks"]
        by_clock = step.progress / share if share > 0 else 1.0
        if chunks is None or share == 1:
            return by_clock
        enough = max(_FROZEN_STEPS, _FROZEN_EPOCHS * self._pictures / self._batch_size)
        return max(by_clock, (step.index - chunks) / enough)

    def _has_time_to_look(self, step: Step) -> bool:
        has_time = step.index == 0 or step.progress < _LOOKING_SHARE * self._plan.frozen_share
        return has_time and step.index < len(self._features)

    def _learn_from_looks(self, phase: float) -> dict[str, Tensor]:
        """Teach the head with what frozen eyes saw; `phase` runs from 0 to 1."""
        for number in range(self._stage.value["chunks"]):  # those that a stopped sitting left out of memory
            self._features.look(number)
        self._network.eyes.requires_grad_(False)
        maps, wanted = self._views.looked_at(self._features, self._batch_size)
        with self._run.machine.mixed():
            answer = self._network.head([each.contiguous(memory_format=torch.channels_last) for each in maps])
        return self._step(answer, wanted, hill(phase), 0.0, self._batch_size)

    def _learn_fresh(self, phase: float) -> dict[str, Tensor]:
        """Teach head and eyes with views never seen before."""
        self._network.unfreeze(self._plan.learns_to_see)
        count = self._run.group.whole(max(1, self._plan.batch_size // _FEWER_AT_ONCE))
        pictures, wanted = self._views.fresh(count)
        with self._run.machine.mixed():
            answer = self._network(pictures)
        return self._step(answer, wanted, 0.5 * hill(phase), 1.0 if self._plan.learns_to_see else _EYES_RATE, count)

    def _step(self, answer: Any, wanted: Any, rate: float, eyes: float, count: int) -> dict[str, Tensor]:
        figures = self._loss(answer, wanted)
        self._head.zero_grad()
        self._deep.zero_grad()
        told = torch.stack(list(figures.values()))
        told.sum().backward()
        told = self._run.group.average([*self._head.weights, *self._deep.weights], told)
        self._head.learning_rate = self._plan.learning_rate * rate * 0.5**self._run.setbacks
        self._head.step()
        if eyes > 0:
            self._deep.learning_rate = self._head.learning_rate * eyes
            self._deep.step()
        self.average.follow(self._network, pictures=count)
        return dict(zip(figures, told, strict=True))

    def _free(self, exam: Exam) -> None:
        """Let the eyes learn from here on, for good, also in time given later; keep what frozen ones came to."""
        self._stage.value["freed"] = moment(self._run)
        if self._stage.value["chunks"] is not None:
            self._stage.value["score"] = exam.score(self.average.network)
            self._run.save(_FROZEN)

    def _settle(self, exam: Exam) -> None:
        """Ask whether eyes that learn are better than frozen ones; if so, nothing is left to choose by."""
        before = self._stage.value["score"]
        is_better = before is None or not exam.is_worse(exam.score(self.average.network), before)
        self._stage.value["settled"] = is_better
        if is_better:
            self._views.order.learn_from_validation()
            self._run.note(
                "With nothing left to choose, the last part of the time learned from the validation part too; the test "
                "part stays unseen."
            )

    def _keep_the_better(self, exam: Exam) -> None:
        before = self._stage.value["score"]
        if before is None or self._stage.value.get("settled"):
            return
        after = exam.score(self.average.network)
        if exam.is_worse(after, before):
            self._run.load_kept(label=_FROZEN, average=self.average)
            self._run.save()
            self._run.note(
                f"What frozen eyes came to is kept: {before:.3f} on the validation part, {after:.3f} after learning."
            )


def hill(phase: float) -> float:
    """Give the factor of a learning rate: a short rise, then half a cosine down.

    Example:
        >>> [round(hill(each), 2) for each in (0.0, 0.05, 0.5, 1.0)]
        [0.02, 0.99, 0.5, 0.01]
    """
    rise = min(1.0, phase / 0.05 + 0.02)
    return rise * max(0.01, 0.5 * (1 + math.cos(math.pi * min(1.0, phase))))
