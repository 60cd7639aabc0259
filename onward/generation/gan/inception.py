"""The field's own score, Fréchet distance on Inception features (FID, arXiv:1706.08500), when its weights are at hand.

Nothing is downloaded. Whoever wants it installs torch-fidelity, which has the network as TensorFlow had it, and puts
the weights where torch keeps downloads, or names the file in `ONWARD_INCEPTION`.
"""

from __future__ import annotations

import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["find_inception", "inception_features"]

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_AT_ONCE = 25


def find_inception() -> nn.Module | None:
    """Build the network if its library and its weights, and nothing else, are on this computer; None otherwise."""
    path = Path(os.environ.get("ONWARD_INCEPTION") or Path(torch.hub.get_dir()) / "checkpoints" / _FILE)
    if not path.is_file():
        return None
    try:
        library: Any = import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError:
        return None
    try:  # the library would run what a stranger's file says: only one that holds nothing but tensors gets there
        with warnings.catch_warnings(action="ignore"):
            torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whatever is wrong with it, there is no network
        return None
    return library.FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(path)
    ).eval()


@torch.no_grad()
def inception_features(network: Any, pictures: Tensor) -> Tensor:
    """Give the 2,048 pooled features: N 3 H W uint8 to N 2048; the network resizes to 299 pixels itself."""
    return torch.cat([network(batch)[0] for batch in pictures.split(_AT_ONCE)])
