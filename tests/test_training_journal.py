"""metrics.jsonl, the log lines, the bar."""

import io
import json
import logging

import pytest
from rich.console import Console
from transformers import TrainerControl, TrainerState

from toolgemma import rundir
from toolgemma.errors import DivergedError
from toolgemma.training.journal import Journal, Meter, rewind


def state(step, max_steps=20):
    return TrainerState(global_step=step, max_steps=max_steps)


def line(loss=1.5, **more):
    return {"loss": loss, "learning_rate": 1e-4, "grad_norm": 0.5, "tokens_per_second": 10.0} | more


def test_each_line_is_on_disk_at_once(tmp_path):
    journal = Journal(tmp_path, Console(file=io.StringIO()))
    for step in (2, 4):
        journal.on_log(None, state(step), TrainerControl(), line(loss=step))
        lines = (tmp_path / rundir.METRICS).read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[-1])["step"] == step and json.loads(lines[-1])["loss"] == step


def test_summaries_of_trainer_are_not_steps(tmp_path):
    Journal(tmp_path, Console(file=io.StringIO())).on_log(None, state(2), TrainerControl(), {"train_runtime": 3.0})
    assert not (tmp_path / rundir.METRICS).exists()


def test_gradient_that_is_not_finite_is_an_error_and_is_not_written(tmp_path):
    journal = Journal(tmp_path, Console(file=io.StringIO()))
    with pytest.raises(DivergedError, match="grad_norm is inf at step 2"):
        journal.on_log(None, state(2), TrainerControl(), line(grad_norm=float("inf")))
    assert not (tmp_path / rundir.METRICS).exists()


def test_rewind_drops_later_and_torn_lines(tmp_path):
    path = tmp_path / rundir.METRICS
    path.write_text('{"step": 2}\n{"step": 4}\n{"step": 6}\n{"step": 8, "lo', encoding="utf-8")
    rewind(tmp_path, 4)
    assert path.read_text(encoding="utf-8") == '{"step": 2}\n{"step": 4}\n'
    rewind(tmp_path, 0)
    assert path.read_text(encoding="utf-8") == ""


def test_rewind_of_nothing_is_nothing(tmp_path):
    rewind(tmp_path, 0)
    assert not (tmp_path / rundir.METRICS).exists()


def run_bar(tmp_path, console):
    with Journal(tmp_path, console) as journal:
        journal.on_train_begin(None, state(0), TrainerControl())
        journal._began -= 10  # as if ten seconds had passed
        journal.on_step_end(None, state(5), TrainerControl())
        journal.on_log(None, state(5), TrainerControl(), line(loss=1.25))


def test_bar_shows_steps_rate_and_loss_on_a_terminal(tmp_path):
    out = io.StringIO()
    run_bar(tmp_path, Console(file=out, force_terminal=True, width=120))
    assert "5/20" in out.getvalue() and "2.0 s/it" in out.getvalue() and "loss 1.2500" in out.getvalue()


def test_without_a_terminal_the_log_line_says_it_all(tmp_path, caplog):
    out = io.StringIO()
    with caplog.at_level(logging.INFO, "toolgemma"):
        run_bar(tmp_path, Console(file=out, force_terminal=False))
    assert out.getvalue().strip() == ""  # rich 14.0 ends a bar that it didn't draw with a line break
    assert "step 5/20: loss 1.2500, lr 1.0e-04, 10 tok/s, 2.0 s/it, 0:30 left" in caplog.text


def test_log_lines_print_above_the_bar(tmp_path, monkeypatch):
    """Another console on the same stderr, as the command line's log handler has one, doesn't tear the bar."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    with Journal(tmp_path, Console(stderr=True, force_terminal=True, width=100)) as journal:
        journal.on_train_begin(None, state(0), TrainerControl())
        Console(stderr=True).print("a line of the log")
        journal.on_step_end(None, state(7), TrainerControl())
    shown = out.getvalue()
    before, _, after = shown.partition("a line of the log")
    assert "0/20" in before or "0/20" in after
    assert after.startswith("\n") and "7/20" in after  # the line stands alone, the bar is drawn again below it


def test_meter_counts_tokens_over_time_in_steps():
    meter = Meter()
    meter.add(100, 30)
    meter.on_step_begin()
    meter._began -= 2  # as if the step had taken two seconds
    meter.on_step_end()
    figures = meter.read()
    assert figures["tokens_per_second"] == pytest.approx(50, rel=0.05) and figures["supervised_tokens"] == 30
    assert meter.read()["tokens_per_second"] is None
