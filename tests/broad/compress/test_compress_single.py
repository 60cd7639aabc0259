"""The codec of one picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from onward.broad.compress.container import BrokenFile, Container, pack, unpack
from onward.broad.compress.fitted import decode_single, encode_single, single_latents
from onward.broad.compress.fitting import Fit, fit_picture
from onward.broad.compress.rivals import rival_points
from onward.broad.compress.scores import _thinned
from onward.broad.compress.single import Layout, laplace_tables, table_numbers
from onward.data.photo import Photo
from onward.meadow import large_scene


def picture(height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(np.asarray(large_scene(0, size=96).pixels)).resize((width, height)))


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (40, 33), (20, 270)])
def test_each_latent_is_foretold_from_earlier_ones(size: tuple[int, int]) -> None:
    layout = Layout(*size)
    contexts = layout.contexts
    assert sorted(np.concatenate([order.numpy() for order in layout.orders]).tolist()) == list(range(layout.count))
    seen = set[int]()
    for number, part in enumerate(layout.tiles):
        for front in layout.fronts(number):
            needed = set(contexts[front].reshape(-1).tolist()) - {layout.count}
            assert needed <= seen
            assert all(part.start <= each < part.stop for each in needed)
            seen |= set(front.tolist())
    assert len(seen) == layout.count


def test_the_way_back_is_the_gradient() -> None:
    torch.manual_seed(0)
    fit = Fit(picture(9, 14), 3)
    latents = (torch.randn(fit.single.layout.count) * 2).requires_grad_()
    fit.single.bits(latents).sum().backward()
    assert latents.grad is not None
    found = latents.grad.clone()
    around = torch.cat([latents, latents.new_zeros(1)])
    seen = around.index_select(0, torch.from_numpy(fit.single.layout.contexts).reshape(-1)).reshape(-1, 10)
    mean, _ = fit.single.teller(seen)
    (slope,) = torch.autograd.grad(mean.sum(), latents)
    latents.grad = None
    from onward.broad.compress.single import Seen

    own = Seen.apply(latents, *fit.single.layout.ways)
    fit.single.teller(own)[0].sum().backward()
    assert torch.allclose(latents.grad, slope, atol=1e-5)
    assert found.isfinite().all()


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (24, 270)])
def test_a_fitted_picture_comes_back_exactly(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    pixels = picture(*size)
    fit = Fit(pixels, 3)
    movers = fit.movers()
    for step in range(6):
        fit.turn(movers, step / 6, 1e-2)
    single, steps, latents = fit.written()
    content = encode_single(Photo(pixels), 3, single, steps, latents)
    file = unpack(content)
    assert (single_latents(file)[0] == latents.numpy()).all()
    found, lost = decode_single(file)
    assert found.shape == pixels.shape
    assert not lost
    bits = float(single.bits(latents.detach()).sum().detach())
    assert 8 * len(content) < 1.15 * bits + 8 * (len(file.networks) + 60 + 8 * len(file.tiles))


def test_in_the_end_latents_stay_and_the_file_gets_smaller() -> None:
    torch.manual_seed(0)
    fit = Fit(picture(40, 40), 3)
    movers = fit.movers()
    for step in range(100):
        if step == 80:
            latents = fit.latents.detach().clone()
            before = float(fit.loss(latents.round())[0].detach())
        fit.turn(movers, step / 100, 1e-2)
    assert (fit.latents == latents).all()
    assert float(fit.loss(fit.latents.round())[0].detach()) < before


def test_fitting_for_seconds_finds_the_picture() -> None:
    torch.manual_seed(0)
    pixels = picture(32, 32)
    content = fit_picture(Photo(pixels), 4, 4.0)
    found, _ = decode_single(unpack(content))
    flat = np.broadcast_to(pixels.mean((0, 1)).round(), pixels.shape)
    assert np.square(found.astype(float) - pixels).mean() < 0.5 * np.square(flat - pixels).mean()


def test_wrong_networks_are_refused() -> None:
    for networks in (
        b"",
        b"\xff" * 40,
        bytes([8, 8, 4, 4, 90, 90]) + b"x" * 40,
        bytes([8, 8, 40, 4, 9, 9]) + b"x" * 40,
    ):
        with pytest.raises(BrokenFile):
            decode_single(unpack(pack(Container(8, 8, 1, [b"abc"], is_fitted=True, networks=networks))))


def test_tables_are_whole_and_their_middle_is_near() -> None:
    laplace_tables().check()
    means = np.arange(-2000, 2000)
    tables, whole = table_numbers(means, np.zeros_like(means))
    assert (np.abs(whole * 256 - means) <= 129 + 16).all()
    assert tables.min() >= 0
    assert tables.max() < 320
    assert laplace_tables().counts[:, :50].astype(np.int64).sum() == 18339482  # the same on every machine


def test_with_little_time_rivals_are_measured_at_fewer_qualities() -> None:
    pixels = picture(200, 200)
    assert _thinned(pixels, 3600.0) == (1, True)
    assert _thinned(pixels, 1e-6) == (4, False)
    whole, few = rival_points("JPEG", pixels), rival_points("JPEG", pixels, 4, has_likeness=False)
    assert [each.size for each in few] == [whole[place].size for place in (0, 4, 8)]
    assert all(np.isnan(each.likeness) for each in few)
    assert not any(np.isnan(each.likeness) for each in whole)
