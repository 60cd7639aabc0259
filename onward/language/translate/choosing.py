"""Which answers better, the network or the likest known sentence? That one is kept, by the sentences to choose by.

A translation memory often wins where there are few sentences or few minutes, and then the simple thing stays.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from onward.core.faults import MachineFault
from onward.core.run import Run
from onward.data.pairs import Pairs
from onward.language.beam import Beam
from onward.language.translate.interpreter import Interpreter
from onward.language.translate.memory import TranslationMemory
from onward.language.translate.scores import metrics_library
from onward.parts.lots import by_lot

__all__ = ["MEMORY_FILE", "with_the_better"]

MEMORY_FILE = "memory.json"
_MOST, _AT_ONCE = 200, 16
_SHARE = 0.2  # of the time for the end of a run


def with_the_better(run: Run, interpreter: Interpreter, pairs: Pairs) -> Interpreter:
    """Give the interpreter, with a memory of the training part where that answers better by chrF; and write it down."""
    try:
        metric: Any = metrics_library().CHRF()
    except MachineFault:
        return interpreter
    part, memory = pairs.validation, TranslationMemory(pairs.training)
    rows = by_lot(np.arange(len(part)), _MOST).tolist()
    source, wanted = ([side[row] for row in rows] for side in (part.source, part.target))
    began, said = time.monotonic(), []
    while len(said) < len(source):
        asked = source[len(said) : len(said) + _AT_ONCE]
        said += [found[0].text if found else "" for found in interpreter.translate(asked, Beam())]
        if run.budget.seconds is not None and time.monotonic() - began > _SHARE * run.tail_seconds:
            break
    if not said:
        return interpreter
    wanted = wanted[: len(said)]
    own = float(metric.corpus_score(said, [wanted]).score)
    other = float(metric.corpus_score(memory.answers(source[: len(said)]), [wanted]).score)
    keeps_memory = other > own
    kept = "it is kept" if keeps_memory else "the network is kept"
    scores = f"network {own:.1f} chrF, the likest known sentence {other:.1f}"
    run.note(f"On {len(said):,} sentences to choose by: {scores}; {kept}.")
    if keeps_memory:
        memory.save(run.path / MEMORY_FILE)
    run.folder.update(translate={**run.folder.record["translate"], "keeps_memory": keeps_memory})
    return interpreter.with_memory(memory) if keeps_memory else interpreter
