"""Other people's networks: the library that holds them, and their weights, which may have to be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from onward.core.faults import MachineFault

__all__ = ["built", "library"]


def library(name: str) -> Any:
    """Import a library that only named networks need.

    Raises:
        MachineFault: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        whole = name.partition(".")[0]
        raise MachineFault(
            f"This needs the package {whole}, which is not installed. Install it with: pip install {whole}, or use the "
            "eyes that are here: --set backbone=lite0."
        ) from None


def built(name: str, build: Callable[[], Any]) -> Any:
    """Build a network; its weights may have to come over the network, and that may fail in many ways.

    Raises:
        MachineFault: the weights are neither here nor can be downloaded.
    """
    try:
        return build()
    except (OSError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise MachineFault(
            f"The weights of {name} are not on this computer and could not be downloaded ({reason}). "
            "Try again with a network, or use those that are here: --set backbone=lite0."
        ) from None
