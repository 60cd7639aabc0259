"""The loop: the discriminator learns to tell real from forged, the generator to cheat it.

Recommended recipe, measured in `benchmarks/RESULTS.md`: a relativistic pixel judge with lazy R1 and R2 penalties
(arXiv:2501.05441) and, every second step, a projected judge on frozen features (arXiv:2111.01007); differentiable
augmentation (arXiv:2006.10738); an averaged generator; a learning rate that falls over the last 30 % of the budget.
`--loss classic` is the first paper's game on the tutorial's networks instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.core.budget import cooled
from onward.core.exhibits import Picture
from onward.core.faults import MachineFault
from onward.core.run import Run, Step
from onward.generation.gan import losses
from onward.generation.gan.adam import Adam
from onward.generation.gan.augment import augment
from onward.generation.gan.averaging import Average
from onward.generation.gan.batches import Batches
from onward.generation.gan.drawing import Drawn, grid
from onward.generation.gan.networks import Generator, PixelDiscriminator, TutorialDiscriminator, TutorialGenerator
from onward.generation.gan.projected import ProjectedDiscriminator
from onward.generation.gan.reading import Gallery
from onward.generation.gan.settings import Settings
from onward.generation.gan.watch import Watch

__all__ = ["train"]

Network = TypeVar("Network", bound=nn.Module)
COOLDOWN = 0.3
_SHOWN = 64


def train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Train a generator on a gallery; gives the averaged one."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = COOLDOWN
    return _train_classic(run, gallery, settings) if settings.loss == "classic" else _train(run, gallery, settings)


@dataclass(frozen=True)
class _Players:
    """The generator, its judges, and an Adam for each."""

    generator: Generator
    pixel_judge: PixelDiscriminator
    projected_judge: ProjectedDiscriminator | None
    adams: tuple[Adam, ...]
    penalty: float

    @staticmethod
    def make(size: int, kinds: int, settings: Settings) -> _Players:
        generator = _fast(Generator(size, settings.width, kinds))
        pixel_judge = _fast(PixelDiscriminator(size, settings.width, kinds))
        projected_judge = _projected(settings)
        learning_rate = settings.learning_rate or 4e-4
        everyone = (generator, pixel_judge, *([projected_judge] if projected_judge else []))
        adams = tuple(_adam(player, learning_rate, (0.0, 0.99)) for player in everyone)
        return _Players(generator, pixel_judge, projected_judge, adams, settings.penalty * (size / 32) ** 2)

    def kept(self) -> dict[str, Any]:
        """Name everything of theirs that a checkpoint holds."""
        everyone = {"generator": self.generator, "pixel_judge": self.pixel_judge}
        if self.projected_judge is not None:
            everyone["projected_judge"] = self.projected_judge
        adams = {f"{name}_adam": adam for name, adam in zip(everyone, self.adams, strict=True)}
        return {**everyone, **adams}


def _train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    images, labels, classes = _real(gallery, settings)
    size, kinds = images.shape[1], len(classes)
    players = _Players.make(size, kinds, settings)
    generator = players.generator
    average = Average(generator, settings.average_pictures)
    batch_size, learning_rate = settings.batch_size or 32, settings.learning_rate or 4e-4
    batches = Batches(images, labels, batch_size, run.seed)
    fixed_noise, fixed_labels = _fixed(generator.latent_length, kinds, run.seed)
    run.folder.update(generator={"size": size, "classes": list(classes)})
    watch = Watch(run, gallery)
    run.keep(batches=batches, average=average, watch=watch, **players.kept())
    for step in run.steps():
        _set_rate(players.adams, learning_rate * cooled(step.progress, COOLDOWN, floor=0.02) * 0.5**run.setbacks)
        real, kind = next(batches)
        kind = kind if kinds > 1 else None
        with run.machine.mixed():
            fake = generator(torch.randn(batch_size, generator.latent_length), kind).float()
        real, forged = _augmented(real, gallery, settings), _augmented(fake, gallery, settings)

        judge_loss, logits = _judge_turn(
            run, players, settings, step, real, forged.detach(), kind, watch.penalty_factor
        )
        generator_loss = _generator_turn(run, players, settings, step, real, forged, kind)

        average.follow(generator, pictures=batch_size)
        step.log(generator_loss=generator_loss, discriminator_loss=judge_loss)
        watch.look(step, logits, average.network)
        _show(step, settings, average.network, fixed_noise, fixed_labels)
    return Drawn(average.network.eval(), classes, run)


def _judge_turn(  # noqa: PLR0913 - the players' whole table
    run: Run,
    players: _Players,
    settings: Settings,
    step: Step,
    real: Tensor,
    forged: Tensor,
    kind: Tensor | None,
    penalty_factor: float,
) -> tuple[Tensor, Tensor]:
    """Let the pixel judge learn: each real picture is to look more real than the forgery beside it."""
    judge, both, kinds = (
        players.pixel_judge,
        torch.cat([real, forged]),
        None if kind is None else torch.cat([kind, kind]),
    )
    with run.machine.mixed():
        logits = judge(both, kinds).float()
    loss = losses.relativistic_loss(*logits.chunk(2))
    regularised = loss
    if step.index % settings.penalty_every == 0 and players.penalty > 0:
        # R1 on the real half and R2 on the forged half are both in one mean, hence the 2; full precision
        slope = 2 * losses.gradient_penalty(lambda seen: judge(seen, kinds), both)
        regularised = loss + settings.penalty_every * players.penalty * penalty_factor * slope
    _learn(players.adams[1], regularised)
    return loss, logits.detach()


def _generator_turn(
    run: Run, players: _Players, settings: Settings, step: Step, real: Tensor, forged: Tensor, kind: Tensor | None
) -> Tensor:
    """Let the generator learn the other way round, with the judges held still."""
    judge = players.pixel_judge.requires_grad_(False)
    with run.machine.mixed():
        forged_logits = judge(forged, kind)
        with torch.no_grad():
            real_logits = judge(real, kind)
    loss = losses.relativistic_loss(forged_logits, real_logits)
    cheat = loss
    if players.projected_judge is not None and step.index % settings.projected_every == 0:
        against = _projected_turn(players.projected_judge, players.adams[2], real, forged)
        cheat = loss + settings.projected_weight * against
    _learn(players.adams[0], cheat)
    judge.requires_grad_(True)
    return loss


def _projected_turn(judge: ProjectedDiscriminator, adam: Adam, real: Tensor, forged: Tensor) -> Tensor:
    """Teach the projected judge by the hinge loss; give the generator's loss against it."""
    forged_features = judge.features(forged)
    with torch.no_grad():
        real_features = judge.features(real)
    judge_loss = losses.hinge_discriminator_loss(
        judge(real_features), judge([maps.detach() for maps in forged_features])
    )
    _learn(adam, judge_loss)
    judge.heads.requires_grad_(False)
    loss = -judge(forged_features).mean()
    judge.heads.requires_grad_(True)
    return loss


def _train_classic(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Play the first paper's game on the tutorial's networks: no averaging, no augmentation, constant rate."""
    images, labels, _ = _real(gallery, settings)
    size = images.shape[1]
    generator = _fast(TutorialGenerator(size, settings.width))
    discriminator = _fast(TutorialDiscriminator(size, settings.width))
    batch_size, learning_rate = settings.batch_size or 64, settings.learning_rate or 2e-4
    batches = Batches(images, labels, batch_size, run.seed)
    adams = [_adam(player, learning_rate, (0.5, 0.999)) for player in (generator, discriminator)]
    fixed_noise, _ = _fixed(generator.latent_length, 1, run.seed)
    run.folder.update(generator={"size": size, "classes": ["all"]})
    watch = Watch(run, gallery)
    average = Average(generator, half_life_pictures=1)
    run.keep(
        batches=batches,
        average=average,
        watch=watch,
        generator=generator,
        discriminator=discriminator,
        generator_adam=adams[0],
        discriminator_adam=adams[1],
    )
    for step in run.steps():
        _set_rate(adams, learning_rate * 0.5**run.setbacks)
        real, _ = next(batches)
        with run.machine.mixed():
            fake = generator(torch.randn(batch_size, generator.latent_length))
            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        discriminator_loss = losses.classic_discriminator_loss(real_logits, fake_logits)
        _learn(adams[1], discriminator_loss)

        discriminator.requires_grad_(False)
        with run.machine.mixed():
            cheating_logits = discriminator(fake)
        generator_loss = losses.classic_generator_loss(cheating_logits)
        _learn(adams[0], generator_loss)
        discriminator.requires_grad_(True)

        average.copy(generator)
        step.log(generator_loss=generator_loss, discriminator_loss=discriminator_loss)
        watch.look(step, torch.cat([real_logits, fake_logits]).detach(), average.network)
        _show(step, settings, average.network, fixed_noise, None)
    return Drawn(average.network.eval(), ("all",), run)


def _real(gallery: Gallery, settings: Settings) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    pictures, chosen = gallery.pictures, gallery.training
    return pictures.images[chosen], pictures.labels[chosen], pictures.classes if settings.classes else ("all",)


def _projected(settings: Settings) -> ProjectedDiscriminator | None:
    if settings.backbone == "none" or settings.projected_weight == 0:
        return None
    from onward.backbones import efficientnet_lite0

    try:
        backbone = efficientnet_lite0()
    except MachineFault:
        if settings.backbone == "lite0":
            raise
        return None
    return _fast(ProjectedDiscriminator(_fast(backbone)))


def _adam(player: nn.Module, learning_rate: float, betas: tuple[float, float]) -> Adam:
    return Adam([each for each in player.parameters() if each.requires_grad], learning_rate, betas)


def _set_rate(adams: Sequence[Adam], learning_rate: float) -> None:
    for adam in adams:
        adam.learning_rate = learning_rate


def _learn(adam: Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def _augmented(pictures: Tensor, gallery: Gallery, settings: Settings) -> Tensor:
    return augment(pictures, settings.shift, colour=gallery.is_small)


def _fast(network: Network) -> Network:
    """Lay a network's weights out with channels last, as convolutions on a processor like them."""
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _fixed(latent_length: int, kinds: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Draw the noise behind every snapshot of a run, from its seed alone."""
    chance = torch.Generator().manual_seed(seed + 1)
    noise = torch.randn(_SHOWN, latent_length, generator=chance)
    return noise, torch.arange(_SHOWN) % kinds if kinds > 1 else None


def _show(step: Step, settings: Settings, network: nn.Module, noise: Tensor, labels: Tensor | None) -> None:
    """Show what the same noise has become."""
    if step.every(settings.show_every):
        step.show(samples=Picture(grid(network, noise, labels), f"step {step.index}"))
