"""From a table's columns to what members see, in the same way for the rows learned from and all later ones.

    number    itself                         date   days, and year, month, weekday, hour where they differ
    category  its number; where there are many kinds also how many other rows have it, its letters and its digits
    text      its length and which of the commonest words are in it

The recipe is made once, on the training table, and is plain JSON (`recipe.json` in the run).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault, RunFault
from onward.data.table_kinds import plain_key
from onward.data.tables import Column, Table
from onward.tables.ensemble.challenge import Feature

__all__ = ["Recipe", "make_recipe"]

_MANY_KINDS = 40  # from so many on, a category's parts are looked at too
_MOST_WORDS, _LEAST_SHARE, _MOST_SHARE = 60, 0.01, 0.97
_PARTS = ("year", "month", "weekday", "hour", "day")
_MOST_FEATURES = 200_000


@dataclass(frozen=True)
class Recipe:
    """How columns become features.

    Attributes:
        steps: one a feature: `name`, `column`, `how`, `kinds`, and what it needs (`words`, `names`, `counts`).
        columns: name, kind, categories and form of each column that is looked at, as a later table is to be read.
    """

    steps: tuple[dict[str, Any], ...]
    columns: tuple[dict[str, Any], ...]

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what members are told of the features."""
        return tuple(Feature(str(step["name"]), int(step["kinds"])) for step in self.steps)

    def known(self) -> list[Column]:
        """Give the columns for reading a later table as the first was read."""
        return [
            Column(each["name"], np.empty(0), tuple(each["categories"]), each["kind"], form=each["form"])
            for each in self.columns
        ]

    def matrix(self, table: Table, *, is_own: bool = False) -> NDArray[np.float64]:
        """Give a table as features: N F, NaN where nothing is known.

        Args:
            is_own: it is the table the recipe was made of, so that a row is not counted among the others like it.
        Raises:
            DataFault: the table lacks a column.
        """
        there = {column.name: column for column in table.columns}
        missing = [each["name"] for each in self.columns if each["name"] not in there]
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            raise DataFault(f"{table.address} lacks {', '.join(missing[:5])}{more}, which was learned from. Add it.")
        cells = np.empty((table.rows, len(self.steps)))
        for place, step in enumerate(self.steps):
            cells[:, place] = _cooked(step, there[step["column"]])
            if is_own and step["how"] == "counts":
                cells[:, place] -= 1
        cells[~np.isfinite(cells)] = np.nan
        return cells.astype(np.float32).astype(np.float64)  # trees compare in single precision

    def as_json(self) -> dict[str, Any]:
        """Give what `recipe.json` holds."""
        return {"steps": list(self.steps), "columns": list(self.columns)}

    @staticmethod
    def from_json(facts: dict[str, Any]) -> Recipe:
        """Undo `as_json`; a stranger's recipe may ask for no more than a table has.

        Raises:
            RunFault: it is none.
        """
        try:
            names = {str(each["name"]) for each in facts["columns"]}
            steps = tuple(dict(each) for each in facts["steps"])
            sound = len(steps) <= _MOST_FEATURES and all(
                each["column"] in names and each["how"] in _WAYS and 0 <= int(each["kinds"]) < 2**31 for each in steps
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            sound, steps = False, ()
        if not sound:
            raise RunFault("The run is damaged: its recipe.json tells of no features. Train it anew.")
        return Recipe(steps, tuple(facts["columns"]))


def make_recipe(columns: Sequence[Column]) -> Recipe:
    """Decide what to make of each column."""
    steps: list[dict[str, Any]] = []
    used: list[Column] = []
    for column in columns:
        own = _steps_of(column)
        if own:
            used.append(column)
            steps += own
    facts = [
        {"name": each.name, "kind": each.kind, "categories": list(each.categories), "form": each.form}
        if len(each.categories) < _MANY_KINDS
        else {"name": each.name, "kind": "text", "categories": [], "form": ""}  # new words have letters and digits too
        for each in used
    ]
    return Recipe(tuple(steps), tuple(facts))


def _steps_of(column: Column) -> list[dict[str, Any]]:
    plain = {"name": column.name, "column": column.name, "kinds": 0}
    if column.kind == "number":
        return [plain | {"how": "number"}]
    if column.kind == "date":
        parts = [(part, _part(column.values, part)) for part in _PARTS]
        varied = [part for part, values in parts if len(np.unique(values[~np.isnan(values)])) > 1]
        return [plain | {"how": "number"}, *(plain | {"name": f"{column.name}: {p}", "how": p} for p in varied)]
    if column.kind == "text":
        return _text_steps(column)
    if column.kind != "category":
        return []
    if len(column.categories) < _MANY_KINDS:
        return [plain | {"how": "number", "kinds": len(column.categories) + 1}]
    words = list(column.categories)
    found = [plain | {"how": "code", "names": words, "kinds": len(words) + 1}]
    counts = np.bincount(column.values[~np.isnan(column.values)].astype(int), minlength=len(words) + 1)[: len(words)]
    if counts.max(initial=0) > 1:
        more = {"how": "counts", "names": words, "counts": counts.tolist()}
        found.append(plain | {"name": f"{column.name}: others alike", **more})
    if column.categories:
        letters = Counter(_letters(name) for name in column.categories)
        if 2 <= len(letters) <= len(column.categories) / 2:
            names = [word for word, count in letters.most_common(200) if count > 1]
            more = {"name": f"{column.name}: letters", "how": "letters", "names": names, "kinds": len(names) + 1}
            found.append(plain | more)
        if np.mean([_digits(name) == _digits(name) for name in column.categories]) > 0.3:
            found.append(plain | {"name": f"{column.name}: digits", "how": "digits"})
    return found


def _text_steps(column: Column) -> list[dict[str, Any]]:
    plain = {"column": column.name, "kinds": 0}
    found = [plain | {"name": f"{column.name}: letters", "how": "length"}]
    found.append(plain | {"name": f"{column.name}: words", "how": "words"})
    rows = max(1, len(column.words))
    counts = Counter(word for text in column.words for word in set(_words(text)))
    common = [word for word, count in counts.most_common() if _LEAST_SHARE <= count / rows <= _MOST_SHARE]
    return found + [
        plain | {"name": f"{column.name}: {word!r}", "how": "has", "word": word}
        for word in sorted(common[:_MOST_WORDS])
    ]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _letters(name: str) -> str:
    found = re.match(r"[^\d]*", name)
    return re.sub(r"[\W_]+", "", found[0] if found else "").casefold()


def _digits(name: str) -> float:
    found = re.findall(r"\d+", name)
    return float(found[-1][:15]) if found else float("nan")


def _part(days: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """Give a part of dates, days since 1970."""
    known = np.isfinite(days) & (np.abs(days) < 3e6)
    whole = np.where(known, np.floor(days), 0).astype("datetime64[D]")
    months = whole.astype("datetime64[M]")
    values = {
        "year": lambda: whole.astype("datetime64[Y]").astype(float) + 1970,
        "month": lambda: months.astype(float) % 12 + 1,
        "weekday": lambda: (whole.astype(float) + 3) % 7,
        "day": lambda: (whole - months.astype("datetime64[D]")).astype(float) + 1,
        "hour": lambda: np.floor(24 * (np.where(known, days, 0) % 1) + 1e-9),
    }[part]()
    return np.where(known, values, np.nan)


def _words_of(column: Column) -> list[str]:
    """Give a column's cells, "" where one is empty, whether it was read as categories or as words."""
    if column.words:
        return list(column.words)
    names = [*column.categories, "?"]
    return ["" if value != value else names[min(int(value), len(names) - 1)] for value in column.values.tolist()]


def _of_names(how: str) -> Any:
    def of(step: dict[str, Any], column: Column) -> NDArray[np.float64]:
        names = [str(word) for word in step.get("names", ())]
        if how in ("code", "counts"):
            place = {plain_key(name): number for number, name in reversed(list(enumerate(names)))}
            counts = [float(each) for each in step.get("counts", ())][: len(names)]
            values = [*counts, *([0.0] * (len(names) + 1 - len(counts)))]
        else:
            place, values = {name: number for number, name in enumerate(names)}, []
        table: dict[str, float] = {"": np.nan}
        for word in set(_words_of(column)) - {""}:
            if how == "digits":
                table[word] = _digits(word)
                continue
            number = place.get(_letters(word) if how == "letters" else plain_key(word), len(names))
            table[word] = values[number] if how == "counts" else float(number)
        return np.array([table[word] for word in _words_of(column)], np.float64)

    return of


def _of_text(how: str) -> Any:
    def of(step: dict[str, Any], column: Column) -> NDArray[np.float64]:
        if how == "length":
            return np.array([float(len(text)) for text in column.words])
        if how == "words":
            return np.array([float(len(_words(text))) for text in column.words])
        word = str(step["word"])
        return np.array([float(word in _words(text)) for text in column.words])

    return of


_WAYS: dict[str, Any] = {
    "number": lambda step, column: column.values,
    **{part: (lambda step, column: _part(column.values, step["how"])) for part in _PARTS},
    **{how: _of_names(how) for how in ("code", "counts", "letters", "digits")},
    **{how: _of_text(how) for how in ("length", "words", "has")},
}


def _cooked(step: dict[str, Any], column: Column) -> NDArray[np.float64]:
    values = np.asarray(_WAYS[step["how"]](step, column), np.float64)
    kinds = int(step["kinds"])
    return np.where(values < kinds, values, np.nan) if kinds else values
