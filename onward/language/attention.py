"""Global attention (Luong et al. 2015, arXiv:1508.04025): every word of one sentence looks at all words of another.

All moments ask at once, so one product of matrices a batch does the work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Attention"]

_NEVER = -1e4  # small enough for a share of 0, and still a number in bfloat16


class Attention(nn.Module):
    """The "general" score of the paper, equation 8: question · W · memory, softmax over the memory.

    Args:
        width: channels of questions and of the memory.

    Example:
        >>> attend, there = Attention(4), torch.ones(2, 5) > 0
        >>> told, shares = attend(torch.zeros(2, 3, 4), torch.ones(2, 5, 4), there)
        >>> told.shape, shares[0, 0].tolist() == [0.20000000298023224] * 5
        (torch.Size([2, 3, 4]), True)
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.asked = nn.Linear(width, width, bias=False)

    def forward(self, questions: Tensor, memory: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Look: questions B T H at a memory B S H, where `there`, B S, says what is no padding.

        Returns: what was seen, B T H, and the share of each place of the memory, B T S, which sum to 1.
        """
        scores = torch.bmm(self.asked(questions), memory.transpose(1, 2)).float()
        shares = scores.masked_fill(~there[:, None, :], _NEVER).softmax(dim=2)
        return torch.bmm(shares.to(memory.dtype), memory), shares
