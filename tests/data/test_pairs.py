from __future__ import annotations

import json
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from onward.core.faults import DataFault
from onward.data.made_pairs import made_pairs, sides_of
from onward.data.number_words import english_number, german_number
from onward.data.pair_alignment import shifts
from onward.data.pairs import Pairs, open_pairs

WORDS = ["haus", "baum", "katze", "hund", "rot", "blau", "gross", "klein", "sieht", "hört", "läuft"]
ENGLISH = ["house", "tree", "cat", "dog", "red", "blue", "big", "small", "sees", "hears", "runs"]
SAID = dict(zip(WORDS, ENGLISH, strict=True))


def sentences(count: int, seed: int = 0) -> list[tuple[str, str]]:
    chance = np.random.default_rng(seed)
    drawn = [chance.choice(WORDS, chance.integers(2, 12)).tolist() for _ in range(count)]
    numbers = chance.integers(0, 1000, count)
    return [
        (f"{' '.join(each)} {number}", f"{' '.join(SAID[word] for word in each)} {number}")
        for each, number in zip(drawn, numbers, strict=True)
    ]


def write(folder: Path, name: str, lines: list[str], ends: str = "\n", encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes((ends.join(lines) + ends).encode(encoding))
    return path


def parallel(folder: Path, pairs: list[tuple[str, str]], part: str = "train") -> Path:
    write(folder, f"{part}.de", [one for one, _ in pairs])
    write(folder, f"{part}.en", [other for _, other in pairs])
    return folder


def said(pairs: Pairs) -> str:
    return "\n".join(pairs.troubles)


def test_parallel_files_are_found_and_english_is_the_target(tmp_path: Path) -> None:
    folder = parallel(tmp_path / "p", sentences(200))
    parallel(folder, sentences(30, 1), "dev")
    parallel(folder, sentences(20, 2), "test_2016_flickr")
    pairs = open_pairs(str(folder))
    assert pairs.names == ("de", "en")
    assert (len(pairs.validation), len(pairs.testing)) == (30, 20)
    assert pairs.testing.source[0].split()[0] in WORDS
    turned = open_pairs(str(folder), "en-de")
    assert turned.names == ("en", "de")
    assert turned.testing.source == pairs.testing.target
    assert turned.fingerprint != pairs.fingerprint
    with pytest.raises(DataFault, match="de-en or en-de"):
        open_pairs(str(folder), "fr-en")


def test_missing_parts_are_drawn_by_content(tmp_path: Path) -> None:
    drawn = sentences(600)
    pairs = open_pairs(str(parallel(tmp_path / "p", [*drawn, *drawn[:40]])))
    parts = [set(part.source) for part in (pairs.training, pairs.validation, pairs.testing)]
    assert all(parts)
    assert not (parts[0] & parts[1])
    assert not (parts[0] & parts[2])
    assert not (parts[1] & parts[2])
    assert "more than once" in said(pairs)


@pytest.mark.parametrize("first", range(0, 400, 40))
def test_of_few_pairs_one_is_chosen_by(first: int, tmp_path: Path) -> None:
    """The lot may fall on none of them; then the first exam had nothing to ask."""
    folder = parallel(tmp_path / "p", sentences(800)[first : first + 30])
    parallel(folder, sentences(900)[880:885], "test")
    assert len(open_pairs(str(folder)).validation) > 0


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\f", "\v", "\x1c"])
def test_only_the_newline_ends_a_line(tmp_path: Path, mark: str) -> None:
    drawn = sentences(100)
    drawn[10] = (f"haus{mark}baum 7", "house tree 7")
    folder = parallel(tmp_path / "p", drawn)
    write(folder, "train.en", [other for _, other in drawn], "\r\n")  # CRLF on one side only
    pairs = open_pairs(str(folder))
    whole = dict(
        pair
        for part in (pairs.training, pairs.validation, pairs.testing)
        for pair in zip(part.source, part.target, strict=True)
    )
    assert whole[f"haus{mark}baum 7"] == "house tree 7"
    assert not any("shifted" in trouble for trouble in pairs.troubles)


def test_unequal_files_are_refused_with_the_first_suspicious_line(tmp_path: Path) -> None:
    drawn = sentences(400)
    folder = parallel(tmp_path / "p", drawn)
    write(folder, "train.en", [other for number, (_, other) in enumerate(drawn) if number != 150])
    with pytest.raises(DataFault, match=r"400 lines and train\.en has 399.*line is 15[0-3]"):
        open_pairs(str(folder))


def test_a_silent_shift_is_named_with_its_lines(tmp_path: Path) -> None:
    drawn = sentences(400)
    target = [other for _, other in drawn]
    target = [*target[:100], *target[101:300], "house cat 3", *target[300:]]
    folder = parallel(tmp_path / "p", list(zip([one for one, _ in drawn], target, strict=True)))
    found = shifts([one for one, _ in drawn], target)
    assert [(each.by, abs(each.begin - 101) < 4, abs(each.end - 300) < 4) for each in found] == [(-1, True, True)]
    assert "shifted by -1" in said(open_pairs(str(folder)))


def test_swapped_and_equal_sides_are_said(tmp_path: Path) -> None:
    drawn = sentences(300)
    drawn[5:9] = [(other, one) for one, other in drawn[5:9]]
    drawn[20] = ("rot 1", "rot 1")
    folder = parallel(tmp_path / "p", drawn)
    parallel(folder, [(other, one) for one, other in sentences(40, 1)], "val")
    words = said(open_pairs(str(folder)))
    assert "swapped in 4 lines, the first is line 6" in words
    assert "val: the sides seem to be swapped" in words
    assert "the same in 1 lines, the first is line 21" in words
    with pytest.raises(DataFault, match="both sides say the same"):
        open_pairs(str(parallel(tmp_path / "q", [(one, one) for one, _ in drawn])))


def test_blank_lines_go_pairwise_and_odd_lengths_and_repeats_are_said(tmp_path: Path) -> None:
    drawn = sentences(300)
    drawn[3], drawn[4] = ("", "house"), ("haus", " \t")
    drawn[7] = ("haus", "house " * 60)
    folder = parallel(tmp_path / "p", drawn)
    parallel(folder, drawn[20:40], "test")
    pairs = open_pairs(str(folder))
    words = said(pairs)
    assert "2 lines are blank" in words
    assert "1 pairs are 9 times" in words
    assert "pairs to learn from have a sentence of another part" in words
    assert "house " * 60 not in pairs.training.target


@pytest.mark.parametrize("name", ["p.tsv", "p.csv", "p.jsonl", "p.txt", "p.zip"])
def test_two_columns_in_any_form(tmp_path: Path, name: str) -> None:
    drawn = [(f'{one}, "und" so', f"{other}, so") for one, other in sentences(100)]
    if name == "p.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("a.de", "\n".join(one for one, _ in drawn))
            archive.writestr("b.en", "\n".join(other for _, other in drawn))
    elif name == "p.jsonl":
        rows = [json.dumps({"translation": {"de": one, "en": other}}) for one, other in drawn]
        write(tmp_path, name, rows)
    elif name == "p.csv":
        quoted = ['"' + one.replace('"', '""') + f'","{other}"' for one, other in drawn]
        write(tmp_path, name, ["de,en", *quoted])
    else:
        write(tmp_path, name, [f"{number}\t{one}\t{other}\tCC-BY" for number, (one, other) in enumerate(drawn)])
    pairs = open_pairs(str(tmp_path / name))
    everything = [*pairs.training.source, *pairs.validation.source, *pairs.testing.source]
    assert sorted(everything) == sorted(one for one, _ in drawn)


def test_an_old_encoding_is_said(tmp_path: Path) -> None:
    pytest.importorskip("charset_normalizer")
    drawn = sentences(100)
    folder = parallel(tmp_path / "p", drawn)
    write(folder, "train.de", [one for one, _ in drawn], encoding="cp1252")
    pairs = open_pairs(str(folder))
    assert any("hört" in each for each in pairs.training.source)
    assert "is not UTF-8" in said(pairs)


def test_what_cannot_serve_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "one", "text.txt", ["only", "text"])
    write(tmp_path / "few", "p.tsv", ["a\tb", "c\td"])
    write(tmp_path / "json", "p.jsonl", ['{"a": "b", "c": "d"}', "[1]"])
    three = parallel(tmp_path / "three", sentences(50))
    write(three, "train.fr", [one for one, _ in sentences(50)])
    for folder, words in (
        ("one", "no sentence pairs"),
        ("few", "at least 20"),
        ("json", "line 2"),
        ("three", "de, en, fr"),
    ):
        with pytest.raises(DataFault, match=words):
            open_pairs(str(tmp_path / folder))
    assert open_pairs(str(three), "fr-en").names == ("fr", "en")


@pytest.mark.parametrize("address", ["dates", "numbers", "numbers:en-de"])
def test_made_pairs_are_the_same_each_time_and_no_part_shares_one(address: str) -> None:
    if address == "dates":
        pytest.importorskip("babel")
    parts = {split: list(islice(made_pairs(address, split), 800)) for split in ("train", "val", "test")}
    assert parts["test"] == list(islice(made_pairs(address, "test"), 800))
    assert parts["test"] != list(islice(made_pairs(address, "test", seed=1), 800))
    asked = {split: {target for _, target in pairs} for split, pairs in parts.items()}
    assert not (asked["train"] & asked["test"])
    assert not (asked["train"] & asked["val"])
    assert not (asked["val"] & asked["test"])
    readings: dict[str, str] = {}
    for source, target in (pair for pairs in parts.values() for pair in pairs):
        assert readings.setdefault(source.lower(), target) == target  # nothing can be read in two ways


def test_numbers_are_said_exactly() -> None:
    assert german_number(101_000) == "einhunderteintausend"
    assert german_number(777_777) == "siebenhundertsiebenundsiebzigtausendsiebenhundertsiebenundsiebzig"
    assert [german_number(number) for number in (0, 1, 16, 17, 21, 30, 100)] == [
        "null", "eins", "sechzehn", "siebzehn", "einundzwanzig", "dreißig", "einhundert",
    ]  # fmt: skip
    assert english_number(342_042) == "three hundred and forty-two thousand and forty-two"
    assert len({german_number(number) for number in range(20_000)}) == 20_000
    with pytest.raises(DataFault, match="numbers:en-de"):
        sides_of("numbers:en-d")


def test_a_number_of_each_row_is_no_language(tmp_path: Path) -> None:
    pairs = sentences(60)
    rows = [json.dumps({"id": f"x{number}", "de": one, "en": other}) for number, (one, other) in enumerate(pairs)]
    write(tmp_path, "p.jsonl", rows)
    write(tmp_path, "p.csv", ["id,de,en", *(f"x{number},{one},{other}" for number, (one, other) in enumerate(pairs))])
    for name in ("p.jsonl", "p.csv"):
        assert open_pairs(str(tmp_path / name)).names == ("de", "en")
    write(tmp_path, "q.csv", ["id,en", *(f"{one},{other}" for one, other in pairs)])
    assert open_pairs(str(tmp_path / "q.csv")).names == ("id", "en")


def test_why_a_side_is_missing_is_said(tmp_path: Path) -> None:
    folder = parallel(tmp_path / "p", sentences(50))
    (folder / "train.de").write_bytes(b"\0\1\0" * 30)
    with pytest.raises(DataFault, match=r"no sentence pairs(.*)holds zero bytes"):
        open_pairs(str(folder))
    write(tmp_path, "deep.jsonl", ["[" * 100_000])
    with pytest.raises(DataFault, match="line 1"):
        open_pairs(str(tmp_path / "deep.jsonl"))
