"""The first game of generator and discriminator (arXiv:1406.2661) on DCGAN's networks (1511.06434), in one file.

Read `train` first: it is the loop. Then upwards: the two players, the data.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.generation.gan.ejected_gallery import batches, draw, read_pictures
from onward.parts.ejected_pictures import sheet

# What the run was made of. Change a value and see what it does.
DATA = "horses"
OUT = "horses-out"  # what comes out lies in this folder beside the script
SEED = 0
STEPS = 1000  # turns of the game that the run took
SIZE = 32  # side of the pictures in pixels, a power of two
WIDTH = 64  # channels of the players at their finest
COLOURS = 3  # 1 where no picture has colour
BATCH_SIZE = 64
LEARNING_RATE = 2e-4  # of both
SHOW_EVERY = 50  # steps
DRAWN = 2_000  # pictures drawn in the end
BFLOAT16 = False  # forward passes in half precision, where the processor knows it
HERE = Path(__file__).resolve().parent
LATENT = 100  # random numbers behind a picture
CHANNELS = [WIDTH << level for level in range(SIZE.bit_length() - 3)]
#: inlined


def start(module: nn.Module) -> None:
    """Start as the paper says: weights normal with deviation 0.02, gains around 1."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class Generator(nn.Module):
    """Random numbers, B 100, to pictures, B 3 SIZE SIZE in [-1, 1]: from 4 pixels on, each layer doubles the side."""

    def __init__(self) -> None:
        super().__init__()
        layers, before, stride, padding = [], LATENT, 1, 0
        for after in reversed(CHANNELS):
            convolution = nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False)
            layers += [convolution, nn.BatchNorm2d(after), nn.ReLU()]
            before, stride, padding = after, 2, 1
        self.draw = nn.Sequential(*layers, nn.ConvTranspose2d(before, COLOURS, 4, 2, 1, bias=False), nn.Tanh())
        self.apply(start)

    def forward(self, noise: Tensor) -> Tensor:
        """Draw."""
        return self.draw(noise[:, :, None, None]).expand(-1, 3, -1, -1)


class Discriminator(nn.Module):
    """Pictures, B 3 SIZE SIZE in [-1, 1], to logits, B, high for real: each layer halves the side."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, WIDTH, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for before, after in itertools.pairwise(CHANNELS):
            convolution = nn.Conv2d(before, after, 4, 2, 1, bias=False)
            layers += [convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        self.judge = nn.Sequential(*layers, nn.Conv2d(CHANNELS[-1], 1, 4, 1, 0, bias=False), nn.Flatten(0))
        self.apply(start)

    def forward(self, pictures: Tensor) -> Tensor:
        """Judge."""
        return self.judge(pictures)


def learn(descent: torch.optim.Adam, loss: Tensor) -> None:
    """Take a step down a loss."""
    descent.zero_grad()
    loss.backward()
    descent.step()


def train(images: np.ndarray, out: Path) -> nn.Module:
    """Play the game; give the generator."""
    torch.manual_seed(SEED)
    fast: Any = {"memory_format": torch.channels_last}  # as convolutions on a processor like it
    generator, discriminator = Generator().to(**fast), Discriminator().to(**fast)
    adams = [torch.optim.Adam(each.parameters(), LEARNING_RATE, (0.5, 0.999)) for each in (generator, discriminator)]
    shown = torch.randn(64, LATENT, generator=torch.Generator().manual_seed(SEED + 1))
    for step, real in enumerate(itertools.islice(batches(images, BATCH_SIZE, SEED), STEPS)):
        # the discriminator is to say 1 of real pictures and 0 of forged ones: −E log D(x) − E log(1 − D(G(z)))
        with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
            fake = generator(torch.randn(BATCH_SIZE, LATENT))
            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        discriminator_loss = F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()
        learn(adams[1], discriminator_loss)

        # the generator wants its own taken for real: −E log D(G(z)), the form whose gradient does not die
        discriminator.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
            cheating_logits = discriminator(fake)
        generator_loss = F.softplus(-cheating_logits.float()).mean()
        learn(adams[0], generator_loss)
        discriminator.requires_grad_(True)

        if step % SHOW_EVERY == 0 or step == STEPS - 1:
            sheet(draw(generator.eval(), shown), 8).save(out / f"step-{step:06}.png")
            generator.train()
            losses = f"generator {generator_loss.item():.3f}, discriminator {discriminator_loss.item():.3f}"
            print(f"step {step:6}: {losses}", flush=True)
    return generator.eval()


def main() -> None:
    """Read pictures, learn to draw, draw."""
    out = HERE / OUT
    out.mkdir(exist_ok=True)
    #: if files
    images = read_pictures(DATA, SIZE)
    #: end
    #: if arrays
    images = np.load(HERE / DATA)["images"]
    #: end
    generator = train(images, out)
    drawn = draw(generator, torch.randn(DRAWN, LATENT, generator=torch.Generator().manual_seed(1)))
    np.savez_compressed(out / "drawn.npz", images=drawn)
    np.savez(out / "weights.npz", **{name: weight.numpy() for name, weight in generator.state_dict().items()})
    parameters = sum(weight.numel() for weight in generator.parameters())
    (out / "scores.json").write_text(json.dumps({"parameters": parameters, "pictures": len(images)}) + "\n")
    print(f"{DRAWN:,} pictures are in {out / 'drawn.npz'}; the generator has {parameters:,} weights")


if __name__ == "__main__":
    main()
