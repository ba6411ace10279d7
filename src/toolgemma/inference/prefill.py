"""Prompts in; keys, values and a first token out. A prefix that prompts share is computed once, and nothing is padded.

    prompt A  <bos> s y s  a b        one pack      <bos> s y s  a b  c d e       tokens.pack draws the tree,
    prompt B  <bos> s y s  c d e      path of A       0   1 2 3  4 5               model.tree_attention attends along it
                                      path of B       0   1 2 3       6 7 8

Costs: one forward pass over the distinct tokens of a pack. Its keys and values stay in memory as they are, each shared
one once, until the last row of the pack is decoding: 26 kB a token for Gemma 3 1B in bfloat16.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, Gemma3ForCausalLM

from toolgemma.model import tree_attention
from toolgemma.tokens.encode import IGNORED, NO_PART, Encoded
from toolgemma.tokens.pack import pack, shared_length

CACHE = "cache" if "cache" in inspect.signature(Gemma3ForCausalLM.forward).parameters else "past_key_values"
"""What the model calls its cache: transformers renamed the argument in 5.24."""

Packed = list[tuple[Tensor, Tensor]]
"""Keys and values of a pack, each (G, T, E), by layer."""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """A prompt that is ready to decode."""

    index: int
    """Its place in the list of prompts."""
    path: Tensor
    """Places of its tokens in the pack, int64 (length,)."""
    packed: Packed
    token: Tensor
    """The first new one, int64 ()."""


def packs(prompts: Sequence[Sequence[int]], indices: Sequence[int], max_tokens: int) -> list[list[int]]:
    """`indices` of prompts in groups of at most `max_tokens` distinct tokens; a longer prompt has a group of its own.

    Neighbours in the order of their token ids share the longest prefixes. The group with the longest prompt comes
    first, so that a lack of memory shows at once.
    """
    groups: list[list[int]] = []
    tokens = 0
    previous: tuple[int, ...] = ()
    for index in sorted(indices, key=lambda index: tuple(prompts[index])):
        prompt = tuple(prompts[index])
        added = len(prompt) - shared_length(previous, prompt)
        if not groups or tokens + added > max_tokens:
            groups.append([])
            tokens, added = 0, len(prompt)
        groups[-1].append(index)
        tokens += added
        previous = prompt
    return sorted(groups, key=lambda group: -max(len(prompts[index]) for index in group))


@torch.no_grad()
def prefill(causal: Any, prompts: Sequence[Sequence[int]], indices: Sequence[int]) -> list[Prefilled]:
    """The prompts at `indices` as one pack through `causal`, a Gemma3ForCausalLM that attends with tree_attention."""
    ordered = sorted(indices, key=lambda index: tuple(prompts[index]))
    rows = [_encoded(prompts[index]) for index in ordered]
    packed = pack(rows)
    paths = _paths(rows)
    device = causal.device
    recorded = DynamicCache()  # without a config, so that sliding layers keep all of the pack
    first_R = (
        causal(
            input_ids=torch.from_numpy(packed.ids)[None].to(device),
            position_ids=torch.from_numpy(packed.tree.positions)[None].to(device),
            attention_mask=dict.fromkeys(causal.config.layer_types),
            **{CACHE: recorded},
            use_cache=True,
            logits_to_keep=torch.tensor([path[-1] for path in paths], device=device),
            tree_plan=tree_attention.Plan(packed.tree),
        )
        .logits[0]
        .argmax(-1)
    )
    kept: Packed = [(layer.keys[0], layer.values[0]) for layer in recorded.layers]
    return [
        Prefilled(index, torch.tensor(path, device=device), kept, token)
        for index, path, token in zip(ordered, paths, first_R, strict=True)
    ]


def _encoded(prompt: Sequence[int]) -> Encoded:
    return Encoded(tuple(prompt), (IGNORED,) * len(prompt), (NO_PART,) * len(prompt))


def _paths(rows: Sequence[Encoded]) -> list[list[int]]:
    """Where `tokens.pack.pack` puts the tokens of each of the sorted rows."""
    paths: list[list[int]] = []
    path: list[int] = []
    previous: tuple[int, ...] = ()
    count = 0
    for row in rows:
        shared = shared_length(previous, row.ids)
        path = [*path[:shared], *range(count, count + len(row) - shared)]
        paths.append(path)
        count += len(row) - shared
        previous = row.ids
    return paths
