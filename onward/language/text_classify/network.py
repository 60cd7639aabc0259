"""A network that reads a text and remembers: from both ends, or as a language model of yours does.

What it remembered at each piece is pooled, the strongest, the mean and the last (arXiv:1801.06146, section 3.3), and
told from. Texts of a batch are of many lengths: what stands behind a text's end is masked, never read.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.language.memory_network import LanguageNetwork, dropped_channels
from onward.language.recurrent import CELLS

__all__ = ["OneWay", "TextNetwork", "TwoWays", "turned"]

_TOKEN_DROP = 0.1  # share of the pieces of a text that are not shown while training
_LEAST = -1e4


class TwoWays(nn.Module):
    """Reads from both ends, learned from nothing.

    Args:
        size: how many pieces there are.
        width: channels of the embedding, and of the memory each way.
    """

    def __init__(self, size: int, width: int, cell: str, drop: float) -> None:
        super().__init__()
        self.drop, self.width = drop, 2 * width
        self.embedding = nn.Embedding(size, width)
        nn.init.normal_(self.embedding.weight, std=0.3)
        self.forwards: Any = CELLS[cell](width, width)
        self.backwards: Any = CELLS[cell](width, width)

    def embed(self, numbers: Tensor) -> Tensor:
        """Give what is known of each piece alone: T B to T B C."""
        return self.embedding(numbers)

    def remember(self, seen: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Give what is remembered at each piece, T B C, and after the last one read each way, B C."""
        count = seen.shape[1]
        ahead, _ = self.forwards(seen, self.forwards.start(count))
        back, _ = self.backwards(turned(seen, lengths), self.backwards.start(count))
        ends = torch.cat([_at_ends(ahead, lengths), _at_ends(back, lengths)], dim=1)
        return torch.cat([ahead, turned(back, lengths)], dim=2), ends

    def layers(self) -> list[list[nn.Parameter]]:
        """Give the weights by depth, the deepest last; all learn at one rate here."""
        return [list(self.parameters())]


class OneWay(nn.Module):
    """Reads as a language model does, and begins with what that has learned."""

    def __init__(self, language: LanguageNetwork) -> None:
        super().__init__()
        self.language, self.width = language, language.width
        self.drop = language.drop

    def embed(self, numbers: Tensor) -> Tensor:
        """Give what is known of each piece alone: T B to T B C."""
        return self.language.embedding(numbers) * self.language.width**0.5

    def remember(self, seen: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Give what is remembered at each piece, T B C, and after the last one, B C."""
        for layer, memory in zip(self.language.layers, self.language.start(seen.shape[1]), strict=True):
            seen, _ = layer(seen, memory)
            seen = dropped_channels(seen, self.drop, self.training)
        seen = self.language.last(seen)
        return seen, _at_ends(seen, lengths)

    def layers(self) -> list[list[nn.Parameter]]:
        """Give the weights by depth: the last layer first, what each piece means last."""
        own = [list(layer.parameters()) for layer in reversed(self.language.layers)]
        return [[*self.language.last.parameters(), *own[0]], *own[1:], list(self.language.embedding.parameters())]


class TextNetwork(nn.Module):
    """Numbers of pieces to logits of classes.

    Example:
        >>> network = TextNetwork(TwoWays(50, 8, "mingru", 0.0), kinds=3)
        >>> network(torch.zeros(7, 2, dtype=torch.long), torch.tensor([7, 4])).shape
        torch.Size([2, 3])
    """

    def __init__(self, reader: TwoWays | OneWay, kinds: int, drop: float = 0.0) -> None:
        super().__init__()
        self.reader, self.drop = reader, drop
        self.head = nn.Linear(3 * reader.width, kinds)

    def forward(self, numbers: Tensor, lengths: Tensor) -> Tensor:
        """Read texts, T B numbers of which `lengths`, B, are theirs: logits B K."""
        return self.tell(self.reader.embed(numbers), lengths)

    def tell(self, seen: Tensor, lengths: Tensor) -> Tensor:
        """Read what is known of each piece alone, T B C: logits B K."""
        if self.training:
            shown = torch.rand(seen.shape[0], seen.shape[1], 1) >= _TOKEN_DROP
            seen = dropped_channels(seen * shown, self.reader.drop, training=True)
        remembered, ends = self.reader.remember(seen, lengths)
        is_text = (torch.arange(remembered.shape[0], device=lengths.device)[:, None] < lengths)[..., None]
        strongest = torch.where(is_text, remembered, torch.full_like(remembered, _LEAST)).amax(dim=0)
        mean = (remembered * is_text).sum(dim=0) / lengths[:, None]
        pooled = torch.cat([strongest, mean, ends], dim=1)
        return self.head(F.dropout(pooled, self.drop, self.training))


def turned(seen: Tensor, lengths: Tensor) -> Tensor:
    """Turn each text round, T B C, and leave what stands behind its end where it is.

    Example:
        >>> turned(torch.tensor([[[1.0]], [[2.0]], [[0.0]]]), torch.tensor([2])).flatten().tolist()
        [2.0, 1.0, 0.0]
    """
    moments = torch.arange(seen.shape[0], device=lengths.device)[:, None]
    back = lengths[None] - 1 - moments
    places = torch.where(back >= 0, back, moments)
    return seen.gather(0, places[..., None].expand(-1, -1, seen.shape[2]))


def _at_ends(seen: Tensor, lengths: Tensor) -> Tensor:
    """Give what stands at each text's last piece: T B C to B C."""
    return seen.gather(0, (lengths - 1)[None, :, None].expand(1, -1, seen.shape[2]))[0]
