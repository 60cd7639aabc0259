"""How large a translator the minutes and the sentences bear: tried out once, then written down in the run."""

from __future__ import annotations

import time

import torch

from onward.core.run import Run
from onward.language.translate.batches import Batches
from onward.language.translate.losses import told_loss
from onward.language.translate.network import Translator
from onward.language.translate.settings import Settings

__all__ = ["fitting_rate", "fitting_width"]

_WIDTHS = (64, 96, 128, 160, 192, 256, 384, 512)
_TRIED = 128
_STEPS = 3
_USUAL_RATE, _MOST_RATE = 3e-3, 6e-3
_GROWTH = 1.5  # seconds grow with this power of the width
_ENOUGH_EPOCHS = 8
_FEW_PIECES, _FEW_WIDTH, _USUAL_WIDTH = 100_000, 128, 256
_LARGEST = ((100_000, 192), (1_500_000, 256), (6_000_000, 384))  # pieces to learn from: more channels learn by heart


def fitting_width(run: Run, settings: Settings, size: int, batches: Batches) -> int:
    """Choose the most channels with which the budget still allows some eight epochs.

    Args:
        size: numbers of the vocabulary.
        batches: of the training part; their place is left as it was.
    """
    if settings.width is not None:
        return settings.width
    pieces = batches.pieces
    if run.budget.seconds is None:  # a run counted in steps is to be the same again, so nothing is timed
        return _FEW_WIDTH if pieces < _FEW_PIECES else _USUAL_WIDTH
    most = next((width for few, width in _LARGEST if pieces < few), _WIDTHS[-1])
    rate = _pieces_a_second(run, settings, size, batches)
    epochs = {
        width: run.seconds_left * rate * (_TRIED / width) ** _GROWTH / pieces for width in _WIDTHS if width <= most
    }
    width = max((width for width in epochs if epochs[width] >= _ENOUGH_EPOCHS), default=min(_FEW_WIDTH, most))
    run.note(
        f"Width {width}: about {epochs[width]:.0f} epochs fit into the time ({rate:,.0f} pieces a second at {_TRIED})."
    )
    return width


def fitting_rate(settings: Settings, width: int) -> float:
    """Give the highest learning rate: fewer channels bear larger steps.

    Example:
        >>> [round(fitting_rate(Settings(), width), 4) for width in (256, 128)]
        [0.003, 0.0042]
    """
    if settings.learning_rate is not None:
        return settings.learning_rate
    return min(_MOST_RATE, _USUAL_RATE * (_USUAL_WIDTH / width) ** 0.5)


def _pieces_a_second(run: Run, settings: Settings, size: int, batches: Batches) -> float:
    """Time a few training steps of a small network that is thrown away."""
    before = batches.state_dict()
    with torch.random.fork_rng(devices=[]):
        network = Translator(size, _TRIED, settings.depth)
        done, began = 0, time.monotonic()
        for number in range(_STEPS):
            if number == 1:  # the first one sets things up
                done, began = 0, time.monotonic()
            batch = batches.next()
            with run.machine.mixed():
                loss, _ = told_loss(network, batch, settings.smoothing)
            loss.backward()
            network.zero_grad(set_to_none=True)
            done += int((batch.wanted != 0).sum())
    batches.load_state_dict(before)
    return run.group.size * done / max(1e-6, time.monotonic() - began)
