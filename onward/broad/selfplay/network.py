"""The network: a residual tower that sees the board from the mover's side; policy and value come out.

As in AlphaZero (arXiv:1712.01815), with two things of KataGo (arXiv:1902.10565): pooling over the whole board inside
the tower, and heads without a weight that depends on the board's size, so that what was learned on a small board goes
on on a larger one. In Go it also tells who will own each point and by how much. Read `search.py` next.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.broad.selfplay.game import Game

__all__ = ["NOBODY_KNOWS", "PRESETS", "Guess", "Network", "Shape", "loss_of"]

PRESETS = {"tiny": (2, 32), "small": (4, 48), "base": (6, 96)}  # residual blocks, channels
NOBODY_KNOWS = 2  # the owner of a point where a game was not played to its end
_HEAD = 16
_POOLED_EVERY = 2


class Guess(NamedTuple):
    """What a network says of positions.

    Attributes:
        policy: B A; logits of all actions, legal or not.
        value: B; the logit of the mover's winning, in Go of what `Game.worth` makes of winning and points.
        owner: B H W; in Go the logits of a point's being the mover's at the end, else None.
        score: B; in Go the mover's points at the end as a share of the board, else None.
    """

    policy: Tensor
    value: Tensor
    owner: Tensor | None = None
    score: Tensor | None = None

    def whole(self) -> Guess:
        """Give the same in full precision, for the losses."""
        return Guess(*(None if each is None else each.float() for each in self))  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Shape:
    """All that a network's form depends on.

    Attributes:
        layout: how actions lie on the board; see `families.py`.
        kinds: actions a cell has, or for `none` and `columns` those of the game.
        passes: actions beyond the board.
    """

    planes: int
    scalars: int
    layout: str
    kinds: int
    passes: int
    cells: int
    blocks: int
    channels: int
    owner: bool

    @staticmethod
    def of(game: Game, blocks: int, channels: int) -> Shape:
        """Give the form that fits a game; on another size of board it is the same wherever it can be."""
        layout, cells, passes = game.layout, 0, 0
        kinds = 1
        if layout == "none":
            kinds, cells = game.actions, game.cells
        elif layout == "moves":
            kinds = game.actions // game.cells
        elif layout == "cells":
            passes = game.actions - game.cells
        return Shape(game.planes, game.scalars, layout, kinds, passes, cells, blocks, channels, owner=game.name == "go")

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


class _Layer(nn.Module):
    """A convolution and its normalisation, which `fold` makes one."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, *, starts_at_zero: bool = False) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)
        if starts_at_zero:  # a block that adds nothing at first
            nn.init.zeros_(self.norm.weight)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.convolution(x))

    def fold(self) -> None:
        """Take the normalisation into the convolution."""
        self.convolution = torch.nn.utils.fusion.fuse_conv_bn_eval(self.convolution.eval(), self.norm.eval())  # pyright: ignore[reportArgumentType]
        self.norm = nn.Identity()


def _pooled(x: Tensor) -> Tensor:
    """Give mean and greatest value over the board: B C H W to B 2C."""
    cells = x.flatten(2)
    return torch.cat([cells.mean(2), cells.amax(2)], 1)


class _Block(nn.Module):
    """A residual block; a pooled one lets every point know of the whole board (KataGo, section 3.3)."""

    def __init__(self, channels: int, kernel: int, *, is_pooled: bool) -> None:
        super().__init__()
        self.first = _Layer(channels, channels, kernel)
        self.second = _Layer(channels, channels, kernel, starts_at_zero=True)
        self.world = nn.Linear(2 * channels, channels) if is_pooled else None

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(x).relu_()
        if self.world is not None:
            inner = inner + self.world(_pooled(inner))[:, :, None, None]
        return self.second(inner).add_(x).relu_()


class Network(nn.Module):
    """Policy and value of positions.

    Args:
        shape: its form.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, kernel = shape.channels, 1 if shape.cells == 1 else 3
        self.stem = nn.Conv2d(shape.planes, width, kernel, padding=kernel // 2)
        self.facts = nn.Linear(shape.scalars, width)
        self.blocks = nn.ModuleList(
            _Block(width, kernel, is_pooled=number % _POOLED_EVERY == 1) for number in range(shape.blocks)
        )
        self.heads = _Layer(width, 2 * _HEAD, 1)
        self.world = nn.Linear(2 * _HEAD, _HEAD)
        if shape.layout == "none":
            self.moves = nn.Linear(_HEAD * shape.cells, shape.kinds)
        else:
            self.moves = nn.Conv2d(_HEAD, shape.kinds, 1)
        self.passing = nn.Linear(2 * _HEAD, shape.passes) if shape.passes else None
        self.judge = nn.Sequential(nn.Linear(2 * _HEAD, 64), nn.ReLU(), nn.Linear(64, 2))
        self.owner = nn.Conv2d(_HEAD, 1, 1) if shape.owner else None

    def forward(self, planes: Tensor, scalars: Tensor) -> Guess:
        """Look at positions.

        Args:
            planes: B C H W, `Game.look`'s.
            scalars: B S.
        """
        x = self.stem(planes) + self.facts(scalars)[:, :, None, None]
        x = x.relu_()
        for block in self.blocks:
            x = block(x)
        heads = self.heads(x).relu_()
        seen, judged = heads[:, :_HEAD], heads[:, _HEAD:]
        pooled = _pooled(heads).unflatten(1, (2, 2, _HEAD))  # of the judged part alone it takes five times as long
        world = pooled[:, :, 1].flatten(1)
        verdict = self.judge(world)
        policy = self._policy((seen + self.world(world)[:, :, None, None]).relu_(), planes, world)
        if self.owner is None:
            return Guess(policy, verdict[:, 0])
        return Guess(policy, verdict[:, 0], self.owner(judged).squeeze(1), verdict[:, 1])

    def _policy(self, seen: Tensor, planes: Tensor, world: Tensor) -> Tensor:
        layout = self.shape.layout
        if layout == "none":
            return self.moves(seen.flatten(1))
        weight = self.moves.weight.flatten(1)  # for so few outputs a product is faster than a convolution
        logits = F.linear(seen.permute(0, 2, 3, 1), weight, self.moves.bias)
        if layout == "columns":  # a column's logit is that of the cell where a stone would land
            return (logits.squeeze(3) * planes[:, 2]).sum(1)
        if self.passing is None:
            return logits.flatten(1)
        return torch.cat([logits.flatten(1), self.passing(world)], 1)

    def folded(self) -> Network:
        """Give a copy for playing: evaluation mode, normalisations folded, channels last, no gradients."""
        network = copy.deepcopy(self).eval()
        for layer in network.modules():
            if isinstance(layer, _Layer):
                layer.fold()
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def loss_of(guess: Guess, target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the losses of a batch, one mean each.

    Policy: cross-entropy with the search's improved policy. Value: cross-entropy of winning with the mixed result. In
    Go: owners and score.

    Args:
        target: `policy` B A, `value` B in [-1, 1], `legal` B A and in Go `owner` B H W in [-1, 1], or
            `NOBODY_KNOWS`.
    """
    logits = guess.policy.masked_fill(~target["legal"], -1e9)
    each = -(target["policy"] * F.log_softmax(logits, 1)).sum(1)
    losses = {
        "policy": each.mean(),
        "value": F.binary_cross_entropy_with_logits(guess.value, (target["value"] + 1) / 2),
    }
    if guess.owner is not None and guess.score is not None:
        owner, known = target["owner"], target["owner"][:, 0, 0] != NOBODY_KNOWS
        share = known.float().mean()
        if share > 0:
            owner = owner[known]
            losses["owner"] = 0.3 * share * F.binary_cross_entropy_with_logits(guess.owner[known], (owner + 1) / 2)
            losses["score"] = 0.3 * share * F.smooth_l1_loss(guess.score[known], owner.flatten(1).mean(1))
    return losses
