"""Average precision as COCO defines it, by faster-coco-eval: over overlaps of 0.5 to 0.95, and by size."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onward.core.faults import MachineFault
from onward.vision.detect.decoding import Found
from onward.vision.detect.reading import Scenes

__all__ = ["average_precision", "evaluated"]

_NAMES = ("AP", "AP50", "AP75", "AP small", "AP medium", "AP large")


def average_precision(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> dict[str, float]:
    """Measure what was found in some pictures, at their fitted size.

    What fits no true box but lies in one that is ignored, by as much of itself as overlap is asked, is neither right
    nor wrong: COCO's rule for crowds, here for what Pascal VOC calls difficult too.

    Returns: AP, AP50, AP75, and AP of small (under 32 pixels square), medium and large (over 96) things; -1 where there
        are none.
    """
    return dict(zip(_NAMES, (float(value) for value in evaluated(scenes, places, found).stats), strict=False))


def evaluated(scenes: Scenes, places: NDArray[np.int64], found: Sequence[Found]) -> Any:
    """Run COCO's evaluation; gives its object, whose `stats` and `eval` hold everything.

    Raises:
        MachineFault: the package is not installed.
    """
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        raise MachineFault(
            "Scores of detectors need the package faster-coco-eval. Install it with: pip install 'onward[vision]'"
        ) from None
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(_truth(scenes, places))
        results = _results(found)
        told = truth.loadRes(results) if results else COCO({**_truth(scenes, places), "annotations": []})
        session = COCOeval_faster(truth, told, iouType="bbox")
        session.evaluate()
        session.accumulate()
        session.summarize()
    return session


def _truth(scenes: Scenes, places: NDArray[np.int64]) -> dict[str, Any]:
    annotations = []
    for number, place in enumerate(places):
        for box, label in zip(scenes.boxes(place), scenes.pictures.labels[place], strict=True):
            annotations.append(_note(number, box, int(label)) | {"id": len(annotations) + 1, "iscrowd": 0})
        for box, label in zip(*scenes.ignored(place), strict=True):
            annotations.append(_note(number, box, int(label)) | {"id": len(annotations) + 1, "iscrowd": 1})
    return {
        "images": [{"id": number + 1, "width": scenes.size, "height": scenes.size} for number in range(len(places))],
        "categories": [{"id": number + 1, "name": name} for number, name in enumerate(scenes.classes)],
        "annotations": annotations,
    }


def _results(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        _note(number, box, int(label)) | {"score": float(score)}
        for number, each in enumerate(found)
        for box, label, score in zip(each.boxes, each.labels, each.scores, strict=True)
    ]


def _note(number: int, box: NDArray[np.float32], label: int) -> dict[str, Any]:
    left, top, right, bottom = (float(corner) for corner in box)
    size = [left, top, right - left, bottom - top]
    return {"image_id": number + 1, "category_id": label + 1, "bbox": size, "area": size[2] * size[3]}
