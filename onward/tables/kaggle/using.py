"""A finished contest: the estimate with its interval, what leaks and drifts, and the submission once more."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from onward.core.exhibits import Exhibit
from onward.core.faults import RunFault
from onward.core.folder import Folder
from onward.core.metrics import Score
from onward.core.task import NoOptions, Source
from onward.data.tables import table_of
from onward.tables.ensemble.exam import scores
from onward.tables.ensemble.jury import Jury
from onward.tables.ensemble.measures import find_measure
from onward.tables.ensemble.page import exhibits, gain
from onward.tables.kaggle.form_files import read_form
from onward.tables.kaggle.papers import ids_of, matching, papers_of, rows_asked
from onward.tables.kaggle.reading import Contest
from onward.tables.kaggle.submission import Submission, check_submission, submission_bytes

__all__ = ["apply", "evaluate"]

_LOG = logging.getLogger("onward")
_MOST_SECONDS = 20.0


def evaluate(jury: Jury, contest: Contest, seconds: float) -> Iterator[Score | Exhibit]:
    """Score the training rows, each told by members and weights that had not seen it.

    Raises:
        RunFault: the competition's files are not those the run learned from; others have no answers to score by.
    """
    if contest.fingerprint != jury.facts["digest"]:
        raise RunFault(f"{contest.address} is not what {jury.path.name} learned from. Train on it: onward train kaggle")
    seconds = min(seconds, _MOST_SECONDS)
    ends = time.monotonic() + seconds
    measure = find_measure(str(jury.facts["measure"]))
    answered = jury.own_answers(contest.challenge)
    yield from scores(measure, answered, contest.challenge.y, seconds / 4)
    yield from gain(jury, contest.challenge, answered, seconds / 8)
    record = Folder(jury.path).record
    leaks = [leak.said for leak in contest.leaks]
    yield from exhibits(jury, contest.challenge, answered, leaks, ends - time.monotonic(), record.get("drift"))


def apply(jury: Jury, source: Source, options: NoOptions) -> Iterator[Exhibit]:
    """Give the run's submission once more, checked; or answer the test rows of another folder like it."""
    form = read_form(jury.path)
    if not source.address:
        path = jury.path / "submission.csv"
        if not path.exists():
            raise RunFault(f"{path} is not there. Go on with: onward resume {Folder(jury.path).word}")
        content = path.read_bytes()
        check_submission(content, form, str(path))
        yield Submission(content=content)
        return
    papers = papers_of(source)
    for sentence in matching(papers, form.id_columns):
        _LOG.info("%s", sentence)
    test = table_of(papers.test.title, papers.test, papers.digest, jury.recipe.known())
    form = replace(form, newline=papers.newline, ids=ids_of(papers, form.id_columns))
    asked = rows_asked(papers, form)
    answers = jury.tell(jury.recipe.matrix(test))[asked]
    labels = [jury.labels(answers, number) if head.classes else np.zeros(len(asked), np.int64)
              for number, head in enumerate(jury.heads)]  # fmt: skip
    yield Submission(content=submission_bytes(form, jury.heads, answers, np.stack(labels, axis=1)))
