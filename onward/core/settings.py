"""Settings: one frozen dataclass a task, every value with its origin.

A field is `name: type = setting(default, "help", low, high, choices)`. Types are int, float, bool, str and those
with `| None`. From it come the flags, `--help`, `--set name=value` and `settings.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, get_args, get_type_hints

from onward.core.faults import UsageFault, did_you_mean

__all__ = ["Field", "parse_settings", "setting", "settings_fields", "settings_from_json", "settings_to_json"]

S = TypeVar("S")


@dataclass(frozen=True)
class Field:
    """One setting, as the command line sees it."""

    name: str
    kind: type
    optional: bool
    default: Any
    help: str
    low: float
    high: float
    choices: tuple[str, ...]
    rare: bool

    @property
    def flag(self) -> str:
        """Give the option's name: words joined by dashes; `class_` is `--class`, a word that Python keeps to itself."""
        return "--" + self.name.rstrip("_").replace("_", "-")


def setting(
    default: Any,
    help: str,
    low: float = float("-inf"),
    high: float = float("inf"),
    choices: tuple[str, ...] = (),
    *,
    rare: bool = False,
) -> Any:
    """Declare a field of a settings dataclass; a `rare` one is reached by `--set` and not listed among the flags."""
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices, "rare": rare})


def settings_fields(kind: type) -> list[Field]:
    """List the fields of a settings dataclass."""
    hints = get_type_hints(kind)
    found = []
    for entry in fields(kind):
        options = [option for option in get_args(hints[entry.name]) or (hints[entry.name],) if option is not type(None)]
        details = {"low": None, "high": None, "choices": (), "rare": False, "help": "", **entry.metadata}
        optional = len(get_args(hints[entry.name])) > len(options)
        found.append(Field(entry.name, options[0], optional, entry.default, **details))
    return found


def parse_settings(kind: type[S], words: Mapping[str, Any], owner: str) -> tuple[S, dict[str, str]]:
    """Build a settings record from words or values.

    Args:
        words: name to text or value; names may have dashes.
        owner: who has these settings, for the message ("gan").
    Returns: the record and, by name, where each value came from (`default` or `flag`).
    Raises:
        UsageFault: an unknown name, a value of the wrong kind or out of range.
    """
    known = {entry.name: entry for entry in settings_fields(kind)}
    values, origins = {}, dict.fromkeys(known, "default")
    for name, given in words.items():
        plain = f"{word}_" if f"{(word := name.replace('-', '_'))}_" in known else word  # class is class_
        if plain not in known:
            raise UsageFault(f"{owner} has no setting {name!r}.{did_you_mean(plain, known)}")
        values[plain] = _value(known[plain], given)
        origins[plain] = "flag"
    return kind(**values), origins


def settings_to_json(settings: Any, origins: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Give what `settings.json` holds: value and origin by name."""
    return {
        entry.name: {"value": getattr(settings, entry.name), "from": origins.get(entry.name, "default")}
        for entry in fields(settings)
    }


def settings_from_json(kind: type[S], stored: Mapping[str, Mapping[str, Any]]) -> S:
    """Undo `settings_to_json`; names this version does not know are passed over, missing ones take their default."""
    known = {entry.name: entry for entry in settings_fields(kind)}
    return kind(**{name: _value(known[name], entry["value"]) for name, entry in stored.items() if name in known})


def _value(entry: Field, word: Any) -> Any:
    if word is None or (isinstance(word, str) and word.lower() in ("none", "auto") and entry.optional):
        return None
    try:
        value = _BOOLEANS[str(word).lower()] if entry.kind is bool else entry.kind(word)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise UsageFault(f"{entry.name} is {repr(word)[:80]}, which is no {_KINDS[entry.kind]}. {entry.help}") from None
    if entry.choices and value not in entry.choices:
        raise UsageFault(f"{entry.name} is {repr(value)[:80]}.{did_you_mean(str(value), entry.choices)}")
    if entry.kind in (int, float) and not entry.low <= value <= entry.high:  # what is not a number lies nowhere
        raise UsageFault(f"{entry.name} is {value}, outside {entry.low:g} to {entry.high:g}. {entry.help}")
    return value


_BOOLEANS = {**dict.fromkeys(("yes", "true", "1", "on"), True), **dict.fromkeys(("no", "false", "0", "off"), False)}
_KINDS = {int: "whole number", float: "number", bool: "yes or no", str: "word"}
