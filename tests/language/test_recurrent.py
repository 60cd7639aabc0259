"""Cells with memory agree with the library's and with their equations, and forget as the anchors say."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from onward.language.recurrent import CELLS, Gru, Lstm, MinGru, Recurrent, Rnn, scan

PEERS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


@pytest.mark.parametrize("name", PEERS)
def test_outputs_states_and_gradients_are_the_library_s(name: str) -> None:
    torch.manual_seed(0)
    layer, peer = CELLS[name](3, 5).double(), PEERS[name](3, 5).double()
    with torch.no_grad():
        peer.weight_ih_l0.copy_(layer.told.weight)
        peer.weight_hh_l0.copy_(layer.kept.weight)
        peer.bias_ih_l0.copy_(layer.told.bias)
        peer.bias_hh_l0.zero_()
    moments = torch.randn(7, 2, 3, dtype=torch.double, requires_grad=True)
    state = torch.randn(layer.states, 2, 5, dtype=torch.double)
    given = tuple(state[:, None]) if name == "lstm" else state
    told, after = layer(moments, state)
    (wanted, wanted_after) = peer(moments, given)
    assert torch.allclose(told, wanted)
    assert torch.allclose(after, torch.cat(wanted_after) if name == "lstm" else wanted_after)
    mine, theirs = (torch.autograd.grad(each.square().sum(), moments, retain_graph=True)[0] for each in (told, wanted))
    assert torch.allclose(mine, theirs)


@pytest.mark.parametrize("name", CELLS)
def test_a_text_in_pieces_is_the_text_whole(name: str) -> None:
    torch.manual_seed(0)
    layer = CELLS[name](3, 6).eval()
    moments = torch.randn(9, 2, 3)
    whole, end = layer(moments, layer.start(2))
    state, told = layer.start(2), []
    for piece in moments.split([4, 1, 4]):
        out, state = layer(piece, state)
        told.append(out)
    assert torch.allclose(torch.cat(told), whole, atol=1e-6)
    assert torch.allclose(state, end, atol=1e-6)


def test_the_scan_s_gradient_is_that_of_its_equation() -> None:
    torch.manual_seed(0)
    keep, new = (torch.rand(5, 2, 3, dtype=torch.double, requires_grad=True) for _ in range(2))
    first = torch.rand(2, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(scan, (keep, new, first))
    with torch.no_grad():
        plain = scan(keep, new, first)
    assert torch.allclose(plain, scan(keep, new, first).detach())


def test_one_step_at_a_time_is_the_step_the_paper_writes() -> None:
    torch.manual_seed(0)
    layer = MinGru(3, 4)
    moments, state = torch.randn(1, 2, 3), torch.rand(1, 2, 4)
    gate, candidate = layer.told(moments[0]).chunk(2, dim=1)
    share = gate.sigmoid()
    fresh = torch.where(candidate >= 0, candidate + 0.5, candidate.sigmoid())
    assert torch.allclose(layer(moments, state)[0][0], (1 - share) * state[0] + share * fresh)


def test_dropped_weights_are_the_same_in_every_moment_and_none_at_work() -> None:
    torch.manual_seed(0)
    layer = Rnn(2, 64, drop=0.5)
    nn.init.ones_(layer.kept.weight)
    nn.init.zeros_(layer.told.weight)
    nn.init.zeros_(layer.told.bias)
    state = torch.full((1, 1, 64), 1e-4)
    first, second = layer(torch.zeros(2, 1, 2), state)[0]
    assert not torch.allclose(first, layer.eval()(torch.zeros(2, 1, 2), state)[0][0])
    ratio = second / first  # linear so near to 0: the same matrix twice
    assert ratio.std() < 0.2 * ratio.mean()


def gradient_norms(layer: Recurrent, moments: int = 100, batch: int = 32) -> Tensor:
    """Give |dL/dx(t−k)| / |dL/dx(t)| for k = 0, 1, …: how much a moment long ago still matters."""
    seen = torch.randn(moments, batch, layer.told.in_features, requires_grad=True)
    told, _ = layer(seen, layer.start(batch))
    (grad,) = torch.autograd.grad(told[-1].square().sum(), seen)
    norms = grad.flatten(1).norm(dim=1).flip(0)
    return norms / norms[0]


@pytest.mark.parametrize(
    ("build", "moments_ago", "least", "most"),
    [
        (lambda: Rnn(64, 128), 50, 0.0, 1e-9),
        (lambda: Gru(64, 128), 50, 0.0, 1e-6),
        (lambda: Lstm(64, 128, forget_bias=0.0), 50, 0.0, 1e-6),
        (lambda: Lstm(64, 128, forget_bias=1.0), 50, 1e-6, 1e-2),
        (lambda: Lstm(64, 128, forget_bias=3.0), 99, 0.02, 10.0),
    ],
)
def test_what_happens_to_the_gradient_over_time(build, moments_ago: int, least: float, most: float) -> None:
    torch.manual_seed(0)
    assert least <= float(gradient_norms(build())[moments_ago]) <= most
