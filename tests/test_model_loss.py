"""The selective loss against F.cross_entropy on full logits, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import Gemma3ForCausalLM

from toolgemma.config import LoraSection
from toolgemma.format.segments import PARTS
from toolgemma.model.load import add_lora
from toolgemma.model.loss import supervised_loss
from toolgemma.tokens.encode import IGNORED


def make_batch(model, lengths, trained, seed=0):
    """Right-padded rows of random tokens; `trained[row]` is the half-open range of supervised positions."""
    generator = torch.Generator().manual_seed(seed)
    T = max(lengths)
    batch = {
        "input_ids": torch.zeros(len(lengths), T, dtype=torch.long),
        "attention_mask": torch.zeros(len(lengths), T, dtype=torch.long),
        "labels": torch.full((len(lengths), T), IGNORED),
        "parts": torch.full((len(lengths), T), -1),
    }
    for row, (length, (start, end)) in enumerate(zip(lengths, trained, strict=True)):
        ids = torch.randint(6, model.config.vocab_size, (length,), generator=generator)
        batch["input_ids"][row, :length] = ids
        batch["attention_mask"][row, :length] = 1
        batch["labels"][row, start:end] = ids[start:end]
        batch["parts"][row, start:end] = row % len(PARTS)
    return batch


def full_logits_reference(model, batch):
    """Sum of cross-entropies the plain way: all logits, shifted."""
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]),
        batch["labels"][:, 1:].reshape(-1),
        ignore_index=IGNORED,
        reduction="sum",
    ), logits


@pytest.fixture(scope="module")
def base(tiny_model):
    return Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)


@pytest.fixture(scope="module")
def lora_model(tiny_model):
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    model = add_lora(base, LoraSection(lora_dropout=0.0), seed=1).double()
    with torch.no_grad():  # lora_B starts at zero, which would hide wrong gradients of lora_A
        generator = torch.Generator().manual_seed(2)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(
        st.integers(2, 24).flatmap(
            lambda length: st.tuples(st.just(length), st.integers(0, length), st.integers(0, length))
        ),
        min_size=1,
        max_size=4,
    ),
    rows_a_chunk=st.integers(1, 40),
)
def test_sum_equals_full_logits_in_float64(base, rows, rows_a_chunk):
    batch = make_batch(base, [row[0] for row in rows], [(min(row[1:]), max(row[1:])) for row in rows])
    with torch.no_grad():
        sums = supervised_loss(base, batch, chunk_logits=rows_a_chunk * base.config.vocab_size)
        expected, logits = full_logits_reference(base, batch)
    assert sums.nll.dtype == torch.float64
    torch.testing.assert_close(sums.nll, expected, rtol=1e-10, atol=1e-10)
    mask = batch["labels"][:, 1:] != IGNORED
    assert sums.count == mask.sum()
    assert sums.correct == (logits[:, :-1].argmax(-1) == batch["labels"][:, 1:])[mask].sum()


def test_gradient_of_every_lora_parameter(lora_model):
    batch = make_batch(lora_model.get_base_model(), [17, 9, 12], [(5, 17), (2, 4), (0, 0)])
    reference, _ = full_logits_reference(lora_model, batch)
    trained = [parameter for parameter in lora_model.parameters() if parameter.requires_grad]
    expected = torch.autograd.grad(reference, trained)
    actual = torch.autograd.grad(supervised_loss(lora_model, batch, chunk_logits=3 * 512).nll, trained)
    assert len(trained) == 2 * 7 * 2  # two layers, seven projections, A and B
    for left, right in zip(actual, expected, strict=True):
        assert right.abs().max() > 0
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-9)


def test_batch_without_supervised_tokens_is_zero_and_goes_backward(lora_model):
    batch = make_batch(lora_model.get_base_model(), [6, 4], [(0, 0), (0, 0)])
    sums = supervised_loss(lora_model, batch)
    assert (sums.nll.item(), sums.count.item(), sums.correct.item()) == (0, 0, 0)
    assert sums.nll_P.tolist() == sums.count_P.tolist() == sums.correct_P.tolist() == [0, 0, 0]
    trained = [parameter for parameter in lora_model.parameters() if parameter.requires_grad]
    for gradient in torch.autograd.grad(sums.nll, trained):
        assert gradient.abs().max() == 0


def test_accumulated_gradient_is_that_of_the_whole_batch(lora_model):
    rows, trained_ranges = [11, 7, 14, 5], [(3, 11), (0, 0), (10, 14), (1, 5)]
    batch = make_batch(lora_model.get_base_model(), rows, trained_ranges)
    trained = [parameter for parameter in lora_model.parameters() if parameter.requires_grad]
    whole = torch.autograd.grad(supervised_loss(lora_model, batch).nll, trained)
    pieces = [torch.zeros_like(parameter) for parameter in trained]
    for row in range(4):
        part = {key: value[row : row + 1, : rows[row]] for key, value in batch.items()}
        for sum_, piece in zip(
            pieces, torch.autograd.grad(supervised_loss(lora_model, part).nll, trained), strict=True
        ):
            sum_ += piece
    for left, right in zip(pieces, whole, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-9)


def test_parts_are_summed_apart(base):
    batch = make_batch(base, [10, 8, 9], [(4, 10), (6, 8), (2, 9)])  # parts 0, 1, 2
    with torch.no_grad():
        sums = supervised_loss(base, batch, chunk_logits=4 * base.config.vocab_size)
        for part in range(3):
            alone = dict(batch, labels=batch["labels"].where(batch["parts"] == part, torch.tensor(IGNORED)))
            expected, _ = full_logits_reference(base, alone)
            torch.testing.assert_close(sums.nll_P[part], expected, rtol=1e-10, atol=1e-10)
    assert sums.count_P.tolist() == [6, 2, 7]
    assert sums.correct_P.sum() == sums.correct


def test_bfloat16_logits_are_scored_in_float32(tiny_model):
    model = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.bfloat16)
    sums = supervised_loss(model, make_batch(model, [9], [(3, 9)]))
    assert sums.nll.dtype == torch.float32


def test_softcap_is_honoured(tiny_model):
    model = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    model.config.final_logit_softcapping = 0.5  # small enough to bite on random weights
    batch = make_batch(model, [12], [(2, 12)])
    with torch.no_grad():
        expected, _ = full_logits_reference(model, batch)
        torch.testing.assert_close(supervised_loss(model, batch).nll, expected, rtol=1e-10, atol=1e-10)
        model.config.final_logit_softcapping = None
        assert abs(supervised_loss(model, batch).nll - expected) > 1e-4


def test_full_logits_never_exist(base):
    """The head sees at most a chunk of positions, and supervised ones only."""
    seen = []
    handle = base.lm_head.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    try:
        with torch.no_grad():
            supervised_loss(
                base, make_batch(base, [20, 20], [(10, 20), (15, 20)]), chunk_logits=4 * base.config.vocab_size
            )
    finally:
        handle.remove()
    V = base.config.vocab_size
    assert [tuple(shape) for shape in seen] == [(4, V)] * 3 + [(3, V)]
