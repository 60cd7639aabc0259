"""The page of truth: whole files beside those of JPEG, WebP and AVIF, on pictures that were not learned from."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from onward.broad.compress.drawing import compared, rate_picture
from onward.broad.compress.measuring import Point, bd_rate, decibels, equal_quality, ms_ssim, overlap
from onward.broad.compress.reading import Album
from onward.broad.compress.rivals import rival_points, rivals_here
from onward.broad.compress.settings import LAMBDAS, Coding
from onward.broad.compress.training import Model
from onward.broad.compress.using import decode_file, encode_file
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.metrics import Baseline, Score
from onward.data.photo import Photo
from onward.parts.intervals import mean_interval
from onward.parts.passages import Passage

__all__ = ["OURS", "evaluate", "own_points"]

OURS = "this codec"
_LEAST_OVERLAP = 1.0  # decibels that two curves have to share to be compared by area
_NAMES = {"JPEG": "optimised JPEG", "WebP": "WebP", "AVIF": "AVIF"}
_SHOWN_QUALITY = 2
_SAME_AS_A_POINT = 40  # so many times MS-SSIM of a picture is what all of the rivals' points take, AVIF's being slowest
_SHARES = (0.6, 1.2, 2.4)  # of the seconds: beyond each the rivals are measured at fewer qualities

Curves = dict[str, list[Point]]


def evaluate(model: Model, album: Album, seconds: float) -> Iterator[Score | Exhibit | Passage]:
    """Code the held-out pictures, as many as the seconds allow, and the same by the rivals; decode all; compare."""
    began = time.monotonic()
    measured: list[Curves] = []
    shown: Picture | None = None
    every, has_likeness = _thinned(album.held_out[0], seconds)
    for pixels in album.held_out:
        curves: Curves = {name: rival_points(name, pixels, every, has_likeness) for name in rivals_here()}
        ours, decoded = own_points(model, pixels)
        measured.append({OURS: ours, **curves})
        if shown is None:
            caption = "above: original, this codec; below: JPEG and the best rival at the nearest size"
            shown = Picture(compared(pixels, decoded, ours[_SHOWN_QUALITY if len(ours) > 1 else 0].size), caption)
        spent = time.monotonic() - began
        if spent * (1 + 1 / len(measured)) > 0.9 * seconds:
            break
    yield from _scores(measured)
    yield Passage([_advice(model, measured)], "which to use")
    if shown is not None:
        yield shown
    yield Picture(
        rate_picture(measured), "mean over the measured pictures: the higher and the further left, the better"
    )
    yield _table(measured)


def _thinned(pixels: NDArray[np.uint8], seconds: float) -> tuple[int, bool]:
    """Say which of the rivals' qualities are measured, and whether MS-SSIM is, so that one picture fits into seconds.

    Returns:
        1 for each quality, 2 for every second, ...; whether there is time for MS-SSIM.
    """
    began = time.monotonic()
    decibels(pixels, pixels)
    ms_ssim(pixels, pixels)
    whole = _SAME_AS_A_POINT * (time.monotonic() - began)
    every = 1 + sum(whole > share * seconds for share in _SHARES)
    return every, whole <= _SHARES[-1] * seconds


def own_points(model: Model, pixels: NDArray[np.uint8]) -> tuple[list[Point], NDArray[np.uint8]]:
    """Code a picture at all qualities, or take the file of the one that was fitted; also a decoded picture to show."""
    points, shown = [], pixels
    if model.fitted is not None:
        files: list[tuple[bytes, float]] = [(model.fitted, 0.0)]
    else:
        files = []
        for quality in range(len(LAMBDAS)):
            started = time.perf_counter()
            content = encode_file(model, Photo(pixels), Coding(quality + 1))
            files.append((content, time.perf_counter() - started))
    for quality, (content, encoding) in enumerate(files):
        started = time.perf_counter()
        found, _ = decode_file(model, content)
        decoding = time.perf_counter() - started
        found = np.asarray(Image.fromarray(found).convert("RGB"))
        points.append(Point(len(content), decibels(found, pixels), ms_ssim(found, pixels), (encoding, decoding)))
        if quality in (0, _SHOWN_QUALITY):
            shown = found
    return points, shown


def _scores(measured: Sequence[Curves]) -> Iterator[Score]:
    """Give the difference in size to each rival, in percent; below 0 is smaller."""
    for name in rivals_here():
        values, is_area = _differences(measured, name)
        low, high = mean_interval(values, 1000) if len(values) > 1 else (float(values[0]), float(values[0]))
        title = f"BD-rate against {name}" if is_area else f"size beside {name} at equal PSNR"
        mean = float(values.mean())
        yield Score(title, mean, "%", False, (low, high), len(values), Baseline(_NAMES[name], 0.0))


def _differences(measured: Sequence[Curves], name: str) -> tuple[NDArray[np.float64], bool]:
    pairs = [(curves[OURS], curves[name]) for curves in measured]
    rates = [bd_rate(*pair) if overlap(*pair) >= _LEAST_OVERLAP else math.nan for pair in pairs]
    if all(math.isfinite(each) for each in rates):
        return np.array(rates), True
    return np.array([float(np.mean([equal_quality(point, other) for point in ours])) for ours, other in pairs]), False


def _advice(model: Model, measured: Sequence[Curves]) -> str:
    """Say which codec to use, and what the model itself weighs."""
    means = {name: float(_differences(measured, name)[0].mean()) for name in rivals_here()}
    losing = [name for name in means if means[name] > 0]
    said = []
    if losing:
        best = max(losing, key=lambda name: means[name])
        said.append(
            f"Use {best} instead: at equal PSNR its files are {_smaller(means[best]):.0f} % smaller than these."
        )
    else:
        least = max(means, key=lambda name: means[name])
        said.append(
            f"At equal PSNR these files are {-means[least]:.0f} % smaller than {least}'s, the best of the others."
        )
    if model.frozen is not None:
        weight = model.frozen.decoder_bytes
        said.append(f"Whoever decodes them needs the model, {weight / 1e6:.2f} MB, which is in no file's size.")
        saved = [equal_saving(curves) for curves in measured]
        if (mean := float(np.mean(saved))) > 0:
            count = math.ceil(weight / mean)
            said.append(
                f"Beside JPEG at the middle quality it has paid for itself after {count:,} pictures like these."
            )
    else:
        said.append("The file brings its own networks: whoever has Onward can decode it without any model.")
    return " ".join(said) + "\n"


def _smaller(more: float) -> float:
    """Turn "ours are so many percent larger" into "theirs are so many percent smaller"."""
    return 100 * more / (100 + more)


def equal_saving(curves: Mapping[str, Sequence[Point]]) -> float:
    """Give the bytes saved beside JPEG at the middle quality."""
    point = sorted(curves[OURS], key=lambda each: each.size)[len(curves[OURS]) // 2]
    return point.size / (1 + equal_quality(point, curves["JPEG"]) / 100) - point.size


def _table(measured: Sequence[Curves]) -> Table:
    """Give each codec at each of its qualities, mean over all pictures."""
    rows = []
    for name in measured[0]:
        for places in zip(*(curves[name] for curves in measured), strict=True):
            means = [
                np.mean(each)
                for each in zip(*((p.size, p.decibels, p.likeness, *p.seconds) for p in places), strict=True)
            ]
            size, level, likeness, encoding, decoding = map(float, means)
            told = f"{likeness:.4f}" if math.isfinite(likeness) else ""
            rows.append([name, f"{size:.0f}", f"{level:.2f}", told, f"{encoding:.3f}", f"{decoding:.3f}"])
    columns = ("codec", "bytes of the file", "PSNR", "MS-SSIM", "seconds to encode", "to decode")
    return Table(columns, rows, f"mean over {len(measured)} pictures, whole files, decoded to 8 bits")
