"""Every random state the program can draw from, as one dictionary."""

from __future__ import annotations

import random
import sys
from typing import Any

__all__ = ["capture", "restore", "seed_everything"]


def seed_everything(seed: int) -> None:
    """Seed Python, and NumPy and torch when they are loaded or can be."""
    random.seed(seed)
    import numpy

    numpy.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def capture() -> dict[str, Any]:
    """Take every random state as plain values and arrays."""
    import numpy

    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = numpy.random.get_state()
    state: dict[str, Any] = {
        "python": {"version": version, "words": list(words), "gauss": gauss},
        "numpy": {"kind": kind, "keys": keys, "position": int(position), "has_gauss": has_gauss, "cached": cached},
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        state["torch"] = torch.get_rng_state()
        if torch.cuda.is_available():
            state["cuda"] = [torch.cuda.get_rng_state()]  # of this process's device; older checkpoints hold all
    return state


def restore(state: dict[str, Any]) -> None:
    """Put back what `capture` took."""
    import numpy

    python, numbers = state["python"], state["numpy"]
    random.setstate((python["version"], tuple(python["words"]), python["gauss"]))
    numpy.random.set_state(tuple(numbers[key] for key in ("kind", "keys", "position", "has_gauss", "cached")))
    if "torch" in state:
        import torch

        torch.set_rng_state(state["torch"])
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda"][0])
