"""`onward eject` of a generator: what of the run goes into `ejected.py`, the script it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.data.own_files import own_files
from onward.generation.gan.players import CLASSIC_RATE, LEARNING_RATE, has_second_judge, penalty_at
from onward.generation.gan.reading import Gallery
from onward.generation.gan.settings import Settings
from onward.parts.ejecting import Ejection, is_half_precise, kept_of, write_ejected
from onward.parts.trained import facts_of

__all__ = ["eject"]


def eject(run: Run, gallery: Gallery, script: Path) -> Iterator[Path | str]:
    """Write a script that repeats a run; yields the files written, and a sentence for what it does not repeat.

    Raises:
        RunFault: it learned classes, or has no checkpoint.
        UsageFault: a file is there already.
    """
    settings, facts = run.settings(Settings), facts_of(run, "generator")
    if settings.classes:
        raise RunFault(f"{run.name} draws classes on request, which the script does not. Train without --classes.")
    if (size := int(facts["size"])) < 4 or size & (size - 1):
        raise ValueError(f"pictures of {size} pixels, which no run has")
    images = gallery.at(size).pictures.images[gallery.training]
    own = _own_files(gallery, images)
    is_classic = settings.loss == "classic"
    is_projected = not is_classic and has_second_judge(settings)
    kept = {"watch": {}} if run.folder.is_of_the_zoo else kept_of(run, "watch")
    values = {
        "DATA": own or f"{script.stem}-data.npz",
        "OUT": f"{script.stem}-out",
        "SEED": run.seed,
        "STEPS": int(run.folder.record["steps_done"]),
        "SIZE": size,
        "WIDTH": settings.width_at(size),
        "COLOURS": 1 if facts.get("grey") else 3,
        "BATCH_SIZE": run.group.whole(settings.batch_size or (64 if is_classic else 32)),
        "LEARNING_RATE": settings.learning_rate or (CLASSIC_RATE if is_classic else LEARNING_RATE),
        "PENALTY": penalty_at(size, settings),
        "PENALTY_EVERY": settings.penalty_every,
        "EYES": f"{script.stem}-eyes.npz",
        "PROJECTED_WEIGHT": settings.projected_weight,
        "PROJECTED_EVERY": settings.projected_every,
        "HALF_LIFE": settings.average_pictures,
        "SHIFT": settings.shift,
        "SHOW_EVERY": settings.show_every,
        "BFLOAT16": is_half_precise(run),
    }
    kinds = {"files" if own else "arrays", *(["lite0"] if is_projected else [])}
    kinds |= {"shift", *(["colour"] if gallery.is_small else [])} if settings.shift > 0 else set()
    arrays: dict[str, Any] = {} if own else {"data.npz": {"images": images}}
    if is_projected:
        from onward.backbones import efficientnet_lite0

        arrays["eyes.npz"] = {name: each.numpy() for name, each in efficientnet_lite0().state_dict().items()}
    template = f"onward.generation.gan.{'ejected_classic' if is_classic else 'ejected'}"
    differs = [] if is_classic else list(_watched(kept["watch"], gallery))
    yield from write_ejected(run, script, Ejection(template, values, kinds, arrays, needs=["pillow"], differs=differs))


def _own_files(gallery: Gallery, images: NDArray[np.uint8]) -> str | None:
    """Give the user's folder or zip, if the script's own few lines read the same pictures from it."""
    from onward.generation.gan.ejected_gallery import read_pictures

    address = gallery.pictures.address
    return own_files(address, lambda place: (read_pictures(place, images.shape[1]),), (images,))


def _watched(watch: dict[str, Any], gallery: Gallery) -> Iterator[str]:
    """Say what the watch did, which no script does."""
    if watch.get("penalty_factor", 1.0) > 1.0:
        factor = f"{watch['penalty_factor']:g}"
        yield f"the run's watch made the gradient penalties {factor} times as heavy on its way; see PENALTY."
    if watch.get("kept_step", -1) >= 0:
        yield f"the run ended with its generator of step {watch['kept_step']}, since the last one was worse."
    if watch.get("wants_colour") and not gallery.is_small:
        yield "the run's watch made augmentation change colours and cut holes from some step on."
