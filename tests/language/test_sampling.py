"""The next piece is drawn as likely as it should be."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.language.sampling import Taste, choose, shaped

PLAIN = Taste(temperature=1.0, mass=1.0)
LOGITS = torch.tensor([3.0, 2.0, 1.0, 0.0, -1.0])


@given(
    st.lists(st.floats(-20, 20), min_size=1, max_size=12), st.floats(0, 3), st.integers(0, 15), st.floats(0.01, 1),
    st.floats(0, 1), st.floats(1, 3),
)  # fmt: skip
def test_it_is_always_a_distribution(
    values: list[float], temperature: float, most: int, mass: float, floor: float, repetition: float
) -> None:
    logits = torch.tensor(values)
    shares = shaped(logits, Taste(temperature, most, mass, floor, repetition), [0, 0])
    assert float(shares.sum()) == pytest.approx(1, abs=1e-5)
    assert float(shares.min()) >= 0
    if repetition == 1:
        assert logits[shares.argmax()].item() == pytest.approx(logits.max().item(), abs=1e-4)


def test_without_any_taste_it_is_the_softmax() -> None:
    assert torch.allclose(shaped(LOGITS, PLAIN), LOGITS.softmax(0))


def test_each_limit_leaves_out_what_it_says() -> None:
    shares = LOGITS.softmax(0)
    assert (shaped(LOGITS, Taste(1.0, most=2, mass=1.0)) > 0).tolist() == [True, True, False, False, False]
    reached = float(shares[0]) + 0.01
    assert (shaped(LOGITS, Taste(1.0, mass=reached)) > 0).tolist() == [True, True, False, False, False]
    assert (shaped(LOGITS, Taste(1.0, mass=float(shares[0]) - 0.01)) > 0).sum() == 1
    floor = float(shares[2] / shares[0]) - 0.01
    assert (shaped(LOGITS, Taste(1.0, mass=1.0, floor=floor)) > 0).tolist() == [True, True, True, False, False]


def test_what_was_just_said_is_less_likely() -> None:
    again = shaped(LOGITS, Taste(1.0, mass=1.0, repetition=1.5), [0, 4])
    assert again[0] < LOGITS.softmax(0)[0]
    assert again[4] / again[1] < LOGITS.softmax(0)[4] / LOGITS.softmax(0)[1]
    old = shaped(LOGITS, Taste(1.0, mass=1.0, repetition=1.5, memory=1), [0, 4])
    assert old[0] > again[0]


def test_draws_follow_the_likelihood() -> None:
    chance = torch.Generator().manual_seed(0)
    drawn = torch.tensor([choose(LOGITS, PLAIN, chance) for _ in range(4000)]).bincount(minlength=5) / 4000
    assert torch.allclose(drawn, LOGITS.softmax(0), atol=0.03)
    assert {choose(LOGITS, Taste(temperature=0.0), chance) for _ in range(5)} == {0}
