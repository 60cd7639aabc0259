"""The outside judge: a small classifier that took no part in training, so its opinion cannot have been learned.

It was trained by `python -m benchmarks.judge` on the ten classes of CIFAR-10 (accuracy in its card) and lives in
`onward/zoo/judge/`. A Fréchet distance on its 256 pooled features is *not* Inception's FID and is never called so.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["HORSE", "Judge", "judge_features", "load_judge"]

HORSE = 7
_WEIGHTS = Path(__file__).resolve().parents[2] / "zoo" / "judge" / "judge.safetensors"


class Judge(nn.Module):
    """Seven convolutions and a linear layer; 1.1 million weights.

    Example:
        >>> Judge()(torch.zeros(1, 3, 32, 32)).shape
        torch.Size([1, 10])
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        plan = [(3, width, 1), (width, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 1)]
        plan += [(2 * width, 4 * width, 2), (4 * width, 4 * width, 1), (4 * width, 256, 2)]
        self.body = nn.Sequential(*(_block(*each) for each in plan))
        self.head = nn.Linear(256, 10)

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 32 32 in [-1, 1] to B 256."""
        return self.body(pictures).mean(dim=(2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """Classify: B 3 32 32 in [-1, 1] to B 10 logits."""
        return self.head(self.features(pictures))


def _block(before: int, after: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())


def load_judge() -> Judge:
    """Load the judge, in evaluation mode; draws nothing from the random numbers of a training under way."""
    from safetensors.torch import load_file

    with torch.random.fork_rng(devices=[]):
        judge = Judge()
    weights = load_file(str(_WEIGHTS))
    judge.load_state_dict({name: each.float() if each.is_floating_point() else each for name, each in weights.items()})
    judge.eval().requires_grad_(False)
    return judge.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


@torch.no_grad()
def judge_features(judge: Judge, pictures: Tensor) -> Tensor:
    """Give the judge's features of uint8 pictures of any size: N 3 H W to N 256."""
    found = []
    for batch in pictures.split(250):
        seen = batch.float() / 127.5 - 1
        if seen.shape[-1] != 32:
            seen = F.interpolate(seen, size=(32, 32), mode="area" if seen.shape[-1] > 32 else "bilinear")
        found.append(judge.features(seen.contiguous(memory_format=torch.channels_last)))
    return torch.cat(found)
