"""The trainer's own two things: normalisation by supervised tokens, and evaluation by global sums."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import Gemma3ForCausalLM

from toolgemma.errors import DataError, DivergedError
from toolgemma.format.segments import PARTS
from toolgemma.model.load import add_lora
from toolgemma.tokens.encode import IGNORED, Encoded
from toolgemma.training.arguments import training_arguments
from toolgemma.training.trainer import SupervisedTrainer, layouts
from training_runs import make_config, make_rows


def make_trainer(tiny_model, folder, *overrides, rows=8, validation=7):
    config = make_config(tiny_model, folder, "lora.lora_dropout=0.0", *overrides)
    base = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    model = add_lora(base.requires_grad_(False), config.lora, config.training.seed)
    encoded = make_rows(validation, seed=2)
    train = make_rows(rows, seed=1)
    return SupervisedTrainer(
        model,
        training_arguments(config, device="cpu", validated=bool(encoded)),
        rows=train,
        validation=encoded,
        layouts=layouts(config, train, encoded, 0),
    )


def adapter(trainer):
    return {name: value.detach().clone() for name, value in trainer.model.named_parameters() if value.requires_grad}


@pytest.mark.parametrize(("batch", "accumulation"), [(2, 2), (4, 1), (8, 1), (3, 2)])
def test_batch_and_accumulation_only_trade_memory_for_time(tiny_model, tmp_path, batch, accumulation):
    """One pass over 8 rows with plain SGD: the same rows per step give the same adapter, however they are cut."""
    total = batch * accumulation
    common = ["training.optim=sgd", "training.max_steps=1", "training.warmup_ratio=0", "training.max_grad_norm=0"]

    def train(batch, accumulation):
        trainer = make_trainer(
            tiny_model, tmp_path, *common, "training.learning_rate=0.5",
            f"training.per_device_train_batch_size={batch}", f"training.gradient_accumulation_steps={accumulation}",
        )  # fmt: skip
        before = adapter(trainer)
        trainer.train()
        return before, adapter(trainer)

    before, cut = train(batch, accumulation)
    _, one_by_one = train(1, total)
    moved = max((cut[name] - before[name]).abs().max() for name in cut)
    assert moved > 1e-3
    for name in cut:
        torch.testing.assert_close(cut[name], one_by_one[name], rtol=1e-4, atol=1e-6)


def test_step_loss_is_nll_over_all_supervised_tokens_of_the_step(tiny_model, tmp_path):
    """Against cross_entropy on full logits: the logged loss is one mean over tokens, not a mean of means."""
    trainer = make_trainer(
        tiny_model,
        tmp_path,
        "training.max_steps=1",
        "training.gradient_accumulation_steps=8",
        "training.logging_steps=1",
    )
    nll, count = 0.0, 0
    means = []
    with torch.no_grad():
        for row in trainer.train_dataset:
            logits = trainer.model.get_base_model()(input_ids=torch.tensor([row.ids])).logits[0, :-1]
            labels = torch.tensor(row.labels[1:])
            total = cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum").item()
            trained = int((labels != IGNORED).sum())
            nll, count = nll + total, count + trained
            means.append(total / trained)
    trainer.train()
    logged = next(entry["loss"] for entry in trainer.state.log_history if "loss" in entry)
    assert logged == pytest.approx(nll / count, rel=1e-5)
    assert abs(sum(means) / len(means) - nll / count) > 1e-4  # the two would differ here


def test_evaluation_is_the_same_at_any_batch_size_and_equals_plain_sums(tiny_model, tmp_path):
    results = []
    for batch in (1, 8):
        trainer = make_trainer(tiny_model, tmp_path, f"training.per_device_eval_batch_size={batch}")
        results.append(trainer.evaluate())
    nll = correct = count = 0.0
    by_part = {part: [0.0, 0] for part in PARTS}
    with torch.no_grad():
        for row in trainer.eval_dataset:
            logits = trainer.model.get_base_model()(input_ids=torch.tensor([row.ids])).logits[0, :-1].double()
            labels = torch.tensor(row.labels[1:])
            mask = labels != IGNORED
            loss = cross_entropy(logits[mask], labels[mask], reduction="sum").item()
            nll, count = nll + loss, count + int(mask.sum())
            correct += int((logits[mask].argmax(-1) == labels[mask]).sum())
            part = by_part[PARTS[row.parts[-1]]]
            part[0], part[1] = part[0] + loss, part[1] + int(mask.sum())
    for metrics in results:
        assert metrics["eval_loss"] == pytest.approx(nll / count, rel=1e-6)
        assert metrics["eval_accuracy"] == correct / count
        assert metrics["eval_supervised_tokens"] == count
        for part, (total, tokens) in by_part.items():
            assert metrics[f"eval_loss_{part}"] == pytest.approx(total / tokens, rel=1e-6)


def test_rows_without_supervised_tokens_train_nothing_and_count_nothing(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path, "training.max_steps=1", "training.optim=sgd")
    trainer.train_dataset = [Encoded(row.ids, (IGNORED,) * len(row), (-1,) * len(row)) for row in trainer.train_dataset]
    before = adapter(trainer)
    trainer.train()
    after = adapter(trainer)
    assert all(torch.equal(before[name], after[name]) for name in before)


def poison(model):
    parameter = next(value for name, value in model.named_parameters() if "lora_B" in name)
    with torch.no_grad():
        parameter.fill_(math.nan)


def test_nan_while_training_is_an_error(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path)
    poison(trainer.model)
    with pytest.raises(DivergedError, match=r"loss is nan at step 1.*learning_rate"):
        trainer.train()


def test_nan_while_evaluating_is_an_error(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path)
    poison(trainer.model)
    with pytest.raises(DivergedError, match="eval_loss is nan"):
        trainer.evaluate()


def test_validation_without_supervised_tokens_is_an_error(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path)
    row = trainer.eval_dataset[0]
    trainer.eval_dataset = [Encoded(row.ids, (IGNORED,) * len(row), (-1,) * len(row))]
    with pytest.raises(DataError, match="no supervised token"):
        trainer.evaluate()


def test_evaluation_leaves_dropout_off_and_changes_nothing(tiny_model, tmp_path):
    trainer = make_trainer(tiny_model, tmp_path, "lora.lora_dropout=0.5")
    with torch.no_grad():  # lora_B starts at zero, and dropout would change nothing
        for name, parameter in trainer.model.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.01)
    trainer.model.train()
    assert trainer.evaluate()["eval_loss"] == trainer.evaluate()["eval_loss"]
