"""Packs and prefix trees against the separate rows: loss, every LoRA gradient, in float32 and float64."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, Gemma3ForCausalLM
from transformers.models.gemma3.modeling_gemma3 import Gemma3RMSNorm

from toolgemma.config import LoraSection
from toolgemma.format.segments import PARTS
from toolgemma.model import tree_attention
from toolgemma.model.load import add_lora
from toolgemma.model.loss import supervised_loss
from toolgemma.tokens.collate import Collator, pack_tensors
from toolgemma.tokens.encode import Encoded
from toolgemma.tokens.pack import Tree, pack

WINDOW = 8
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def make_row(ids, trained):
    """A row whose positions in `trained` are supervised."""
    labels = tuple(id if place in trained else -100 for place, id in enumerate(ids))
    parts = tuple(place % len(PARTS) if place in trained else -1 for place in range(len(ids)))
    return Encoded(tuple(ids), labels, parts)


def make_rows(prefixes, seed=0):
    """Rows from (shared length, own length) pairs: each continues one common text of random tokens for a while."""
    generator = random.Random(seed)
    common = [generator.randrange(6, 400) for _ in range(100)]
    rows = []
    for shared, own in prefixes:
        ids = common[:shared] + [generator.randrange(6, 400) for _ in range(own)]
        trained = {place for place in range(len(ids)) if place >= shared and generator.random() < 0.7}
        trained |= set(range(3, min(shared, 6)))  # a supervised turn inside of what rows share
        rows.append(make_row(ids, trained))
    return rows


SCENES = {
    "nothing shared": make_rows([(0, 30), (0, 7), (0, 19), (0, 2)]),
    "some shared": make_rows([(20, 15), (20, 3), (20, 40), (11, 9), (5, 30)]),
    "a row inside another": make_rows([(40, 0), (40, 12), (25, 0), (60, 0)]),
    "all shared": [*make_rows([(33, 8)]), *make_rows([(33, 8)]), *make_rows([(33, 8)])],
    "two trees": [*make_rows([(12, 4), (12, 30), (8, 9)], seed=1), *make_rows([(50, 6), (50, 1)], seed=2)],
    "one row": make_rows([(0, 90)]),
    "first token only": make_rows([(1, 20), (1, 35), (1, 4)]),
    "one token long": [make_row([9], set()), make_row([9, 8, 7], {2}), make_row([7], set())],
    "nothing supervised": [make_row([9, 8, 7], set()), make_row([9, 8], set())],
}


class Norm(Gemma3RMSNorm):
    """Gemma's norm in its input's dtype; the original goes through float32, so nothing would agree to 1e-10."""

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * (1 + self.weight)


@pytest.fixture(params=[("cpu",), ()], ids=["matrices", "sdpa"])
def way(request, monkeypatch):
    """Both ways of attending a block: that of a CPU, and that of every other device."""
    monkeypatch.setattr(tree_attention, "_BY_MATRICES", request.param)


@pytest.fixture(scope="module", params=[torch.float32, torch.float64], ids=["float32", "float64"])
def model(tiny_model, request):
    """Two sliding layers and a full one, windows shorter than the rows; adapters that aren't zero."""
    config = AutoConfig.from_pretrained(tiny_model)
    config.update(
        {"sliding_window": WINDOW, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    )
    config.layer_types = ["sliding_attention", "full_attention", "sliding_attention"]
    torch.manual_seed(0)
    model = add_lora(Gemma3ForCausalLM(config).requires_grad_(False), LoraSection(lora_dropout=0.0), seed=1)
    with torch.no_grad():  # lora_B starts at zero, which would hide wrong gradients of lora_A
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    if request.param == torch.float64:
        for module in model.modules():
            if type(module) is Gemma3RMSNorm:
                module.__class__ = Norm
    return model.to(request.param)


def trained(model):
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def separately(model, rows):
    """Sums and gradients of the rows, each alone in its batch, under transformers' own attention."""
    model.get_base_model().set_attn_implementation("sdpa")
    sums = [supervised_loss(model, Collator(0)([row])) for row in rows]
    gradients = torch.autograd.grad(sum(each.nll for each in sums), trained(model))
    return {
        name: sum(getattr(each, name).detach() for each in sums) for name in type(sums[0]).__dataclass_fields__
    }, gradients


def packed(model, rows, share):
    sums = supervised_loss(model, pack_tensors(pack(rows, share=share)))
    return sums, torch.autograd.grad(sums.nll, trained(model))


def assert_close(actual, expected, tolerance):
    """Largest absolute difference over the largest absolute value of the tensor."""
    scale = expected.abs().max()
    assert (actual - expected).abs().max() <= tolerance * max(scale, 1e-30)


def compare(model, rows, share):
    expected, expected_gradients = separately(model, rows)
    sums, gradients = packed(model, rows, share)
    tolerance = TOLERANCE[next(model.parameters()).dtype]
    for name in ("nll", "nll_P"):
        assert_close(getattr(sums, name).detach(), expected[name], tolerance)
    for name in ("correct", "count", "correct_P", "count_P"):
        assert torch.equal(getattr(sums, name), expected[name])
    assert len(gradients) == 3 * 7 * 2
    for actual, wanted in zip(gradients, expected_gradients, strict=True):
        assert_close(actual, wanted, tolerance)


@pytest.mark.parametrize(("share", "queries"), [(False, 5), (True, 5), (True, 256)])
@pytest.mark.parametrize("scene", SCENES)
def test_loss_and_gradients_are_those_of_the_separate_rows(model, way, scene, share, queries, monkeypatch):
    monkeypatch.setattr(tree_attention, "QUERIES", queries)
    monkeypatch.setattr(tree_attention, "_CALL", 64)
    compare(model, SCENES[scene], share)


def test_gradients_accumulate_over_packs(model, way):
    rows = SCENES["some shared"] + SCENES["two trees"]
    _, expected = separately(model, rows)
    _, first = packed(model, rows[:4], share=True)
    _, second = packed(model, rows[4:], share=True)
    for left, right, wanted in zip(first, second, expected, strict=True):
        assert_close(left + right, wanted, TOLERANCE[wanted.dtype])


def test_gradient_checkpointing_changes_nothing(model, way):
    base = model.get_base_model()
    _, expected = packed(model, SCENES["some shared"], share=True)
    base.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    try:
        _, actual = packed(model, SCENES["some shared"], share=True)
    finally:
        base.gradient_checkpointing_disable()
        model.eval()
    for left, right in zip(actual, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=0, atol=0)


def test_padded_rows_and_generation_use_transformers_own_attention(model):
    rows = Collator(0)(SCENES["some shared"])
    base = model.get_base_model()
    base.set_attn_implementation("sdpa")
    expected = supervised_loss(model, rows).nll
    tokens = base.generate(rows["input_ids"][:, :9], max_new_tokens=6, do_sample=False)
    base.set_attn_implementation(tree_attention.NAME)
    assert torch.equal(supervised_loss(model, rows).nll, expected)
    assert torch.equal(base.generate(rows["input_ids"][:, :9], max_new_tokens=6, do_sample=False), tokens)


def brute_force(tree, window):
    """Who sees whom, by walking up from each token: the parent is the nearest earlier token one position less whose
    subtree holds it."""
    T = len(tree)
    seen = np.zeros((T, T), dtype=bool)
    for token in range(T):
        place = token
        while place is not None:
            if window is None or tree.positions[token] - tree.positions[place] < window:
                seen[token, place] = True
            above = [
                other for other in range(place)
                if tree.positions[other] == tree.positions[place] - 1 and tree.ends[other] > place
            ]  # fmt: skip
            place = above[-1] if above else None
    return seen


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(6, 8), min_size=1, max_size=14), min_size=1, max_size=8),
    window=st.sampled_from([None, 1, 3, 8]),
    queries=st.sampled_from([1, 3, 256]),
    call=st.sampled_from([0, 20, 10**6]),
    share=st.booleans(),
    by_matrices=st.booleans(),
)
def test_blocks_see_exactly_what_the_tree_allows(rows, window, queries, call, share, by_matrices):
    tree = pack([make_row(ids, set()) for ids in rows], share=share).tree
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_attention, "QUERIES", queries)
        patch.setattr(tree_attention, "_CALL", call)
        patch.setattr(tree_attention, "_BY_MATRICES", ("cpu",) if by_matrices else ())
        blocks = tree_attention.Plan(tree).blocks(window, torch.zeros(1))
    seen = np.zeros((len(tree), len(tree)), dtype=bool)
    for block in blocks:
        size = block.end - block.start
        mask = torch.ones(size, size).tril().bool() if block.mask is None else block.mask == 0
        seen[block.start : block.end, block.keys.numpy()] = mask.numpy()
    assert (seen == brute_force(tree, window)).all()
    assert [block.end for block in blocks] == [*[block.start for block in blocks[1:]], len(tree)]


def test_forbidden_keys_are_not_computed():
    """32 short branches below a long trunk cost about their own pairs, not those of a square mask."""
    trunk = list(range(6, 306))
    rows = [make_row([*trunk, 310 + branch, *[400 + branch] * 30], {310}) for branch in range(32)]
    tree = pack(rows).tree
    assert len(tree) == 300 + 32 * 31
    own = 300 * 300 // 2 + 32 * 31 * (300 + 31)
    blocks = tree_attention.Plan(tree).blocks(None, torch.zeros(1))
    computed = sum((block.end - block.start) * len(block.keys) for block in blocks)
    assert own < computed < 2 * own < len(tree) ** 2
    window = tree_attention.Plan(tree).blocks(16, torch.zeros(1))
    assert max(len(block.keys) for block in window) <= tree_attention.QUERIES + 16


def test_tree_of_one_row_needs_no_mask(way):
    """One causal call; as matrix products blocks of 256 queries, which leave most of the upper half out."""
    tree = Tree(np.arange(700), np.full(700, 700))
    blocks = tree_attention.Plan(tree).blocks(None, torch.zeros(1))
    if tree_attention._BY_MATRICES:
        assert [len(block.keys) for block in blocks] == [256, 512, 700]
    else:
        assert blocks[0].mask is None and [len(block.keys) for block in blocks] == [700]
