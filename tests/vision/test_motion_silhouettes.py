"""What stands out from an even ground is followed, also where it stands still or touches; who may have been swapped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onward.vision.motion.meetings import Meetings, meetings_table
from onward.vision.motion.silhouettes import Silhouettes, silhouettes_for
from onward.vision.motion.tracker import Sighting, Tracker

SIDE, FRAMES = 160, 60


def middles(frame: int) -> list[tuple[float, float]]:
    """Say where two beetles are: they walk towards each other, touch from frame 25 to 35, and walk back."""
    away = 12.5 + 1.3 * max(0, abs(frame - 30) - 5)
    return [(80 - away, 80 + 0.06 * frame), (80 + away, 80 - 0.06 * frame)]


def drawn(frame: int, ground: int = 210, noise: int = 4) -> NDArray[np.uint8]:
    chance = np.random.default_rng(frame)
    image = Image.new("RGB", (SIDE, SIDE), (ground, ground, ground - 20))
    pen = ImageDraw.Draw(image)
    for (x, y), size in zip(middles(frame), (1.0, 0.85), strict=True):
        pen.ellipse((x - 14 * size, y - 7 * size, x + 14 * size, y + 7 * size), fill=(60, 40, 30))
    pixels = np.asarray(image).astype(int) + chance.integers(-noise, noise + 1, (SIDE, SIDE, 1))
    return pixels.clip(0, 255).astype(np.uint8)


def followed(finder: Silhouettes) -> list[Sighting]:
    tracker, told = Tracker(), []
    for frame in range(FRAMES):
        found = finder.find(frame + 1, drawn(frame), ())
        told += tracker.update(frame + 1, frame / 25, found.boxes, found.scores, found.kinds, found.sizes)
    return told


def test_two_that_touch_are_two_all_the_while_and_keep_their_numbers() -> None:
    finder = silhouettes_for([drawn(frame) for frame in range(0, FRAMES, 8)])
    assert finder is not None
    told = followed(finder)
    who = sorted({each.who for each in told})
    assert who == [1, 2]
    for one in who:
        own = {each.frame - 1: each.box for each in told if each.who == one}
        assert len(own) == FRAMES
        first = int(np.argmin([abs((own[0][0] + own[0][2]) / 2 - x) for x, _ in middles(0)]))
        for frame, box in own.items():
            x, y = middles(frame)[first]
            assert abs((box[0] + box[2]) / 2 - x) < 5
            assert abs((box[1] + box[3]) / 2 - y) < 5


def test_sizes_are_told_where_nobody_touches() -> None:
    finder = silhouettes_for([drawn(0)])
    assert finder is not None
    sizes = finder.find(1, drawn(0), ()).sizes
    assert sizes is not None
    assert np.allclose(sorted(sizes), [np.pi * 14 * 7 * 0.85**2, np.pi * 14 * 7], rtol=0.12)
    for frame in range(1, 31):
        together = finder.find(frame + 1, drawn(frame), ()).sizes
    assert together is not None
    assert np.isnan(together).all()


@pytest.mark.parametrize("what", ["noise", "nothing", "half"])
def test_a_ground_that_is_not_even_shows_no_silhouettes(what: str) -> None:
    picture: NDArray[Any] = np.full((96, 96, 3), 100, np.uint8)
    if what == "noise":
        picture = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    if what == "half":
        picture[:40] = 240
    assert silhouettes_for([picture] * 3) is None


def seen(frame: int, who: int, x: float, size: float = float("nan")) -> Sighting:
    return Sighting(frame, frame / 10, who, 0, np.array([x, 0.0, x + 10, 10]), 1.0, (0.0, 0.0), size=size)


def met(*, apart: float = 0.0, hidden: bool = False, swap: bool = False) -> list[str]:
    """Let two come as near as `apart` pixels, one of them out of sight there or not, and their sizes change or not."""
    meetings = Meetings()
    for frame in range(60):
        away = max(apart, abs(frame - 30) * 2.0)
        large, small = (80.0, 50.0) if swap and frame > 30 else (50.0, 80.0)
        now = [seen(frame, 1, 0.0, large), seen(frame, 2, away, small)]
        meetings.add(now[:1] if hidden and 28 <= frame <= 32 else now)
    return [each.verdict for each in meetings.all()]


def test_who_hardly_covers_another_keeps_his_number() -> None:
    assert met(apart=9.0) == ["kept"]


def test_sizes_tell_who_was_swapped_where_places_cannot() -> None:
    assert met() == ["kept"]
    assert met(swap=True) == ["swapped"]
    assert met(apart=6.0, hidden=True, swap=True) == ["swapped"]


def test_nothing_is_claimed_of_one_who_never_came_back() -> None:
    meetings = Meetings()
    for frame in range(60):
        now = [seen(frame, 1, 0.0), seen(frame, 2, 40.0 - frame)]
        meetings.add(now if frame < 33 else now[:1])  # gone while they hardly touched
    assert [each.verdict for each in meetings.all()] == ["cannot be told"]


def test_a_hand_over_the_animals_is_no_crowd_of_animals() -> None:
    finder = silhouettes_for([drawn(0)])
    assert finder is not None
    hand = drawn(0).copy()
    hand[:60] = 20
    assert len(finder.find(1, hand, ()).boxes) == 0
    hand = drawn(0).copy()
    hand[:20, :150] = 20
    assert len(finder.find(2, hand, ()).boxes) == 3


def test_without_sizes_nothing_is_claimed() -> None:
    meetings = Meetings()
    for frame in range(20):
        meetings.add([seen(frame, 1, 0.0), seen(frame, 2, abs(frame - 10) * 2.0)])
    assert [each.verdict for each in meetings.all()] == ["cannot be told"]
    assert "cannot be told" in meetings_table(meetings.all()).rows[0]
