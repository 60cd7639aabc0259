"""What the GAN offers for faces: grey stays grey, truncation, walks and mixtures, and whether a sample is a copy."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace as Namespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.core.run import Run
from onward.core.task import Source
from onward.data.pictures import Pictures
from onward.generation.gan import TASK
from onward.generation.gan.copies import CopyCheck, check_copies, training_features, with_nearest
from onward.generation.gan.drawing import Drawn, apply, draw, load
from onward.generation.gan.judge import load_judge
from onward.generation.gan.latents import closed_walk, mixed, truncated
from onward.generation.gan.networks import Generator, TutorialGenerator
from onward.generation.gan.reading import Gallery, read
from onward.generation.gan.settings import Drawing, Settings
from onward.generation.gan.watch import Watch
from onward.meadow import portraits
from onward.verbs.train import train

SMALL = {"width": "8", "size": "16", "backbone": "none", "batch_size": "8"}


def _folder(place: Path, count: int = 70, *, grey: bool = False) -> Path:
    place.mkdir()
    for number, pixels in enumerate(portraits(count, size=16)):
        picture = Image.fromarray(pixels)
        (picture.convert("L") if grey else picture).save(place / f"{number:03d}.png")
    return place


def _trained(place: Path) -> Run:
    run, _ = train(TASK, str(place), SMALL, steps=2, out=place.parent / "runs", quiet=True)
    return run


def test_a_grey_folder_gives_grey_samples(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "grey", grey=True)
    gallery = read(Source((str(folder),)), Settings(size=16))
    assert gallery.is_grey
    assert "All pictures are grey, so what is drawn will be grey too." in gallery.findings()
    for network in (load(_trained(folder)).network, TutorialGenerator(16, 8, grey=True)):
        pictures = network(torch.randn(4, network.latent_length))
        assert pictures.shape[1] == 3
        assert (pictures == pictures[:, :1]).all()


def test_one_colour_picture_among_grey_ones_is_enough_for_colour(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "faces", grey=True)
    Image.fromarray(portraits(1, size=16)[0]).save(folder / "colour.png")
    assert not read(Source((str(folder),)), Settings(size=16)).is_grey


@pytest.mark.parametrize("kind", [Generator, TutorialGenerator])
def test_truncation_0_gives_equal_pictures_and_1_the_network_itself(kind: Any) -> None:
    network = kind(16, 8).eval()
    noise = torch.randn(5, network.latent_length)
    assert truncated(network, 1.0) is network
    middle = truncated(network, 0.0)(noise)
    assert torch.allclose(middle, middle[:1].expand_as(middle), atol=1e-6)
    spreads = [float(truncated(network, psi)(noise).std(dim=0).mean().detach()) for psi in (0.5, 1.0, 1.5)]
    assert spreads == sorted(spreads)


def test_truncation_keeps_to_the_middle_of_a_class() -> None:
    network = Generator(16, 8, classes=2).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Embedding):
            torch.nn.init.normal_(module.weight)
    one, same, other = truncated(network, 0.0)(torch.randn(3, 128), torch.tensor([0, 0, 1]))
    assert torch.allclose(one, same, atol=1e-6)
    assert not torch.allclose(one, other, atol=1e-3)


def test_a_walk_is_closed_even_and_likely() -> None:
    frames = torch.stack(list(closed_walk(96, 3, 9, 128, torch.Generator().manual_seed(0))))
    steps = (frames - frames.roll(1, dims=0)).flatten(1).norm(dim=1)
    assert steps[0] == pytest.approx(float(steps.mean()), rel=0.3), "the last frame does not lead to the first"
    assert steps.max() < 1.5 * steps.min(), "it stands still somewhere"
    assert frames.std(dim=(1, 2)) == pytest.approx(torch.ones(96), abs=0.15)


@pytest.mark.parametrize("kind", [Generator, TutorialGenerator])
def test_mixing_takes_the_layout_of_one_and_the_colours_of_the_other(kind: Any) -> None:
    torch.manual_seed(0)
    network = kind(32, 8).eval()
    one, other = torch.randn(2, 3, network.latent_length)
    with torch.no_grad():
        alone = network(one)
    assert torch.allclose(mixed(network, one, one), alone, atol=1e-4)
    both = mixed(network, one, other)
    assert both.shape == alone.shape
    assert (both - alone).abs().mean() > 0.02 * alone.std()


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device here")
def test_a_device_that_never_ends_is_refused() -> None:
    with pytest.raises(DataFault, match="neither a file nor a folder"):
        read(Source(("/dev/zero",)), Settings(size=16))


def test_apply_mixes_in_a_grid_of_rows_and_columns(tmp_path: Path) -> None:
    drawn = Drawn(Generator(16, 8).eval(), ("all",), None)  # pyright: ignore[reportArgumentType]
    (sheet,) = apply(drawn, Source(), Drawing(mix="2x3"))
    zoom = 6
    assert sheet.pixels.shape == (zoom * (3 * 17 - 1), zoom * (4 * 17 - 1), 3)  # pyright: ignore[reportAttributeAccessIssue]
    assert (sheet.pixels[: 16 * zoom, : 16 * zoom] == 255).all()  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(UsageFault, match="--mix 4x6"):
        list(apply(drawn, Source(), Drawing(mix="0x3")))


def test_apply_draws_as_it_goes_and_the_same_pictures() -> None:
    network = Generator(16, 8).eval()
    asked: list[int] = []
    network.register_forward_hook(lambda _, inputs, __: asked.append(len(inputs[0])))
    drawn = Drawn(network, ("all",), None)  # pyright: ignore[reportArgumentType]
    next(iter(apply(drawn, Source(), Drawing(count=1_000_000, nearest=False))))
    assert sum(asked) == 100, "a million pictures are not drawn before the first is written"
    *many, grid = apply(drawn, Source(), Drawing(count=130, nearest=False))
    whole = draw(network, torch.randn(130, 128, generator=torch.Generator().manual_seed(0)))
    assert (np.stack([each.pixels for each in many]) == whole.permute(0, 2, 3, 1).numpy()).all()  # pyright: ignore[reportAttributeAccessIssue]
    assert grid.caption == "grid"


def test_the_way_between_two_seeds_begins_and_ends_at_their_own_pictures() -> None:
    drawn = Drawn(Generator(16, 8).eval(), ("all",), None)  # pyright: ignore[reportArgumentType]

    def pictures(**options: Any) -> dict[str, Any]:
        shown: Any = apply(drawn, Source(), Drawing(nearest=False, **options))
        return {each.caption: each.pixels.astype(int) for each in shown}

    way = pictures(seed=3, towards=8, count=5)
    assert sorted(way) == ["000000", "000001", "000002", "000003", "000004", "grid"]
    for place, seed in (("000000", 3), ("000004", 8)):
        assert np.abs(way[place] - pictures(seed=seed, count=1)["000000"]).max() <= 1
    assert (way["000002"] != way["000000"]).any()


def test_a_walk_and_a_mixture_at_once_are_refused() -> None:
    drawn = Drawn(Generator(16, 8).eval(), ("all",), None)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageFault, match="--walk, --mix and --towards"):
        list(apply(drawn, Source(), Drawing(mix="2x3", walk=1.0)))


def test_a_planted_copy_is_caught_also_mirrored() -> None:
    images = portraits(120, size=32)
    pictures = Pictures("here", images, np.zeros(120, np.int64), ("all",), tuple(map(str, range(120))))
    gallery = Gallery(pictures, np.arange(100), np.arange(100, 120))
    fresh = portraits(6, size=32, split="val")
    drawn = np.concatenate([images[7:8], images[33:34, :, ::-1], fresh])
    judge = load_judge()
    check = check_copies(judge, gallery, training_features(judge, gallery), _tensor(drawn))
    assert check.places[:2].tolist() == [7, 33]
    assert check.is_mirrored[:2].tolist() == [False, True]
    assert check.is_copy.tolist() == [True, True] + 6 * [False]
    assert check.sentence().startswith("2 of 8 samples look copied")
    sheet = with_nearest(_tensor(drawn), gallery, check)
    assert sheet.shape[2] == 3
    assert (sheet[..., 0] > sheet[..., 1] + 100).any(), "a copy's figure is red"
    honest = check_copies(judge, gallery, training_features(judge, gallery), _tensor(fresh))
    assert honest.sentence().startswith("None of 6 samples looks copied")


def test_pictures_that_are_there_twice_do_not_hide_a_copy() -> None:
    once = portraits(60, size=32)
    images = np.concatenate([once, once[:, :, ::-1]])
    pictures = Pictures("here", images, np.zeros(120, np.int64), ("all",), tuple(map(str, range(120))))
    gallery = Gallery(pictures, np.arange(100), np.arange(100, 120))  # mirror images of what is learned from
    judge = load_judge()
    training = training_features(judge, gallery)
    drawn = _tensor(np.concatenate([images[3:5], portraits(6, size=32, split="val")]))
    check = check_copies(judge, gallery, training, drawn)
    assert check.is_copy.tolist() == [True, True] + 6 * [False]
    assert 0.5 < float(np.median(check.times_usual[2:])) < 2


@pytest.mark.parametrize(
    ("near", "said"), [([0.7], "no more than chance"), ([0.7, 0.7, 1.0], "more than chance: look")]
)
def test_one_of_few_samples_may_be_near_by_chance(near: list[float], said: str) -> None:
    count = len(near)
    check = CopyCheck(np.arange(count), np.zeros(count, bool), np.array(near), 0.8)
    assert f"({said}" in check.sentence()


def _tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)


def test_apply_shows_the_nearest_beside_every_sample_and_goes_without_when_they_are_gone(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "faces")
    run = _trained(folder)
    captions = [exhibit.caption for exhibit in apply(load(run), Source(), Drawing(count=3))]
    assert captions == ["000000", "000001", "000002", "grid", "nearest", "copies"]
    *_, table = apply(load(run), Source(), Drawing(count=3))
    assert table.columns == ["path", "nearest", "times_usual_distance", "copied"]  # pyright: ignore[reportAttributeAccessIssue]
    (folder / "000.png").unlink()
    assert [exhibit.caption for exhibit in apply(load(run), Source(), Drawing(count=1))][-1] == "grid"
    report = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Is it a copy?" in report
    assert "never pass it off as a photograph" in report


@pytest.mark.parametrize(("size", "is_worse"), [(32, True), (64, False)])
def test_above_32_pixels_a_player_is_not_believed_alone(size: int, is_worse: bool) -> None:
    images = portraits(8, size=size)
    pictures = Pictures("here", images, np.zeros(8, np.int64), ("all",), tuple(map(str, range(8))))
    gallery = Gallery(pictures, np.arange(6), np.arange(6, 8))
    run = Namespace(budget=Namespace(seconds=None, steps=8))
    watch: Any = Watch(run, gallery, torch.nn.Identity(), torch.nn.Flatten(), {})  # pyright: ignore[reportArgumentType]
    watch._best, watch._best_step, watch._best_thumbnails = 1.0, 5, 1.0
    assert watch._is_worse(1e9, 1.1) is is_worse
    assert watch._is_worse(1e9, 1.2)
    assert not watch._is_worse(1.0, 9.0)
