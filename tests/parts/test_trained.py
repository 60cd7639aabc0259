"""What a stranger's run says of itself is never believed: networks are as large as the weights that are there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from onward.core.faults import RunFault
from onward.generation.gan.networks import Generator, TutorialGenerator
from onward.language.text_classify.network import TextNetwork, TwoWays
from onward.language.text_classify.using import _Averages
from onward.language.tokenizer import Words
from onward.language.translate.network import Translator
from onward.parts.averaging import Average
from onward.parts.trained import kept_average, unfilled
from onward.vision.classify.network import SeeingNetwork
from onward.vision.detect.network import Detector
from onward.vision.motion.network import FlowNetwork
from onward.vision.pose.network import PoseNetwork

MAKERS: dict[str, Callable[[int], nn.Module]] = {
    "classify": lambda width: SeeingNetwork(2, width, 32),
    "detect": lambda width: Detector(2, width),
    "pose": lambda width: PoseNetwork(3, width),
    "motion": lambda width: FlowNetwork(width),
    "gan": lambda width: Generator(32, width),
    "gan, as in the tutorial": lambda width: TutorialGenerator(32, width),
    "translate": lambda width: Translator(30, width),
    **{
        f"text-classify, {cell}": lambda width, cell=cell: TextNetwork(TwoWays(30, width, cell, 0.0), 2)
        for cell in ("mingru", "lstm", "gru", "rnn")
    },
}


def run_of(network: nn.Module) -> Any:
    """Give what stands for a run that kept a network."""
    stored = Average(network, 1).state_dict()
    return SimpleNamespace(load_kept=lambda label, average: average.load_state_dict(stored))


@pytest.mark.parametrize("name", MAKERS)
def test_a_network_is_as_large_as_its_weights(name: str) -> None:
    make = MAKERS[name]
    own = make(16)
    kept = kept_average(run_of(own), "average", lambda: make(16))
    assert not kept.training
    for key, weight in own.state_dict().items():
        assert torch.equal(kept.state_dict()[key], weight), key
    assert not any(tensor.is_meta for tensor in [*kept.parameters(), *kept.buffers()])
    with pytest.raises(RuntimeError):  # a machine has no such memory, and none is asked for
        kept_average(run_of(own), "average", lambda: make(2**20))


def test_a_tower_without_end_is_refused() -> None:
    with pytest.raises(RunFault, match="layers"):
        unfilled(lambda: Translator(30, 8, 10**9))


def test_a_team_has_as_many_networks_as_were_kept() -> None:
    facts: dict[str, Any] = {"classes": ["a", "b"], "networks": 2, "longest": 20, "drop": 0.1}
    facts |= {"begun_from": None, "width": 8, "cell": "mingru"}
    words = Words(["so", "good"])
    kept = _Averages(facts, words)
    own = [Average(TextNetwork(TwoWays(words.size, 8, "mingru", 0.1), 2), 1) for _ in range(2)]
    kept.load_state_dict({"averages": [average.state_dict() for average in own]})
    assert kept.team.tell(["so good"]).shape == (1, 2)
    for change in ({"networks": 10**9}, {"longest": 0}, {"width": 2**30}):
        with pytest.raises((ValueError, RuntimeError)):
            _Averages(facts | change, words).load_state_dict({"averages": [each.state_dict() for each in own]})


@pytest.mark.parametrize(
    "made",
    [
        "onward.language.memory_network LanguageNetwork(300,cell='mingru')",
        "onward.language.memory_network LanguageNetwork(300,cell='lstm')",
        "onward.language.translate.network Translator(300)",
        "onward.language.text_classify.network TwoWays(300,8,'mingru',0.1)",
    ],
)
def test_a_network_of_words_is_built_without_torch_s_compiler(made: str) -> None:
    """It is loaded to draw numbers for weights that have no memory, and takes longer than all the rest of `apply`."""
    place, call = made.split()
    words = (
        "import sys; from onward.parts.trained import unfilled; "
        f"from {place} import {call.partition('(')[0]}; "
        f"assert all(weight.is_meta for weight in unfilled(lambda: {call}).parameters()); "
        "print('torch._dynamo' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, timeout=120)
    assert said.stdout.split() == ["False"]
