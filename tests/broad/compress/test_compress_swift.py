"""The compiled kernels and torch's expression count the same."""

from __future__ import annotations

import math
import os
import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from onward.broad.compress import fitting
from onward.broad.compress.fitting import Fit
from onward.broad.compress.single import Layout
from onward.tasks import find_task
from onward.verbs.train import train

numba = pytest.importorskip("numba")
SMALL = [(1, 1), (1, 5), (3, 7), (9, 14), (2, 260)]


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Kernels as plain Python: slow, but there at once."""
    from onward.broad.compress import swift

    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    spec = find_spec("onward.broad.compress.kernels")
    assert spec is not None
    assert spec.loader is not None
    kernels = module_from_spec(spec)
    spec.loader.exec_module(kernels)
    monkeypatch.setattr(swift, "kernels", kernels)
    return kernels


def pixels(size: tuple[int, int], is_grey: bool) -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, 256, (*size, 1 if is_grey else 3), np.uint8)
    return np.broadcast_to(drawn, (*size, 3)).copy()


def counted(fit: Fit, latents: Tensor) -> list[Tensor]:
    """Give loss, bits, errors, and the gradients of the last two by everything."""
    latents = latents.clone().requires_grad_()
    loss, bits, errors = fit.loss(latents)
    wanted = [latents, *fit.single.parameters()]
    slopes = [
        each for of in (bits, errors) for each in torch.autograd.grad(of, wanted, retain_graph=True, allow_unused=True)
    ]
    return [*(each.detach() for each in (loss, bits, errors)), *(each for each in slopes if each is not None)]


def assert_the_same(size: tuple[int, int], is_grey: bool = False) -> None:
    torch.manual_seed(0)
    given = pixels(size, is_grey)
    plain, swift = Fit(given, 3), Fit(given, 3)
    swift.hasten()
    nn.init.normal_(plain.single.painter.smooth.weight, std=0.1)
    swift.single.load_state_dict(plain.single.state_dict())
    count = plain.single.layout.count
    latents = (torch.randn(count) * 4).round() * (torch.rand(count) < 0.5) + torch.rand(count) * 0.1
    for mine, theirs in zip(counted(swift, latents), counted(plain, latents), strict=True):
        assert mine.shape == theirs.shape
        assert float((mine - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())
    with torch.no_grad():
        assert torch.allclose(torch.stack(swift.loss(latents)), torch.stack(plain.loss(latents)), rtol=1e-4)
    moved, drawn = [], []
    for fit in (plain, swift):
        torch.manual_seed(1)
        fit.moved.data = latents / 16
        values = fit.softened(0.15, 1.4)
        drawn.append(values.detach())
        moved.append(torch.autograd.grad(values.square().sum(), fit.moved)[0])
    assert float((drawn[0] - drawn[1]).abs().max()) < 1e-4
    assert float((moved[0] - moved[1]).abs().max()) <= 1e-3 * float(moved[0].abs().max())


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("size", SMALL)
def test_the_kernels_count_what_torch_counts(size: tuple[int, int]) -> None:
    assert_the_same(size)


@pytest.mark.slow
@pytest.mark.parametrize("size", [*SMALL, (300, 270), (33, 515)])
@pytest.mark.parametrize("is_grey", [False, True])
def test_compiled_kernels_count_what_torch_counts(size: tuple[int, int], is_grey: bool) -> None:
    assert_the_same(size, is_grey)


@pytest.mark.parametrize("is_there", [False, True])
def test_kernels_are_compiled_for_long_budgets_only(is_there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_are_compiled", lambda: is_there)
    assert not fitting._is_swift(10.0, None)
    assert fitting._is_swift(30.0, None) == is_there
    assert not fitting._is_swift(math.inf, 3)
    assert not fitting._is_swift(3600.0, 3)
    assert fitting._is_swift(3600.0, None)
    assert fitting._is_swift(math.inf, 100_000)


def test_kernels_of_another_python_or_source_are_not_taken_for_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "__file__", str(tmp_path / "fitting.py"))
    (tmp_path / "kernels.py").touch()
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "kernels.paint-1.py20.nbi").touch()
    assert not fitting._are_compiled()
    own = tmp_path / "__pycache__" / f"kernels.paint-1.py{sys.version_info.major}{sys.version_info.minor}.nbi"
    own.touch()
    os.utime(own, (2e9, 2e9))
    assert fitting._are_compiled()
    os.utime(own, (1e9, 1e9))
    assert not fitting._are_compiled()


def test_a_numba_that_cannot_be_imported_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onward.broad.compress.swift", None)
    fit = Fit(pixels((5, 5), False), 3)
    fit.hasten()
    assert fit.has_hastened
    assert fit.turn(fit.movers(), 0.1, 1e-2)["loss"].isfinite()


def test_parts_are_where_grids_begin() -> None:
    layout = Layout(20, 270)
    starts, sizes = layout.parts[:, 0], layout.parts[:, 1:].prod(1)
    assert starts[0] == 0
    assert (starts[1:] == starts[:-1] + sizes[:-1]).all()
    assert starts[-1] + sizes[-1] == layout.count


def test_the_first_picture_is_there_before_anything_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def compiled(layout: Layout) -> None:
        seen.append(len(list(tmp_path.glob("*/samples/decoded-*.png"))))

    monkeypatch.setattr(fitting, "_is_swift", lambda *given: True)
    monkeypatch.setattr(fitting, "_swift", compiled)
    monkeypatch.setattr(fitting, "_STEPS_BEFORE", 1)
    Image.fromarray(pixels((24, 24), False)).save(tmp_path / "a.png")
    train(find_task("compress"), str(tmp_path / "a.png"), {}, steps=2, out=tmp_path, quiet=True)
    assert seen == [1]
