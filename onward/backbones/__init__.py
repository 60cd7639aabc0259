"""Pretrained feature extractors, and their features kept on disk.

Read `lite0.py` (the network), then `features.py` (running it once over many pictures).
"""

from __future__ import annotations

from onward.backbones.features import Features
from onward.backbones.lite0 import EfficientNetLite0, efficientnet_lite0

__all__ = ["EfficientNetLite0", "Features", "efficientnet_lite0"]
