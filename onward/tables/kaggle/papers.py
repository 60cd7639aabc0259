"""A competition's tables as cells, and which row of the test table each row of the sample submission asks for."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.core.task import Source
from onward.data.table_cells import Sheet, read_sheet
from onward.data.table_files import open_table
from onward.tables.kaggle.contest import CONTEST, made_contest
from onward.tables.kaggle.files import find_files
from onward.tables.kaggle.program import downloaded
from onward.tables.kaggle.sample import Form

__all__ = ["Papers", "alike", "ids_of", "matching", "papers_of", "rows_asked"]


@dataclass(frozen=True)
class Papers:
    """A competition's tables as cells.

    Attributes:
        sample: None where the folder has none.
        newline: the sample's.
    """

    address: str
    train: Sheet
    test: Sheet
    sample: Sheet | None
    newline: str
    digest: str


def papers_of(source: Source) -> Papers:
    """Find and read the three tables, downloading them first where the address says so."""
    address = source.address
    if address == CONTEST:
        train, test, sample = made_contest()
        digest = hashlib.blake2b(repr((train.rows, test.rows)).encode(), digest_size=16).hexdigest()
        return Papers(address, train, test, sample, "\n", digest)
    if address.startswith("kaggle:"):
        address = str(downloaded(address.removeprefix("kaggle:"), may_fetch=not source.is_recorded))
    files = find_files(address)
    digest = hashlib.blake2b(digest_size=16)
    sheets, newline = [], "\n"
    for name in (files.train, files.test, files.sample):
        if name is None:
            sheets.append(None)
            continue
        file = open_table(name)
        digest.update(file.content)
        newline = "\r\n" if name == files.sample and b"\r\n" in file.content[:100_000] else newline
        sheets.append(read_sheet(file, True))
    train, test, sample = sheets
    if train is None or test is None:
        raise DataFault(f"{address} lacks a table. A competition's folder has train.csv and test.csv.")
    return Papers(source.address, train, test, sample, newline, digest.hexdigest())


def alike(name: str, own: Sequence[str], others: Sequence[str]) -> str | None:
    """Find the column of another table that has the same name, or that alone differs by case, blanks, underscores.

    Args:
        own: all names beside this one.
    Example:
        >>> alike("Id", ["Id", "kind"], ["id", "a"]), alike("Id", ["Id"], ["id", "I_D"]), alike("x", ["x"], ["id"])
        ('id', None, None)
    """
    if name in others:
        return name
    near = [other for other in others if _plain(other) == _plain(name)]
    rivals = [other for other in own if _plain(other) == _plain(name)]
    return near[0] if len(near) == len(rivals) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[\s_]", "", name).casefold()


def _places(sheet: Sheet, names: Sequence[str]) -> list[int] | None:
    """Find columns in a table, or None where one is not there."""
    found = [alike(name, names, sheet.names) for name in names]
    return [sheet.names.index(name) for name in found if name is not None] if None not in found else None


def matching(papers: Papers, id_columns: Sequence[str]) -> list[str]:
    """Say how the sample's rows find those of the test table, where that is not plain."""
    if papers.sample is None:
        return []
    places, names = _places(papers.test, id_columns), ", ".join(id_columns)
    if places is None:
        return [
            f"{names} of the sample submission is not in {papers.test.title}, so no id tells which row is which: the "
            "first is taken for the first, and so on. Call the column alike in both if they stand otherwise."
        ]
    found = [papers.test.names[place] for place in places]
    if found == [*id_columns]:
        return []
    return [f"{names} of the sample submission is {', '.join(found)} of the test table."]


def ids_of(papers: Papers, id_columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Give the cells that name the rows to be answered: the sample's, else test's, else numbers.

    Raises:
        DataFault: the sample lacks one of those columns.
    """
    sheet = papers.test if papers.sample is None else papers.sample
    places = _places(sheet, id_columns)
    if places is None and papers.sample is not None:
        missing = next(name for name in id_columns if alike(name, id_columns, sheet.names) is None)
        raise DataFault(f"{sheet.title} lacks {missing}, by which rows are named. Add it.")
    if places is None:
        return tuple((str(number),) for number in range(len(sheet.rows)))
    return tuple(tuple(row[place] for place in places) for row in sheet.rows)


def rows_asked(papers: Papers, form: Form) -> NDArray[np.int64]:
    """Find the test row of each of the sample's rows: by id, or by order where test has no ids.

    Raises:
        DataFault: an id is not in test or stands there twice, or there are more rows than test has.
    """
    test = papers.test
    places = _places(test, form.id_columns)
    if form.id_columns and places is not None:
        own = [tuple(row[place] for place in places) for row in test.rows]
        if own == list(form.ids):
            return np.arange(len(own))
        found = {ids: number for number, ids in enumerate(own)}
        missing = next((ids for ids in form.ids if ids not in found), None)
        if missing is not None:
            raise DataFault(f"The sample submission asks for {missing[0]!r}, which is not in {test.title}. Mend one.")
        counts = Counter(own) if len(found) < len(own) else {}
        twice = next((ids for ids in form.ids if counts.get(ids, 1) > 1), None)
        if twice is not None:
            raise DataFault(f"{test.title} has {counts[twice]} rows of {twice[0]!r}: which is asked for? Mend it.")
        return np.array([found[ids] for ids in form.ids], np.int64)
    if len(form.ids) != len(test.rows):
        raise DataFault(
            f"The sample submission has {len(form.ids):,} rows, {test.title} {len(test.rows):,}, and no id tells which "
            "is which. Mend one of them."
        )
    return np.arange(len(test.rows))
