"""The loop: a step up the gradient of an octave, or of a frame of the zoom; the kept thing is the picture.

Source: "Inceptionism: going deeper into neural networks", Mordvintsev, Olah, Tyka, 2015; google/deepdream.
"""

from __future__ import annotations

import logging

from onward.core.budget import spoken_duration
from onward.core.exhibits import Picture
from onward.core.run import Run
from onward.generation.dream.dreaming import Dream
from onward.generation.dream.gallery import gallery_seconds
from onward.generation.dream.octaves import fitting_side, memory_bytes, plan_of, seconds_a_pixel
from onward.generation.dream.reading import Scene
from onward.generation.dream.settings import Settings
from onward.generation.dream.using import Dreamt, manner_of, read_frame, write_film
from onward.generation.dream.wishes import Wish, tensor_of, wish_of
from onward.generation.redrawn import write_redrawn

__all__ = ["train"]

_UNTIMED_SIDE = 480
_SPARED = 0.85  # of the seconds left are planned with


def train(run: Run, scene: Scene, settings: Settings) -> Dreamt:
    """Dream on a photo; gives the dream, which is also in `result.png`, and in `zoom.mp4` if it was a film."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = 0.0  # more time goes on from the very end
    wish = wish_of(scene, settings)
    side = _side(run, scene, settings, wish)
    photo = scene.photo.reduced(side)
    width, height = photo.size
    plan = plan_of(height, width, settings.octaves, timed=run.budget.seconds is not None)
    frames = run.path / "frames" if settings.zoom else None
    dream = Dream(tensor_of(photo), wish, plan, manner_of(scene, settings, frames), run.seed)
    run.keep(dream=dream)
    octave = -1
    for step in run.steps():
        value = dream.turn(step.progress)
        step.log(**{_figure(wish): value})
        if step.every(settings.show_every) or dream.octave != octave:
            octave = dream.octave
            step.show(dream=Picture(dream.pixels(), f"octave {octave + 1} of {len(plan.sizes)}"))
    dream.finish()
    pixels = read_frame(frames, 0) if frames else dream.pixels()
    write_redrawn(run.path / "result.png", pixels, scene.photo)
    if frames:
        write_film(run.path / "zoom.mp4", frames)
    return Dreamt(settings, run.seed, pixels, scene, run.path)


def _figure(wish: Wish) -> str:
    return "logit" if wish.title.startswith("class") else "activation"


def _side(run: Run, scene: Scene, settings: Settings, wish: Wish) -> int:
    """Choose the longer side of the result once, and say what it will take; a run that goes on keeps it."""
    if "dream" in run.folder.record:
        return int(run.folder.record["dream"]["side"])
    size = scene.photo.size
    cost = seconds_a_pixel(wish)
    if settings.gallery:
        run.tail_seconds += gallery_seconds(cost)
    seconds = run.seconds_left
    if settings.size is not None:
        side = min(settings.size, max(size))
    elif run.budget.seconds is None:
        side = min(_UNTIMED_SIDE, max(size))
    else:
        side = fitting_side(size, _SPARED * seconds, cost, settings.zoom)
    width, height = scene.photo.reduced(side).size
    told = (
        f"Dreaming of {wish.title} at {width} x {height} pixels: a full step takes {cost * height * width:.2g} s, "
        f"memory {memory_bytes(height, width, settings.tile) / 2**30:.1f} GiB"
    )
    told += f", {spoken_duration(seconds)} of steps." if run.budget.seconds is not None else "."
    if side < max(size) and settings.size is None:
        told += f" The photo has {size[0]} x {size[1]}; more time or --size makes the dream larger."
    logging.getLogger("onward").warning(told)  # of a level that is heard where nobody has set up logging
    run.note(told)
    run.folder.update(dream={"side": side})
    return side
