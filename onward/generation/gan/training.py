"""The loop: the discriminator learns to tell real from forged, the generator to cheat it.

Recommended recipe, measured in `benchmarks/RESULTS.md`: a relativistic pixel judge with lazy R1 and R2 penalties
that fall tenfold (arXiv:2501.05441) and, every second step, a projected judge on frozen features (arXiv:2111.01007);
differentiable augmentation (arXiv:2006.10738); an averaged generator; a learning rate that falls over the last 30 % of
the budget. One turn of it is in `players.py`. `--loss classic` is the first paper's game on the tutorial's networks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from onward.core.budget import cooled
from onward.core.exhibits import Picture
from onward.core.run import Run, Step
from onward.generation.gan import losses
from onward.generation.gan.batches import Batches
from onward.generation.gan.drawing import Drawn, grid, noise_shown
from onward.generation.gan.fitting import fitting_size
from onward.generation.gan.networks import TutorialDiscriminator, TutorialGenerator
from onward.generation.gan.players import CLASSIC_RATE, LEARNING_RATE, Players, Turn, fast, learn, make_adam, set_rate
from onward.generation.gan.reading import Gallery
from onward.generation.gan.settings import Settings
from onward.generation.gan.watch import Watch
from onward.parts.averaging import Average

__all__ = ["FORGERIES", "train"]

FORGERIES = (
    "What is drawn here is forged: say so wherever you show it, and never pass it off as a photograph of somebody who "
    "exists. Faces of real people are learned from with their consent only, since they may be recognised in what is "
    "drawn."
)
COOLDOWN = 0.3
PENALTY_FALLS_TO = 0.1
_TAIL_SHARE, _LONGEST_TAIL_SECONDS = 0.03, 40.0


def train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Train a generator on a gallery; gives the averaged one."""
    run.machine  # noqa: B018 - sets threads before anything is built
    run.cooldown = COOLDOWN
    if run.budget.seconds is not None:
        # five thousand samples are drawn and measured in the end, where there is time for them
        run.tail_seconds = max(run.tail_seconds, min(_LONGEST_TAIL_SECONDS, _TAIL_SHARE * run.budget.seconds))
    if "generator" not in run.folder.record:
        run.note(FORGERIES)
    gallery = gallery.at(run.group.agree(fitting_size(run, gallery, settings)))
    return _train_classic(run, gallery, settings) if settings.loss == "classic" else _train(run, gallery, settings)


def _train(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    images, labels, classes = _real(gallery, settings)
    size, kinds = images.shape[1], len(classes)
    players = Players.make(size, kinds, settings, gallery.is_grey)
    generator, group = players.generator, run.group
    group.with_shared_statistics(generator)
    average = Average(generator, settings.average_pictures)
    batch_size, learning_rate = group.whole(settings.batch_size or 32), settings.learning_rate or LEARNING_RATE
    batches = Batches(images, labels, batch_size, run.seed, group)
    fixed_noise, fixed_labels = noise_shown(generator.latent_length, kinds, run.seed)
    run.folder.update(generator=_facts(size, classes, gallery))
    everything = {"average": average, **players.kept()}
    watch = Watch(run, gallery, players.pixel_judge, players.backbone, everything)
    run.keep(batches=batches, watch=watch, **everything)
    for step in run.steps():
        set_rate(players.adams, learning_rate * cooled(step.progress, COOLDOWN, floor=0.02) * 0.5**run.setbacks)
        real, kind = next(batches)
        penalty_factor = watch.penalty_factor * PENALTY_FALLS_TO**step.progress
        turn = Turn(run.machine, players, settings, step.index, penalty_factor, watch.wants_colour, group)
        judge_loss, generator_loss, logits = turn.play(real, kind if kinds > 1 else None)
        average.follow(generator, pictures=batch_size)
        step.log(generator_loss=generator_loss, discriminator_loss=judge_loss)
        watch.look(step, logits, average.network)
        _show(step, settings, average.network, fixed_noise, fixed_labels)
    watch.conclude(average, average.network)
    return Drawn(average.network.eval(), classes, run)


def _train_classic(run: Run, gallery: Gallery, settings: Settings) -> Drawn:
    """Play the first paper's game on the tutorial's networks: no averaging, no augmentation, constant rate."""
    images, labels, _ = _real(gallery, settings)
    size = images.shape[1]
    generator = fast(TutorialGenerator(size, settings.width_at(size), grey=gallery.is_grey))
    discriminator = fast(TutorialDiscriminator(size, settings.width_at(size)))
    group = run.group
    for player in (generator, discriminator):
        group.with_shared_statistics(player)
    batch_size, learning_rate = group.whole(settings.batch_size or 64), settings.learning_rate or CLASSIC_RATE
    batches = Batches(images, labels, batch_size, run.seed, group)
    adams = [make_adam(player, learning_rate, (0.5, 0.999)) for player in (generator, discriminator)]
    fixed_noise, _ = noise_shown(generator.latent_length, 1, run.seed)
    run.folder.update(generator=_facts(size, ("all",), gallery))
    average = Average(generator, half_life_pictures=1)
    everything = {
        "average": average,
        "generator": generator,
        "discriminator": discriminator,
        "generator_adam": adams[0],
        "discriminator_adam": adams[1],
    }
    watch = Watch(run, gallery, discriminator, None, everything)
    run.keep(batches=batches, watch=watch, **everything)
    for step in run.steps():
        set_rate(adams, learning_rate * 0.5**run.setbacks)
        real, _ = next(batches)
        with run.machine.mixed():
            fake = generator(group.share(torch.randn(batch_size, generator.latent_length)))
            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        discriminator_loss = losses.classic_discriminator_loss(real_logits, fake_logits)
        discriminator_loss = learn(adams[1], discriminator_loss, group)

        discriminator.requires_grad_(False)
        with run.machine.mixed():
            cheating_logits = discriminator(fake)
        generator_loss = losses.classic_generator_loss(cheating_logits)
        generator_loss = learn(adams[0], generator_loss, group)
        discriminator.requires_grad_(True)

        average.copy(generator)
        step.log(generator_loss=generator_loss, discriminator_loss=discriminator_loss)
        watch.look(step, torch.cat([real_logits, fake_logits]).detach(), average.network)
        _show(step, settings, average.network, fixed_noise, None)
    watch.conclude(average, average.network)
    return Drawn(average.network.eval(), ("all",), run)


def _real(gallery: Gallery, settings: Settings) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    pictures, chosen = gallery.pictures, gallery.training
    return pictures.images[chosen], pictures.labels[chosen], pictures.classes if settings.classes else ("all",)


def _facts(size: int, classes: tuple[str, ...], gallery: Gallery) -> dict[str, Any]:
    """Give what has to be known to build the generator again."""
    return {"size": size, "classes": list(classes), **({"grey": True} if gallery.is_grey else {})}


def _show(step: Step, settings: Settings, network: nn.Module, noise: Tensor, labels: Tensor | None) -> None:
    """Show what the same noise has become."""
    if step.every(settings.show_every) and step.run.group.is_first:
        step.show(samples=Picture(grid(network, noise, labels), f"step {step.index}"))
