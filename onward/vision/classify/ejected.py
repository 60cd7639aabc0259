"""A network learns to see in minutes, after airbench (arXiv:2404.00498): one run in one file.

Read `train` first, near the end: it is the loop. Then upwards: the network, the pictures.
"""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.vision.classify.ejected_album import answers, batches, pixels, read_album

# What the run was made of. Change a value and see what it does.
DATA = "photos"
OUT = "photos-out"  # what comes out lies in this folder beside the script
SEED = 0
STEPS = 1000  # that the run took
CLASSES = ("cat", "dog")
SIZE = 32  # side of the pictures in pixels
WIDTH = 32  # channels of the first block
BATCH_SIZE = 512
LEARNING_RATE = 0.75  # the highest one
SHIFT = 2  # pixels that a picture is moved by at most
MIRRORS = True  # whether a mirror image shows the same
SMOOTHING = 0.2  # of the labels
DECAY = 0.015 / 11.5  # of the weights
VIEWS = 6  # of a picture that an answer is the mean of
BFLOAT16 = False  # forward passes in half precision, where the processor knows it
HERE = Path(__file__).resolve().parent
#: inlined


class Convolution(nn.Conv2d):
    """A 3x3 convolution that starts by passing its first channels on as they are (section 3.3 of the paper)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3, padding=1, bias=False)
        nn.init.dirac_(self.weight.data[:before])


def normalisation(channels: int) -> nn.BatchNorm2d:
    """Normalise a batch; scales stay 1, only the shifts are learned."""
    layer = nn.BatchNorm2d(channels, momentum=0.4)
    layer.weight.requires_grad_(False)
    return layer


def block(before: int, after: int) -> nn.Sequential:
    """Two convolutions; the first is followed by halving the sides."""
    first = (Convolution(before, after), nn.MaxPool2d(2), normalisation(after), nn.GELU())
    return nn.Sequential(*first, Convolution(after, after), normalisation(after), nn.GELU())


class Network(nn.Module):
    """Pictures, B 3 SIZE SIZE in [-1, 1], to logits, B classes."""

    def __init__(self) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad_(False)
        more = max(0, (SIZE - 1).bit_length() - 5)  # one more halving for each doubling beyond 32 pixels
        widths = [24, *([WIDTH] * (more + 1)), 4 * WIDTH, 4 * WIDTH]
        self.blocks = nn.Sequential(*(block(*pair) for pair in itertools.pairwise(widths)))
        self.head = nn.Linear(4 * WIDTH, len(CLASSES), bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell, by the largest response of each channel."""
        with torch.autocast("cpu", enabled=False):  # small differences of pixels, which half precision does not see
            whitened = self.whiten(pictures.float())
        features = self.blocks(F.gelu(whitened)).amax(dim=(2, 3))
        return self.head(features) / features.shape[1] ** 0.5 * 2


def whitening(pictures: Tensor) -> Tensor:
    """Compute the first layer: filters after which neighbouring pixels tell nothing about each other (section 3.2).

    They are the eigenvectors of the 2x2 patches' covariance over the roots of their eigenvalues, and their negatives.
    """
    patches = F.unfold(pictures, 2).transpose(1, 2).reshape(-1, 12)
    patches = patches - patches.mean(dim=0)
    values, vectors = torch.linalg.eigh(patches.T.double() @ patches.double() / len(patches))
    filters = (vectors / (values + 5e-4).sqrt()).T.flip(0).reshape(12, 3, 2, 2).float()
    return torch.cat([filters, -filters])


def rate(progress: float) -> float:
    """Give the learning rate: up to its highest at 23 % of the steps, then straight down."""
    return LEARNING_RATE * (0.2 + 0.8 * progress / 0.23 if progress < 0.23 else 1 - 0.95 * (progress - 0.23) / 0.77)


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, seen: int, half_life: int) -> None:
    """Move a running mean of weights and statistics, which is what is tested in the end."""
    remain = 0.5 ** (BATCH_SIZE / min(half_life, 0.05 * seen))  # the random weights of the start are soon forgotten
    for average, value in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        average.lerp_(value, 1 - remain) if average.is_floating_point() else average.copy_(value)


def train(images: np.ndarray, labels: np.ndarray) -> nn.Module:
    """Learn to see; give the averaged network."""
    torch.manual_seed(SEED)
    fast: Any = {"memory_format": torch.channels_last}  # as convolutions on a processor like it
    network = Network().to(**fast)
    network.whiten.weight.data.copy_(whitening(pixels(images[:5000])))
    shifts = [each for each in network.blocks.parameters() if each.requires_grad and each.ndim == 1]
    fixed = {id(each) for each in shifts}
    rest = [each for each in network.parameters() if each.requires_grad and id(each) not in fixed]
    # shifts of normalisations learn 64 times as fast (section 3.4)
    groups = [{"params": rest, "weight_decay": DECAY}, {"params": shifts, "weight_decay": DECAY / 64}]
    descent = torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=0.85, nesterov=True)
    mean = copy.deepcopy(network).eval()
    shown = batches(images, labels, BATCH_SIZE, SHIFT, SEED, MIRRORS)
    for step, (pictures, wanted) in enumerate(itertools.islice(shown, STEPS)):
        for group, times in zip(descent.param_groups, (1, 64), strict=True):
            group["lr"] = times * rate(step / STEPS)
        with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
            logits = network(pictures)
        loss = F.cross_entropy(logits.float(), wanted, label_smoothing=SMOOTHING)
        descent.zero_grad()
        loss.backward()
        descent.step()
        follow(mean, network, (step + 1) * BATCH_SIZE, len(images))
        if step % 20 == 0 or step == STEPS - 1:
            print(f"step {step:6}: loss {loss.item():.3f}", flush=True)
    return mean


def main() -> None:
    """Read pictures, learn to tell their classes, test once."""
    out = HERE / OUT
    out.mkdir(exist_ok=True)
    #: if files
    images, labels, parts = read_album(DATA, CLASSES, SIZE)
    #: end
    #: if arrays
    images, labels, parts = (np.load(HERE / DATA)[name] for name in ("images", "labels", "parts"))
    #: end
    network = train(images[parts == 0], labels[parts == 0])
    scores: dict[str, float] = {"parameters": sum(weight.numel() for weight in network.parameters())}
    for number, name in ((1, "validation"), (2, "test")):
        told = answers(network, images[parts == number], VIEWS).argmax(dim=1).numpy()
        scores[f"{name}_accuracy"] = float((told == labels[parts == number]).mean())
    np.savez(out / "weights.npz", **{name: weight.numpy() for name, weight in network.state_dict().items()})
    (out / "scores.json").write_text(json.dumps(scores) + "\n")
    print(f"{scores}, in {out}")


if __name__ == "__main__":
    main()
