"""A submission: written as the sample is, then read again and held against it before anything is called finished."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.exhibits import Table
from onward.core.faults import DataFault
from onward.core.files import write_atomically
from onward.tables.ensemble.challenge import Head
from onward.tables.kaggle.sample import Form, TargetForm

__all__ = ["Submission", "check_submission", "submission_bytes", "write_submission"]


def submission_bytes(
    form: Form, heads: Sequence[Head], answers: NDArray[np.floating], labels: NDArray[np.int64]
) -> bytes:
    """Write a submission.

    Args:
        answers: N P in the targets' own scale, a row for each of the sample's.
        labels: N T, the classes told.
    Raises:
        DataFault: an answer is no number.
    """
    columns: dict[str, list[str]] = {name: [] for name in form.header}
    for place, name in enumerate(form.id_columns):
        columns[name] = [row[place] for row in form.ids]
    for number, (head, target) in enumerate(zip(heads, form.targets, strict=True)):
        for name, cells in _cells(target, head, head.of(answers), labels[:, number]).items():
            columns[name] = cells
    page = io.StringIO(newline="")
    writer = csv.writer(page, delimiter=form.delimiter, lineterminator=form.newline)
    writer.writerow(form.header)
    writer.writerows(zip(*(columns[name] for name in form.header), strict=True))
    content = page.getvalue().encode()
    check_submission(content, form, "the submission")
    return content


def _cells(
    target: TargetForm, head: Head, own: NDArray[np.floating], labels: NDArray[np.int64]
) -> dict[str, list[str]]:
    name = target.columns[0]
    if target.kind == "number":
        return {name: [_number(value, whole=target.is_whole) for value in own.tolist()]}
    if target.kind == "probability":
        return {name: [_number(value) for value in own[:, head.classes.index(target.yes)].tolist()]}
    if target.kind == "columns":
        shares = {each: own[:, head.classes.index(kind)] for each, kind in
                  zip(target.columns, target.classes, strict=True)}  # fmt: skip
        total = np.maximum(np.sum(list(shares.values()), axis=0), 1e-12)
        return {each: [_number(value) for value in (values / total).tolist()] for each, values in shares.items()}
    spelling = [target.spelling[kind] for kind in head.classes]
    if target.kind == "guesses":
        best = np.argsort(-own, axis=1, kind="stable")[:, : target.guesses]
        return {name: [" ".join(spelling[place] for place in row) for row in best.tolist()]}
    return {name: [spelling[label] for label in labels.tolist()]}


def _number(value: float, *, whole: bool = False) -> str:
    """Write a number without an exponent.

    Example:
        >>> _number(1e-7), _number(123456.5), _number(2.7, whole=True)
        ('0.0000001', '123456.5', '3')
    """
    if not math.isfinite(value):
        raise DataFault("The submission holds an answer that is no number. Train again with other --members.")
    if whole:
        return str(round(value))
    return np.format_float_positional(float(f"{value:.10g}"), trim="-")


def check_submission(content: bytes, form: Form, title: str) -> None:
    """Hold a submission against the sample: header, rows, order, and a fitting cell everywhere.

    Raises:
        DataFault: it differs; the sentence names the line.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=form.delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as reason:
        raise DataFault(f"{title} is no table ({reason}). Write it anew: onward apply RUN") from None
    if not rows or tuple(rows[0]) != form.header:
        wanted = form.delimiter.join(form.header)[:80]
        raise DataFault(f"{title} line 1 is not the sample's header, which is {wanted}. Mend it.")
    if len(rows) - 1 != len(form.ids):
        raise DataFault(f"{title} has {len(rows) - 1:,} rows, the sample {len(form.ids):,}. Mend it.")
    _check_rows(rows[1:], form, title)
    for target in form.targets:
        for name in target.columns:
            place = form.header.index(name)
            wrong = next((line for line, row in enumerate(rows[1:], 2) if not _fits(row[place], target)), None)
            if wrong is not None:
                cell = rows[wrong - 1][place]
                raise DataFault(f"{title} line {wrong}: {name} is {cell!r}, no {target.kind}. Mend it.")


def _check_rows(rows: list[list[str]], form: Form, title: str) -> None:
    places = [form.header.index(name) for name in form.id_columns]
    for line, (row, ids) in enumerate(zip(rows, form.ids, strict=True), 2):
        if len(row) != len(form.header):
            raise DataFault(f"{title} line {line} has {len(row)} cells, the sample {len(form.header)}. Mend it.")
        if tuple(row[place] for place in places) != ids:
            raise DataFault(f"{title} line {line} begins with {row[0]!r}, the sample's with {ids[0]!r}. Mend it.")


def _fits(cell: str, target: TargetForm) -> bool:
    if target.kind == "labels":
        return cell in target.spelling.values()
    if target.kind == "guesses":
        return bool(cell) and set(cell.split()) <= set(target.spelling.values())
    try:
        value = float(cell)
    except ValueError:
        return False
    if target.kind == "number":
        return math.isfinite(value) and (not target.is_whole or cell.lstrip("-").isdigit())
    return 0 <= value <= 1


def write_submission(path: Path, content: bytes) -> None:
    """Put a submission in place of the one before, whole or not at all."""
    write_atomically(path, content)


@dataclass(frozen=True)
class Submission(Table):
    """`submission.csv` as an exhibit that is written to the letter."""

    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    caption: str = "submission"
    content: bytes = b""

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv`."""
        path = folder / f"{name}.csv"
        write_atomically(path, self.content)
        return path
