"""Training: the course of members until the budget is spent; then it is written down who is heard."""

from __future__ import annotations

from onward.core.run import Run, Step
from onward.tables.ensemble.course import Course
from onward.tables.ensemble.folds import make_folds
from onward.tables.ensemble.jury import Jury, keep_jury, load_jury
from onward.tables.ensemble.lineup import chosen_families
from onward.tables.ensemble.pictures import pool_picture
from onward.tables.ensemble.pool import Pool
from onward.tables.table.reading import Question
from onward.tables.table.settings import Settings

__all__ = ["load", "train"]


def train(run: Run, question: Question, settings: Settings) -> Jury:
    """Fit members and blend them."""
    challenge = question.challenge
    folds = make_folds(challenge, settings.folds, run.seed)
    if "leaks" not in run.folder.record:
        run.folder.update(leaks=[leak.said for leak in question.leaks])
        for sentence in (folds.said, *challenge.said, *run.folder.record["leaks"]):
            run.note(sentence)

    def show(pool: Pool, step: Step) -> None:
        if len(pool.members) in (1, 2, 4, 8, 16, 32, 64, 128):
            step.show(members=pool_picture(pool))

    course = Course(run, challenge, folds, chosen_families(settings.members), show)
    run.keep(pool=course.pool)
    for step in run.steps():
        course.turn(step)
    course.pool.close()
    target = question.problem.target
    column = {"name": target.name, "kind": target.kind, "categories": list(target.categories), "form": target.form}
    return keep_jury(run, course.pool, question.recipe, column=column)


def load(run: Run) -> Jury:
    """Load a run's blend."""
    return load_jury(run)
