"""What the finder wants: its shares where the points are, and offsets that lead to them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.vision.pose.network import Answer

__all__ = ["pose_loss", "wanted_shares"]

_SPREAD = 1.0  # of the wanted shares around a point, in cells
_OFFSET_REACH = 2.5  # cells around a point whose offsets count


def wanted_shares(places: Tensor, height: int, width: int, spread: float = _SPREAD) -> Tensor:
    """Share a point out over the cells around it as a Gaussian: B K 2, x and y in cells, to B K h w.

    Example:
        >>> wanted_shares(torch.tensor([[[1.5, 2.5]]]), 5, 4)[0, 0].argmax().item()
        9
    """
    columns, rows = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    across = -((columns - places[:, :, :1]) ** 2) / (2 * spread**2)
    down = -((rows - places[:, :, 1:]) ** 2) / (2 * spread**2)
    return (across.softmax(dim=2)[:, :, None, :] * down.softmax(dim=2)[:, :, :, None]).contiguous()


def pose_loss(answer: Answer, places: Tensor, states: Tensor, stride: int) -> tuple[Tensor, Tensor]:
    """Compare answers with where the points are.

    Args:
        places: B K 2, in pixels.
        states: B K: above 0 known, -1 known to be nowhere; 0 is unknown and counts for nothing.
    Returns: the shares' cross-entropy and the offsets' distance in cells, each over the number of points that count.
    """
    _, _, height, width = answer.heat.shape
    cells = places / stride
    inside = (cells >= 0).all(dim=2) & (cells[..., 0] < width) & (cells[..., 1] < height)
    is_there, is_known = (states > 0) & inside, states != 0
    shares = wanted_shares(cells.clamp(-1e3, 1e3), height, width).flatten(2) * is_there[:, :, None]
    wanted = torch.cat([shares, (~is_there).float()[:, :, None]], dim=2)
    told = torch.cat([answer.heat.flatten(2), answer.nowhere[:, :, None]], dim=2).log_softmax(dim=2)
    surprise = -(wanted * told).sum(dim=2)
    count = is_known.sum().clamp(min=1)
    shares_loss = (surprise * is_known).sum() / count
    middles = torch.stack(
        [
            (torch.arange(width) + 0.5).expand(height, width),
            (torch.arange(height) + 0.5)[:, None].expand(height, width),
        ]
    )
    led = cells[:, :, :, None, None] - middles  # B K 2 h w
    near = (led.abs().amax(dim=2) < _OFFSET_REACH) & is_there[:, :, None, None]
    apart = F.smooth_l1_loss(answer.offsets, led, beta=0.5, reduction="none").sum(dim=2)
    return shares_loss, (apart * near).sum() / near.sum().clamp(min=1)
