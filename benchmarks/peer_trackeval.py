"""The public evaluator of tracks, in an environment of its own: `python peer_trackeval.py TRUTH TOLD` (MOT files).

It imports nothing of this project, so that no mistake can be shared. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def rows_of(path: str) -> np.ndarray:
    """Read frame, who, left, top, right, bottom of the rows that count."""
    rows = np.array([line.split(",")[:7] for line in Path(path).read_text().splitlines()], float)
    rows = rows[rows[:, 6] != 0]
    rows[:, 4:6] += rows[:, 2:4]
    return rows


def overlaps(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Give the intersection over union of each with each."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inner = (high - low).clip(0).prod(2)
    areas, more = ((each[:, 2:] - each[:, :2]).prod(1) for each in (boxes, others))
    return inner / np.maximum(areas[:, None] + more[None] - inner, 1e-300)


def data_of(truth: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    """Lay the rows out as the evaluator wants them."""
    last = int(max(truth[:, 0].max(), told[:, 0].max()))
    frames = [(truth[truth[:, 0] == frame], told[told[:, 0] == frame]) for frame in range(1, last + 1)]
    true_names, told_names = np.unique(truth[:, 1]), np.unique(told[:, 1])
    return {
        "num_timesteps": last,
        "num_gt_ids": len(true_names),
        "num_tracker_ids": len(told_names),
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(told),
        "gt_ids": [np.searchsorted(true_names, here[:, 1]) for here, _ in frames],
        "tracker_ids": [np.searchsorted(told_names, there[:, 1]) for _, there in frames],
        "similarity_scores": [overlaps(here[:, 2:6], there[:, 2:6]) for here, there in frames],
    }


def main(truth: str, told: str) -> None:
    """Evaluate."""
    from trackeval.metrics import CLEAR, HOTA, Identity

    data = data_of(rows_of(truth), rows_of(told))
    clear = CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    hota = HOTA().eval_sequence(data)
    found = {
        "mota": float(clear["MOTA"]),
        "switches": int(clear["IDSW"]),
        "idf1": float(identity["IDF1"]),
        "hota": float(np.mean(hota["HOTA"])),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:3])
