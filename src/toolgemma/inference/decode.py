"""Rows that decode side by side, one token a step; they come and go while the others run.

    slots     . . . a a a a|+ _ _      rows end in the same slot, whatever their length: the next token of each is
              b b b b b b b|+ _ _      written behind it (+), in place, and read back as a view; dots are masked
              . . . . . c c|+ _ _

`transformers.generate` copies all keys and values for each token (it concatenates), and computes rows that have ended
until the last one of the batch has; here they are copied when rows change or the slots run out, every `ROOM` steps.
Sliding layers hold their window and no more.

Shapes: B rows, G key heads, S slots, E width of a head, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from toolgemma.inference.prefill import CACHE, Prefilled

ROOM = 32
"""Slots for new tokens."""


@dataclass(slots=True)
class _Layer:
    """Keys and values (B, G, S, E) of which the first `used` slots are written, and `mask` (B, 1, 1, S) to add."""

    keys: Tensor
    values: Tensor
    used: int
    window: int | None
    mask: Tensor

    def seen(self, used: int) -> slice:
        """Slots that the token in the last of `used` slots may see, itself included."""
        return slice(0 if self.window is None else max(0, used - self.window), used)


class Rows:
    """The rows in flight. To the model it is a cache: of that, Gemma 3's attention calls `update` and nothing else."""

    def __init__(self, causal: Any, layers: list[_Layer], lengths: list[int]) -> None:
        self._causal, self._layers = causal, layers
        self._positions_B = torch.tensor(lengths, device=causal.device)
        self.lengths = lengths
        """Tokens of each row that are in the cache."""

    @classmethod
    @torch.no_grad()
    def of(cls, causal: Any, old: "Rows | None", kept: Sequence[int], joining: Sequence[Prefilled]) -> "Rows":
        """The rows of `old` at `kept`, in that order, then those that join; at least one.

        Takes `old` apart layer by layer, so that no more than one layer is in memory twice.
        """
        before = [old.lengths[row] for row in kept] if old else []
        lengths = [*before, *(len(row.path) for row in joining)]
        masks: dict[int | None, Tensor] = {}
        layers = []
        for number, kind in enumerate(causal.config.layer_types):
            window = causal.config.sliding_window if kind == "sliding_attention" else None
            held = [length if window is None else min(length, window - 1) for length in lengths]
            used = max(held)
            if window not in masks:
                masks[window] = _mask(held, used, causal)
            layer = old._layers.pop(0) if old else None
            like = layer.keys if layer else joining[0].packed[number][0][None]
            keys, values = (like.new_zeros(len(lengths), like.shape[1], used + ROOM, like.shape[3]) for _ in range(2))
            if layer and kept:
                width = max(held[: len(kept)])
                rows = torch.tensor(kept, device=like.device)
                for target, source in ((keys, layer.keys), (values, layer.values)):
                    target[: len(kept), :, used - width : used] = source[rows, :, layer.used - width : layer.used]
            for place, row in enumerate(joining, start=len(kept)):
                path = row.path[len(row.path) - held[place] :]
                for target, source in zip((keys, values), row.packed[number], strict=True):
                    target[place, :, used - len(path) : used] = source[:, path]
            layers.append(_Layer(keys, values, used, window, masks[window]))
        return cls(causal, layers, lengths)

    @property
    def full(self) -> bool:
        """Whether no slot is left."""
        return any(layer.used == layer.keys.shape[2] for layer in self._layers)

    def update(self, key: Tensor, value: Tensor, number: int, *more: Any, **named: Any) -> tuple[Tensor, Tensor]:
        """Write keys and values (B, G, 1, E) of one token a row; all that it may see (B, G, K, E)."""
        layer = self._layers[number]
        layer.keys[:, :, layer.used : layer.used + 1] = key
        layer.values[:, :, layer.used : layer.used + 1] = value
        layer.used += 1
        seen = layer.seen(layer.used)
        return layer.keys[:, :, seen], layer.values[:, :, seen]

    @torch.no_grad()
    def step(self, tokens_B: Tensor) -> Tensor:
        """Append a token to each row; logits (B, V) of the next ones."""
        layers = dict(zip(self._causal.config.layer_types, self._layers, strict=True))  # one of each kind
        masks = {kind: layer.mask[..., layer.seen(layer.used + 1)] for kind, layer in layers.items()}
        logits_BV: Tensor = self._causal(
            input_ids=tokens_B[:, None],
            position_ids=self._positions_B[:, None],
            attention_mask=masks,
            **{CACHE: self},
            use_cache=True,
        ).logits[:, -1]
        self._positions_B += 1
        self.lengths = [length + 1 for length in self.lengths]
        return logits_BV


def _mask(held: Sequence[int], used: int, causal: Any) -> Tensor:
    """(B, 1, 1, S), added to the scores: minus infinity, as far as the dtype has it, before a row's first token.

    Also where nothing is masked: without one transformers has sdpa copy the keys for each head (`enable_gqa`), which on
    a CPU takes ten times as long.
    """
    empty_BS = torch.arange(used + ROOM)[None] < used - torch.tensor(held)[:, None]
    mask_BS = torch.zeros(empty_BS.shape, dtype=causal.dtype).masked_fill_(empty_BS, torch.finfo(causal.dtype).min)
    return mask_BS[:, None, None].to(causal.device)
