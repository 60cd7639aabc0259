"""The outside judge: trained on CIFAR-10's ten classes (`--train`), measured on its test pictures, with its card."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.results import real_data, write_section
from onward.data.pictures import read_pictures
from onward.generation.gan import judge as judging
from onward.generation.gan.judge import HORSE, Judge, load_judge

EPOCHS, BATCH = 14, 128
PLACE = Path(judging.__file__).resolve().parents[2] / "zoo" / "judge"
CARD = """# judge

A small classifier of CIFAR-10's ten classes whose features and opinions score generators. No generator or discriminator
ever saw it, so nobody can have learned to please it.

- **Network**: seven 3x3 convolutions with batch normalisation, 256 pooled features, one linear layer;
  {weights:,} weights.
- **Data**: CIFAR-10's 50,000 training pictures; shifts by up to 4 pixels and mirroring.
- **Recipe**: AdamW, one cycle up to 6e-3, {epochs} epochs of batches of {batch}, label smoothing 0.1.
- **Figures** on the 10,000 test pictures: {accuracy:.1%} right; {horses:.1%} of the horses called horse.
- **Command**: `python -m benchmarks judge --train`; these figures alone: `python -m benchmarks judge`.
"""


def _read(part: str) -> tuple[Tensor, Tensor]:
    pictures = read_pictures(f"{real_data()}/pictures/cifar10.zip:{part}", size=32)
    return torch.from_numpy(pictures.images.copy()).permute(0, 3, 1, 2), torch.from_numpy(pictures.labels)


def train() -> None:
    """Train the judge and write its weights."""
    torch.manual_seed(7)
    pixels, labels = _read("train")
    judge, count = Judge().to(memory_format=torch.channels_last), len(pixels)  # pyright: ignore[reportCallIssue]
    steps = EPOCHS * (count // BATCH)
    adam = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(count).split(BATCH)[: count // BATCH]:
            seen = F.pad(pixels[chosen].float() / 127.5 - 1, (4, 4, 4, 4), mode="reflect")
            top, left = torch.randint(0, 9, (2,)).tolist()
            seen = seen[:, :, top : top + 32, left : left + 32]
            seen = seen.flip(3) if torch.rand(()) < 0.5 else seen
            with torch.autocast("cpu", torch.bfloat16):
                logits = judge(seen.contiguous(memory_format=torch.channels_last))
                loss = F.cross_entropy(logits, labels[chosen], label_smoothing=0.1)
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    weights = {name: each.half() if each.is_floating_point() else each for name, each in judge.state_dict().items()}
    save_file({name: each.contiguous() for name, each in weights.items()}, str(PLACE / "judge.safetensors"))


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", action="store_true", help="train it anew first (about 10 minutes)")
    if parser.parse_args(words).train:
        train()
    judge = load_judge()
    pixels, labels = _read("test")
    with torch.no_grad():
        guess = torch.cat([judge(each.float() / 127.5 - 1).argmax(1) for each in pixels.split(500)])
    accuracy = float((guess == labels).float().mean())
    horses = float((guess[labels == HORSE] == HORSE).float().mean())
    weights = sum(each.numel() for each in judge.parameters())
    card = CARD.format(weights=weights, epochs=EPOCHS, batch=BATCH, accuracy=accuracy, horses=horses)
    (PLACE / "README.md").write_text(card, encoding="utf-8")
    columns = ["test accuracy", "test horses called horse"]
    write_section(
        "judge", "The outside judge", "python -m benchmarks judge", columns, [[f"{accuracy:.3f}", f"{horses:.3f}"]]
    )
