"""A trained classifier in use: the classes of new texts, from files or line by line as they are typed."""

from __future__ import annotations

import csv
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.given_lines import given_lines
from onward.data.label_columns import find_text_column
from onward.data.language_names import language_texts
from onward.data.text import open_text
from onward.data.text_rows import JSONS, TABLES, file_cells
from onward.language.text_classify.classifier import Classifier, classifier_of
from onward.language.text_classify.colouring import coloured_by_linear, coloured_by_networks
from onward.language.text_classify.linear import Linear
from onward.language.text_classify.network import TextNetwork
from onward.language.text_classify.pictures import can_be_drawn, texts_picture
from onward.language.text_classify.settings import Telling
from onward.language.text_classify.team import Team, new_network
from onward.language.tokenizer import Characters, Pieces, Words, load_tokenizer
from onward.parts.averaging import Average
from onward.parts.trained import facts_of, unfilled

__all__ = ["apply", "load"]

_LOG = logging.getLogger("onward")
_AT_ONCE = 256
_NAMED = "languages"


def load(run: Run) -> Classifier:
    """Load a run's classifier.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = facts_of(run, "text_classify")
    linear, team = Linear.load(run.path / "linear"), None
    if not linear.weights.shape == linear.plain_weights.shape == (len(linear.features.names), len(facts["classes"])):
        raise RunFault(f"{run.name} is damaged: its linear model tells other classes, or counts other words.")
    if facts.get("networks") and "share" in facts:
        kept = _Averages(facts, load_tokenizer(run.path / "tokenizer.json"))
        run.load_kept(team=kept)
        team = kept.team
    return classifier_of(run, facts, linear, team)


class _Averages:
    """Takes of a team what answers, and leaves what learns; networks are as large as what was kept of them."""

    def __init__(self, facts: dict[str, Any], tokenizer: Pieces | Characters | Words) -> None:
        self._facts, self.team = facts, Team(self._make, 0, tokenizer, int(facts["longest"]))

    def _make(self) -> TextNetwork:
        return new_network(self._facts, self.team.tokenizer.size, len(self._facts["classes"]))

    def state_dict(self) -> dict[str, Any]:
        return {"averages": [average.state_dict() for average in self.team.averages]}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        if len(state["averages"]) != self._facts["networks"] or self.team.longest < 1:
            raise ValueError("it has other networks than it says")
        self.team.averages = [Average(unfilled(self._make), 1) for _ in state["averages"]]
        for average, stored in zip(self.team.averages, state["averages"], strict=True):
            average.load_state_dict(stored)


@dataclass(frozen=True)
class _Answers(Table):
    """`predictions.csv`, written row by row as answers come; said aloud too where texts are typed."""

    columns: Sequence[str] = ("row", "label", "probability")
    rows: Sequence[Sequence[Any]] = ()
    caption: str = "predictions"
    told: Iterator[tuple[str, float]] = field(default_factory=lambda: iter(()))
    is_aloud: bool = False

    def write(self, folder: Path, name: str) -> Path:
        """Write `name.csv`; what was told before a cut is there."""
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(self.columns)
            for number, (label, probability) in enumerate(self.told):
                writer.writerow([number, label, f"{probability:.4f}"])
                if self.is_aloud:
                    file.flush()
                    _say(f"{label}\t{probability:.4f}\n")
        return path


def _say(words: str) -> None:
    if sys.stdout.isatty():  # a label must not steer a terminal
        words = "".join(each if each in "\n\t" or each.isprintable() else "\ufffd" for each in words)
    alphabet = sys.stdout.encoding or "utf-8"
    sys.stdout.write(words.encode(alphabet, "replace").decode(alphabet))
    sys.stdout.flush()


def apply(classifier: Classifier, source: Source, options: Telling) -> Iterator[Exhibit]:
    """Tell the class of each text: a line of a file, a row of a table, or a line that is typed.

    Raises:
        DataFault: nothing was given, or a file is missing or no text.
    """
    typed = not source.addresses or "-" in source.addresses
    texts = _given(classifier, source.addresses)
    first: list[str] = []
    yield _Answers(told=_told(classifier, texts, 1 if typed else _AT_ONCE, first), is_aloud=typed)
    shown = [text for text in first if can_be_drawn(text)][: options.pictures]
    if shown:
        yield Picture(_coloured(classifier, shown), "texts")


def _told(classifier: Classifier, texts: Iterator[str], at_once: int, first: list[str]) -> Iterator[tuple[str, float]]:
    """Tell some texts at once; the first ones are remembered, to be coloured."""
    while lot := list(islice(texts, at_once)):
        first += lot if len(first) < _AT_ONCE else []
        for shares in classifier.tell(lot):
            yield classifier.classes[int(shares.argmax())], float(shares.max())


def _coloured(classifier: Classifier, texts: Sequence[str]) -> np.ndarray:
    shares = classifier.tell(texts)
    if classifier.team is not None and classifier.mixture.share >= 0.5:
        return texts_picture(coloured_by_networks(classifier.team, texts, shares), classifier.classes)
    return texts_picture(coloured_by_linear(classifier.linear, texts, shares), classifier.classes)


def _given(classifier: Classifier, addresses: Sequence[str]) -> Iterator[str]:
    """Give the texts of all inputs, one after the other; each is opened before the first answer."""
    if not addresses:
        return given_lines((), "echo 'so good' | onward apply RUN")
    return iter_all([_texts_of(classifier, address) for address in addresses])


def iter_all(parts: Sequence[Iterator[str]]) -> Iterator[str]:
    """Go through several rows of texts as one."""
    for part in parts:
        yield from part


def _texts_of(classifier: Classifier, address: str) -> Iterator[str]:
    if address == _NAMED:
        return (text for text, _, part in language_texts() if part == "test")
    if not address.lower().endswith((*TABLES, *JSONS)):
        return given_lines((address,), "")
    text = open_text(address)
    for trouble in text.troubles:
        _LOG.info("%s", trouble)
    return (each for file in text.files for each in _column(file_cells(file, address), address, classifier.column))


def _column(cells: Any, title: str, name: str) -> Iterator[str]:
    for trouble in cells.troubles:  # rows that are left out have no answer, and those after them other numbers
        _LOG.info("%s", trouble)
    place, has_heads = find_text_column(title, cells, name)
    return (row[place] for row in cells.rows[1 if has_heads else 0 :])
