"""What each player wants, equation by equation.

`relativistic` (arXiv:1807.00734, as paired in arXiv:2501.05441): the discriminator must find each real picture more
real than the forgery beside it, the generator the other way round. `classic`: the two cross-entropies of the first
paper (arXiv:1406.2661) with the generator's non-saturating form. `hinge`: for the projected player (arXiv:2111.01007).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "classic_discriminator_loss",
    "classic_generator_loss",
    "gradient_penalty",
    "hinge_discriminator_loss",
    "relativistic_loss",
]


def relativistic_loss(winner_logits: Tensor, loser_logits: Tensor) -> Tensor:
    """Ask that each winner look more real than the loser beside it: E softplus(−(D(winner) − D(loser))).

    The discriminator calls it with (real, fake), the generator with (fake, real).

    Example:
        >>> round(relativistic_loss(torch.zeros(4), torch.zeros(4)).item(), 4)
        0.6931
    """
    return F.softplus(loser_logits.float() - winner_logits.float()).mean()


def classic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Ask for 1 on real and 0 on forged: −E log D(x) − E log(1 − D(G(z)))."""
    return F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()


def classic_generator_loss(fake_logits: Tensor) -> Tensor:
    """Ask to be taken for real: −E log D(G(z))."""
    return F.softplus(-fake_logits.float()).mean()


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Ask for more than 1 on real and less than −1 on forged."""
    return F.relu(1 - real_logits.float()).mean() + F.relu(1 + fake_logits.float()).mean()


def gradient_penalty(judge: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """Give ½ E |∇D(x)|²: R1 on real pictures, R2 on forged ones (arXiv:1801.04406, equations 9 and 10).

    Args:
        judge: pictures to logits.
        pictures: B 3 H W.
    """
    pictures = pictures.detach().requires_grad_()
    (slope,) = torch.autograd.grad(judge(pictures).sum(), pictures, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean() / 2
