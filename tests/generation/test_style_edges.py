"""Style transfer at its edges: strips, small regions, strangers' runs, long words, folders, networks' reach."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from onward.core.faults import DataFault, RunFault, UsageFault
from onward.core.task import Source
from onward.data.photo import Photo
from onward.generation import features
from onward.generation.features import Sight, find_sight
from onward.generation.style import painting as painting_room
from onward.generation.style import scores, training, using
from onward.generation.style.painting import Painting
from onward.generation.style.reading import Style, Subject, read, read_styles
from onward.generation.style.result import Restyled, load
from onward.generation.style.scales import Cost, film_side, plan_of
from onward.generation.style.scores import evaluate, style_distance
from onward.generation.style.settings import Restyling, Settings
from onward.generation.style.tiles import Objective
from onward.parts.lbfgs import LBFGS

RANDOM = find_sight("random")


def blobs(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 255, (6, 8, 3), np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))


def subject(photo: np.ndarray, *styles: np.ndarray, masks: tuple[np.ndarray, ...] = ()) -> Subject:
    own = tuple(Style(f"s{number}", style, 1.0, f"s{number}") for number, style in enumerate(styles))
    return Subject(Photo(photo), own, masks)


def painting(given: Subject, **settings: Any) -> Painting:
    height, width = given.photo.pixels.shape[:2]
    plan = plan_of(height, width, 48)
    return Painting(given, Settings(**settings), plan, RANDOM, torch.Generator().manual_seed(0))


def test_a_strip_that_becomes_one_pixel_high_is_restyled_too() -> None:
    made = painting(subject(blobs(0, 16, 4000), blobs(1)))
    assert made.size[0] == 1
    figures = [made.turn(number / 4) for number in range(4)]
    assert all(math.isfinite(value) for each in figures for value in each.values())
    assert sum(figures[-1].values()) < sum(figures[0].values())


def test_a_region_smaller_than_the_parts_that_are_drawn_has_an_interval() -> None:
    corner = np.zeros((48, 64), np.float32)
    corner[:8, :8] = 1
    made = painting(subject(blobs(0), blobs(1), blobs(2), masks=(corner, 1 - corner)), tile=16)
    found = style_distance(made.objective_at(*made.plan.sizes[-1]), blobs(3), np.random.default_rng(0))
    assert all(math.isfinite(each) for each in found)
    assert found[1] <= found[0] <= found[2]


def test_the_baseline_is_the_same_whatever_the_run_began_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "_DRAWS", 2)
    given, found = subject(blobs(0, 16, 20), blobs(1)), []
    for start in ("colors", "photo", "noise"):
        *_, score = evaluate(Restyled(Settings(start=start), Photo(blobs(2, 16, 20))), given, 1.0)
        found.append(score.baseline.value)
    assert found[0] == found[1] == found[2]


def test_a_photo_without_anything_in_it_is_not_kept_at_any_cost() -> None:
    objective = Objective(RANDOM, (48, 48), (), None, 0.0, 999)
    objective.keep_content((0, torch.ones(1, 32, 48, 48), 1.0))
    objective.goals = [painting(subject(blobs(0), blobs(1))).objective_at(48, 48).goals[0]]
    assert objective.look(torch.rand(1, 3, 48, 48))[0]["content"] < 1000


def test_what_no_mask_covers_begins_as_the_photo() -> None:
    left, right = np.zeros((48, 64), np.float32), np.zeros((48, 64), np.float32)
    left[:, :28], right[:, 36:] = 1, 1
    made = painting(subject(np.full((48, 64, 3), 200, np.uint8), blobs(1), blobs(2), masks=(left, right)))
    assert made.picture()[:, made.size[1] // 2].min() > 190


def test_what_is_transparent_in_a_mask_takes_no_style(tmp_path: Path) -> None:
    Image.fromarray(blobs(0)).save(tmp_path / "p.png")
    mask = Image.new("RGBA", (64, 48), (255, 255, 255, 0))
    mask.paste((255, 255, 255, 255), (0, 0, 16, 48))
    mask.save(tmp_path / "m.png")
    (found,) = read(
        Source((str(tmp_path / "p.png"),)), Settings(style=str(tmp_path / "p.png"), mask=str(tmp_path / "m.png"))
    ).masks
    assert found[:, :15].min() == 1
    assert found[:, 17:].max() == 0


@pytest.mark.parametrize(
    ("words", "fault"), [("x" * 5000, DataFault), ("x" * 300 + ".png", DataFault), ("=2", UsageFault)]
)
def test_words_that_name_no_style_are_said(words: str, fault: type[Exception]) -> None:
    with pytest.raises(fault) as said:
        read_styles(words)
    assert len(str(said.value)) < 500


def test_many_pixels_are_not_held_where_few_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    monkeypatch.setattr(
        painting_room, "as_tensor", lambda pixels: held.append(pixels.shape) or torch.zeros(1, 3, 36, 48)
    )
    painting(subject(blobs(0, 600, 800), blobs(1, 900, 700)), stroke=2.0)
    assert held == [(36, 48, 3), (96, 75, 3)]


def test_a_films_frame_gets_its_looks() -> None:
    cost = Cost(RANDOM, 4e-6)
    for seconds in (1.0, 4.0, 30.0):
        side = film_side(1080, 1920, seconds, cost, 9999)
        assert side == 256 or 8 * cost.look(*plan_of(1080, 1920, side).sizes[-1], 9999) <= seconds
    assert film_side(1080, 1920, 30.0, cost, 9999) > 256


@pytest.mark.parametrize("facts", [{"side": 10**9}, {"side": 0}, {"side": "a"}, [1], 3])
def test_a_strangers_sizes_are_refused(facts: Any) -> None:
    run: Any = SimpleNamespace(name="x", folder=SimpleNamespace(record={"style": facts}))
    with pytest.raises(RunFault, match="cannot be"):
        training._stored(run)


def test_a_checkpoint_of_another_picture_is_refused() -> None:
    made = painting(subject(blobs(0), blobs(1)))
    made.turn(0.0)
    made.turn(0.5)
    state = made.state_dict()
    painting(subject(blobs(0), blobs(1))).load_state_dict(state)
    wrong = torch.zeros(1, 3, 9, 9)
    for change in (
        {"place": 7},
        {"place": -1},
        {"looks": None},
        {"walk": {**state["walk"], "best": wrong}},
        {"walk": 3},
    ):
        with pytest.raises(RunFault, match="another size"):
            painting(subject(blobs(0), blobs(1))).load_state_dict(state | change)


def test_a_result_is_found_although_photo_and_style_are_gone(tmp_path: Path) -> None:
    layered = np.dstack([blobs(0), np.full((48, 64), 99, np.uint8)])
    Image.fromarray(layered).save(tmp_path / "result.png")
    settings = Settings(style="gone.png", mask="gone.png")
    run: Any = SimpleNamespace(path=tmp_path, name="x", settings=lambda kind: settings)
    (given,) = using.apply(load(run), Source(()), Restyling())
    with Image.open(given.write(tmp_path, "again")) as again:
        assert np.array_equal(np.asarray(again), layered)


def test_all_photos_of_a_folder_are_restyled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    album = tmp_path / "album"
    for name in ("a", "b"):
        (album / name).mkdir(parents=True)
        Image.fromarray(blobs(0)).save(album / name / "beach.png")
    (album / "zero.png").write_bytes(b"")
    seen = []

    def painted(given: Subject, settings: Settings, *rest: Any) -> Any:
        seen.append(settings.mask)
        return SimpleNamespace(picture=lambda is_final: blobs(1), size=(48, 64), looks=1)

    monkeypatch.setattr(using, "painted", painted)
    monkeypatch.setattr(using, "measured_cost", lambda sight: Cost(sight, 1e-6))
    model = Restyled(Settings(backbone="random", style=str(album / "a" / "beach.png"), mask="of another photo.png"))
    *results, table = using.apply(model, Source((str(album),)), Restyling())
    assert [each.caption for each in results] == ["beach", "beach-2"]
    assert [row[0] for row in table.rows] == ["a/beach.png", "b/beach.png"]
    assert seen == ["", ""]


def test_curvature_that_is_lost_in_half_precision_is_not_remembered() -> None:
    walk = LBFGS(torch.zeros(2), first=1.0, memory=torch.bfloat16)
    walk.step(1.0, torch.tensor([-1.0, -1.0]))
    walk.step(0.5, torch.tensor([0.001, -2.0]))
    assert bool(torch.isfinite(walk.point).all())


class Fire(nn.Module):
    """SqueezeNet's part, narrow."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze, self.one, self.three = (
            nn.Conv2d(channels, 2, 1),
            nn.Conv2d(2, 4, 1),
            nn.Conv2d(2, 4, 3, padding=1),
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        maps = self.squeeze(maps)
        return torch.cat([self.one(maps), self.three(maps)], dim=1)


def squeezenet() -> nn.Sequential:
    """Build its chain as torchvision does, every place seen counting."""

    def pool() -> nn.Module:
        return nn.AvgPool2d(3, 2, ceil_mode=True)

    first = [nn.Conv2d(3, 4, 3, stride=2), nn.ReLU(), pool(), Fire(4), Fire(8), pool(), Fire(8), Fire(8), pool()]
    return nn.Sequential(*first, *(Fire(8) for _ in range(4)))


def seen_outside(sight: Sight, number: int, side: int = 512) -> int:
    """Give how far outside its own square a place in the middle of a map sees."""
    for parameter in sight.network.parameters():
        nn.init.constant_(parameter, 0.1)
    picture = torch.rand(1, 3, side, side, dtype=torch.double, requires_grad=True)
    stride = sight.strides[sight.taps[number]]
    maps = sight.network.double().looked(picture, sight.taps)[number]
    (slope,) = torch.autograd.grad(maps[0, :, side // 2 // stride, side // 2 // stride].sum(), picture)
    rows = slope.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    return max(side // 2 - int(rows[0]), int(rows[-1]) - (side // 2 + stride - 1))


def test_squeezenet_sees_as_far_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_features", lambda name: squeezenet())
    sight = find_sight("torchvision/squeezenet1_1")
    assert [seen_outside(sight, number) for number in range(5)] == list(sight.reaches)


def test_parts_that_are_looked_at_once_sum_up_as_tiles_do() -> None:
    corner = np.linspace(0.1, 1, 48 * 64, dtype=np.float32).reshape(48, 64)
    given = subject(blobs(0), blobs(1), blobs(2), masks=(corner, 1 - corner))
    whole, tiled = (painting(given, tile=tile).objective_at(36, 48) for tile in (None, 16))
    picture = torch.rand(1, 3, 36, 48)
    parts, tiles = whole.part_sums(picture, 16), list(tiled.tile_sums(tiled.framed(picture)))
    assert len(parts) == len(tiles) == 9
    for part, tile in zip(parts, tiles, strict=True):
        for one, other in zip(part[1][4], tile[1][4], strict=True):
            assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)
