"""Pairs that are made, exact and endless, so that translation can be learned without a file or a network.

    dates       a date as people write it, in six languages, to 2024-05-31   (names of days and months by Babel)
    numbers     21 to einundzwanzig, where the ones come before the tens
    numbers:en  21 to twenty-one
    numbers:en-de, numbers:de-en   twenty-one to einundzwanzig, and back

A pair depends on the seed, its part and its place alone. No date and no number is in two parts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from onward.core.faults import DataFault, MachineFault, did_you_mean
from onward.data.number_words import english_number, german_number

__all__ = ["is_made", "made_pairs", "sides_of"]

_LANGUAGES = ("en_GB", "de", "fr", "es", "it", "nl")
_PATTERNS = {  # day first in all of them, so that every date can be read
    "en_GB": ("d MMMM y", "EEEE d MMMM y", "MMMM d, y", "d MMM y", "EEE, d MMM y", "EEEE, MMMM d, y", "d/M/y"),
    "de": ("d. MMMM y", "EEEE, d. MMMM y", "d. MMM y", "EEE, d. MMM y", "dd.MM.y", "d.M.y"),
    "fr": ("d MMMM y", "EEEE d MMMM y", "d MMM y", "'le' d MMMM y", "dd/MM/y", "EEE d MMM y"),
    "es": ("d 'de' MMMM 'de' y", "EEEE, d 'de' MMMM 'de' y", "d MMM y", "d/M/y", "EEE, d MMM y"),
    "it": ("d MMMM y", "EEEE d MMMM y", "d MMM y", "dd/MM/y", "EEE d MMM y", "'il' d MMMM y"),
    "nl": ("d MMMM y", "EEEE d MMMM y", "d MMM y", "dd-MM-y", "EEE d MMM y", "d-M-y"),
}
_FIRST_DAY, _DAYS = date(1900, 1, 1), 73_049  # to the end of 2099
_BOUNDS = (("val", 0.05), ("test", 0.10))  # shares of all dates and numbers
_LARGEST_NUMBER = 1_000_000
_Side = Callable[[int], str]
_SPOKEN: dict[str, _Side] = {"de": german_number, "en": english_number, "digits": str}


def is_made(address: str) -> bool:
    """Say whether an address names pairs that are made."""
    return address.partition(":")[0] in ("dates", "numbers")


def sides_of(address: str) -> tuple[str, str]:
    """Name the sides of made pairs.

    Raises:
        DataFault: there are none of that name.
    Example:
        >>> sides_of("numbers"), sides_of("numbers:en-de")
        (('digits', 'de'), ('en', 'de'))
    """
    name, _, part = address.partition(":")
    if name == "dates" and not part:
        return "written", "iso"
    known = {"": ("digits", "de"), **{side: ("digits", side) for side in ("de", "en")}}
    known |= {
        "en-de": ("en", "de"),
        "de-en": ("de", "en"),
        "de-digits": ("de", "digits"),
        "en-digits": ("en", "digits"),
    }
    if name != "numbers" or part not in known:
        near = [f"numbers:{word}" for word in known if word] + ["numbers", "dates"]
        raise DataFault(f"There are no pairs {address!r}.{did_you_mean(address, near)}")
    return known[part]


def made_pairs(address: str, split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Give pairs without end; the same ones each time.

    Args:
        address: `dates`, `numbers` or `numbers:en-de`.
        split: train, val or test.
        seed: another one gives others, but never those of another part.
    Raises:
        MachineFault: dates need the package babel.
    Example:
        >>> next(made_pairs("numbers", "train"))[1] == german_number(int(next(made_pairs("numbers", "train"))[0]))
        True
    """
    source, target = sides_of(address)
    make = _messy_date if address == "dates" else _number_pair(_SPOKEN[source], _SPOKEN[target])
    for place in count():
        pair = make(random.Random(f"{address} {seed} {split} {place}"), split)
        if pair is not None:
            yield pair


def _is_in(split: str, thing: object) -> bool:
    """Say whether a date or number belongs to a part, by its own digest."""
    lot = int.from_bytes(blake2b(str(thing).encode(), digest_size=4).digest(), "big") / 2**32
    return split == next((name for name, bound in _BOUNDS if lot < bound), "train")


def _number_pair(source: _Side, target: _Side) -> Callable[[random.Random, str], tuple[str, str] | None]:
    def make(chance: random.Random, split: str) -> tuple[str, str]:
        while True:
            number = chance.randrange(10 ** chance.randint(1, 6))
            if _is_in(split, number):
                return source(number), target(number)

    return make


@cache
def _babel() -> Any:
    try:
        from babel import dates
    except ImportError:
        raise MachineFault(
            "The dates are written with the package babel: pip install 'onward[language]', or take: numbers"
        ) from None
    return dates


def _messy_date(chance: random.Random, split: str) -> tuple[str, str] | None:
    """Write a date as somebody might: a language, a way, and little carelessness that leaves it readable."""
    day = _FIRST_DAY + timedelta(days=chance.randrange(_DAYS))
    if not _is_in(split, day):
        return None
    language = chance.choice(_LANGUAGES)
    text = str(_babel().format_date(day, chance.choice(_PATTERNS[language]), locale=language))
    if chance.random() < 0.25:
        text = chance.choice((text.lower(), text.upper(), text.title()))
    if chance.random() < 0.15:
        text = text.replace(",", "").replace("  ", " ")
    if chance.random() < 0.1:
        text = text.replace(" ", "  ", 1)
    return " ".join(text.split("\u202f")), day.isoformat()
