"""What a support vector machine did, as pictures: what was tried, the margins, and a map of two directions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.core.exhibits import Picture
from onward.parts.letters import letters
from onward.parts.plots import COLOURS
from onward.tables.svm.ladder import Tried
from onward.tables.svm.machine import Machine

__all__ = ["ladder_picture", "margins_picture", "truth_picture"]

_INK, _GREY, _GRID = (40, 44, 52), (110, 110, 110), (230, 230, 230)
_KERNEL_COLOURS = {"linear": COLOURS[4], "rbf": COLOURS[5], "poly": COLOURS[2]}
_WIDTH, _HEIGHT, _LEFT, _TOP, _BELOW = 880, 300, 80, 40, 56
_MOST_POINTS = 1_500
_LABEL_WIDTH = 52


def ladder_picture(tried: Sequence[Tried], *, is_number: bool) -> Picture:
    """Draw every fit: how many rows, how good on rows it had not seen, and which kernel."""
    sheet, pen = _sheet()
    font = letters(13)
    rows = np.array([each.rows for each in tried], float)
    scores = np.array([max(each.score, -1.0) for each in tried])
    low, high = float(np.percentile(scores, 10)), float(scores.max())
    low, high = low - 0.15 * max(high - low, 0.02), high + 0.1 * max(high - low, 0.02)
    is_ladder = len(set(rows.tolist())) > 1
    marks = rows if is_ladder else np.array([each.choice.cost for each in tried])
    first, last = np.log2(marks.min()) - 0.3, np.log2(marks.max()) + 0.3
    chosen_marks, written = sorted(set(marks.tolist())), -1e9
    for mark in chosen_marks[:: max(1, len(chosen_marks) // 8)]:
        across = _LEFT + (_WIDTH - _LEFT - 150) * (np.log2(mark) - first) / (last - first)
        pen.line((across, _TOP, across, _TOP + _HEIGHT), fill=_GRID)
        told = f"{mark:,.0f}" if is_ladder else f"{mark:.3g}"
        if across > written + _LABEL_WIDTH:
            pen.text((across, _TOP + _HEIGHT + 8), told, fill=_GREY, font=font, anchor="mt")
            written = across
    for share in np.linspace(0, 1, 5):
        down = _TOP + _HEIGHT * (1 - share)
        pen.text((_LEFT - 8, down), f"{low + share * (high - low):.3f}", fill=_GREY, font=font, anchor="rm")
    best = int(np.argmax(scores + 1e-9 * rows))
    for number, each in enumerate(tried):
        jitter = ((number * 7919) % 21 - 10) * 0.9
        across = _LEFT + (_WIDTH - _LEFT - 150) * (np.log2(marks[number]) - first) / (last - first) + jitter
        down = _TOP + _HEIGHT * (1 - (max(low, scores[number]) - low) / (high - low))
        colour = _KERNEL_COLOURS.get(each.choice.kernel, _GREY)
        size = 7 if number == best else 4
        pen.ellipse((across - size, down - size, across + size, down + size), fill=colour, outline=_INK)
    for line, (kernel, colour) in enumerate(_KERNEL_COLOURS.items()):
        if any(each.choice.kernel == kernel for each in tried):
            pen.ellipse((_WIDTH - 128, _TOP + 22 * line, _WIDTH - 116, _TOP + 22 * line + 12), fill=colour)
            pen.text((_WIDTH - 108, _TOP + 22 * line - 2), kernel, fill=_INK, font=font)
    what = "share of variance explained" if is_number else "share that is right"
    axis = "rows fitted on" if is_ladder else f"C, what an error costs; {rows[0]:,.0f} rows"
    pen.text((_LEFT, 10), f"{what}, on rows not fitted, by {axis}", fill=_INK, font=font)
    chosen = tried[best].choice
    near = f", {chosen.landmarks} landmarks" if chosen.landmarks else ""
    caption = f"each dot is a fit; the large one is kept: {chosen.kernel}, C {chosen.cost:g}{near}"
    return Picture(np.asarray(sheet), caption)


def margins_picture(
    machine: Machine, x: NDArray[np.float64], y: NDArray[np.float64], classes: Sequence[str]
) -> Picture:
    """Draw how far rows lie from the boundary, by class: the margin reaches from −1 to 1.

    Of more than two classes the two that are taken for each other most often are drawn; of a number, truth and told.
    """
    if not classes:
        return truth_picture(machine.predict(x)[:, 0], y)
    decisions = machine.decide(x)
    one, other = (0, 1) if len(classes) == 2 else _confused(machine.predict(x), y, len(classes))
    if machine.facts["form"] == "pairs":
        place = list(combinations(range(len(classes)), 2)).index((one, other))
        distances = -decisions[:, place]
    else:
        distances = (decisions[:, other] - decisions[:, one]) / 2
    sheet, pen = _sheet()
    font = letters(13)
    reach = float(np.percentile(np.abs(distances[(y == one) | (y == other)]), 98)) if len(y) else 1.0
    reach = max(1.5, min(6.0, reach))
    bins = np.linspace(-reach, reach, 61)
    counts = [np.histogram(np.clip(distances[y == kind], -reach, reach), bins)[0] for kind in (one, other)]
    most = max(1, max(int(each.max()) for each in counts))
    for kind, (own, colour) in enumerate(zip(counts, (COLOURS[4], COLOURS[5]), strict=True)):
        for number, count in enumerate(own.tolist()):
            left = _LEFT + (_WIDTH - _LEFT - 20) * number / 60
            width = (_WIDTH - _LEFT - 20) / 60 / 2 - 0.5
            left += kind * (width + 0.5)
            top = _TOP + _HEIGHT * (1 - count / most)
            pen.rectangle((left, top, left + width, _TOP + _HEIGHT), fill=colour)
    for value in (-1, 0, 1):
        across = _LEFT + (_WIDTH - _LEFT - 20) * (value + reach) / (2 * reach)
        pen.line(
            (across, _TOP, across, _TOP + _HEIGHT), fill=_INK if value == 0 else _GREY, width=2 if value == 0 else 1
        )
        pen.text((across, _TOP + _HEIGHT + 8), f"{value:+d}" if value else "0", fill=_GREY, font=font, anchor="mt")
    named = [str(classes[kind])[:30] for kind in (one, other)]
    pen.text((_LEFT, 10), f"← {named[0]}", fill=COLOURS[4], font=font)
    pen.text((_WIDTH - 20, 10), f"{named[1]} →", fill=COLOURS[5], font=font, anchor="ra")
    pen.text((_WIDTH // 2, 10), "distance from the boundary, in margins", fill=_INK, font=font, anchor="ma")
    wrong = float((((distances > 0) != (y == other))[(y == one) | (y == other)]).mean()) if len(y) else 0.0
    caption = f"the rows kept aside, by their distance from the boundary: {named[0]} against {named[1]}; "
    return Picture(np.asarray(sheet), f"{caption}{100 * wrong:.1f} % lie on the wrong side")


def truth_picture(told: NDArray[np.float64], y: NDArray[np.float64]) -> Picture:
    """Draw told numbers over true ones; the line is where both are the same."""
    sheet = Image.new("RGB", (520, 520), "white")
    pen, font = ImageDraw.Draw(sheet), letters(13)
    low, high = (float(np.percentile(np.concatenate([told, y]), share)) for share in (0.5, 99.5))
    reach = max(high - low, 1e-9)
    pen.line((60, 470, 500, 30), fill=_GREY)
    step = max(1, len(y) // _MOST_POINTS)
    for truth, guess in zip(y[::step].tolist(), told[::step].tolist(), strict=True):
        across = 60 + 440 * (min(max(truth, low), high) - low) / reach
        down = 470 - 440 * (min(max(guess, low), high) - low) / reach
        pen.ellipse((across - 2, down - 2, across + 2, down + 2), fill=COLOURS[4])
    for share in (0.0, 0.5, 1.0):
        value = f"{low + share * reach:.4g}"
        pen.text((60 + 440 * share, 478), value, fill=_GREY, font=font, anchor="mt")
        pen.text((54, 470 - 440 * share), value, fill=_GREY, font=font, anchor="rm")
    pen.text((280, 498), "truth", fill=_INK, font=font, anchor="mt")
    pen.text((60, 8), "told", fill=_INK, font=font)
    return Picture(np.asarray(sheet), "the rows kept aside: what was told over what is true")


def _confused(predicted: NDArray[np.float64], y: NDArray[np.float64], classes: int) -> tuple[int, int]:
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (y.astype(int), predicted.argmax(axis=1)), 1)
    mixed = counts + counts.T
    np.fill_diagonal(mixed, -1)
    one, other = np.unravel_index(int(mixed.argmax()), mixed.shape)
    return min(int(one), int(other)), max(int(one), int(other))


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    sheet = Image.new("RGB", (_WIDTH, _TOP + _HEIGHT + _BELOW), "white")
    pen = ImageDraw.Draw(sheet)
    pen.line((_LEFT, _TOP + _HEIGHT, _WIDTH - 20, _TOP + _HEIGHT), fill=_GREY)
    return sheet, pen
