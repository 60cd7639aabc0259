"""Libraries loaded without what they bring along for other people's sake.

LightGBM looks for scikit-learn and pandas, and scikit-learn for pandas, to take and give their kinds of things. We hand
over plain arrays, so these are out of sight while a library is loaded: half a second of work instead of five and a half
for LightGBM, half of five for scikit-learn. On a busy machine that decides whether anything is learned in a minute.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__all__ = ["is_loaded", "library", "loading_seconds"]

_UNSEEN = {"lightgbm": ("sklearn", "pandas", "pyarrow", "dask", "matplotlib"), "sklearn": ("pandas", "pyarrow")}
_SECONDS = {"lightgbm": 0.5, "sklearn": 2.7, "torch": 3.0}  # of work, on a slow core
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
    sys.modules.update(dict.fromkeys(unseen))  # pyright: ignore[reportArgumentType] - None means: there is none
    try:
        module = import_module(name)
    finally:
        for each in unseen:
            del sys.modules[each]
    if root == "lightgbm" and unseen:
        _ours[name] = module
        for each in [each for each in sys.modules if each.partition(".")[0] == root]:
            del sys.modules[each]
    return module


def is_loaded(name: str) -> bool:
    """Say whether a module is in memory."""
    return name in sys.modules or name in _ours


def loading_seconds(name: str) -> float:
    """Guess the seconds of work until a module is in memory."""
    root = name.partition(".")[0]
    if is_loaded(name):
        return 0.0
    return _SECONDS_PART if is_loaded(root) else _SECONDS.get(root, _SECONDS_ANY)
