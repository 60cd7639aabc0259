"""A trained translator in use: files line by line, or what is typed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.given_lines import given_lines
from onward.language.beam import Beam
from onward.language.translate.choosing import MEMORY_FILE
from onward.language.translate.interpreter import Answer, Interpreter
from onward.language.translate.memory import TranslationMemory
from onward.language.translate.network import Translator
from onward.language.translate.pictures import attention_map, draw_attention
from onward.language.translate.settings import Translating
from onward.language.translate.vocabulary import Vocabulary
from onward.parts.passages import Passage
from onward.parts.trained import facts_of, kept_average

__all__ = ["apply", "load"]

_LOG = logging.getLogger("onward")
_AT_ONCE = 512  # lines of a file
_MOST_RATIO = 1_000  # pieces of a translation for each of its source
_EXAMPLE = "echo Guten Tag. | onward apply RUN"


def load(run: Run) -> Interpreter:
    """Load the network that was best on the sentences to choose by, and the memory where that is better.

    Raises:
        RunFault: nothing was trained yet, or the run is damaged.
    """
    facts = facts_of(run, "translate")
    vocabulary = Vocabulary.load(run.path)
    width, depth = int(facts["width"]), int(facts["depth"])
    network = kept_average(run, "best", lambda: Translator(vocabulary.size, width, depth))
    source, target = facts["names"]
    ratio = float(facts["ratio"])
    if not 0 < ratio < _MOST_RATIO:
        raise RunFault(f"{run.name} is damaged: a sentence cannot become {ratio:g} times as long. Train it anew.")
    memory = TranslationMemory.load(run.path / MEMORY_FILE) if facts.get("keeps_memory") else None
    return Interpreter(network, vocabulary, (str(source), str(target)), ratio, run, memory)


def apply(interpreter: Interpreter, source: Source, options: Translating) -> Iterator[Exhibit | Passage]:
    """Translate line by line: `predictions.txt` has one line for each, a blank one for a blank one.

    Lines that are piped in are answered at once, and aloud.

    Raises:
        DataFault: nothing was given, or a file is missing or no text.
    """
    interpreter = _chosen(interpreter, options)
    is_typed = not source.addresses or "-" in source.addresses
    lines = given_lines(source.addresses, _EXAMPLE)
    done: list[tuple[str, list[Answer]]] = []  # what is asked for besides: few lines, or all with their n best

    def said() -> Iterator[str]:
        for text, answers in _translated(interpreter, lines, options, 1 if is_typed else _AT_ONCE):
            if options.best > 1 or len(done) < options.attention:
                done.append((text, answers))
            yield (answers[0].text if answers else "") + "\n"

    yield Passage(said(), "predictions", is_aloud=is_typed)
    if options.best > 1:
        rows = [
            [number, rank, f"{answer.score:.4f}", answer.text]
            for number, (_, answers) in enumerate(done, 1)
            for rank, answer in enumerate(answers[: options.best], 1)
        ]
        yield Table(["line", "rank", "score", "translation"], rows, "n-best")
    for number, (text, answers) in enumerate(done[: options.attention], 1):
        if answers and answers[0].pieces:
            yield Picture(draw_attention(*attention_map(interpreter, text, answers[0])), f"attention-{number:04d}")


def _chosen(interpreter: Interpreter, options: Translating) -> Interpreter:
    """Give what is to answer, and say so where it is not the network."""
    if interpreter.memory is None or options.by == "network":
        return interpreter.with_memory(None)
    _LOG.info(
        "The likest known sentence answers: on the sentences to choose by it did better than the network, which "
        "answers with --by network."
    )
    return interpreter


def _translated(
    interpreter: Interpreter, lines: Iterator[str], options: Translating, at_once: int
) -> Iterator[tuple[str, list[Answer]]]:
    beam = Beam(max(options.beam, options.best), options.length, options.coverage)
    waiting: list[str] = []
    for line in lines:
        waiting.append(line.strip())
        if len(waiting) == at_once:
            yield from _pairs(interpreter, waiting, beam)
            waiting = []
    yield from _pairs(interpreter, waiting, beam)


def _pairs(interpreter: Interpreter, texts: Sequence[str], beam: Beam) -> Iterator[tuple[str, list[Answer]]]:
    yield from zip(texts, interpreter.told(texts, beam), strict=True)
