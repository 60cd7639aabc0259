"""May a picture be mirrored? Not where its mirror image belongs to another class: signs that turn left or right."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["may_be_mirrored"]

_SIDE = re.compile(r"(?<![a-z])(left|right)(?![a-z])", re.IGNORECASE)
_OTHER = {"left": "right", "right": "left"}


def may_be_mirrored(classes: Sequence[str]) -> bool:
    """Say whether no two classes are called alike but for left and right.

    Example:
        >>> may_be_mirrored(["turn left", "turn right", "stop"]), may_be_mirrored(["right whale", "blue whale"])
        (False, True)
    """
    names = {name.lower() for name in classes}
    return not any(_SIDE.search(name) and _SIDE.sub(lambda found: _OTHER[found[0]], name) in names for name in names)
