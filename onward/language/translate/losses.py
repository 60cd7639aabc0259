"""How wrong is what is said? Cross-entropy towards a target that leaves a little certainty to every piece."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from onward.language.translate.batches import Batch
from onward.language.translate.network import Translator
from onward.language.translate.vocabulary import PAD, UNKNOWN

__all__ = ["told_loss"]


def told_loss(network: Translator, batch: Batch, smoothing: float, drop_words: float = 0.0) -> tuple[Tensor, Tensor]:
    """Give the loss to be lowered, and the plain cross-entropy in nats a piece; both without gradient of padding.

    With s the smoothing (Szegedy et al. 2016, arXiv:1512.00567, section 7), the loss is the cross-entropy plus
    s · (logit of the wanted piece − mean of all logits). That mean is the mean of the matrix times what is told, so the
    logits, the largest thing here, are gone through once.
    """
    told, _, _ = network.write(batch.given, *network.begun(_hidden(batch.source, drop_words), batch.lengths))
    wanted = batch.wanted.flatten()
    there = (wanted != PAD).nonzero()[:, 0]
    told, wanted = told.flatten(0, 1)[there], wanted[there]
    plain = F.cross_entropy(network.tell(told), wanted)
    if smoothing == 0:
        return plain, plain.detach()
    weight, bias = network.embedding.weight, network.bias
    told = told.float()
    logit = (told * F.embedding(wanted, weight)).sum(dim=1) + bias[wanted]
    mean = told @ weight.mean(dim=0) + bias.mean()
    return plain + smoothing * (logit - mean).mean(), plain.detach()


def _hidden(source: Tensor, share: float) -> Tensor:
    """Hide a share of source pieces, S B, as if they were unknown (word dropout)."""
    if share == 0:
        return source
    return torch.where((torch.rand(source.shape) < share) & (source != PAD), UNKNOWN, source)
