"""What a run says while it runs: metrics.jsonl, log lines, and a bar with rate and time left.

    {"step": 10, "epoch": 0.8, "loss": 1.93, "learning_rate": 9e-05, "grad_norm": 2.1, "tokens_per_second": 812.4,
     "supervised_tokens": 4410, "rss_bytes": 3214311424, "gpu_memory_bytes": null}
    {"step": 20, "epoch": 1.6, "eval_loss": 1.71, "eval_accuracy": 0.62, "eval_loss_tool_call": 0.41, ...}

Each line is on disk before the next step begins. A resumed run drops the lines after its checkpoint, so none stands
twice. The bar is drawn on a terminal only; the log lines carry the same figures and print above it.
"""

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from toolgemma import rundir
from toolgemma.errors import CheckpointError, DivergedError

logger = logging.getLogger(__name__)

_SHOWN = ("tool_call_accuracy", "tool_call_f1", "abstention_accuracy", "malformed_rate")
_SPEED_WINDOW_S = 3600.0  # a step can take minutes on a CPU


class Meter(TrainerCallback):  # type: ignore[misc]
    """Tokens and time of the optimizer steps since it was last read; evaluation and saving don't count."""

    def __init__(self) -> None:
        self._tokens = self._supervised = 0
        self._seconds = 0.0
        self._began = 0.0

    def add(self, tokens: int, supervised: int) -> None:
        """Count a batch that is about to be trained on."""
        self._tokens += tokens
        self._supervised += supervised

    def read(self) -> dict[str, float | int | None]:
        """Figures since the last read, and the memory now (bytes; GPU: the peak since the last read)."""
        figures = {
            "tokens_per_second": round(self._tokens / self._seconds, 1) if self._seconds else None,
            "supervised_tokens": self._supervised,
            "rss_bytes": psutil.Process().memory_info().rss,
            "gpu_memory_bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        }
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        self._tokens = self._supervised = 0
        self._seconds = 0.0
        return figures

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Stop the clock."""
        self._seconds += time.perf_counter() - self._began


class Journal(TrainerCallback):  # type: ignore[misc]
    """Writes metrics.jsonl of `run`, logs, and draws the bar while its context is open."""

    def __init__(self, run: Path, console: Console | None = None) -> None:
        self._path = run / rundir.METRICS
        console = console or Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[figures]}"),
            console=console,
            disable=not console.is_terminal,
            speed_estimate_period=_SPEED_WINDOW_S,
        )
        self._task: TaskID | None = None
        self._measuring: TaskID | None = None
        self._first_step = 0
        self._began = 0.0

    def __enter__(self) -> "Journal":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Show the bar from the step that training starts at."""
        self._first_step, self._began = state.global_step, time.perf_counter()
        self._task = self._bar.add_task(
            "training", total=state.max_steps, completed=state.global_step, rate="", figures=""
        )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bar.update(self._task, completed=state.global_step, rate=_rate(self._steps_per_second(state)))

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write and log a line of training or evaluation figures.

        Raises:
            DivergedError: the gradient is not finite (losses were checked where they arose); the step isn't saved yet.
        """
        logs = logs or {}
        if not logs.keys() & {"loss", "eval_loss"}:
            return
        check_finite("grad_norm", logs.get("grad_norm"), state.global_step)
        self._write({"step": state.global_step} | logs)
        if "loss" in logs:
            if self._task is not None:
                self._bar.update(self._task, figures=f"loss {logs['loss']:.4f}")
            self._log_training(logs, state)
        else:
            parts = "".join(f", {key[5:]} {logs[key]:.4f}" for key in logs if key.startswith("eval_loss_"))
            logger.info(
                "step %d/%d: eval_loss %.4f, eval_accuracy %.4f%s",
                state.global_step, state.max_steps, logs["eval_loss"], logs["eval_accuracy"], parts,
            )  # fmt: skip
            if "eval_tool_call_accuracy" in logs:
                figures = ", ".join(f"{key} {logs[f'eval_{key}']:.3f}" for key in _SHOWN if f"eval_{key}" in logs)
                logger.info("step %d/%d: by generation: %s", state.global_step, state.max_steps, figures)

    def measuring(self, done: int, total: int) -> None:
        """Draw how far a measurement by generation is, below the bar of the training."""
        if self._measuring is None:
            self._measuring = self._bar.add_task("measuring", rate="", figures="")
        self._bar.update(self._measuring, completed=done, total=total, visible=done < total)

    def _log_training(self, logs: dict[str, Any], state: TrainerState) -> None:
        speed = self._steps_per_second(state)
        left = (state.max_steps - state.global_step) / speed if speed else 0.0
        logger.info(
            "step %d/%d: loss %.4f, lr %.1e, %.0f tok/s, %s, %s left",
            state.global_step, state.max_steps, logs["loss"], logs["learning_rate"], logs["tokens_per_second"] or 0,
            _rate(speed), _duration(left),
        )  # fmt: skip

    def _steps_per_second(self, state: TrainerState) -> float:
        seconds = time.perf_counter() - self._began
        return (state.global_step - self._first_step) / seconds if seconds > 0 else 0.0

    def _write(self, line: dict[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            raise CheckpointError(f"can't write {self._path}: {error.strerror or error}; free some space") from error


def check_finite(name: str, value: float | None, step: int) -> None:
    """Refuse a figure that is not a finite number.

    Raises:
        DivergedError: with what to change.
    """
    if value is not None and not math.isfinite(value):
        raise DivergedError(
            f"{name} is {value} at step {step}: training has diverged; lower training.learning_rate, raise "
            "training.warmup_ratio, or look at the rows with `toolgemma lint`; earlier checkpoints are intact"
        )


def rewind(run: Path, step: int) -> None:
    """Keep the lines of metrics.jsonl up to `step`; 0 empties it. A line torn by a kill is dropped as well."""
    path = run / rundir.METRICS
    if not path.exists() and step == 0:
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if values["step"] <= step:
            kept.append(line + "\n")
    rundir.write_text(path, "".join(kept))


def _rate(steps_per_second: float) -> str:
    if steps_per_second <= 0:
        return ""
    if steps_per_second >= 1:
        return f"{steps_per_second:.2f} it/s"
    return f"{1 / steps_per_second:.1f} s/it"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
