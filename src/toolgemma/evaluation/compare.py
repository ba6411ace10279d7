"""Is one model better than another? From two predictions.jsonl alone, on the same rows, prompts and decoding.

    A/evaluation/predictions.jsonl  \\
                                      paired by row and position within a view  ->  Comparison
    B/evaluation/predictions.jsonl  /

One metric is primary, declared ahead (`metrics.PRIMARY`): exact McNemar with the fixed and broken rows, and the gain
with a paired bootstrap interval. The others are secondary; their p-values (McNemar for 0/1 metrics, a randomisation
test for pooled ones) are Holm-adjusted together. A difference that isn't significant is "not shown", and the smallest
gain that these rows could have shown stands beside it. McNemar takes rows for independent; where there are many
near-duplicates, believe the bootstrap interval, which keeps them together.

Compares tool-call decisions (D1). Losses aren't in predictions.jsonl, and answers after a result (D2) are not compared.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolgemma.errors import DataError
from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.intervals import COMPARED, Metric
from toolgemma.evaluation.metrics import PRIMARY
from toolgemma.evaluation.score import CallScore, score_from_record
from toolgemma.evaluation.stats import (
    Floats,
    Interval,
    McNemar,
    bootstrap,
    difference,
    holm,
    mcnemar,
    randomisation,
    smallest_gain,
    wilson,
)

ALPHA = 0.05
Key = tuple[str, int]
"""Row as published, and position of the scored message in it."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One tool-call decision of a model."""

    query_type: str
    prompt_sha256: str
    score: CallScore
    cluster: str | None = None
    """The row's group of near-duplicates; None: it is alone."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model did: where that was read, what generated it, and its decisions by view."""

    path: str
    identity: Mapping[str, Any]
    views: Mapping[str, Mapping[Key, Predicted]]


@dataclass(frozen=True, slots=True)
class Change:
    """A metric before and after. `p_holm` is None for the primary metric, which needs no adjusting."""

    metric: str
    before: float | None
    after: float | None
    gain: Interval
    p: float
    p_holm: float | None = None

    @property
    def verdict(self) -> Literal["better", "worse", "not shown"]:
        """By the adjusted p-value where there is one."""
        p = self.p if self.p_holm is None else self.p_holm
        if p > ALPHA or not self.gain.point:
            return "not shown"
        return "better" if self.gain.point > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from `before` to `after` in one view."""

    view: str
    rows: int
    primary: Change
    before: Interval
    """Wilson interval of the primary metric; `after` likewise."""
    after: Interval
    test: McNemar
    fixed: tuple[str, ...]
    """Rows that went from wrong to right, in order; `broken` the other way."""
    broken: tuple[str, ...]
    secondary: tuple[Change, ...]
    detectable: float | None
    """The smallest gain of the primary metric that so many rows would have shown (80% power, 5% of the rows broken)."""
    notes: tuple[str, ...]
    """What else differs between the two: precision, device, base, ..."""


def read_predictions(path: Path) -> Predictions:
    """Read a predictions.jsonl as the evaluation writes it.

    Raises:
        DataError: there is no such file, a line isn't one that an evaluation writes, or the rows are BFCL's.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"can't read {path} ({error}): name the predictions.jsonl of an evaluated run") from error
    identity: dict[str, Any] = {}
    views: dict[str, dict[Key, Predicted]] = {}
    of_bfcl = False
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            record = json.loads(line)
            if number == 1:
                identity = dict(record["identity"])
            elif "decode_failed" in record:
                of_bfcl = True
                break
            else:
                _add(record, views)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path} line {number} is not of an evaluation ({error!r}): evaluate again") from error
    if of_bfcl:
        raise DataError(
            f"{path} holds rows of BFCL, and compare reads those of a test split: name predictions without bfcl "
            "(what tuning changed on BFCL stands in bfcl.md)"
        )
    return Predictions(str(path), identity, views)


def compare(
    before: Predictions,
    after: Predictions,
    *,
    view: str = HEADLINE_VIEW,
    seed: int = 0,
) -> Comparison:
    """Compare two models on one view.

    Raises:
        DataError: different rows, prompts or decoding, or a view that isn't there.
    """
    keys = _same_questions(before, after, view)
    one, two = before.views[view], after.views[view]
    groups = [one[key].cluster or key[0] for key in keys]
    pairs = [(one[key].score, two[key].score) for key in keys]
    strata = [one[key].query_type for key in keys]
    changes = {
        name: change
        for name, metric in COMPARED.items()
        if (change := _change(name, metric, pairs, strata, groups, seed)) is not None
    }
    primary = changes.pop(PRIMARY)
    adjusted = holm({name: change.p for name, change in changes.items()})
    right = [(first.correct, second.correct) for first, second in pairs]
    return Comparison(
        view=view,
        rows=len(keys),
        primary=primary,
        before=wilson(sum(first for first, _ in right), len(right)),
        after=wilson(sum(second for _, second in right), len(right)),
        test=mcnemar([first for first, _ in right], [second for _, second in right]),
        fixed=tuple(key[0] for key, pair in zip(keys, right, strict=True) if pair == (False, True)),
        broken=tuple(key[0] for key, pair in zip(keys, right, strict=True) if pair == (True, False)),
        secondary=tuple(replace(change, p_holm=adjusted[name]) for name, change in changes.items()),
        detectable=smallest_gain(len(keys)),
        notes=_notes(before.identity, after.identity),
    )


def _add(record: Mapping[str, Any], views: dict[str, dict[Key, Predicted]]) -> None:
    """Put a line's tool-call decisions under their views."""
    for view, entry in record["views"].items():
        score = score_from_record(entry["score"])
        if isinstance(score, CallScore):
            predicted = Predicted(record["query_type"], record["prompt_sha256"], score, record.get("cluster"))
            views.setdefault(view, {})[record["row"], record["position"]] = predicted


def _same_questions(before: Predictions, after: Predictions, view: str) -> list[Key]:
    """The decisions of both, in the order of `before`, after making sure that they are the same questions."""
    for found in (before, after):
        if not found.views.get(view):
            raise DataError(
                f"{found.path} has no decisions of view {view!r}; it has {', '.join(found.views) or 'none'}"
            )
    one, two = before.views[view], after.views[view]
    if one.keys() != two.keys():
        missing = sorted(one.keys() ^ two.keys())
        raise DataError(
            f"{before.path} and {after.path} scored different rows ({len(missing)} are in one only, such as "
            f"{missing[0][0]}): evaluate both on the same rows (dataset, seed, --max_samples)"
        )
    for key, predicted in one.items():
        if predicted.prompt_sha256 != two[key].prompt_sha256 or predicted.score.gold != two[key].score.gold:
            raise DataError(
                f"{before.path} and {after.path} were prompted differently on row {key[0]}: evaluate both with the "
                "same tool_format, tokenizer and rows"
            )
    if before.identity.get("decoding") != after.identity.get("decoding"):
        raise DataError(
            f"{before.path} was decoded with {before.identity.get('decoding')}, {after.path} with "
            f"{after.identity.get('decoding')}: evaluate both with the same evaluation.max_new_tokens"
        )
    return list(one)


def _change(
    name: str,
    metric: Metric,
    pairs: Sequence[tuple[CallScore, CallScore]],
    strata: Sequence[str],
    groups: Sequence[str],
    seed: int,
) -> Change | None:
    """A metric's change; None where it counts no row."""
    chosen = [index for index, (score, _) in enumerate(pairs) if metric.counts(score)]
    if not chosen:
        return None
    before = np.array([metric.columns(pairs[index][0]) for index in chosen], dtype=np.float64)
    after = np.array([metric.columns(pairs[index][1]) for index in chosen], dtype=np.float64)
    kinds, labels = [strata[index] for index in chosen], [groups[index] for index in chosen]
    gain = bootstrap(np.hstack([before, after]), difference(metric.statistic), strata=kinds, clusters=labels, seed=seed)
    if metric.binary:
        p = mcnemar(before[:, 0] > 0, after[:, 0] > 0).p
    else:
        p = randomisation(before, after, metric.statistic, clusters=labels, seed=seed)
    return Change(name, _value(metric, before), _value(metric, after), gain, p)


def _value(metric: Metric, columns: Floats) -> float | None:
    value = float(metric.statistic(columns.sum(axis=0)))
    return None if math.isnan(value) else value


def _notes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between the two identities; an adapter on one side is what a comparison is for."""
    return tuple(
        f"{key}: {before.get(key)} before, {after.get(key)} after"
        for key in sorted(before.keys() | after.keys())
        if key != "adapter" and before.get(key) != after.get(key)
    )
