"""What a report shows of a blend: who was heard, how it errs, what matters, what drifts, what to try next."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import RunFault
from onward.core.metrics import Score
from onward.parts.confusion import confusion_picture
from onward.tables.ensemble.advice import advice
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.decisions import decided
from onward.tables.ensemble.exam import Answered, gained, measured
from onward.tables.ensemble.jury import Jury
from onward.tables.ensemble.lineup import FLOORS
from onward.tables.ensemble.measures import find_measure
from onward.tables.ensemble.members import read_fit
from onward.tables.ensemble.pictures import (
    bars_picture,
    calibration_picture,
    leaderboard_picture,
    residuals_picture,
)
from onward.tables.ensemble.pool import fit_path

__all__ = ["exhibits", "gain"]

_MOST_ROWS, _MOST_CONFUSED = 1000, 12


def gain(jury: Jury, challenge: Challenge, answered: Answered, seconds: float) -> Iterator[Score]:
    """Say what the blend gains on one booster as it comes, on the same rows; nothing where none was fitted."""
    names = {str(member["name"]) for member in jury.facts["members"]}
    floor = next((name for name in FLOORS if name in names), None)
    path = jury.path / "oof" / f"{floor}.npy"
    if floor is None or len(names) < 2 or not path.exists():
        return
    told = np.load(path, allow_pickle=False).astype(np.float64)
    rows = jury.own_rows(challenge)
    labels = [decided(head.of(told[rows]), None) if head.classes else np.zeros(len(rows)) for head in challenge.heads]
    other = Answered(challenge.heads, challenge.y[rows], told[rows], np.stack(labels, axis=1).astype(np.float64))
    yield gained(find_measure(str(jury.facts["measure"])), answered, other, FLOORS[floor], seconds)


def exhibits(
    jury: Jury,
    challenge: Challenge,
    answered: Answered,
    leaks: Sequence[str],
    seconds: float,
    drift: Mapping[str, Any] | None = None,
) -> Iterator[Exhibit]:
    """Show what there is to see, the most telling first, as far as the seconds reach."""
    began = time.monotonic()
    members = jury.facts["members"]
    measure = find_measure(str(jury.facts["measure"]))
    yield leaderboard_picture(members, measure.name, measured(measure, answered))
    if leaks:
        yield Table(["what looks like a leak"], [[sentence] for sentence in leaks], "too good to be true: check these")
    if drift is not None:
        told = [["all columns together, AUC of telling test from train", f"{drift['auc']:.3f}"]]
        told += [[name, f"{far:.3f}"] for name, far in drift["columns"]]
        yield Table(["column", "how far it moved, 0 to 1"], told, "drift: how the test rows differ from the others")
    yield _leaderboard(members)
    if time.monotonic() - began < 0.3 * seconds:
        yield from _errors(challenge, answered)
    if time.monotonic() - began < 0.5 * seconds:
        yield from _what_matters(jury, challenge, 0.9 * seconds - (time.monotonic() - began))
    rows = [[seen, told] for seen, told in advice(jury.facts, len(challenge.x), challenge.x.shape[1], leaks, drift)]
    if rows:
        yield Table(["what was seen", "what to try next"], rows, "what to try next")


def _leaderboard(members: Sequence[Mapping[str, Any]]) -> Table:
    rows = []
    for each in sorted(members, key=lambda each: -each["weight"]):
        spread = f"{np.std(each['folds']):.5f}" if len(each["folds"]) > 1 else ""
        rules = ", ".join(f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in
                          each["rules"].items())  # fmt: skip
        row = [each["name"], each["family"], f"{each['score']:.5f}", spread, f"{each['weight']:.3f}"]
        rows.append([*row, f"{each['seconds']:.1f}", rules])
    columns = ["member", "family", "score", "spread of folds", "weight", "seconds", "rules"]
    return Table(columns, rows, "the members, the most heard first")


def _errors(challenge: Challenge, answered: Answered) -> Iterator[Exhibit]:
    head, truth = challenge.heads[0], answered.truth[:, 0]
    own = head.of(answered.answers)
    if not head.classes:
        yield residuals_picture(own, truth, head.name, log=challenge.is_logarithmic)
        return
    if len(head.classes) == 2:
        yield calibration_picture(own[:, 1], (truth == 1).astype(float), f"{head.name} {head.classes[1]}")
    else:
        best = own.argmax(axis=1)
        yield calibration_picture(own.max(axis=1), (truth == best).astype(float), head.name)
    if len(head.classes) <= _MOST_CONFUSED:
        counts = np.zeros((len(head.classes), len(head.classes)), np.int64)
        np.add.at(counts, (truth.astype(int), answered.labels[:, 0].astype(int)), 1)
        yield Picture(confusion_picture(counts, head.classes), "who is taken for whom, on rows not seen")


def _what_matters(jury: Jury, challenge: Challenge, seconds: float) -> Iterator[Exhibit]:
    """Shuffle one column after the other and see what the most heard member loses (Breiman 2001, section 10)."""
    began = time.monotonic()
    best = max(jury.facts["members"], key=lambda each: each["weight"])
    fold = int(jury.facts["fits"][-1])
    rows = jury.own_rows(challenge)
    numbers = jury.fold_numbers(len(challenge.x))
    asked = rows[numbers[rows] == fold] if (numbers[rows] == fold).any() else rows
    asked = asked[:: max(1, len(asked) // _MOST_ROWS)]
    try:
        fit = read_fit(fit_path(jury.path, str(best["name"]), fold), challenge.x.shape[1], challenge.heads)
    except RunFault:
        return
    measure = find_measure(str(jury.facts["measure"]))
    x, sign = challenge.x[asked], 1 if measure.higher_is_better else -1

    def worth(cells: NDArray[np.float64]) -> float:
        answers = challenge.natural(fit.tell(cells, challenge.heads))
        labels = [decided(head.of(answers), None) if head.classes else np.zeros(len(cells)) for head in challenge.heads]
        whole = Answered(challenge.heads, challenge.y[asked], answers, np.stack(labels, axis=1).astype(np.float64))
        return sign * measured(measure, whole)

    usual, order = worth(x), np.random.default_rng(0).permutation(len(x))
    groups: dict[str, list[int]] = {}
    for place, step in enumerate(jury.recipe.steps):
        groups.setdefault(str(step["column"]), []).append(place)
    losses: dict[str, float] = {}
    once = time.monotonic() - began
    for name, places in groups.items():
        if time.monotonic() - began + 2 * once > seconds:
            break
        other = x.copy()
        other[:, places] = x[order][:, places]
        losses[name] = usual - worth(other)
    if losses:
        words = f"what {best['name']} loses in {measure.name} when a column is shuffled, on rows it had not seen"
        yield bars_picture(list(losses), list(losses.values()), words)
