"""What came out of self-play: a network that plays, loaded, handed on to a larger board, and written as ONNX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from onward.broad.selfplay.game import Game
from onward.broad.selfplay.network import Network, Shape
from onward.broad.selfplay.search import NetworkPlayer
from onward.broad.selfplay.settings import Settings
from onward.core.faults import RunFault
from onward.core.folder import find_run
from onward.core.run import Run
from onward.parts.onnx_export import opened, write_traced
from onward.parts.trained import facts_of, kept_average, unfilled

__all__ = ["WEIGHTS", "Trained", "check_planes", "earlier", "export", "load", "transferred"]

WEIGHTS = "network.safetensors"  # of a model of the zoo
_APART = 1e-3
_LARGEST = {"blocks": 100, "channels": 1024}


@dataclass(frozen=True)
class Trained:
    """A trained network and its game.

    Attributes:
        network: the averaged one, in evaluation mode.
        run: where it was trained.
        rule: of the search it was trained with.
    """

    game: Game
    network: Network
    run: Run
    rule: str

    def player(self) -> NetworkPlayer:
        """Make it a player."""
        return NetworkPlayer(self.game, self.network, self.rule)


def load(run: Run) -> Trained:
    """Load the averaged network of a run, or of a model of the zoo.

    Raises:
        RunFault: nothing was trained yet, or the run is damaged.
    """
    facts = facts_of(run, "selfplay")
    game = _game_of(run, facts)
    check_planes(run.name, facts, game)
    try:
        blocks, channels = (min(int(facts[name]), most) for name, most in _LARGEST.items())
        shape = Shape.of(game, blocks, channels)
        network = _from_zoo(run.path / WEIGHTS, shape) or kept_average(run, "average", lambda: Network(shape))
    except (RuntimeError, KeyError, TypeError, ValueError) as reason:
        raise RunFault(f"{run.name} is damaged ({str(reason).splitlines()[0][:150]}). Train it anew.") from None
    return Trained(game, network, run, run.settings(Settings).search)


def check_planes(name: str, facts: Mapping[str, Any], game: Game) -> None:
    """Refuse a run whose network sees a game otherwise than today's; older ones saw three planes of columns.

    Raises:
        RunFault: it is such a run.
    """
    if facts.get("planes", 3 if game.layout == "columns" else game.planes) != game.planes:
        raise RunFault(f"{name} was trained by an older version, which saw {game.title} otherwise. Train it anew.")


def _from_zoo(path: Path, shape: Shape) -> Network | None:
    """Load the weights that a model of the zoo has instead of checkpoints; None where there are none."""
    if not path.exists():
        return None
    network = unfilled(lambda: Network(shape))
    network.load_state_dict(load_file(str(path)), assign=True)
    return network.float().eval().requires_grad_(False)


def _game_of(run: Run, facts: Mapping[str, Any]) -> Game:
    """Set up the game that a run names; a stranger's run may name anything."""
    try:
        words = ",".join(f"{key}={value}" for key, value in facts["parameters"].items())
        return Game(f"{facts['game']}({words})" if words else str(facts["game"]))
    except (KeyError, AttributeError):
        raise RunFault(f"{run.name} does not say which game it plays. Train it anew.") from None


def earlier(word: str, game: Game) -> Trained:
    """Load the run that another is to go on from.

    Raises:
        RunFault: it learned another game.
    """
    run = Run(find_run(word))
    if run.folder.record["task"] != "selfplay":
        raise RunFault(f"{run.name} was not trained by selfplay, so there is no player in it to go on from.")
    found = load(run)
    if found.game.name != game.name:
        raise RunFault(f"{run.name} learned {found.game.title}; {game.title} cannot go on from it. Choose another run.")
    return found


def transferred(network: Network, source: Trained) -> str:
    """Give a network the weights of an earlier one, wherever they have the same shape; say how many."""
    state, taken = network.state_dict(), 0
    for name, values in source.network.state_dict().items():
        if name in state and state[name].shape == values.shape:
            state[name].copy_(values)
            taken += 1
    return f"Goes on from {source.run.name} ({source.game.title}): {taken} of {len(state)} tensors were taken over."


class _Exported(nn.Module):
    """A network as others use it: logits of actions, and the value for the mover in [-1, 1]."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor, scalars: Tensor) -> tuple[Tensor, Tensor]:
        guess = self.network(planes, scalars)
        return guess.policy, torch.tanh(guess.value / 2)


def export(trained: Trained, folder: Path) -> Iterator[Path]:
    """Write `network.onnx`: planes B C H W and scalars B S in, policy B A and value B out; checked against the model.

    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    game = trained.game
    # the network as trained, in the usual layout of memory, which the exporter knows
    network = _Exported(trained.network).to(memory_format=torch.contiguous_format).eval()  # pyright: ignore[reportCallIssue]
    random = torch.Generator().manual_seed(0)
    example = (
        torch.rand(3, game.planes, *game.shape, generator=random).round(),
        torch.rand(3, game.scalars, generator=random),
    )
    path = folder / "network.onnx"
    free = {0: "count"}
    write_traced(network, example, {"planes": free, "scalars": free}, {"policy": free, "value": free}, path)
    session = opened(path)
    for count in (3, 1):
        given = {name: each[:count].numpy() for name, each in zip(("planes", "scalars"), example, strict=True)}
        with torch.no_grad():
            ours = network(*(each[:count] for each in example))
        for mine, theirs in zip(ours, session.run(None, given), strict=True):
            apart = float(np.abs(np.asarray(theirs) - mine.numpy()).max())
            if not apart < _APART:
                raise RunFault(f"{path} answers otherwise than the trained network (they differ by {apart:.2g}).")
    yield path
