"""The peer for recognition: ResNet-20 for CIFAR-10 (arXiv:1512.03385, section 4.2) with its plain recipe.

float32, batches of 128, SGD with momentum 0.9 and weight decay 1e-4, learning rate 0.1 divided by ten at half and at
three quarters of the time, mirrored and shifted by up to 4 pixels. What a reader of a tutorial has, except that its
schedule is allowed to know the minutes.
"""

from __future__ import annotations

import time

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["accuracy", "train"]

BATCH_SIZE = 128


class _Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(after), nn.BatchNorm2d(after)])
        self.stride, self.widened = stride, after - before

    def forward(self, maps: Tensor) -> Tensor:
        out = self.norms[1](self.second(F.relu(self.norms[0](self.first(maps)))))
        if self.stride == 2:
            maps = F.pad(maps[:, :, ::2, ::2], (0, 0, 0, 0, self.widened // 2, self.widened - self.widened // 2))
        return F.relu(out + maps)


def resnet20(classes: int) -> nn.Module:
    """Build it: 0.27 million weights."""
    blocks: list[nn.Module] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for after in (16, 32, 64):
        for number in range(3):
            blocks.append(_Block(before, after, 2 if after > 16 and number == 0 else 1))
            before = after
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def train(images: NDArray[np.uint8], labels: NDArray[np.int64], minutes: float, seed: int) -> nn.Module:
    """Train it for some minutes; the clock starts with the first step.

    Args:
        images: N 32 32 3, uint8.
    """
    torch.manual_seed(seed)
    pixels, wanted = _pixels(images), torch.from_numpy(labels)
    network = resnet20(int(labels.max()) + 1)
    descent = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    began, seconds = time.perf_counter(), 60 * minutes
    while True:
        for chosen in torch.randperm(len(pixels)).split(BATCH_SIZE):
            spent = (time.perf_counter() - began) / seconds
            if spent >= 1:
                return network.eval()
            for group in descent.param_groups:
                group["lr"] = 0.1 * (0.1 if spent > 0.5 else 1) * (0.1 if spent > 0.75 else 1)
            padded = F.pad(pixels[chosen], (4, 4, 4, 4)).permute(0, 2, 3, 1)
            rows, columns = torch.randint(0, 9, (2, len(chosen), 1)) + torch.arange(32)
            which = torch.arange(len(chosen))[:, None, None]
            shown = padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
            shown = torch.where(torch.rand(len(shown), 1, 1, 1) < 0.5, shown.flip(3), shown)
            descent.zero_grad()
            F.cross_entropy(network(shown), wanted[chosen]).backward()
            descent.step()


@torch.no_grad()
def accuracy(network: nn.Module, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> float:
    """Give the share of pictures it tells right."""
    told = torch.cat([network(batch).argmax(dim=1) for batch in _pixels(images).split(500)])
    return float((told == torch.from_numpy(labels)).float().mean())


def _pixels(images: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 127.5 - 1
