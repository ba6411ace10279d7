"""Memory that runs out in the middle of a step: the run goes on, and learns what it would have learnt."""

import logging
import re

import pytest
import torch
from transformers import Gemma3ForCausalLM

from toolgemma.errors import ConfigError
from toolgemma.model.load import add_lora
from toolgemma.training import trainer as trainer_module
from toolgemma.training.arguments import training_arguments
from toolgemma.training.out_of_memory import is_out_of_memory
from toolgemma.training.trainer import SupervisedTrainer, layouts
from training_runs import make_config, make_rows

STEPS = 4


def make_trainer(tiny_model, folder, *overrides):
    config = make_config(
        tiny_model, folder, "lora.lora_dropout=0.0", f"training.max_steps={STEPS}", "training.save_steps=100",
        "training.per_device_train_batch_size=4", "training.gradient_accumulation_steps=2",
        "training.packing=none", *overrides,
    )  # fmt: skip
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    model = add_lora(base.requires_grad_(False), config.lora, config.training.seed)
    arguments = training_arguments(config, device="cpu", validated=False)
    rows = make_rows(16, seed=1)
    return SupervisedTrainer(model, arguments, rows=rows, validation=[], layouts=layouts(config, rows, [], 0))


def finish(trainer):
    """Train; the loss of each step, and the adapter."""
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    weights = {name: value.detach() for name, value in trainer.model.named_parameters() if value.requires_grad}
    return losses, weights


@pytest.fixture(scope="module")
def straight(tiny_model, tmp_path_factory):
    """Losses and adapter of the run in which memory never ran out."""
    return finish(make_trainer(tiny_model, tmp_path_factory.mktemp("straight")))


def same(found, straight):
    losses, weights = found
    assert losses == pytest.approx(straight[0], rel=1e-4) and len(losses) == STEPS
    for name, expected in straight[1].items():
        torch.testing.assert_close(weights[name], expected, rtol=1e-3, atol=1e-5)


class Memory:
    """A memory that holds `rows` rows at a time, and with `checkpointing` one more: else torch.OutOfMemoryError.

    `where`: in the forward pass, or in the backward pass when half of the gradients have been added already.
    """

    def __init__(self, monkeypatch, rows, from_pass, where="forward", error=None):
        self.rows, self.from_pass, self.where = rows, from_pass, where
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        self.passes, self.faults, self.seen = 0, 0, []
        self.original = trainer_module.supervised_loss
        monkeypatch.setattr(trainer_module, "supervised_loss", self)

    def __call__(self, model, batch):
        self.passes += 1
        rows = len(batch["input_ids"])
        full = self.passes >= self.from_pass and rows > self.rows
        self.seen.append(rows)
        if full and self.where == "forward":
            self.faults += 1
            raise self.error
        sums = self.original(model, batch)
        if full:
            first = next(
                value for name, value in model.named_parameters() if "layers.0" in name and value.requires_grad
            )
            handle = first.register_hook(lambda grad: self._fail(handle))
        return sums

    def _fail(self, handle):
        handle.remove()
        self.faults += 1
        raise self.error


@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize("from_pass", [1, 4], ids=["first batch of step 1", "second batch of step 2"])
def test_the_run_goes_on_and_learns_the_same(tiny_model, tmp_path, monkeypatch, caplog, straight, where, from_pass):
    memory = Memory(monkeypatch, rows=2, from_pass=from_pass, where=where)
    with caplog.at_level(logging.WARNING, "toolgemma"):
        found = finish(make_trainer(tiny_model, tmp_path))
    same(found, straight)
    assert memory.faults == 1
    assert set(memory.seen[from_pass:]) == {2}  # smaller from then on, not tried large again
    assert f"out of memory in step {(from_pass + 1) // 2}: from now on 2 rows at a time instead of 4" in caplog.text


def test_halved_until_it_fits(tiny_model, tmp_path, monkeypatch, caplog, straight):
    memory = Memory(monkeypatch, rows=1, from_pass=3)
    same(finish(make_trainer(tiny_model, tmp_path)), straight)
    assert memory.faults == 2 and caplog.text.count("out of memory") == 2
    assert set(memory.seen[memory.passes - 8 :]) == {1}


def test_one_row_too_large_is_recomputed_and_then_refused(tiny_model, tmp_path, monkeypatch, caplog, straight):
    """The memory holds a row only once activations are recomputed."""
    memory = Memory(monkeypatch, rows=0, from_pass=3)
    trainer = make_trainer(tiny_model, tmp_path)
    recompute = trainer_module.recompute_activations

    def enough(model):
        memory.rows = 1
        recompute(model)

    monkeypatch.setattr(trainer_module, "recompute_activations", enough)
    same(finish(trainer), straight)
    base = trainer.model.get_base_model()
    assert getattr(base, "is_activation_checkpointing", None) or base.is_gradient_checkpointing
    assert "activations are recomputed" in caplog.text and memory.faults == 3


def test_nothing_left_to_save_names_what_to_change(tiny_model, tmp_path, monkeypatch):
    Memory(monkeypatch, rows=0, from_pass=1)
    with pytest.raises(ConfigError, match=r"out of memory in step 1: one row of up to \d+ tokens.*max_seq_length"):
        make_trainer(tiny_model, tmp_path, "training.gradient_checkpointing=true").train()


def test_other_errors_are_not_swallowed(tiny_model, tmp_path, monkeypatch):
    memory = Memory(monkeypatch, rows=0, from_pass=2, error=RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        make_trainer(tiny_model, tmp_path).train()
    assert memory.faults == 1


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 17 GiB)"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
            True,
        ),
        (RuntimeError("shapes cannot be multiplied"), False),
        (MemoryError("killed"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, expected):
    assert is_out_of_memory(error) is expected


def test_packs_are_halved_by_their_tokens(tiny_model, tmp_path, monkeypatch, caplog, straight):
    """No pack of more than 40 tokens fits; the longest row has 24."""
    passes = []
    original = trainer_module.supervised_loss

    def cramped(model, batch):
        passes.append(batch["input_ids"].shape[-1])
        if passes[-1] > 40:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(model, batch)

    monkeypatch.setattr(trainer_module, "supervised_loss", cramped)
    same(finish(make_trainer(tiny_model, tmp_path, "training.packing=prefix_tree")), straight)
    faults = [tokens for tokens in passes if tokens > 40]
    limits = [int(found) for found in re.findall(r"from now on (\d+) tokens at a time instead of", caplog.text)]
    assert len(limits) == len(faults) >= 1 and limits == sorted(limits, reverse=True)
    assert all(tokens <= max(limits[-1], 24) for tokens in passes[-STEPS:])
