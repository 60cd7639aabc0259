"""The names of ImageNet's 1,000 classes, in the order of a network's logits.

`imagenet_classes.txt` has one a line. The words are WordNet's, whose licence allows any use with the notice "WordNet
3.0 Copyright 2006 by Princeton University", shortened to one name a class as in torchvision (BSD-3-Clause); names that
are hard to tell apart say more (crane, Cardigan).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from pathlib import Path

from onward.core.faults import UsageFault

__all__ = ["find_class", "imagenet_classes"]

_FILE = Path(__file__).with_name("imagenet_classes.txt")


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Give the classes' names by number.

    Example:
        >>> imagenet_classes()[285], len(imagenet_classes())
        ('Egyptian cat', 1000)
    """
    return tuple(_FILE.read_text(encoding="utf-8").splitlines())


def find_class(name: str) -> int:
    """Give a class's number by its name, whatever its capitals.

    Raises:
        UsageFault: there is none of that name; the nearest ones are named.
    Example:
        >>> find_class("egyptian cat")
        285
    """
    known = {each.lower(): number for number, each in enumerate(imagenet_classes())}
    word = " ".join(name.lower().replace("_", " ").split())
    if word in known:
        return known[word]
    close = [imagenet_classes()[known[each]] for each in get_close_matches(word, known, n=3, cutoff=0.6)]
    holding = [
        name for name in imagenet_classes() if word in name.lower().split() or (word[3:] and word in name.lower())
    ]
    near = (holding or close)[:4]
    more = f"Did you mean {' or '.join(near)}?" if near else "Most are animals and things: beagle, ostrich, teapot."
    raise UsageFault(f"ImageNet has no class {name!r}. {more}")
