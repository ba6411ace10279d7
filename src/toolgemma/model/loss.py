"""Selective cross-entropy: the head runs on the supervised positions only, a chunk at a time.

    labels_BT     .  .  .  a  b  c        logits never exist as (B, T, V): with Gemma's 262,144 entries one row of
    hidden_BTD    h0 h1 h2 h3 h4 h5       1,024 tokens would take 1 GiB in float32, and its gradient another
    predicts      .  .  a  b  c           h2, h3, h4 -> head -> cross-entropy

Costs: the decoder once, plus for each supervised token one row of logits, computed again in the backward pass, so
that a chunk's logits are all that is ever held. It calls the decoder and the head through their public getters, patches
nothing, and doesn't normalise: who accumulates knows by how many tokens to divide.

Shapes: B rows, T tokens, D hidden size, V vocabulary, N supervised tokens, P parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from toolgemma.format.segments import PARTS
from toolgemma.tokens.encode import IGNORED

CHUNK_LOGITS = 2**25  # logits held at once: 128 MiB in float32, 128 rows of Gemma's vocabulary


@dataclass(frozen=True, slots=True)
class LossSums:
    """Sums over the supervised tokens of a batch; divide by `count` for means.

    `nll` (nats) has a graph; everything else is detached. The `_P` tensors are in the order of `PARTS`.
    """

    nll: Tensor
    correct: Tensor
    count: Tensor
    nll_P: Tensor  # noqa: N815
    correct_P: Tensor  # noqa: N815
    count_P: Tensor  # noqa: N815


def supervised_loss(model: nn.Module, batch: Mapping[str, Tensor], chunk_logits: int = CHUNK_LOGITS) -> LossSums:
    """Summed negative log-likelihood of the labels that are not `IGNORED`, token i predicting token i + 1.

    `model` is a causal language model, or a PEFT model around one. `batch` holds `input_ids`, `attention_mask`,
    `labels` and `parts`, each int64 (B, T). A batch without supervised tokens has `nll` 0 and gradients 0. The
    cross-entropy is computed in float32 (float64 for a float64 model).
    """
    causal = causal_model(model)
    hidden_BTD = causal.get_decoder()(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).last_hidden_state
    labels_BT = batch["labels"][:, 1:]
    supervised_BT = labels_BT != IGNORED
    hidden_ND = hidden_BTD[:, :-1][supervised_BT]
    labels_N = labels_BT[supervised_BT]
    parts_N = batch["parts"][:, 1:][supervised_BT]

    head = causal.get_output_embeddings()
    softcap = getattr(causal.config, "final_logit_softcapping", None)
    chunk = max(1, chunk_logits // causal.config.vocab_size)
    # An empty slice's sum is 0 and carries the graph, so a batch without supervised tokens still goes backward.
    nll = hidden_ND[:0].to(_at_least_float32(hidden_ND.dtype)).sum()
    pieces_N: list[Tensor] = []
    correct_N: list[Tensor] = []
    for start in range(0, len(labels_N), chunk):
        rows = slice(start, start + chunk)
        piece_N, hit_N = checkpoint(
            _chunk, head, hidden_ND[rows], labels_N[rows], softcap, use_reentrant=False, preserve_rng_state=True
        )
        nll = nll + piece_N.sum()
        pieces_N.append(piece_N.detach())
        correct_N.append(hit_N)
    return LossSums(
        nll=nll,
        correct=torch.cat(correct_N).sum() if correct_N else torch.zeros_like(labels_N.sum()),
        count=supervised_BT.sum(),
        nll_P=_by_part(parts_N, torch.cat(pieces_N) if pieces_N else nll.detach().new_zeros(0)),
        correct_P=_by_part(parts_N, torch.cat(correct_N) if correct_N else labels_N.new_zeros(0)),
        count_P=_by_part(parts_N, torch.ones_like(labels_N)),
    )


def causal_model(model: nn.Module) -> PreTrainedModel:
    """The causal language model itself, from under a PEFT wrapper if there is one."""
    unwrap = getattr(model, "get_base_model", None)
    causal = unwrap() if callable(unwrap) else model
    assert isinstance(causal, PreTrainedModel)
    return causal


def _chunk(head: nn.Module, hidden_ND: Tensor, labels_N: Tensor, softcap: float | None) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood and top-1 hit of each position."""
    logits_NV = head(hidden_ND)
    logits_NV = logits_NV.to(_at_least_float32(logits_NV.dtype))
    if softcap is not None:
        logits_NV = torch.tanh(logits_NV / softcap) * softcap
    nll_N = nn.functional.cross_entropy(logits_NV, labels_N, reduction="none")
    return nll_N, (logits_NV.detach().argmax(dim=-1) == labels_N).long()


def _by_part(parts_N: Tensor, values_N: Tensor) -> Tensor:
    """Sum of `values_N` for each of `PARTS`; positions of no part count nowhere."""
    one_hot_NP = parts_N[:, None] == torch.arange(len(PARTS), device=parts_N.device)
    return (one_hot_NP * values_N[:, None]).sum(dim=0)


def _at_least_float32(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)
