"""Other people's networks: the library that holds them, and their weights, which may have to be downloaded."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from onward.core.faults import MachineFault

__all__ = ["built", "library"]


_USUAL = "use the eyes that are here: --set backbone=lite0"


def library(name: str, otherwise: str = _USUAL) -> Any:
    """Import a library that only named networks need.

    Args:
        otherwise: what to do without it.
    Raises:
        MachineFault: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        whole = name.partition(".")[0]
        raise MachineFault(
            f"This needs the package {whole}, which is not installed. Install it with: pip install {whole}, or "
            f"{otherwise}."
        ) from None


def built(name: str, build: Callable[[], Any], otherwise: str = _USUAL) -> Any:
    """Build a network; its weights may have to come over the network, and that may fail in many ways.

    Args:
        otherwise: what to do without it.
    Raises:
        MachineFault: the weights are neither here nor can be downloaded.
    """
    try:
        return build()
    except (OSError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise MachineFault(
            f"The weights of {name} are not on this computer and could not be downloaded ({reason}). "
            f"Try again with a network, or {otherwise}."
        ) from None
