"""The peer: style transfer with the published settings of PyTorch's tutorial, in an environment of its own.

VGG-19 as far as conv3_1, in-place ReLUs made out of place, Gram matrices over (a b c d) at the first five convolutions,
content at the fourth, weights 1e6 and 1, L-BFGS on the pixels, clamped before each evaluation; photo and style are
brought to one square size. Its weights are used if they are on this computer; else it draws random ones, which cost
the same time. It imports nothing of Onward.

    python peer_neural_style.py PHOTO STYLE SIDE SECONDS RESULT.png
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

STYLE_WEIGHT, CONTENT_WEIGHT = 1e6, 1.0
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def opened(path: str, side: int) -> torch.Tensor:
    """Read a picture as 1 3 S S."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()


def network() -> tuple[list[nn.Module], str]:
    """Give VGG-19 to its fifth convolution, and whether its weights are trained or random."""
    torch.manual_seed(0)
    try:
        from torchvision import models  # pyright: ignore[reportMissingImports]
    except (ImportError, RuntimeError) as reason:  # of another torch
        print(f"torchvision is not here ({reason}): the same layers with random weights are taken.", file=sys.stderr)
        return _layers(), "random"
    try:
        layers, weights = models.vgg19(weights="DEFAULT").features, "trained"
    except OSError as reason:
        print(f"VGG-19's weights are not here ({reason}): random ones are taken.", file=sys.stderr)
        layers, weights = models.vgg19(weights=None).features, "random"
    return [nn.ReLU() if isinstance(layer, nn.ReLU) else layer for layer in list(layers)[:11]], weights


def _layers() -> list[nn.Module]:
    """Build VGG-19 as far as its fifth convolution (arXiv:1409.1556, table 1, column E)."""
    layers: list[nn.Module] = []
    before = 3
    for after in (64, 64, None, 128, 128, None, 256):
        if after is None:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
            before = after
    return layers[:11]


def looked(layers: list[nn.Module], picture: torch.Tensor) -> list[torch.Tensor]:
    """Give the maps after each convolution."""
    maps = (picture - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]
    found = []
    for layer in layers:
        maps = layer(maps)
        if isinstance(layer, nn.Conv2d):
            found.append(maps)
    return found


def gram(maps: torch.Tensor) -> torch.Tensor:
    """Give the Gram matrix over all sizes."""
    flat = maps.flatten(2)[0]
    return flat @ flat.T / maps.numel()


def main(photo: str, style: str, side: str, seconds: str, result: str) -> None:
    """Restyle for so many seconds."""
    layers, weights = network()
    for layer in layers:
        layer.requires_grad_(False).eval()
    content, wanted = opened(photo, int(side)), opened(style, int(side))
    kept = looked(layers, content)[3].detach()
    grams = [gram(maps).detach() for maps in looked(layers, wanted)]
    picture = content.clone().requires_grad_(True)
    walk = torch.optim.LBFGS([picture])
    began, count = time.perf_counter(), 0

    class Over(Exception):
        pass

    def closure() -> torch.Tensor:
        nonlocal count
        if time.perf_counter() - began > float(seconds):
            raise Over
        with torch.no_grad():
            picture.clamp_(0, 1)
        walk.zero_grad()
        maps = looked(layers, picture)
        style_loss = torch.stack([F.mse_loss(gram(one), other) for one, other in zip(maps, grams, strict=True)]).sum()
        loss = STYLE_WEIGHT * style_loss + CONTENT_WEIGHT * F.mse_loss(maps[3], kept)
        loss.backward()
        count += 1
        return loss

    try:
        while True:
            walk.step(closure)
    except Over:
        pass
    spent = time.perf_counter() - began
    pixels = (picture.detach().clamp(0, 1)[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    Image.fromarray(pixels).save(result)
    print(json.dumps({"evaluations": count, "seconds": spent, "weights": weights}))


if __name__ == "__main__":
    main(*sys.argv[1:])
