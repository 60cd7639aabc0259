"""The second judge: looks at a frozen pretrained network's features instead of pixels (arXiv:2111.01007).

It knows from its first step what legs and necks look like, so the generator gets useful blame within 200 steps. Alone
it lets the generator collapse; beside the pixel judge it does not.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from onward.backbones import EfficientNetLite0

__all__ = ["ProjectedDiscriminator"]

_TAPS = {1: 24, 2: 40, 4: 112, 6: 320}
_WIDTH = 64


class ProjectedDiscriminator(nn.Module):
    """Four small heads on randomly mixed features of a frozen network.

    Only the heads learn. The random 1x1 mixing across channels and the random top-down 3x3 mixing across scales are
    drawn once and frozen, so that no head can ignore a layer (section 3.2 of the paper).

    Args:
        backbone: the frozen network; not part of the state, since it never changes.
        side: pictures are enlarged to this many pixels before it looks.
    """

    def __init__(self, backbone: EfficientNetLite0, side: int = 64) -> None:
        super().__init__()
        self._frozen = (backbone,)  # in a tuple, so that its weights are no part of the state
        self.side = side
        self.across = nn.ModuleList(nn.Conv2d(channels, _WIDTH, 1) for channels in _TAPS.values())
        self.down = nn.ModuleList(nn.Conv2d(_WIDTH, _WIDTH, 3, 1, 1) for _ in _TAPS)
        for mixing in (*self.across.modules(), *self.down.modules()):
            if isinstance(mixing, nn.Conv2d):
                nn.init.kaiming_normal_(mixing.weight, nonlinearity="linear")
                mixing.requires_grad_(False)
        self.heads = nn.ModuleList(_head() for _ in _TAPS)

    @property
    def backbone(self) -> EfficientNetLite0:
        """Give the frozen network."""
        return self._frozen[0]

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Look: B 3 H W in [-1, 1] to four mixed maps of 64 channels; the frozen network in full precision.

        Its depthwise convolutions are half as fast backwards in bfloat16.
        """
        if pictures.shape[-1] < self.side:
            pictures = F.interpolate(pictures, size=(self.side, self.side), mode="bilinear", align_corners=False)
        with torch.autocast(pictures.device.type, enabled=False):
            maps = self.backbone.stages(pictures.float(), tuple(_TAPS))
        mixed, above = [], None
        for number in reversed(range(len(maps))):
            here = self.across[number](maps[number])
            if above is not None:
                here = here + F.interpolate(above, size=here.shape[2:], mode="bilinear", align_corners=False)
            above = self.down[number](here)
            mixed.append(above)
        return mixed

    def forward(self, features: list[Tensor]) -> Tensor:
        """Judge the maps of `features`: B logits a head, joined along the second axis."""
        return torch.cat([head(maps).flatten(1) for head, maps in zip(self.heads, features, strict=True)], dim=1)


def _head() -> nn.Module:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(_WIDTH, _WIDTH, 3, 1, 1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(_WIDTH, 1, 1)),
    )
