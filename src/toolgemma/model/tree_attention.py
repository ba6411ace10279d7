"""Attention over a pack of rows that share prefixes: what the mask forbids is not computed.

    <bos> s y s  a b  c d e        a block of queries is a stretch of the depth-first order; all keys it may need are
                      ~~~~~        the ancestors of its first token and the block itself:
    keys  0 1 2 3     6 7 8        queries 6-8 against 7 keys; 4 and 5 are never touched

In sliding layers only those ancestors are gathered that are inside the window of some query. A block is attended in one
of two ways:

    CPU      two matrix products and a softmax (float32 inside), as transformers' eager attention: PyTorch's CPU kernel
             reaches a fifth of the matrix rate. The probabilities are kept for the backward pass: 2 bytes a head, query
             and key of a block, 5 kB a token and layer for rows of 1,000 tokens.
    others   one call of scaled_dot_product_attention, with a mask that is at most as wide as the path; a row that
             starts a tree of its own needs none (causal). Attended again in the backward pass, which keeps nothing but
             queries, keys and values.

It is registered with transformers as an attention implementation, and the plan goes in as a keyword argument of the
decoder; without one it is transformers' own sdpa.

Costs: a few percent of a step. Gradients of shared keys are summed in float32.

Shapes: T tokens of the pack, Q queries and K keys of a block, H heads, G key heads, E width of a head.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from transformers import PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

from toolgemma.tokens.pack import Ints, Tree

NAME = "tree_sdpa"
QUERIES = 256
"""Queries of a block at most: more waste in the block's corner, fewer make more calls."""
_BY_MATRICES = ("cpu",)  # devices on which matrix products beat scaled_dot_product_attention
_CALL = 2**14  # query-key pairs that a call of its own is worth


@dataclass(frozen=True, slots=True)
class Block:
    """Queries start..end against `keys` (K,); `mask` (Q, K) is added to the scores, None is causal."""

    start: int
    end: int
    keys: Tensor
    mask: Tensor | None


class Plan:
    """The blocks of a tree, made when the first layer asks for them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._blocks: dict[int | None, list[Block]] = {}

    def blocks(self, window: int | None, like: Tensor) -> list[Block]:
        """Blocks for layers with this window (tokens; None: no window), on the device and in the dtype of `like`."""
        if window not in self._blocks:
            bounds = stretches(self._tree, window, whole_rows=like.device.type not in _BY_MATRICES)
            self._blocks[window] = [_block(self._tree, start, end, window, like) for start, end in bounds]
        return self._blocks[window]


def decode(causal: PreTrainedModel, input_ids: Tensor, position_ids: Tensor, tree: Tree) -> Tensor:
    """Hidden states (1, T, D) of a pack, from the decoder of a causal language model.

    Sets the model's attention implementation to this one, where it isn't yet.
    """
    if causal.config._attn_implementation != NAME:
        causal.set_attn_implementation(NAME)
    hidden = causal.get_decoder()(
        input_ids=input_ids,
        position_ids=position_ids,
        attention_mask=dict.fromkeys(causal.config.layer_types),  # the plan says who sees whom
        use_cache=False,
        tree_plan=Plan(tree),
    ).last_hidden_state
    return cast(Tensor, hidden)


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    tree_plan: Plan | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention function of transformers: query (B, H, T, E), key and value (B, G, T, E) -> (B, T, H, E)."""
    if tree_plan is None:
        kwargs["sliding_window"] = sliding_window
        result = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return cast(tuple[Tensor, None], result)
    assert len(query) == 1 and not kwargs.get("dropout")
    device = query.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else query.dtype
    query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    function = _MatrixAttention if device in _BY_MATRICES else _TreeAttention
    attended = function.apply(query, key, value, tree_plan.blocks(sliding_window, query), scaling)
    return attended.transpose(1, 2), None


AttentionInterface.register(NAME, tree_attention)
AttentionMaskInterface.register(NAME, sdpa_mask)


class _TreeAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, blocks: list[Block], scaling: float | None
    ) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.blocks, ctx.scaling = blocks, scaling
        attended = torch.empty_like(query)
        for block in blocks:
            attended[:, :, block.start : block.end] = _attend(_cut(block, query, key, value), block, scaling)
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_attended: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value = ctx.saved_tensors
        exact = torch.promote_types(query.dtype, torch.float32)
        of_query = torch.empty_like(query)
        of_key, of_value = (torch.zeros_like(tensor, dtype=exact) for tensor in (key, value))
        for block in ctx.blocks:
            rows = slice(block.start, block.end)
            cut = _cut(block, query, key, value)
            for piece in cut:
                piece.requires_grad_()
            with torch.enable_grad():
                attended = _attend(cut, block, ctx.scaling)
            of_query[:, :, rows], of_keys, of_values = torch.autograd.grad(attended, cut, of_attended[:, :, rows])
            of_key.index_add_(2, block.keys, of_keys.to(exact))
            of_value.index_add_(2, block.keys, of_values.to(exact))
        return of_query, of_key.to(key.dtype), of_value.to(value.dtype), None, None


class _MatrixAttention(torch.autograd.Function):
    """By matrix products; the query heads that share a key head are one tall matrix (h x Q, E)."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, blocks: list[Block], scaling: float | None
    ) -> Tensor:
        _, heads, tokens, width = query.shape
        scale = width**-0.5 if scaling is None else scaling
        attended = query.new_empty(1, tokens, heads, width).transpose(1, 2)
        kept = []
        for block in blocks:
            tall, keys, values = _tall(block, query, key, value)
            scores = torch.bmm(tall, keys.transpose(1, 2)).mul_(scale)
            if block.mask is not None:
                scores.view(len(keys), -1, *block.mask.shape).add_(block.mask)
            weights = scores.softmax(-1)  # in float32 inside, whatever goes in
            attended[0, :, block.start : block.end] = torch.bmm(weights, values).view(heads, -1, width)
            if any(ctx.needs_input_grad):
                kept.append(weights)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.blocks, ctx.scale = blocks, scale
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_attended: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value, *kept = ctx.saved_tensors
        exact = torch.promote_types(query.dtype, torch.float32)
        of_query = torch.empty_like(query)
        of_key, of_value = (torch.zeros_like(tensor[0], dtype=exact) for tensor in (key, value))
        for block, weights in zip(ctx.blocks, kept, strict=True):
            rows = slice(block.start, block.end)
            tall, keys, values = _tall(block, query, key, value)
            of_tall = of_attended[0, :, rows].reshape_as(tall)
            of_value.index_add_(1, block.keys, torch.bmm(weights.transpose(1, 2), of_tall).to(exact))
            of_weights = torch.bmm(of_tall, values.transpose(1, 2))
            of_scores = torch.ops.aten._softmax_backward_data(of_weights, weights, -1, weights.dtype).mul_(ctx.scale)
            of_query[0, :, rows] = torch.bmm(of_scores, keys).view(query.shape[1], -1, query.shape[3])
            of_key.index_add_(1, block.keys, torch.bmm(of_scores.transpose(1, 2), tall).to(exact))
        return of_query, of_key[None].to(key.dtype), of_value[None].to(value.dtype), None, None


def _tall(block: Block, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (G, H / G x Q, E), keys and values (G, K, E) of a block."""
    queries = query[0, :, block.start : block.end].reshape(key.shape[1], -1, query.shape[3])
    return queries, key[0].index_select(1, block.keys), value[0].index_select(1, block.keys)


def _cut(block: Block, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    queries = query[:, :, block.start : block.end].detach()
    return queries, key.index_select(2, block.keys), value.index_select(2, block.keys)


def _attend(cut: tuple[Tensor, Tensor, Tensor], block: Block, scaling: float | None) -> Tensor:
    """(1, H, Q, E) of one block; where one key head serves all heads, as in Gemma 3 1B, it isn't copied."""
    query, key, value = cut
    _, heads, _, width = query.shape
    _, key_heads, keys, _ = key.shape
    shape = (1, key_heads, heads // key_heads, keys, width)
    key, value = (tensor[:, :, None].expand(shape).reshape(1, heads, keys, width) for tensor in (key, value))
    return nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=block.mask, is_causal=block.mask is None, scale=scaling
    )


def stretches(tree: Tree, window: int | None, *, whole_rows: bool = True) -> list[tuple[int, int]]:
    """The depth-first order cut into (start, end) of blocks.

    A run is a stretch in which each token is the child of the one before. With `whole_rows` a run that starts a tree is
    a block, whatever its length, if no window cuts it: causal attention skips its own upper half. Other runs are cut at
    `QUERIES` and joined with the next one where the queries and keys that this wastes cost less than a call.
    """
    positions, ends = tree.positions, tree.ends
    child = (positions[1:] == positions[:-1] + 1) & (ends[:-1] > np.arange(1, len(ends)))
    starts = [0, *(np.flatnonzero(~child) + 1).tolist()]
    found: list[tuple[int, int]] = []
    for start, end in zip(starts, [*starts[1:], len(ends)], strict=True):
        if whole_rows and positions[start] == 0 and (window is None or end - start <= window):
            pieces = [(start, end)]
        else:
            pieces = [(place, min(place + QUERIES, end)) for place in range(start, end, QUERIES)]
        for piece in pieces:
            if found and _worth_joining(positions, found[-1], piece, window):
                found[-1] = (found[-1][0], piece[1])
            else:
                found.append(piece)
    return found


def _worth_joining(positions: Ints, left: tuple[int, int], right: tuple[int, int], window: int | None) -> bool:
    joined = (left[0], right[1])
    if joined[1] - joined[0] > QUERIES:
        return False
    apart = _pairs(positions, left, window) + _pairs(positions, right, window)
    return _pairs(positions, joined, window) <= apart + _CALL


def _pairs(positions: Ints, stretch: tuple[int, int], window: int | None) -> int:
    """Query-key pairs of a block: a token at position p has p ancestors."""
    queries = stretch[1] - stretch[0]
    path = int(positions[stretch[0]])
    return queries * (queries + (path if window is None else min(path, window)))


def _block(tree: Tree, start: int, end: int, window: int | None, like: Tensor) -> Block:
    positions, ends = tree.positions, tree.ends
    ancestors = np.flatnonzero(ends[:start] > start)
    if window is not None and len(ancestors):
        # the shallowest query below each ancestor is the one that may still have it in its window
        shallowest = np.minimum.accumulate(positions[start:end])[np.minimum(ends[ancestors], end) - start - 1]
        ancestors = ancestors[shallowest - positions[ancestors] < window]
    keys = torch.from_numpy(np.concatenate([ancestors, np.arange(start, end)])).to(like.device)
    whole = positions[start] == 0 and _is_run(tree, start, end) and (window is None or end - start <= window)
    if whole and like.device.type not in _BY_MATRICES:
        return Block(start, end, keys, None)
    positions_T, ends_T = (torch.from_numpy(values).to(like.device) for values in (positions, ends))
    queries = torch.arange(start, end, device=like.device)[:, None]
    seen = (keys <= queries) & (queries < ends_T[keys])
    if window is not None:
        seen &= positions_T[queries] - positions_T[keys] < window
    return Block(start, end, keys, torch.zeros_like(seen, dtype=like.dtype).masked_fill_(~seen, -torch.inf))


def _is_run(tree: Tree, start: int, end: int) -> bool:
    """Whether each token of the stretch is the child of the one before."""
    steps = tree.positions[start:end] - tree.positions[start]
    return bool((steps == np.arange(end - start)).all() and (tree.ends[start:end] >= end).all())
