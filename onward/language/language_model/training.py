"""The loop: the text is read in stretches, and an error sent back through each of them.

Truncated back-propagation through time (Williams and Peng 1990): the memory goes on from stretch to stretch, the error
does not. Learning rate: a short rise, then straight down over the budget. The network that is shown, examined and kept
is a running mean of the one that learns; of all examined, the best on the validation part is what the run gives.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from onward.core.run import Run, Step
from onward.language.gradients import gradient_picture
from onward.language.language_model.places import Memory, Places
from onward.language.language_model.reading import Corpus
from onward.language.language_model.settings import Settings, Writing
from onward.language.language_model.sizing import Size, choose_size
from onward.language.language_model.surprise import nats
from onward.language.language_model.writing import Model, write
from onward.language.memory_network import LanguageNetwork
from onward.language.telling import Telling
from onward.language.tokenizer import save_tokenizer
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.passages import Passage
from onward.parts.schedules import triangle

__all__ = ["HALF_LIFE_TURNS", "peak_rate", "train"]

_EXAMS, _NEARLY_ALL = 16, 0.985  # the last exam comes when nearly all is learned
_MOST_EXAMINING = 0.08  # of the time
_EXAM_SHARE = 0.006  # of the time, each
_READING_IS_FASTER = 3.0  # than learning
_FEWEST_EXAMINED, _MOST_EXAMINED = 2_000, 100_000
_LONGEST_GRADIENT = 1.0
_PEAKS, _USUAL_PEAK = {"mingru": 5e-3}, 8e-3  # learning rates, the best of three tried at equal time
_SAMPLE_CHARACTERS = (400, 120)  # at every fourth exam, and at the others
HALF_LIFE_TURNS = 100


def train(run: Run, corpus: Corpus, settings: Settings) -> Model:
    """Train a language model on a text."""
    run.machine  # noqa: B018 - sets threads before anything is built
    group = run.group
    save_tokenizer(corpus.tokenizer, run.path / "tokenizer.json")
    size = choose_size(run, corpus, settings)
    facts = {"width": size.width, "depth": settings.depth, "cell": settings.cell, "drop": size.drop}
    run.folder.update(language_model={**facts, "pieces_a_second": size.pieces_a_second})
    network = LanguageNetwork(
        corpus.tokenizer.size, size.width, settings.depth, settings.cell, size.drop, settings.drop_kept,
        settings.forget_bias,
    )  # fmt: skip
    peak = settings.learning_rate or peak_rate(settings.cell)
    descent = Adam(network.parameters(), peak, (0.9, 0.99))
    places = Places(corpus.training.numbers, group.whole(settings.batch_size), settings.stretch, run.seed, group)
    average = Average(network, half_life_pictures=HALF_LIFE_TURNS * places.pieces)
    telling = Telling(corpus.training.numbers, corpus.tokenizer.size)
    memory, exam = Memory(group), Exam(run, corpus, size, network)
    run.keep(network=network, descent=descent, average=average, places=places, memory=memory, exam=exam)
    for step in run.steps():
        now, then, is_new = places.next()
        state = network.start(places.count) if is_new or not memory.state else memory.state
        with run.machine.mixed(), group.own_lots():
            seen, state = network.read(now, state)
            loss = telling(network, seen, then)
        descent.learning_rate = peak * triangle(step.progress, 0.1, 0.1, 0.02) * 0.5**run.setbacks
        descent.zero_grad()
        loss.backward()
        loss = group.average(network.parameters(), loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_GRADIENT)
        descent.step()
        average.follow(network, pictures=places.pieces)
        memory.carry(state)
        step.log(loss=loss)
        exam.look(step, average.network)
    run.note(
        f"The text was read {places.epochs:.1f} times; the memory has {size.width} channels, "
        f"and {size.drop:.0%} of them were dropped at a time."
    )
    return Model(exam.best.eval(), corpus.tokenizer, run)


def peak_rate(cell: str) -> float:
    """Give the highest learning rate of a kind of memory."""
    return _PEAKS.get(cell, _USUAL_PEAK)


class Exam:
    """Measures what is not learned from, now and then, writes a little, and keeps the best network."""

    def __init__(self, run: Run, corpus: Corpus, size: Size, network: LanguageNetwork) -> None:
        self._run, self._corpus = run, corpus
        self.best = LanguageNetwork(network.size, network.width, len(network.layers), network.cell)
        self._best_bits, self._taken = float("inf"), -1
        affordable = size.pieces_a_second * _READING_IS_FASTER * _EXAM_SHARE * (run.budget.seconds or 60.0)
        self._writing_seconds = math.inf if run.budget.seconds is None else max(0.3, 0.01 * run.budget.seconds)
        self._spent = 0.0
        self._pieces = int(min(_MOST_EXAMINED, max(_FEWEST_EXAMINED, affordable)))

    def look(self, step: Step, network: LanguageNetwork) -> None:
        """Examine `network` if it is time to."""
        now = self._run.progress
        is_near = now + (now - step.progress) > _NEARLY_ALL  # another step like this one would be the last
        number = _EXAMS if is_near else int(step.progress * _EXAMS)
        if not step.is_last and (number == self._taken or (number < _EXAMS and self._is_dear())):
            return
        self._taken, began = number, self._run.seconds
        bits = self._run.group.agree(self._examined(step, network) if self._run.group.is_first else 0.0)
        step.mark(validation_bits_per_byte=bits)
        if bits <= self._best_bits:
            self._best_bits = bits
            self.best.load_state_dict(network.state_dict())
        self._spent += self._run.seconds - began

    def _examined(self, step: Step, network: LanguageNetwork) -> float:
        """Give its bits per byte, and show what it writes."""
        part = self._corpus.validation
        numbers = part.numbers[: self._pieces + 1]
        share = max(1, len(numbers) - 1) / max(1, len(part.numbers) - 1)
        bits = float(nats(network, numbers).sum()) / np.log(2) / max(1.0, share * part.bytes)
        model = Model(network, self._corpus.tokenizer, self._run)
        length = _SAMPLE_CHARACTERS[0 if self._taken % 4 == 0 else 1]
        text = "".join(write(model, Writing(length=length), self._writing_seconds))
        sample: Any = Passage([text], f"what it writes after {step.index} turns, {bits:.2f} bits per byte")
        step.show(sample=sample)
        if self._taken % 4 == 0:
            picture = gradient_picture(network, self._corpus.validation.numbers)
            step.show(gradient=picture)
        return bits

    def _is_dear(self) -> bool:
        """Say whether examining has taken more than its share of the time; nothing is timed under steps alone."""
        return self._run.budget.seconds is not None and self._spent > _MOST_EXAMINING * self._run.seconds

    def state_dict(self) -> dict[str, Any]:
        """Take the best network and how good it was."""
        best = {"best": dict(self.best.state_dict()), "bits": self._best_bits}
        return {**best, "taken": self._taken, "pieces": self._pieces}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put them back."""
        self.best.load_state_dict(state["best"])
        self._best_bits, self._taken, self._pieces = float(state["bits"]), int(state["taken"]), int(state["pieces"])
