"""Figures by generation for training: right on hand-made answers, the same as an evaluation's, from validation rows."""

import json

import pytest

import little_data
from scenes import plain_row, tool_row
from test_cli import run_main
from toolgemma import rundir
from toolgemma.config import load_config
from toolgemma.errors import DataError
from toolgemma.evaluation import runner
from toolgemma.evaluation.while_training import sample, tool_metrics
from toolgemma.format import get_dialect
from toolgemma.inference.completion import Completion
from toolgemma.model.load import load_tokenizer

ROWS = [tool_row("validation/0"), plain_row("validation/1"), tool_row("validation/2"), plain_row("validation/3")]


@pytest.fixture
def tokenizer(tiny_model):
    return load_tokenizer(load_config(None, [f"model.name={tiny_model}"]).model)


def test_figures_of_known_answers(tokenizer, monkeypatch):
    """Right, silent where that is right, wrong city, a call where none is due; in any order, one cut off."""
    good, bad = (
        f"<tool_call>\n{json.dumps({'name': 'get_weather', 'arguments': {'city': city}})}\n</tool_call>"
        for city in ("Paris", "Rome")
    )
    answers = [good, "Being fit.", bad, good]

    def complete(self, prompts, section):
        assert section.max_new_tokens == 512
        for index in (2, 0, 3, 1):
            yield index, Completion(answers[index], 9, "length" if index == 1 else "stop")

    monkeypatch.setattr(runner.Subject, "complete", complete)
    told = []
    measure = tool_metrics(load_config(), ROWS, tokenizer, get_dialect("hermes"))
    found = measure(None, lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    expected = {
        "tool_call_accuracy": 0.5, "tool_name_accuracy": 1.0, "tool_args_accuracy": 0.5, "exact_match": 0.5,
        "tool_call_f1": 2 / 5, "abstention_accuracy": 0.5, "recall_call": 1.0, "truncated_rate": 0.25,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_rows_without_calls_cannot_choose_a_model_by_calls(tokenizer):
    config = load_config(None, ["evaluation.every_steps=2", "training.metric_for_best_model=tool_name_accuracy"])
    with pytest.raises(DataError, match="tool_name_accuracy can't be measured: none of the 2 sampled turns"):
        tool_metrics(config, [ROWS[1], ROWS[3]], tokenizer, get_dialect("hermes"))
    anything = load_config(None, ["evaluation.every_steps=2", "training.metric_for_best_model=tool_call_accuracy"])
    tool_metrics(anything, [ROWS[1]], tokenizer, get_dialect("hermes"))


def test_samples_nest():
    chosen = [{row.id for row in sample(ROWS, count, seed=0)} for count in (1, 2, 99)]
    assert [len(found) for found in chosen] == [1, 2, 4] and chosen[0] < chosen[1] < chosen[2]
    assert [row.id for row in sample(ROWS, 99, seed=0)] == [row.id for row in ROWS]


def test_training_logs_what_an_evaluation_of_these_rows_finds(tmp_path, tiny_model, capsys):
    """From the command line: figures at every_steps in metrics.jsonl, equal to `evaluate` on the validation split."""
    little_data.write(tmp_path / "data")
    config = {
        "model": {"name": str(tiny_model), "dtype": "float32", "device": "cpu"},
        "dataset": {"path": str(tmp_path / "data"), "prepared_dir": str(tmp_path / "prepared")},
        "training": {
            "output_dir": str(tmp_path / "outputs"),
            "max_steps": 2,
            "gradient_accumulation_steps": 2,
            "eval_steps": 2,
            "metric_for_best_model": "tool_call_accuracy",
        },
        "evaluation": {"max_new_tokens": 4, "every_steps": 2, "every_samples": 99, "baseline": False},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    assert run_main("train", "--config", tmp_path / "config.yaml") == 0
    assert "by generation: tool_call_accuracy" in " ".join(capsys.readouterr().err.split())
    lines = [
        json.loads(line) for line in (tmp_path / "outputs" / rundir.METRICS).read_text(encoding="utf-8").splitlines()
    ]
    (line,) = [line for line in lines if "eval_tool_call_accuracy" in line]
    assert line["step"] == 2
    final = tmp_path / "outputs" / rundir.FINAL
    assert rundir.read_manifest(final)["step"] == 2
    assert run_main("evaluate", "--model_path", final, "--set", "dataset.test_split=validation") == 0
    report = json.loads((tmp_path / "outputs" / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    found = report["systems"]["tuned"]["views"]["repaired"]["D1"]
    shown = {
        name: record["value"] for name, record in found.items() if name != "decisions" and record["value"] is not None
    }
    assert shown == {key[5:]: line[key] for key in line if key[5:] in found}
    assert len(shown) > 5
