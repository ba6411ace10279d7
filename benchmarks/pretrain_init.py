"""Where the pre-training of the quickstart's base model starts from: a model that can already copy, a little.

To copy what was never seen takes an induction circuit (Olsson et al. 2022, arXiv 2209.11895): one layer writes beside
each token which token came before, a later one looks for the place whose "before" is the present token, and takes what
stands there. From random weights it had not formed after 2 million tokens (2% of random ids copied). So it is laid out
in the first two layers, as matrices that training is free to change (Trockman & Kolter 2023, arXiv 2305.09828, start
attention from a chosen structure as well).

    layer 0   query and key read one direction that all tokens share; rotary turns make head 0 look one token back,
              head 1 two; their values, P e(token), go to subspaces of their own, B and C
    layer 1   query (e(now), e(one back)) meets key (e(one back), e(two back)): two tokens, since after a space alone
              any word could follow; low frequencies only, so that distance doesn't matter; value -> e(what is there)

Two more things: a token enters the stream at full size, and layers add little at first, so that it stays readable.
"""

import torch
from torch import Tensor
from transformers import Gemma3ForCausalLM

FAST = range(8)
"""Pairs of rotary dimensions that tell neighbours apart, in the layer that looks one token back."""
SLOW = 12
"""First pair that turns less than a radian in a hundred tokens, in global layers."""
SHARED = 0.5
"""Size of what all embeddings share, over the size of what they don't."""


@torch.no_grad()
def lay_out(model: Gemma3ForCausalLM, seed: int) -> None:
    """Overwrite the embedding, some norms, and parts of the first two layers' attention."""
    config, layers = model.config, model.model.layers
    D, d = config.hidden_size, config.head_dim
    turned = torch.linalg.qr(torch.randn(D, D, generator=torch.Generator().manual_seed(seed)))[0].T
    shared_D, P, B, C = turned[0], *(turned[1 + part * d : 1 + (part + 1) * d] for part in range(3))
    S = turned[1 : 2 * d + 1]
    embedding = model.model.embed_tokens.weight
    embedding.normal_(std=D**-0.5).add_(SHARED * shared_D)
    for layer in layers:
        layer.post_attention_layernorm.weight.fill_(-0.75)
        layer.post_feedforward_layernorm.weight.fill_(-0.75)
    for layer in layers[:2]:
        layer.post_attention_layernorm.weight.zero_()

    look_back = layers[0].self_attn
    look_back.k_proj.weight[:d] = _turned_back(d, 0)[:, None] * shared_D
    look_back.v_proj.weight[:d] = P
    for head, into in enumerate((B, C)):  # both read the first key head
        rows = slice(head * d, (head + 1) * d)
        look_back.q_proj.weight[rows] = _turned_back(d, head + 1)[:, None] * shared_D
        look_back.o_proj.weight[:, rows] = into.T
    for norm in (look_back.q_norm, look_back.k_norm):
        norm.weight.fill_(1.0)

    find = layers[1].self_attn
    slow = [*range(SLOW, d // 2), *range(d // 2 + SLOW, d)]
    half = len(slow) // 2
    group = config.num_attention_heads // config.num_key_value_heads * d
    for number in range(2):  # either key head: other directions of the same tokens, and half of what stands there
        queries, keys, read = number * group, number * d, slice(number * half, (number + 1) * half)
        for weight, start, sources in ((find.q_proj.weight, queries, (P, B)), (find.k_proj.weight, keys, (B, C))):
            weight[start : start + d] = 0
            weight[[start + dim for dim in slow]] = torch.cat([rows[read] for rows in sources])
        find.v_proj.weight[keys : keys + d] = S[number * d : (number + 1) * d]
        find.o_proj.weight[:, queries : queries + d] = S[number * d : (number + 1) * d].T
    for norm in (find.q_norm, find.k_norm):
        norm.weight.fill_(0.5)


def _turned_back(d: int, tokens: int) -> Tensor:
    """(d,) The key that every token shows, turned back by so many tokens: as a query it fits the one there."""
    query_d = torch.zeros(d)
    for pair in FAST:
        angle = torch.tensor(tokens * 1e4 ** (-2 * pair / d))
        query_d[pair], query_d[pair + d // 2] = angle.cos(), -angle.sin()
    return query_d
