"""How fast one core draws the meadow, truth included (CPU seconds); `--sheet` draws the pictures of its docs pages."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.results import write_section
from onward import meadow

FACES = Path("docs/pictures/portraits.jpg")
SHEET = Path("docs/pictures/meadow.jpg")
_SEEN, _HIDDEN, _TRUE, _GUESSED = (230, 30, 30), (255, 200, 0), (230, 30, 30), (0, 120, 255)


def rate(draw: Callable[[int], object], count: int) -> float:
    """Give samples a second of CPU time."""
    rates = []
    for start in (0, count, 2 * count):
        began = time.process_time()
        for index in range(start, start + count):
            draw(index)
        rates.append(count / (time.process_time() - began))
    return max(rates)


def joints(index: int, level: int) -> NDArray[np.uint8]:
    """Draw a picture of the room `pose` with its joints."""
    scene = meadow.posed_creatures(index, level=level)
    picture = Image.fromarray(scene.pixels)
    pen = ImageDraw.Draw(picture)
    for creature in scene.creatures:
        for x, y, sight in creature.keypoints:
            if sight:
                pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=_SEEN if sight == 2 else _HIDDEN)
    return np.asarray(picture)


def directions(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Show ways as colours: direction as hue, length up to 8 pixels as saturation."""
    hue = (np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi)) % 1 * 255
    strength = np.minimum(1, np.hypot(flow[..., 0], flow[..., 1]) / 8) * 255
    planes = np.stack((hue, strength, np.full_like(hue, 255)), axis=2).astype(np.uint8)
    return np.asarray(Image.fromarray(planes, "HSV").convert("RGB"))


def motion(index: int, level: int) -> list[NDArray[np.uint8]]:
    """Draw a pair of frames, the way between them, and what is hidden."""
    pair = meadow.frame_pair(index, level=level)
    hidden = np.repeat((pair.hidden * np.uint8(255))[..., None], 3, axis=2)
    return [pair.first.pixels, pair.second.pixels, directions(pair.forward), hidden]


def tracked(clip: meadow.Clip, frame: int) -> NDArray[np.uint8]:
    """Draw a frame of a film with true boxes and guesses."""
    scene = clip.scene(frame)
    picture = Image.fromarray(scene.pixels)
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom, _ in clip.detections(frame, scene):
        pen.rectangle((left, top, right, bottom), outline=_GUESSED)
    for track in clip.tracks(frame, scene):
        pen.rectangle(track.whole, outline=_TRUE)
        pen.text((track.whole[0] + 2, track.whole[1]), str(track.who), fill="white")
    return np.asarray(picture)


def sheet() -> None:
    """Draw the docs' picture."""
    clip = meadow.film(3, level=2)
    rows = [
        [joints(4 + index, 0) for index in range(4)] + [joints(index, 2) for index in (0, 4, 5, 6)],
        motion(3, 1) + motion(3, 2),
        [tracked(clip, frame) for frame in range(0, 64, 8)],
    ]
    Image.fromarray(np.concatenate([np.concatenate(row, axis=1) for row in rows])).save(
        SHEET, quality=85, optimize=True
    )
    faces = meadow.portraits(48).reshape(4, 12, 64, 64, 3).swapaxes(1, 2).reshape(256, 768, 3)
    Image.fromarray(faces.repeat(2, axis=0).repeat(2, axis=1)).save(FACES, quality=85, optimize=True)


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheet", action="store_true")
    if parser.parse_args(words).sheet:
        sheet()
        return
    cases: list[tuple[str, int, Callable[[int], object], int, str]] = [
        ("classify", 96, lambda index: meadow.one_creature(index, size=96), 200, "500"),
        ("detect", 192, lambda index: meadow.some_creatures(index, size=192), 100, "300"),
        ("horses", 32, lambda index: meadow.horse(index, size=32), 400, "500"),
        ("portraits", 64, lambda index: meadow.portrait(index), 400, "300"),
        ("pose", 192, lambda index: meadow.posed_creatures(index, size=192), 100, ""),
        ("flow, pairs", 128, lambda index: meadow.frame_pair(index, size=128), 50, ""),
    ]
    rows = [[name, str(size), f"{rate(draw, count):.0f}", goal] for name, size, draw, count, goal in cases]
    write_section(
        "meadow", "The meadow", "python -m benchmarks meadow", ["room", "side, px", "samples a second", "goal"], rows
    )
