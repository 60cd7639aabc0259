r"""Where a folder, an archive or a file keeps sentence pairs: two files a part, or two columns.

    train.de train.en val.de val.en     parallel files; the last word of a name says the language, the rest the part
    german.txt english.txt              the only two files there are
    pairs.tsv pairs.csv pairs.jsonl     two columns, or the first two that hold words; a .txt with tabs too

Lines end at `\n` alone, so a U+2028 within a sentence shifts nothing.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from onward.core.faults import DataFault
from onward.data.pair_alignment import first_suspicious
from onward.data.splits import folder_split, split_of
from onward.data.text import Text, TextFile, lines_of

__all__ = ["Found", "english", "find_pairs"]

_LANGUAGE = re.compile(r"^(?:(?P<key>.*)[._-])?(?P<language>[A-Za-z]{2,3}(?:[_-][A-Z][A-Za-z]{1,3})?)(?:\.txt)?$")
_NO_LANGUAGES = {"txt", "csv", "tsv", "val", "dev", "tok", "bpe", "tst", "md", "zip", "json", "xml", "sgm", "tmx", "gz"}
_TABLES = (".tsv", ".csv", ".jsonl", ".ndjson", ".tab")
_ENGLISH = ("en", "eng", "english", "en_us", "en_gb", "en-us", "en-gb")
_HEADS = {
    "source", "target", "src", "tgt", "trg", "input", "output", "text", "translation", "sentence", "original", "from",
    "to", "english", "german", "deutsch", "french", "français", "spanish", "español", "italian", "italiano", "dutch",
    "russian", "chinese", "japanese", "arabic", "portuguese", "polish", "turkish", "hindi", "korean", "swedish",
    "en", "de", "fr", "es", "it", "nl", "ru", "zh", "ja", "ar", "pt", "pl", "tr", "hi", "ko", "sv", "cs", "el", "he",
    "eng", "deu", "ger", "fra", "spa", "ita", "nld", "rus", "cmn", "jpn", "por", "pol", "tur", "id", "en_us", "en-us",
}  # fmt: skip
_SAMPLE = 200


@dataclass
class Found:
    """Pairs of one part as they lie in the files, line by line.

    Attributes:
        title: of the files, for messages.
        split: train, val, test, or "" where no name says so.
        names: of the two sides.
        sides: the lines of each; equally many.
        first_line: number of the first, in its file.
        is_ordered: whether the first side comes first in the file.
    """

    title: str
    split: str
    names: tuple[str, str]
    sides: tuple[list[str], list[str]]
    first_line: int = 1
    is_ordered: bool = False


def english(name: str) -> bool:
    """Say whether a side's name means English."""
    return name.lower() in _ENGLISH


def find_pairs(text: Text, wanted: frozenset[str], troubles: list[str]) -> list[Found]:
    """Find the pairs in files of text.

    Args:
        wanted: the languages asked for, in lower case; empty for those that are there.
        troubles: what is odd is added.
    Raises:
        DataFault: there are none, or the two sides have not equally many lines.
    """
    tables = [file for file in text.files if _is_table(file)]
    if tables:
        return [_from_table(file, troubles) for file in tables]
    groups = _parallel(text, wanted)
    if not groups:
        names = ", ".join(file.name for file in text.files[:4])
        raise DataFault(
            f"{text.address} holds no sentence pairs ({names}). Give a folder with train.de and train.en, or a tsv "
            f"with two columns.{''.join(f' {each}' for each in text.troubles)}"
        )
    found = []
    for title, files in groups:
        first, second = (list(lines_of(file)) for file in files.values())
        if len(first) != len(second):
            raise DataFault(_unequal(files, first, second))
        one, other = files
        found.append(Found(title, _part(title), (one, other), (first, second)))
    return found


def _unequal(files: dict[str, TextFile], first: list[str], second: list[str]) -> str:
    one, other = (file.name for file in files.values())
    line, why = first_suspicious(first, second)
    return (
        f"{one} has {len(first):,} lines and {other} has {len(second):,}, so they are no pairs. The first suspicious "
        f"line is {line:,} ({why}). Mend the lines there; each sentence and its translation stand in the same line."
    )


def _parallel(text: Text, wanted: frozenset[str]) -> list[tuple[str, dict[str, TextFile]]]:
    """Put files together that differ in their language alone: the part's title, and two files by language."""
    groups: dict[str, dict[str, TextFile]] = defaultdict(dict)
    for file in text.files:
        folder, _, name = file.name.rpartition("/")
        if (match := _LANGUAGE.match(name)) and match["language"].lower() not in _NO_LANGUAGES:
            groups["/".join(filter(None, (folder, match["key"] or "")))][match["language"].lower()] = file
    spoken = sorted({language for group in groups.values() for language in group if len(group) > 1})
    if len(spoken) > 2 and len(wanted) == 2:
        for group in groups.values():
            for language in group.keys() - wanted:
                del group[language]
    elif len(spoken) > 2:
        raise DataFault(
            f"{text.address} holds {', '.join(spoken)}. Say between which two: --direction {spoken[0]}-{spoken[1]}"
        )
    pairs = [(key, dict(sorted(group.items()))) for key, group in sorted(groups.items()) if len(group) == 2]
    if pairs:
        return pairs
    if len(text.files) != 2:
        return []
    languages = {language: file for group in groups.values() for language, file in group.items()}
    stems = {re.sub(r"\.[^.]*$", "", file.name.rpartition("/")[2]): file for file in text.files}
    two = next(
        (each for each in (languages, stems) if len(each) == 2), None
    )  # a.de and b.en; german.txt and english.txt
    return [] if two is None else [("", two)]


def _part(title: str) -> str:
    """Read the part off a group's title; `dev` and `newstest` are said for parts too."""
    name = title.rpartition("/")[2].lower()
    if known := split_of(name) or folder_split(title):
        return known.partition("-")[0]
    words = re.findall(r"[a-z]+", name)
    if any(word.startswith("dev") for word in words):
        return "val"
    return "test" if any(word.endswith("test") or word == "tst" for word in words) else ""


def _is_table(file: TextFile) -> bool:
    if file.name.lower().endswith(_TABLES):
        return True
    if not file.name.lower().endswith(".txt") and "." in file.name.rpartition("/")[2]:
        return False
    first = [line for line, _ in zip(lines_of(file), range(_SAMPLE), strict=False) if line.strip()]
    return bool(first) and sum("\t" in line for line in first) > 0.95 * len(first)


def _from_table(file: TextFile, troubles: list[str]) -> Found:
    """Read two columns of a table."""
    ending = file.name.lower().rpartition(".")[2]
    if ending in ("jsonl", "ndjson"):
        return _from_json(file)
    rows = list(_csv_rows(file, troubles) if ending == "csv" else _tab_rows(file))
    if not rows or max(map(len, rows[:_SAMPLE])) < 2:
        raise DataFault(f"{file.name} has one column only. Pairs need two: a sentence and its translation.")
    heads = [cell.strip().lower() for cell in rows[0]]
    known = _named_sides(heads)
    has_head = len(known) > 1
    chosen = known[:2] if has_head else _wordy(rows)
    if len(chosen) < 2:
        raise DataFault(
            f"{file.name} has fewer than two columns with words. Pairs need a sentence and its translation."
        )
    chosen = one, other = chosen[:2]
    names = (heads[one], heads[other]) if has_head else (f"column {one + 1}", f"column {other + 1}")
    body = rows[1:] if has_head else rows
    if short := [number for number, row in enumerate(body, 2 if has_head else 1) if 0 < len(row) <= other]:
        troubles.append(f"{file.name}: {len(short):,} lines have too few columns, the first is line {short[0]:,}.")
    sides = tuple([row[place] if place < len(row) else "" for row in body] for place in chosen)
    return Found(file.name, _part(file.name.rpartition(".")[0]), names, sides, 1 + has_head, True)  # type: ignore[arg-type]


def _wordy(rows: Sequence[Sequence[str]]) -> list[int]:
    """Give the columns in which nearly all cells hold letters or digits in a row, numbers of rows aside."""
    sample = [row for row in rows[:_SAMPLE] if len(row) > 1]
    width = max(map(len, sample), default=0)

    def share(column: int, holds: Callable[[str], object]) -> float:
        return sum(column < len(row) and bool(holds(row[column])) for row in sample) / max(1, len(sample))

    letters = re.compile(r"[^\W\d_]")
    with_letters = [column for column in range(width) if share(column, letters.search) > 0.5]
    return with_letters if len(with_letters) > 1 else list(range(width))


def _tab_rows(file: TextFile) -> Iterator[list[str]]:
    """Give the cells of a table with tabs; quotes are letters like others, unless every cell is in quotes."""
    rows = [line.split("\t") for line in lines_of(file)]
    cells = [cell for row in rows[:_SAMPLE] for cell in row]
    if cells and sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells) > 0.9 * len(cells):
        for row in rows:
            yield [cell[1:-1].replace('""', '"') if cell[:1] == cell[-1:] == '"' else cell for cell in row]
        return
    yield from rows


def _csv_rows(file: TextFile, troubles: list[str]) -> Iterator[list[str]]:
    lines = list(lines_of(file))
    delimiter = max(",;\t|", key="\n".join(lines[:_SAMPLE]).count)
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter))
    except csv.Error as reason:
        raise DataFault(f"{file.name}: {reason}. Save it as a tsv with a tab between the two sentences.") from None
    if len(rows) < 0.9 * len(lines) and any(cell.count("\n") > 3 for row in rows for cell in row):
        troubles.append(f"{file.name} holds stray quotes; they are read as letters.")
        return iter(csv.reader((line + "\n" for line in lines), delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return iter(rows)


def _named_sides(heads: Sequence[str]) -> list[int]:
    """Give the places of names that sides have; `id` means Indonesian only where there is no other pair."""
    known = [place for place, head in enumerate(heads) if head.strip().lower() in _HEADS]
    return [place for place in known if heads[place].strip().lower() != "id"] if len(known) > 2 else known


def _json_sides(entry: dict[str, object]) -> tuple[str, str]:
    """Give the keys of the two sides: languages and the like, else the first two whose values are words."""
    words = [key for key, value in entry.items() if isinstance(value, str)]
    known = [words[place] for place in _named_sides(words)]
    one, other = (known if len(known) > 1 else words)[:2]
    return one, other


def _from_json(file: TextFile) -> Found:
    names: tuple[str, str] | None = None
    sides: tuple[list[str], list[str]] = ([], [])
    for number, line in enumerate(lines_of(file), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            entry = entry.get("translation", entry) if isinstance(entry.get("translation"), dict) else entry
            names = names or _json_sides(entry)
            one, other = (str(entry[name]) for name in names or ())
        except (ValueError, AttributeError, KeyError, RecursionError):
            raise DataFault(
                f'{file.name} line {number}: no object with two texts, like {{"de": "Hallo", "en": "Hello"}}. Mend it.'
            ) from None
        sides[0].append(one)
        sides[1].append(other)
    if names is None:
        raise DataFault(f"{file.name} holds no pairs.")
    return Found(file.name, _part(file.name.rpartition(".")[0]), names, sides, 1, True)
