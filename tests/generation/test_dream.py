"""Deep dream: the wish grows, tiles change nothing, seeds and frames repeat, and colours stay natural."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from onward.backbones import efficientnet_lite0, lite0_classifier
from onward.core.faults import DataFault, RunFault, UsageFault
from onward.core.task import Source
from onward.data.photo import Photo, read_photo
from onward.generation.dream import TASK
from onward.generation.dream.ascent import blurred, direction, gradient
from onward.generation.dream.dreaming import Dream, Manner
from onward.generation.dream.gallery import gallery
from onward.generation.dream.octaves import plan_of
from onward.generation.dream.reading import Scene, scene_of
from onward.generation.dream.scores import evaluate
from onward.generation.dream.settings import Dreaming, Settings
from onward.generation.dream.training import train as train_dream
from onward.generation.dream.using import Dreamt, apply, untrained
from onward.generation.dream.wishes import Wish, tensor_of, wish_of
from onward.verbs.train import train


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(read_photo("meadow:scene").reduced(80))


@pytest.fixture(scope="module")
def wish(scene: Scene) -> Wish:
    return wish_of(scene, Settings(layer=2))


def dreaming(scene: Scene, wish: Wish, manner: Manner | None = None, seed: int = 0) -> Dream:
    plan = plan_of(80, 80, 2, timed=False)
    return Dream(tensor_of(scene.photo), wish, plan, manner or Manner(jitter=8), seed)


def gone(dream: Dream, steps: int, until: int | None = None, begin: int = 0) -> Dream:
    for step in range(begin, steps if until is None else until):
        dream.turn((step + 1) / steps)
    return dream


def worth(wish: Wish, picture: Tensor) -> float:
    with torch.no_grad():
        return float(wish.values(picture).mean())


@pytest.mark.parametrize(
    "settings", [Settings(layer=2), Settings(layer=3, channels="3, 5"), Settings(class_="egyptian cat")]
)
def test_the_wish_grows(settings: Settings, scene: Scene) -> None:
    own = wish_of(scene, settings)
    dream = gone(dreaming(scene, own), 16)
    dream.finish()
    before = worth(own, tensor_of(scene.photo)[:, :, :64, :64])
    assert worth(own, dream.picture[:, :, :64, :64]) > before + 0.3 * abs(before)


def test_without_strength_it_is_the_photo(scene: Scene, wish: Wish) -> None:
    dream = gone(dreaming(scene, wish, Manner(strength=0.0)), 6)
    dream.finish()
    assert np.abs(dream.pixels().astype(int) - scene.photo.pixels).max() <= 1


def test_a_guide_is_followed(scene: Scene) -> None:
    noise = scene_of("noise", Settings(size=80)).photo
    own = wish_of(Scene(noise, scene.photo), Settings(layer=2))
    grey = tensor_of(noise)
    dream = gone(Dream(grey, own, plan_of(80, 80, 1, timed=False), Manner(natural=False, jitter=8), 0), 12)
    assert worth(own, dream.picture) > 1.2 * worth(own, grey)


def test_tiles_change_nothing_where_the_halo_is_as_wide_as_the_network_sees(wish: Wish) -> None:
    picture = torch.rand(1, 3, 90, 140, generator=torch.Generator().manual_seed(0))

    def at(tile: int, halo: int) -> tuple[Tensor, float]:
        return gradient(picture, wish, torch.Generator().manual_seed(3), 20, tile, halo)

    # rolled alike: a picture in tiles is rolled further, so both are given the same reach
    whole, value = gradient(picture, wish, torch.Generator().manual_seed(3), 32, 200, 0)
    parts, same = at(64, wish.sight.reach)
    torch.testing.assert_close(parts, whole, rtol=1e-3, atol=1e-3 * float(whole.abs().max()))
    assert same == pytest.approx(value, rel=1e-4)
    assert float((at(64, 0)[0] - whole).abs().max()) > 0.01 * float(whole.abs().max())


def test_one_seed_one_picture(scene: Scene, wish: Wish) -> None:
    one, same, other = (gone(dreaming(scene, wish, seed=seed), 4).picture for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_more_steps_are_smaller_ones(scene: Scene, wish: Wish) -> None:
    photo = tensor_of(scene.photo)
    few, many = (float((gone(dreaming(scene, wish), steps).picture - photo).abs().mean()) for steps in (10, 40))
    assert 0.6 < many / few < 1.4


def test_natural_colours_change_light_only() -> None:
    step = direction(torch.randn(1, 3, 48, 48, generator=torch.Generator().manual_seed(0)), natural=True)
    coarse = blurred(step, 6.0)[:, :, 12:-12, 12:-12]
    colour = coarse - coarse.mean(1, keepdim=True)
    free = blurred(direction(torch.randn(1, 3, 48, 48), natural=False), 6.0)[:, :, 12:-12, 12:-12]
    assert float(colour.std()) < 0.6 * float((free - free.mean(1, keepdim=True)).std())
    assert float(step.abs().mean()) == pytest.approx(1.0, abs=1e-5)


def test_a_zoom_goes_on_frame_by_frame(scene: Scene, wish: Wish, tmp_path: Path) -> None:
    def manner(name: str) -> Manner:
        return Manner(jitter=8, frames=5, frames_folder=tmp_path / name)

    through = gone(dreaming(scene, wish, manner("a")), 12)
    through.finish()
    begun = gone(dreaming(scene, wish, manner("b")), 12, until=8)
    again = dreaming(scene, wish, manner("b"))
    again.load_state_dict(begun.state_dict())
    gone(again, 12, begin=8).finish()
    names = [path.name for path in sorted((tmp_path / "a").iterdir())]
    assert names == [f"{number:06d}.png" for number in range(5)]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    first, last = (np.asarray(Image.open(tmp_path / "a" / name)).astype(int) for name in (names[0], names[-1]))
    assert np.abs(first - last).mean() > 3


def test_more_time_dreams_on_the_dream(scene: Scene, wish: Wish) -> None:
    dream = gone(dreaming(scene, wish), 6)
    before = dream.picture
    dream.turn(0.5)
    assert (dream.walk, dream.octave) == (1, 0)
    gone(dream, 6, begin=3).finish()
    assert dream.position == pytest.approx(1.0)
    assert float((dream.picture - before).abs().mean()) > 0.01
    unfinished = gone(dreaming(scene, wish), 6, until=2)
    unfinished.turn(0.1)
    assert unfinished.walk == 0
    assert unfinished.position == pytest.approx(1 / 5)  # the way began at the first turn, at a sixth


def test_more_time_makes_more_frames(scene: Scene, wish: Wish, tmp_path: Path) -> None:
    dream = gone(dreaming(scene, wish, Manner(jitter=8, frames=2, frames_folder=tmp_path)), 4)
    dream.finish()
    dream.turn(0.8)
    dream.turn(1.0)
    dream.finish()
    assert len(list(tmp_path.glob("*.png"))) == 4


def test_a_class_is_valued_as_the_classifier_does(scene: Scene) -> None:
    own = wish_of(scene, Settings(class_="tabby"))
    picture = tensor_of(scene.photo)[:, :, :64, :64]
    weight, bias = lite0_classifier()
    with torch.no_grad():
        logits = efficientnet_lite0()(picture * 2 - 1) @ weight.T + bias
    assert worth(own, picture) == pytest.approx(float(logits[0, 281]), abs=1e-3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"class_": "egiptian cat"}, "Egyptian cat"),
        ({"class_": "cat"}, "Siamese cat"),
        ({"channels": "3,500"}, "channels 0 to 111"),
        ({"channels": "3;5"}, "numbers with commas"),
        ({"channels": ","}, "numbers with commas"),
        ({"channels": " "}, "numbers with commas"),
        ({"channels": "3", "class_": "tabby"}, "--channels and --class"),
        ({"class_": "tabby", "backbone": "random"}, "lite0 does"),
    ],
)
def test_wishes_that_cannot_be(words: dict[str, str], said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        scene_of("meadow:scene", replace(Settings(), **words))


def test_a_layer_that_is_not_there(scene: Scene) -> None:
    with pytest.raises(UsageFault, match="layers 0 to 4"):
        wish_of(scene, Settings(layer=6, backbone="random"))


def test_untrained_and_transparent(tmp_path: Path) -> None:
    photo = Image.fromarray(read_photo("meadow:scene").reduced(64).pixels).convert("RGBA")
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    photo.save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    options = Dreaming(seconds=1.0, layer=1)
    (result,) = apply(untrained(), Source((str(tmp_path / "a.png"),)), options)
    with Image.open(result.write(tmp_path, result.caption)) as written:
        assert written.mode == "RGBA"
        assert written.size == photo.size
    names = [each.caption for each in apply(untrained(), Source((str(tmp_path / "a.png"),) * 2), options)]
    assert names == ["a", "a-2"]
    with pytest.raises(DataFault, match="Name a photo"):
        next(iter(apply(untrained(), Source(()), options)))
    with pytest.raises(DataFault, match="not there"):
        next(iter(apply(Dreamt(Settings()), Source((str(tmp_path / "a.png"), "missing.jpg")), options)))


def test_a_size_that_takes_too_long_is_dreamt_smaller_and_enlarged(scene: Scene, wish: Wish) -> None:
    plan = plan_of(80, 80, 2, timed=True, most=1600.0)
    assert plan.sizes == ((29, 29), (40, 40), (80, 80))
    dream = Dream(tensor_of(scene.photo), wish, plan, Manner(jitter=8), 0)
    looked_at = {tuple(gone(dream, 6, until=step + 1, begin=step).picture.shape[2:]) for step in range(6)}
    assert looked_at == {(29, 29), (40, 40)}
    dream.turn(0.5)  # more time goes on from the whole result
    assert dream.state_dict()["photo"].shape[2:] == (80, 80)
    dream.finish()
    assert dream.pixels().shape == (80, 80, 3)


def test_a_film_of_more_frames_than_the_minutes_hold_is_refused(tmp_path: Path) -> None:
    words = {"size": "48", "zoom": "100000", "layer": "1"}
    with pytest.raises(UsageFault, match=r"100,000 frames take .* --zoom \d+ or less"):
        train(TASK, "meadow:scene", words, duration="20s", out=tmp_path, quiet=True)


@pytest.mark.parametrize("sizes", [{"side": "wide"}, {"side": 0}, {"side": 64, "most": -1}, {}, "64"])
def test_a_stranger_s_sizes_are_refused_in_a_sentence(sizes: object, scene: Scene) -> None:
    run: Any = SimpleNamespace(name="theirs", machine=None, folder=SimpleNamespace(record={"dream": sizes}))
    with pytest.raises(RunFault, match="theirs is damaged"):
        train_dream(run, scene, Settings(layer=0, backbone="random"))


def test_a_very_long_strip_is_measured(wish: Wish) -> None:
    strip = Scene(Photo(np.random.default_rng(0).integers(0, 255, (1, 3000, 3), dtype=np.uint8)))
    model = Dreamt(Settings(layer=1), pixels=strip.photo.pixels, scene=strip)
    assert next(iter(evaluate(model, strip, 5.0))).value > 0  # pyright: ignore[reportAttributeAccessIssue]


def test_a_film_is_in_the_run_s_folder(tmp_path: Path) -> None:
    words = {"size": "48", "zoom": "4", "layer": "1"}
    run, scores = train(TASK, "meadow:scene", words, steps=12, out=tmp_path, quiet=True)
    assert {"result.png", "zoom.mp4", "report.html"} <= {path.name for path in run.path.iterdir()}
    assert scores[0].interval[0] > scores[0].baseline.value
    assert len(list((run.path / "frames").glob("*.png"))) == 4


def test_what_each_layer_sees(scene: Scene) -> None:
    sheet = gallery(scene.photo, "random", steps=2)
    assert sheet.shape == (2 * (80 + 18 + 6) - 6, 4 * 86 - 6, 3)
