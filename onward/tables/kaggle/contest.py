"""A made competition whose answers are known: the made customers, parted into train and test, with a sample."""

from __future__ import annotations

from onward.data.table_cells import Sheet
from onward.tables.made import customers

__all__ = ["CONTEST", "made_contest", "truth"]

CONTEST = "made:contest"
_TRAIN, _TEST, _FIRST = 2000, 1000, 50_000


def made_contest() -> tuple[Sheet, Sheet, Sheet]:
    """Make train, test and sample submission."""
    names, rows, _ = customers(_TRAIN + _TEST, _FIRST)
    numbered = [[str(number + 1), *row] for number, row in enumerate(rows)]
    heads = ["id", *names]
    train = Sheet("made:contest/train.csv", heads, numbered[:_TRAIN], list(range(2, _TRAIN + 2)), True)
    inner = [row[:-1] for row in numbered[_TRAIN:]]
    test = Sheet("made:contest/test.csv", heads[:-1], inner, list(range(2, _TEST + 2)), True)
    asked = [[row[0], "0.5"] for row in inner]
    sample = Sheet("made:contest/sample_submission.csv", ["id", "leaves"], asked, list(range(2, _TEST + 2)), True)
    return train, test, sample


def truth() -> list[str]:
    """Give the test rows' answers, which no competitor sees."""
    return [row[-1] for row in customers(_TEST, _FIRST + _TRAIN)[1]]
