"""Train the outside judge on CIFAR-10's ten classes and write it into the zoo."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from benchmarks.results import real_data, write_section
from onward.data.pictures import read_pictures
from onward.generation.gan.judge import HORSE, Judge

EPOCHS, BATCH = 14, 128


def main(words: list[str]) -> None:
    """Run it."""
    torch.manual_seed(7)
    sets = {part: read_pictures(f"{real_data()}/pictures/cifar10.zip:{part}", size=32) for part in ("train", "test")}
    pixels = {part: torch.from_numpy(each.images.copy()).permute(0, 3, 1, 2) for part, each in sets.items()}
    labels = {part: torch.from_numpy(each.labels) for part, each in sets.items()}
    judge, count = Judge().to(memory_format=torch.channels_last), len(pixels["train"])
    steps = EPOCHS * (count // BATCH)
    adam = torch.optim.AdamW(judge.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, 6e-3, steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(count).split(BATCH)[: count // BATCH]:
            seen = F.pad(pixels["train"][chosen].float() / 127.5 - 1, (4, 4, 4, 4), mode="reflect")
            top, left = torch.randint(0, 9, (2,)).tolist()
            seen = seen[:, :, top : top + 32, left : left + 32]
            seen = seen.flip(3) if torch.rand(()) < 0.5 else seen
            with torch.autocast("cpu", torch.bfloat16):
                logits = judge(seen.contiguous(memory_format=torch.channels_last))
                loss = F.cross_entropy(logits, labels["train"][chosen], label_smoothing=0.1)
            adam.zero_grad()
            loss.backward()
            adam.step()
            schedule.step()
    judge.eval()
    with torch.no_grad():
        guess = torch.cat([judge(each.float() / 127.5 - 1).argmax(1) for each in pixels["test"].split(500)])
    right, horses = guess == labels["test"], labels["test"] == HORSE
    weights = {name: each.half() if each.is_floating_point() else each for name, each in judge.state_dict().items()}
    save_file(
        {name: each.contiguous() for name, each in weights.items()}, str(Path("onward/zoo/judge/judge.safetensors"))
    )
    rows = [[f"{right.float().mean():.3f}", f"{right[horses].float().mean():.3f}"]]
    write_section(
        "judge", "The outside judge", "python -m benchmarks judge", ["test accuracy", "test horses called horse"], rows
    )
