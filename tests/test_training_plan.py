"""The dry run against the real thing: exact counts, and estimates within stated bounds."""

from dataclasses import replace

import pytest
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from toolgemma.config import LoraSection
from toolgemma.model import device, load
from toolgemma.training import memory
from toolgemma.training.arguments import training_arguments
from toolgemma.training.plan import count_steps, measure_rate, plan, settle
from toolgemma.training.trainer import SupervisedTrainer, layouts
from training_runs import make_config, make_rows


def test_counts_are_those_of_the_model_and_the_rows(tiny_model, tmp_path):
    config = make_config(tiny_model, tmp_path)
    rows, validation = make_rows(9, seed=1), make_rows(5, seed=2)
    made = plan(config, rows, validation)
    base = load.load_base(config.model, device.choose(config.model))
    assert made.base_parameters == sum(parameter.numel() for parameter in base.parameters())
    model = load.add_lora(base, config.lora, 0)
    assert made.trainable_parameters == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert made.tokens == sum(len(row.ids) for row in rows) and made.longest_row == max(len(row.ids) for row in rows)
    assert made.supervised_tokens == sum(label != -100 for row in rows for label in row.labels)
    assert (made.rows, made.validation_rows, made.steps, made.steps_per_epoch) == (9, 5, 15, 5)
    assert made.estimated_seconds > 0 and made.measured_flop_per_second > 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("rows", "batch", "accumulation", "epochs", "max_steps"),
    [(9, 1, 2, 3, -1), (8, 3, 2, 1, -1), (3, 4, 8, 2, -1), (9, 2, 1, 1.5, -1), (9, 1, 1, 3, 4)],
)
def test_steps_are_counted_as_trainer_counts_them(tiny_model, tmp_path, rows, batch, accumulation, epochs, max_steps):
    config = make_config(
        tiny_model, tmp_path, f"training.per_device_train_batch_size={batch}", f"training.max_steps={max_steps}",
        f"training.gradient_accumulation_steps={accumulation}", f"training.num_train_epochs={epochs}",
    )  # fmt: skip
    base = load.load_base(config.model, device.choose(config.model))
    arguments = training_arguments(config, device="cpu", validated=False)
    trainer = SupervisedTrainer(
        load.add_lora(base, config.lora, 0), arguments, rows=make_rows(rows, seed=1), validation=[],
        layouts=layouts(config, make_rows(rows, seed=1), [], 0),
    )  # fmt: skip
    expected = trainer.set_initial_training_values(arguments, trainer.get_train_dataloader())
    per_epoch, steps = count_steps(rows, config.training)
    assert steps == expected[-1]
    if max_steps < 0:
        assert per_epoch == expected[1]


def full_shape():
    with torch.device("meta"):
        base = Gemma3ForCausalLM(
            Gemma3TextConfig(
                vocab_size=262144, hidden_size=1152, intermediate_size=6912, num_hidden_layers=26,
                num_attention_heads=4, num_key_value_heads=1, head_dim=256, query_pre_attn_scalar=256,
            )
        )  # fmt: skip
        return base, load.add_lora(base, LoraSection(), 0)


def test_full_shape_has_the_published_counts():
    """999,885,952 is google/gemma-3-1b-it's own count; r 16 on its seven projections by hand."""
    base, model = full_shape()
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert base.num_parameters() - trainable == 999_885_952
    attention = (1152 + 1024) + 2 * (1152 + 256) + (1024 + 1152)
    assert trainable == 26 * 16 * (attention + 3 * (1152 + 6912))


def test_memory_estimate_is_near_what_was_measured(tmp_path):
    """benchmarks/full_shape_step.py on a CPU, 1,024 tokens, bfloat16: 7.04 GB, 3.41 recomputing."""
    config = make_config("any", tmp_path, "lora.r=16", "lora.lora_dropout=0.05")
    load_of_step = memory.Load("cpu", "bfloat16", 1, 1024)
    assert memory.predict(memory.GEMMA_3_1B, config, load_of_step).total == pytest.approx(7.04e9, rel=0.15)
    less = memory.predict(memory.GEMMA_3_1B, config, replace(load_of_step, checkpointing=True)).total
    assert less == pytest.approx(3.41e9, rel=0.3)  # 29% too much: fewer holes than without recomputing


def test_auto_is_settled_for_the_memory_that_is_free(tiny_model, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", "toolgemma")
    config = make_config(
        tiny_model, tmp_path, "training.per_device_train_batch_size=auto", "training.gradient_accumulation_steps=auto",
        "training.gradient_checkpointing=auto",
    )  # fmt: skip
    placement = device.choose(config.model)
    settled = settle(config, placement, longest=24).training
    assert (settled.per_device_train_batch_size, settled.gradient_accumulation_steps) == (1, 8)
    assert settled.gradient_checkpointing is False and "auto: 1 rows at a time, 8 times a step" in caplog.text
    monkeypatch.setattr("toolgemma.training.plan.device_budget", lambda placement: 2**29)
    assert settle(config, placement, longest=24).training.gradient_checkpointing is True
    assert "more than is free" in caplog.text
    fixed = make_config(tiny_model, tmp_path)
    assert settle(fixed, placement, longest=24) is fixed


def test_rate_is_measured_in_the_dtype_of_the_run():
    text = Gemma3TextConfig(hidden_size=64, intermediate_size=128)
    assert measure_rate(device.Placement("cpu", torch.float32, "sdpa", ""), text, tokens=16) > 1e6
