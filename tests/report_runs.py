"""A finished run on disk as the report reads it, made in milliseconds: real decisions, prompts and scores, no model."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scenes import CONVERT, SORT, TOOLS, call, plain_row, tool_row
from toolgemma import rundir
from toolgemma.config import dump_config, load_config
from toolgemma.conversation import Conversation, Message, Tool
from toolgemma.data.views import views
from toolgemma.evaluation import predictions, runner
from toolgemma.evaluation.baselines import BASELINES, score_baseline
from toolgemma.evaluation.decisions import Decision, decisions
from toolgemma.evaluation.intervals import headline_intervals
from toolgemma.evaluation.summary import summarise
from toolgemma.format import hermes
from toolgemma.inference.completion import Completion

Answer = Callable[[Decision], str]
IDENTITY = {
    "base": {"sha256": "0" * 64},
    "adapter": {"adapter_model.safetensors": "1" * 64},
    "device": "cpu",
    "dtype": "torch.float32",
    "dialect": "hermes",
    "decoding": {"strategy": "greedy", "max_new_tokens": 64, "stop_ids": [1, 5]},
}
DATA_REPORT = {
    "fingerprint": "f" * 64,
    "source": {"name": "me/tools", "path": None},
    "rows": {"train": {"published": 9, "kept": 8}, "test": {"published": 4, "kept": 4}},
    "lint_before": {"tool-not-offered": {"train": 3}, "answer-tags": {"train": 2, "test": 1}},
    "lint_after": {"answer-tags": {"test": 1}},
    "changes": [
        {"rule": "tool-not-offered", "split": "train", "row": 3, "action": "mended", "message": "convert put in"},
        {"rule": "leakage-exact", "split": "train", "row": 7, "action": "dropped", "message": "also in test"},
    ],
    "fit": {"max_seq_length": 64, "rows": 8, "kept": 7, "lost_distractors": {"train/1": ["sort_list"]}, "dropped": {}},
}
CURVE = [
    {"step": 5, "epoch": 0.5, "loss": 2.0, "learning_rate": 1e-4, "grad_norm": 1.0, "tokens_per_second": 10.0},
    {"step": 5, "epoch": 0.5, "eval_loss": 1.9, "eval_accuracy": 0.5, "eval_loss_tool_call": 1.0,
     "eval_tool_call_accuracy": 0.25},
    {"step": 10, "epoch": 1.0, "loss": 1.5, "learning_rate": 5e-5, "grad_norm": 0.9, "tokens_per_second": 11.0},
    {"step": 10, "epoch": 1.0, "eval_loss": 1.4, "eval_accuracy": 0.6, "eval_loss_tool_call": 0.6,
     "eval_tool_call_accuracy": 0.5},
]  # fmt: skip


def gold(decision: Decision) -> str:
    """The right answer on the wire."""
    return written(decision.gold.content or ("" if decision.calls else "I can't."), decision.calls)


def silent(decision: Decision) -> str:
    """Never a call."""
    return "I don't know.<end_of_turn>"


def clumsy(decision: Decision) -> str:
    """One wrong argument where a call is due, else prose; cut off on every fourth row."""
    if decision.row.endswith(("3", "7")):
        return '<tool_call>\n{"name": "get_weather", "arguments": {"city": '
    if not decision.calls:
        return silent(decision)
    return written("", (call("get_weather", city="Berlin", days=2),))


def written(content: str, calls: Sequence[object] = ()) -> str:
    """An assistant turn as the model writes it."""
    message = Message("assistant", content, tuple(calls))  # type: ignore[arg-type]
    asked = Conversation((Message("user", "?"), message), TOOLS, "x/0")
    segments = hermes.render(asked)
    return "".join(segment.text for segment in segments if segment.part is not None)


def default_rows(count: int = 8) -> list[Conversation]:
    """Rows with and without calls; every fourth doesn't offer the tool that it calls."""
    made = []
    for index in range(count):
        row = f"test/{index}"
        tools = (CONVERT, SORT) if index % 4 == 2 else TOOLS
        made.append(plain_row(row, TOOLS) if index % 2 else tool_row(row, tools))
    return made


def write_run(
    folder: Path,
    rows: Sequence[Conversation] | None = None,
    *,
    tuned: Answer = gold,
    untuned: Answer | None = clumsy,
    tools: Sequence[Tool] = TOOLS,
    metrics_name: str = "metrics.json",
    base: str = "google/gemma-3-1b-it",
) -> Path:
    """config.yaml, data_report.json, metrics.jsonl, a manifest and an evaluation with predictions; the run's folder."""
    rows = default_rows() if rows is None else rows
    config = load_config(None, [f"model.name={json.dumps(base)}", "dataset.name=me/tools", "training.seed=7"])
    final = folder / rundir.FINAL
    rundir.write_text(folder / rundir.CONFIG, dump_config(config))
    rundir.write_json(folder / rundir.DATA_REPORT, DATA_REPORT)
    rundir.write_text(folder / rundir.METRICS, "".join(json.dumps(line) + "\n" for line in CURVE))
    rundir.write_text(final / "adapter_config.json", "{}")
    rundir.seal(
        final,
        {
            "kind": "final",
            "step": 10,
            "maths": {"training.seed": 7},
            "versions": {"toolgemma": "0.1.0", "torch": "2.9.0"},
        },
    )
    planned = decisions(views(rows, 0, {tool.name: tool for tool in tools}))
    tasks = predictions.tasks(planned, _prompt)
    output = folder / rundir.EVALUATION / metrics_name
    systems = {"tuned": _system(output, "tuned", tasks, tuned, IDENTITY)}
    if untuned is not None:
        systems["untuned"] = _system(output, "untuned", tasks, untuned, IDENTITY | {"adapter": None})
    for name in BASELINES:
        scored = score_baseline(name, planned)
        systems[name] = {"views": summarise(scored), "intervals": headline_intervals(scored, {})}
    report = {
        "toolgemma": "0.1.0", "checkpoint": str(final), "base": base, "dataset": "me/tools", "split": "test",
        "rows": len(rows), "seed": 42, "identity": IDENTITY, "headline_view": "repaired",
        "primary_metric": "tool_call_accuracy", "metrics": runner.headline(systems["tuned"]), "systems": systems,
    }  # fmt: skip
    rundir.write_json(output, report)
    return folder


def _system(
    output: Path, name: str, tasks: Sequence[predictions.Task], answer: Answer, identity: Mapping[str, object]
) -> dict[str, object]:
    path = runner.predictions_file(output, name)
    scored, records = [], []
    for task in tasks:
        text = answer(task.decisions[0])
        completion = Completion(text, len(text.split()), "stop" if text.endswith("<end_of_turn>") else "length")
        parsed = hermes.parse(text)
        records.append(predictions.record(task, completion, parsed))
        scored += predictions.scored(task, completion, parsed)
    with predictions.writing(path, identity, records):
        pass
    ratio = {"value": 0.5, "numerator": 50.0, "denominator": 100}
    loss = {
        "eval_loss": ratio,
        "eval_accuracy": ratio,
        "by_part": {"tool_call": {"eval_loss": ratio, "eval_accuracy": ratio}},
    }
    return {
        "views": summarise(scored),
        "intervals": headline_intervals(scored, {}),
        "loss": loss | {"by_part": {"tool_call": loss}},
        "predictions": path.name,
    }


def _prompt(decision: Decision) -> list[int]:
    segments = hermes.render(decision.history, add_generation_prompt=True)
    return list("".join(segment.text for segment in segments).encode("utf-8", "surrogatepass"))
