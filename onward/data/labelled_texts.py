"""The door to labelled texts: whatever people keep them in, each text comes out with its class and its part.

    reviews.csv, .tsv, .jsonl         a column of texts, a column of labels (`label_columns.py`, `text_tables.py`)
    questions.txt                     lines that begin with their label (`label_lines.py`)
    pos/0.txt neg/1.txt               a folder of class folders, a text a file
    rt.pos rt.neg, French.txt ...     a folder of files that are a class each, a text a line
    train.csv dev.csv test.csv        parts, by the names of files or folders; or a column called split
    languages                         which language is it? (`language_names.py`; nothing is downloaded)

Folders may be zips or tars. Nothing is written; what is odd is said, what cannot serve is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import DataFault
from onward.data.language_names import language_texts
from onward.data.splits import SPLITS, holds_answers
from onward.data.text import Text, TextFile, open_text, own_lines, said_notes
from onward.data.text_rows import JSONS, TABLES, Reading, Row, rows_of

__all__ = ["LabelledTexts", "read_labelled_texts"]

_NAMED: dict[str, Callable[[], list[tuple[str, str, str]]]] = {"languages": language_texts}
_NOT_TEXTS = re.compile(r"(readme|licen[cs]e|copying|notice|changes|citation)(\.\w+)?", re.IGNORECASE)
_MOST_CHARACTERS = 2_000_000_000
_FEWEST_A_CLASS = 3
_MANY_KINDS = 0.5  # of the texts: so many different labels are no classes
_NUMBERS = 20  # so many different broken numbers are no classes


@dataclass(frozen=True)
class LabelledTexts:
    """Texts, each with a class.

    Attributes:
        labels: N numbers of classes.
        parts: for each text `train`, `val`, `test`, or "" where nobody says it.
        sets: for each text that is tested its file, where the test has several; else "".
        column: what the column of texts is called, "" without columns.
        forms: how the files were read, in words.
        troubles: a sentence for each thing that was odd.
    """

    address: str
    texts: list[str]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    parts: list[str]
    column: str = ""
    forms: tuple[str, ...] = ()
    troubles: list[str] = field(default_factory=list)
    sets: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Give a digest of texts, labels and parts."""
        digest = hashlib.blake2b("\0".join(self.classes).encode("utf-8", "replace"), digest_size=16)
        for text, label, part in zip(self.texts, self.labels.tolist(), self.parts, strict=True):
            digest.update(f"{text}\0{label}\0{part}\0".encode("utf-8", "replace"))
        return digest.hexdigest()


@dataclass
class _Found:
    """What is gathered while files are read."""

    rows: list[Row] = field(default_factory=list)
    places: list[str] = field(default_factory=list)  # "file, line 3", for each row
    files: list[str] = field(default_factory=list)  # of a file with labels of its own, its name, for each row
    forms: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def add(self, row: Row, place: str, file: str = "") -> None:
        self.rows.append(row)
        self.files.append(file)
        self.places.append(place)


def read_labelled_texts(address: str, reading: Reading | None = None) -> LabelledTexts:
    """Read labelled texts.

    Raises:
        DataFault: there are no texts, no labels, or fewer than two classes with three texts each.
        MachineFault: the library behind `languages` is not installed.
    """
    found = _Found()
    if address in _NAMED:
        for number, (text, label, part) in enumerate(_NAMED[address](), 1):
            found.add(Row(text, label, part, number), f"{address}, number {number}")
        return _checked(address, found)
    text = open_text(address)
    if text.characters > _MOST_CHARACTERS:
        raise DataFault(f"{address} has {text.characters:,} characters, more than is read at once. Use a part of it.")
    found.troubles += text.troubles
    _read_files(text, found, reading or Reading())
    return _checked(address, found)


def _read_files(text: Text, found: _Found, reading: Reading) -> None:
    """Choose how the files belong together, and read them."""
    files = [each for each in text.files if not _NOT_TEXTS.fullmatch(PurePosixPath(each.name).name)]
    files = [each for each in files if not holds_answers(each.name)] or list(text.files)
    folders = {_class_folder(each.name) for each in files}
    tables = [each for each in files if each.name.lower().endswith((*TABLES, *JSONS))]
    if len(folders - {""}) > 1 and len(tables) < len(files) and len(files) > len(folders):
        _class_folders([each for each in files if _class_folder(each.name)], found)
    elif tables or len(files) == 1:
        for each in tables or files:
            _own_labels(each, text.address, found, reading, is_only=len(tables or files) == 1)
    elif all(_part_of(each) for each in files) and not _are_classes(files):
        for each in files:
            _own_labels(each, text.address, found, reading)
    else:
        _class_files(files, found)


def _are_classes(files: Sequence[TextFile]) -> bool:
    """Say whether every part has the same several files: `train/pos.txt`, `train/neg.txt`, `test/pos.txt` ..."""
    stems: dict[str, set[str]] = {}
    for each in files:
        stems.setdefault(_part_of(each), set()).add(_without_part(PurePosixPath(each.name).stem))
    first, *others = stems.values()
    return bool(others) and len(first) > 1 and all(first == other for other in others)


def _own_labels(file: TextFile, address: str, found: _Found, reading: Reading, *, is_only: bool = False) -> None:
    title = address if PurePosixPath(address).name == file.name else f"{address.rstrip('/')}/{file.name}"
    read = rows_of(file, title, reading)
    if read is None:
        raise DataFault(
            f"{title}: no labels are to be seen. Write label, tab, text in each line, or a csv with the columns text "
            "and label, or put the texts of each class into a file or folder of its own."
        )
    part = "" if is_only else _part_of(file)
    for row in read.rows:
        found.add(Row(row.text, row.label, row.part or part, row.line), f"{file.name}, line {row.line}", file.name)
    found.forms.append(read.form)
    found.columns.append(read.column)
    found.troubles += read.troubles


def _class_folders(files: Sequence[TextFile], found: _Found) -> None:
    for each in files:
        text = "".join(each.without_notes().pieces()).strip()
        found.add(Row(text, _class_folder(each.name), each.split, 1), each.name)
    found.forms.append("a folder for each class, a text in each file")
    found.troubles += said_notes(files)  # they would tell the author by name


def _class_files(files: Sequence[TextFile], found: _Found) -> None:
    """Take each file for a class: it is called as the file is, or by its ending where all else is alike."""
    stems = {_without_part(PurePosixPath(each.name).stem) for each in files}
    for each in files:
        name = PurePosixPath(each.name)
        label = _without_part(name.stem) if len(stems) > 1 else name.suffix.lstrip(".") or name.stem
        for number, line in enumerate(own_lines(each), 1):
            found.add(Row(line.strip(), label, each.split, number), f"{each.name}, line {number}")
    found.forms.append("a file for each class, a text in each line")
    found.troubles += said_notes(files)


def _part_of(file: TextFile) -> str:
    """Give a file's part: by its name, or by its ending (`stsa.binary.dev`)."""
    return file.split or SPLITS.get(PurePosixPath(file.name).suffix.lstrip(".").lower(), "")


def _without_part(stem: str) -> str:
    """Take `train-` off `train-pos`."""
    words = [word for word in re.split(r"[-_. ]+", stem) if word.lower() not in SPLITS]
    return "_".join(words) if len(words) < len(re.split(r"[-_. ]+", stem)) and words else stem


def _class_folder(name: str) -> str:
    """Give the deepest folder, if it is not one of the parts'."""
    folders = [part for part in PurePosixPath(name).parts[:-1] if part.lower() not in SPLITS]
    return folders[-1] if folders else ""


def _checked(address: str, found: _Found) -> LabelledTexts:
    """Leave out what cannot serve, say so, and refuse what is left if that cannot serve either."""
    said = list(dict.fromkeys(found.troubles))
    kept = list(range(len(found.rows)))
    for words, is_lost in (
        ("without a label", lambda row: not row.label.strip()),
        ("that are empty", lambda row: not row.text.strip()),
    ):
        lost = [place for place in kept if is_lost(found.rows[place])]
        if lost:
            said.append(f"{len(lost):,} texts {words} are left out, the first in {found.places[lost[0]]}.")
            kept = sorted(set(kept) - set(lost))
    names = _as_classes(address, [" ".join(found.rows[place].label.split()) for place in kept])
    kept, names, few = _without_few(kept, names)
    if few:
        shown = ", ".join(f"{name} ({count})" for name, count in few[:5]) + (" …" if len(few) > 5 else "")
        said.append(f"Classes with fewer than {_FEWEST_A_CLASS} texts are left out: {shown}. Add texts to learn them.")
    classes = tuple(sorted(set(names), key=_in_order))
    if len(classes) < 2:
        only = f"one class ({classes[0]})" if classes else "no class with enough texts"
        raise DataFault(
            f"{address} holds {only}, nothing to tell apart. Add texts of another class, at least {_FEWEST_A_CLASS} of "
            "each."
        )
    number = {name: place for place, name in enumerate(classes)}
    rows = [found.rows[place] for place in kept]
    parts = _plain_parts([row.part for row in rows])
    said += _contradictions(rows, names, [found.places[place] for place in kept])
    column = found.columns[0] if found.columns else ""
    labels = np.array([number[name] for name in names], np.int64)
    forms = tuple(dict.fromkeys(found.forms))
    sets = [found.files[place] if part == "test" else "" for place, part in zip(kept, parts, strict=True)]
    sets = sets if len({*sets} - {""}) > 1 else [""] * len(sets)
    return LabelledTexts(address, [row.text for row in rows], labels, classes, parts, column, forms, said, tuple(sets))


def _as_classes(address: str, labels: Sequence[str]) -> list[str]:
    """Write whole numbers alike (`1.0` is `1`); refuse labels that are measurements or names of their own."""
    kinds = Counter(labels)
    numbers = {word: _number(word) for word in kinds}
    if kinds and all(value is not None for value in numbers.values()):
        broken = [word for word, value in numbers.items() if value is not None and value != round(value)]
        if len(broken) > _NUMBERS:
            raise DataFault(
                f"{address}: the labels are {len(kinds):,} different numbers, as {broken[0]}, and no classes. Write "
                "words, or few numbers, for instance a rating rounded to 1 to 5."
            )
        return [word if word in broken else f"{numbers[word]:.0f}" for word in labels]
    if len(kinds) > max(2, _MANY_KINDS * len(labels)):
        raise DataFault(
            f"{address}: {len(kinds):,} different labels for {len(labels):,} texts, as {next(iter(kinds))[:40]!r}, are "
            "no classes. Name the columns with --text and --label."
        )
    return list(labels)


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def _in_order(name: str) -> tuple[float, str]:
    value = _number(name)
    return (float("inf") if value is None or value != value else value, name)


def _without_few(places: list[int], names: list[str]) -> tuple[list[int], list[str], list[tuple[str, int]]]:
    counts = Counter(names)
    few = sorted((name, count) for name, count in counts.items() if count < _FEWEST_A_CLASS)
    gone = {name for name, _ in few}
    left = [(place, name) for place, name in zip(places, names, strict=True) if name not in gone]
    return [place for place, _ in left], [name for _, name in left], few


def _plain_parts(parts: list[str]) -> list[str]:
    """Take parts for what they say only where there is more than one: a lone `test.csv` is just texts."""
    plain = ["test" if part == "test-shift" else part for part in parts]
    if len(set(plain)) == 1:
        return [""] * len(plain)
    return [part or "train" for part in plain]


def _contradictions(rows: Sequence[Row], names: Sequence[str], places: Sequence[str]) -> list[str]:
    """Say which texts stand more than once, and which with several labels."""
    first: dict[str, int] = {}
    twice, several, example = 0, set(), ""
    for place, (row, name) in enumerate(zip(rows, names, strict=True)):
        before = first.setdefault(row.text, place)
        if before == place:
            continue
        twice += 1
        if names[before] != name and row.text not in several:
            several.add(row.text)
            example = (
                example or f"{row.text[:60]!r} is {names[before]} in {places[before]} and {name} in {places[place]}"
            )
    said = [f"{twice:,} texts stand there more than once; equal ones are kept in one part."] if twice else []
    if several:
        said.append(f"{len(several):,} texts have several labels, so nobody can be right on all: {example}.")
    return said
