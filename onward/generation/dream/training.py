"""The loop: a step up the gradient of an octave, or of a frame of the zoom; the kept thing is the picture.

Source: "Inceptionism: going deeper into neural networks", Mordvintsev, Olah, Tyka, 2015; google/deepdream.
"""

from __future__ import annotations

import logging
import math

from onward.core.budget import spoken_duration
from onward.core.exhibits import Picture
from onward.core.faults import RunFault, UsageFault
from onward.core.run import Run
from onward.generation.dream.dreaming import Dream
from onward.generation.dream.gallery import gallery_seconds
from onward.generation.dream.octaves import (
    film_seconds,
    fitting_side,
    memory_bytes,
    most_pixels,
    plan_of,
    seconds_a_pixel,
)
from onward.generation.dream.reading import Scene
from onward.generation.dream.settings import Settings
from onward.generation.dream.using import Dreamt, manner_of, read_frame, write_film
from onward.generation.dream.wishes import Wish, tensor_of, wish_of
from onward.generation.redrawn import write_redrawn

__all__ = ["train"]

_UNTIMED_SIDE = 480
_SECONDS_A_PIXEL_WRITTEN = 1e-6  # the result, and both pictures of the report
_MOST_FOR_FRAMES = 0.5  # of the budget
_SPARED = 0.85  # of the seconds left are planned with


def train(run: Run, scene: Scene, settings: Settings) -> Dreamt:
    """Dream on a photo; gives the dream, which is also in `result.png`, and in `zoom.mp4` if it was a film."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = 0.0  # more time goes on from the very end
    wish = wish_of(scene, settings)
    side, most = _sizes(run, scene, settings, wish)
    photo = scene.photo.reduced(side)
    width, height = photo.size
    plan = plan_of(height, width, settings.octaves, timed=run.budget.seconds is not None, most=most)
    frames = run.path / "frames" if settings.zoom else None
    dream = Dream(tensor_of(photo), wish, plan, manner_of(scene, settings, frames), run.seed)
    run.keep(dream=dream)
    for step in run.steps():
        octave = dream.octave  # before this turn, also where a killed run goes on: no picture comes twice
        value = dream.turn(step.progress)
        step.log(**{_figure(wish): value})
        if step.every(settings.show_every) or dream.octave != octave:
            step.show(dream=Picture(dream.pixels(), f"octave {dream.octave + 1} of {len(plan.sizes)}"))
    dream.finish()
    pixels = read_frame(frames, 0) if frames else dream.pixels()
    write_redrawn(run.path / "result.png", pixels, scene.photo)
    if frames:
        write_film(run.path / "zoom.mp4", frames)
    return Dreamt(settings, run.seed, pixels, scene, run.path)


def _figure(wish: Wish) -> str:
    return "logit" if wish.title.startswith("class") else "activation"


def _sizes(run: Run, scene: Scene, settings: Settings, wish: Wish) -> tuple[int, float]:
    """Choose the longer side of the result, and how many pixels are dreamt on, once; a run that goes on keeps both.

    Raises:
        UsageFault: a film of more frames than can be kept in the time.
    """
    if "dream" in run.folder.record:
        return _chosen_before(run)
    size = scene.photo.size
    cost = seconds_a_pixel(wish)
    if settings.gallery:
        run.tail_seconds += gallery_seconds(cost)
    seconds = run.seconds_left
    most = most_pixels(seconds, cost)
    if settings.size is not None:
        side = min(settings.size, max(size))
    elif run.budget.seconds is None:
        side = min(_UNTIMED_SIDE, max(size))
    else:
        side = fitting_side(size, _SPARED * seconds, cost, settings.zoom)
    width, height = scene.photo.reduced(side).size
    if settings.zoom and run.budget.seconds is not None:
        if height * width > most:
            side = max(1, int(side * (most / (height * width)) ** 0.5))
            width, height = scene.photo.reduced(side).size
        _make_time_for_frames(run, run.budget.seconds, settings.zoom, film_seconds(height * width, cost))
    if run.budget.seconds is not None:
        run.tail_seconds += _SECONDS_A_PIXEL_WRITTEN * height * width
    _tell(run, scene, settings, wish, (width, height), cost, most)
    run.folder.update(dream={"side": side, "most": most if math.isfinite(most) else None})
    return side, most


def _chosen_before(run: Run) -> tuple[int, float]:
    """Read what `_sizes` wrote; a stranger may have written anything."""
    try:
        chosen = run.folder.record["dream"]
        side, most = int(chosen["side"]), math.inf if chosen.get("most") is None else float(chosen["most"])
        if side > 0 and most >= 1:
            return side, most
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        pass
    raise RunFault(f"{run.name} is damaged: it names no size that can be dreamt in. Train it anew.")


def _make_time_for_frames(run: Run, seconds: float, frames: int, seconds_each: float) -> None:
    """Leave time to put the film together; refuse one that cannot be made in time, however little is dreamt."""
    if frames * seconds_each > _MOST_FOR_FRAMES * seconds:
        fitting = int(_MOST_FOR_FRAMES * seconds / seconds_each)
        raise UsageFault(
            f"{frames:,} frames take {spoken_duration(frames * seconds_each)} to be kept alone, and there are "
            f"{spoken_duration(seconds)}. Give --zoom {fitting} or less, or more --time."
        )
    run.tail_seconds += frames * seconds_each / 2


def _tell(
    run: Run, scene: Scene, settings: Settings, wish: Wish, size: tuple[int, int], cost: float, most: float
) -> None:
    """Say before the first step what comes."""
    (width, height), whole = size, scene.photo.size
    told = f"Dreaming of {wish.title} at {width} x {height} pixels: "
    if run.budget.seconds is not None:  # under steps alone nothing hangs on a clock, so that a repeat says the same
        told += f"a full step takes {cost * height * width:.2g} s, {spoken_duration(run.seconds_left)} of steps, "
    told += f"memory {memory_bytes(height, width, settings.tile) / 2**30:.1f} GiB."
    if height * width > most:
        smaller = [round(side * (most / (height * width)) ** 0.5) for side in size]
        told += f" That is long for the time: it is dreamt on at {smaller[0]} x {smaller[1]}, and then enlarged."
    elif max(size) < max(whole) and (settings.size is None or settings.size > max(size)):
        told += f" The photo has {whole[0]} x {whole[1]}; more time {'or --size ' * (settings.size is None)}makes the "
        told += "dream larger."
    logging.getLogger("onward").warning(told)  # of a level that is heard where nobody has set up logging
    run.note(told)
