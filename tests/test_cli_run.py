"""`toolgemma run` from end to end on a tiny model: what it does, what it takes up again, how it stops and goes on."""

import json
import signal
import threading
import time
from pathlib import Path

import pytest

import little_data
from test_cli import fails, run_main
from toolgemma import rundir
from toolgemma.cli.run import SUMMARY

TABLE_ROWS = ["easy", "all", "without a call", "all"]


def write_config(folder: Path, model: Path) -> Path:
    little_data.write(folder / "data")
    config = {
        "model": {"name": str(model), "dtype": "float32", "device": "cpu"},
        "dataset": {"path": str(folder / "data"), "prepared_dir": str(folder / "prepared")},
        "lora": {"r": 4},
        "training": {
            "output_dir": str(folder / "outputs"),
            "max_steps": 3,
            "gradient_accumulation_steps": 2,
            "logging_steps": 1,
            "eval_steps": 1,
            "save_steps": 1,
        },
        "evaluation": {"max_new_tokens": 8, "views": ["repaired"]},
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_model) -> Path:
    """The config of a run that is done."""
    path = write_config(tmp_path_factory.mktemp("run"), tiny_model)
    assert run_main("run", "--config", path) == 0
    return path


def stamps(folder: Path) -> dict[str, int]:
    """When each file was written that costs time to make."""
    names = ("prepared/report.json", "outputs/checkpoint-final/manifest.json", "outputs/evaluation/loss.json")
    return {name: (folder / name).stat().st_mtime_ns for name in (*names, "outputs/evaluation/untuned.loss.json")}


def no_generation(*args: object, **kwargs: object) -> object:
    raise AssertionError("a prompt was generated again")


def test_a_run_leaves_figures_of_both_models_and_their_times(config):
    outputs = config.parent / "outputs"
    summary = json.loads((outputs / SUMMARY).read_text(encoding="utf-8"))
    assert list(summary["seconds"]) == ["start", "data", "before", "training", "after"]
    assert [row[0] for row in summary["before_after"]] == ["rows", *TABLE_ROWS]
    report = json.loads((outputs / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    assert {"tuned", "untuned"} < set(report["systems"])
    assert list(report["systems"]["tuned"]["views"]) == ["repaired"]
    assert (outputs / "evaluation" / "metrics.md").is_file()


def test_a_second_run_says_what_it_reuses_and_makes_nothing_anew(config, capsys, monkeypatch):
    before = stamps(config.parent)
    summary = (config.parent / "outputs" / SUMMARY).read_text(encoding="utf-8")
    monkeypatch.setattr("toolgemma.inference.generate.prefill", no_generation)
    monkeypatch.setattr("toolgemma.evaluation.runner.teacher_forced", no_generation)
    assert run_main("run", "--config", config) == 0
    assert stamps(config.parent) == before
    printed = capsys.readouterr()
    out, err = " ".join(printed.out.split()), " ".join(printed.err.split())
    assert "reusing the prepared rows" in err
    assert "reusing the finished training" in err
    assert out.count("prompts are answered already") == 3  # untuned twice, tuned once
    again = json.loads((config.parent / "outputs" / SUMMARY).read_text(encoding="utf-8"))
    assert again["before_after"] == json.loads(summary)["before_after"]


def test_the_end_shows_table_examples_and_paths(config, capsys, monkeypatch):
    page = config.parent / "outputs" / "evaluation" / "report.html"
    page.unlink()
    assert run_main("run", "--config", config) == 0
    assert page.is_file()
    printed = capsys.readouterr().out
    for expected in ("tool_call_accuracy", "abstention_accuracy", "malformed_rate", "Still wrong", "request", "gold"):
        assert expected in printed
    assert f"Run folder: {config.parent / 'outputs'}" in printed
    assert f"Report: {page}" in printed


def test_other_settings_train_anew_but_keep_the_baseline(tmp_path, tiny_model, capsys, monkeypatch):
    path = write_config(tmp_path, tiny_model)
    assert run_main("run", "--config", path) == 0
    before = stamps(tmp_path)
    capsys.readouterr()
    assert run_main("run", "--config", path, "--set", "training.learning_rate=1e-3") == 0
    after = stamps(tmp_path)
    remade = {name for name in before if before[name] != after[name]}
    assert remade == {"outputs/checkpoint-final/manifest.json", "outputs/evaluation/loss.json"}
    printed = capsys.readouterr()
    assert "training.learning_rate differ" in " ".join(printed.err.split())
    assert " ".join(printed.out.split()).count("prompts are answered already") == 2  # untuned, twice
    assert (tmp_path / "outputs" / "previous" / "1" / rundir.FINAL / "manifest.json").is_file()
    assert (tmp_path / "outputs" / "previous" / "1" / "evaluation" / "metrics.json").is_file()


def step_of(outputs: Path) -> int:
    newest = rundir.newest_complete(outputs)
    return int(newest.name.partition("-")[2]) if newest else 0


def ctrl_c_beyond(outputs: Path, step: int) -> threading.Thread:
    """Sends SIGINT to this process once training has saved a later checkpoint than `step`."""

    def wait_and_send() -> None:
        while step_of(outputs) <= step:
            time.sleep(0.02)
        signal.raise_signal(signal.SIGINT)

    thread = threading.Thread(target=wait_and_send, daemon=True)
    thread.start()
    return thread


def test_ctrl_c_leaves_a_run_that_resume_goes_on_with(tmp_path, tiny_model, capsys):
    path, outputs = write_config(tmp_path, tiny_model), tmp_path / "outputs"
    endless = ("run", "--config", path, "--set", "training.max_steps=100000")
    thread = ctrl_c_beyond(outputs, 0)
    assert run_main(*endless) == 130
    thread.join()
    stopped = step_of(outputs)
    assert stopped > 0
    assert f"saved {outputs / f'checkpoint-{stopped}'}, go on with --resume" in printed_errors(capsys)
    assert "unfinished run" in fails(capsys, *endless)

    thread = ctrl_c_beyond(outputs, stopped)
    assert run_main(*endless, "--resume") == 130
    thread.join()
    printed = capsys.readouterr()
    assert "prompts are answered already" in " ".join(printed.out.split())
    assert f"checkpoint-{stopped}" in printed.err
    assert "resuming from" in printed.err
    lines = (outputs / rundir.METRICS).read_text(encoding="utf-8").splitlines()
    steps = [found["step"] for found in map(json.loads, lines) if "loss" in found]
    assert steps == list(range(1, step_of(outputs) + 1))


def printed_errors(capsys) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_ctrl_c_in_the_baseline_says_how_to_go_on(tmp_path, tiny_model, capsys, monkeypatch):
    path = write_config(tmp_path, tiny_model)

    def interrupt(*args: object, **kwargs: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("toolgemma.evaluation.runner.teacher_forced", interrupt)
        assert run_main("run", "--config", path) == 130
    assert "go on with the same command and --resume" in " ".join(capsys.readouterr().err.split())
    assert run_main("run", "--config", path, "--resume") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("prompts are answered already") == 2  # untuned, before and after
