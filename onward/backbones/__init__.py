"""Pretrained feature extractors, and their features kept on disk.

Read `lite0.py` (the network), `eyes.py` (it and others by name), then `features.py` (running one over many pictures).
"""

from __future__ import annotations

from onward.backbones.eyes import Eyes, find_eyes
from onward.backbones.features import Features, weights_name
from onward.backbones.imagenet import find_class, imagenet_classes
from onward.backbones.libraries import built, library
from onward.backbones.lite0 import EfficientNetLite0, efficientnet_lite0, lite0_classifier

__all__ = [
    "EfficientNetLite0",
    "Eyes",
    "Features",
    "built",
    "efficientnet_lite0",
    "find_class",
    "find_eyes",
    "imagenet_classes",
    "library",
    "lite0_classifier",
    "weights_name",
]
