"""Who plays: a generator, a pixel judge, often a projected judge, and an Adam for each; and one turn of their game."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from onward.core.faults import MachineFault
from onward.core.machine import Machine
from onward.generation.gan import losses
from onward.generation.gan.augment import augment
from onward.generation.gan.networks import Generator, PixelDiscriminator
from onward.generation.gan.projected import ProjectedDiscriminator
from onward.generation.gan.settings import Settings
from onward.group import Group
from onward.parts.adam import Adam

__all__ = [
    "CLASSIC_RATE", "LEARNING_RATE", "Players", "Turn", "fast", "has_second_judge", "learn", "make_adam",
    "penalty_at", "set_rate",
]  # fmt: skip

Network = TypeVar("Network", bound=nn.Module)
LEARNING_RATE = 6e-4
CLASSIC_RATE = 2e-4  # the tutorial's


@dataclass(frozen=True)
class Players:
    """The generator, its judges, and an Adam for each.

    Attributes:
        penalty: weight of the gradient penalties at this size: four times for twice the side.
    """

    generator: Generator
    pixel_judge: PixelDiscriminator
    projected_judge: ProjectedDiscriminator | None
    adams: tuple[Adam, ...]
    penalty: float

    @staticmethod
    def make(size: int, kinds: int, settings: Settings, is_grey: bool = False) -> Players:
        """Build them for pictures of `size` pixels of `kinds` classes."""
        generator = fast(Generator(size, settings.width_at(size), kinds, is_grey))
        pixel_judge = fast(PixelDiscriminator(size, settings.width_at(size), kinds))
        projected_judge = _projected(settings)
        everyone = (generator, pixel_judge, *([projected_judge] if projected_judge else []))
        adams = tuple(make_adam(player, settings.learning_rate or LEARNING_RATE, (0.0, 0.99)) for player in everyone)
        return Players(generator, pixel_judge, projected_judge, adams, penalty_at(size, settings))

    @property
    def backbone(self) -> nn.Module | None:
        """Give the frozen network of the projected judge, if there is one."""
        return self.projected_judge.backbone if self.projected_judge is not None else None

    def kept(self) -> dict[str, Any]:
        """Name everything of theirs that a checkpoint holds."""
        everyone: dict[str, Any] = {"generator": self.generator, "pixel_judge": self.pixel_judge}
        if self.projected_judge is not None:
            everyone["projected_judge"] = self.projected_judge
        adams = {f"{name}_adam": adam for name, adam in zip(everyone, self.adams, strict=True)}
        return {**everyone, **adams}


@dataclass(frozen=True)
class Turn:
    """One step of the game.

    Attributes:
        index: the step's number: penalties and the projected judge have their turn every few steps.
        penalty_factor: what the gradient penalties are multiplied by.
        colour: augment by colours and holes too.
        group: of processes that share the batch.
    """

    machine: Machine
    players: Players
    settings: Settings
    index: int
    penalty_factor: float = 1.0
    colour: bool = False
    group: Group = field(default_factory=Group)

    def play(self, real: Tensor, kind: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Forge a batch, let the judges learn from it, then the generator from them.

        Args:
            real: B 3 H W in [-1, 1].
            kind: B class numbers, or None.
        Returns: the pixel judge's loss, the generator's, and the judge's 2B logits, real ones first.
        """
        generator, group = self.players.generator, self.group
        noise = group.share(torch.randn(len(real) * group.size, generator.latent_length))
        with self.machine.mixed():
            fake = generator(noise, kind).float()
        real, forged = (augment(each, self.settings.shift, colour=self.colour, group=group) for each in (real, fake))
        judge_loss, logits = self._judge(real, forged.detach(), kind)
        return judge_loss, self._cheat(real, forged, kind), logits

    def _judge(self, real: Tensor, forged: Tensor, kind: Tensor | None) -> tuple[Tensor, Tensor]:
        """Let the pixel judge learn: each real picture is to look more real than the forgery beside it."""
        judge, both = self.players.pixel_judge, torch.cat([real, forged])
        kinds = None if kind is None else torch.cat([kind, kind])
        with self.machine.mixed():
            logits = judge(both, kinds).float()
        loss = losses.relativistic_loss(*logits.chunk(2))
        regularised, every = loss, self.settings.penalty_every
        if self.index % every == 0 and self.players.penalty > 0:
            # R1 on the real half and R2 on the forged half are both in one mean, hence the 2
            with self.machine.mixed():
                slope = 2 * losses.gradient_penalty(lambda seen: judge(seen, kinds).float(), both)
            regularised = loss + every * self.players.penalty * self.penalty_factor * slope
        return learn(self.players.adams[1], regularised, self.group, loss), logits.detach()

    def _cheat(self, real: Tensor, forged: Tensor, kind: Tensor | None) -> Tensor:
        """Let the generator learn the other way round, with the judges held still."""
        judge = self.players.pixel_judge.requires_grad_(False)
        with self.machine.mixed():
            forged_logits = judge(forged, kind)
            with torch.no_grad():
                real_logits = judge(real, kind)
        loss = losses.relativistic_loss(forged_logits, real_logits)
        cheat = loss
        if self.players.projected_judge is not None and self.index % self.settings.projected_every == 0:
            cheat = loss + self.settings.projected_weight * self._project(self.players.projected_judge, real, forged)
        loss = learn(self.players.adams[0], cheat, self.group, loss)
        judge.requires_grad_(True)
        return loss

    def _project(self, judge: ProjectedDiscriminator, real: Tensor, forged: Tensor) -> Tensor:
        """Teach the projected judge by the hinge loss; give the generator's loss against it."""
        with self.machine.mixed():
            forged_features = judge.features(forged)
            with torch.no_grad():
                real_features = judge.features(real)
            real_logits, forged_logits = judge(real_features), judge([maps.detach() for maps in forged_features])
        learn(self.players.adams[2], losses.hinge_discriminator_loss(real_logits, forged_logits), self.group)
        judge.heads.requires_grad_(False)
        with self.machine.mixed():
            loss = -judge(forged_features).float().mean()
        judge.heads.requires_grad_(True)
        return loss


def make_adam(player: nn.Module, learning_rate: float, betas: tuple[float, float]) -> Adam:
    """Make an Adam for what a player learns."""
    return Adam([each for each in player.parameters() if each.requires_grad], learning_rate, betas)


def set_rate(adams: Sequence[Adam], learning_rate: float) -> None:
    """Set the learning rate of all."""
    for adam in adams:
        adam.learning_rate = learning_rate


def learn(adam: Adam, loss: Tensor, group: Group, figure: Tensor | None = None) -> Tensor:
    """Take one step down a loss, the mean of all processes'; give their mean of a figure, or of the loss."""
    adam.zero_grad()
    loss.backward()
    mean = group.average(adam.weights, loss if figure is None else figure)
    adam.step()
    return mean


def fast(network: Network) -> Network:
    """Lay a network's weights out with channels last, as convolutions on a processor like them."""
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def penalty_at(size: int, settings: Settings) -> float:
    """Give the first weight of the gradient penalties for pictures of a side in pixels."""
    return settings.penalty * (size / 32) ** 2


def has_second_judge(settings: Settings) -> bool:
    """Say whether a projected judge plays too; it does where its eyes are installed, unless it is told not to.

    Raises:
        MachineFault: it is asked for, and its eyes are not installed.
    """
    return _projected(settings) is not None


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
    return fast(ProjectedDiscriminator(fast(backbone)))
