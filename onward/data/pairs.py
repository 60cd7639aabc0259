r"""The door to sentence pairs: a source, a target, three parts; what does not fit together is said, with its line.

    open_pairs(address, direction)    folder, archive or file (`pair_files.py`), or `dates`, `numbers` (`made_pairs.py`)

English is the target where one side is English and nothing else is said; of two columns the first is the source. Parts
that no name tells are drawn by content, so that the same sentence is never in two of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from onward.core.faults import DataFault
from onward.data.made_pairs import is_made, made_pairs, sides_of
from onward.data.pair_alignment import shifts, swapped
from onward.data.pair_files import Found, english, find_pairs
from onward.data.text import open_text

__all__ = ["PairPart", "Pairs", "open_pairs"]

_FEWEST = 20
_MADE = {"train": 60_000, "val": 500, "test": 1_000}
_SHARE, _MOST_DRAWN = 0.05, 2_000
_ODD_RATIO = 9.0  # times the usual one, as in Moses' clean-corpus-n
_MOSTLY = 0.9


@dataclass(frozen=True)
class PairPart:
    """Sentences and their translations, equally many.

    Attributes:
        titles: of the files each pair is from, where a part has several; else empty.
    """

    source: list[str] = field(default_factory=list)
    target: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.source)


@dataclass(frozen=True)
class Pairs:
    """Sentence pairs in three parts.

    Attributes:
        names: of source and target.
        direction: a sentence on which is which, and why.
        troubles: a sentence for each thing that was odd.
        is_made: whether they come from a generator, where every answer is exact.
    """

    address: str
    names: tuple[str, str]
    training: PairPart
    validation: PairPart
    testing: PairPart
    fingerprint: str
    direction: str = ""
    troubles: list[str] = field(default_factory=list)
    is_made: bool = False


def open_pairs(address: str, direction: str = "auto") -> Pairs:
    """Read sentence pairs.

    Args:
        direction: source and target like `de-en`, `reverse` for the other way round, or `auto`.
    Raises:
        DataFault: there are none, too few, or they do not fit together.
    """
    if is_made(address):
        return _made(address)
    text = open_text(address)
    troubles = list(text.troubles)
    wanted = frozenset(direction.lower().split("-")) if direction.count("-") == 1 else frozenset[str]()
    found = find_pairs(text, wanted, troubles)
    turn, said = _turned(found, direction, address)
    parts: dict[str, list[Found]] = {"": [], "train": [], "val": [], "test": []}
    for each in found:
        parts[each.split].append(each if not turn else _reversed(each))
    told = parts["train"] + parts[""]
    reference = (told or found)[0].sides
    for each in (each for own in parts.values() for each in own):
        troubles += _checked(each, reference)
    whole = _parted(parts, troubles)
    one, other = found[0].names
    names = (other, one) if turn else (one, other)
    digest = hashlib.blake2b(repr((text.fingerprint, names)).encode(), digest_size=16).hexdigest()
    if len(whole["train"]) < _FEWEST or not len(whole["test"]):
        raise DataFault(
            f"{address} has {len(whole['train']):,} pairs to learn from and {len(whole['test']):,} to test; at least "
            f"{_FEWEST} and 1 are needed. Add more."
        )
    return Pairs(address, names, whole["train"], whole["val"], whole["test"], digest, said, troubles)


def _made(address: str) -> Pairs:
    sides = sides_of(address)
    parts = {}
    for split, count in _MADE.items():
        drawn = list(islice(made_pairs(address, split), count))
        drawn = drawn if split == "train" else list(dict.fromkeys(drawn))  # nothing is tested twice
        parts[split] = PairPart([source for source, _ in drawn], [target for _, target in drawn])
    digest = hashlib.blake2b(repr((address, [part.source for part in parts.values()])).encode(), digest_size=16)
    said = f"From {sides[0]} to {sides[1]}; these pairs are made, so every answer is known exactly."
    return Pairs(address, sides, parts["train"], parts["val"], parts["test"], digest.hexdigest(), said, is_made=True)


def _turned(found: Sequence[Found], direction: str, address: str) -> tuple[bool, str]:
    """Say whether the second side is the source, and why."""
    one, other = found[0].names
    if strange := next((each for each in found if set(each.names) != {one, other}), None):
        raise DataFault(
            f"{address}: {strange.title} is in {' and '.join(strange.names)}, but {found[0].title} in {one} and "
            f"{other}. Keep the pairs of two languages only."
        )
    if direction not in ("auto", "reverse"):
        for source, target in ((one, other), (other, one)):
            if direction.lower().replace("_", "-") == f"{source}-{target}".replace("_", "-"):
                return source == other, f"From {source} to {target}, as you said."
        raise DataFault(f"{address} holds {one} and {other}. Say --direction {one}-{other} or {other}-{one}.")
    is_turned = not found[0].is_ordered and english(one) and not english(other)
    if found[0].is_ordered:
        why = "the first column is the source"
    else:
        why = "English is the target" if english(one) != english(other) else "by the alphabet"
    if direction == "reverse":
        is_turned, why = not is_turned, "as you said, the other way round"
    source, target = (other, one) if is_turned else (one, other)
    return is_turned, f"From {source} to {target}: {why}; --direction reverse turns it."


def _reversed(found: Found) -> Found:
    (one, other), (first, second) = found.names, found.sides
    return replace(found, names=(other, one), sides=(second, first))


def _checked(found: Found, reference: tuple[list[str], list[str]]) -> list[str]:
    """Say what is odd about pairs as they lie in their files."""
    source, target = found.sides
    title, first = found.title or "the files", found.first_line
    said = []
    same = [
        number
        for number, pair in enumerate(zip(source, target, strict=True))
        if pair[0].strip() == pair[1].strip() != ""
    ]
    if len(same) > _MOSTLY * len(source) and len(source) >= _FEWEST:
        raise DataFault(
            f"{title}: both sides say the same in {len(same):,} of {len(source):,} lines. Give translations."
        )
    if same:
        said.append(
            f"{title}: source and target are the same in {len(same):,} lines, the first is line {same[0] + first:,}."
        )
    for shift in shifts(source, target):
        said.append(
            f"{title}: from line {shift.begin + first:,} to {shift.end + first - 1:,} the {found.names[1]} side seems "
            f"to be shifted by {shift.by:+d}: a line is missing or too many at about line {shift.begin + first:,}. "
            "Mend it there."
        )
    odd = swapped(source, target, reference)
    if len(odd) > _MOSTLY / 2 * len(source):
        said.append(f"{title}: the sides seem to be swapped, its {found.names[0]} reads like {found.names[1]}.")
    elif odd:
        said.append(
            f"{title}: the sides seem to be swapped in {len(odd):,} lines, the first is line {odd[0] + first:,}."
        )
    return said


def _parted(parts: dict[str, list[Found]], troubles: list[str]) -> dict[str, PairPart]:
    """Bring pairs into three parts: blank ones dropped, parts that no name tells drawn by content."""
    pairs = {name: [pair for each in own for pair in zip(*each.sides, strict=True)] for name, own in parts.items()}
    stripped = {name: [(one.strip(), other.strip()) for one, other in own] for name, own in pairs.items()}
    whole = {name: [pair for pair in own if pair[0] and pair[1]] for name, own in stripped.items()}
    blank = sum(len(own) - len(whole[name]) for name, own in pairs.items())
    if blank:
        troubles.append(f"{blank:,} lines are blank on one side or both; they are left out on both.")
    learned = whole["train"] + whole[""]
    missing = [name for name in ("val", "test") if not whole[name]]
    drawn: dict[str, list[tuple[str, str]]] = {"train": [], "val": [], "test": []}
    share = min(_SHARE, _MOST_DRAWN / max(1, len(learned)))
    for pair in learned:
        lot = int.from_bytes(hashlib.blake2b(pair[0].encode("utf-8", "replace"), digest_size=4).digest(), "big") / 2**32
        drawn[missing[int(lot / share)] if lot < share * len(missing) else "train"].append(pair)
    held = {name: whole[name] or drawn[name] for name in ("val", "test")}
    held["val"] = held["val"] or _one_to_choose_by(drawn["train"], held["test"])
    _say_twice(drawn["train"], held, troubles)
    kept = _without(drawn["train"], {source for own in held.values() for source, _ in own}, troubles)
    whole_parts = {name: PairPart(*(list(side) for side in zip(*own, strict=True))) if own else PairPart()
                   for name, own in {"train": kept, **held}.items()}  # fmt: skip
    if len(parts["test"]) > 1 and whole["test"]:
        whole_parts["test"] = replace(whole_parts["test"], titles=_titles(parts["test"]))
    return whole_parts


def _one_to_choose_by(learned: list[tuple[str, str]], tested: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give a pair that stands once and is not tested: of few pairs the lot may fall on none."""
    counts = Counter(source for source, _ in learned + tested)
    return [pair for pair in learned if counts[pair[0]] == 1][-1:]


def _titles(tested: Sequence[Found]) -> list[str]:
    """Say of each pair that is not blank which files it is from."""
    return [
        each.title for each in tested for one, other in zip(*each.sides, strict=True) if one.strip() and other.strip()
    ]


def _say_twice(learned: list[tuple[str, str]], held: dict[str, list[tuple[str, str]]], troubles: list[str]) -> None:
    if twice := len(learned) - len(set(learned)):
        troubles.append(f"{twice:,} pairs to learn from stand there more than once; they are kept.")
    shared = {source for source, _ in held["val"]} & {source for source, _ in held["test"]}
    if shared:
        troubles.append(f"{len(shared):,} sentences are both in the part to choose by and in the one to test.")


def _without(learned: list[tuple[str, str]], held: set[str], troubles: list[str]) -> list[tuple[str, str]]:
    """Leave out of what is learned from: sentences of other parts, and pairs of absurd length ratio."""
    fresh = [pair for pair in learned if pair[0] not in held]
    if len(fresh) < len(learned):
        count = len(learned) - len(fresh)
        troubles.append(f"{count:,} pairs to learn from have a sentence of another part; they are left out.")
    if not fresh:
        return fresh
    ratios = np.log([(len(target) + 1) / (len(source) + 1) for source, target in fresh])
    odd = np.flatnonzero(np.abs(ratios - np.median(ratios)) > np.log(_ODD_RATIO))
    if not len(odd):
        return fresh
    first = fresh[int(odd[0])]
    troubles.append(
        f"{len(odd):,} pairs are {_ODD_RATIO:g} times as long on one side as usual, like {first[0][:40]!r} and "
        f"{first[1][:40]!r}; they are left out."
    )
    lost = set(odd.tolist())
    return [pair for number, pair in enumerate(fresh) if number not in lost]
