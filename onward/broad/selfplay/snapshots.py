"""A player as it was: its averaged weights, kept after 0, 5, 10, 20, 40 … seconds of training.

Checkpoints hold all that going on needs, and only the newest stay; these are the weights alone, so that one can play
against a beginner and watch it grow. Doubling times show most where most changes, and a night needs fifteen of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from onward.broad.selfplay.network import Network
from onward.broad.selfplay.trained import Trained
from onward.core.faults import RunFault
from onward.core.run import Run, Step
from onward.parts.trained import unfilled

__all__ = ["as_it_was", "keep_snapshot", "moments", "steps_of"]

_FIRST_SECONDS = 5
_NAME = re.compile(r"([0-9]{6})\.safetensors")


def _due(seconds: float) -> int:
    """Give the newest moment that has come: 0, 5, 10, 20 and so on.

    Example:
        >>> [_due(seconds) for seconds in (1.0, 5.0, 19.9, 80.0)]
        [0, 5, 10, 80]
    """
    moment = 0
    while max(_FIRST_SECONDS, 2 * moment) <= seconds:
        moment = max(_FIRST_SECONDS, 2 * moment)
    return moment


def _path(run: Run, moment: int) -> Path:
    return run.path / "snapshots" / f"{moment:06d}.safetensors"


def keep_snapshot(run: Run, network: nn.Module) -> None:
    """Write the weights if a moment has come that has none yet; whole or not at all, and never those that are none."""
    path = _path(run, _due(run.seconds if run.steps_done else 0.0))
    if path.exists() or not all(bool(weight.isfinite().all()) for weight in network.state_dict().values()):
        return
    from safetensors.torch import save

    from onward.core.files import write_atomically

    path.parent.mkdir(exist_ok=True)
    write_atomically(path, save({name: weight.contiguous() for name, weight in network.state_dict().items()}))


def steps_of(run: Run) -> Iterator[Step]:
    """Go through a run's steps; before the first, snapshots of a way that it has gone back from are dropped."""
    is_begun = False
    for step in run.steps():
        if not is_begun:
            spent = run.folder.record.get("elapsed_seconds")  # until the checkpoint that it goes on from
            since = spent if isinstance(spent, (int, float)) else 0.0
            for later in (moment for moment in moments(run) if moment > since):
                _path(run, later).unlink(missing_ok=True)
            is_begun = True
        yield step


def moments(run: Run) -> list[int]:
    """List the seconds after which weights were kept, earliest first."""
    files = (path for path in (run.path / "snapshots").glob("*.safetensors") if path.is_file())
    found = (_NAME.fullmatch(path.name) for path in files)
    return sorted(int(each[1]) for each in found if each)


def as_it_was(model: Trained, seconds: float) -> Trained:
    """Give the model of a run as it was after so many seconds of training, or at the last snapshot before.

    Raises:
        RunFault: the run kept none, or it is damaged.
    """
    kept = [moment for moment in moments(model.run) if moment <= seconds]
    if not kept:
        raise RunFault(f"{model.run.name} kept no player of its first {seconds:g} seconds. Leave --after out.")
    return replace(model, network=_loaded(model, _path(model.run, kept[-1])))


def _loaded(model: Trained, path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    network = unfilled(lambda: Network(model.network.shape))
    try:
        network.load_state_dict(load_file(str(path)), assign=True)
    except (OSError, RuntimeError, SafetensorError) as reason:
        raise RunFault(f"{path} is damaged ({str(reason).splitlines()[0][:150]}). Leave --after out.") from None
    return network.float().eval()
