"""Teaching to copy: rare words that stand on both sides, as names and numbers do, are now and then hidden on both.

Then only "unknown" can be said for them, and attention has to find which (Luong et al. 2015, arXiv:1410.8206). In
every second epoch such pairs are as they are.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from onward.data.pairs import PairPart
from onward.language.translate.vocabulary import UNKNOWN, Vocabulary

__all__ = ["Hidden", "hidden_words"]

Hidden = dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]  # both sides by the pair's row
_RARE = 3
_WORD = re.compile(r"\w[\w'-]*\w")


def hidden_words(vocabulary: Vocabulary, part: PairPart) -> Hidden:
    """Give pairs with a rare word that both sides share written as unknown; none where characters are read.

    Args:
        part: what is learned from.
    """
    if vocabulary.tokenizer.level == "characters":
        return {}
    words = [_WORD.findall(text) for text in part.source]
    counts = Counter(word for each in words for word in each)
    found: Hidden = {}
    for row, (each, target) in enumerate(zip(words, part.target, strict=True)):
        rare = [word for word in each if counts[word] <= _RARE and word in target]
        for word in rare:
            sides = [vocabulary.read(text, hidden=word).numbers for text in (part.source[row], target)]
            if all((side == UNKNOWN).sum() == 1 for side in sides):
                found[row] = (sides[0], sides[1])
                break
    return found
