"""Pictures of a blend, drawn with Pillow: the members, calibration, residuals, what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.core.exhibits import Picture
from onward.parts.letters import letters
from onward.tables.ensemble.pool import Pool

__all__ = ["bars_picture", "calibration_picture", "leaderboard_picture", "pool_picture", "residuals_picture"]

_INK, _GREY, _LIGHT, _BLUE, _ORANGE = (40, 44, 52), (120, 120, 120), (228, 228, 228), (0, 114, 178), (213, 94, 0)
_MOST_LINES, _LINE, _MARGIN = 20, 30, 20
_SIDE = 420
_MOST_DOTS = 3000


def leaderboard_picture(members: Sequence[Mapping[str, Any]], measure: str, blend: float | None) -> Picture:
    """Draw each member's folds as dots and its score as a bar's end, the most heard on top.

    Args:
        members: name, score, folds, weight.
        blend: the blend's own score, a line.
    """
    shown = sorted(members, key=lambda each: (-each["weight"], each["name"]))[:_MOST_LINES]
    left, width = 190, 900
    sheet = Image.new("RGB", (width, 2 * _MARGIN + 34 + _LINE * len(shown)), "white")
    pen, font = ImageDraw.Draw(sheet), letters(14)
    every = [value for each in shown for value in (*each["folds"], each["score"])] + ([blend] if blend else [])
    low, high = min(every), max(every)
    low, high = low - 0.05 * (high - low) - 1e-9, high + 0.05 * (high - low) + 1e-9
    right = width - 150

    def across(value: float) -> float:
        return left + (right - left) * (value - low) / (high - low)

    bottom = _MARGIN + _LINE * len(shown)
    if blend is not None:
        pen.line((across(blend), _MARGIN - 8, across(blend), bottom), fill=_ORANGE, width=2)
        pen.text((across(blend), bottom + 4), f"the blend {blend:.5g}", fill=_ORANGE, font=font, anchor="mt")
    for line, each in enumerate(shown):
        middle = _MARGIN + _LINE * line + _LINE // 2
        pen.text((left - 12, middle), str(each["name"])[:22], fill=_INK, font=font, anchor="rm")
        pen.line((left, middle, right, middle), fill=_LIGHT)
        for value in each["folds"]:
            pen.ellipse((across(value) - 3, middle - 3, across(value) + 3, middle + 3), outline=_GREY)
        pen.rectangle((across(each["score"]) - 2, middle - 9, across(each["score"]) + 2, middle + 9), fill=_BLUE)
        told = f"{each['score']:.5g}" + (f"  × {each['weight']:.2f}" if each["weight"] else "")
        pen.text((right + 10, middle), told, fill=_INK, font=font, anchor="lm")
    words = f"{measure} of each member on rows it had not seen: bar all rows, rings single folds, × its weight"
    return Picture(np.asarray(sheet), words)


def pool_picture(pool: Pool) -> Picture:
    """Draw a pool's members as they stand."""
    members = [
        {"name": each.spec.name, "score": each.score, "folds": each.fold_scores, "weight": float(weight)}
        for each, weight in zip(pool.members, pool.weights, strict=True)
    ]
    return leaderboard_picture(members, pool.challenge.measure.name, pool.score)


def bars_picture(names: Sequence[str], values: Sequence[float], caption: str) -> Picture:
    """Draw values as bars, longest first."""
    order = np.argsort(values)[::-1][:_MOST_LINES]
    left, width = 260, 860
    sheet = Image.new("RGB", (width, 2 * _MARGIN + _LINE * len(order)), "white")
    pen, font = ImageDraw.Draw(sheet), letters(15)
    longest = max(float(values[order[0]]), 1e-12)
    for line, place in enumerate(order):
        top = _MARGIN + _LINE * line
        reach = max(0, round((width - left - 100) * float(values[place]) / longest))
        pen.text((left - 12, top + _LINE // 2), str(names[place])[:30], fill=_INK, font=font, anchor="rm")
        pen.rectangle((left, top + 5, left + reach, top + _LINE - 5), fill=_BLUE)
        told = f"{float(values[place]):.3g}"
        pen.text((left + reach + 8, top + _LINE // 2), told, fill=_INK, font=font, anchor="lm")
    return Picture(np.asarray(sheet), caption)


def _frame(title: str, under: str, side: str) -> tuple[Image.Image, ImageDraw.ImageDraw, Any]:
    sheet = Image.new("RGB", (_SIDE + 110, _SIDE + 90), "white")
    pen, font = ImageDraw.Draw(sheet), letters(14)
    pen.rectangle((70, 40, 70 + _SIDE, 40 + _SIDE), outline=_LIGHT)
    pen.text((70, 12), title, fill=_INK, font=font)
    pen.text((70 + _SIDE / 2, _SIDE + 64), under, fill=_GREY, font=font, anchor="mt")
    pen.text((4, 24), side, fill=_GREY, font=letters(12))
    return sheet, pen, font


def calibration_picture(told: NDArray[np.float64], happened: NDArray[np.float64], name: str) -> Picture:
    """Draw how often it happened against how likely it was said to be, in ten groups of like size.

    Args:
        told: N probabilities.
        happened: N, 0 or 1.
    """
    sheet, pen, font = _frame(f"{name}: told and happened", "probability told", "share that happened")
    pen.line((70, 40 + _SIDE, 70 + _SIDE, 40), fill=_LIGHT, width=2)
    order = np.argsort(told, kind="stable")
    points = []
    for part in np.array_split(order, min(10, max(1, len(order) // 10))):
        said, was = float(told[part].mean()), float(happened[part].mean())
        reach = 1.96 * (max(was * (1 - was), 0.25 / len(part)) / len(part)) ** 0.5
        x = 70 + _SIDE * said
        ends = [40 + _SIDE * (1 - min(1.0, max(0.0, was + sign * reach))) for sign in (1, -1)]
        pen.line((x, ends[0], x, ends[1]), fill=_GREY)
        points.append((x, 40 + _SIDE * (1 - was)))
    pen.line(points, fill=_BLUE, width=2)
    for x, y in points:
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_BLUE)
    for share in (0.0, 0.5, 1.0):
        pen.text((70 + _SIDE * share, 44 + _SIDE), f"{share:g}", fill=_GREY, font=font, anchor="mt")
        pen.text((64, 40 + _SIDE * (1 - share)), f"{share:g}", fill=_GREY, font=font, anchor="rm")
    return Picture(np.asarray(sheet), "calibration on rows not seen: on the line, what is told is what happens")


def residuals_picture(told: NDArray[np.float64], truth: NDArray[np.float64], name: str, *, log: bool) -> Picture:
    """Draw what was told against what was true, a dot a row.

    Args:
        log: both as log(1 + value).
    """
    sheet, pen, font = _frame(f"{name}: told and true" + (" (logarithms)" if log else ""), "told", "true")
    own = [np.log1p(np.maximum(each, 0)) if log else each for each in (told, truth)]
    both = np.concatenate(own)
    low, high = (float(np.percentile(both, share)) for share in (0.1, 99.9))
    high = max(high, low + 1e-9)
    pen.line((70, 40 + _SIDE, 70 + _SIDE, 40), fill=_LIGHT, width=2)
    every = max(1, len(truth) // _MOST_DOTS)
    places = [np.clip((each[::every] - low) / (high - low), 0, 1) for each in own]
    for across, up in zip(*places, strict=True):
        x, y = 70 + _SIDE * float(across), 40 + _SIDE * (1 - float(up))
        pen.ellipse((x - 1.5, y - 1.5, x + 1.5, y + 1.5), fill=_BLUE)
    for share in (0.0, 1.0):
        value = low + share * (high - low)
        words = f"{np.expm1(value) if log else value:.4g}"
        pen.text((70 + _SIDE * share, 44 + _SIDE), words, fill=_GREY, font=font, anchor="mt")
        pen.text((64, 40 + _SIDE * (1 - share)), words, fill=_GREY, font=font, anchor="rm")
    return Picture(np.asarray(sheet), "told against true on rows not seen: on the line is right")
