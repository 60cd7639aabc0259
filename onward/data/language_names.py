"""`languages`: names, words and phrases in two dozen languages, out of Babel's catalogues; which language is it?

The catalogues (Unicode's CLDR) name countries, languages, scripts, days, months and units in every language.
Enumerations of three such names, with that language's own "and", and dates written out stand in for sentences. What
is written alike in two languages is left out. A thing is of one part in all languages: whoever learns what Finland is
called is tested on others.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from onward.core.faults import MachineFault

__all__ = ["LANGUAGES", "language_texts"]

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_THINGS = 260  # of countries, languages and scripts together
_PHRASES, _DATES = 60, 40
_FIRST_DAY = date(2001, 1, 1)


def language_texts() -> list[tuple[str, str, str]]:
    """Give texts with their language and part (train, val or test), always the same ones.

    Raises:
        MachineFault: the library with the catalogues is not installed.
    Example:
        >>> texts = language_texts(); ("Deutschland", "German") in {(text, label) for text, label, _ in texts}
        True
    """
    try:
        from babel import Locale
    except ImportError:
        raise MachineFault("The languages come from the package babel: pip install 'onward[language]'") from None
    found = [
        (text, name, _part(thing))
        for code, name in LANGUAGES.items()
        for thing, text in _texts(Locale.parse(code))
        if len(text) > 1
    ]
    spoken = Counter(text.casefold() for text, _ in {(text, name) for text, name, _ in found})
    unlike = [each for each in found if spoken[each[0].casefold()] == 1]
    return list({(text.casefold()): (text, name, part) for text, name, part in unlike}.values())


def _texts(locale: Any) -> Iterator[tuple[str, str]]:
    """Give a language's texts, each with the thing it is about."""
    from babel.dates import format_date
    from babel.lists import format_list

    names = {f"country {key}": name for key, name in locale.territories.items() if len(key) == 2}
    names |= {f"language {key}": name for key, name in locale.languages.items()}
    names |= {f"script {key}": name for key, name in locale.scripts.items()}
    chosen = sorted(names, key=_lot)[:_THINGS]
    yield from ((thing, names[thing]) for thing in chosen)
    for kind, words in (("day", locale.days), ("month", locale.months)):
        yield from ((f"{kind} {key}", word) for key, word in words["stand-alone"]["wide"].items())
    for part in ("train", "val", "test"):  # an enumeration tells of things of one part alone
        own = [names[thing] for thing in chosen if _part(thing) == part]
        count = _PHRASES if part == "train" else _PHRASES // 6
        for number in range(count if len(own) >= 3 else 0):
            chance = random.Random(f"{locale.language} {part} {number}")
            yield f"{part} alone", format_list(chance.sample(own, 3), locale=locale)
    for number in range(_DATES):
        day = _FIRST_DAY + timedelta(days=137 * number)
        yield f"date {number}", format_date(day, "full", locale=locale)


def _lot(thing: str) -> int:
    return int.from_bytes(hashlib.blake2b(thing.encode(), digest_size=8).digest(), "big")


def _part(thing: str) -> str:
    if thing.endswith(" alone"):
        return thing.split(" ", 1)[0]
    place = _lot(f"part {thing}") % 20
    return "test" if place < 3 else "val" if place < 5 else "train"
