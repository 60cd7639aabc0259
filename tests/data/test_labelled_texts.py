"""The door to labelled texts: every form people keep them in, and every way these go wrong."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from onward.core.faults import DataFault
from onward.data.label_lines import label_lines
from onward.data.labelled_texts import LabelledTexts, read_labelled_texts
from onward.data.text_rows import Reading

SHORT = [("so good", "good"), ("so bad", "bad"), ("fine", "good"), ("dull", "bad"), ("lovely", "good"), ("dire", "bad")]


def pairs(texts: LabelledTexts) -> list[tuple[str, str]]:
    return [(text, texts.classes[label]) for text, label in zip(texts.texts, texts.labels.tolist(), strict=True)]


def written(path: Path, lines: list[str], encoding: str = "utf-8") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return str(path)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.csv", ["text,label", *(f"{text},{label}" for text, label in SHORT)]),
        ("a.csv", ["id,label,review", *(f"{n},{label},{text}" for n, (text, label) in enumerate(SHORT))]),
        ("a.csv", [f'"{text}",{label}' for text, label in SHORT]),
        ("a.csv", ["v1,v2", *(f"{label},{text}" for text, label in SHORT)]),
        ("a.csv", ["sentiment;text", *(f"{label};{text}" for text, label in SHORT)]),
        ("a.tsv", [f"{label}\t{text}" for text, label in SHORT]),
        ("a.txt", [f"{label}\t{text}" for text, label in SHORT]),
        ("a.txt", [f"{label}: {text}" for text, label in SHORT]),
        ("a.txt", [f"{label} {text}" for text, label in SHORT]),
        ("a.txt", [f"__label__{label} {text}" for text, label in SHORT]),
        ("a.jsonl", [json.dumps({"text": text, "label": label, "n": [1]}) for text, label in SHORT]),
    ],
)
def test_each_form_is_read(tmp_path: Path, name: str, lines: list[str]) -> None:
    assert pairs(read_labelled_texts(written(tmp_path / name, lines))) == SHORT


def test_quotes_hold_cells_together_or_are_letters(tmp_path: Path) -> None:
    held = [f'"{text},\nand ""more""",{label}' for text, label in SHORT]
    found = read_labelled_texts(written(tmp_path / "held.csv", ["text,label", *held]))
    assert found.texts[0] == 'so good,\nand "more"'
    stray = [f'{label}\t"{text}' if n % 2 else f'{label}\t{text}" yes' for n, (text, label) in enumerate(SHORT)]
    found = read_labelled_texts(written(tmp_path / "stray.tsv", stray))
    assert len(found.texts) == len(SHORT)
    assert found.texts[1] == '"so bad'


def test_commas_of_a_text_without_quotes_are_its_own(tmp_path: Path) -> None:
    lines = [f"{label},{text}, and so, on" if n else f"{label},{text}" for n, (text, label) in enumerate(SHORT)]
    found = read_labelled_texts(written(tmp_path / "a.csv", lines))
    assert found.texts[1] == "so bad, and so, on"
    assert set(found.classes) == {"good", "bad"}
    assert any("next to the label" in said for said in found.troubles)


def test_columns_can_be_named(tmp_path: Path) -> None:
    lines = ["text,mood,topic", *(f"{text},{label},t{n % 2}" for n, (text, label) in enumerate(SHORT))]
    path = written(tmp_path / "a.csv", lines)
    assert read_labelled_texts(path, Reading(label="topic")).classes == ("t0", "t1")
    assert read_labelled_texts(path, Reading(label="mood")).classes == ("bad", "good")
    with pytest.raises(DataFault, match="Did you mean topic"):
        read_labelled_texts(path, Reading(label="topics"))


def test_coarse_labels_unless_fine_ones_are_asked_for(tmp_path: Path) -> None:
    lines = [f"{kind}:{fine} How did it ?" for kind in ("DESC", "NUM") for fine in "ab" for _ in range(10)]
    path = written(tmp_path / "q.train", lines)
    assert read_labelled_texts(path).classes == ("DESC", "NUM")
    assert read_labelled_texts(path).texts[0] == "How did it ?"
    assert len(read_labelled_texts(path, Reading(fine=True)).classes) == 4


def test_lines_without_labels_are_none() -> None:
    assert label_lines(["the film is good", "a dull evening", "what a night", "nobody came"]) is None


@pytest.mark.parametrize("packed", [False, True])
def test_folders_of_classes(tmp_path: Path, packed: bool) -> None:
    for number, (text, label) in enumerate(SHORT):
        written(tmp_path / "d" / ("test" if number > 3 else "train") / label / f"{number}.txt", [text])
    place = tmp_path / "d"
    if packed:
        with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
            for path in sorted(place.rglob("*.txt")):
                archive.write(path, path.relative_to(place))
        place = tmp_path / "d.zip"
    found = read_labelled_texts(str(place))
    assert Counter(pairs(found)) == Counter(SHORT)
    assert Counter(found.parts) == {"train": 4, "test": 2}


def test_files_that_are_classes(tmp_path: Path) -> None:
    for label in ("pos", "neg"):
        written(
            tmp_path / "d" / f"rt.{label}", [text for text, own in SHORT if own.startswith(label[0]) or label == "pos"]
        )
        written(tmp_path / "e" / f"{label}.txt", ["Müller\u2028x", "Meyer\x85y", "Jo"], "utf-8")
    assert read_labelled_texts(str(tmp_path / "e")).texts[:2] == ["Müller\u2028x", "Meyer\x85y"]
    with pytest.raises(DataFault, match="one class"):
        read_labelled_texts(str(tmp_path / "d"))
    written(tmp_path / "d" / "rt.neg", ["a", "b", "c"])
    written(tmp_path / "d" / "README.txt", ["About this"])
    assert read_labelled_texts(str(tmp_path / "d")).classes == ("neg", "pos")


def test_parts_by_name_and_a_lone_test(tmp_path: Path) -> None:
    lines = [f"{label} {text}" for text, label in SHORT]
    written(tmp_path / "d" / "x.binary.train", lines)
    only = written(tmp_path / "d" / "x.binary.dev", lines)
    assert Counter(read_labelled_texts(str(tmp_path / "d")).parts) == {"train": 6, "val": 6}
    assert set(read_labelled_texts(only).parts) == {""}


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    lines = ["text,label", *(f"{text},{label}" for text, label in SHORT * 2), ",good", "lost,", "odd,NaN", "fine,bad"]
    said = " ".join(read_labelled_texts(written(tmp_path / "a.csv", [*lines, "once,rare"])).troubles)
    for words in ("2 texts without a label", "1 texts that are empty", "rare (1)", "more than once", "several labels"):
        assert words in said, said


def test_numbers_are_written_alike_and_measurements_refused(tmp_path: Path) -> None:
    lines = ["text,label", *(f"text {n},{'1.0' if n % 2 else '0'}" for n in range(10)), "text,1"]
    assert read_labelled_texts(written(tmp_path / "a.csv", lines)).classes == ("0", "1")
    lines = ["text,label", *(f"text {n},{n / 7:.3f}" for n in range(60))]
    with pytest.raises(DataFault, match="different numbers"):
        read_labelled_texts(written(tmp_path / "b.csv", lines))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["text,label", "a,x", "b,x", "c,x"], "one class"),
        (["text,label", *(f"a {n},l{n}" for n in range(9))], "no classes|enough texts"),
        (["no labels are here", "nor are any there", "what a night", "nobody came"], "no labels|one column"),
        (["text,label"], "no rows"),
        ([""], "empty|no text"),
    ],
)
def test_what_cannot_serve_is_refused(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(DataFault, match=words):
        read_labelled_texts(written(tmp_path / "a.csv", lines))
    with pytest.raises(DataFault):
        read_labelled_texts(written(tmp_path / "a.txt", lines))


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text, "label": label}) for text, label in SHORT]
    with pytest.raises(DataFault, match="line 7"):
        read_labelled_texts(written(tmp_path / "a.jsonl", [*lines, "{oops"]))


def test_languages_are_there_without_a_network() -> None:
    pytest.importorskip("babel")
    found = read_labelled_texts("languages")
    assert len(found.classes) == 28
    assert len({text.casefold() for text in found.texts}) == len(found.texts)
    assert set(found.parts) == {"train", "val", "test"}
    assert found.fingerprint == read_labelled_texts("languages").fingerprint


@pytest.mark.parametrize(
    ("name", "count", "kinds"),
    [
        ("sst2", 7792, 2),
        ("trec", 5452, 6),
        ("mr_rt_polarity", 10662, 2),
        ("sms_spam/sms.tsv", 5574, 2),
        ("names", 20050, 18),
    ],
)
def test_public_sets_are_read_whole(real_data: Path, name: str, count: int, kinds: int) -> None:
    found = read_labelled_texts(str(real_data / "text" / name))
    assert (len(found.texts), len(found.classes)) == (count, kinds)


def test_brackets_within_brackets_have_an_end(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="line 1 is no JSON"):
        read_labelled_texts(written(tmp_path / "a.jsonl", ["[" * 100_000]))


def test_class_files_in_folders_of_parts(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for label in ("good", "bad"):
            own = [f"{text} {part}" for text, word in SHORT if word == label]
            written(tmp_path / part / f"{label}.txt", own)
    found = read_labelled_texts(str(tmp_path))
    assert Counter(found.parts) == {"train": 6, "test": 6}
    assert all(label == dict(SHORT)[text.rpartition(" ")[0]] for text, label in pairs(found))


def test_line_ends_of_an_old_mac_and_the_separator_s_own_line(tmp_path: Path) -> None:
    lines = ["text;label", *(f"{text};{label}" for text, label in SHORT)]
    (tmp_path / "mac.csv").write_bytes("\r".join(lines).encode())
    (tmp_path / "excel.csv").write_bytes("\r\n".join(["sep=;", *lines]).encode("utf-8-sig"))
    for name in ("mac.csv", "excel.csv"):
        assert pairs(read_labelled_texts(str(tmp_path / name))) == SHORT


def test_a_label_is_one_line(tmp_path: Path) -> None:
    lines = ["text,label", *(f'{text},"very\n{label}"' for text, label in SHORT)]
    assert read_labelled_texts(written(tmp_path / "a.csv", lines)).classes == ("very bad", "very good")
