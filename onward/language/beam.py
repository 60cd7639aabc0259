"""Beam search over a batch of sentences at once: the likeliest few beginnings of each go on, together.

What is finished is compared by its logarithm of likelihood over a power of its length, plus how much of the source
was looked at (Wu et al. 2016, arXiv:1609.08144, equation 14): without the first, short answers win; without the second,
half a sentence is left out. Sentences that are done leave the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import torch
from torch import Tensor

__all__ = ["Beam", "Hypothesis", "search"]

S = TypeVar("S")


class Go(Protocol[S]):
    """One step of a decoder over N beginnings."""

    def __call__(self, last: Tensor, state: S, /) -> tuple[Tensor, Tensor | None, S]:
        """Take the last pieces, N; give logits N V, what was looked at N P (or None), and the state after it."""
        ...


@dataclass(frozen=True)
class Beam:
    """How far the search looks.

    Attributes:
        size: beginnings of a sentence that are held at once; 1 is greedy.
        length: power of the length norm; 0 is none.
        coverage: weight of having looked at everything; on Multi30k the paper's 0.2 cost 1.4 BLEU, for one word of the
            translation often looks at one of three.
    """

    size: int = 5
    length: float = 1.0
    coverage: float = 0.0


@dataclass(frozen=True)
class Hypothesis:
    """A finished answer: its pieces without the end, and its score; higher is better."""

    pieces: list[int]
    score: float


@dataclass
class _Place(Generic[S]):
    """What is going on: B sentences with K beginnings each, N = B · K rows."""

    state: S
    sentences: Tensor  # B: which ones
    said: Tensor  # B K t
    scores: Tensor  # B K
    looked: Tensor | None = None  # B K P
    finished: dict[int, list[Hypothesis]] = field(default_factory=dict)


@torch.no_grad()
def search(
    go: Go[S],
    state: S,
    select: Callable[[S, Tensor], S],
    limits: Tensor,
    beam: Beam,
    ends: tuple[int, int],
    never: tuple[int, ...] = (),
) -> list[list[Hypothesis]]:
    """Find the best answers for B sentences.

    Args:
        go: a step.
        state: before the first, for B sentences.
        select: gives the rows of a state, in a new order.
        limits: how many pieces each answer may have at most, B.
        ends: the piece every answer begins with, and the one it ends with.
        never: pieces that are never said.
    Returns: for each sentence up to `size` answers, the best first.
    Example:
        >>> def go(last, state):
        ...     return torch.log(torch.tensor([0.0, 0.3, 0.7])).expand(len(last), 3), None, state
        >>> state = torch.zeros(1, 1)
        >>> search(go, state, lambda s, rows: s[rows], torch.tensor([4]), Beam(2, 0, 0), (0, 1))[0][1].pieces
        [2]
    """
    count, size = len(limits), beam.size
    now = _Place(
        select(state, torch.arange(count).repeat_interleave(size)),
        torch.arange(count),
        torch.full((count, size, 1), ends[0]),
        torch.full((count, size), -math.inf).index_fill_(1, torch.tensor([0]), 0.0),
    )
    now.finished = {number: [] for number in range(count)}
    for moment in range(1, int(limits.max()) + 1):
        logits, looked, after = go(now.said[:, :, -1].flatten(), now.state)
        logits = logits.float().log_softmax(dim=1)
        logits[:, list(never)] = -math.inf
        whole = now.scores[:, :, None] + logits.view(len(now.scores), size, -1)
        best, places = whole.flatten(1).topk(min(2 * size, whole.shape[1] * whole.shape[2]), dim=1)
        rows, pieces = places // logits.shape[1], places % logits.shape[1]
        seen = _seen(now, looked)
        _finish(now, (best, rows, pieces, seen), moment, beam, ends[1], limits)
        waiting = [not _is_done(now, each, size, moment, limits) for each in now.sentences.tolist()]
        going = torch.tensor(waiting).nonzero()[:, 0]
        if not len(going):
            break
        _go_on(now, going, (best, rows, pieces, seen), after, select, ends[1])
    return [sorted(found, key=lambda each: -each.score)[:size] for _, found in sorted(now.finished.items())]


_Chosen = tuple[Tensor, Tensor, Tensor, "Tensor | None"]  # scores, rows and pieces B 2K; what was looked at B K P


def _seen(now: _Place[S], looked: Tensor | None) -> Tensor | None:
    if looked is None:
        return None
    looked = looked.view(*now.scores.shape, -1)
    return looked if now.looked is None else now.looked + looked


def _finish(now: _Place[S], chosen: _Chosen, moment: int, beam: Beam, end: int, limits: Tensor) -> None:
    """Take what ends here, or has to, among the best of each sentence."""
    best, rows, pieces, seen = chosen
    is_over = (pieces == end) | (moment >= limits[now.sentences])[:, None]
    for sentence, place in (is_over & torch.isfinite(best))[:, : beam.size].nonzero().tolist():
        row, piece = int(rows[sentence, place]), int(pieces[sentence, place])
        said = now.said[sentence, row, 1:].tolist() + ([] if piece == end else [piece])
        score = float(best[sentence, place]) / ((5 + moment) / 6) ** beam.length
        if seen is not None and beam.coverage:
            score += beam.coverage * _covered(seen[sentence, row])
        now.finished[int(now.sentences[sentence])].append(Hypothesis(said, score))


def _covered(seen: Tensor) -> float:
    """Give the coverage of a source, P shares in all: 0 where everything was looked at, else less; padding is 0."""
    return float(seen[seen > 0].clamp(1e-3, 1.0).log().sum())


def _is_done(now: _Place[S], sentence: int, size: int, moment: int, limits: Tensor) -> bool:
    return len(now.finished[sentence]) >= size or moment >= int(limits[sentence])


def _go_on(
    now: _Place[S], going: Tensor, chosen: _Chosen, after: S, select: Callable[[S, Tensor], S], end: int
) -> None:
    """Keep the best beginnings that have not ended, of the sentences that are not done."""
    best, rows, pieces, seen = (None if each is None else each[going] for each in chosen)
    if best is None or rows is None or pieces is None:
        return
    size = now.scores.shape[1]
    best = best.masked_fill(pieces == end, -math.inf)
    scores, order = best.topk(size, dim=1)
    rows, pieces = rows.gather(1, order), pieces.gather(1, order)
    now.state = select(after, (going[:, None] * size + rows).flatten())
    said = now.said[going].gather(1, rows[..., None].expand(-1, -1, now.said.shape[2]))
    now.said, now.scores = torch.cat([said, pieces[..., None]], dim=2), scores
    now.looked = None if seen is None else seen.gather(1, rows[..., None].expand(-1, -1, seen.shape[2]))
    now.sentences = now.sentences[going]
