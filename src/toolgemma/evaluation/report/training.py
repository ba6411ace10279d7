"""Learning curves from metrics.jsonl, what prepare found and repaired, and the settings and versions of it all."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolgemma import rundir
from toolgemma.data.findings import RULES
from toolgemma.evaluation.metrics import COMPANIONS, TOOL_CALL_METRICS
from toolgemma.evaluation.report import plots
from toolgemma.evaluation.report.blocks import Block, Code, Plot, Plots, Section, Text, plot, table, text
from toolgemma.evaluation.report.plots import Series
from toolgemma.evaluation.report.saved import Saved
from toolgemma.evaluation.report.text import cut
from toolgemma.evaluation.table import NOTHING

_STEPS_LISTED = 40
_CHANGES_LISTED = 100
_CODE = 50_000
"""Characters of a verbatim block at most."""
_PARTS = {"eval_loss_tool_call": "tuned", "eval_loss_final_answer": "untuned", "eval_loss_no_tool": "always_abstain"}
_PREFIX = "eval_"
_UNLISTED = (
    "step",
    "rss_bytes",
    "gpu_memory_bytes",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
)


def learning(saved: Saved) -> Section:
    """Losses, learning rate and, where they were measured, tool metrics over steps."""
    if not saved.curve:
        return Section("learning", "Learning curves", (_gone(rundir.METRICS),))
    mark = (saved.manifest or {}).get("step")
    losses = [("train", "loss", "untuned", True), ("evaluation", "eval_loss", "tuned", False)]
    parts = [(_title(key), key, system, False) for key, system in _PARTS.items()]
    drawn = (
        _drawing("Loss per token", losses, saved, mark),
        _drawing("Evaluation loss by part of the turn", parts, saved, mark),
        _drawing("Tool metrics by generation", list(_tool_metrics(saved.curve)), saved, mark, percent=True),
        _drawing("Learning rate", [("learning rate", "learning_rate", "tuned", False)], saved, None),
    )
    plotted = Plots(tuple(plot for plot in drawn if plot is not None))
    return Section("learning", "Learning curves", (plotted, *_steps(saved.curve)))


def _steps(curve: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Every evaluation, then every training step, evenly thinned out where there are many."""
    kinds: dict[str, list[Mapping[str, Any]]] = {"Evaluations during training": [], "Training steps": []}
    for line in curve:
        kinds["Training steps" if "loss" in line else "Evaluations during training"].append(line)
    for caption, lines in kinds.items():
        keys = [key for key in dict.fromkeys(key for line in lines for key in line) if key not in _UNLISTED]
        shown = _spread(lines, _STEPS_LISTED)
        more = f", {len(shown)} of {len(lines)} lines, evenly spread" if len(shown) < len(lines) else ""
        if lines:
            rows = [(line["step"], *(_number(line.get(key)) for key in keys)) for line in shown]
            yield table(f"{caption}{more}", ("step", *keys), rows, folded=True)


def data(saved: Saved) -> Section:
    """Lint findings before and after repair, what was repaired, and what the token budget cost."""
    report = saved.data_report
    if report is None:
        return Section("data", "Data", (_gone(rundir.DATA_REPORT),))
    splits = list(report.get("rows", {}))
    blocks: list[Block] = [*_rows(report, splits)]
    before, after = report.get("lint_before", {}), report.get("lint_after", {})
    rows = []
    for rule in [*RULES, *(rule for rule in before if rule not in RULES)]:
        if rule in before or rule in after:
            known = RULES.get(rule)
            cells = (f"{before.get(rule, {}).get(split, 0)} → {after.get(rule, {}).get(split, 0)}" for split in splits)
            rows.append((rule, known.severity if known else NOTHING, *cells, known.meaning if known else NOTHING))
    blocks.append(table("Lint findings, before → after repair", ("rule", "severity", *splits, "meaning"), rows))
    changes = report.get("changes", [])
    counted = Counter((change["rule"], change["split"], change["action"]) for change in changes)
    blocks.append(
        table("Repairs", ("rule", "split", "action", "changes"), [(*key, n) for key, n in counted.items()], names=3)
        if changes
        else text("Nothing was repaired.")
    )
    if changes:
        shown = [
            (f"{each['split']}/{each['row']}", each["rule"], each["action"], each["message"])
            for each in changes[:_CHANGES_LISTED]
        ]
        more = f", the first {len(shown)} of {len(changes)}" if len(changes) > len(shown) else ""
        blocks.append(table(f"Every repair{more}", ("row", "rule", "action", "what"), shown, folded=True))
    return Section("data", "Data", tuple(blocks))


def settings(saved: Saved) -> Section:
    """Seeds, versions, machine, decoding, the whole config, and the files that this report was made from."""
    metrics, manifest = saved.metrics, saved.manifest or {}
    identity = metrics.get("identity", {})
    facts = [
        ("toolgemma", metrics.get("toolgemma")),
        ("base model", metrics.get("base")),
        ("dataset", metrics.get("dataset")),
        ("scored", f"{metrics.get('rows')} rows of {metrics.get('split')}"),
        ("checkpoint", metrics.get("checkpoint")),
        ("best step", manifest.get("step")),
        ("seed of the data", metrics.get("seed")),
        ("seed of the training", manifest.get("maths", {}).get("training.seed")),
        *((key, identity.get(key)) for key in ("device", "dtype", "attn_implementation", "quantization", "dialect")),
        *((f"decoding {key}", value) for key, value in identity.get("decoding", {}).items()),
    ]
    system = manifest.get("system", {})
    machine = [(key, system.get(key)) for key in ("system", "python", "cpu", "cuda") if system.get(key)]
    machine += [("gpu", gpu.get("name")) for gpu in system.get("gpus", [])]
    versions = (manifest.get("versions") or system.get("versions") or {}).items()
    blocks: list[Block] = [
        table("This evaluation", ("what", "value"), [(key, value) for key, value in facts if value is not None])
    ]
    if versions:
        blocks.append(table("Versions at training time", ("package", "version"), versions))
    if machine:
        blocks.append(table("Machine at training time", ("what", "value"), machine))
    if saved.config is not None:
        blocks.append(_code(f"Config of the run ({rundir.CONFIG})", saved.config))
    blocks.append(_code("Identity of the evaluated model", json.dumps(identity, ensure_ascii=False, indent=2)))
    files = [saved.metrics_file.name, *(path.name for path in saved.predictions.values())]
    blocks.append(text(f"Made from {', '.join(files)} and the run's files; toolgemma report makes it again."))
    if saved.missing:
        blocks.append(text(f"Not found beside the evaluation: {', '.join(saved.missing)}.", "note"))
    return Section("settings", "Settings", tuple(blocks))


def _drawing(
    caption: str, keys: Sequence[tuple[str, str, str, bool]], saved: Saved, mark: float | None, *, percent: bool = False
) -> Plot | None:
    """Curves of `keys`, (name, key of metrics.jsonl, system whose colour it takes, dashed); None without any."""
    series = []
    for name, key, system, dashed in keys:
        found = [(line["step"], line[key]) for line in saved.curve if isinstance(line.get(key), int | float)]
        if found:
            steps, values = zip(*found, strict=True)
            series.append(Series(name, system, steps, values, dashed))
    if not series:
        return None
    said = "; ".join(
        f"{each.name} from {_number(each.values[0])} at step {each.steps[0]} to {_number(each.values[-1])} at step "
        f"{each.steps[-1]}" for each in series
    )  # fmt: skip
    unit = "%" if percent else "nats per token" if "loss" in caption.lower() else ""
    return plot(plots.curves(series, ylabel=unit, mark=mark, percent=percent), caption, said)


def _tool_metrics(curve: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str, bool]]:
    systems = ("tuned", "untuned", "always_abstain", "first_offered_tool")
    keys = [
        key
        for name in (*TOOL_CALL_METRICS, *COMPANIONS)
        for key in (f"{_PREFIX}{name}", name)
        if any(key in line for line in curve)
    ]
    for number, key in enumerate(keys[:6]):
        yield key.removeprefix(_PREFIX), key, systems[number % 4], number >= 4


def _rows(report: Mapping[str, Any], splits: Sequence[str]) -> Iterator[Block]:
    fit, source = report.get("fit", {}), report.get("source", {})
    rows = [(split, report["rows"][split]["published"], report["rows"][split]["kept"]) for split in splits]
    said = f"Source: {source.get('path') or source.get('name', 'unknown')}, repair: {source.get('repair', 'unknown')}."
    if fit:
        said += (
            f" Within {fit['max_seq_length']:,} tokens there was room for {fit['kept']} of {fit['rows']} train rows, "
            f"for {len(fit['lost_distractors'])} of them without some tools that they don't call."
        )
    yield text(said)
    yield table("Rows", ("split", "published", "kept after repair"), rows)


def _gone(name: str) -> Text:
    return text(f"{name} was not found in the run's folder, so there is nothing to show here.", "note")


def _code(caption: str, text: str) -> Code:
    return Code(caption, cut(text, _CODE))


def _title(key: str) -> str:
    return key.removeprefix("eval_loss_").replace("_", " ")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else NOTHING


def _spread(lines: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """At most `count` lines, evenly spread, the first and the last among them."""
    if len(lines) <= count:
        return list(lines)
    return [lines[round(index * (len(lines) - 1) / (count - 1))] for index in range(count)]
