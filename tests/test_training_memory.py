"""The memory formula against what autograd keeps, exact sizes against the model's own, and what `auto` settles."""

import json
from pathlib import Path

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from toolgemma.config import Config, LoraSection, TrainingSection
from toolgemma.model import loss, tree_attention
from toolgemma.model.adapter_dtype import products_in_base_dtype
from toolgemma.model.load import add_lora
from toolgemma.training import memory

ROOT = Path(__file__).parents[1]
GIB = 2**30
SIZES = {
    "vocab_size": 64, "hidden_size": 48, "intermediate_size": 160, "num_attention_heads": 4, "num_key_value_heads": 1,
    "head_dim": 16, "sliding_window": 32, "query_pre_attn_scalar": 16,
}  # fmt: skip


def make(layers, lora, dtype=torch.float32):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        base = Gemma3ForCausalLM(
            Gemma3TextConfig(**SIZES, num_hidden_layers=layers, layer_types=["sliding_attention"] * layers)
        )
    finally:
        torch.set_default_dtype(before)
    return add_lora(base.requires_grad_(False), lora, 0).train()


def kept(layers, lora, dtype, rows, tokens) -> int:
    """Bytes of all distinct storages that autograd saves in the decoder's forward pass, weights apart."""
    model = make(layers, lora, dtype)
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = (storage.nbytes(), tensor)  # held, so that no address is used twice
        return tensor

    ids = torch.randint(6, 64, (rows, tokens))
    causal = model.get_base_model()
    with products_in_base_dtype(causal), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        causal.get_decoder()(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
    return sum(size for size, _ in storages.values())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "lora",
    [
        LoraSection(),
        LoraSection(lora_dropout=0.0),
        LoraSection(lora_dropout=0.0, target_modules=["q_proj", "down_proj"]),
        LoraSection(r=4, target_modules=["v_proj"]),
    ],
    ids=["dropout", "no dropout", "two modules", "one module"],
)
@pytest.mark.parametrize(("rows", "tokens"), [(1, 24), (1, 64), (3, 24)])
def test_a_layer_keeps_what_the_formula_says(dtype, lora, rows, tokens):
    """Third layer: the difference of a model with three and one with two, so that the ends don't count."""
    torch_dtype = getattr(torch, dtype)
    layer = kept(3, lora, torch_dtype, rows, tokens) - kept(2, lora, torch_dtype, rows, tokens)
    shape = memory.shape_of(SIZES | {"num_hidden_layers": 3, "layer_types": ["sliding_attention"] * 3})
    load = memory.Load("cpu", dtype, rows, tokens)
    mask = rows * tokens**2 * torch_dtype.itemsize if tokens >= 32 else 0
    copies = 2 * memory.trainable_parameters(shape, lora) / 3 if dtype == "bfloat16" else 0
    assert layer == pytest.approx(memory.kept_by_layer(shape, lora, load) * rows * tokens + mask + copies, rel=0.03)


@pytest.mark.parametrize("targets", ["all-linear", ["q_proj", "mlp.up_proj"], r".*layers\.\d+\.mlp\.down_proj"])
@pytest.mark.parametrize("dora", [False, True])
def test_sizes_are_those_of_the_model(targets, dora):
    lora = LoraSection(r=3, target_modules=targets, use_dora=dora)
    model = make(3, lora)
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    shape = memory.shape_of(SIZES | {"num_hidden_layers": 3})
    assert memory.trainable_parameters(shape, lora) == trainable
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters()) - trainable


def test_gemma_3_1b_is_the_default_shape():
    assert memory.GEMMA_3_1B.parameters == 999_885_952  # google/gemma-3-1b-it's own count
    assert memory.trainable_parameters(memory.GEMMA_3_1B, LoraSection()) == 13_045_760
    whole = Gemma3TextConfig(num_hidden_layers=26, sliding_window=512)
    assert memory.shape_of(whole.to_dict()).sliding_layers == 22 == memory.GEMMA_3_1B.sliding_layers


def test_the_terms_of_loss_and_attention_are_theirs():
    assert memory._LOSS_LOGITS == loss.CHUNK_LOGITS
    assert memory._BLOCK == tree_attention.QUERIES


@pytest.mark.parametrize(
    ("name", "size"), [("adamw_torch", 8), ("adamw_8bit", 2.1), ("sgd", 0), ("adafactor", 0.1), ("lion_32bit", 4)]
)
def test_optimizer_state(name, size):
    assert memory.optimizer_bytes(name) == size


def test_optimizer_state_of_adamw_is_what_torch_holds():
    weight = torch.nn.Parameter(torch.ones(1000))
    optimizer = torch.optim.AdamW([weight])
    weight.sum().backward()
    optimizer.step()
    state = optimizer.state[weight]
    assert state["exp_avg"].nbytes + state["exp_avg_sq"].nbytes == 8 * 1000


def test_what_makes_it_smaller_and_larger():
    def peak(load, **training):
        return memory.predict(memory.GEMMA_3_1B, Config(training=TrainingSection(**training)), load).total

    plain = memory.Load("cuda", "bfloat16", 1, 1024)
    assert (
        peak(memory.Load("cuda", "bfloat16", 1, 1024, True))
        < peak(plain)
        < peak(memory.Load("cuda", "float32", 1, 1024))
    )
    assert peak(plain) < peak(memory.Load("cuda", "bfloat16", 2, 1024))
    assert peak(plain, optim="adamw_8bit") < peak(plain)
    quantized = Config.model_validate({"model": {"quantization": "4bit"}})
    assert memory.predict(memory.GEMMA_3_1B, quantized, plain).weights < 1.1 * GIB


def test_the_measured_peaks_are_met_within_15_percent():
    """benchmarks/results/planner_cpu.json, measured by benchmarks/planner.py; today's formula, not the one of then."""
    results = json.loads((ROOT / "benchmarks" / "results" / "planner_cpu.json").read_text(encoding="utf-8"))
    assert len(results) >= 6
    for result in results:
        lora = LoraSection(r=result["r"], lora_dropout=result["dropout"])
        config = Config(lora=lora, training=TrainingSection(optim=result["optim"], packing=result["packing"]))
        shape = memory.shape_of({"num_hidden_layers": result["layers"]})
        load = memory.Load("cpu", result["dtype"], result["batch"], result["tokens"], result["checkpointing"])
        predicted = memory.predict(shape, config, load).total
        assert predicted == pytest.approx(result["measured_bytes"], rel=0.15), result
        assert predicted == result["predicted_bytes"], "run benchmarks/planner.py: it computes the predictions anew"


def choose(gib, tokens=1024, device="cuda", dtype="bfloat16", **training):
    config = Config(training=TrainingSection(**training))
    return memory.choose(memory.GEMMA_3_1B, config, memory.Load(device, dtype, 1, tokens), int(gib * GIB))


AUTO = {"per_device_train_batch_size": "auto", "gradient_checkpointing": "auto"}


def test_auto_takes_the_most_rows_that_fit_and_recomputes_only_where_it_must():
    large, middle, small = (choose(gib, **AUTO) for gib in (60, 22, 5))
    assert (large.rows, large.accumulation, large.checkpointing, large.fits) == (8, 1, False, True)
    assert 1 < middle.rows < 8 and not middle.checkpointing and middle.fits
    assert small.checkpointing and small.fits and small.memory.total <= 5 * GIB
    for found in (large, middle, small):
        assert found.rows * found.accumulation == 8


def test_auto_says_when_nothing_fits():
    found = choose(1, **AUTO)
    assert not found.fits and (found.rows, found.checkpointing) == (1, True)


def test_a_fixed_key_stays():
    found = choose(5, per_device_train_batch_size=2, gradient_checkpointing="auto")
    assert (found.rows, found.accumulation) == (2, 8) and found.checkpointing
    assert not choose(7, per_device_train_batch_size=8).fits
    assert choose(60, device="cpu", **AUTO).rows == 1  # more rows at a time gain nothing on a CPU


@pytest.mark.parametrize(
    ("rows", "passes", "expected"), [(1, 8, 8), (4, 8, 32), ("auto", 16, 16), ("auto", "auto", 8), (3, "auto", 9)]
)
def test_rows_of_a_step(rows, passes, expected):
    section = TrainingSection(per_device_train_batch_size=rows, gradient_accumulation_steps=passes)
    assert memory.rows_per_step(section) == expected
