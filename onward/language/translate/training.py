"""The loop: pairs of sentences in, a network that translates out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from onward.core.budget import cooled
from onward.core.run import Run
from onward.language.translate.batches import Batches
from onward.language.translate.choosing import with_the_better
from onward.language.translate.copying import hidden_words
from onward.language.translate.exam import Exam
from onward.language.translate.fitting import fitting_rate, fitting_width
from onward.language.translate.interpreter import Interpreter
from onward.language.translate.losses import told_loss
from onward.language.translate.network import Translator
from onward.language.translate.reading import Sentences, learned_vocabulary
from onward.language.translate.settings import Settings
from onward.language.translate.vocabulary import Vocabulary
from onward.parts.adam import Adam
from onward.parts.averaging import Average
from onward.parts.box import Box

__all__ = ["train"]

_DROP, _MADE_DROP = 0.3, 0.1  # of made pairs there is no end, so nothing is learned by heart
_BETAS = (0.9, 0.98)
_WARMUP, _COOLDOWN = 0.04, 0.8
_HALF_LIFE = 20_000  # sentences
_TAIL_SHARE, _MOST_TAIL = 0.05, 40.0  # of the time, and seconds


def train(run: Run, sentences: Sentences, settings: Settings) -> Interpreter:
    """Train a translator."""
    run.machine  # noqa: B018 - sets threads before anything is built
    if run.budget.seconds is not None:
        run.tail_seconds = max(run.tail_seconds, min(_MOST_TAIL, _TAIL_SHARE * run.budget.seconds))
    vocabulary = _vocabulary(run, sentences)
    part = sentences.pairs.training
    source, target = ([vocabulary.read(text).numbers for text in side] for side in (part.source, part.target))
    group, tokens = run.group, run.group.whole(settings.batch_tokens)
    batches = Batches(source, target, tokens, run.seed, hidden_words(vocabulary, part), group)
    facts = _facts(run, sentences, settings, vocabulary.size, batches, _ratio(source, target))
    drop = settings.drop if settings.drop is not None else _MADE_DROP if sentences.pairs.is_made else _DROP
    rate = fitting_rate(settings, facts["width"])
    network = Translator(vocabulary.size, facts["width"], facts["depth"], drop)
    weights = list(network.parameters())
    adam, average = Adam(weights, rate, _BETAS), Average(network, _HALF_LIFE)
    best, least, asked = Average(network, 1), Box(float("inf")), Box(0)
    run.keep(network=network, adam=adam, average=average, best=best, batches=batches, least=least, asked=asked)
    interpreter = Interpreter(average.network, vocabulary, sentences.pairs.names, facts["ratio"], run)
    exam = Exam(run, interpreter, sentences.pairs.validation)
    began = time.process_time()
    for step in run.steps():
        adam.learning_rate = rate * cooled(step.progress, _COOLDOWN, _WARMUP, 0.01) * 0.5**run.setbacks
        batch = batches.next()
        with run.machine.mixed(), group.own_lots():
            losses = told_loss(network, batch, settings.smoothing, settings.drop_words)
        loss, plain = (each * batch.weight for each in losses)
        adam.zero_grad()
        loss.backward()
        plain = group.average(weights, plain)
        norm = torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        adam.step()
        average.follow(network, batch.pairs)
        step.log(training_loss=plain, gradient_norm=norm)
        if exam.is_due(step, asked):
            found = group.agree(exam.take(step) if group.is_first else 0.0)
            if found < least.value:
                least.value = found
                best.copy(average.network)
    facts |= {"epochs": round(batches.epochs, 3), "cpu_seconds": round(time.process_time() - began, 1)}
    run.folder.update(translate=facts)
    return with_the_better(run, interpreter.with_network(best.network), sentences.pairs)


def _vocabulary(run: Run, sentences: Sentences) -> Vocabulary:
    """Learn the vocabulary, or take the one the run began with."""
    if run.folder.newest_checkpoint() is not None:
        return Vocabulary.load(run.path)
    learned = learned_vocabulary(sentences)
    learned.save(run.path)
    return learned


def _facts(
    run: Run, sentences: Sentences, settings: Settings, size: int, batches: Batches, ratio: float
) -> dict[str, Any]:
    """Settle what the network is like at the first sitting, and write it down for the others."""
    stored = run.folder.record.get("translate")
    if stored is not None and run.folder.newest_checkpoint() is not None:
        return stored
    if run.budget.seconds is not None and (long := len(sentences.pairs.training) - len(batches.usable)):
        run.note(f"{long:,} pairs are longer than 250 pieces and are passed over.")
    width = run.group.agree(fitting_width(run, settings, size, batches))
    facts = {"width": width + width % 2, "depth": settings.depth, "names": list(sentences.pairs.names), "ratio": ratio}
    facts["is_made"] = sentences.pairs.is_made
    run.folder.update(translate=facts)
    return facts


def _ratio(source: Sequence[NDArray[np.int64]], target: Sequence[NDArray[np.int64]]) -> float:
    """Give the target pieces a source piece, ten aside, that nearly all pairs stay below."""
    ratios = [(len(other) + 1 - 10) / max(1, len(one)) for one, other in zip(source, target, strict=True)]
    return round(max(1.0, 1.2 * float(np.quantile(ratios, 0.999))), 3)
