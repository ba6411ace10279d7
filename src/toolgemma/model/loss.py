"""Selective cross-entropy: the head runs on the supervised positions only, a chunk at a time.

    labels_BT     .  .  .  a  b  c        logits never exist as (B, T, V): with Gemma's 262,144 entries one row of
    hidden_BTD    h0 h1 h2 h3 h4 h5       1,024 tokens would take 1 GiB in float32, and its gradient another
    predicts      .  .  a  b  c           h2, h3, h4 -> head -> cross-entropy

Two kinds of batch go in: padded rows (tokens.collate.Collator), and packs of rows that share their prefixes
(tokens.collate.PackCollator), where a hidden state may predict several tokens and a prediction may count for several
rows. The loss and the gradients are the same, up to rounding.

Costs: the decoder once, and for each supervised token what model.linear_cross_entropy costs. A head that is trained
itself, quantised or capped takes the plain way: its logits are computed again in the backward pass, a chunk at a time.
It calls the decoder and the head through their public getters, patches nothing, and doesn't normalise: who accumulates
knows by how many tokens to divide.

Shapes: B rows, T tokens, D hidden size, V vocabulary, N predictions (supervised tokens), P parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel

from toolgemma.format.segments import PARTS
from toolgemma.model import tree_attention
from toolgemma.model.adapter_dtype import products_in_base_dtype
from toolgemma.model.linear_cross_entropy import can_use, linear_cross_entropy
from toolgemma.tokens.encode import IGNORED

CHUNK_LOGITS = 2**26  # logits held at once: 128 MiB in bfloat16, 256 rows of Gemma's vocabulary


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


@dataclass(frozen=True, slots=True)
class _Predictions:
    """What the head is asked: `hidden_ND[i]` predicts `labels_N[i]`, which counts `weights_N[i]` times."""

    hidden_ND: Tensor  # noqa: N815
    labels_N: Tensor  # noqa: N815
    parts_N: Tensor  # noqa: N815
    weights_N: Tensor  # noqa: N815


def supervised_loss(model: nn.Module, batch: Mapping[str, Any], chunk_logits: int = CHUNK_LOGITS) -> LossSums:
    """Summed negative log-likelihood of the labels that are not `IGNORED`, token i predicting token i + 1.

    `model` is a causal language model, or a PEFT model around one. `batch` is what a collator of tokens.collate gave:
    padded rows (`input_ids`, `attention_mask`, `labels` and `parts`, each int64 (B, T)) or a pack (`tree` and its
    tensors). A batch without supervised tokens has `nll` 0 and gradients 0. The cross-entropy is computed in float32
    (float64 for a float64 model).
    """
    causal = causal_model(model)
    with products_in_base_dtype(causal):
        asked = _of_pack(causal, batch) if "tree" in batch else _of_rows(causal, batch)
    nll, nll_N, hit_N = _cross_entropy(causal, asked, chunk_logits)
    hits_N = hit_N * asked.weights_N
    return LossSums(
        nll=nll,
        correct=hits_N.sum(),
        count=asked.weights_N.sum(),
        nll_P=_by_part(asked.parts_N, nll_N * asked.weights_N),
        correct_P=_by_part(asked.parts_N, hits_N),
        count_P=_by_part(asked.parts_N, asked.weights_N),
    )


def causal_model(model: nn.Module) -> PreTrainedModel:
    """The causal language model itself, from under a PEFT wrapper if there is one."""
    unwrap = getattr(model, "get_base_model", None)
    causal = unwrap() if callable(unwrap) else model
    assert isinstance(causal, PreTrainedModel)
    return causal


def _of_rows(causal: PreTrainedModel, batch: Mapping[str, Tensor]) -> _Predictions:
    hidden_BTD = causal.get_decoder()(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).last_hidden_state
    labels_BT = batch["labels"][:, 1:]
    supervised_BT = labels_BT != IGNORED
    labels_N = labels_BT[supervised_BT]
    parts_N = batch["parts"][:, 1:][supervised_BT]
    return _Predictions(hidden_BTD[:, :-1][supervised_BT], labels_N, parts_N, torch.ones_like(labels_N))


def _of_pack(causal: PreTrainedModel, batch: Mapping[str, Any]) -> _Predictions:
    hidden_1TD = tree_attention.decode(causal, batch["input_ids"], batch["position_ids"], batch["tree"])
    hidden_ND = hidden_1TD[0].index_select(0, batch["sources"])
    return _Predictions(hidden_ND, batch["targets"], batch["parts"], batch["weights"])


def _cross_entropy(causal: PreTrainedModel, asked: _Predictions, chunk_logits: int) -> tuple[Tensor, Tensor, Tensor]:
    """(weighted sum with a graph, NLL of each prediction, hit of each prediction)."""
    head = causal.get_output_embeddings()
    softcap = getattr(causal.config, "final_logit_softcapping", None)
    if can_use(head) and softcap is None:
        return linear_cross_entropy(asked.hidden_ND, head.weight, asked.labels_N, asked.weights_N, chunk_logits)
    chunk = max(1, chunk_logits // causal.config.vocab_size)
    # An empty slice's sum is 0 and carries the graph, so a batch without supervised tokens still goes backward.
    nll = asked.hidden_ND[:0].to(_at_least_float32(asked.hidden_ND.dtype)).sum()
    pieces_N = [nll.detach().new_zeros(0)]
    hits_N = [asked.labels_N.new_zeros(0)]
    for start in range(0, len(asked.labels_N), chunk):
        rows = slice(start, start + chunk)
        piece_N, hit_N = checkpoint(
            _chunk, head, asked.hidden_ND[rows], asked.labels_N[rows], softcap,
            use_reentrant=False, preserve_rng_state=True,
        )  # fmt: skip
        nll = nll + (piece_N * asked.weights_N[rows]).sum()
        pieces_N.append(piece_N.detach())
        hits_N.append(hit_N)
    return nll, torch.cat(pieces_N), torch.cat(hits_N)


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
