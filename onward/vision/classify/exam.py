"""Exams on the validation part while a classifier trains: a curve, a picture of guesses, and never more than 5 %."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import nn

from onward.core.exhibits import Picture
from onward.core.run import Run, Step
from onward.parts.looks import Looks
from onward.parts.lots import by_lot
from onward.vision.classify.network import SeeingNetwork
from onward.vision.classify.pictures import guesses_picture
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import MIRRORED, MOVED, Recogniser, fitted_temperature, logits_of

__all__ = ["FINAL_SHARE", "Exam", "finished"]

_EXAMS = 16
_SHARE = 0.05
_SHOWN = 24
_MOST, _MOST_FOR_TEMPERATURE = 2000, 1000
_MOVED_SHARE = 0.05  # of the budget: what the final test may take for moved views to be worth it
FINAL_SHARE = 0.02  # of the budget: what each last look at the validation part may take


class Exam:
    """Examines a network sixteen times a run; which pictures it is asked about never changes.

    Attributes:
        seconds_a_picture: what an answer costs, once it was measured.
    """

    def __init__(self, run: Run, album: Album) -> None:
        self._run, self._album = run, album
        self._places = by_lot(album.validation, _MOST)
        self._looks = Looks(run, _EXAMS, is_first_step_one=True)
        self._least_tail_seconds = run.tail_seconds
        self.seconds_a_picture = 0.0

    def look(self, step: Step, network: nn.Module) -> None:
        """Examine the network if it is time to, log its accuracy and show its guesses."""
        if not self._looks.is_due(step) or not self._run.group.is_first:
            return
        places = self._affordable()
        if not len(places):
            return
        began = time.perf_counter()
        logits = logits_of(network, self._album.pictures.images[places], 1)
        self._reserve(network, (time.perf_counter() - began) / max(1, len(places)))
        labels = torch.from_numpy(self._album.pictures.labels[places])
        step.mark(validation_accuracy=float((logits.argmax(dim=1) == labels).float().mean()))
        shown = places[:_SHOWN]
        picture = guesses_picture(
            self._album.pictures.images[shown],
            logits[: len(shown)].softmax(dim=1).numpy(),
            self._album.pictures.labels[shown],
            self._album.classes,
        )
        step.show(guesses=Picture(picture, f"guesses on pictures it does not learn from, step {step.index}"))

    def affordable(self, share: float) -> int:
        """Say how many pictures may be looked at for a share of the budget; all, where no clock runs."""
        seconds = self._run.budget.seconds
        if seconds is None or self.seconds_a_picture == 0:
            return _MOST
        return max(_SHOWN, int(share * seconds / self.seconds_a_picture))

    def views(self, network: nn.Module) -> int:
        """Say how many views of a picture answer best: moved ones where the network is small enough for the time."""
        if not self._album.mirrors:
            return 1
        if not isinstance(network, SeeingNetwork):
            return MIRRORED
        seconds = self._run.budget.seconds
        if seconds is None:
            return MOVED
        cost = MOVED * self.seconds_a_picture * len(self._album.testing)
        return MOVED if 0 < cost < _MOVED_SHARE * seconds else MIRRORED

    def _affordable(self) -> np.ndarray:
        """Take as many pictures as sixteen exams may cost in all."""
        seconds = self._run.budget.seconds
        if seconds is None or self.seconds_a_picture == 0:
            return self._places[:128] if seconds is not None else self._places[:500]
        return self._places[: self.affordable(_SHARE / _EXAMS)]

    def _reserve(self, network: nn.Module, seconds_a_picture: float) -> None:
        """Keep time for the final test, as long as that takes no more than a tenth of the budget.

        The first look is slow, so what was reserved then is given back later.
        """
        self.seconds_a_picture = seconds_a_picture
        if self._run.budget.seconds is not None:
            chosen_by = min(len(self._places), self.affordable(FINAL_SHARE))
            views = self.views(network) + 0.2
            needed = 4.0 + views * seconds_a_picture * (len(self._album.testing) + 1.5 * chosen_by)
            self._run.tail_seconds = max(self._least_tail_seconds, min(needed, 0.1 * self._run.budget.seconds))


def finished(
    run: Run, album: Album, network: nn.Module, exam: Exam, beside: tuple[tuple[str, float], ...] = ()
) -> Recogniser:
    """Find the temperature on the validation part, and write down what `load` needs."""
    places = by_lot(album.validation, min(_MOST_FOR_TEMPERATURE, exam.affordable(FINAL_SHARE)))
    views = exam.views(network)
    logits = logits_of(network, album.pictures.images[places], views)
    temperature = fitted_temperature(logits, album.pictures.labels[places])
    facts = run.folder.record["classifier"]
    found = {"views": views, "temperature": temperature, "beside": [list(each) for each in beside]}
    run.folder.update(classifier={**facts, **found})
    return Recogniser(network.eval(), album.classes, int(facts["size"]), views, temperature, run, beside)
