"""Training: a submission that answers every row alike at once, then a better one whenever the blend gets better."""

from __future__ import annotations

import numpy as np

from onward.core.run import Run, Step
from onward.tables.ensemble.course import Course
from onward.tables.ensemble.decisions import decided
from onward.tables.ensemble.drift import find_drift
from onward.tables.ensemble.exam import measured
from onward.tables.ensemble.folds import make_folds
from onward.tables.ensemble.jury import Jury, keep_jury, load_jury
from onward.tables.ensemble.lineup import chosen_families
from onward.tables.ensemble.members import FAMILIES
from onward.tables.ensemble.pictures import pool_picture
from onward.tables.ensemble.pool import Pool
from onward.tables.kaggle.form_files import write_form
from onward.tables.kaggle.reading import Contest
from onward.tables.kaggle.settings import Settings
from onward.tables.kaggle.submission import submission_bytes, write_submission

__all__ = ["load", "train"]

_DRIFT_AFTER = 2  # members: a submission comes first
_DRIFT_SECONDS = 2.0  # of work, for the largest part that is looked at


def train(run: Run, contest: Contest, settings: Settings) -> Jury:
    """Fit members and blend them; `submission.csv` in the run is valid from the beginning."""
    challenge = contest.challenge
    folds = make_folds(challenge, settings.folds, run.seed)
    if "leaks" not in run.folder.record:
        write_form(run.path, contest.form)
        _write_constant(run, contest)
        run.folder.update(leaks=[leak.said for leak in contest.leaks])
        for sentence in (folds.said, *contest.said, *challenge.said, *run.folder.record["leaks"]):
            run.note(sentence)

    def write(pool: Pool, step: Step) -> None:
        _write_blend(run, contest, pool)
        if len(pool.members) in (1, 2, 4, 8, 16, 32, 64, 128):
            step.show(members=pool_picture(pool))

    course = Course(run, challenge, folds, chosen_families(settings.members), write)
    run.keep(pool=course.pool)
    for step in run.steps():
        course.turn(step)
        is_due = len(course.pool.members) >= _DRIFT_AFTER and "drift" not in run.folder.record
        if is_due and course.affords(_DRIFT_SECONDS + FAMILIES["forest"].loading_seconds):
            run.folder.update(drift=find_drift(challenge, run.seed))
    pool = course.pool
    pool.close()
    _write_blend(run, contest, pool)
    jury = keep_jury(run, pool, contest.recipe)
    strict = measured(challenge.measure, jury.own_answers(challenge))  # what stands beside the leaderboard's later
    run.folder.update(kaggle=run.folder.record["kaggle"] | {"score": strict})
    return jury


def load(run: Run) -> Jury:
    """Load a run's blend."""
    return load_jury(run)


def _write_constant(run: Run, contest: Contest) -> None:
    """Answer every row alike: the worst valid submission there is, and there at once."""
    challenge, rows = contest.challenge, len(contest.asked)
    parts = []
    for number, head in enumerate(challenge.heads):
        truth = challenge.learned[:, number]
        if head.classes:
            parts.append(np.bincount(truth.astype(int), minlength=len(head.classes)) / len(truth))
        else:
            parts.append(np.array([truth.mean() if challenge.loss == "squares" else np.median(truth)]))
    answers = challenge.natural(np.tile(np.concatenate(parts), (rows, 1)))
    _write(run, contest, answers, [None] * len(challenge.heads))
    run.folder.update(kaggle={"measure": challenge.measure.name, "score": None, "members": 0})


def _write_blend(run: Run, contest: Contest, pool: Pool) -> None:
    answers = contest.challenge.natural(pool.test_answers())[contest.asked]
    _write(run, contest, answers, pool.cuts)
    facts = {"measure": contest.challenge.measure.name, "score": pool.score, "members": len(pool.members)}
    run.folder.update(kaggle=facts)


def _write(run: Run, contest: Contest, answers: np.ndarray, cuts: list[np.ndarray | None]) -> None:
    heads = contest.challenge.heads
    labels = [decided(head.of(answers), cut) if head.classes else np.zeros(len(answers), np.int64) for head, cut in
              zip(heads, cuts, strict=True)]  # fmt: skip
    content = submission_bytes(contest.form, heads, answers, np.stack(labels, axis=1))
    write_submission(run.path / "submission.csv", content)
