"""Looks at the network now and then while it learns: its loss on the validation part, what it says, where it looks."""

from __future__ import annotations

import math

import numpy as np
import torch

from onward.core.exhibits import Picture, Table
from onward.core.run import Run, Step
from onward.data.pairs import PairPart
from onward.language.beam import Beam
from onward.language.translate.batches import Batch, batch_of, by_length
from onward.language.translate.interpreter import Interpreter
from onward.language.translate.losses import told_loss
from onward.language.translate.pictures import attention_map, draw_attention, stacked
from onward.parts.box import Box
from onward.parts.lots import by_lot

__all__ = ["Exam"]

_MOST_PAIRS, _TOKENS = 600, 3000
_SHOWN, _DRAWN = 8, 2
_FIRST_SECONDS = 12.0
_TIMES = (0.02, 0.05, *(0.1 * number for number in range(1, 10)), 0.95, 0.985)
_FITTING = (12, 70)  # letters of a sentence whose map is readable


class Exam:
    """The validation part, or a part of it drawn once.

    Args:
        run: where to log and show.
        interpreter: holds the network that is looked at, as it is then.
        part: sentences to choose by.
    """

    def __init__(self, run: Run, interpreter: Interpreter, part: PairPart) -> None:
        self._run, self._interpreter = run, interpreter
        rows = by_lot(np.arange(len(part)), _MOST_PAIRS).tolist()
        self._pairs = [(part.source[row], part.target[row]) for row in rows]
        fitting = [pair for pair in self._pairs if _FITTING[0] <= len(pair[0]) <= _FITTING[1]]
        self._shown = (fitting or self._pairs)[:_SHOWN]
        self._batches: list[Batch] = []

    def is_due(self, step: Step, asked: Box) -> bool:
        """Say whether it is time, by progress alone where only steps are counted; `asked` counts, and is kept."""
        first = 0.0
        if self._run.budget.seconds is not None:
            first = min(0.01, _FIRST_SECONDS / self._run.budget.seconds)
        due = sum(step.progress >= moment for moment in (first, *_TIMES))
        if due <= asked.value and not step.is_last:
            return False
        asked.value = due
        return True

    def take(self, step: Step) -> float:
        """Measure the loss, in nats a piece, and show what is said and where is looked."""
        loss = self.loss()
        step.mark(validation_loss=loss)
        answers = self._interpreter.translate([source for source, _ in self._shown], Beam(size=1))
        said = [found[0].text if found else "" for found in answers]
        rows = [[*pair, words] for pair, words in zip(self._shown, said, strict=True)]
        names = self._interpreter.names
        step.show(translations=Table([names[0], names[1], "said"], rows, f"what is said, at {loss:.3f} nats a piece"))
        maps = [
            draw_attention(*attention_map(self._interpreter, source, found[0]))
            for (source, _), found in zip(self._shown[:_DRAWN], answers[:_DRAWN], strict=True)
            if found
        ]
        if maps:
            words = "; ".join(
                f"{source} → {text}" for (source, _), text in zip(self._shown[:_DRAWN], said, strict=False)
            )
            step.show(attention=Picture(stacked(maps), f"where is looked while each word is said: {words}"))
        return loss

    @torch.no_grad()
    def loss(self) -> float:
        """Give the mean cross-entropy over all pieces, in nats."""
        if not self._batches:
            self._batches = self._numbered()
        network = self._interpreter.network
        losses, counts = [], []
        for batch in self._batches:
            with self._run.machine.mixed():
                _, plain = told_loss(network, batch, 0.0)
            losses.append(float(plain))
            counts.append(int((batch.wanted != 0).sum()))
        value = float(np.average(losses, weights=counts))
        return value if math.isfinite(value) else 1e9

    def _numbered(self) -> list[Batch]:
        read = self._interpreter.vocabulary.read
        pairs = [(read(one).numbers, read(other).numbers) for one, other in self._pairs]
        lengths = np.array([(len(one), len(other) + 1) for one, other in pairs])
        groups = by_length(lengths, _TOKENS)
        return [batch_of([pairs[row][0] for row in rows], [pairs[row][1] for row in rows]) for rows in groups]
