"""Greedy generation of many prompts: token ids in, text out; a prefix that prompts share is computed once.

    prompts   in the order of their token ids, cut into packs of `PACK_TOKENS` distinct tokens    (prefill)
    rows      up to `batch_size` decode side by side; where one ends the next prompt takes its place    (decode)

In float32 a prompt gets the tokens that it gets alone; in bfloat16 its neighbours change the last bits, so that rare
near-ties can fall the other way. Nothing is sampled: the model's own generation_config, which in Gemma's case asks for
sampling (top_k 64, top_p 0.95) and would make figures depend on a seed, is not read.

The loop is ours and not `transformers.generate`, because that has no prefixes of different lengths, carries padding and
ended rows along, and copies the whole cache for every token: benchmarks/batched_generation.py has the ratios. Attention
is sdpa whatever `model.attn_implementation` says; the model gets its own back at the end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from toolgemma.errors import ConfigError
from toolgemma.inference.completion import Completion
from toolgemma.inference.decode import Rows
from toolgemma.inference.prefill import Prefilled, packs, prefill
from toolgemma.model import tree_attention
from toolgemma.model.loss import causal_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACK_TOKENS = 4096
"""Distinct tokens of a forward pass over prompts; a longer prompt goes alone."""
_STEPS_UNSEEN = 8  # steps between two looks at an accelerator's tokens: each look waits for it


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch_size: int,
    stop_ids: Sequence[int],
) -> Iterator[tuple[int, Completion]]:
    """Complete every prompt; yields (index into `prompts`, completion) as rows end.

    The model should be in eval mode. `stop_ids` end a turn: `<end_of_turn>` and `<eos>`. `batch_size` rows decode
    together; where the device has no memory for them, it is halved, and rows that were under way start again.

    Raises:
        ConfigError: not even one prompt fits into the accelerator's memory.
    """
    causal = causal_model(model)
    left = list(range(len(prompts)))
    pack_tokens = PACK_TOKENS
    implementation = causal.config._attn_implementation
    causal.set_attn_implementation(tree_attention.NAME)
    try:
        while left:
            groups = packs(prompts, left, pack_tokens)
            flight = _Flight(causal, prompts, groups, max_new_tokens, batch_size, stop_ids)
            while (ended := _next_ended(flight)) is not None:
                for index, ids in ended:
                    left.remove(index)
                    yield index, _complete(tokenizer, ids, stop_ids)
            del flight
            if not left:
                return
            torch.cuda.empty_cache()
            if batch_size == 1 and all(len(group) == 1 for group in groups):
                longest = max(len(prompts[index]) for index in left)
                raise ConfigError(
                    f"no memory left to complete a prompt of {longest} tokens, even alone; lower "
                    f"evaluation.max_new_tokens ({max_new_tokens}), free the device, or set model.device to cpu"
                )
            batch_size, pack_tokens = max(1, batch_size // 2), pack_tokens // 2
    finally:
        causal.set_attn_implementation(implementation)


def _next_ended(flight: "_Flight") -> list[tuple[int, list[int]]] | None:
    """What the next steps brought to an end; None at the end of all, or of the device's memory."""
    try:
        return flight.advance() if flight else None
    except torch.OutOfMemoryError:
        return None  # the caller frees: here the traceback still holds the failed tensors


@dataclass(slots=True)
class _Row:
    """A prompt that decodes."""

    index: int
    written: list[int]
    ended: bool = False


class _Flight:
    """Prompts on their way from `groups` to completions, `batch_size` of them decoding at a time."""

    def __init__(
        self,
        causal: Any,
        prompts: Sequence[Sequence[int]],
        groups: Sequence[Sequence[int]],
        limit: int,
        batch_size: int,
        stop_ids: Sequence[int],
    ) -> None:
        self._causal, self._prompts, self._groups = causal, prompts, list(reversed(groups))
        self._limit, self._batch_size, self._stop_ids = limit, batch_size, frozenset(stop_ids)
        self._waiting: list[Prefilled] = []
        self._rows: list[_Row] = []
        self._cache: Rows | None = None
        self._tokens_B = torch.empty(0, dtype=torch.int64, device=causal.device)
        self._stride = 1 if causal.device.type == "cpu" else _STEPS_UNSEEN

    def __bool__(self) -> bool:
        return bool(self._groups or self._waiting) or not all(row.ended for row in self._rows)

    def advance(self) -> list[tuple[int, list[int]]]:
        """Let rows leave and join, and take the next steps; (index, new tokens) of the rows that ended."""
        ended = sum(row.ended for row in self._rows)
        if self._cache is None or self._cache.full or ended > len(self._rows) // 8:
            self._change()
        else:
            self._write()
        found = []
        for row in self._rows:
            if not row.ended and (len(row.written) >= self._limit or not self._stop_ids.isdisjoint(row.written)):
                row.ended = True
                found.append((row.index, row.written[: self._limit]))
        return found

    def _change(self) -> None:
        """Drop the rows that ended, and let as many join."""
        kept = [place for place, row in enumerate(self._rows) if not row.ended]
        while self._groups and len(kept) + len(self._waiting) < self._batch_size:
            self._waiting += prefill(self._causal, self._prompts, self._groups.pop())
        joining = self._waiting[: self._batch_size - len(kept)]
        del self._waiting[: len(joining)]
        self._cache = Rows.of(self._causal, self._cache, kept, joining)
        self._tokens_B = torch.stack([*self._tokens_B[kept], *(row.token for row in joining)])
        first = self._tokens_B[len(kept) :].tolist()
        self._rows = [
            *(self._rows[place] for place in kept),
            *(_Row(row.index, [token]) for row, token in zip(joining, first, strict=True)),
        ]

    def _write(self) -> None:
        """The next tokens of every row."""
        assert self._cache is not None
        steps: list[torch.Tensor] = []
        while len(steps) < self._stride and not self._cache.full:
            self._tokens_B = self._cache.step(self._tokens_B).argmax(-1)
            steps.append(self._tokens_B)
        for row, tokens in zip(self._rows, torch.stack(steps, 1).tolist(), strict=True):
            row.written += tokens


def _complete(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], stop_ids: Sequence[int]) -> Completion:
    end = next((position for position, token in enumerate(ids) if token in stop_ids), None)
    kept = list(ids if end is None else ids[:end])
    text = tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return Completion(str(text), len(kept), "length" if end is None else "stop")
