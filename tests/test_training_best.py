"""The best step by any metric, early stopping, and figures by generation that leave the training as it was."""

import json
import random
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from test_training_run import figures, kill_after, one_thread, same_adapters, same_end  # noqa: F401 - a fixture
from toolgemma import rundir
from toolgemma.config import BestMetric
from toolgemma.evaluation.metrics import LOWER_IS_BETTER, METRICS
from toolgemma.inference.generate import generate
from toolgemma.training import best
from training_runs import make_config, make_rows, run

TOOLS = ["evaluation.every_steps=2", "training.metric_for_best_model=tool_call_accuracy"]


def by_step(values: list[float]):
    """A measurement that gives these values one after the other, then the last one for ever."""
    left = list(values)

    def measure(model, advance):
        advance(1, 1)
        return {"tool_call_accuracy": left.pop(0) if len(left) > 1 else left[0]}

    return measure


def by_weights(model, advance):
    """A measurement that depends on nothing but the adapter, as a real one does."""
    weights = next(value for name, value in model.named_parameters() if "lora_B" in name)
    return {"tool_call_accuracy": float(weights.abs().sum()) % 0.01}


def measured(folder: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (folder / rundir.METRICS).read_text(encoding="utf-8").splitlines()]
    key = "eval_tool_call_accuracy"
    return {line["step"]: line[key] for line in lines if key in line}


def test_the_choice_is_the_seven_metrics_and_which_way_is_up():
    assert set(get_args(BestMetric)) == set(METRICS)
    assert set(METRICS) & LOWER_IS_BETTER == best.LOWER_IS_BETTER


def test_best_by_a_tool_metric_is_the_first_of_the_highest(tiny_model, tmp_path):
    """eval_loss falls all the way, so by loss the last step would win."""
    config = make_config(tiny_model, tmp_path / "outputs", *TOOLS, "training.max_steps=8")
    final = run(config, measure=by_step([0.25, 0.5, 0.5, 0.25]))
    assert measured(tmp_path / "outputs") == {2: 0.25, 4: 0.5, 6: 0.5, 8: 0.25}
    manifest = rundir.read_manifest(final)
    assert manifest["step"] == 4 and manifest["figures"]["eval_tool_call_accuracy"] == 0.5
    same_adapters(final, tmp_path / "outputs" / "checkpoint-4")
    card = (final / "README.md").read_text(encoding="utf-8")
    assert "| eval_tool_call_accuracy | 0.5000 |" in card and "per_second" not in card
    losses = [line["eval_loss"] for line in figures(tmp_path / "outputs") if "eval_loss" in line]
    assert losses == sorted(losses, reverse=True)


def test_eval_accuracy_is_better_when_higher(tiny_model, tmp_path):
    config = make_config(tiny_model, tmp_path / "outputs", "training.metric_for_best_model=eval_accuracy")
    final = run(config)
    found = {line["step"]: line["eval_accuracy"] for line in figures(tmp_path / "outputs") if "eval_accuracy" in line}
    assert len(set(found.values())) > 1, found
    assert 2 < rundir.read_manifest(final)["step"] == max(found, key=found.__getitem__)


def test_early_stopping_ends_the_run_with_the_best_step(tiny_model, tmp_path, caplog):
    caplog.set_level("INFO")
    config = make_config(tiny_model, tmp_path / "outputs", *TOOLS, "training.early_stopping_patience=2")
    final = run(config, measure=by_step([0.5, 0.75, 0.25, 0.75, 1.0]))
    assert measured(tmp_path / "outputs") == {2: 0.5, 4: 0.75, 6: 0.25, 8: 0.75}
    assert rundir.read_manifest(final)["step"] == 4
    assert rundir.step_checkpoints(tmp_path / "outputs")[-1].name == "checkpoint-8"
    assert "tool_call_accuracy has not been better than 0.7500 (step 4) in 2 measurements" in caplog.text


def test_early_stopping_by_eval_loss(tiny_model, tmp_path):
    """Validation wants another token than train teaches: the loss only rises."""
    config = make_config(
        tiny_model, tmp_path / "outputs", "training.early_stopping_patience=3", "training.eval_steps=1"
    )
    run(config, validation=make_rows(5, seed=2, tail=9))
    found = {line["step"]: line["eval_loss"] for line in figures(tmp_path / "outputs") if "eval_loss" in line}
    assert len(found) < 15 and max(found) == min(found, key=found.__getitem__) + 3


def test_killed_after_stopping_early_it_only_writes_the_end(tiny_model, tmp_path, monkeypatch):
    config = make_config(tiny_model, tmp_path / "outputs", *TOOLS, "training.early_stopping_patience=1")
    with monkeypatch.context() as patch:
        patch.setattr("toolgemma.training.final.write_final", lambda *a, **k: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            run(config, measure=by_step([0.5, 0.25]))
    final = run(config, resume=True, measure=by_step([1.0]))
    assert rundir.read_manifest(final)["step"] == 2
    assert measured(tmp_path / "outputs") == {2: 0.5, 4: 0.25}


@pytest.mark.parametrize("patience", ["null", "2"])
def test_resumed_equals_straight(tiny_model, tmp_path, monkeypatch, patience):
    settings = [*TOOLS, f"training.early_stopping_patience={patience}"]
    configs = [make_config(tiny_model, tmp_path / name, *settings) for name in ("straight", "resumed")]
    run(configs[0], measure=by_weights)
    with monkeypatch.context() as patch:
        kill_after(patch, 5)
        with pytest.raises(MemoryError):
            run(configs[1], measure=by_weights)
    run(configs[1], resume=True, measure=by_weights)
    same_end(tmp_path / "straight", tmp_path / "resumed")
    assert measured(tmp_path / "straight") == measured(tmp_path / "resumed")


def test_measuring_leaves_the_training_as_it_was(tiny_model, tmp_path):
    """With dropout; measured off the grid of eval_steps, by real generation and by drawing from every random state."""
    plain = make_config(tiny_model, tmp_path / "plain", "training.max_steps=9")
    watched = make_config(tiny_model, tmp_path / "watched", "training.max_steps=9", "evaluation.every_steps=3")
    completions = []

    def measure(model, advance):
        random.random(), np.random.rand(), torch.rand(3)
        assert not model.training
        options = {"max_new_tokens": 4, "batch_size": 2, "stop_ids": [1]}
        completions.extend(generate(model, tokenizer, [[2, 7, 8], [2, 9]], **options))
        return {"tool_call_accuracy": 0.5}

    from toolgemma.model.load import load_tokenizer

    tokenizer = load_tokenizer(plain.model)
    run(plain)
    run(watched, measure=measure)
    assert len(completions) == 6 and list(measured(tmp_path / "watched")) == [3, 6, 9]
    same_adapters(tmp_path / "plain" / "checkpoint-9", tmp_path / "watched" / "checkpoint-9")
    train = [[line for line in figures(tmp_path / name) if "loss" in line] for name in ("plain", "watched")]
    assert train[0] == train[1]


def test_what_decides_the_best_step_cannot_change_on_the_way(tiny_model, tmp_path, monkeypatch):
    config = make_config(tiny_model, tmp_path / "outputs", *TOOLS)
    with monkeypatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(MemoryError):
            run(config, measure=by_weights)
    from toolgemma.errors import CheckpointError

    other = make_config(
        tiny_model, tmp_path / "outputs", "evaluation.every_steps=4", "training.metric_for_best_model=eval_loss"
    )
    with pytest.raises(CheckpointError) as error:
        run(other, resume=True, measure=by_weights)
    for text in ("evaluation.every_steps: 2 there, 4 now", "metric_for_best_model: tool_call_accuracy there"):
        assert text in str(error.value)


def test_a_metric_that_was_never_measured_is_said(tiny_model, tmp_path, caplog):
    settings = ["evaluation.every_steps=50", "training.metric_for_best_model=exact_match", "training.max_steps=2"]
    final = run(make_config(tiny_model, tmp_path / "outputs", *settings), measure=by_weights)
    assert rundir.read_manifest(final)["step"] == 2
    assert "exact_match was never measured in 2 steps" in caplog.text
