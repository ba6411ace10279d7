"""Batches of encoded rows.

    row A   ids     5 6 7 8      labels  .  .  7 8      parts  .  .  0 0
    row B   ids     9 4 P P      labels  .  4  .  .     parts  .  2  .  .       P padding, . ignored

Padding stands on the right; causal attention never looks there from a real token.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from toolgemma.tokens.encode import IGNORED, NO_PART, Encoded


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


def _pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    return pad_sequence([torch.tensor(row, dtype=torch.int64) for row in rows], batch_first=True, padding_value=value)
