"""Libraries loaded without what they bring along for other people's sake.

LightGBM looks for scikit-learn and pandas, and scikit-learn for pandas, to take and give their kinds of things. We hand
over plain arrays, so these are out of sight while a library is loaded; and scipy's statistics, of which scikit-learn
calls one function now and then, wait until it does. Half a second of work instead of nearly six for LightGBM, two
instead of five and a half for scikit-learn: on a busy machine that decides whether anything is learned in a minute.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["is_loaded", "library", "loading_seconds"]

_UNSEEN = {"lightgbm": ("sklearn", "pandas", "pyarrow", "dask", "matplotlib"), "sklearn": ("pandas", "pyarrow")}
_LATER = {
    "sklearn": {"scipy.stats": ("rankdata", "gmean", "chi2", "spearmanr")}
}  # modules, and what scikit-learn takes out of them
_SECONDS = {"lightgbm": 0.5, "sklearn": 1.9, "torch": 3.0}  # of work, on a slow core
_SECONDS_ANY, _SECONDS_PART = 3.0, 0.4  # of a library not named above; of a part of one that is there already
_ours: dict[str, Any] = {}


def library(name: str) -> Any:
    """Import a module.

    A LightGBM that was loaded so lacks its classes for scikit-learn; it stays ours, and another one is imported by
    whoever writes `import lightgbm` in the same process.

    Example:
        >>> library("json").dumps([1])
        '[1]'
    """
    if name in _ours and name not in sys.modules:
        return _ours[name]
    root = name.partition(".")[0]
    unseen = [each for each in _UNSEEN.get(root, ()) if each not in sys.modules] if root not in sys.modules else []
    for each, asked in _LATER.get(root, {}).items() if root not in sys.modules else ():
        _put_off(each, asked)
    sys.modules.update(dict.fromkeys(unseen))  # pyright: ignore[reportArgumentType] - None means: there is none
    lots = random.getstate()
    try:
        module = import_module(name)
    finally:
        random.setstate(lots)  # some draw while they are loaded, which a run that goes on would do once more
        for each in unseen:
            del sys.modules[each]
    if root == "lightgbm" and unseen:
        _ours[name] = module
        for each in [each for each in sys.modules if each.partition(".")[0] == root]:
            del sys.modules[each]
    return module


class _Later:
    """A function or an object of a module that is imported when it is called, or asked for something."""

    def __init__(self, find: Callable[[str], Any], name: str) -> None:
        self._find, self._name = find, name

    def __call__(self, *values: Any, **words: Any) -> Any:
        return self._find(self._name)(*values, **words)

    def __getattr__(self, word: str) -> Any:
        return getattr(self._find(self._name), word)


def _put_off(name: str, asked: Collection[str]) -> None:
    """Let a module be imported when something of it is first asked for; until then an empty one has its place.

    Args:
        asked: what may be taken out of it and is not used yet.

    The standard library's `LazyLoader` does not serve: a second `import` of its modules loads them.
    """
    spec = find_spec(name) if name not in sys.modules else None
    if spec is None:
        return
    stand_in = ModuleType(name)

    def ask(word: str) -> Any:
        return _Later(ask_now, word) if word in asked and sys.modules.get(name) is stand_in else ask_now(word)

    def ask_now(word: str) -> Any:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
        return getattr(import_module(name), word)

    stand_in.__spec__, stand_in.__path__ = spec, list(spec.submodule_search_locations or ())
    stand_in.__dict__["__getattr__"] = ask
    sys.modules[name] = stand_in


def is_loaded(name: str) -> bool:
    """Say whether a module is in memory."""
    return name in sys.modules or name in _ours


def loading_seconds(name: str) -> float:
    """Guess the seconds of work until a module is in memory."""
    root = name.partition(".")[0]
    if is_loaded(name):
        return 0.0
    return _SECONDS_PART if is_loaded(root) else _SECONDS.get(root, _SECONDS_ANY)
