"""How good is it? BLEU and chrF on sentences nothing else looked at, beside a memory and the source said again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import MachineFault
from onward.core.metrics import Baseline, Score
from onward.language.beam import Beam
from onward.language.translate.interpreter import Answer, Interpreter
from onward.language.translate.memory import TranslationMemory
from onward.language.translate.pictures import attention_map, draw_attention, stacked
from onward.language.translate.reading import Sentences
from onward.parts.intervals import share_interval
from onward.parts.lots import by_lot

__all__ = ["evaluate", "metrics_library", "tokenizer_for"]

_FEWEST, _CHUNK, _ROUNDS = 16, 64, 200
_SHOWN, _DRAWN = 12, 3
_READABLE = 80  # letters of a sentence whose map is drawn
_WITHOUT_SPACES = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))  # Thai, Lao, Burmese, Khmer


class _Tested(NamedTuple):
    """What was tested: sources, what was wanted, and what was said, in one order."""

    source: list[str]
    wanted: list[str]
    answers: list[Answer]
    titles: list[str]

    @property
    def said(self) -> list[str]:
        return [answer.text for answer in self.answers]

    def sets(self) -> dict[str, list[int]]:
        """Give the rows of each set, by its files' title, where there are several."""
        names = sorted(set(self.titles))
        return {name: [row for row, title in enumerate(self.titles) if title == name] for name in names}

    def of(self, rows: list[int]) -> _Tested:
        return _Tested(*([side[row] for row in rows] for side in self[:3]), [])  # type: ignore[arg-type]


def evaluate(interpreter: Interpreter, sentences: Sentences, seconds: float) -> Iterator[Score | Exhibit]:
    """Translate the testing part, or as much of it as the seconds allow, by what the run kept.

    Where there are several test sets, each has scores of its own after those of all.

    Raises:
        MachineFault: the library that counts BLEU is not installed.
    """
    sentences = _turned_as(sentences, interpreter.names)
    tested = _translated(interpreter, sentences, 0.5 * seconds)
    pairs = sentences.pairs
    memory = TranslationMemory(pairs.training).answers(tested.source)
    opponents = {"the likest known sentence": memory, "the source said again": tested.source}
    if pairs.is_made:
        yield _exact(tested, opponents)
    scores, signatures = _metrics(tested, opponents)
    yield from scores
    for name, own in tested.sets().items():
        opposing = {other: [said[row] for row in own] for other, said in opponents.items()}
        yield from (replace(score, name=f"{score.name} on {name}") for score in _metrics(tested.of(own), opposing)[0])
    rows = [[score.name, signature] for score, signature in zip(scores, signatures, strict=True)]
    if interpreter.run is not None:
        for name, signature in rows:
            interpreter.run.note(f"{name} was counted by sacrebleu: {signature}")
    yield Table(["score", "sacrebleu's signature"], rows, "how the scores are counted")
    if maps := _maps(interpreter, tested):
        yield maps
    yield from _tables(tested, pairs.names)


def _turned_as(sentences: Sentences, names: tuple[str, str]) -> Sentences:
    """Turn pairs that were read the other way round than a run translates."""
    pairs = sentences.pairs
    if pairs.names != names[::-1] or names[0] == names[1]:  # names of files and columns may be any
        return sentences
    turned = {
        name: replace(part, source=part.target, target=part.source)
        for name, part in (("training", pairs.training), ("validation", pairs.validation), ("testing", pairs.testing))
    }
    return replace(sentences, pairs=replace(pairs, names=names, **turned))


def _translated(interpreter: Interpreter, sentences: Sentences, seconds: float) -> _Tested:
    part = sentences.pairs.testing
    rows = by_lot(np.arange(len(part))).tolist()
    source, wanted = ([side[row] for row in rows] for side in (part.source, part.target))
    began, answers, place = time.monotonic(), [], 0
    while place < len(source):
        spent = time.monotonic() - began
        chunk = _FEWEST if place == 0 else max(1, min(len(source) - place, _affordable(seconds - spent, spent / place)))
        if place and spent >= seconds:
            break
        found = interpreter.told(source[place : place + chunk], Beam())
        answers += [each[0] if each else Answer("", 0.0, []) for each in found]
        place += len(found)
    titles = [part.titles[row] for row in rows[:place]] if part.titles else []
    return _Tested(source[:place], wanted[:place], answers, titles)


def _affordable(seconds: float, cost: float) -> int:
    """Say how many sentences fit into half of the seconds left; the cost of one is known from the first ones."""
    return int(min(1e9, max(_CHUNK, 0.5 * seconds / max(cost, 1e-6))))


def _exact(tested: _Tested, opponents: dict[str, list[str]]) -> Score:
    """Count the answers that are right to the letter."""
    count = len(tested.wanted)
    hits = sum(one == other for one, other in zip(tested.said, tested.wanted, strict=True))
    shares = {
        name: sum(one == other for one, other in zip(said, tested.wanted, strict=True)) / count
        for name, said in opponents.items()
    }
    name = max(shares, key=lambda each: shares[each])
    return Score(
        "exact match", hits / count, "", True, share_interval(hits, count), count, Baseline(name, shares[name])
    )


def _metrics(tested: _Tested, opponents: dict[str, list[str]]) -> tuple[list[Score], list[str]]:
    library = metrics_library()
    tokenize = tokenizer_for(tested.wanted)
    found, signatures = [], []
    for name, metric in (("BLEU", library.BLEU(tokenize=tokenize)), ("chrF", library.CHRF())):
        values = {other: metric.corpus_score(said, [tested.wanted]).score for other, said in opponents.items()}
        best = max(values, key=lambda each: values[each])
        baseline = Baseline(best, round(values[best], 2))
        value, interval = _with_interval(metric, tested)
        found.append(Score(name, value, "", True, interval, len(tested.wanted), baseline))
        signatures.append(str(metric.get_signature()))
    return found, signatures


def _with_interval(metric: Any, tested: _Tested) -> tuple[float, tuple[float, float]]:
    """Give a corpus score and its bootstrap interval over sentences (Koehn 2004), from counts that are summed."""
    value = metric.corpus_score(tested.said, [tested.wanted]).score
    counts = np.array(metric._extract_corpus_statistics(tested.said, [tested.wanted]), dtype=np.float64)
    chance = np.random.default_rng(0)
    drawn = (chance.integers(0, len(counts), len(counts)) for _ in range(_ROUNDS))
    values = [metric._compute_score_from_stats(counts[rows].sum(axis=0).tolist()).score for rows in drawn]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(value), (float(min(low, value)), float(max(high, value)))


def tokenizer_for(texts: Sequence[str]) -> str:
    """Choose sacrebleu's tokenizer by script: Chinese and others without spaces are counted by letter.

    Example:
        >>> tokenizer_for(["a house"]), tokenizer_for(["我在家"]), tokenizer_for(["ฉันอยู่บ้าน"])
        ('13a', 'zh', 'char')
    """
    letters = [letter for text in texts[:500] for letter in text if letter.isalpha()]
    count = max(1, len(letters))
    kana = sum("\u3040" <= letter <= "\u30ff" for letter in letters) / count
    han = sum("\u4e00" <= letter <= "\u9fff" for letter in letters) / count
    other = sum(any(low <= letter <= high for low, high in _WITHOUT_SPACES) for letter in letters) / count
    if kana > 0.1 or other > 0.3:
        return "char"
    return "zh" if han > 0.3 else "13a"


def _maps(interpreter: Interpreter, tested: _Tested) -> Picture | None:
    rows = [row for row, text in enumerate(tested.source) if len(text) <= _READABLE and tested.answers[row].pieces]
    drawn = [attention_map(interpreter, tested.source[row], tested.answers[row]) for row in rows[:_DRAWN]]
    if not drawn:
        return None
    words = "; ".join(f"{tested.source[row]} → {tested.said[row]}" for row in rows[:_DRAWN])
    return Picture(stacked([draw_attention(*each) for each in drawn]), f"where was looked: {words}")


def _tables(tested: _Tested, names: tuple[str, str]) -> Iterator[Table]:
    """Show test sentences as they come, then the worst by chrF."""
    metric = metrics_library().CHRF()
    fits = [
        metric.sentence_score(said, [wanted]).score for said, wanted in zip(tested.said, tested.wanted, strict=True)
    ]
    heads = [*names, "said", "chrF"]
    worst = np.argsort(fits, kind="stable")[:_SHOWN].tolist()
    drawn = list(range(min(_SHOWN, len(fits))))
    for rows, words in ((drawn, "test sentences, drawn by lot"), (worst, "the worst by chrF")):
        shown = [[tested.source[row], tested.wanted[row], tested.said[row], f"{fits[row]:.0f}"] for row in rows]
        yield Table(heads, shown, words)


def metrics_library() -> Any:
    """Give the library that counts BLEU and chrF.

    Raises:
        MachineFault: it is not installed.
    """
    try:
        from sacrebleu import metrics
    except ImportError:
        raise MachineFault("BLEU is counted by the package sacrebleu: pip install 'onward[language]'") from None
    return metrics
