"""What can be seen of an agent: films, strips of pictures, and the curve of what it earns."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.broad.control.parallel import Singles, said_aside
from onward.broad.control.ppo import Agent
from onward.broad.control.reading import World
from onward.core.exhibits import Film, Picture
from onward.core.faults import DataFault, Fault, MachineFault
from onward.core.metrics import read_metrics
from onward.core.run import Run
from onward.parts.letters import letters
from onward.parts.plots import curves_picture

__all__ = ["curve", "film", "one_thread", "strip", "watched"]

Moment = tuple[int, float, NDArray[Any]]

_WIDTH, _RATE, _MOST_FILM_SECONDS = 300, 25, 16.0
_FRAMES = 6
_INK, _BACK = (40, 44, 52), (255, 255, 255)


def one_thread() -> AbstractContextManager[Any]:
    """Let NumPy use one thread: for layers of 64 a second one costs more than it brings, and sums stay the same."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


def watched(world: World, agent: Agent, seed: int, wanted: Callable[[int], bool]) -> Iterator[Moment]:
    """Play an episode and give its turn, the return so far and the picture, at the turns wanted and at the end.

    Raises:
        DataFault: the environment fails, or cannot be drawn.
        MachineFault: a package for it is missing.
    """
    try:
        single = world.make(render_mode="rgb_array")
    except (Exception, SystemExit) as reason:
        raise _unseen(world, reason) from reason
    played = Singles(lambda: single, 1, world.spaces, world.longest, seeds=[seed])
    total, turn, is_over = 0.0, 0, False
    with closing(played):
        while not is_over:
            if wanted(turn):
                yield turn, total, _drawn(world, single)
            _, rewards, terminated, truncated, _ = played.step(agent.likeliest(played.observations))
            total, turn = total + float(rewards[0]), turn + 1
            is_over = bool(terminated[0] or truncated[0])
        yield turn, total, _drawn(world, single)


def _drawn(world: World, single: Any) -> NDArray[Any]:
    try:
        with said_aside():
            pixels = np.asarray(single.render())
    except (Exception, SystemExit) as reason:
        raise _unseen(world, reason) from reason
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise DataFault(f"{world.address}: render() gave no picture of height, width, 3 bytes. Mend it.")
    return pixels


def _unseen(world: World, reason: BaseException) -> Fault:
    words = " ".join(str(reason).split())[:160].rstrip(".")
    kind = MachineFault if type(reason).__name__ in ("DependencyNotInstalled", "ModuleNotFoundError") else DataFault
    return kind(f"{world.address} cannot be drawn ({words}). Go without films: --films 0.")


def _small(pixels: NDArray[Any]) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    if width <= _WIDTH:
        return pixels
    size = (_WIDTH, max(2, round(height * _WIDTH / width)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def film(world: World, agent: Agent, seed: int, caption: str, deadline: float = math.inf) -> Film:
    """Film an episode in its own time, up to sixteen seconds, and while there is time.

    Args:
        deadline: of the monotonic clock; the film ends there.
    """
    every = max(1, round(world.turns_a_second / _RATE))
    rate = min(60.0, max(1.0, world.turns_a_second / every))

    def frames() -> Iterator[NDArray[Any]]:
        for number, (_, _, pixels) in enumerate(watched(world, agent, seed, lambda turn: turn % every == 0)):
            yield _small(pixels)
            if number >= _MOST_FILM_SECONDS * rate or time.monotonic() > deadline:
                return

    return Film(frames(), rate, caption)


def strip(world: World, agents: Sequence[Agent], seed: int, names: Sequence[str], seconds: float = math.inf) -> Picture:
    """Show some moments of an episode from left to right, one row an agent.

    Args:
        seconds: that may be spent on it; in a slow environment only the episode's beginning is shown.
    """
    most = world.longest if seconds == math.inf else max(_FRAMES, int(seconds * world.speed / (2 * len(agents))))
    world = replace(world, longest=min(world.longest, most))  # played twice: to know its length, and to draw it
    rows = [_row(world, agent, seed, name) for agent, name in zip(agents, names, strict=True)]
    return Picture(np.concatenate(rows), f"{' and '.join(names)}, from left to right (seed {seed})")


def _row(world: World, agent: Agent, seed: int, name: str) -> NDArray[Any]:
    single = world.seeded([seed])
    length, is_over = 0, False
    while not is_over:
        _, _, terminated, truncated, _ = single.step(agent.likeliest(single.observations))
        is_over, length = bool(terminated[0] or truncated[0]), length + 1
    single.close()
    turns = {round(place) for place in np.linspace(0, length, _FRAMES)}
    kept = [(turn, total, _small(pixels)) for turn, total, pixels in watched(world, agent, seed, turns.__contains__)]
    chosen = [kept[round(place)] for place in np.linspace(0, len(kept) - 1, _FRAMES)]
    height, width = chosen[0][2].shape[:2]
    sheet = Image.new("RGB", (_FRAMES * (width + 4), height + 44), _BACK)
    pen, font = ImageDraw.Draw(sheet), letters(14)
    pen.text((4, 3), name, fill=_INK, font=font)
    for place, (turn, total, pixels) in enumerate(chosen):
        across = place * (width + 4)
        sheet.paste(Image.fromarray(pixels), (across, 22))
        pen.text((across + 4, height + 24), f"turn {turn}, return {total:.0f}", fill=_INK, font=font)
    return np.asarray(sheet)


def curve(run: Run, threshold: float | None = None) -> Picture | None:
    """Draw the mean return of the last hundred episodes, beside random actions; None before any.

    Against minutes, or where no clock runs against steps: then the same run gives the same picture.
    """
    facts = [fact for fact in read_metrics(run.path / "metrics.jsonl", "log") if fact.get("mean_return") is not None]
    if len(facts) < 2:
        return None
    by_clock = run.budget.seconds is not None
    along = np.array([fact["seconds"] / 60 if by_clock else fact["step"] for fact in facts])
    curves = {"the agent": np.array([float(fact["mean_return"]) for fact in facts])}
    lines = {"random actions": run.folder.record.get("random_return"), "solved": threshold}
    for name, value in lines.items():
        if isinstance(value, int | float):
            curves[name] = np.full(len(facts), float(value))
    unit = "min" if by_clock else "steps"
    return Picture(curves_picture(along, curves, "mean return of the last 100 episodes", unit), "what it earns")
