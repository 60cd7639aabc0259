"""Batch normalisation over the whole batch, of which each process has a share.

Each process finds mean and variance of its share; they are gathered and joined (Chan et al. 1979), so that all
normalise by the same two numbers a channel. Backwards the two sums that a normalised batch owes are added up over all
processes (arXiv:1502.03167, section 3). torch's own SyncBatchNorm does the same on GPUs only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from onward.group.processes import Processes

__all__ = ["SharedNormalisation", "share_statistics"]


class SharedNormalisation(nn.BatchNorm2d):
    """A batch normalisation whose statistics are the whole batch's while it learns; its state is that of torch's."""

    group: Processes

    def forward(self, input: Tensor) -> Tensor:
        """Normalise B C H W; where nothing is learned, by the running statistics."""
        if not self.training or self.group.size == 1:
            return super().forward(input)
        seen = input.float()
        count = seen.numel() // seen.shape[1]
        mean, spread = torch.batch_norm_update_stats(seen.detach(), None, None, 0.0)  # of the share: mean, variance
        mean, spread = self._joined(mean, spread)
        if self.running_mean is not None and self.running_var is not None:
            whole, momentum = count * self.group.size, 0.1 if self.momentum is None else self.momentum
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(spread * whole / max(1, whole - 1), momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        return _Normalise.apply(seen, self.weight, self.bias, mean, spread, self.eps, self.group)  # type: ignore[no-any-return]

    def _joined(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Join mean and variance of shares of one size."""
        means, variances = self.group.gathered(torch.stack([mean, variance])[None]).unbind(1)
        whole = means.mean(dim=0)
        return whole, (variances + (means - whole).square()).mean(dim=0)


class _Normalise(torch.autograd.Function):
    """(x − mean) / deviation · weight + bias, whose mean and deviation are those of all processes' x."""

    @staticmethod
    def forward(  # noqa: PLR0913 - torch passes a function's inputs so
        ctx: Any, seen: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, spread: Tensor, eps: float, group: Any
    ) -> Tensor:
        ctx.save_for_backward(seen, weight, mean, spread)
        ctx.eps, ctx.group = eps, group
        return F.batch_norm(seen, mean, spread, weight, bias, training=False, eps=eps)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        seen, weight, mean, spread = ctx.saved_tensors
        # as if the statistics were constants; what they owe comes next
        owed, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            grads[0].contiguous(memory_format=torch.channels_last), seen, weight, mean, spread, None, None, False,
            ctx.eps, [True, True, True],
        )  # fmt: skip
        count = seen.numel() // seen.shape[1] * ctx.group.size
        along, level = ctx.group.total(torch.stack([of_weight, of_bias])) / count
        deviation = (spread + ctx.eps).rsqrt()
        slope = -weight * deviation.square() * along
        constant = -weight * deviation * level - slope * mean
        owed = owed.addcmul_(seen, slope[None, :, None, None]).add_(constant[None, :, None, None])
        return owed, of_weight, of_bias, None, None, None, None


def share_statistics(network: nn.Module, group: Processes) -> None:
    """Let every batch normalisation of a network see the whole batch; its weights stay the same objects."""
    for module in list(network.modules()):
        for name, inner in list(module.named_children()):
            if type(inner) is nn.BatchNorm2d:
                shared = SharedNormalisation(inner.num_features, inner.eps, inner.momentum)
                shared.group = group
                shared.weight, shared.bias = inner.weight, inner.bias
                shared.running_mean, shared.running_var = inner.running_mean, inner.running_var
                shared.num_batches_tracked = inner.num_batches_tracked
                setattr(module, name, shared.train(inner.training))
