"""The adapter of a bfloat16 base: products in bfloat16, weights and gradients in float32, the same loss curve."""

import contextlib

import pytest
import torch
from transformers import Gemma3ForCausalLM

from toolgemma.config import LoraSection
from toolgemma.model import loss
from toolgemma.model.load import add_lora
from toolgemma.model.loss import supervised_loss
from toolgemma.tokens.collate import Collator, pack_tensors
from toolgemma.tokens.pack import pack
from toolgemma.training.arguments import training_arguments
from toolgemma.training.trainer import SupervisedTrainer, layouts
from training_runs import make_config, make_rows


def make_model(tiny_model, dtype=torch.bfloat16, **lora):
    """Adapters that aren't zero: lora_B starts there, and nothing would reach lora_A."""
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=dtype)
    model = add_lora(base.requires_grad_(False), LoraSection(**lora), seed=1)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    return model.train()


def products(model, batch):
    """(dtypes that go into the adapter's A, dtypes that come out, gradients by name)."""
    seen = (set(), set())

    def note(module, inputs, output):
        seen[0].add(inputs[0].dtype)
        seen[1].add(output.dtype)

    handles = [module.register_forward_hook(note) for name, module in model.named_modules()
               if ".lora_A." in name and isinstance(module, torch.nn.Linear)]  # fmt: skip
    supervised_loss(model, batch).nll.backward()
    for handle in handles:
        handle.remove()
    gradients = {name: value.grad for name, value in model.named_parameters() if value.requires_grad}
    model.zero_grad()
    return *seen, gradients


@pytest.mark.parametrize("packed", [False, True], ids=["padded", "pack"])
@pytest.mark.parametrize(
    "settings", [{"lora_dropout": 0.1}, {"lora_dropout": 0.0, "use_dora": True}], ids=["lora", "dora"]
)
def test_bfloat16_products_float32_weights(tiny_model, packed, settings):
    model = make_model(tiny_model, **settings)
    rows = make_rows(4, seed=1)
    inputs, outputs, gradients = products(model, pack_tensors(pack(rows)) if packed else Collator(0)(rows))
    assert torch.bfloat16 in inputs and outputs == {torch.bfloat16}
    assert settings.get("use_dora") or torch.float32 not in inputs  # DoRA puts an identity through for its norms
    assert {gradient.dtype for gradient in gradients.values()} == {torch.float32}
    assert all(gradient.abs().max() > 0 for gradient in gradients.values())


def test_a_float32_base_is_left_alone(tiny_model):
    inputs, outputs, _ = products(make_model(tiny_model, torch.float32), Collator(0)(make_rows(4, seed=1)))
    assert inputs == outputs == {torch.float32}


def test_generation_outside_still_works(tiny_model):
    """peft's cast is back after the loss; without it bfloat16 would meet float32 weights."""
    model = make_model(tiny_model)
    supervised_loss(model, Collator(0)(make_rows(2, seed=1)))
    with torch.no_grad():
        assert model(input_ids=torch.tensor([[2, 9, 8]])).logits.dtype == torch.bfloat16


def test_gradients_are_those_of_float32_products_up_to_rounding(tiny_model, monkeypatch):
    batch = pack_tensors(pack(make_rows(6, seed=1)))
    exact = products(make_model(tiny_model, torch.float32, lora_dropout=0.0), batch)[2]
    model = make_model(tiny_model, lora_dropout=0.0)
    ours = products(model, batch)[2]
    monkeypatch.setattr(loss, "products_in_base_dtype", lambda _: contextlib.nullcontext())
    before = products(model, batch)[2]

    def off(gradients):
        """Distance from the float32 base's gradients, all tensors as one vector, relative."""
        apart = sum((gradients[name] - exact[name]).square().sum() for name in exact)
        return float((apart / sum(value.square().sum() for value in exact.values())).sqrt())

    assert 0 < off(before) < 0.05  # a bfloat16 base alone
    assert off(ours) < 1.5 * off(before)


def losses(tiny_model, folder, *overrides, epochs=8):
    config = make_config(
        tiny_model, folder, "model.dtype=bfloat16", f"training.num_train_epochs={epochs}", "training.save_steps=1000",
        "training.eval_steps=1000", *overrides,
    )  # fmt: skip
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.bfloat16)
    rows = make_rows(8, seed=1)
    trainer = SupervisedTrainer(
        add_lora(base.requires_grad_(False), config.lora, seed=1),
        training_arguments(config, device="cpu", validated=False),
        rows=rows, validation=[], layouts=layouts(config, rows, [], 0),
    )  # fmt: skip
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def test_recomputing_sees_the_same_dtypes(tiny_model, tmp_path):
    """torch refuses to recompute a float32 tensor where a bfloat16 one was kept; dropout draws the same mask."""
    plain = losses(tiny_model, tmp_path / "plain", epochs=1)
    assert losses(tiny_model, tmp_path / "lean", "training.gradient_checkpointing=true", epochs=1) == plain


def test_a_run_has_the_loss_curve_of_float32_products(tiny_model, tmp_path, monkeypatch):
    """32 steps without dropout: what differs at a step is less than a hundredth of what training gains."""
    ours = losses(tiny_model, tmp_path / "ours", "lora.lora_dropout=0.0")
    monkeypatch.setattr(loss, "products_in_base_dtype", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("toolgemma.training.trainer.inputs_as_they_are", lambda _: contextlib.nullcontext())
    exact = losses(tiny_model, tmp_path / "exact", "lora.lora_dropout=0.0")
    gained = exact[0] - exact[-1]
    assert len(ours) == 32 and gained > 0.8
    assert max(abs(left - right) for left, right in zip(ours, exact, strict=True)) < 0.01 * gained
