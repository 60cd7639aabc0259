"""Whole numbers in words, exactly: English and German, which says the ones before the tens (einundzwanzig)."""

from __future__ import annotations

__all__ = ["english_number", "german_number"]

_ENGLISH = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_ENGLISH_TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_GERMAN = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_GERMAN_TENS = (
    "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig",
)  # fmt: skip


def english_number(number: int) -> str:
    """Say a number from 0 to 999,999,999.

    Example:
        >>> english_number(21), english_number(1305)
        ('twenty-one', 'one thousand three hundred and five')
    """
    for size, name in ((1_000_000, "million"), (1_000, "thousand")):
        if number >= size:
            rest = number % size
            joint = " and " if 0 < rest < 100 else " "
            return f"{english_number(number // size)} {name}" + (joint + english_number(rest) if rest else "")
    if number >= 100:
        rest = number % 100
        return f"{_ENGLISH[number // 100]} hundred" + (f" and {english_number(rest)}" if rest else "")
    if number < 20:
        return _ENGLISH[number]
    return _ENGLISH_TENS[number // 10 - 2] + (f"-{_ENGLISH[number % 10]}" if number % 10 else "")


def german_number(number: int) -> str:
    """Say a number from 0 to 999,999,999.

    Example:
        >>> german_number(21), german_number(1305), german_number(1_000_001)
        ('einundzwanzig', 'eintausenddreihundertfünf', 'eine Million eins')
    """
    if number >= 1_000_000:
        many, rest = divmod(number, 1_000_000)
        head = "eine Million" if many == 1 else f"{_within_million(many, is_last=False)} Millionen"
        return head + (f" {_within_million(rest)}" if rest else "")
    return _within_million(number)


def _within_million(number: int, *, is_last: bool = True) -> str:
    """Say a number below a million; at the end of a word one is `eins`, before other words `ein`."""
    if number >= 1_000:
        many, rest = divmod(number, 1_000)
        return f"{_within_million(many, is_last=False)}tausend" + (
            _within_million(rest, is_last=is_last) if rest else ""
        )
    if number >= 100:
        rest = number % 100
        return f"{_one(number // 100)}hundert" + (_within_million(rest, is_last=is_last) if rest else "")
    if number == 1 and not is_last:
        return "ein"
    if number < 20:
        return _GERMAN[number]
    tens = _GERMAN_TENS[number // 10 - 2]
    return f"{_one(number % 10)}und{tens}" if number % 10 else tens


def _one(digit: int) -> str:
    return "ein" if digit == 1 else _GERMAN[digit]
