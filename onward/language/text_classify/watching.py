"""Looks at the validation part while networks learn: a curve and coloured texts, in a twentieth of the time."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Picture
from onward.core.run import Run, Step
from onward.language.text_classify.colouring import coloured_by_linear, coloured_by_networks
from onward.language.text_classify.linear import Linear
from onward.language.text_classify.pictures import telling_picture, texts_picture
from onward.language.text_classify.reading import Texts
from onward.language.text_classify.team import Team
from onward.parts.box import Box

__all__ = ["Watch"]

_EXAMS, _SHARE, _FINAL_SHARE = 8, 0.05, 0.04
_SHOWN, _FEWEST = 8, 100
_TEST_SHARE = 0.12  # of the budget: what the tail may take


class Watch:
    """Examines the networks eight times a run; which texts they are asked about never changes.

    Args:
        kept: a table that checkpoints hold; in it the examinations are counted, so that none comes twice after a kill.
    """

    def __init__(self, run: Run, texts: Texts, team: Team, kept: Box) -> None:
        self._run, self._texts, self._team, self._kept = run, texts, team, kept
        self._least_tail_seconds = run.tail_seconds
        self._seconds_a_text = 0.0
        self._shown = texts.validation[:_SHOWN]

    def begin(self, step: Step) -> None:
        """Show what the linear model goes by."""
        linear = Linear.load(self._run.path / "linear")
        names = self._texts.classes
        step.show(telling=Picture(telling_picture(linear, names), "what speaks for a class most, to the linear model"))
        own = self._texts.texts(self._shown)
        coloured = coloured_by_linear(linear, own, linear.tell(own))
        sheet = texts_picture(coloured, names, self._texts.found.labels[self._shown])
        step.show(
            texts=Picture(
                sheet, "texts to choose by, coloured by what the linear model, which knows them by now, goes by"
            )
        )

    def look(self, step: Step, phase: float) -> None:
        """Examine the networks if it is time to: log how often they are right, and show what they go by."""
        number = int(phase * _EXAMS)
        if number == self._kept.value.get("examined", -1) and not step.is_last:
            return
        self._kept.value["examined"] = number
        places = self._affordable(_SHARE / _EXAMS)
        began = time.perf_counter()
        shares = self._team.tell(self._texts.texts(places))
        self._reserve((time.perf_counter() - began) / max(1, len(places)))
        right = shares.argmax(axis=1) == self._texts.found.labels[places]
        step.mark(validation_accuracy_networks=float(right.mean()))
        own = self._texts.texts(self._shown)
        coloured = coloured_by_networks(self._team, own, self._team.tell(own))
        sheet = texts_picture(coloured, self._texts.classes, self._texts.found.labels[self._shown])
        step.show(texts=Picture(sheet, f"texts not learned from, coloured by what networks go by, step {step.index}"))

    def final_shares(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Ask the networks of the validation part, or as much of it as the time allows."""
        places = self._affordable(_FINAL_SHARE)
        return places, self._team.tell(self._texts.texts(places))

    def _affordable(self, share: float) -> NDArray[np.int64]:
        places, seconds = self._texts.validation, self._run.budget.seconds
        if seconds is None:
            return places
        if self._seconds_a_text == 0:
            return places[:_FEWEST]
        return places[: max(_FEWEST, int(share * seconds / self._seconds_a_text))]

    def _reserve(self, seconds_a_text: float) -> None:
        """Keep time for the test and the report, as long as that takes no more than an eighth of the budget."""
        self._seconds_a_text = seconds_a_text
        seconds = self._run.budget.seconds
        if seconds is not None:
            asked = min(len(self._texts.validation), _FINAL_SHARE * seconds / max(seconds_a_text, 1e-9))
            needed = 3.0 + seconds_a_text * (1.3 * len(self._texts.testing) + asked)
            self._run.tail_seconds = max(self._least_tail_seconds, min(needed, _TEST_SHARE * seconds))
