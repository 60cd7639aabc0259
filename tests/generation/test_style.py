"""Style transfer: exact tiles, a walk that finds down, colours, masks, and pictures of every bad kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.data.photo import Photo
from onward.generation.features import find_sight
from onward.generation.redrawn import write_redrawn
from onward.generation.style.colours import moved_colours, with_colours_of
from onward.generation.style.drawn import DRAWN_STYLES, drawn_style
from onward.generation.style.painting import Painting
from onward.generation.style.reading import Style, Subject, read, read_styles
from onward.generation.style.scales import Cost, fitting_side, plan_of, remembered, tile_side
from onward.generation.style.scores import evaluate
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.statistics import mixed, moments_of, sums_of
from onward.generation.style.tiles import Goal, Objective
from onward.generation.style.video import restyled_frames
from onward.parts.lbfgs import LBFGS
from onward.tasks import find_task
from onward.verbs.train import train

RANDOM = find_sight("random")


def blobs(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Draw soft blobs of colour."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 255, (6, 8, 3), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def stripes(height: int = 64, width: int = 64) -> np.ndarray:
    """Draw stripes, red and white."""
    dark = ((np.arange(width)[None] + np.arange(height)[:, None]) // 4 % 2)[..., None]
    return (np.array([200, 30, 20]) * dark + 240 * (1 - dark)).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, **more: Any) -> str:
    Image.fromarray(pixels).save(path, **more)
    return str(path)


def subject(*styles: np.ndarray, masks: tuple[np.ndarray, ...] = (), photo: np.ndarray | None = None) -> Subject:
    own = tuple(Style(f"s{number}", style, 1.0, f"s{number}") for number, style in enumerate(styles))
    return Subject(Photo(blobs(0) if photo is None else photo), own, masks)


def painting(given: Subject, **settings: Any) -> Painting:
    height, width = given.photo.pixels.shape[:2]
    plan = plan_of(height, width, 48)
    return Painting(given, Settings(**settings), plan, RANDOM, torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [(96, 160), (70, 101)])
@pytest.mark.parametrize("is_masked", [False, True])
def test_tiles_give_the_slope_of_the_whole(size: tuple[int, int], is_masked: bool) -> None:
    torch.manual_seed(0)
    wanted = tuple(
        moments_of(each) for each in Objective(RANDOM, (64, 64), (), None, 0, 999).sums(torch.rand(1, 3, 64, 64))
    )
    picture, looks = torch.rand(1, 3, *size), []
    for side in (999, 32):
        objective = Objective(RANDOM, size, (), None, 0.5, side)
        places = [tuple(int(each / RANDOM.stride(tap)) for each in objective.whole) for tap in RANDOM.taps]
        weights = tuple(torch.linspace(0.1, 1, h * w).reshape(h, w) for h, w in places) if is_masked else None
        objective.goals = [Goal(wanted, weights)]
        objective.keep_content((4, objective.maps(1 - picture)[4], 0.1))
        looks.append(objective.look(picture))
    (one, slope), (other, same) = looks
    assert one == pytest.approx(other, rel=1e-4)
    assert float((slope - same).abs().max() / slope.abs().max()) < 1e-3
    wrong = Objective(RANDOM, size, [Goal(wanted)], None, 0.5, 999)
    assert float((slope - wrong.look(picture)[1]).abs().max() / slope.abs().max()) > 1e-2


def test_a_picture_without_its_frame_is_the_whole_slope() -> None:
    """The slope is that of the loss: a small step changes the loss as it says."""
    torch.manual_seed(0)
    wanted = tuple(
        moments_of(each) for each in Objective(RANDOM, (64, 64), (), None, 0, 999).sums(torch.rand(1, 3, 64, 64))
    )
    objective = Objective(RANDOM, (40, 56), [Goal(wanted)], None, 0.2, 999)
    picture, way = torch.rand(1, 3, 40, 56), torch.randn(1, 3, 40, 56)
    step = 1e-2 / float(way.norm())
    before, after = (sum(objective.look(picture + sign * step * way)[0].values()) for sign in (-1, 1))
    slope = objective.look(picture)[1]
    assert (after - before) / (2 * step) == pytest.approx(float((slope * way).sum()), rel=0.05)


def test_the_enlarging_stem_sees_what_the_enlarged_picture_shows() -> None:
    sight = find_sight("lite0").tapped(0, 2)
    picture = torch.rand(1, 3, 64, 64)
    enlarged = torch.nn.functional.interpolate((picture - 0.5) / 0.5, scale_factor=2.0, mode="bilinear")
    for own, wanted in zip(sight(picture), sight.network.looked(enlarged, sight.taps), strict=True):
        torch.testing.assert_close(own[..., 4:-8, 4:-8], wanted[..., 4:-8, 4:-8], atol=1e-4, rtol=1e-4)


def test_the_walk_finds_down_and_survives_what_is_no_number() -> None:
    point = torch.tensor([-1.2, 1.0])
    walk = LBFGS(point, history=5, first=0.1)
    for number in range(120):
        x, y = (float(each) for each in point)
        loss = (1 - x) ** 2 + 10 * (y - x * x) ** 2
        slope = torch.tensor([-2 * (1 - x) - 40 * x * (y - x * x), 20 * (y - x * x)])
        walk.step(float("nan") if number == 7 else loss, slope)
    assert torch.allclose(walk.best, torch.ones(2), atol=1e-2)
    other = LBFGS(torch.zeros(2))
    other.load_state_dict(walk.state_dict())
    for each in (walk, other):
        each.step(0.5 * walk.best_loss, torch.tensor([0.1, 0.2]))
    assert torch.equal(walk.point, other.point)


def test_colours_are_moved_and_kept() -> None:
    photo, style = blobs(0) / 255, stripes() / 255
    moved = moved_colours(photo, style)
    assert np.allclose(moved.mean(axis=(0, 1)), style.mean(axis=(0, 1)), atol=0.01)
    assert np.allclose(np.cov(moved.reshape(-1, 3).T), np.cov(style.reshape(-1, 3).T), atol=0.02)
    grey = moved_colours(np.full((8, 8, 3), 0.5), style)
    assert np.isfinite(grey).all()
    kept = with_colours_of(style[:48], np.repeat(photo.mean(axis=2, keepdims=True), 3, axis=2)[:48])
    assert np.abs(kept - kept.mean(axis=2, keepdims=True)).max() < 0.02


def test_styles_are_drawn_alike_each_time() -> None:
    for name in DRAWN_STYLES:
        sheet = drawn_style(name)
        assert sheet.shape == (768, 768, 3)
        assert sheet.std() > 20
    assert np.array_equal(drawn_style("pencil"), drawn_style.__wrapped__("pencil"))


def test_mixed_styles_are_as_if_both_were_seen() -> None:
    one, other = torch.rand(1, 4, 6, 6), torch.rand(1, 4, 6, 6)
    both = mixed([moments_of(sums_of(each)) for each in (one, other)], [1.0, 1.0])
    whole = moments_of(sums_of(torch.cat([one, other], dim=3)))
    assert torch.allclose(both.covariance, whole.covariance, atol=1e-5)


def test_sizes_rise_and_fit_the_minutes() -> None:
    plan = plan_of(300, 400, 512)
    assert plan.sizes[-1] == (384, 512)
    assert [max(size) for size in plan.sizes] == [128, 181, 256, 362, 512]
    assert [plan.place(each) for each in (0.0, 0.99, 1.0)] == [0, 4, 4]
    cost = Cost(RANDOM, 4e-6)
    sides = [fitting_side(2000, 3000, seconds, cost) for seconds in (30, 120, 1200)]
    assert sides == sorted(sides)
    assert sides[0] < sides[-1]
    assert fitting_side(100, 150, 1e6, cost) <= 256
    assert remembered(4096, 4096, 10) == 2
    assert tile_side(RANDOM, 4000, 4000) % RANDOM.grid == 0
    assert tile_side(RANDOM, 500, 500) >= 500
    assert cost.look(512, 512, 128) > 1.4 * cost.look(512, 512, 512)


def test_styles_are_named_with_weights(tmp_path: Path) -> None:
    one = save(tmp_path / "a=b, c.png", stripes())
    assert [
        style.weight for style in read_styles(f"pencil=2,{tmp_path}/x.png".replace(f",{tmp_path}/x.png", ",oil"))
    ] == [2, 1]
    assert read_styles(one)[0].pixels.shape == (64, 64, 3)
    for words, fault in {
        "": UsageFault,
        "pencil=many": UsageFault,
        "pencil=-1": UsageFault,
        "pencill": DataFault,
    }.items():
        with pytest.raises(fault):
            read_styles(words)
    with pytest.raises(DataFault, match=r"missing\.jpg"):
        read_styles(str(tmp_path / "missing.jpg"))


def test_masks_have_to_fit(tmp_path: Path) -> None:
    photo = save(tmp_path / "p.png", blobs(0))
    half = np.zeros((48, 64), np.uint8)
    half[:, :32] = 255
    left, right = save(tmp_path / "l.png", half), save(tmp_path / "r.png", 255 - half)
    nothing, square = save(tmp_path / "n.png", 0 * half), save(tmp_path / "q.png", half[:, :48])
    assert [round(float(mask.mean()), 2) for mask in read(Source((photo,)), Settings(mask=left)).masks] == [0.5]
    two = Settings(style="oil,pencil", mask=left)
    assert len(read(Source((photo,)), two).masks) == 2
    for words, sentence in {
        f"{left},{left}": "white in no mask", f"{nothing},{right}": "too little", f"{square},{right}": "shape",
    }.items():  # fmt: skip
        with pytest.raises(DataFault, match=sentence):
            read(Source((photo,)), Settings(style="oil,pencil", mask=words))
    with pytest.raises(UsageFault, match="do not fit"):
        read(Source((photo,)), Settings(style="oil,pencil,watercolour", mask=left))


def test_each_region_takes_its_own_style() -> None:
    half = np.zeros((48, 64), np.float32)
    half[:, :32] = 1
    red, blue = np.full((32, 32, 3), (220, 20, 20), np.uint8), np.full((32, 32, 3), (20, 20, 220), np.uint8)
    made = painting(subject(red, blue, masks=(half, 1 - half)), strength=1.0)
    for number in range(12):
        made.turn(number / 12)
    pixels = made.picture(is_final=True).astype(float)
    wide = pixels.shape[1]
    assert pixels[:, : wide // 3, 0].mean() > pixels[:, : wide // 3, 2].mean() + 50
    assert pixels[:, -wide // 3 :, 2].mean() > pixels[:, -wide // 3 :, 0].mean() + 50
    alone = painting(subject(red, masks=(half,)))
    alone.turn(0.0)
    outside = np.abs(alone.picture(is_final=True)[:, -10:].astype(int) - alone.small_photo()[:, -10:])
    assert outside.max() <= 1


@pytest.mark.parametrize("style", [np.full((20, 20, 3), 77, np.uint8), stripes(9, 200), stripes()])
def test_any_style_gives_numbers(style: np.ndarray) -> None:
    for photo in (np.full((30, 40, 3), 128, np.uint8), blobs(3, 16, 200)):
        made = painting(subject(style, photo=photo))
        figures = [made.turn(number / 6) for number in range(6)]
        assert all(np.isfinite(list(each.values())).all() for each in figures)


def finished(tmp_path: Path, name: str, **settings: str) -> tuple[Any, dict[str, Any]]:
    photo = save(tmp_path / f"{name}-photo.png", blobs(0, 60, 80))
    style = save(tmp_path / f"{name}-style.png", stripes())
    words = {"style": style, "backbone": "lite0", "size": "64", **settings}
    run, scores = train(find_task("style"), photo, words, steps=30, out=tmp_path / "runs", quiet=True)
    return run, {score.name: score for score in scores}


def test_it_comes_nearer_to_the_style_than_colours_do_and_a_picture_that_may_not_change_does_not(
    tmp_path: Path,
) -> None:
    run, scores = finished(tmp_path, "a")
    assert scores["style_distance"].value < 0.7 * scores["style_distance"].baseline.value
    again, _ = finished(tmp_path, "b")
    assert (run.path / "result.png").read_bytes() == (again.path / "result.png").read_bytes()
    _, still = finished(tmp_path, "c", strength="0", start="photo")
    assert still["style_distance"].value > 1.5 * scores["style_distance"].value


def test_transparency_comes_back(tmp_path: Path) -> None:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[10:30] = 255
    layered = np.dstack([blobs(0), alpha])
    found = read(Source((save(tmp_path / "p.png", layered),)), Settings())
    path = write_redrawn(tmp_path / "result.png", blobs(1, 96, 128), found.photo)
    with Image.open(path) as result:
        assert result.mode == "RGBA"
        assert result.getpixel((60, 40))[3] == 255  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]
        assert result.getpixel((60, 90))[3] == 0  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    photo = save(tmp_path / "p.png", blobs(0))
    even = save(tmp_path / "even.png", np.full((64, 64, 3), 9, np.uint8))
    assert any("itself" in each for each in read(Source((photo,)), Settings(style=photo)).findings())
    assert any("one even colour" in each for each in read(Source((photo,)), Settings(style=even)).findings())


def moving(count: int) -> Iterator[np.ndarray]:
    """Move a window over blobs, with a camera's noise upon it."""
    wide, chance = blobs(5, 64, 120), np.random.default_rng(0)
    for number in range(count):
        noise = chance.normal(0, 4, (48, 64, 3))
        yield np.clip(wide[8:56, 2 * number : 2 * number + 64] + noise, 0, 255).astype(np.uint8)


def flicker(frames: list[np.ndarray]) -> float:
    """Give how much a picture differs from the one before, moved along."""
    return float(np.mean([np.abs(b[:, :-2].astype(float) - a[:, 2:]).mean() for a, b in itertools.pairwise(frames)]))


def test_films_flicker_less_than_their_frames_one_by_one(tmp_path: Path) -> None:
    style = save(tmp_path / "s.png", stripes())
    settings = Settings(style=style, backbone="random", size=64, start="noise")
    options, cost = Restyling(seconds=1.0, frame_seconds=0.1), Cost(RANDOM, 1e-6)
    film = list(restyled_frames(moving(4), settings, options, cost))
    alone = [next(restyled_frames(iter([each]), settings, options, cost)) for each in moving(4)]
    assert flicker(film) < 0.8 * flicker(alone)


def test_without_a_picture_there_is_nothing_to_measure() -> None:
    from onward.generation.style.result import untrained

    assert not list(evaluate(untrained(), subject(stripes()), 1.0))
