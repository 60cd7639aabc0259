"""Eyes that learned to see elsewhere learn what is on these pictures: one run in one file.

Read `main` first, at the end. First a head alone learns, on what the frozen eyes make of the pictures, which takes
seconds; then the eyes too, the deeper layers faster than the first ones. The better of the two is tested.
"""

import copy
import itertools
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.backbones.ejected import Lite0
from onward.vision.classify.ejected_album import answers, batches, pixels, read_album

# What the run was made of. Change a value and see what it does.
DATA = "photos"
OUT = "photos-out"  # what comes out lies in this folder beside the script
SEED = 0
STEPS = 1000  # of training everything, after the head
CLASSES = ("cat", "dog")
EYES = "eyes.npz"  # weights of the network that learned to see
SIZE = 64  # side of the pictures in pixels
SIDE = 160  # what they are brought to before the eyes look
BATCH_SIZE = 32
LEARNING_RATE = 1.5e-4  # the highest one, of the head
SHIFT = 2  # pixels that a picture is moved by at most
MIRRORS = True  # whether a mirror image shows the same
VIEWS = 2  # of a picture that an answer is the mean of
BFLOAT16 = False  # forward passes in half precision, where the processor knows it
HERE = Path(__file__).resolve().parent
#: inlined


class Network(nn.Module):
    """Eyes and a linear head: pictures, B 3 SIZE SIZE in [-1, 1], to logits, B classes."""

    def __init__(self) -> None:
        super().__init__()
        self.eyes = Lite0(HERE / EYES)
        self.head = nn.Linear(1280, len(CLASSES))

    def features(self, pictures: Tensor) -> Tensor:
        """Look: B 3 H W to B 1280."""
        if pictures.shape[-1] != SIDE:
            smaller = pictures.shape[-1] > SIDE
            pictures = F.interpolate(pictures, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=smaller)
        return self.eyes(pictures.contiguous(memory_format=torch.channels_last))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tell."""
        return self.head(self.features(pictures))


@torch.no_grad()
def looks(network: Network, images: np.ndarray) -> Tensor:
    """Give what the frozen eyes make of pictures: N H W 3 bytes to N 1280."""
    few = (pixels(images[start : start + 16]) for start in range(0, len(images), 16))
    return torch.cat([network.features(each) for each in few])


def regression(seen: Tensor, labels: Tensor, pull: float) -> tuple[Tensor, Tensor]:
    """Give weights and biases of logistic regression; half of `pull` times the weights' squares counts as loss."""
    weight, bias = (
        torch.zeros(*shape, requires_grad=True) for shape in ((len(CLASSES), seen.shape[1]), (len(CLASSES),))
    )
    descent = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> float:
        descent.zero_grad()
        told = F.cross_entropy(seen @ weight.T + bias, labels, reduction="sum") + pull * weight.square().sum() / 2
        (told / len(seen)).backward()
        return told.item() / len(seen)

    descent.step(loss)
    return weight.detach(), bias.detach()


@torch.no_grad()
def fit_head(head: nn.Linear, seen: Tensor, labels: Tensor, others: Tensor, wanted: Tensor) -> float:
    """Fit a head by logistic regression, its strength chosen on other pictures; give the accuracy on those.

    On features brought to mean 0 and spread 1; the scaling then goes into the head, so that it is one plain layer.
    """
    mean, spread, best = seen.mean(dim=0), seen.std(dim=0, correction=0) + 1e-3, -1.0
    for strength in (0.003, 0.03, 0.3, 3.0):
        with torch.enable_grad():
            weight, bias = regression((seen - mean) / spread, labels, len(seen) ** 0.5 / strength)
        weight = weight / spread
        bias = bias - weight @ mean
        accuracy = float(((others @ weight.T + bias).argmax(dim=1) == wanted).float().mean())
        if accuracy > best:
            best = accuracy
            head.weight.copy_(weight)
            head.bias.copy_(bias)
    return best


def rate(progress: float) -> float:
    """Give the learning rate of the head: up over 15 % of the steps, then straight down to nothing."""
    return LEARNING_RATE * (0.02 + 0.98 * progress / 0.15 if progress < 0.15 else 1 - (progress - 0.15) / 0.85)


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, seen: int, half_life: int) -> None:
    """Move a running mean of the weights, which is what is tested in the end."""
    remain = 0.5 ** (BATCH_SIZE / min(half_life, 0.05 * seen))
    for average, weight in zip(mean.parameters(), network.parameters(), strict=True):
        average.lerp_(weight, 1 - remain)


def tune(network: Network, images: np.ndarray, labels: np.ndarray) -> Network:
    """Train everything; give the averaged network."""
    mean = copy.deepcopy(network)
    weights = list(network.parameters())
    # first layers see edges and colours, which are the same everywhere: they learn a fifth as fast (arXiv:1801.06146)
    shares = [0.2 ** (1 - place / (len(weights) - 1)) for place in range(len(weights))]
    descent = torch.optim.Adam([{"params": [weight]} for weight in weights])
    shown = batches(images, labels, BATCH_SIZE, SHIFT, SEED, MIRRORS)
    for step, (pictures, wanted) in enumerate(itertools.islice(shown, STEPS)):
        for group, share in zip(descent.param_groups, shares, strict=True):
            group["lr"] = share * rate(step / STEPS)
        with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
            logits = network(pictures)
        loss = F.cross_entropy(logits.float(), wanted, label_smoothing=0.1)
        descent.zero_grad()
        loss.backward()
        descent.step()
        follow(mean, network, (step + 1) * BATCH_SIZE, len(images))
        if step % 20 == 0 or step == STEPS - 1:
            print(f"step {step:6}: loss {loss.item():.3f}", flush=True)
    return mean


def main() -> None:
    """Read pictures, fit a head, train everything, test the better one once."""
    out = HERE / OUT
    out.mkdir(exist_ok=True)
    #: if files
    images, labels, parts = read_album(DATA, CLASSES, SIZE)
    #: end
    #: if arrays
    images, labels, parts = (np.load(HERE / DATA)[name] for name in ("images", "labels", "parts"))
    #: end
    learned, chosen, tested = (parts == number for number in range(3))
    torch.manual_seed(SEED)
    network = Network().eval().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    told = (torch.from_numpy(labels[learned]), looks(network, images[chosen]), torch.from_numpy(labels[chosen]))
    before = fit_head(network.head, looks(network, images[learned]), *told)
    print(f"The head on frozen eyes tells {before:.3f} of the pictures to choose by", flush=True)
    tuned = tune(copy.deepcopy(network), images[learned], labels[learned])
    after = float((answers(tuned, images[chosen], 1).argmax(dim=1) == told[2]).float().mean())
    network = network if after < before else tuned
    right = answers(network, images[tested], VIEWS).argmax(dim=1).numpy() == labels[tested]
    np.savez(out / "weights.npz", **{name: weight.numpy() for name, weight in network.state_dict().items()})
    scores = {
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "test_accuracy": float(right.mean()),
    }
    scores |= {"head_validation_accuracy": before, "validation_accuracy": after}
    (out / "scores.json").write_text(json.dumps(scores) + "\n")
    print(f"{scores}, in {out}")


if __name__ == "__main__":
    main()
