"""The loop: the discriminator learns to tell real from forged, the generator to cheat it.

Recommended recipe, measured in `benchmarks/RESULTS.md`: a relativistic pixel judge with lazy R1 and R2 penalties
(arXiv:2501.05441) and, every second step, a projected judge on frozen features (arXiv:2111.01007); differentiable
augmentation (arXiv:2006.10738); an averaged generator; a learning rate that falls over the last 30 % of the budget.
`--loss classic` is the first paper's game on the tutorial's networks instead.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onward.core.budget import cooled
from onward.core.exhibits import Picture
from onward.core.faults import MachineFault
from onward.core.run import Run, Step
from onward.generation.gan import losses
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

COOLDOWN = 0.3
_SHOWN = 64


def train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Train a generator on a gallery; gives the averaged one."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = COOLDOWN
    return _train_classic(run, gallery, settings) if settings.loss == "classic" else _train(run, gallery, settings)


def _train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    images, labels, classes = _real(gallery, settings)
    size, kinds = images.shape[1], len(classes) if settings.classes else 1
    generator = Generator(size, settings.width, kinds).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    pixel_judge = PixelDiscriminator(size, settings.width, kinds).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    projected_judge = _projected(settings)
    average = Average(generator, settings.average_pictures)
    batch_size = settings.batch_size or 32
    batches = Batches(images, labels, batch_size, run.seed)
    learning_rate = settings.learning_rate or 4e-4
    players: list[nn.Module] = [generator, pixel_judge] + ([projected_judge] if projected_judge else [])
    adams = [_adam(player, learning_rate, (0.0, 0.99)) for player in players]
    fixed_noise, fixed_labels = _fixed(generator.latent_length, kinds, run.seed)
    run.folder.update(generator={"size": size, "classes": list(classes)})
    watch = Watch(run, gallery)
    run.keep(
        batches=batches,
        average=average,
        watch=watch,
        **{f"player_{number}": player for number, player in enumerate(players)},
        **{f"adam_{number}": adam for number, adam in enumerate(adams)},
    )
    penalty = settings.penalty * (size / 32) ** 2
    for step in run.steps():
        _set_rate(adams, learning_rate * cooled(step.progress, COOLDOWN, floor=0.02) * 0.5**run.setbacks)
        real, kind = next(batches)
        kind = kind if kinds > 1 else None
        with run.machine.mixed():
            fake = generator(torch.randn(batch_size, generator.latent_length), kind).float()
        real, forged = _augmented(real, gallery, settings), _augmented(fake, gallery, settings)

        # the pixel judge: each real picture is to look more real than the forgery beside it
        with run.machine.mixed():
            both = pixel_judge(torch.cat([real, forged.detach()]), _twice(kind)).float()
        real_logits, fake_logits = both.chunk(2)
        judge_loss = losses.relativistic_loss(real_logits, fake_logits)
        regularised = judge_loss
        if step.index % settings.penalty_every == 0 and penalty > 0:
            slope = losses.gradient_penalty(
                lambda seen, twice=_twice(kind): pixel_judge(seen, twice), torch.cat([real, forged.detach()])
            )
            regularised = judge_loss + settings.penalty_every * penalty * watch.penalty_factor * 2 * slope
        _learn(adams[1], regularised)

        # the generator: the other way round, with the judges held still
        pixel_judge.requires_grad_(False)
        with run.machine.mixed():
            fake_logits = pixel_judge(forged, kind)
            with torch.no_grad():
                real_logits = pixel_judge(real, kind)
        generator_loss = losses.relativistic_loss(fake_logits, real_logits)
        cheat = generator_loss
        if projected_judge is not None and step.index % settings.projected_every == 0:
            cheat = cheat + settings.projected_weight * _projected_turn(projected_judge, adams[2], real, forged)
        _learn(adams[0], cheat)
        pixel_judge.requires_grad_(True)

        average.follow(generator, pictures=batch_size)
        step.log(generator_loss=generator_loss, discriminator_loss=judge_loss)
        watch.look(step, both.detach(), average.network)
        _show(step, settings, average.network, fixed_noise, fixed_labels)
    return Drawn(average.network.eval(), classes, run)


def _projected_turn(judge: ProjectedDiscriminator, adam: torch.optim.Adam, real: Tensor, forged: Tensor) -> Tensor:
    """Teach the projected judge by the hinge loss; give the generator's loss against it."""
    forged_features = judge.features(forged)
    with torch.no_grad():
        real_features = judge.features(real)
    judge_loss = losses.hinge_discriminator_loss(judge(real_features), judge([maps.detach() for maps in forged_features]))
    _learn(adam, judge_loss)
    judge.heads.requires_grad_(False)
    loss = -judge(forged_features).mean()
    judge.heads.requires_grad_(True)
    return loss


def _train_classic(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Play the first paper's game on the tutorial's networks: no averaging, no augmentation, constant rate."""
    images, labels, classes = _real(gallery, settings)
    size = images.shape[1]
    generator = TutorialGenerator(size, settings.width).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    discriminator = TutorialDiscriminator(size, settings.width).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
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
        player_0=generator,
        player_1=discriminator,
        adam_0=adams[0],
        adam_1=adams[1],
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


def _real(gallery: Gallery, settings: Settings):  # noqa: ANN202 - three arrays
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
    backbone.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return ProjectedDiscriminator(backbone).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _adam(player: nn.Module, learning_rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
    return torch.optim.Adam([each for each in player.parameters() if each.requires_grad], learning_rate, betas)


def _set_rate(adams: list[torch.optim.Adam], learning_rate: float) -> None:
    for adam in adams:
        for group in adam.param_groups:
            group["lr"] = learning_rate


def _learn(adam: torch.optim.Adam, loss: Tensor) -> None:
    adam.zero_grad()
    loss.backward()
    adam.step()


def _augmented(pictures: Tensor, gallery: Gallery, settings: Settings) -> Tensor:
    return augment(pictures, settings.shift, colour=gallery.is_small)


def _twice(kind: Tensor | None) -> Tensor | None:
    return None if kind is None else torch.cat([kind, kind])


def _fixed(latent_length: int, kinds: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Draw the noise behind every snapshot of a run, from its seed alone."""
    chance = torch.Generator().manual_seed(seed + 1)
    noise = torch.randn(_SHOWN, latent_length, generator=chance)
    return noise, torch.arange(_SHOWN) % kinds if kinds > 1 else None


def _show(step: Step, settings: Settings, network: nn.Module, noise: Tensor, labels: Tensor | None) -> None:
    """Show what the same noise has become."""
    if step.every(settings.show_every):
        step.show(samples=Picture(grid(network, noise, labels), f"step {step.index}"))

