"""A moment of each network as ONNX: the loop outside gives what the loop inside gave."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from onward.core.faults import RunFault
from onward.language import step_export
from onward.language.memory_network import LanguageNetwork
from onward.language.recurrent import CELLS


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_is_written_and_agrees(cell: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = LanguageNetwork(13, width=8, depth=2, cell=cell)
    assert step_export.write_step(network, tmp_path / "network.onnx").stat().st_size > 1000


def test_what_answers_otherwise_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LanguageNetwork(13, width=8, depth=1)
    opened = step_export.opened

    def other(path: Path):
        session = opened(path)

        class Wrong:
            def run(self, names, given):
                logits, *memory = session.run(names, given)
                return [logits + 0.1, *memory]

        return Wrong()

    monkeypatch.setattr(step_export, "opened", other)
    with pytest.raises(RunFault, match="otherwise"):
        step_export.write_step(network, tmp_path / "network.onnx")
