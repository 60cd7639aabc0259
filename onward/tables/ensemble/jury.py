"""The members that are heard, loaded from a run, answering rows that are new to all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.core.files import write_json
from onward.core.run import Run
from onward.tables.ensemble.blend import nested_answers
from onward.tables.ensemble.challenge import Challenge, Head, heads_of
from onward.tables.ensemble.decisions import class_weights, decided
from onward.tables.ensemble.exam import Answered
from onward.tables.ensemble.members import read_fit
from onward.tables.ensemble.pool import Pool, fit_path
from onward.tables.ensemble.recipe import Recipe

__all__ = ["Jury", "keep_jury", "load_jury"]

_RECORD = "jury"


@dataclass(frozen=True)
class Jury:
    """A blend in use.

    Attributes:
        path: the run's folder.
        facts: what the run wrote of it: targets, measure, members with weights, fits that answer, class weights.
        recipe: how a table becomes features.
    """

    path: Path
    facts: dict[str, Any]
    recipe: Recipe

    @property
    def heads(self) -> tuple[Head, ...]:
        """Give the targets."""
        return heads_of([(str(each["name"]), tuple(map(str, each["classes"]))) for each in self.facts["targets"]])

    def tell(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Answer rows, N F: N P, numbers in the targets' own scale."""
        heads = self.heads
        total = np.zeros((len(x), sum(head.width for head in heads)))
        fits = [int(fold) for fold in self.facts["fits"]]
        for member in self.facts["members"]:
            for fold in fits if float(member["weight"]) > 0 else ():
                fit = read_fit(fit_path(self.path, str(member["name"]), fold), x.shape[1], heads)
                total += float(member["weight"]) / len(fits) * fit.tell(x, heads)
        return np.expm1(np.clip(total, 0.0, 700.0)) if self.facts["is_logarithmic"] else total  # as `Challenge.natural`

    def fold_numbers(self, rows: int) -> NDArray[np.int64]:
        """Give the fold in which each of the run's own rows was held out, −1 where in none."""
        lines = (self.path / "folds.csv").read_text(encoding="utf-8").splitlines()[1:]
        numbers = np.array([int(line.rpartition(",")[2]) for line in lines], np.int64)
        if len(numbers) != rows:
            raise RunFault(f"{self.path / 'folds.csv'} tells of other rows than there are. Train anew.")
        return numbers

    def own_rows(self, challenge: Challenge) -> NDArray[np.int64]:
        """Give the run's own rows that were held out."""
        return np.flatnonzero(self.fold_numbers(len(challenge.x)) >= 0)

    def own_answers(self, challenge: Challenge) -> Answered:
        """Give what was said of the run's own rows by members and weights that had not seen them."""
        rows = self.own_rows(challenge)
        told, labels = (np.load(self.path / "oof" / f"{name}.npy", allow_pickle=False) for name in ("blend", "labels"))
        return Answered(self.heads, challenge.y[rows], told[rows].astype(np.float64), labels[rows])

    def labels(self, answers: NDArray[np.float64], number: int) -> NDArray[np.int64]:
        """Tell a target's classes."""
        cuts = self.facts["cuts"][number]
        return decided(self.heads[number].of(answers), None if cuts is None else np.array(cuts, float))


def keep_jury(run: Run, pool: Pool, recipe: Recipe, **more: Any) -> Jury:
    """Write down who is heard, `folds.csv`, and what each member said of rows it had not seen (`oof/`)."""
    challenge = pool.challenge
    facts = {
        "targets": [{"name": head.name, "classes": list(head.classes)} for head in challenge.heads],
        "measure": challenge.measure.name,
        "is_logarithmic": challenge.is_logarithmic,
        "digest": challenge.digest,
        "fits": pool.tellers,
        "cuts": [None if each is None else each.tolist() for each in pool.cuts],
        "folds": pool.folds.said,
        "members": [
            {
                "name": member.spec.name,
                "family": member.spec.family,
                "rules": member.spec.rules,
                "weight": float(weight),
                "score": member.score,
                "folds": member.fold_scores,
                "seconds": round(sum(member.seconds), 2),
            }
            for member, weight in zip(pool.members, pool.weights, strict=True)
        ],
        **more,
    }
    write_json(run.path / "recipe.json", recipe.as_json())
    lines = ["row,fold", *(f"{row},{fold}" for row, fold in enumerate(pool.folds.number_of.tolist()))]
    (run.path / "folds.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _keep_answers(run.path / "oof", pool)
    run.folder.update(**{_RECORD: facts})
    return Jury(run.path, facts, recipe)


def _keep_answers(folder: Path, pool: Pool) -> None:
    """Save answers to unseen rows in the targets' own scale, the blend's by weights that did not see the row either."""
    folder.mkdir(exist_ok=True)
    challenge = pool.challenge
    for member in pool.members:
        np.save(folder / f"{member.spec.name}.npy", challenge.natural(member.held).astype(np.float32))
    nested = nested_answers(challenge, [each.held for each in pool.members], pool.folds.number_of)
    nested[pool.folds.number_of < 0] = np.nan
    np.save(folder / "blend.npy", challenge.natural(nested))
    cuts = [class_weights(challenge, nested, pool.rows[pool.folds.number_of[pool.rows] != fold]) for fold in
            range(pool.folds.count)] if challenge.measure.needs_cut else []  # fmt: skip
    told = np.full((len(nested), len(challenge.heads)), np.nan)
    for number, head in enumerate(challenge.heads):
        if head.classes:
            told[pool.rows, number] = decided(head.of(nested[pool.rows]), None)
            for fold, own in enumerate(cuts):
                rows = np.flatnonzero(pool.folds.number_of == fold)
                told[rows, number] = decided(head.of(nested[rows]), own[number])
    np.save(folder / "labels.npy", told)


def load_jury(run: Run) -> Jury:
    """Load a run's blend.

    Raises:
        RunFault: nothing was trained yet, or it is damaged.
    """
    facts = run.folder.record.get(_RECORD)
    if not isinstance(facts, dict) or not (run.path / "recipe.json").exists():
        raise RunFault(f"{run.name} has no blend yet. Go on with: onward resume {run.folder.word}")
    recipe = Recipe.from_json(json.loads((run.path / "recipe.json").read_text(encoding="utf-8")))
    if any("/" in str(member["name"]) or "\\" in str(member["name"]) for member in facts["members"]):
        raise RunFault("The run is damaged: a member's name leads out of its folder. Train it anew.")
    return Jury(run.path, facts, recipe)
