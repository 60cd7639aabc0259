"""A competition as `kaggle` takes it: what the sample submission asks, and a challenge made of train and test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, did_you_mean
from onward.core.task import Source
from onward.data.table_cells import Sheet
from onward.data.table_kinds import judged, plain_key
from onward.data.tables import Column, Table, kinds_told, table_of
from onward.tables.ensemble.challenge import Challenge
from onward.tables.ensemble.leaks import Leak, find_leaks, shared_rows
from onward.tables.ensemble.lineup import chosen_families
from onward.tables.ensemble.measures import find_measure
from onward.tables.ensemble.posing import Order, column_at, pose, pose_table
from onward.tables.ensemble.recipe import Recipe
from onward.tables.kaggle.papers import Papers, alike, ids_of, matching, papers_of, rows_asked
from onward.tables.kaggle.sample import Form, TargetForm, form_of
from onward.tables.kaggle.settings import Settings
from onward.tables.problem import Asked, Problem, make_problem

__all__ = ["Contest", "read"]

_MANY_TWINS = 0.01
_FEW_KINDS = 2


@dataclass(frozen=True)
class Contest:
    """A competition.

    Attributes:
        problems: one a target, all of the same rows.
        form: how a submission is written.
        asked: the test row of each of the sample's rows, M.
        said: what was understood, a sentence each.
    """

    address: str
    problems: tuple[Problem, ...]
    challenge: Challenge
    recipe: Recipe
    form: Form
    asked: NDArray[np.int64]
    digest: str
    said: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Give a digest of all three tables."""
        return self.digest

    @cached_property
    def leaks(self) -> list[Leak]:
        """Give what tells the target too well."""
        found: list[Leak] = []
        for problem in self.problems[:3]:
            kinds = len(problem.classes)
            found += find_leaks(problem.features, problem.aside, problem.target.name, problem.y, kinds)
        if self.challenge.test is not None:
            twins = shared_rows(self.challenge.x, self.challenge.test)
            if twins > _MANY_TWINS * len(self.challenge.test):
                said = f"{twins:,} of {len(self.challenge.test):,} test rows stand in the training table too."
                found.append(Leak("twins", (), said))
        return found

    def findings(self) -> list[str]:
        """Say what was understood, and what looks like a leak."""
        first, *others = self.problems[0].findings()
        return [first, *self.said, *self.challenge.said, *(leak.said for leak in self.leaks[:8]), *others]


def read(source: Source, settings: Settings) -> Contest:
    """Read a competition's folder.

    Raises:
        DataFault: a table is missing or does not fit the others.
        UsageFault: the measure, a group or a family does not fit.
        MachineFault: it is to be downloaded, and the program that does it is not here.
    """
    chosen_families(settings.members)
    papers = papers_of(source)
    targets, ids, said = _asked(papers, settings)
    if settings.metric is not None:
        find_measure(settings.metric)
    table = _training_table(papers, settings)
    own_ids = [alike(name, ids, papers.test.names) or name for name in ids]
    problems, more = _problems(table, papers, targets, own_ids, settings)
    said += [*more, *matching(papers, ids)]
    challenge, recipe = pose(
        problems[0].features,
        [(each.target.name, each.classes) for each in problems],
        np.stack([each.y for each in problems], axis=1),
        measure=settings.metric or _usual(papers, targets, problems),
        order=Order(settings.group, settings.when),
        digest=papers.digest,
        test=lambda known: table_of(papers.test.title, papers.test, papers.digest, known),
    )
    form, words = _form(papers, targets, ids, problems, challenge, is_told=settings.metric is not None)
    asked = rows_asked(papers, form)
    said += [f"The submission: {len(asked):,} rows, {words}.", f"Measured by {challenge.measure.name}."]
    return Contest(papers.address, problems, challenge, recipe, form, asked, papers.digest, tuple(said))


def _asked(papers: Papers, settings: Settings) -> tuple[list[tuple[str, list[str]]], list[str], list[str]]:
    """Say which columns are to be predicted, and which of the sample's are theirs; and which name rows.

    Returns: target with the sample's columns for it, the id columns, sentences.
    """
    train, test, sample = papers.train, papers.test, papers.sample
    only = [name for name in train.names if name not in test.names]
    only = [name for name in only if alike(name, train.names, test.names) is None or not _is_id(name, train)] or only
    if sample is None:
        target = settings.target or (only[0] if len(only) == 1 else None)
        if target is None or target not in train.names:
            raise DataFault(
                f"{papers.address} has no sample submission, and {len(only)} columns are in train alone. Add "
                "sample_submission.csv, or name the column to predict with --target."
            )
        said = "There is no sample submission: one was made of the test rows"
        own = _own_id(train, test)
        if own is None:
            number = "row" if "row" not in (target, *test.names) else "row_number"
            return [(target, [target])], [number], [f"{said}, which no column names: they are numbered from 0."]
        return [(target, [target])], [own], [f"{said}, by {own}."]
    ids = [name for name in sample.names if name != settings.target and _names_rows(name, sample, test)]
    ids = ids or [sample.names[0]]
    answers = [name for name in sample.names if name not in ids]
    if not answers:
        raise DataFault(f"{sample.title} has no column to fill in. It needs one beside {', '.join(ids)}.")
    known = [name for name in answers if name in train.names]
    if settings.target is not None:
        if settings.target not in train.names:
            raise DataFault(f"--target: train has no {settings.target!r}.{did_you_mean(settings.target, train.names)}")
        return [(settings.target, answers)], ids, []
    if len(known) == len(answers):
        told = [f"{name} stands in the test table too." for name in known if name in test.names]
        return [(name, [name]) for name in answers], ids, told
    if len(only) != 1:
        kinds = [name for name in only if _class_columns(answers, set(train.column(train.names.index(name))))]
        only = kinds or only
    if len(only) != 1:
        raise DataFault(
            f"{sample.title} asks for {', '.join(answers[:4])}, which train does not have, and "
            f"{len(only)} columns are in train alone. Name the one to predict with --target."
        )
    return [(only[0], answers)], ids, [f"{', '.join(answers[:3])} of the sample is {only[0]} of train."]


def _own_id(train: Sheet, test: Sheet) -> str | None:
    """Find the column that names test's rows; what is learned from is none, even if its cells all differ."""
    for name in test.names:
        cells = test.column(test.names.index(name))
        if "" in cells or len(set(cells)) < len(cells):
            continue
        shown = train.column(train.names.index(name)) if name in train.names else cells
        if judged(name, shown).kind == "id":
            return name
    return None


def _names_rows(name: str, sample: Sheet, test: Sheet) -> bool:
    """Say whether the test table has the column too, and all that stands in it."""
    other = alike(name, sample.names, test.names)
    return other is not None and set(sample.column(sample.names.index(name))) <= set(
        test.column(test.names.index(other))
    )


def _is_id(name: str, train: Sheet) -> bool:
    return judged(name, train.column(train.names.index(name))).kind == "id"


def _class_columns(columns: Sequence[str], classes: set[str]) -> dict[str, str] | None:
    """Say which class each column is for: it bears its name, perhaps with something before or behind that all have.

    Example:
        >>> _class_columns(["Status_C", "Status_D"], {"D", "C"})
        {'Status_C': 'C', 'Status_D': 'D'}
    """
    plain = {plain_key(name): name for name in classes}
    longest = max((len(name) for name in columns), default=0)
    for before in range(longest):
        if len({name[:before] for name in columns}) > 1:
            break
        for behind in range(longest - before):
            if len({name[len(name) - behind :] for name in columns}) > 1:
                break
            found = {name: plain_key(name[before : len(name) - behind].strip("_- ")) for name in columns}
            if len(set(found.values())) == len(columns) and set(found.values()) <= set(plain):
                return {name: plain[key] for name, key in found.items()}
    return None


def _training_table(papers: Papers, settings: Settings) -> Table:
    return table_of(papers.train.title, papers.train, papers.digest, None, kinds_told(settings.columns))


def _problems(
    table: Table, papers: Papers, targets: Sequence[tuple[str, list[str]]], ids: Sequence[str], settings: Settings
) -> tuple[tuple[Problem, ...], list[str]]:
    """Set the targets apart; leave out what the test table does not have."""
    names, said = {name for name, _ in targets}, []
    columns = [table.column(name) for name in names]
    here = np.all([~np.isnan(column.values) for column in columns], axis=0)
    only = [each.name for each in table.columns if each.name not in (*names, *papers.test.names)]
    if only:
        some = ", ".join(only[:6]) + (" …" if len(only) > 6 else "")
        said.append(f"In train alone, so not learned from: {some}.")
    if not here.all():
        said.append(f"{int((~here).sum()):,} training rows without an answer were left out.")
    inner = [each for each in table.columns if each.name not in (*names, *only)]
    inner = [replace(each, kind="id") if each.name in ids and each.kind != "id" else each for each in inner]
    problems = []
    for name, answers in targets:
        own = [column_at(each, here) for each in (*inner, table.column(name))]
        predict = _predict(table.column(name), papers, answers, settings)
        part = pose_table(table, own, int(here.sum()))
        problems.append(make_problem(part, Asked(name, None, None, predict)))
    if len({len(problem.y) for problem in problems}) > 1 or len({bool(p.classes) for p in problems}) > 1:
        raise DataFault(f"{papers.address}: its targets are of different kinds. Name one with --target.")
    return tuple(problems), said


def _predict(column: Column, papers: Papers, answers: Sequence[str], settings: Settings) -> str | None:
    """Say whether classes or a number are asked for, where the metric or the sample tells."""
    if settings.metric is not None:
        return "number" if find_measure(settings.metric).kind == "numbers" else "classes"
    if papers.sample is None or column.categories or len(answers) > 1:
        return None
    cells = papers.sample.column(papers.sample.names.index(answers[0]))
    kinds = len(np.unique(column.values[~np.isnan(column.values)]))
    return "number" if kinds > _FEW_KINDS and any(re.fullmatch(r"-?\d*\.\d+.*", cell) for cell in cells) else None


def _usual(papers: Papers, targets: Sequence[tuple[str, list[str]]], problems: Sequence[Problem]) -> str | None:
    """Say what probably counts where nobody says: what the sample asks for."""
    classes, (name, answers) = problems[0].classes, targets[0]
    if not classes or papers.sample is None:
        return None
    if len(answers) > 1:
        return "log loss"
    cells = papers.sample.column(papers.sample.names.index(answers[0]))
    own = form_of(name, classes, cells, answers[0], classes[0], asks_shares=False)
    return {"labels": "accuracy", "guesses": f"map@{own.guesses}"}.get(own.kind)


def _form(
    papers: Papers,
    targets: Sequence[tuple[str, list[str]]],
    ids: list[str],
    problems: Sequence[Problem],
    challenge: Challenge,
    *,
    is_told: bool,
) -> tuple[Form, str]:
    """Decide how a submission is written; where the user told the metric, it has a word in it."""
    sample, rows = papers.sample, ids_of(papers, ids)
    if sample is None:
        asks_shares = is_told and challenge.measure.kind == "shares" and len(problems[0].classes) == 2
        cell = "0.5" if asks_shares else ""
        sample = Sheet("sample", [*ids, targets[0][0]], [[*row, cell] for row in rows], [], True)
    found: list[TargetForm] = []
    for (name, answers), problem in zip(targets, problems, strict=True):
        if len(answers) > 1:
            pairs = _class_columns(answers, set(problem.classes))
            if pairs is None:
                raise DataFault(
                    f"{sample.title}: {', '.join(answers[:4])} do not bear the names of {name}'s classes. Name the "
                    "column to predict with --target."
                )
            found.append(TargetForm(name, "columns", tuple(pairs), tuple(pairs.values())))
            continue
        cells = sample.column(sample.names.index(answers[0]))
        counts = np.bincount(problem.y.astype(int)) if problem.classes else np.zeros(1)
        seldom = problem.classes[int(counts.argmin())] if problem.classes else ""
        own = form_of(
            name, problem.classes, cells, answers[0], seldom, asks_shares=is_told and challenge.measure.kind == "shares"
        )
        if own.kind == "labels" and challenge.measure.best > 1:
            own = replace(own, kind="guesses", guesses=challenge.measure.best)
        if own.kind == "number":
            own = replace(own, is_whole=_are_whole(cells) and bool(np.all(problem.y == np.round(problem.y))))
        found.append(own)
    words = "; ".join(_told(each) for each in found[:4])
    delimiter = sample.delimiter or ","
    return Form(tuple(sample.names), delimiter, papers.newline, rows, tuple(ids), tuple(found)), words


def _are_whole(cells: Sequence[str]) -> bool:
    """Say whether a sample shows whole numbers; one number in every row holds a place and shows nothing."""
    return len(set(cells)) > 1 and all(re.fullmatch(r"-?\d+", cell) for cell in cells)


def _told(target: TargetForm) -> str:
    if target.kind == "labels":
        return f"{target.columns[0]} as {' or '.join(list(target.spelling.values())[:4])}"
    if target.kind == "probability":
        return f"{target.columns[0]} as the probability of {target.yes}"
    if target.kind == "columns":
        return f"a probability in each of {len(target.columns)} columns"
    if target.kind == "guesses":
        return f"{target.columns[0]} as the {target.guesses} likeliest classes"
    return f"{target.columns[0]} as a {'whole ' if target.is_whole else ''}number"
