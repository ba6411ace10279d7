"""Tool-call metrics by generation while a model trains: a callable for training, which knows nothing of this folder.

    validation rows -> seeded sample -> view repaired -> D1 prompts (once) ...
    every `evaluation.every_steps`:  completions -> scores -> {"tool_call_accuracy": 0.41, ...}

The sample is of the validation split, never of the test split: choosing a checkpoint by the rows that it is judged on
would flatter it. The figures are those that `toolgemma evaluate` would give on these rows; of few rows they are rough
(32 rows: +-17 points), so use them for the trend. Costs one completion per row and measurement.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from toolgemma.config import Config
from toolgemma.conversation import Conversation
from toolgemma.errors import DataError
from toolgemma.evaluation.baselines import score_baseline
from toolgemma.evaluation.decisions import HEADLINE_VIEW, decisions
from toolgemma.evaluation.metrics import TOOL_CALL_METRICS, call_metrics
from toolgemma.evaluation.runner import Subject
from toolgemma.evaluation.score import CallScore, score
from toolgemma.format import Dialect

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Advance = Callable[[int, int], None]
"""Told (done, of so many) as completions come."""
Measure = Callable[["PreTrainedModel", Advance], Mapping[str, float]]


def tool_metrics(
    config: Config, validation: Sequence[Conversation], tokenizer: "PreTrainedTokenizerBase", dialect: Dialect
) -> Measure:
    """A function of the model that measures `evaluation.every_samples` of the `validation` rows (view `repaired`).

    It gives the five tool-call metrics and their companions; those that are 0/0 are left out.

    Raises:
        DataError: `training.metric_for_best_model` can't be measured on these rows, because none of them calls a tool.
    """
    section = config.evaluation
    found = [
        decision
        for decision in decisions({HEADLINE_VIEW: sample(validation, section.every_samples, config.dataset.seed)})
        if decision.turn == "D1"
    ]
    silent = _values([entry.score for entry in score_baseline("always_abstain", found)])
    wanted = config.training.metric_for_best_model
    if wanted in TOOL_CALL_METRICS and wanted not in silent:
        raise DataError(
            f"training.metric_for_best_model: {wanted} can't be measured: none of the {len(found)} sampled turns of "
            f"{config.dataset.validation_split} calls a tool; raise evaluation.every_samples or take another metric"
        )
    prompts: list[list[int]] = []

    def measure(model: "PreTrainedModel", advance: Advance) -> dict[str, float]:
        subject = Subject(model, tokenizer, dialect)
        if not prompts:
            prompts.extend(subject.prompt(decision.history) for decision in found)
        scores = {}
        for index, completion in subject.complete(prompts, section):
            parsed = dialect.parse(completion.text)
            scores[index] = score(found[index], parsed, completion.ended == "length")
            advance(len(scores), len(found))
        return _values([scores[index] for index in range(len(found))])

    return measure


def sample(rows: Sequence[Conversation], count: int, seed: int) -> list[Conversation]:
    """At most `count` rows, in their order; a smaller sample is part of a larger one."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, no secret
    return [rows[index] for index in sorted(order[:count])]


def _values(scores: Sequence[object]) -> dict[str, float]:
    metrics = call_metrics([entry for entry in scores if isinstance(entry, CallScore)])
    return {name: ratio.value for name, ratio in metrics.items() if ratio.value is not None}
