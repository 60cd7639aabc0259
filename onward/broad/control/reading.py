"""An environment by name or by file: made, looked at, and played at random for a moment.

Your own environment is a class in a Python file: `pole.py:Pole`, `pole:Pole` or, where it is the only one there,
`pole.py`. **Naming a file runs its code**, with your rights, as `python pole.py` would. A run's record names one too,
and may come from a stranger: that is run only where you named the same file, with the same content, before.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from onward.broad.control.network import Floats
from onward.broad.control.parallel import Native, Parallel, Singles, let_go, said_aside
from onward.broad.control.settings import Settings
from onward.broad.control.spaces import Spaces
from onward.core.faults import DataFault, MachineFault, did_you_mean
from onward.core.task import Source
from onward.data.cache import cache_key, recall, remember

__all__ = ["World", "check_rewards", "read"]

_TRIED_EPISODES, _TRIED_SECONDS, _TRIED_TURNS = 20, 0.7, 20_000
_INSTALL = "Install: pip install 'onward[games]'"
_LARGEST_REWARD = 1e30  # squares of larger ones leave what float32 can hold
_OWN = re.compile(r"^(?P<file>[^:]+\.py)(:(?P<class>\w+))?$|^(?P<module>[\w./\\-]+):(?P<kind>[A-Za-z_]\w*)$")


@dataclass(frozen=True)
class World:
    """An environment that can be made again and again.

    Attributes:
        address: as the user named it.
        make: makes one; `make(render_mode="rgb_array")` one that can be looked at.
        spaces: what is seen and done there.
        turns_a_second: of its own time, for films.
        threshold: the mean return from which it counts as solved, if its makers say so.
        longest: turns after which an episode is cut.
        speeds: turns a second of one, as measured then.
        random_returns: of episodes played at random when it was read.
    """

    address: str
    make: Callable[..., Any]
    spaces: Spaces
    fingerprint: str
    threshold: float | None
    longest: int
    has_limit: bool
    is_native: bool
    can_be_seen: bool
    turns_a_second: float
    random_returns: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def findings(self) -> list[str]:
        """Say what was understood."""
        choice = self.spaces.choice.as_json()
        kinds = " × ".join(map(str, choice.get("kinds", [])))
        does = f"one of {kinds} actions" if kinds else f"{choice['count']} number(s) as action"
        known = f"; solved from a mean return of {self.threshold:g}" if self.threshold is not None else ""
        sentence = f"{self.address}: {self.spaces.observations} numbers observed a turn, {does}, episodes of at most "
        sentences = [f"{sentence}{self.longest:,} turns{known}."]
        if self.random_returns:
            mean, count = np.mean(self.random_returns), len(self.random_returns)
            sentences.append(f"Random actions return {mean:.4g} on average ({count} episode(s)).")
        return sentences + self.troubles

    @property
    def speed(self) -> float:
        """Give how many turns a second one takes, singly stepped."""
        return self.speeds[-1]

    def parallel(self, count: int, seed: int) -> Parallel:
        """Make N of them for training."""
        if self.is_native:
            import gymnasium

            made = gymnasium.make_vec(self.address, num_envs=count, vectorization_mode="vector_entry_point")
            return Native(made, self.spaces, seed)
        return Singles(self.make, count, self.spaces, self.longest, seed)

    def seeded(self, seeds: list[int]) -> Singles:
        """Make one for each seed, for measuring."""
        return Singles(self.make, len(seeds), self.spaces, self.longest, seeds=seeds)


def read(source: Source, settings: Settings) -> World:
    """Find an environment, see whether this agent can play it, and try it.

    Raises:
        DataFault: there is none of that name, it cannot be made or played, its rewards are no numbers, or only a run
            names its file.
        MachineFault: a package is missing.
    """
    gymnasium = _gymnasium()
    address = source.address
    if own := _OWN.match(address):
        path, kind, title = _own_class(own, source)
        digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        make: Callable[..., Any] = _maker(kind)
        spec, limit = None, None
    else:
        spec, title = _registered(gymnasium, address), address
        digest = hashlib.blake2b(address.encode(), digest_size=16).hexdigest()
        make, limit = _made_by(gymnasium, spec), spec.max_episode_steps
    sample = _made(make, title)
    spaces = Spaces(sample, title)
    can_be_seen, turns_a_second = _drawing(sample)
    world = World(
        address,
        make,
        spaces,
        digest,
        None if spec is None else spec.reward_threshold,
        int(limit or settings.longest),
        limit is not None,
        _is_native(spec),
        can_be_seen,
        turns_a_second,
    )
    let_go(sample)
    _try(world)
    return world


def _gymnasium() -> Any:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # pictures without a screen
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import gymnasium
    except ImportError:
        raise MachineFault(
            "Environments come from the package gymnasium. Install it with: pip install 'onward[games]'"
        ) from None
    gymnasium.logger.min_level = gymnasium.logger.ERROR
    return gymnasium


def _registered(gymnasium: Any, address: str) -> Any:
    registry = gymnasium.envs.registry
    if address in registry:
        return registry[address]
    playable = [name for name, spec in registry.items() if ":" not in str(name) and "jax" not in str(spec.entry_point)]
    names = sorted(name for name in playable if "/" not in name and "mujoco" not in str(registry[name].entry_point))
    lower = {name.lower(): name for name in names}
    near = lower.get(address.lower()) or max((name for name in names if _stem(name) == _stem(address)), default=None)
    hint = f" Did you mean {near}?" if near else did_you_mean(address, names)
    if "Known" not in hint:
        hint += f" Known: {', '.join(names)}."
    raise DataFault(f"There is no environment {address!r}, and no file.py:Class.{hint}")


def _stem(name: str) -> str:
    return re.sub(r"-v\d+$", "", name.lower()).replace("-", "").replace("_", "")


def _made_by(gymnasium: Any, spec: Any) -> Callable[..., Any]:
    def make(**words: Any) -> Any:
        return gymnasium.make(spec.id, disable_env_checker=True, **words)

    return make


def _maker(kind: Any) -> Callable[..., Any]:
    def make(**words: Any) -> Any:
        return kind(**words)

    return make


def _drawing(sample: Any) -> tuple[bool, float]:
    """Say whether an environment can be looked at, and its turns a second; what it says of itself may be anything."""
    told: Any = getattr(sample, "metadata", None)
    metadata: dict[str, Any] = told if isinstance(told, dict) else {}
    modes: Any = metadata.get("render_modes")
    rate: Any = metadata.get("render_fps")
    turns_a_second = float(rate) if isinstance(rate, int | float) and 0 < rate < 100_000 else 30.0
    return isinstance(modes, list | tuple | set) and "rgb_array" in modes, turns_a_second


def _made(make: Callable[..., Any], title: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with said_aside():
                return make()
    except (Exception, SystemExit) as reason:
        words = " ".join(str(reason).split())[:200].rstrip(".")
        if type(reason).__name__ in ("DependencyNotInstalled", "ModuleNotFoundError", "ImportError"):
            hint = "Install it." if "pip install" in words and "box2d" not in words else _INSTALL
            raise MachineFault(f"{title} needs a package that is not here ({words}). {hint}") from reason
        raise DataFault(f"{title} cannot be made ({type(reason).__name__}: {words}). Mend it, or name another.") from (
            reason
        )


def _is_native(spec: Any) -> bool:
    """Say whether Gymnasium computes many at once in NumPy; its JAX ones need another library."""
    return spec is not None and str(getattr(spec, "vector_entry_point", None)).startswith("gymnasium.envs.classic")


def _own_class(found: re.Match[str], source: Source) -> tuple[Path, Any, str]:
    """Run the user's file and find the class in it."""
    address = source.address
    path = Path(found["file"] or f"{found['module']}.py")
    if not os.path.isfile(path):  # unlike a Path's, false for a name too long for the disk
        raise DataFault(
            f"There is no file {str(path)[:200]} for {address[:200]}. Your own environment is named as file.py:Class."
        )
    if any((folder / name).exists() for folder in path.resolve().parents for name in ("run.json", "sweep.json")):
        raise DataFault(
            f"{path} lies in a run's or a sweep's folder, and code that came with one is not run. Read it, and if you "
            "trust it, copy it beside your own files."
        )
    _check_named(path, source)
    module = _run_file(path)
    import gymnasium

    kinds = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, gymnasium.Env) and value.__module__ == module.__name__
    }
    wanted = found["class"] or found["kind"]
    if wanted is None and len(kinds) == 1:
        (wanted,) = kinds
    if wanted is None:
        listed = ", ".join(sorted(kinds)) or "none"
        raise DataFault(f"{path} holds {len(kinds)} classes made of gymnasium.Env ({listed}); name one: {path}:Class")
    if wanted not in kinds:
        held = vars(module).get(wanted)
        why = "is not made of gymnasium.Env" if held is not None else "is not there"
        raise DataFault(f"{wanted} {why} in {path}.{did_you_mean(wanted, kinds)}")
    return path, kinds[wanted], f"{path.name}:{wanted}"


def _check_named(path: Path, source: Source) -> None:
    """Remember a file that the user names; of one that only a run names see that it is remembered."""
    place = cache_key("code's place that was named", str(path.resolve()))
    code = cache_key("code that was named", str(path.resolve()), path.read_bytes())
    if not source.is_recorded:
        remember(place, named=np.ones(1))
        remember(code, named=np.ones(1))
    elif recall(code, "named") is None:
        found = "was never named here" if recall(place, "named") is None else "has changed since it was named here"
        raise DataFault(
            f"{path} {found}, and only a run names it as it is now, so its code is not run. Read it, and if you trust "
            f"it: onward doctor {source.address}"
        )


def _run_file(path: Path) -> ModuleType:
    name = f"onward_own_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DataFault(f"{path} cannot be read as Python. Name a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    beside = str(path.resolve().parent)
    sys.path.insert(0, beside)  # its own imports lie beside it
    try:
        with said_aside():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as reason:
        line = getattr(reason, "lineno", None) or _last_line(reason, path)
        words = " ".join(str(reason).split())[:200]
        raise DataFault(f"{path}, line {line}: {type(reason).__name__}: {words}. Mend it and start again.") from reason
    finally:
        sys.path.remove(beside)
    return module


def _last_line(reason: BaseException, path: Path) -> int:
    trace, line = reason.__traceback__, 0
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path.resolve() or trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def check_rewards(rewards: Floats, title: str, where: str = "") -> None:
    """See that rewards can be learned from.

    Raises:
        DataFault: one is no number, or too large.
    """
    bad = rewards[~(np.abs(rewards) <= _LARGEST_REWARD)]
    if bad.size:
        why = "too large to learn from" if np.isfinite(bad[0]) else "no number"
        raise DataFault(f"{title} gave the reward {bad[0]:g}{where}, which is {why}. Mend its step().")


def _try(world: World) -> None:
    """Play at random for a moment: is what comes back a number, and does an episode end?"""
    began, chance = time.monotonic(), np.random.default_rng(0)
    single = Singles(world.make, 1, world.spaces, world.longest, seed=1)
    choice, title = world.spaces.choice, world.spaces.title
    total, turns, ended = 0.0, 0, 0
    while len(world.random_returns) < _TRIED_EPISODES and turns < _TRIED_TURNS:
        observed, rewards, terminated, truncated, _ = single.step(choice.any(1, chance))
        turns += 1
        check_rewards(rewards, title, f" in turn {turns}")
        if not np.isfinite(observed).all():
            raise DataFault(f"{title} showed {observed[0].tolist()} in turn {turns}, not all numbers. Mend it.")
        total += float(rewards[0])
        if terminated[0] or truncated[0]:
            world.random_returns.append(total)
            total, ended = 0.0, ended + int(terminated[0])
        if time.monotonic() - began > _TRIED_SECONDS and turns >= 2:
            break
    single.close()
    world.speeds.append(turns / max(1e-6, time.monotonic() - began))
    if not world.has_limit and not ended:
        world.troubles.append(
            f"It has no time limit and did not end by itself in {turns:,} turns at random: its episodes are cut after "
            f"{world.longest:,} turns (--longest)."
        )
