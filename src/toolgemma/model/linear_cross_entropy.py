"""Cross-entropy of a frozen linear head, without its logits and without its gradient.

    hidden_CD  x  weight_VD' = logits_CV     one chunk of positions, in the head's own dtype, blocks of the vocabulary
                                             one after the other: each is used while it is in the cache
    logsumexp_C                              online over the blocks (arXiv 1805.02867), in float32
    gradient_CD = (softmax - one_hot) weight computed in the forward pass, while the chunk's logits exist

Costs: two products with the head for a position that trains (the plain way has two as well, a checkpointed one three)
and one for a position that is only scored; `chunk_logits` numbers of the head's dtype, and no float32 copy of a chunk.
It holds no graph of the logits: the backward pass is one multiplication. Not for a head that is trained itself.

Shapes: N positions, C of a chunk, D hidden size, V vocabulary, K entries of a block.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

_BLOCK_CPU = 8192  # entries of the vocabulary; 19 MB of Gemma's head in bfloat16
_BLOCK_GPU = 65536


def can_use(head: nn.Module) -> bool:
    """Whether `head` is a plain linear layer that isn't trained (a quantised or adapted one is of another class)."""
    plain = type(head) is nn.Linear and getattr(head, "bias", None) is None
    return plain and not any(parameter.requires_grad for parameter in head.parameters())


def linear_cross_entropy(
    hidden_ND: Tensor, weight_VD: Tensor, labels_N: Tensor, weights_N: Tensor, chunk_logits: int
) -> tuple[Tensor, Tensor, Tensor]:
    """(sum of weights x NLL with a graph to `hidden_ND`, NLL of each position (N,), top-1 hit of each position (N,)).

    NLL is in nats and float32 (float64 for a float64 head). Under autocast the products run in autocast's dtype.
    """
    device = hidden_ND.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight_VD.dtype
    train = torch.is_grad_enabled() and hidden_ND.requires_grad
    chunk = max(1, chunk_logits // len(weight_VD))
    nll, nll_N, hit_N = _LinearCrossEntropy.apply(hidden_ND, weight_VD, labels_N, weights_N, dtype, chunk, train)
    return nll, nll_N, hit_N


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden_ND: Tensor,
        weight_VD: Tensor,
        labels_N: Tensor,
        weights_N: Tensor,
        dtype: torch.dtype,
        chunk: int,
        train: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        exact = torch.promote_types(dtype, torch.float32)
        scorer = _Scorer(weight_VD, dtype, exact, keep=train, rows=min(chunk, len(hidden_ND)))
        nll_N = hidden_ND.new_empty(len(hidden_ND), dtype=exact)
        hit_N = torch.empty_like(labels_N)
        gradient_ND = torch.empty_like(hidden_ND) if train else hidden_ND.new_empty(0)
        for start in range(0, len(hidden_ND), chunk):
            rows = slice(start, start + chunk)
            normaliser_C = scorer.score(hidden_ND[rows], labels_N[rows], nll_N[rows], hit_N[rows])
            if train:
                gradient_ND[rows] = scorer.gradient(normaliser_C, labels_N[rows], weights_N[rows].to(exact))
        ctx.save_for_backward(gradient_ND)
        ctx.mark_non_differentiable(nll_N, hit_N)
        return (nll_N * weights_N).sum(), nll_N, hit_N

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_nll: Tensor, *_: Tensor) -> tuple[Tensor, None, None, None, None, None, None]:
        (gradient_ND,) = ctx.saved_tensors
        return gradient_ND * of_nll.to(gradient_ND.dtype), None, None, None, None, None, None


class _Scorer:
    """Walks over the vocabulary in blocks; with `keep` a chunk's logits stay until the next chunk."""

    def __init__(self, weight_VD: Tensor, dtype: torch.dtype, exact: torch.dtype, *, keep: bool, rows: int) -> None:
        self._weight_VD = weight_VD
        self._dtype = dtype
        self._exact = exact
        self._block = _BLOCK_CPU if weight_VD.device.type == "cpu" else _BLOCK_GPU
        self._logits: list[Tensor] = []
        if keep:
            widths = (len(block_KD) for _, block_KD in self._blocks())
            self._logits = [weight_VD.new_empty(rows * width, dtype=dtype) for width in widths]

    def _blocks(self) -> Iterator[tuple[int, Tensor]]:
        for start in range(0, len(self._weight_VD), self._block):
            yield start, self._weight_VD[start : start + self._block].to(self._dtype)

    def _kept(self, index: int, rows: int, width: int) -> Tensor:
        return self._logits[index][: rows * width].view(rows, width)

    def score(self, hidden_CD: Tensor, labels_C: Tensor, nll_C: Tensor, hit_C: Tensor) -> Tensor:
        """Fill `nll_C` and `hit_C`; returns the log of the softmax's denominator (C, 1)."""
        hidden_CD = hidden_CD.to(self._dtype)
        largest_C1 = hidden_CD.new_full((len(hidden_CD), 1), -torch.inf, dtype=self._exact)
        total_C1 = torch.zeros_like(largest_C1)
        label_C1 = torch.zeros_like(largest_C1)
        best_C1 = torch.zeros_like(labels_C)[:, None]
        for index, (start, block_KD) in enumerate(self._blocks()):
            if self._logits:
                logits_CK = self._kept(index, len(hidden_CD), len(block_KD))
                torch.mm(hidden_CD, block_KD.t(), out=logits_CK)
            else:
                logits_CK = hidden_CD @ block_KD.t()
            exact_CK = logits_CK.to(self._exact)
            if exact_CK is logits_CK and self._logits:
                exact_CK = logits_CK.clone()  # the kept ones are needed for the gradient
            inside_C1, place_C1 = _place(labels_C, start, len(block_KD))
            label_C1 = torch.where(inside_C1, exact_CK.gather(1, place_C1), label_C1)
            top_C1, argtop_C1 = exact_CK.max(dim=1, keepdim=True)
            best_C1 = torch.where(top_C1 > largest_C1, argtop_C1 + start, best_C1)
            new_C1 = torch.maximum(largest_C1, top_C1)
            total_C1 = total_C1 * (largest_C1 - new_C1).exp() + exact_CK.sub_(new_C1).exp_().sum(1, keepdim=True)
            largest_C1 = new_C1
        normaliser_C1 = largest_C1 + total_C1.log()
        nll_C.copy_((normaliser_C1 - label_C1).squeeze(1))
        hit_C.copy_(best_C1.squeeze(1) == labels_C)
        return normaliser_C1

    def gradient(self, normaliser_C1: Tensor, labels_C: Tensor, weights_C: Tensor) -> Tensor:
        """Gradient of the weighted sum of NLL for the hidden states (C, D), in the exact dtype; spends the logits."""
        gradient_CD = normaliser_C1.new_zeros(len(labels_C), self._weight_VD.shape[1])
        for index, (start, block_KD) in enumerate(self._blocks()):
            logits_CK = self._kept(index, len(labels_C), len(block_KD))
            softmax_CK = logits_CK.to(self._exact).sub_(normaliser_C1).exp_()
            inside_C1, place_C1 = _place(labels_C, start, len(block_KD))
            softmax_CK.scatter_add_(1, place_C1, -inside_C1.to(softmax_CK.dtype))
            softmax_CK *= weights_C[:, None]
            gradient_CD += softmax_CK.to(self._dtype) @ block_KD
        return gradient_CD


def _place(labels_C: Tensor, start: int, width: int) -> tuple[Tensor, Tensor]:
    """Whether each label lies in the block, and where (0 if it doesn't), both (C, 1)."""
    inside_C1 = ((labels_C >= start) & (labels_C < start + width))[:, None]
    return inside_C1, (labels_C[:, None] - start).where(inside_C1, 0)
