"""A tower in bytes answers as the one in floats does, and only where that is faster."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onward.broad.selfplay.bytes_network import _Convolution, gains_by_bytes, in_bytes
from onward.broad.selfplay.game import Game, Position, Sight
from onward.broad.selfplay.network import Network, Shape
from onward.core.folder import find_run
from onward.verbs.loading import load_model

CONNECT_FOUR = Game("connect_four")


def looked_at(game: Game, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Give planes, scalars and legal moves of positions after some moves by lot."""
    chance, sight = np.random.default_rng(0), Sight(game, count)
    for place in range(count):
        position = Position(game, [])
        for _ in range(place % 6):  # nobody has won by then
            position.apply(int(chance.choice(position.legal())))
        sight.see(place, position.state, position.legal(), position.last)
    planes, scalars = game.look(sight, list(range(count)))
    seen = torch.from_numpy(planes).contiguous(memory_format=torch.channels_last)
    return seen, torch.from_numpy(scalars), torch.from_numpy(sight.legal[:count])


def stirred(network: Network) -> Network:
    """Fill everything by lot: of a new network the blocks add nothing, and nothing pooled is below 0."""
    torch.manual_seed(0)
    for name, values in network.state_dict().items():
        if values.is_floating_point():
            near = 1.0 if name.endswith("var") else 0.0
            values.copy_(near + 0.6 * (torch.rand_like(values) - 0.5))
    return network.eval()


@pytest.mark.parametrize("name", ["connect_four", "go(board_size=5)", "zoo"])
def test_bytes_answer_as_floats_do(name: str) -> None:
    if name == "zoo":
        trained = load_model(find_run("zoo:connect-four"))
        game, network = trained.game, trained.network
    else:
        game = Game(name)
        network = stirred(Network(Shape.of(game, 4, 48)))
    if not gains_by_bytes(network):
        pytest.skip("this processor is not faster with bytes")
    floats, whole = network.folded(), in_bytes(network.folded())
    assert type(whole.blocks[0]) is not type(floats.blocks[0])
    for count in (40, 1, 7):
        planes, scalars, legal = looked_at(game, count)
        with torch.inference_mode():
            one, other = floats(planes, scalars), whole(planes, scalars)
        apart = (torch.tanh(one.value / 2) - torch.tanh(other.value / 2)).abs()
        assert float(apart.max()) < 0.05
        first, second = (each.policy.masked_fill(~legal, -1e9).log_softmax(1) for each in (one, other))
        assert float((first.exp() * (first - second)).sum(1).max()) < 0.005
        assert float(one.policy.std()) > 0.001


def test_a_few_channels_and_boards_of_one_cell_stay_in_floats() -> None:
    small = Network(Shape.of(CONNECT_FOUR, 1, 8)).folded()
    blocks = list(small.blocks)
    assert not gains_by_bytes(small)
    assert list(in_bytes(small).blocks) == blocks


def test_without_the_processor_s_help_it_stays_in_floats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert not gains_by_bytes(Network(Shape.of(CONNECT_FOUR, 1, 48)))


@pytest.mark.parametrize("first", [0.0, -1.0])
def test_what_comes_first_does_not_bind_what_comes_later(first: float) -> None:
    """Weights are laid out at the first call; later ones have other scales and other places of zero."""
    if not gains_by_bytes(Network(Shape.of(CONNECT_FOUR, 1, 48))):
        pytest.skip("this processor is not faster with bytes")
    torch.manual_seed(0)
    floats = torch.nn.Conv2d(48, 48, 3, padding=1).requires_grad_(False)
    whole = _Convolution(floats)
    for count, low in ((36, first), (20, 0.0), (20, -0.7), (1, -2.0)):
        x = (torch.rand(count, 48, 6, 7) * 2 + low).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            apart = whole(x, "none", min(0.0, float(x.amin()))) - floats(x)
        assert float(apart.abs().mean() / floats(x).abs().mean()) < 0.02
        assert float(apart[:, :, 0].abs().mean() / floats(x)[:, :, 0].abs().mean()) < 0.02, "beside the padding"
