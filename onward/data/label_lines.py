r"""Lines that begin with their label: `1 a stirring, funny film`, `DESC:manner How did ...`, `spam: win a prize`.

label<SPACE>text      few different first words (also fastText's `__label__x`)
coarse:fine text      the label is the coarse one, unless the fine ones are asked for
label: text           and `label:text`
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

__all__ = ["label_lines"]

_FEW, _MOST = 0.05, 200
_FASTTEXT = "__label__"

Labelled = tuple[str, str]  # label and text


def label_lines(lines: Sequence[str], *, fine: bool = False) -> tuple[list[Labelled | None], str] | None:
    r"""Part lines into label and text.

    Args:
        lines: without their ends.
        fine: of labels like `DESC:manner`, take the whole.
    Returns: a pair for each line, None for empty ones, and how a line was read; None if the lines have no labels.
    Example:
        >>> label_lines(["1 so good", "0 so bad", "1 fine", "", "0 dull"])
        ([('1', 'so good'), ('0', 'so bad'), ('1', 'fine'), None, ('0', 'dull')], 'label text')
    """
    whole = [line for line in lines if line.strip()]
    for form, part in _FORMS.items():
        pairs = [part(line, fine) for line in whole]
        if pairs and _are_labels([pair[0] for pair in pairs if pair is not None], len(whole)):
            return [part(line, fine) if line.strip() else None for line in lines], form
    return None


def _are_labels(labels: Sequence[str], count: int) -> bool:
    """Say whether these can be the labels of so many lines: all have one, and there are few kinds."""
    kinds = Counter(labels)
    few = max(2, min(10, count / 4), min(_MOST, _FEW * count))
    return len(labels) == count and len(kinds) <= few and count - len(kinds) >= 2


def _hierarchic(line: str, fine: bool) -> Labelled | None:
    """Part `DESC:manner How did`."""
    word, _, text = line.strip().partition(" ")
    coarse, colon, rest = word.partition(":")
    return (word if fine else coarse, text.strip()) if coarse and colon and rest else None


def _colon(line: str, fine: bool) -> Labelled | None:
    """Part `spam: win` and `spam:win`."""
    label, colon, text = line.strip().partition(":")
    return (label.strip(), text.strip()) if colon and label.strip() else None


def _space(line: str, fine: bool) -> Labelled | None:
    """Part `1 a film`; a label alone stands before an empty text."""
    label, _, text = line.strip().partition(" ")
    return label.removeprefix(_FASTTEXT).removesuffix(":"), text.strip()


_FORMS: dict[str, Callable[[str, bool], Labelled | None]] = {
    "coarse:fine text": _hierarchic,
    "label text": _space,
    "label: text": _colon,
}
