"""The language network reads a text in pieces as it reads it whole, and learns."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from onward.language.memory_network import LanguageNetwork, dropped_channels
from onward.language.recurrent import CELLS


@pytest.mark.parametrize("cell", CELLS)
def test_reading_in_pieces_is_reading_whole(cell: str) -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(20, width=8, depth=2, cell=cell).eval()
    numbers = torch.randint(0, 20, (11, 3))
    whole, _ = network(numbers, network.start(3))
    state, told = network.start(3), []
    for piece in numbers.split([5, 1, 1, 4]):
        logits, state = network(piece, state)
        told.append(logits)
    assert torch.allclose(torch.cat(told), whole, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_the_future_is_not_seen(cell: str) -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(20, width=8, depth=2, cell=cell).eval()
    numbers = torch.randint(0, 20, (9, 1))
    changed = numbers.clone()
    changed[5:] = (changed[5:] + 7) % 20
    one, other = (network(each, network.start(1))[0] for each in (numbers, changed))
    assert torch.allclose(one[:5], other[:5], atol=1e-6)
    assert not torch.allclose(one[5:], other[5:], atol=1e-3)


@pytest.mark.parametrize("cell", CELLS)
def test_it_remembers_what_came_first(cell: str) -> None:
    """The first piece is to be said at the end, three moments after it was seen."""
    torch.manual_seed(0)
    network = LanguageNetwork(6, width=24, depth=1, cell=cell)
    descent = torch.optim.Adam(network.parameters(), 0.02)
    losses = []
    for _ in range(150):
        first = torch.randint(2, 6, (1, 32))
        numbers = torch.cat([first, torch.zeros(2, 32, dtype=torch.long), torch.ones(1, 32, dtype=torch.long)])
        logits, _ = network(numbers, network.start(32))
        loss = F.cross_entropy(logits[-1], first[0])
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    assert losses[0] > 1.0
    assert sum(losses[-10:]) / 10 < 0.15


def test_channels_are_dropped_for_all_moments_alike() -> None:
    seen = dropped_channels(torch.ones(5, 2, 100), 0.5, True)
    assert torch.equal(seen[0], seen[4])
    assert 0.2 < float((seen[0] == 0).float().mean()) < 0.8
    assert torch.equal(dropped_channels(torch.ones(5, 2, 3), 0.5, False), torch.ones(5, 2, 3))
