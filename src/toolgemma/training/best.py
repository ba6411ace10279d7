"""Which step is best, by `training.metric_for_best_model`, and when to stop looking for a better one.

    step                  20     40     60     80    100
    tool_call_accuracy  0.20   0.50   0.50   0.40   0.50     best: 40; a tie changes nothing
    measured since best    0      0      1      2      3     early_stopping_patience: 3 ends training after step 100

A new best is saved at once, wherever `save_steps` stands. Both answers come from the state that every checkpoint holds,
so a resumed run counts on. An evaluation that didn't measure the metric changes nothing.
"""

import logging
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from toolgemma.config import Config, TrainingSection

logger = logging.getLogger(__name__)

LOWER_IS_BETTER = frozenset({"eval_loss"})


class BestStep(TrainerCallback):  # type: ignore[misc]
    """Keeps `state.best_metric` and `state.best_global_step`; asks for evaluations at `evaluation.every_steps`."""

    def __init__(self, config: Config) -> None:
        self._section = config.training
        self._every = config.evaluation.every_steps

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Evaluate where tool calls are due to be measured, whatever `eval_steps` says."""
        if self._every and state.global_step % self._every == 0:
            control.should_evaluate = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float],
        **kwargs: Any,
    ) -> None:
        """Note and save a new best; stop where patience is spent."""
        value = metrics.get(logged_name(self._section))
        if value is not None and _is_better(self._section, value, state.best_metric):
            state.best_metric, state.best_global_step = value, state.global_step
            control.should_save = True
        if patience_spent(state, self._section):
            logger.info(
                "stopping early: %s has not been better than %.4f (step %d) in %d measurements",
                self._section.metric_for_best_model, state.best_metric, state.best_global_step,
                self._section.early_stopping_patience,
            )  # fmt: skip
            control.should_save = control.should_training_stop = True


def logged_name(section: TrainingSection) -> str:
    """The metric's key in a line of metrics.jsonl."""
    return f"eval_{section.metric_for_best_model.removeprefix('eval_')}"


def patience_spent(state: TrainerState, section: TrainingSection) -> bool:
    """Whether `early_stopping_patience` measurements in a row brought no new best."""
    if section.early_stopping_patience is None or state.best_global_step is None:
        return False
    key = logged_name(section)
    since: int = sum(key in entry and entry["step"] > state.best_global_step for entry in state.log_history)
    return since >= section.early_stopping_patience


def _is_better(section: TrainingSection, value: float, best: float | None) -> bool:
    if best is None:
        return True
    return value < best if section.metric_for_best_model in LOWER_IS_BETTER else value > best
