"""A plain value among the things that a checkpoint holds: `run.keep(shown=Box(0))`."""

from __future__ import annotations

from typing import Any

__all__ = ["Box"]


class Box:
    """A plain value that a checkpoint holds.

    Example:
        >>> box = Box(3); box.load_state_dict({"value": 4}); box.value
        4
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def state_dict(self) -> dict[str, Any]:
        """Take the value."""
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, Any], /) -> None:
        """Put it back."""
        self.value = state["value"]
