"""The stages of a run: how much is left of each, and one small piece of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onward.broad.cluster.work import Work

__all__ = ["Stage", "stages_of"]

_FEWEST_LOOKED_AT = 50


@dataclass(frozen=True)
class Stage:
    """A part of the work.

    Attributes:
        until: share of the budget at which it is cut short.
        left: how many pieces are left, as far as is known.
        done: how many are done.
        piece: does one; it is told how much of the stage's share is spent.
        is_needed: whether it has to go on although its share is spent.
        catches_up: whether several pieces a step are done where steps are few.
    """

    name: str
    until: float
    left: Callable[[], int]
    done: Callable[[], int]
    piece: Callable[[float], None]
    is_needed: Callable[[], bool] = lambda: False
    catches_up: bool = True


def stages_of(work: Work) -> list[Stage]:
    """Give the stages of a kind of items, in order."""
    stages: list[Stage] = []
    looks = work.looks
    if looks is not None:
        stages.append(
            Stage(
                "look",
                0.5,
                lambda: len(looks) - looks.done,
                lambda: looks.done,
                lambda share: looks.look(),
                lambda: looks.pictures < _FEWEST_LOOKED_AT,
            )
        )
        stages.append(Stage("twins", 0.62, work.twins_left, lambda: work.twins.done, lambda share: work.search_twins()))
        stages.append(Stage("autoencoder", 0.7, work.drawings_left, work.drawings_done, work.draw))
    stages.append(Stage("map", 0.8, work.epochs_left, work.epochs_done, work.move))
    stages.append(
        Stage(
            "choose",
            0.92,
            work.trials_left,
            work.trials_done,
            lambda share: work.try_next(),
            lambda: not work.choice.trials,
        )
    )
    stages.append(Stage("heads", 1.0, work.lessons_left, lambda: work.lessons_done, work.learn, catches_up=False))
    return stages
