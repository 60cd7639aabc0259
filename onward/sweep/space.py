"""What a sweep tries: settings from words such as `learning_rate=1e-4..1e-2` and `width=32,48`."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onward.core.faults import UsageFault
from onward.core.settings import parse_settings, settings_fields

__all__ = ["Choice", "drawn", "parse_space"]

_WIDE = 10.0  # a range this many times as high as low is drawn by its logarithm


@dataclass(frozen=True)
class Choice:
    """One setting and what it may be.

    Attributes:
        values: words to choose among, or the two ends of a range.
        is_whole: whether a value from a range is a whole number.
    """

    name: str
    values: tuple[str, ...]
    is_range: bool = False
    is_whole: bool = False

    def draw(self, chance: random.Random) -> str:
        """Draw a value, as a word."""
        if not self.is_range:
            return chance.choice(self.values)
        low, high = map(float, self.values)
        is_wide = low > 0 and high / low >= _WIDE
        value = math.exp(chance.uniform(math.log(low), math.log(high))) if is_wide else chance.uniform(low, high)
        return str(round(value)) if self.is_whole else f"{value:.4g}"


def parse_space(kind: type, words: Sequence[str], owner: str) -> list[Choice]:
    """Read `name=low..high`, `name=one,other` and `name=value`.

    Args:
        kind: the task's settings, which check every value.
        owner: the task, for messages.
    Raises:
        UsageFault: a word is none of these, or its values are not the setting's.
    """
    kinds = {entry.name: entry.kind for entry in settings_fields(kind)}
    found = []
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not value:
            raise UsageFault(f"--set {word} lacks a value. Write {name}=1e-4..1e-2, {name}=32,48 or {name}=32.")
        number = kinds.get(name.replace("-", "_"), str)
        low, dots, high = value.partition("..") if number in (int, float) else (value, "", "")  # "../x" is a path
        values = (low, high) if dots else tuple(each.strip() for each in value.split(","))
        for each in values:
            parse_settings(kind, {name: each}, owner)
        if dots and not _is_range(low, high):
            raise UsageFault(f"{word} is no range: two numbers, the lower one first, as in learning_rate=1e-4..1e-2.")
        found.append(Choice(name, values, bool(dots), number is int))
    return found


def _is_range(low: str, high: str) -> bool:
    """Say whether these are two numbers, the lower one first; `auto` and `inf` are settings, but no ends of a range."""
    try:
        return -math.inf < float(low) < float(high) < math.inf
    except ValueError:
        return False


def drawn(space: Sequence[Choice], number: int, seed: int) -> Mapping[str, Any]:
    """Give the settings of a trial: the same for the same numbers; trial 0 has the task's own, but for fixed ones.

    Example:
        >>> space = [Choice("width", ("32", "48")), Choice("depth", ("2",))]
        >>> drawn(space, 0, seed=0), sorted(drawn(space, 1, seed=0))
        ({'depth': '2'}, ['depth', 'width'])
    """
    chance = random.Random(f"{seed} {number}")
    if number == 0:
        return {choice.name: choice.values[0] for choice in space if len(choice.values) == 1}
    return {choice.name: choice.draw(chance) for choice in space}
