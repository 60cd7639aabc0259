"""The loop that `table` and `kaggle` share: every step fits one member on all folds but one, as long as time is left.

Fits are timed, and a member that would not be done in time is not begun; one in work is told how long it may take.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from onward.core import randomness
from onward.core.faults import Fault, RunFault
from onward.core.machine import cores
from onward.core.run import Run, Step
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.folds import Folds
from onward.tables.ensemble.lineup import first_guess, lineup, work_of
from onward.tables.ensemble.members import FAMILIES, Spec, fit_member
from onward.tables.ensemble.pool import Pool
from onward.tables.pace import Pace

__all__ = ["Course", "threads_for"]

_MANY_ROWS = 50_000  # below, two threads wait for each other more than they work
_MOST_MEMBERS = 250
_MOST_FAILURES = 10
_MOST_SHARE = 0.3  # of the time left that one member may take
_MOST_SHARE_KNOWN = 0.9  # the same, where it is known to need so much
_SLOWER = 1.3  # than thought a fit may be
_CUT = 0.6  # of what a fit needs, at least, for one that ends when it is told to
_ENDS_WHEN_TOLD = ("lightgbm", "xgboost", "catboost", "histograms", "forest", "network")
_REPORT_SECONDS, _REPORT_SECONDS_A_ROW, _MOST_TAIL = 0.6, 1.2e-4, 0.5  # of work; of the whole budget
_BARE = 0.6  # of a report: the scores alone
_SPARE = 0.25  # of the time left, for what is no member
_LOOKED_AHEAD = 60  # members, for one that is done in time


def threads_for(rows: int, *, timed: bool) -> int:
    """Say how many threads a fit may use: one where rows are few, the machine is busy, or a run is to be repeated."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return 1 if not timed or rows < _MANY_ROWS or load >= cores() else cores()


@dataclass
class Course:
    """A pool in training.

    Attributes:
        on_better: called when the blend of whole members got better.
    """

    run: Run
    challenge: Challenge
    folds: Folds
    families: list[str]
    on_better: Callable[[Pool, Step], None]

    def __post_init__(self) -> None:
        """Make the pool and begin the line-up."""
        self.pool = Pool(self.run.path, self.challenge, self.folds)
        self._line = lineup(self.challenge, self.families, self.run.seed)
        self._drawn: list[Spec] = []
        self._timed = self.run.budget.seconds is not None
        self._seconds: dict[str, float] = {}
        self._failed = 0
        self._pace = Pace()
        more = self.challenge.measure.higher_is_better
        self.run.folder.update(higher_is_better={"blend_score": more, "member_score": more})  # a sweep chooses by them
        self._reserve_time()

    def turn(self, step: Step) -> None:
        """Do one step: fit the member in work on its next fold, or turn to the next member that is done in time."""
        spec = self._spec()
        if spec is None:
            self.run.finish_early("No further member would be done in the time that is left.")
            return
        fold = self.pool.fits
        fit = self.pool.found(spec, fold)
        is_new = fit is None
        if fit is None:
            before = randomness.capture()  # a fit found in its file draws nothing, so none may leave a trace
            try:
                fit = self._fitted(spec, fold)
            except Fault:
                raise
            except Exception as reason:  # a library's own trouble must not end the work of the others
                self._leave_out(spec, reason)
                return
            finally:
                randomness.restore(before)
        self._seconds[spec.name] = max(self._seconds.get(spec.name, 0.0), fit.seconds)
        is_whole = self.pool.add(fit, is_new=is_new)
        step.log(members=len(self.pool.members))
        if is_whole:
            self._reserve_time()
            self._whole(step)
        if len(self.pool.members) >= _MOST_MEMBERS:
            self.run.finish_early(f"{_MOST_MEMBERS} members are fitted; more would change little.")

    def affords(self, work_seconds: float) -> bool:
        """Say whether so much work would leave most of the time to the members."""
        return not self._timed or self._pace.crowding * work_seconds < _SPARE * self.run.seconds_left

    def _leave_out(self, spec: Spec, reason: Exception) -> None:
        """Go on without a member whose library failed; without a single one there is nothing to go on with."""
        self.pool.drop_work()
        self._failed += 1
        words = str(reason).splitlines()[0][:120] if str(reason) else ""
        if isinstance(reason, TimeoutError):
            self.run.note(f"{spec.name} was left out: {words}.")
            return
        words = f"{type(reason).__name__}: {words}"
        if self._failed >= _MOST_FAILURES and not self.pool.members:
            raise RunFault(f"No member could be fitted ({spec.name}: {words}). Choose others with --members.")
        self.run.note(f"{spec.name} could not be fitted and was left out ({words}).")

    def _reserve_time(self) -> None:
        """Leave time for the report, and for the strict estimate, which chooses weights once more for every fold."""
        if self._timed:
            needed = self._pace.crowding * (_REPORT_SECONDS + _REPORT_SECONDS_A_ROW * len(self.challenge.x))
            needed *= 1.0 if self.pool.members else _BARE  # one whole member is worth more than pictures
            needed += (self.folds.count + 1) * self.pool.blend_seconds
            self.run.tail_seconds = min(needed, _MOST_TAIL * (self.run.budget.seconds or 0.0))

    def _whole(self, step: Step) -> None:
        pool = self.pool
        own = pool.members[-1]
        step.mark(blend_score=pool.score, member_score=own.score)
        now = pool.score, pool.loss
        told = pool.told
        better = told is None or self.challenge.measure.better(now[0], told[0]) or now[1] < told[1]
        if better:
            pool.told = now
            self.on_better(pool, step)

    def _fitted(self, spec: Spec, fold: int) -> Any:
        left = self.folds.fits - fold
        FAMILIES[spec.family].load()
        began = time.monotonic()
        needed = _SLOWER * self._seconds.get(spec.name, self._thought(spec))
        share = _MOST_SHARE if self.pool.members else 0.6
        allowed = float("inf")
        if self._timed and fold > 0:
            allowed = self.run.seconds_left / left
        elif self._timed:
            allowed = self.run.seconds_left / left
            allowed = max(share * allowed, min(_MOST_SHARE_KNOWN * allowed, needed))
        return fit_member(
            self.challenge,
            spec,
            self.folds.rows(fold),
            fold,
            threads=threads_for(len(self.challenge.x), timed=self._timed),
            seconds_left=lambda: allowed - (time.monotonic() - began),
            clock=time.monotonic,
        )

    def _spec(self) -> Spec | None:
        """Give the member to fit next, or None when none would be done in time."""
        pool = self.pool
        if pool.work:
            spec = pool.work_spec
            needed = self._seconds.get(pool.work[0].spec.name, pool.work[0].seconds)
            if spec is not None and (not self._timed or not pool.members or self._has_time(spec, needed, pool.fits)):
                return spec
            pool.drop_work()
        for _ in range(_LOOKED_AHEAD):
            spec = self._drawn_at(pool.position)
            if spec is None:
                return None
            if not self._timed or not (pool.members or pool.position):
                return spec
            loading = self._pace.crowding * FAMILIES[spec.family].loading_seconds  # which nothing can cut short
            is_loaded_in_time = 2 * loading <= self.run.seconds_left
            if is_loaded_in_time and self._has_time(spec, self._thought(spec) + loading / self.folds.fits, 0):
                return spec
            pool.drop_work()
        return None

    def _has_time(self, spec: Spec, seconds: float, fits: int) -> bool:
        """Say whether the fits that are missing would be done; the fewer they are, the more may be cut from them."""
        part = max(_CUT / 2, _CUT * (1 - fits / self.folds.fits)) if spec.family in _ENDS_WHEN_TOLD else _SLOWER
        return part * seconds * (self.folds.fits - fits) < self.run.seconds_left

    def _thought(self, spec: Spec) -> float:
        """Guess how long a fit takes, from what members of the family took, or from its work."""
        own = [max(each.seconds) / work_of(each.spec) for each in self.pool.members if each.spec.family == spec.family]
        if own:
            return float(np.median(own)) * work_of(spec)
        return self._pace.crowding * first_guess(self.challenge, spec)

    def _drawn_at(self, place: int) -> Spec | None:
        missing = place + 1 - len(self._drawn)
        self._drawn += list(islice(self._line, max(0, missing)))
        return self._drawn[place] if place < len(self._drawn) else None
