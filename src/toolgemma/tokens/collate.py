"""Batches of encoded rows: padded, or packed.

    row A   ids     5 6 7 8      labels  .  .  7 8      parts  .  .  0 0
    row B   ids     9 4 P P      labels  .  4  .  .     parts  .  2  .  .       P padding, . ignored

Padding stands on the right; causal attention never looks there from a real token. What a pack is: tokens.pack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from toolgemma.tokens.encode import IGNORED, NO_PART, Encoded
from toolgemma.tokens.pack import Pack, arrange, pack


@dataclass(frozen=True)
class Collator:
    """Pads rows to the longest of the batch. A class, so that worker processes can receive it."""

    pad_token_id: int

    def __call__(self, rows: Sequence[Encoded]) -> dict[str, Tensor]:
        """`input_ids`, `attention_mask`, `labels`, `parts`: each int64 (B, T)."""
        return {
            "input_ids": _pad([row.ids for row in rows], self.pad_token_id),
            "attention_mask": _pad([[1] * len(row) for row in rows], 0),
            "labels": _pad([row.labels for row in rows], IGNORED),
            "parts": _pad([row.parts for row in rows], NO_PART),
        }


@dataclass(frozen=True)
class StepCollator:
    """Lays the rows of a step out as the batches of its forward passes.

    With `max_tokens` these are packs of at most so many tokens (`share`: equal prefixes once); without, padded batches
    of `batch_size` rows in their order.
    """

    pad_token_id: int
    batch_size: int
    max_tokens: int | None
    share: bool

    def __call__(self, rows: Sequence[Encoded]) -> dict[str, Any]:
        """`batches`, each with `rows`, `tokens` (of its rows, shared or not) and `supervised` as plain numbers; and the
        `rows` themselves, for another layout."""
        return {"batches": self._lay_out(rows), "rows": rows}

    def _lay_out(self, rows: Sequence[Encoded]) -> list[dict[str, Any]]:
        if self.max_tokens is None:
            pad = Collator(self.pad_token_id)
            groups = [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
            return [pad(group) | _count(group) for group in groups]
        arranged = arrange(rows, self.max_tokens, share=self.share)
        return [pack_tensors(pack(group, share=self.share)) | _count(group) for group in arranged]


def pack_tensors(packed: Pack) -> dict[str, Any]:
    """`input_ids`, `position_ids` (1, T), `sources`, `targets`, `parts`, `weights` (M,), all int64, and the `tree`."""
    return {
        "input_ids": torch.from_numpy(packed.ids)[None],
        "position_ids": torch.from_numpy(packed.tree.positions)[None],
        "sources": torch.from_numpy(packed.sources),
        "targets": torch.from_numpy(packed.targets),
        "parts": torch.from_numpy(packed.parts),
        "weights": torch.from_numpy(packed.weights),
        "tree": packed.tree,
    }


def _count(rows: Sequence[Encoded]) -> dict[str, int]:
    supervised = sum(label != IGNORED for row in rows for label in row.labels[1:])
    return {"rows": len(rows), "tokens": sum(map(len, rows)), "supervised": supervised}


def _pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    return pad_sequence([torch.tensor(row, dtype=torch.int64) for row in rows], batch_first=True, padding_value=value)
