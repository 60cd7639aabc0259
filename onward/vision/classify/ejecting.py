"""`onward eject` of a classifier: what of the run goes into `ejected.py`, the script it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.backbones import find_eyes
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.data.own_files import own_files
from onward.parts.ejecting import Ejection, is_half_precise, kept_of, write_ejected
from onward.parts.trained import facts_of
from onward.vision.classify.ejected_album import read_album
from onward.vision.classify.reading import Album
from onward.vision.classify.recogniser import MIRRORED
from onward.vision.classify.settings import Settings
from onward.vision.classify.training import batch_size_for, decay_of, peak_of
from onward.vision.classify.tuning import TUNING_RATE, tuning_batch_size

__all__ = ["eject"]

_LEFT_OUT = 3  # part of pictures that are neither learned from nor tested


def eject(run: Run, album: Album, script: Path) -> Iterator[Path | str]:
    """Write a script that repeats a run; yields the files written, and a sentence for what it does not repeat.

    Raises:
        RunFault: the run has no checkpoint, or its eyes come from another library.
        UsageFault: a file is there already.
    """
    settings, facts = run.settings(Settings), facts_of(run, "classifier")
    album = album.named_as(facts["classes"])
    arrays = _arrays(album)
    own = own_files(album.pictures.address, lambda place: read_album(place, album.classes, int(facts["size"])), arrays)
    used = arrays[2] != _LEFT_OUT
    named: dict[str, Any] = dict(zip(("images", "labels", "parts"), (each[used] for each in arrays), strict=True))
    values: dict[str, Any] = {
        "DATA": own or f"{script.stem}-data.npz",
        "OUT": f"{script.stem}-out",
        "SEED": run.seed,
        "STEPS": int(kept_of(run)["steps_done"]),
        "CLASSES": tuple(album.classes),
        "SIZE": int(facts["size"]),
        "SHIFT": round(settings.shift * int(facts["size"]) / 32),
        "MIRRORS": album.mirrors,
        "VIEWS": int(facts.get("views", MIRRORED)),
        "BFLOAT16": is_half_precise(run),
    }
    differs = ["pictures that differ on purpose (test-shift) are not looked at."] if len(album.shifted) else []
    kinds = {"files" if own else "arrays"}
    beside: dict[str, Any] = {} if own else {"data.npz": named}
    template = "onward.vision.classify.ejected"
    if facts["kind"] == "transfer":
        template += "_transfer"
        values |= _tuning(run, album, settings, script)
        beside["eyes.npz"] = {name: each.numpy() for name, each in find_eyes("lite0").network.state_dict().items()}
    else:
        values |= _seeing(run, album, settings, int(facts["width"]))
    ejection = Ejection(template, values, kinds, beside, needs=["pillow"], differs=differs)
    yield from write_ejected(run, script, ejection)


def _seeing(run: Run, album: Album, settings: Settings, width: int) -> dict[str, Any]:
    """Give the values of a network that learned to see."""
    batch_size = run.group.whole(settings.batch_size or batch_size_for(len(album.training)))
    return {
        "WIDTH": width,
        "BATCH_SIZE": batch_size,
        "LEARNING_RATE": settings.learning_rate or peak_of(batch_size),
        "SMOOTHING": settings.smoothing,
        "DECAY": decay_of(settings),
    }


def _tuning(run: Run, album: Album, settings: Settings, script: Path) -> dict[str, Any]:
    """Give the values of pretrained eyes that were tuned.

    Raises:
        RunFault: they come from another library, or no head was fitted yet.
    """
    facts, kept = facts_of(run, "classifier"), kept_of(run, "batches", "frozen")
    if (eyes := str(facts.get("eyes", "lite0"))) != "lite0":
        raise RunFault(f"{run.name} sees by {eyes}, which a script of 200 lines cannot bring along. Use lite0's eyes.")
    if kept["frozen"]["value"] is None:
        raise RunFault(f"{run.name} has only looked so far. Go on with: onward resume {run.folder.word}")
    batch_size = run.group.whole(settings.batch_size or tuning_batch_size(len(album.training)))
    return {
        "EYES": f"{script.stem}-eyes.npz",
        "STEPS": int(kept["batches"]["taken"]) // batch_size,
        "SIDE": int(facts["side"]),
        "BATCH_SIZE": batch_size,
        "LEARNING_RATE": settings.learning_rate or TUNING_RATE,
    }


def _arrays(album: Album) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Give all pictures, their class numbers, and the part each is in: 0 to learn from, 1 to choose by, 2 to test."""
    parts = np.full(len(album.pictures), _LEFT_OUT)
    for number, places in enumerate((album.training, album.validation, album.testing)):
        parts[places] = number
    return album.pictures.images, album.pictures.labels, parts
