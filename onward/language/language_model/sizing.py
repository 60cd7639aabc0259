"""How large a network these minutes can teach a text, measured on this machine, and how far it must be held back."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from onward.core.run import Run
from onward.language.language_model.reading import Corpus
from onward.language.language_model.settings import Settings
from onward.language.memory_network import LanguageNetwork
from onward.language.telling import Telling

__all__ = ["Size", "choose_size"]

_WIDTHS = (128, 192, 256, 384, 512, 768)
_USUAL_WIDTH, _USUAL_SPEED = 256, 10_000.0
_ENOUGH_EPOCHS = 4.0
_FRESH_EPOCHS = 6.0  # read so often, a text of a million characters is not yet known by heart
_MOST_DROPPED = 0.5


@dataclass(frozen=True)
class Size:
    """What was chosen.

    Attributes:
        width: channels of the memory.
        drop: share of the channels dropped in training.
        pieces_a_second: how fast it learns; a usual speed where no clock runs.
    """

    width: int
    drop: float
    pieces_a_second: float


def choose_size(run: Run, corpus: Corpus, settings: Settings) -> Size:
    """Choose the widest network that reads the text often enough in the time; without a clock, the usual one.

    The narrow ones are asked first: they take little time, and where they are too slow the wide ones need no asking.
    """
    before = run.folder.record.get("language_model")
    if before is not None:
        return Size(int(before["width"]), float(before["drop"]), float(before["pieces_a_second"]))
    width, speed = settings.width or _USUAL_WIDTH, _USUAL_SPEED
    if run.budget.seconds is not None:
        speeds: dict[int, float] = {}
        for tried in (settings.width,) if settings.width else _WIDTHS:
            speeds[tried] = _pieces_a_second(run, corpus, settings, tried)
            if run.seconds_left * speeds[tried] / len(corpus.training.numbers) < _ENOUGH_EPOCHS:
                break
        enough = [tried for tried in speeds if _epochs(run, corpus, speeds[tried]) >= _ENOUGH_EPOCHS]
        width = settings.width or max(enough, default=_WIDTHS[0])
        speed = speeds[width]
    epochs = _epochs(run, corpus, speed)
    drop = min(_MOST_DROPPED, 0.12 * max(0.0, epochs - _FRESH_EPOCHS) ** 0.5)
    drop = round(drop if settings.drop is None else settings.drop, 3)
    return Size(*run.group.agree((width, drop, round(speed, 1))))


def _epochs(run: Run, corpus: Corpus, pieces_a_second: float) -> float:
    """Give how often the text will be read."""
    if run.budget.seconds is None:
        return 1.0
    return run.seconds_left * pieces_a_second / len(corpus.training.numbers)


def _pieces_a_second(run: Run, corpus: Corpus, settings: Settings, width: int) -> float:
    """Time a stretch of a network that is thrown away; the run's random numbers are left as they were."""
    with torch.random.fork_rng(devices=[]):
        network = LanguageNetwork(corpus.tokenizer.size, width, settings.depth, settings.cell, 0.1, settings.drop_kept)
        telling = Telling(corpus.training.numbers, corpus.tokenizer.size)
        now = torch.randint(0, corpus.tokenizer.size, (settings.stretch, settings.batch_size))
        seconds = 0.0
        for _ in range(2):  # the first is a warm-up
            began = time.perf_counter()
            with run.machine.mixed():
                seen, _ = network.read(now, network.start(settings.batch_size))
                loss = telling(network, seen, now)
            loss.backward()
            seconds = time.perf_counter() - began
        return run.group.size * now.numel() / seconds
