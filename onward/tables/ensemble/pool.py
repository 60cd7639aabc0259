"""The pool: members that answered every row, what they are worth, and which of them are heard.

What it keeps of a fit is a file in `members/`, written when the fit is done; a kill loses the fit it is in. A
checkpoint holds names and figures only, and a fit that is on disk already is read and not made again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.tables.ensemble.blend import answers_lost, blended, greedy_weights
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.decisions import class_weights, scored
from onward.tables.ensemble.folds import Folds
from onward.tables.ensemble.members import Fit, Spec, read_fit, write_fit

__all__ = ["Member", "Pool", "fit_path"]


def fit_path(folder: Path, name: str, fold: int) -> Path:
    """Name the file of a fit."""
    return folder / "members" / f"{name}-{fold}.safetensors"


@dataclass
class Member:
    """A member of the pool.

    Attributes:
        held: answers to rows it had not seen, N P; NaN for rows nobody asked it.
        test: answers to the test rows, M P.
        seconds: one a fit.
        score: its measure on all rows it answered.
        fold_scores: the same, one a fold.
        loss: what the blend looks at.
    """

    spec: Spec
    held: NDArray[np.float32]
    test: NDArray[np.float32] | None
    seconds: list[float]
    score: float = float("nan")
    fold_scores: list[float] = field(default_factory=list)
    loss: float = float("nan")


class Pool:
    """Members, the one that is being fitted, and the blend of the others.

    Attributes:
        position: how many members were drawn from the line-up before the one in work.
        fits: how often the one in work is fitted already.
        weights: how much each member is heard.
        score: what the blend is worth on rows its members had not seen.
        blend_seconds: how long the last choice of weights took; the report makes one more a fold.
        told: score and loss of the best blend that was shown; kept, or a kill would have a worse one shown again.
    """

    def __init__(self, folder: Path, challenge: Challenge, folds: Folds) -> None:
        self.folder, self.challenge, self.folds = folder, challenge, folds
        self.members: list[Member] = []
        self.work: list[Fit] = []
        self.position = 0
        self.weights: NDArray[np.float64] = np.zeros(0)
        self.cuts: list[NDArray[np.float64] | None] = [None] * len(challenge.heads)
        self.score = self.loss = float("nan")
        self.blend_seconds = 0.0
        self.told: tuple[float, float] | None = None
        self.work_spec: Spec | None = None
        self.tellers = list(folds.tellers)

    @property
    def fits(self) -> int:
        """Say how often the member in work is fitted already."""
        return len(self.work)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Give the rows that members are asked."""
        return np.flatnonzero(self.folds.number_of >= 0)

    def found(self, spec: Spec, fold: int) -> Fit | None:
        """Find a fit that an earlier sitting finished."""
        path = fit_path(self.folder, spec.name, fold)
        if not path.exists():
            return None
        try:
            fit = read_fit(path, len(self.challenge.features), self.challenge.heads)
        except RunFault:
            return None
        held = self.folds.rows(fold)[1]
        fits = fit.spec == spec and fit.held.shape == (len(held), self.challenge.width)
        return fit if fits and (fit.test is None) == (self.challenge.test is None) else None

    def add(self, fit: Fit, *, is_new: bool) -> bool:
        """Take a fit; say whether its member is whole now."""
        if is_new:
            write_fit(fit_path(self.folder, fit.spec.name, fit.fold), fit)
        self.work_spec = fit.spec
        self.work.append(_without_models(fit))
        if len(self.work) < self.folds.fits:
            return False
        self.members.append(self._member(self.work))
        self.drop_work()
        self._blend()
        return True

    def drop_work(self) -> None:
        """Leave the member in work, whole or not, and turn to the next."""
        self.work, self.work_spec = [], None
        self.position += 1

    def best(self) -> Iterator[tuple[Member, float]]:
        """Give the members that are heard, with their weights."""
        yield from ((each, float(w)) for each, w in zip(self.members, self.weights, strict=True) if w > 0)

    def answers(self) -> NDArray[np.float64]:
        """Give the blend's answers to rows its members had not seen."""
        return blended([each.held for each in self.members], self.weights)

    def test_answers(self) -> NDArray[np.float64]:
        """Give the blend's answers to the test rows, in the scale that is learned."""
        return blended([each.test for each in self.members if each.test is not None], self.weights)

    def close(self) -> None:
        """Where no member is whole, make do with the one in work: it is heard on the rows it was asked."""
        if not self.members and not self.work:
            raise RunFault(f"{self.folder.name} ended before a single member was fitted. Go on with: onward resume")
        if not self.members:
            own = self.work
            self.folds = Folds(
                np.where(self.folds.number_of < len(own), self.folds.number_of, -1),
                len(own),
                self.folds.is_forward,
                self.folds.said,
            )
            self.tellers = [len(own) - 1] if self.folds.is_forward else list(range(len(own)))
            self.members.append(self._member(own))
            self._blend()

    def _member(self, fits: list[Fit]) -> Member:
        challenge, folds = self.challenge, self.folds
        held = np.full((len(challenge.x), challenge.width), np.nan, np.float32)
        for fit in fits:
            held[folds.rows(fit.fold)[1]] = fit.held
        tests = [fit.test for fit in fits if fit.test is not None and fit.fold in self.tellers]
        test = np.mean(tests, axis=0) if tests else None
        member = Member(fits[0].spec, held, test, [fit.seconds for fit in fits])
        cuts = class_weights(challenge, held, self.rows)
        member.score = scored(challenge, held, self.rows, cuts)
        parts = [folds.rows(fold)[1] for fold in range(min(folds.count, len(fits)))]
        member.fold_scores = [scored(challenge, held, part, cuts) for part in parts if len(part)]
        member.loss = answers_lost(challenge, held, self.rows)
        return member

    def _blend(self) -> None:
        challenge, rows, began = self.challenge, self.rows, time.monotonic()
        self.weights = greedy_weights(challenge, [each.held for each in self.members], rows)
        told = self.answers()
        self.cuts = class_weights(challenge, told, rows)
        self.score, self.loss = scored(challenge, told, rows, self.cuts), answers_lost(challenge, told, rows)
        self.blend_seconds = time.monotonic() - began

    def state_dict(self) -> dict[str, Any]:
        """Take names and figures; the answers lie in `members/`."""
        return {
            "position": self.position,
            "work": None if self.work_spec is None else _spec_json(self.work_spec),
            "fits": len(self.work),
            "members": [{**_spec_json(each.spec), "loss": each.loss, "score": each.score} for each in self.members],
            "weights": self.weights,
            "told": self.told,
        }

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Read the members that are named.

        Raises:
            RunFault: the file of a fit is missing or damaged.
        """
        self.position, told = int(state["position"]), state.get("told")
        self.told = None if told is None else (float(told[0]), float(told[1]))
        self.members = []
        for facts in state["members"]:
            spec = _spec(facts)
            self.members.append(self._member([self._read(spec, fold) for fold in range(self.folds.fits)]))
        self.work = []
        if state["work"] is not None:
            self.work_spec = _spec(state["work"])
            there = (self.found(self.work_spec, fold) for fold in range(int(state["fits"])))
            self.work = [_without_models(fit) for fit in takewhile(lambda fit: fit is not None, there) if fit]
            self.work_spec = self.work_spec if self.work else None
        if self.members:
            self._blend()

    def _read(self, spec: Spec, fold: int) -> Fit:
        fit = self.found(spec, fold)
        if fit is None:
            path = fit_path(self.folder, spec.name, fold)
            raise RunFault(f"{path} is missing or damaged, and the run needs it. Train anew.")
        return _without_models(fit)


def _without_models(fit: Fit) -> Fit:
    return Fit(fit.spec, fit.fold, fit.seconds, (), (), fit.held, fit.test)


def _spec_json(spec: Spec) -> dict[str, Any]:
    return {"name": spec.name, "family": spec.family, "rules": dict(spec.rules), "seed": spec.seed}


def _spec(facts: dict[str, Any]) -> Spec:
    return Spec(str(facts["name"]), str(facts["family"]), dict(facts["rules"]), int(facts["seed"]))
