"""EfficientNet-Lite0 (arXiv:1905.11946) as an ejected script has it: `lite0.py` without what makes it fast.

Normalisations are folded into the convolutions, as `lite0.py` does; the weights lie in a file beside the script.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Lite0"]


class Same(nn.Conv2d):
    """A convolution whose padding at stride 2 lies right and below, as the weights were trained."""

    def forward(self, input: Tensor) -> Tensor:
        """Filter B C H W."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        reach = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in input.shape[2:]]
        padded = F.pad(input, (reach[1] // 2, reach[1] - reach[1] // 2, reach[0] // 2, reach[0] - reach[0] // 2))
        return F.conv2d(padded, self.weight, self.bias, stride, 0, 1, self.groups)


class Inverted(nn.Module):
    """Expand, filter each channel, project; with a way around where shapes allow (arXiv:1801.04381)."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = before * expansion
        self.expand = Same(before, inner, 1) if expansion > 1 else None
        self.filter = Same(inner, inner, kernel, stride, groups=inner)
        self.project = Same(inner, after, 1)
        self.has_shortcut = stride == 1 and before == after

    def forward(self, maps: Tensor) -> Tensor:
        """Go through it: B C H W."""
        inner = maps if self.expand is None else F.relu6(self.expand(maps))
        out = self.project(F.relu6(self.filter(inner)))
        return out + maps if self.has_shortcut else out


class Lite0(nn.Module):
    """A network that learned to see on ImageNet; its stages are of 16, 24, 40, 80, 112, 192 and 320 channels."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.stem, before, stages = Same(3, 32, 3, 2), 32, []
        for repeats, kernel, stride, expansion, after in (  # table 1 of the paper
            (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
            (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
        ):  # fmt: skip
            blocks = [Inverted(before, after, kernel, stride, expansion)]
            blocks += [Inverted(after, after, kernel, 1, expansion) for _ in range(repeats - 1)]
            stages, before = [*stages, nn.Sequential(*blocks)], after
        self.body = nn.ModuleList(stages)
        self.head = Same(320, 1280, 1)
        self.load_state_dict({name: torch.from_numpy(each) for name, each in np.load(weights).items()})

    def stages(self, pictures: Tensor) -> list[Tensor]:
        """Give the maps after each of the seven stages: B 3 H W in [-1, 1] to B C H' W'."""
        maps, found = F.relu6(self.stem(pictures)), []
        for stage in self.body:
            maps = stage(maps)
            found.append(maps)
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """Give 1,280 features: B 3 H W in [-1, 1] to B 1280."""
        return F.relu6(self.head(self.stages(pictures)[-1])).mean(dim=(2, 3))
