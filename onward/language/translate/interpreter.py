"""A trained network with its vocabulary: sentences in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.language.beam import Beam, Hypothesis, search
from onward.language.translate.batches import batch_of
from onward.language.translate.memory import TranslationMemory
from onward.language.translate.network import Memory, State, Translator
from onward.language.translate.vocabulary import BEGIN, END, PAD, UNKNOWN, Sentence, Vocabulary

__all__ = ["Answer", "Interpreter"]

_LONGEST = 1000
_ROWS_AT_ONCE = 640  # sentences times beginnings
_PIECES_AT_ONCE = 60_000  # of the source, times beginnings


@dataclass(frozen=True)
class Answer:
    """A translation.

    Attributes:
        pieces: its numbers, without the end.
        score: logarithm of likelihood over length, plus coverage.
    """

    text: str
    score: float
    pieces: list[int]


@dataclass(frozen=True)
class Interpreter:
    """Translates.

    Attributes:
        names: of source and target.
        ratio: target pieces a source piece that nearly all training pairs stay below.
        run: where it was trained, for what its examples are.
        memory: known sentences, where they answer better than the network.
    """

    network: Translator
    vocabulary: Vocabulary
    names: tuple[str, str]
    ratio: float
    run: Any = None
    memory: TranslationMemory | None = None

    def with_network(self, network: Translator) -> Interpreter:
        """Give the same with another network."""
        return replace(self, network=network)

    def with_memory(self, memory: TranslationMemory | None) -> Interpreter:
        """Give the same, answering by a memory, or by the network."""
        return replace(self, memory=memory)

    def told(self, texts: Sequence[str], beam: Beam) -> list[list[Answer]]:
        """Translate sentences by what the run kept: the network, or one answer of the memory for each."""
        if self.memory is None:
            return self.translate(texts, beam)
        said = self.memory.answers(texts)
        return [[Answer(one, 0.0, [])] if text.strip() else [] for text, one in zip(texts, said, strict=True)]

    def translate(self, texts: Sequence[str], beam: Beam) -> list[list[Answer]]:
        """Translate sentences by the network: for each up to `beam.size` answers, best first; none for an empty one."""
        sentences = [self.vocabulary.read(text) for text in texts]
        found: list[list[Answer]] = [[] for _ in texts]
        for rows in self._grouped(sentences, beam.size):
            group = [sentences[row] for row in rows]
            for row, hypotheses in zip(rows, self._searched(group, beam), strict=True):
                found[row] = [self._answer(sentences[row], each) for each in hypotheses]
        return found

    def attention(self, sentence: Sentence, pieces: Sequence[int]) -> NDArray[np.float32]:
        """Give where was looked when a translation's pieces were said, and at its end: T+1 by S shares."""
        batch = batch_of([sentence.numbers], [np.array(pieces, np.int64)])
        with torch.no_grad():
            _, shares, _ = self.network.write(batch.given, *self.network.begun(batch.source, batch.lengths))
        return shares[0].numpy()

    def _answer(self, sentence: Sentence, found: Hypothesis) -> Answer:
        copied = self._copied(sentence, found.pieces) if sentence.strange and UNKNOWN in found.pieces else []
        return Answer(self.vocabulary.text(found.pieces, copied), found.score, found.pieces)

    def _copied(self, sentence: Sentence, pieces: list[int]) -> list[str]:
        """Choose for each unknown piece of an answer the unknown word that was looked at most."""
        shares = self.attention(sentence, pieces)
        places = list(sentence.strange)
        unknown = [moment for moment, piece in enumerate(pieces) if piece == UNKNOWN]
        return [sentence.strange[places[int(shares[moment, places].argmax())]] for moment in unknown]

    def _grouped(self, sentences: Sequence[Sentence], size: int) -> Iterator[list[int]]:
        """Part sentences into groups of like length."""
        lengths = [len(each.numbers) for each in sentences]
        group: list[int] = []
        for row in sorted((row for row, length in enumerate(lengths) if length), key=lengths.__getitem__):
            count = len(group) + 1
            if group and (count > max(1, _ROWS_AT_ONCE // size) or lengths[row] * count * size > _PIECES_AT_ONCE):
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    @torch.no_grad()
    def _searched(self, sentences: Sequence[Sentence], beam: Beam) -> list[list[Hypothesis]]:
        network = self.network
        none = [np.zeros(0, np.int64)] * len(sentences)
        source, lengths, *_ = batch_of([each.numbers[:_LONGEST] for each in sentences], none)
        state = network.begun(source, lengths)
        limits = (lengths * self.ratio).long() + 10
        never = [PAD, BEGIN]
        if not any(each.strange for each in sentences):
            never.append(UNKNOWN)  # there is nothing to copy

        def go(last: Tensor, state: tuple[Memory, State]) -> tuple[Tensor, Tensor | None, tuple[Memory, State]]:
            told, shares, after = network.write(last[None], *state)
            return network.tell(told[0]), shares[:, 0], (state[0], after)

        return search(go, state, _select, limits, beam, (BEGIN, END), tuple(never))


def _select(state: tuple[Memory, State], rows: Tensor) -> tuple[Memory, State]:
    memory, decoder = state
    chosen = tuple(each.index_select(1, rows) for each in decoder)
    return Memory(memory.seen.index_select(0, rows), memory.there.index_select(0, rows)), chosen  # type: ignore[return-value]
