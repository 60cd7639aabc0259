"""The loop: pictures through the codec, and the sum of what they cost in bits and in errors, made small.

The loss is the rate-distortion trade of the paper (equation 4): bits a pixel + lambda 255^2 mean squared error, at
qualities drawn by lot for each cut of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from onward.broad.compress.codec import Frozen, freeze, frozen_from
from onward.broad.compress.guard import Guard
from onward.broad.compress.network import BLOCK, HYPER, Codec
from onward.broad.compress.reading import Album
from onward.broad.compress.settings import LAMBDAS, Settings
from onward.broad.compress.start import start_of
from onward.core.budget import cooled
from onward.core.exhibits import Picture
from onward.core.faults import RunFault
from onward.core.files import write_atomically
from onward.core.run import Run
from onward.parts.adam import Adam
from onward.parts.averaging import Average

__all__ = ["Model", "load", "train", "untrained"]

_COOLDOWN = 0.3
_HALF_LIFE = 3000  # cuts, of the averaged network
_SLOWER = 0.3  # the transforms' share of the learning rate: their weights are small, and good from the start
_LONGEST_GRADIENT = 1.0
_TAIL_SHARE, _LONGEST_TAIL_SECONDS = 0.1, 120.0
_SHOWN = 3
_LOOK_EVERY, _LOOKED_AT = 25, 12  # steps between looks of the guard, and cuts it looks at
_MOST_MODEL_BYTES = 200_000_000


@dataclass(frozen=True)
class Model:
    """What a run codes with.

    Attributes:
        frozen: the codec of a folder; None where pictures are fitted each by itself.
        run: where its earlier models lie; None without a run.
        fitted: the file that the run made of its own picture.
    """

    settings: Settings
    frozen: Frozen | None = None
    run: Run | None = None
    fitted: bytes | None = None

    def by_id(self, wanted: bytes) -> Frozen | None:
        """Find the model that a file names: this one, or one the run had before it was given more time."""
        if self.frozen is not None and self.frozen.id.startswith(wanted):
            return self.frozen
        path = None if self.run is None else _place(self.run, wanted.hex())
        return _read(path, self.settings) if path is not None and path.is_file() else None


def train(run: Run, album: Album, settings: Settings) -> Model:
    """Learn a codec from an album, or fit one picture."""
    run.machine  # noqa: B018 - sets threads before anything is built
    if run.budget.seconds is not None:
        run.tail_seconds = max(run.tail_seconds, min(_LONGEST_TAIL_SECONDS, _TAIL_SHARE * run.budget.seconds))
    if album.photo is not None:
        from onward.broad.compress.fitting import fit_run

        return Model(settings, run=run, fitted=fit_run(run, album.photo, settings))
    return _train(run, album, settings)


def _train(run: Run, album: Album, settings: Settings) -> Model:
    run.cooldown = _COOLDOWN
    codec = Codec(settings.latents, settings.width)
    codec.begin_with(start_of(album.training, settings.latents))
    codec = codec.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    weights = dict(codec.named_parameters())
    adam = Adam(weights.values(), 0.0, (0.9, 0.999), [_SLOWER if "transform" in name else 1.0 for name in weights])
    average = Average(codec, _HALF_LIFE)
    side = _crop_side(album.training, settings.crop)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fixed = cuts(album.training, _LOOKED_AT, side)
    guard = Guard(lambda network: _loss(network, fixed, torch.arange(_LOOKED_AT) % len(LAMBDAS))[0], codec)
    run.keep(codec=codec, adam=adam, average=average, guard=guard)
    for step in run.steps():
        gentleness = guard.gentleness * 0.5**run.setbacks
        adam.learning_rate = settings.learning_rate * cooled(step.progress, _COOLDOWN, 0.02, 0.02) * gentleness
        quality = torch.arange(settings.batch_size).add(int(torch.randint(6, ()))) % len(LAMBDAS)
        loss, bits, errors = _loss(codec, cuts(album.training, settings.batch_size, side), quality)
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), _LONGEST_GRADIENT)
        adam.step()
        average.follow(codec, pictures=settings.batch_size)
        step.log(loss=loss, bits_a_pixel=bits, error_decibels=-10 * errors.log10())
        if step.every(_LOOK_EVERY) and step.index:
            step.mark(averaged_loss=guard.look(codec, average))
        if step.every(settings.show_every):
            step.show(decoded=Picture(_shown(guard.best.network, album), _CAPTION))
    guard.look(codec, average)  # the last steps, after which no look was due
    frozen = freeze(guard.best.network)
    _keep_model(run, frozen)
    return Model(settings, frozen, run)


def _loss(
    codec: Codec, pictures: torch.Tensor, quality: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give the loss, and the means of bits a pixel and of squared errors.

    Each quality is weighed by the root of its lambda, or the finest would be all that counts.
    """
    lambdas = torch.tensor(LAMBDAS)
    importance = (lambdas / lambdas.log().mean().exp()) ** -0.5
    coded = codec(pictures, quality)
    bits = coded.bits / pictures[0, 0].numel()
    errors = (coded.pictures - pictures).square().mean((1, 2, 3))
    loss = (importance[quality] * (bits + lambdas[quality] * 255**2 * errors)).mean()
    return loss, bits.mean(), errors.mean()


def load(run: Run) -> Model:
    """Find what a run codes with.

    Raises:
        RunFault: it has none yet, or its files are damaged.
    """
    settings = run.settings(Settings)
    fitted = run.path / "picture.onw"
    if fitted.is_file():
        return Model(settings, run=run, fitted=fitted.read_bytes())
    named = run.folder.record.get("model")
    path = _place(run, named) if isinstance(named, str) and named.isalnum() else None
    if path is not None and path.is_file():
        return Model(settings, _read(path, settings), run)
    codec = Codec(settings.latents, settings.width)
    guard = Guard(lambda network: torch.zeros(()), codec)
    run.load_kept(guard=guard)
    frozen = freeze(guard.best.network)
    _keep_model(run, frozen)
    return Model(settings, frozen, run)


def untrained() -> Model:
    """Give what needs no training: each picture is fitted by itself."""
    return Model(Settings(method="picture"))


def cuts(pictures: Sequence[NDArray[np.uint8]], count: int, side: int) -> torch.Tensor:
    """Cut squares from pictures drawn by lot, some of them mirrored: count 3 side side in 0 to 1."""
    found = np.empty((count, side, side, 3), np.uint8)
    for place, number in enumerate(torch.randint(len(pictures), (count,)).tolist()):
        wide = _at_least(pictures[number], side)
        shifts = torch.rand(2).tolist()
        top, left = (int(shift * (wide.shape[axis] - side + 1)) for axis, shift in enumerate(shifts))
        cut = wide[top : top + side, left : left + side]
        found[place] = cut[:, ::-1] if torch.rand(()) < 0.5 else cut
    pixels = torch.from_numpy(found).permute(0, 3, 1, 2)
    return (pixels.float() / 255).contiguous(memory_format=torch.channels_last)


_CAPTION = "originals; decoded at quality 1, 3 and 6"


@torch.no_grad()
def _shown(codec: Codec, album: Album) -> NDArray[np.uint8]:
    """Show held-out pictures above what they decode to."""
    side = min(256, max(64, max(max(each.shape[:2]) for each in album.held_out)))
    chosen = [_at_least(each, side)[:side, :side] for each in album.held_out[:_SHOWN]]
    pictures = torch.from_numpy(np.stack(chosen)).permute(0, 3, 1, 2).float() / 255
    with torch.random.fork_rng(devices=[]):
        rows = [codec(pictures, torch.full((len(chosen),), quality)).pictures for quality in (0, 2, 5)]
    sheet = torch.cat([torch.cat(list(row), 2) for row in [pictures, *rows]], 1)
    return (sheet.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _at_least(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Repeat a picture's last row and column until it is large enough."""
    more = [(0, max(0, side - each)) for each in picture.shape[:2]]
    return np.pad(picture, (*more, (0, 0)), mode="edge") if any(each[1] for each in more) else picture


def _crop_side(pictures: Sequence[NDArray[np.uint8]], wanted: int) -> int:
    step = BLOCK * HYPER
    largest = max(max(each.shape[:2]) for each in pictures)
    return max(step, min(wanted, -(-largest // step) * step) // step * step)


def _place(run: Run, named: str) -> Path:
    return run.path / "models" / f"{named[:16]}.safetensors"


def _keep_model(run: Run, frozen: Frozen) -> None:
    path = _place(run, frozen.id.hex())
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, bytes_of({name: each.contiguous() for name, each in frozen.state.items()}))
    run.folder.update(model=frozen.id.hex()[:16])


def _read(path: Path, settings: Settings) -> Frozen:
    """Read a stored model, which may be a stranger's.

    Raises:
        RunFault: it is damaged.
    """
    try:
        if path.stat().st_size > _MOST_MODEL_BYTES:
            raise ValueError("too large")
        state: dict[str, Any] = tensors_of(path.read_bytes())
        return frozen_from(state, Codec(settings.latents, settings.width))
    except (SafetensorError, ValueError, KeyError, RuntimeError, TypeError, OSError) as reason:
        words = (
            f"The model {path.name} is damaged, or another version made it ({type(reason).__name__}). Train it anew."
        )
        raise RunFault(words) from None
