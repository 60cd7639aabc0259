"""A generator learns to draw by cheating judges, which learn to catch it (arXiv:1406.2661): one run in one file.

Read `train` first, near the end: it is the loop. Then upwards: what the players want, the players, augmentation, data.
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
from torch.nn.utils.parametrizations import spectral_norm

from onward.backbones.ejected import Lite0
from onward.generation.gan.ejected_gallery import batches, draw, read_pictures
from onward.parts.ejected_pictures import sheet

# What the run was made of. Change a value and see what it does.
DATA = "horses"
OUT = "horses-out"  # what comes out lies in this folder beside the script
SEED = 0
STEPS = 1000  # turns of the game that the run took
SIZE = 32  # side of the pictures in pixels, a power of two
WIDTH = 64  # channels of the players
COLOURS = 3  # 1 where no picture has colour
BATCH_SIZE = 32
LEARNING_RATE = 6e-4  # of all players
PENALTY = 0.3  # weight of the gradient penalties at the start; in the end a tenth of it
PENALTY_EVERY = 4  # steps
#: if lite0
EYES = "eyes.npz"  # weights of a network that learned to see elsewhere
PROJECTED_WEIGHT = 1.0  # of the judge that looks through them
PROJECTED_EVERY = 2  # steps
#: end
HALF_LIFE = 10_000  # of the averaged generator, in pictures
SHIFT = 1.0  # strength of the augmentation
SHOW_EVERY = 50  # steps
DRAWN = 2_000  # pictures drawn in the end
BFLOAT16 = False  # forward passes in half precision, where the processor knows it
HERE = Path(__file__).resolve().parent
LATENT = 128  # random numbers behind a picture
DOUBLINGS = SIZE.bit_length() - 3  # from 4 pixels to SIZE
#: inlined


def augment(pictures: Tensor) -> Tensor:
    """Mirror and shift, real pictures and forged ones alike, so that gradients get through (arXiv:2006.10738).

    The judges then cannot learn the few real pictures by heart, and the generator does not learn the changes.
    """
    count, _, height, width = pictures.shape
    pictures = torch.where((torch.rand(count, 1, 1, 1) < 0.5).expand_as(pictures), pictures.flip(3), pictures)
    #: if colour
    bright, vivid = torch.rand(2, count, 1, 1, 1) - 0.5  # few pictures: brightness, saturation and a hole too
    grey = pictures.mean(dim=1, keepdim=True)
    pictures = (pictures - grey) * (1 + 2 * SHIFT * bright) + grey + SHIFT * vivid
    side = max(1, round(height / 2 * min(1.0, SHIFT)))
    top, left = torch.randint(-side // 2, height - side // 2 + 1, (2, count, 1))
    rows, columns = torch.arange(height), torch.arange(width)
    in_rows, in_columns = (rows >= top) & (rows < top + side), (columns >= left) & (columns < left + side)
    pictures = pictures * ~(in_rows[:, None, :, None] & in_columns[:, None, None, :])
    #: end
    #: if shift
    reach = max(1, round(height / 8 * SHIFT))
    down, right = torch.randint(-reach, reach + 1, (2, count, 1))
    rows = (torch.arange(height) + down + 1).clamp(0, height + 1)
    columns = (torch.arange(width) + right + 1).clamp(0, width + 1)
    padded, which = F.pad(pictures, (1, 1, 1, 1)).permute(0, 2, 3, 1), torch.arange(count)[:, None, None]
    pictures = padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    #: end
    return pictures  # noqa: RET504 - without shifts, it is what came before


class Doubling(nn.Module):
    """Twice the side: each pixel four times and a convolution, then one beside what came, which tidies up."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.enlarge, self.norm = nn.Conv2d(before, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after)
        is_fine = after < WIDTH  # fine layers cost most and decide least
        self.tidy = None if is_fine else nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.tidy_norm = None if is_fine else nn.BatchNorm2d(after)

    def forward(self, maps: Tensor) -> Tensor:
        """Go through it: B C H W to B C' 2H 2W."""
        maps = F.relu(self.norm(self.enlarge(F.interpolate(maps, scale_factor=2))))
        if self.tidy is None or self.tidy_norm is None:
            return maps
        return maps + F.relu(self.tidy_norm(self.tidy(maps)))


class Generator(nn.Module):
    """Random numbers, B 128, to pictures, B 3 SIZE SIZE in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        channels = [min(4 * WIDTH, WIDTH << level) for level in reversed(range(DOUBLINGS))] + [WIDTH // 2]
        self.start, self.start_norm = nn.Linear(LATENT, channels[0] * 16, bias=False), nn.BatchNorm2d(channels[0])
        self.doublings = nn.Sequential(*(Doubling(*pair) for pair in itertools.pairwise(channels)))
        self.paint = nn.Conv2d(channels[-1], COLOURS, 3, 1, 1)

    def forward(self, noise: Tensor) -> Tensor:
        """Draw."""
        maps = self.start(noise).unflatten(1, (-1, 4, 4)).contiguous(memory_format=torch.channels_last)
        return self.paint(self.doublings(F.relu(self.start_norm(maps)))).tanh().expand(-1, 3, -1, -1)


class PixelJudge(nn.Module):
    """Pictures to logits, high for real. No normalisation, so that gradient penalties mean something."""

    def __init__(self) -> None:
        super().__init__()
        channels = [3, *(min(4 * WIDTH, WIDTH << level) for level in range(DOUBLINGS))]
        halvings = ((nn.Conv2d(*pair, 4, 2, 1), nn.LeakyReLU(0.2)) for pair in itertools.pairwise(channels))
        self.look = nn.Sequential(*itertools.chain.from_iterable(halvings))
        self.think = nn.Sequential(nn.Conv2d(channels[-1] + 1, 256, 3, 1, 1), nn.LeakyReLU(0.2), nn.Flatten())
        self.judge = nn.Linear(256 * 16, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Judge: B 3 SIZE SIZE to B."""
        maps = self.look(pictures)
        # how much four pictures differ is one more channel: who draws the same again and again is found out
        # (arXiv:1710.10196, section 3)
        fours = maps.unflatten(0, (-1, 4)) if len(maps) % 4 == 0 else maps.unsqueeze(0)
        apart = fours.float() - fours.float().mean(dim=1, keepdim=True)
        spread = (apart.square().mean(dim=1) + 1e-8).sqrt().mean(dim=(1, 2, 3)).to(maps.dtype)
        spread = spread.repeat_interleave(fours.shape[1])[:, None, None, None].expand(-1, 1, 4, 4)
        return self.judge(self.think(torch.cat([maps, spread], dim=1))).squeeze(1)


#: if lite0
class ProjectedJudge(nn.Module):
    """A judge that sees what a frozen network makes of a picture instead of pixels (arXiv:2111.01007).

    It knows from its first step what legs and necks look like. Only its heads learn; channels and scales are mixed at
    random before them, once and for all, so that no head can leave a layer out (section 3.2).
    """

    def __init__(self) -> None:
        super().__init__()
        self.eyes = Lite0(HERE / EYES)
        self.across = nn.ModuleList(nn.Conv2d(channels, 64, 1) for channels in (24, 40, 112, 320))
        self.down = nn.ModuleList(nn.Conv2d(64, 64, 3, 1, 1) for _ in range(4))
        for mixing in (*self.across, *self.down):
            nn.init.kaiming_normal_(mixing.weight, nonlinearity="linear")  # pyright: ignore[reportArgumentType]
        self.requires_grad_(False)
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(64, 64, 3, 1, 1)), nn.LeakyReLU(0.2), spectral_norm(nn.Conv2d(64, 1, 1))
            )
            for _ in range(4)
        )

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Look: B 3 H W to four mixed maps of 64 channels."""
        if pictures.shape[-1] < 64:
            pictures = F.interpolate(pictures, size=(64, 64), mode="bilinear", align_corners=False)
        with torch.autocast("cpu", enabled=False):
            stages = self.eyes.stages(pictures.float())
        mixed, above = [], None
        for number, stage in ((3, 6), (2, 4), (1, 2), (0, 1)):
            here = self.across[number](stages[stage])
            if above is not None:
                here = here + F.interpolate(above, size=here.shape[2:], mode="bilinear", align_corners=False)
            above = self.down[number](here)
            mixed.append(above)
        return mixed

    def forward(self, features: list[Tensor]) -> Tensor:
        """Judge mixed maps: B logits a head, side by side."""
        return torch.cat([head(maps).flatten(1) for head, maps in zip(self.heads, features, strict=True)], dim=1)


#: end
def relativistic_loss(winner: Tensor, loser: Tensor) -> Tensor:
    """Ask that each winner look more real than the loser beside it (arXiv:1807.00734, as paired in 2501.05441)."""
    return F.softplus(loser.float() - winner.float()).mean()


def learn(descent: torch.optim.Optimizer, loss: Tensor, progress: float) -> None:
    """Take a step down a loss, smaller ones in the last 30 % of the game."""
    descent.param_groups[0]["lr"] = LEARNING_RATE * max(0.02, min(1.0, (1 - progress) / 0.3))
    descent.zero_grad()
    loss.backward()
    descent.step()


def adam(player: nn.Module) -> torch.optim.Adam:
    """Make an optimiser for what a player learns."""
    return torch.optim.Adam([weight for weight in player.parameters() if weight.requires_grad], betas=(0.0, 0.99))


def half_precision() -> torch.autocast:
    """Give the context of a forward pass."""
    return torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16)


def teach(judge: PixelJudge, descent: torch.optim.Adam, both: Tensor, step: int) -> float:
    """Let the pixel judge learn from real pictures, the first half, and forged ones; give its loss."""
    with half_precision():
        logits = judge(both).float()
    loss = wanted = relativistic_loss(*logits.chunk(2))
    if step % PENALTY_EVERY == 0 and PENALTY > 0:
        # R1 on real and R2 on forged pictures: E |∇D(x)|² (arXiv:1801.04406, equations 9 and 10)
        seen = both.detach().requires_grad_()
        with half_precision():
            (slope,) = torch.autograd.grad(judge(seen).float().sum(), seen, create_graph=True)
        weight = PENALTY_EVERY * PENALTY * 0.1 ** (step / STEPS)
        wanted = loss + weight * slope.square().sum(dim=(1, 2, 3)).mean()
    learn(descent, wanted, step / STEPS)
    return loss.item()


#: if lite0
def project(judge: ProjectedJudge, descent: torch.optim.Adam, real: Tensor, forged: Tensor, step: int) -> Tensor:
    """Let the projected judge learn by the hinge loss; give the generator's loss against it."""
    with half_precision():
        forged_features = judge.features(forged)
        with torch.no_grad():
            real_features = judge.features(real)
        real_logits, logits = judge(real_features).float(), judge([maps.detach() for maps in forged_features]).float()
    learn(descent, F.relu(1 - real_logits).mean() + F.relu(1 + logits).mean(), step / STEPS)
    judge.heads.requires_grad_(False)
    with half_precision():
        loss = -judge(forged_features).float().mean()
    judge.heads.requires_grad_(True)
    return loss


#: end
@torch.no_grad()
def follow(mean: nn.Module, generator: nn.Module, seen: int) -> None:
    """Move a running mean of the generator (arXiv:1806.04498), which is what is shown and kept in the end."""
    remain = 0.5 ** (BATCH_SIZE / min(HALF_LIFE, 0.05 * seen))  # the random weights of the start are soon forgotten
    for average, value in zip(mean.state_dict().values(), generator.state_dict().values(), strict=True):
        average.lerp_(value, 1 - remain) if average.is_floating_point() else average.copy_(value)


def train(images: np.ndarray, out: Path) -> nn.Module:
    """Play the game; give the averaged generator."""
    torch.manual_seed(SEED)
    fast: Any = {"memory_format": torch.channels_last}  # as convolutions on a processor like it
    generator, judge = Generator().to(**fast), PixelJudge().to(**fast)
    #: if lite0
    second = ProjectedJudge().to(**fast)
    second_descent = adam(second)
    #: end
    descent, judge_descent = adam(generator), adam(judge)
    mean = copy.deepcopy(generator).eval()
    shown = torch.randn(64, LATENT, generator=torch.Generator().manual_seed(SEED + 1))
    for step, real in enumerate(itertools.islice(batches(images, BATCH_SIZE, SEED), STEPS)):
        with half_precision():
            fake = generator(torch.randn(BATCH_SIZE, LATENT)).float()
        real, forged = augment(real), augment(fake)
        judge_loss = teach(judge, judge_descent, torch.cat([real, forged.detach()]), step)

        judge.requires_grad_(False)  # the generator learns the other way round, with the judges held still
        with half_precision():
            forged_logits = judge(forged)
            with torch.no_grad():
                real_logits = judge(real)
        loss = cheat = relativistic_loss(forged_logits, real_logits)
        #: if lite0
        if step % PROJECTED_EVERY == 0:
            cheat = loss + PROJECTED_WEIGHT * project(second, second_descent, real, forged, step)
        #: end
        learn(descent, cheat, step / STEPS)
        judge.requires_grad_(True)

        follow(mean, generator, (step + 1) * BATCH_SIZE)
        if step % SHOW_EVERY == 0 or step == STEPS - 1:
            sheet(draw(mean, shown), 8).save(out / f"step-{step:06}.png")
            print(f"step {step:6}: generator {loss.item():.3f}, judge {judge_loss:.3f}", flush=True)
    return mean


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
