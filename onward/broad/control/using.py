"""A trained agent at work: films and a table of episodes, and the policy as ONNX."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from onward.broad.control.choices import choice_from
from onward.broad.control.ppo import Agent
from onward.broad.control.reading import read
from onward.broad.control.scores import check_fits, episodes
from onward.broad.control.settings import Playing, Settings
from onward.broad.control.showing import film, one_thread
from onward.broad.control.training import Player, fresh
from onward.core.exhibits import Exhibit, Film, Table
from onward.core.faults import RunFault
from onward.core.run import Run
from onward.core.task import Source
from onward.parts.trained import facts_of

__all__ = ["answered", "apply", "as_torch", "export", "load"]

_AT_ONCE = 50


class _Weights:
    """What a checkpoint says of an agent, before a network of that size is made."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return self.state

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        self.state = state


def load(run: Run) -> Player:
    """Load a run's agent; no code of an environment runs.

    Raises:
        RunFault: there is none, or it is damaged.
    """
    facts = facts_of(run, "agent")
    kept = _Weights()
    run.load_kept(agent=kept)
    observations, width, choice = int(facts["observations"]), int(facts["width"]), choice_from(facts["choice"])
    inner = (observations + 1) * width + (width + 1) * width
    wanted = 2 * inner + (width + 1) * (choice.outputs + 1) + choice.extras
    if min(observations, width) < 1 or len(kept.state["weights"]) != wanted:  # a stranger's run may name any size
        raise RunFault(f"{run.name} is damaged: its weights are not those of the agent it names. Train it anew.")
    agent = fresh(facts, run.seed)
    agent.load_state_dict(kept.state)
    return Player(agent, facts, run)


def apply(player: Player, source: Source, options: Playing) -> Iterator[Exhibit]:
    """Play episodes: `episodes.csv` (episode, seed, return, length) and films of the first.

    Raises:
        DataFault: the environment named is of another kind, or cannot be drawn.
    """
    own = source if source.address else Source((str(player.facts["address"]),), is_recorded=True)
    world = read(own, player.run.settings(Settings))
    check_fits(player, world)
    agent, chance = player.agent, np.random.default_rng(options.seed)

    def tried(observations: Any) -> Any:
        return agent.choice.draw(agent.said(agent.normal(observations)), agent.extras, chance)

    rows: list[list[Any]] = []
    with one_thread():
        for first in range(0, options.episodes, _AT_ONCE):
            seeds = [options.seed + number for number in range(first, min(options.episodes, first + _AT_ONCE))]
            returns, lengths, _ = episodes(world, tried if options.tried else agent.likeliest, seeds)
            for seed, total, length in zip(seeds, returns, lengths, strict=True):
                rows.append([len(rows) + 1, seed, f"{total:.6g}", int(length)])
        yield Table(["episode", "seed", "return", "length"], rows, "episodes")
        for number in range(min(options.films, options.episodes) if world.can_be_seen else 0):
            shown: Film = film(world, agent, options.seed + number, f"episode-{number + 1:03d}")
            yield shown


def export(player: Player, folder: Path) -> Iterator[Path]:
    """Write `policy.onnx`: observations as they come, N O, to logits or to actions, N A; checked against the agent."""
    import torch

    from onward.parts.onnx_export import write_onnx

    agent = player.agent
    network = as_torch(player)
    chance = np.random.default_rng(0)
    usual = agent.usual
    example = usual.mean + np.sqrt(usual.variance) * chance.standard_normal((8, len(usual.mean)))
    rows = torch.from_numpy(example.astype(np.float32))
    with torch.no_grad():
        theirs = network(rows).numpy()
    ours = answered(player, rows.numpy())
    apart = float(np.abs(theirs - ours).max() / max(1.0, np.abs(ours).max()))
    if not apart < 1e-3:
        raise RunFault(f"The network for {player.run.name}'s export answers otherwise than its agent ({apart:.2g}).")
    is_kinds = player.facts["choice"]["kind"] == "categorical"
    answer = "logits" if is_kinds else "action"
    yield write_onnx(network, [rows], ["observation"], answer, folder / "policy.onnx", traced=True)


def answered(player: Player, observations: Any) -> Any:
    """Give what the exported policy has to say, by the agent's own arithmetic."""
    agent: Agent = player.agent
    said = agent.said(agent.normal(observations))
    facts = player.facts
    if facts["choice"]["kind"] == "categorical":
        return said
    low, high = _ends(facts)
    return np.clip(np.asarray(facts["middle"]) + np.asarray(facts["reach"]) * said, low, high)


def _ends(facts: dict[str, Any]) -> tuple[Any, Any]:
    low = np.array([-np.inf if each is None else each for each in facts["low"]], np.float32)
    high = np.array([np.inf if each is None else each for each in facts["high"]], np.float32)
    return low, high


def as_torch(player: Player) -> Any:
    """Build the same policy of torch's parts, the normalisation of observations inside."""
    import torch
    from torch import nn

    agent, facts = player.agent, player.facts

    class Policy(nn.Module):
        """Observations N O to what the policy says of them."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.from_numpy(agent.usual.mean.astype(np.float32)))
            spread = np.sqrt(agent.usual.variance + 1e-8).astype(np.float32)
            self.register_buffer("spread", torch.from_numpy(spread))
            parts: list[nn.Module] = []
            for matrix, bias in agent.policy_layers:
                linear = nn.Linear(*matrix.shape)
                with torch.no_grad():
                    linear.weight.copy_(torch.from_numpy(matrix.T.copy()))
                    linear.bias.copy_(torch.from_numpy(bias.copy()))
                parts += [linear, nn.Tanh()]
            self.layers = nn.Sequential(*parts[:-1])
            self.is_kinds = facts["choice"]["kind"] == "categorical"
            if not self.is_kinds:
                low, high = _ends(facts)
                for name, each in (
                    ("low", low),
                    ("high", high),
                    ("middle", facts["middle"]),
                    ("reach", facts["reach"]),
                ):
                    self.register_buffer(name, torch.as_tensor(np.asarray(each, np.float32)))

        def forward(self, observation: Any) -> Any:
            """Answer."""
            held: Any = self
            said = self.layers(((observation - held.mean) / held.spread).clamp(-10.0, 10.0))
            if self.is_kinds:
                return said
            return torch.minimum(torch.maximum(held.middle + held.reach * said, held.low), held.high)

    return Policy().eval()
