from __future__ import annotations

import itertools

import torch
from torch import Tensor

from onward.language.beam import Beam, search

SIZE, END = 5, 1


def table(seed: int) -> Tensor:
    """Give the logits of the next piece by the last two: a small language that can be gone through whole."""
    return torch.randn(3, SIZE, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) * 2


def steps(tables: Tensor):
    def go(last: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, None, tuple[Tensor, Tensor]]:
        which, before = state
        return tables[which, before, last], None, (which, last)

    return go


def select(state: tuple[Tensor, Tensor], rows: Tensor) -> tuple[Tensor, Tensor]:
    return state[0][rows], state[1][rows]


def likeliest(tables: Tensor, which: int, longest: int, power: float) -> float:
    """Go through all answers."""
    logs = tables.log_softmax(dim=-1)
    best = -1e9
    for length in range(longest):
        for said in itertools.product([0, 2, 3, 4], repeat=length):
            path = [0, 0, *said, END]
            total = sum(float(logs[which, a, b, c]) for a, b, c in zip(path, path[1:], path[2:], strict=False))
            best = max(best, total / ((5 + length + 1) / 6) ** power)
    return best


def test_a_wide_beam_finds_the_likeliest_of_all() -> None:
    for seed in range(5):
        tables = table(seed)
        state = (torch.arange(3), torch.zeros(3, dtype=torch.long))
        found = search(steps(tables), state, select, torch.tensor([4, 4, 4]), Beam(200, 1.0, 0.0), (0, END))
        for which in range(3):
            ended = [each for each in found[which] if len(each.pieces) < 4]
            assert abs(max(each.score for each in ended) - likeliest(tables, which, 4, 1.0)) < 1e-4


def test_a_sentence_s_answer_does_not_depend_on_its_company() -> None:
    tables = table(7)
    zero = torch.zeros(3, dtype=torch.long)
    limits = torch.tensor([3, 6, 9])
    together = search(steps(tables), (torch.arange(3), zero), select, limits, Beam(4, 0.8, 0.0), (0, END))
    for which in range(3):
        state = (torch.tensor([which]), zero[:1])
        (alone,) = search(steps(tables), state, select, limits[which : which + 1], Beam(4, 0.8, 0.0), (0, END))
        assert [each.pieces for each in alone] == [each.pieces for each in together[which]]


def test_limits_are_kept_and_pieces_forbidden_are_never_said() -> None:
    tables = table(3)
    state = (torch.arange(3), torch.zeros(3, dtype=torch.long))
    found = search(steps(tables), state, select, torch.tensor([1, 2, 5]), Beam(3), (0, END), never=(0, 4))
    for most, answers in zip((1, 2, 5), found, strict=True):
        assert answers
        assert all(len(each.pieces) <= most and not {0, 4} & set(each.pieces) for each in answers)
        assert [each.score for each in answers] == sorted((each.score for each in answers), reverse=True)
