"""The parts of the GAN against their papers, and a learning test with its sabotage."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source
from onward.generation.gan import losses, measures
from onward.generation.gan.augment import augment
from onward.generation.gan.batches import Batches
from onward.generation.gan.drawing import tile
from onward.generation.gan.networks import Generator, PixelDiscriminator, TutorialDiscriminator, TutorialGenerator
from onward.generation.gan.reading import read
from onward.generation.gan.settings import Settings
from onward.parts.adam import Adam
from onward.parts.averaging import Average


@pytest.mark.parametrize("size", [16, 32, 64, 128])
@pytest.mark.parametrize(
    ("draw", "judge"), [(Generator, PixelDiscriminator), (TutorialGenerator, TutorialDiscriminator)]
)
def test_players_fit_every_size(size: int, draw: type, judge: type) -> None:
    generator = draw(size, 8)
    pictures = generator(torch.randn(4, generator.latent_length))
    assert pictures.shape == (4, 3, size, size)
    assert pictures.abs().max() <= 1
    assert judge(size, 8)(pictures).shape == (4,)


def test_classes_change_the_picture() -> None:
    generator, noise = Generator(16, 8, classes=3).eval(), torch.randn(2, 128)
    for module in generator.modules():
        if isinstance(module, torch.nn.Embedding):
            torch.nn.init.normal_(module.weight)
    one, other = (generator(noise, torch.full((2,), kind)) for kind in (0, 1))
    assert not torch.allclose(one, other)


def test_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 0.0])
    by_hand = (math.log1p(math.exp(-3)) + math.log(2)) / 2
    assert losses.relativistic_loss(real, fake).item() == pytest.approx(by_hand)
    sure = losses.classic_discriminator_loss(torch.tensor([20.0]), torch.tensor([-20.0]))
    assert sure.item() == pytest.approx(0, abs=1e-6)
    assert losses.hinge_discriminator_loss(torch.tensor([1.0]), torch.tensor([-1.0])).item() == 0


def test_gradient_penalty_of_a_plane_is_its_slope() -> None:
    slope = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1)
    found = losses.gradient_penalty(lambda seen: (seen * slope).sum(dim=(1, 2, 3)), torch.randn(5, 2, 1, 1))
    assert found.item() == pytest.approx(12.5)


def test_augmentation_is_differentiable_and_moves_pictures() -> None:
    pictures = torch.rand(64, 3, 16, 16, requires_grad=True)
    changed = augment(pictures, colour=True)
    changed.sum().backward()
    assert pictures.grad is not None
    assert not torch.equal(changed, pictures)
    plain = augment(pictures.detach(), 0.0)
    same = (plain == pictures).all(dim=(1, 2, 3)) | (plain == pictures.flip(3)).all(dim=(1, 2, 3))
    assert same.all()


def test_the_average_forgets_its_start() -> None:
    network = torch.nn.Linear(1, 1, bias=False)
    average = Average(network, 1000)
    with torch.no_grad():
        network.weight.fill_(5.0)
    for _ in range(2000):
        average.follow(network, pictures=32)
    assert average.network.weight.item() == pytest.approx(5.0, abs=1e-3)


def test_our_adam_is_torch_s() -> None:
    weights = [torch.randn(4, 3, requires_grad=True), torch.randn(5, requires_grad=True)]
    copies = [weight.detach().clone().requires_grad_() for weight in weights]
    ours, theirs = Adam(weights, 0.01, (0.0, 0.99)), torch.optim.Adam(copies, 0.01, (0.0, 0.99))
    for number in range(20):
        for adam, each in ((ours, weights), (theirs, copies)):
            adam.zero_grad()
            sum((weight - number).pow(4).sum() for weight in each).backward()  # type: ignore[union-attr]
            adam.step()
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(weights, copies, strict=True))


def test_batches_show_every_picture_once_an_epoch_and_go_on_where_they_were() -> None:
    images = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(4, 1).repeat(4, 2).repeat(3, 3)
    batches = Batches(images, np.zeros(10, np.int64), 5, seed=1)
    seen = [((next(batches)[0][:, 0, 0, 0] + 1) * 127.5).round().int().tolist() for _ in range(4)]
    assert sorted(seen[0] + seen[1]) == sorted(seen[2] + seen[3]) == list(range(10))
    state = batches.state_dict()
    again = Batches(images, np.zeros(10, np.int64), 5, seed=1)
    again.load_state_dict(state)
    assert torch.equal(next(again)[0], next(batches)[0])


def test_frechet_distance_of_known_normals() -> None:
    chance = torch.Generator().manual_seed(0)
    one = torch.randn(20000, 3, generator=chance, dtype=torch.float64)
    other = 2 * torch.randn(20000, 3, generator=chance, dtype=torch.float64) + 1
    # |1|^2 * 3 + 3 * (1 - 2)^2
    assert measures.frechet_distance(one, other) == pytest.approx(6.0, rel=0.03)


def test_precision_recall_and_copying_tell_the_cases_apart() -> None:
    chance = torch.Generator().manual_seed(0)
    real, new = torch.randn(400, 4, generator=chance), torch.randn(400, 4, generator=chance)
    assert min(measures.precision_and_recall(real, new)) > 0.8
    _, recall = measures.precision_and_recall(real, new[:1] + 0.01 * new)
    assert recall < 0.2
    assert measures.precision_and_recall(real, new + 50)[0] == 0
    assert measures.copying_ratio(real, new, real[:100]) == 0
    assert measures.copying_ratio(real, new, torch.randn(400, 4, generator=chance)) == pytest.approx(1, abs=0.15)


def test_tiles_lie_in_rows() -> None:
    sheet = tile(torch.zeros(5, 3, 8, 8, dtype=torch.uint8))
    assert sheet.shape[2] == 3
    assert sheet.min() == 0


def test_too_few_or_equal_pictures_are_refused(horse_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="Use 16, 32, 64, 128"):
        read(Source((str(horse_folder),)), Settings(size=48))
    from PIL import Image

    few, same = tmp_path / "few", tmp_path / "same"
    for place, count in ((few, 3), (same, 70)):
        place.mkdir()
        for number in range(count):
            Image.new("RGB", (32, 32), "red").save(place / f"{number}.png")
    with pytest.raises(DataFault, match="at least 64"):
        read(Source((str(few),)), Settings())
    with pytest.raises(DataFault, match="look the same"):
        read(Source((str(same),)), Settings())


def _distance_after(learning_rate: float) -> float:
    """Play the relativistic game on a normal distribution in the plane; give how far the forger's mean is off."""
    torch.manual_seed(0)
    draw = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 2))
    judge = torch.nn.Sequential(torch.nn.Linear(2, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    adams = [torch.optim.Adam(each.parameters(), learning_rate, (0.0, 0.99)) for each in (draw, judge)]
    for _ in range(400):
        real, fake = torch.randn(64, 2) * 0.3 + 2, draw(torch.randn(64, 2))
        loss = losses.relativistic_loss(judge(real), judge(fake.detach()))
        adams[1].zero_grad()
        loss.backward()
        adams[1].step()
        cheat = losses.relativistic_loss(judge(fake), judge(real))
        adams[0].zero_grad()
        cheat.backward()
        adams[0].step()
    with torch.no_grad():
        return float((draw(torch.randn(2000, 2)).mean(0) - 2).norm())


def test_the_game_brings_the_forger_to_the_real_distribution() -> None:
    assert _distance_after(5e-3) < 0.8


def test_without_learning_it_does_not() -> None:
    assert _distance_after(0.0) > 1.5


def test_kernel_distance_is_zero_for_equals_and_grows() -> None:
    chance = torch.Generator().manual_seed(0)
    one, other, far = (torch.randn(400, 8, generator=chance) + shift for shift in (0, 0, 1))
    assert abs(measures.kernel_distance(one, other)) < 0.1 * measures.kernel_distance(one, far)


def test_a_gallery_is_averaged_down(horse_folder: Path) -> None:
    gallery = read(Source((str(horse_folder),)), Settings(size=32))
    small = gallery.at(16)
    assert small.pictures.images.shape[1:] == (16, 16, 3)
    assert small.pictures.images.mean() == pytest.approx(gallery.pictures.images.mean(), abs=0.5)
    assert gallery.at(32) is gallery


def test_pictures_for_the_test_are_not_learned_from(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    for part, count in (("train", 70), ("test", 9)):
        (tmp_path / part / "cat").mkdir(parents=True)
        for number in range(count):
            pixels = chance.integers(0, 255, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / part / "cat" / f"{number}.png")
    gallery = read(Source((str(tmp_path),)), Settings(size=16))
    assert all(name.startswith("train/") for name in gallery.pictures.names)
    assert len(gallery.training) + len(gallery.held_out) == 70
    assert gallery.findings()[-2].startswith("9 pictures of other parts than `train`")
