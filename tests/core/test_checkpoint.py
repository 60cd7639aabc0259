"""A checkpoint gives back exactly what was put in, and damage is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onward.core.checkpoint import read_checkpoint, write_checkpoint
from onward.core.faults import RunFault

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
_NESTED = st.recursive(
    _PLAIN,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=_NESTED)
def test_plain_values_come_back(value: object, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "state", {"value": value})
    assert read_checkpoint(tmp_path / "state") == {"value": value}


def test_arrays_and_tensors_come_back_bit_for_bit(tmp_path: Path) -> None:
    state = {
        "tensor": torch.randn(3, 4),
        "half": torch.randn(5).bfloat16(),
        "scalar": torch.tensor(3),
        "array": np.arange(6.0).reshape(2, 3).T,
        "adam": {"state": {0: {"step": torch.tensor(1.0)}}, "groups": [{"betas": (0.0, 0.99)}]},
    }
    write_checkpoint(tmp_path / "state", state)
    found = read_checkpoint(tmp_path / "state")
    assert torch.equal(found["tensor"], state["tensor"])
    assert torch.equal(found["half"], state["half"])
    assert found["half"].dtype == torch.bfloat16
    assert found["scalar"] == 3
    assert np.array_equal(found["array"], state["array"])
    assert found["adam"]["state"][0]["step"] == 1.0
    assert found["adam"]["groups"][0]["betas"] == (0.0, 0.99)


@pytest.mark.parametrize("name", ["state.json", "tensors.safetensors"])
def test_damage_is_one_sentence(tmp_path: Path, name: str) -> None:
    write_checkpoint(tmp_path / "state", {"tensor": torch.ones(3)})
    (tmp_path / "state" / name).write_bytes(b"torn")
    with pytest.raises(RunFault, match="damaged"):
        read_checkpoint(tmp_path / "state")


def test_nothing_but_data_is_kept(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        write_checkpoint(tmp_path / "state", {"thing": object()})
    assert not (tmp_path / "state").exists()
