"""The selective loss against F.cross_entropy on full logits, in float64."""

import multiprocessing

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import Gemma3ForCausalLM
from transformers.modeling_outputs import BaseModelOutputWithPast

from toolgemma.config import LoraSection
from toolgemma.format.segments import PARTS
from toolgemma.model import linear_cross_entropy
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
    return Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64).requires_grad_(False)


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


class LargestTensor(TorchDispatchMode):
    """Notes the most numbers that any operation's result holds."""

    largest = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, torch.Tensor):
                self.largest = max(self.largest, tensor.numel())
        return result


@pytest.mark.parametrize("trained_head", [False, True])
def test_full_logits_never_exist(base, trained_head):
    """Whatever runs, forward or backward, holds a chunk of positions at most (the head itself has 512 x 64 numbers)."""
    batch = make_batch(base, [160, 160], [(10, 160), (15, 160)])
    hidden = torch.randn(2, 160, 64, dtype=torch.float64, requires_grad=True)
    chunk = 50 * base.config.vocab_size
    assert chunk < 295 * base.config.vocab_size / 4

    class Decoder(torch.nn.Module):
        def forward(self, **kwargs):
            return BaseModelOutputWithPast(last_hidden_state=hidden)

    base.lm_head.requires_grad_(trained_head)
    base.get_decoder, found = lambda: Decoder(), LargestTensor()
    try:
        with found:
            supervised_loss(base, batch, chunk_logits=chunk).nll.backward()
    finally:
        del base.get_decoder
        base.requires_grad_(False)
    assert chunk // 2 < found.largest <= max(chunk, base.lm_head.weight.numel())


@settings(max_examples=20, deadline=None)
@given(
    positions=st.integers(0, 40),
    chunk=st.integers(1, 45),
    block=st.sampled_from([1, 7, 64, 10**6]),
    seed=st.integers(0, 9),
)
def test_linear_cross_entropy_in_float64(positions, chunk, block, seed):
    """Weighted sum, each NLL, each hit and the gradient, with ragged chunks of positions and blocks of entries."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(97, 12, dtype=torch.float64, generator=generator)
    hidden = torch.randn(positions, 12, dtype=torch.float64, generator=generator).requires_grad_()
    labels = torch.randint(0, 97, (positions,), generator=generator)
    weights = torch.randint(1, 4, (positions,), generator=generator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear_cross_entropy, "_BLOCK_CPU", block)
        nll, nll_N, hit_N = linear_cross_entropy.linear_cross_entropy(hidden, weight, labels, weights, chunk * 97)
        (gradient,) = torch.autograd.grad(3 * nll, hidden)
        with torch.no_grad():
            scored = linear_cross_entropy.linear_cross_entropy(hidden, weight, labels, weights, chunk * 97)
    logits = hidden @ weight.t()
    expected_N = torch.nn.functional.cross_entropy(logits, labels, reduction="none")
    expected = (expected_N * weights).sum()
    for value, one_nll, hits in ((nll, nll_N, hit_N), scored):
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(one_nll, expected_N, rtol=1e-12, atol=1e-12)
        assert torch.equal(hits.bool(), logits.argmax(-1) == labels)
    torch.testing.assert_close(gradient, torch.autograd.grad(3 * expected, hidden)[0], rtol=1e-10, atol=1e-10)


def test_extreme_logits_do_not_overflow():
    hidden = torch.tensor([[300.0], [-300.0]], requires_grad=True)
    labels, weights = torch.tensor([0, 0]), torch.ones(2, dtype=torch.long)
    weight = torch.tensor([[1.0], [-1.0], [0.0]])
    nll, nll_N, hit_N = linear_cross_entropy.linear_cross_entropy(hidden, weight, labels, weights, 3)
    nll.backward()
    assert nll_N.tolist() == [0.0, 600.0] and hit_N.tolist() == [1, 0]
    assert hidden.grad.flatten().tolist() == [0.0, -2.0]


def test_a_trained_head_gets_its_gradient(tiny_model):
    """Tied to the embeddings, as Gemma's is: both of its uses count."""
    model = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    assert model.lm_head.weight is model.get_input_embeddings().weight
    batch = make_batch(model, [17, 9], [(5, 17), (2, 4)])
    (expected,) = torch.autograd.grad(full_logits_reference(model, batch)[0], model.lm_head.weight)
    (actual,) = torch.autograd.grad(supervised_loss(model, batch, chunk_logits=3 * 512).nll, model.lm_head.weight)
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_autocast_runs_the_head_in_bfloat16(tiny_model, dtype):
    """Under autocast the result is that of bfloat16 logits, whatever the weights' dtype; no larger copy of the head."""
    model = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=dtype).requires_grad_(False)
    batch = make_batch(model, [17, 9], [(5, 17), (2, 4)])
    with torch.autocast("cpu", torch.bfloat16):
        sums = supervised_loss(model, batch)
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    assert logits.dtype == torch.bfloat16 and sums.nll.dtype == torch.float32
    expected = torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), batch["labels"][:, 1:].reshape(-1), reduction="sum"
    )
    torch.testing.assert_close(sums.nll, expected, rtol=1e-3, atol=1e-3)


class Wrapped(torch.nn.Module):
    """What DistributedDataParallel needs: the loss as a module's forward."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        return supervised_loss(self.model, batch).nll


def one_of_two(rank, tiny_model, folder):
    """A process with two of four rows; gradients are averaged, so each divides by the tokens of both, times two."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=2)
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    model = add_lora(base, LoraSection(lora_dropout=0.0), seed=1).double()
    batch = make_batch(base, [11, 7, 14, 5], [(3, 11), (0, 0), (10, 14), (1, 5)])
    mine = {name: value[2 * rank : 2 * rank + 2] for name, value in batch.items()}
    count = supervised_loss(model, mine).count
    torch.distributed.all_reduce(count)
    parallel = torch.nn.parallel.DistributedDataParallel(Wrapped(model))
    (parallel(mine) * 2 / count).backward()
    gradients = [parameter.grad for parameter in model.parameters() if parameter.requires_grad]
    torch.save(gradients, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_gloo_processes_have_the_gradient_of_one(tiny_model, tmp_path):
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float64)
    model = add_lora(base, LoraSection(lora_dropout=0.0), seed=1).double()
    batch = make_batch(base, [11, 7, 14, 5], [(3, 11), (0, 0), (10, 14), (1, 5)])
    sums = supervised_loss(model, batch)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    expected = torch.autograd.grad(sums.nll / sums.count, trained)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toolgemma.training.run"])
    processes = [context.Process(target=one_of_two, args=(rank, tiny_model, tmp_path)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    for rank in range(2):
        for actual, wanted in zip(torch.load(tmp_path / f"{rank}.pt"), expected, strict=True):
            torch.testing.assert_close(actual, wanted, rtol=1e-9, atol=1e-12)
