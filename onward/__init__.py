"""Onward: every path after a first deep-learning course, on your own data, in the minutes you have.

    import onward
    run = onward.train("gan", "horses/", time="20m")
    run.scores; run.apply(count=64); run.report(); run.resume(time="+30m")

Importing this costs nothing: the learning libraries are imported by the verb that needs them.
"""

from __future__ import annotations

import time as _time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onward.mirror import Run, apply, doctor, runs, train

__all__ = ["Run", "__version__", "apply", "doctor", "runs", "train"]
__version__ = "0.1.0"

# the budget of a command counts from here
started_at = _time.monotonic()


def __getattr__(name: str) -> Any:
    if name in ("Run", "apply", "doctor", "runs", "train"):
        from onward import mirror

        return getattr(mirror, name)
    raise AttributeError(f"module 'onward' has no attribute {name!r}")
