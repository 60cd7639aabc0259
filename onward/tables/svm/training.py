"""Training: a fit a step, on ever more rows, then with other kernels, C and gamma, until the budget ends it.

Rows are drawn by lot, class by class alike, so that a rung of the ladder is a fair sample. What a fit is worth is
measured on rows that it has not seen: a part set aside to choose by, or five folds where there are few rows.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from onward.core.faults import MachineFault
from onward.core.run import Run
from onward.parts.box import Box
from onward.tables.gathering import Gathering, fair_order
from onward.tables.lean import library
from onward.tables.looks import Look, keep_look, kept_look, plan_look
from onward.tables.pace import Pace
from onward.tables.samples import Samples
from onward.tables.svm.fitting import Choice, Fit, fit
from onward.tables.svm.kernels import natural_gamma
from onward.tables.svm.ladder import Bounds, Tried, next_try, predicted_seconds
from onward.tables.svm.machine import Machine, calibrated, shares_of
from onward.tables.svm.pictures import ladder_picture
from onward.tables.svm.settings import KERNELS, Settings

__all__ = ["Trained", "load", "train"]

_FOLDED = 1_200  # rows up to which a fit is measured by five folds
_FOLDS = 5
_CHOSEN_BY, _MOST_CHOSEN_BY = 0.15, 2_000
_MOST_EXACT_CLASSES = 30
_ITERATIONS_A_ROW = 100
_FEWEST_ROWS, _FIRST_ROWS_A_SECOND = 120, 100
_SHOWN_AT = (0, 2, 5, 15, 50, 150)
_REPORT_SECONDS, _REPORT_SECONDS_A_ROW = 1.0, 1e-4  # of work; of rows kept aside
_MOST_TAIL = 0.6  # of the budget


class Trained:
    """A machine, and how it looks at samples.

    Attributes:
        facts: what the run says of it: `classes`, `target`, `digest` of the data.
        tried: every fit, in order.
    """

    def __init__(self, facts: dict[str, Any], look: Look, machine: Machine, tried: list[Tried]) -> None:
        self.facts, self.look, self.machine, self.tried = facts, look, machine, tried

    @property
    def classes(self) -> list[str]:
        """Give the classes' names; empty when a number is predicted."""
        return self.facts["classes"]

    @property
    def kept(self) -> Tried:
        """Give the fit that is kept."""
        return _best(self.tried)


class _Material:
    """Rows to fit on, in the order of the ladder, and rows to choose by."""

    def __init__(self, x: Any, y: NDArray[np.float64], classes: int, seed: int) -> None:
        self.classes = classes
        order = fair_order(y, classes, seed)
        aside = 0 if len(y) <= _FOLDED else min(_MOST_CHOSEN_BY, int(_CHOSEN_BY * len(y)))
        self.x, self.y = x[order[aside:]], y[order[aside:]]
        self.x_chosen, self.y_chosen = x[order[:aside]], y[order[:aside]]
        self.seconds_a_row = 0.0  # that the last machine took to tell
        self.gamma = natural_gamma(self.x[: min(2000, self.x.shape[0])])

    def tried(self, choice: Choice, rows: int, most_iterations: int) -> tuple[Fit, float]:
        """Fit a choice on the first rows; give the fit, calibrated, and its score on rows not fitted."""
        x, y = self.x[:rows], self.y[:rows]
        found = fit(x, y, self.classes, choice, self.gamma, most_iterations)
        if len(self.y_chosen):
            began = time.perf_counter()
            decisions, truth = found.machine.decide(self.x_chosen), self.y_chosen
            self.seconds_a_row = (time.perf_counter() - began) / len(truth)
        else:
            decisions, truth = self._folded(x, y, choice, found.machine.decisions, most_iterations)
        facts = found.machine.facts
        if not self.classes:
            told = decisions[:, 0] * facts["spread"] + facts["middle"]
            return found, 1 - float(((told - truth) ** 2).mean() / max(truth.var(), 1e-12))
        facts |= calibrated(decisions, truth.astype(np.int64), facts)
        shares = shares_of(decisions, facts)
        right = float((shares.argmax(axis=1) == truth).mean())
        likely = -np.log(np.maximum(shares[np.arange(len(truth)), truth.astype(int)], 1e-6)).mean()
        return found, right - 1e-4 * float(likely)  # of two as often right, the one that is surer of it

    def _folded(
        self, x: Any, y: NDArray[np.float64], choice: Choice, width: int, most_iterations: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        decisions = np.zeros((len(y), width))
        folds = np.arange(len(y)) % _FOLDS
        for number in range(_FOLDS):
            away, own = folds != number, folds == number
            if self.classes and len(np.unique(y[away])) < 2:
                continue
            machine = fit(x[away], y[away], self.classes, choice, self.gamma, most_iterations).machine
            told = machine.decide(x[own])
            if not self.classes:  # each fold has a middle of its own
                told = (told * machine.facts["spread"] + machine.facts["middle"] - y.mean()) / max(y.std(), 1e-12)
            decisions[own] = told
        return decisions, y


def train(run: Run, samples: Samples, settings: Settings) -> Trained:
    """Climb the ladder, then search."""
    facts = samples.facts()
    run.folder.update(svm=facts)
    look = plan_look(samples, "one_hot")
    machine, history = Machine(), Box([])
    gathering = Gathering(samples, look, run.seed, few_directions=True)
    run.keep(machine=machine, history=history, gathering=gathering)
    material: _Material | None = None
    trained = Trained(facts, look, machine, [])
    for step in run.steps():
        if material is None:
            if said := gathering.next(run, step.progress):
                run.note(said)
            if gathering.x is None:
                step.log(looked_at=gathering.share)
                continue
            keep_look(run, look, samples)
            material = _Material(gathering.x, gathering.y, len(samples.classes), run.seed)
            library("sklearn.svm")  # which can take longer than the first fits
            pace = Pace()
            _leave_time(run, samples, pace, 0.0)
            bounds = _bounds(material, settings, run.seconds_left / pace.crowding)
        trained.tried = tried = [Tried.from_json(each) for each in history.value]
        chance = np.random.default_rng([run.seed, len(tried), 7])
        chosen = next_try(tried, bounds, run.seconds_left, chance)
        if chosen is None or len(tried) >= settings.tries:
            run.finish_early(_ending(tried, settings, is_search_over=chosen is not None))
            step.log(score=_best(tried).score, rows=_best(tried).rows, tried=len(tried))
            continue
        began = run.clock()
        found, score = material.tried(*chosen, _most_iterations(run, tried, *chosen))
        seconds = 0.0 if run.budget.seconds is None else run.clock() - began
        before = _best(tried) if tried else None
        tried.append(Tried(*chosen, score, seconds, found.is_whole))
        history.value = [each.as_json() for each in tried]
        if before is None or _is_kept(tried[-1], before):
            machine.load_state_dict(found.machine.state_dict())
            _leave_time(run, samples, pace, material.seconds_a_row)
        step.log(score=score, rows=chosen[1], best=_best(tried).score, tried=len(tried))
        if step.index in _SHOWN_AT or step.is_last:
            step.show(tried=ladder_picture(tried, is_number=not samples.classes))
    return trained if material is not None else _fitted_before(run, history.value)


def _fitted_before(run: Run, tried: list[Any]) -> Trained:
    """Load what was fitted: killed after its last step, a run goes on with no step at all."""
    if not tried:
        raise MachineFault(
            f"The time was over before anything was fitted. Go on: onward resume {run.folder.word} --time +1m"
        )
    return load(run)


def _leave_time(run: Run, samples: Samples, pace: Pace, seconds_a_row: float) -> None:
    """Leave time for scores and pictures, and for telling the rows kept aside."""
    if run.budget.seconds is not None:
        telling = 1.5 * seconds_a_row * len(samples.testing)
        usual = run.tail_seconds if samples.kind != "table" else 0.0  # pictures and texts are looked at once more
        report = pace.crowding * (_REPORT_SECONDS + _REPORT_SECONDS_A_ROW * len(samples.testing))
        run.tail_seconds = min(max(usual, report + telling), _MOST_TAIL * run.budget.seconds)


def _bounds(material: _Material, settings: Settings, work_seconds_left: float) -> Bounds:
    rows = int(material.x.shape[0])
    kernels = (settings.kernel,) if settings.kernel else KERNELS
    if sparse.issparse(material.x):  # words are many enough to part classes by a plane; poly is never better
        kernels = tuple(kernel for kernel in kernels if kernel != "poly") or kernels
    exact = settings.exact_rows if material.classes <= _MOST_EXACT_CLASSES else 0
    gamma = settings.gamma / material.gamma if settings.gamma else None
    usual = Bounds(rows, exact, min(settings.landmarks, rows), settings.kernel, settings.cost, gamma, kernels)
    if math.isinf(work_seconds_left):
        return usual
    few = _FIRST_ROWS_A_SECOND * work_seconds_left  # what nothing is known of yet must not take long
    return replace(usual, first_rows=int(min(usual.first_rows, max(_FEWEST_ROWS, few))))


def _most_iterations(run: Run, tried: list[Tried], choice: Choice, rows: int) -> int:
    """Bound the solver's iterations: by the rows, and under a clock by what a second did before."""
    most = _ITERATIONS_A_ROW * max(rows, 200)
    if math.isinf(run.seconds_left) or not tried:
        return most
    allowed = 0.8 * run.seconds_left
    predicted = predicted_seconds(tried, choice, rows)
    return int(min(most, max(1000, most * allowed / max(predicted, 1e-6))))


def _best(tried: list[Tried]) -> Tried:
    best = tried[0]
    for each in tried[1:]:
        if _is_kept(each, best):
            best = each
    return best


def _is_kept(new: Tried, old: Tried) -> bool:
    """Keep the better one; of two alike, the one that was fitted on more rows."""
    return new.score > old.score or (new.score == old.score and new.rows > old.rows)


def _ending(tried: list[Tried], settings: Settings, *, is_search_over: bool) -> str:
    if is_search_over:
        return f"All {settings.tries} fits are made."
    rows = max(each.rows for each in tried)
    return f"{len(tried)} fits were made, on up to {rows:,} rows; no further one is sure to end in time."


def load(run: Run) -> Trained:
    """Load a run's machine."""
    machine, history = Machine(), Box([])
    run.load_kept(machine=machine, history=history)
    tried = [Tried.from_json(each) for each in history.value]
    look = kept_look(run)
    machine.predict(np.zeros((1, len(look.names))))  # a damaged one fails here, where that gets a sentence
    return Trained(run.folder.record["svm"], look, machine, tried)
