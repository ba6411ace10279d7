"""`toolgemma evaluate --suite bfcl`: a Gemma 3, with an adapter or alone, on the leaderboard's single-turn Python part.

    rows (wheel, folder, Hub) -> prompts in our dialect -> completions -> parsed -> bfcl.score -> report
                                                      '-> baselines (no model) -----'

Costs one completion per row and model: 3,491 for all eleven categories, or `evaluation.max_samples` per category, a
seeded sample of which a smaller one is part of a larger one. Completions are written to RUN/evaluation/
bfcl.predictions.jsonl as they come, and a killed run goes on there; scores are always computed anew.

Figures over a sample, and figures without the contaminated rows, get no aggregate: they aren't the leaderboard's.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

import toolgemma
from toolgemma import rundir
from toolgemma.config import Config
from toolgemma.data.prepare import load_prepared, prepare
from toolgemma.evaluation.baselines import BASELINES
from toolgemma.evaluation.bfcl import PUBLISHED, RowScore, Table, decontaminated, score, tabulate
from toolgemma.evaluation.bfcl_data import CATEGORIES, Row, Suite, conversation, offering
from toolgemma.evaluation.predictions import call_records, collect, hash_prompt
from toolgemma.evaluation.progress import progress_bar
from toolgemma.evaluation.runner import Subject, load_subject, predictions_file, run_folder
from toolgemma.evaluation.stats import holm, mcnemar
from toolgemma.format.parse import ParsedTurn
from toolgemma.inference.completion import Completion

REPORT_FILE = "bfcl.json"


def default_output(checkpoint: Path | None) -> Path:
    """Where the report goes if nobody says: RUN/evaluation/bfcl.json; without a run, into the current folder."""
    return Path(REPORT_FILE) if checkpoint is None else run_folder(checkpoint) / rundir.EVALUATION / REPORT_FILE


def training_tools(config: Config) -> set[str]:
    """Names of all tools that the training rows offer, from the prepared data.

    Raises:
        DataError, HubError: the rows are not prepared and can't be.
    """
    prepared = load_prepared(config) or prepare(config)
    return {tool.name for row in prepared.splits[config.dataset.train_split] for tool in row.tools}


def sample(rows: Iterable[Row], max_samples: int | None, seed: int) -> list[Row]:
    """At most so many rows of each category, in the leaderboard's order; a smaller sample is part of a larger one."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.category, []).append(row)
    chosen = []
    for found in grouped.values():
        order = list(range(len(found)))
        random.Random(seed).shuffle(order)  # noqa: S311 - a sample, no secret
        chosen += [found[index] for index in sorted(order[:max_samples])]
    return chosen


def evaluate_bfcl(
    checkpoint: Path | None,
    config: Config,
    suite: Suite,
    *,
    output_file: Path,
    train_tools: set[str] | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Score a checkpoint (None: the base model alone) on `suite`; write and return the report.

    `train_tools`: names of the training set's tools; with them the table is given again without the rows that offer
    one. The predictions lie beside `output_file`.

    Raises:
        ConfigError: too little memory. HubError: the model can't be downloaded.
        CheckpointError: the checkpoint is torn, of another base, or the report can't be written.
    """
    console = console or Console()
    rows = sample(suite.rows, config.evaluation.max_samples, config.dataset.seed)
    subject, identity = load_subject(checkpoint, config, console)
    console.print(f"Evaluating {checkpoint or config.model.name} on {len(rows)} rows of BFCL", soft_wrap=True)
    examination = _Examination(subject, config, _questions(rows, subject), console)
    scores = {name: [score(row, answer(_offered(row))) for row in rows] for name, answer in BASELINES.items()}
    files = {}
    if checkpoint is not None:
        files["tuned"] = predictions_file(output_file, "tuned")
        scores["tuned"] = examination.run("tuned", files["tuned"], identity)
    if checkpoint is None or config.evaluation.baseline:
        files["untuned"] = predictions_file(output_file, "untuned")
        scores["untuned"] = examination.untuned(files["untuned"], identity)
    report = {
        "toolgemma": toolgemma.__version__,
        "suite": "bfcl",
        "version": suite.version,
        "source": suite.source,
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "base": config.model.name,
        "rows": len(rows),
        "max_samples": config.evaluation.max_samples,
        "seed": config.dataset.seed,
        "identity": identity,
        "systems": {name: table_record(tabulate(found)) for name, found in scores.items()},
        "change": _change(scores["untuned"], scores["tuned"]) if {"untuned", "tuned"} <= scores.keys() else None,
        "decontaminated": None if train_tools is None else _decontaminated(rows, scores, train_tools),
        "predictions": {name: path.name for name, path in files.items()},
        "published": [asdict(entry) for entry in PUBLISHED],
    }
    rundir.write_json(output_file, report)
    return report


def table_record(table: Table) -> dict[str, Any]:
    """A table as JSON."""
    return {
        "categories": {
            name: {
                "rows": line.rows,
                "passed": line.passed,
                "accuracy": asdict(line.accuracy),
                "decode_failed": line.decode_failed,
                "decode_failure_rate": line.decode_failure_rate,
                "no_verdict": line.no_verdict,
                "labels": dict(line.labels),
            }
            for name, line in table.categories.items()
        },
        "aggregates": dict(table.aggregates),
    }


@dataclass(frozen=True, slots=True)
class _Question:
    """A prompt and the rows that ask it: the leaderboard has a few twice."""

    prompt: tuple[int, ...]
    sha256: str
    rows: tuple[Row, ...]


def _questions(rows: Sequence[Row], subject: Subject) -> dict[str, _Question]:
    """By the prompt's SHA-256."""
    found: dict[str, _Question] = {}
    for row in rows:
        prompt = tuple(subject.prompt(conversation(row)))
        sha256 = hash_prompt(prompt)
        same = found[sha256].rows if sha256 in found else ()
        found[sha256] = _Question(prompt, sha256, (*same, row))
    return found


@dataclass(frozen=True, slots=True)
class _Examination:
    """The same questions for every model."""

    subject: Subject
    config: Config
    questions: Mapping[str, _Question]
    console: Console

    def untuned(self, path: Path, identity: Mapping[str, Any]) -> list[RowScore]:
        """The base model: the adapter, where there is one, switched off."""
        bare = dict(identity) | {"adapter": None}
        if identity["adapter"] is None:
            return self.run("untuned", path, bare)
        with self.subject.model.disable_adapter():
            return self.run("untuned", path, bare)

    def run(self, name: str, path: Path, identity: Mapping[str, Any]) -> list[RowScore]:
        """What the model as it stands now earns; completions that `path` holds already are not made again."""
        self.console.print(f"The {name} model", soft_wrap=True)

        def records(sha256: str, completion: Completion) -> list[dict[str, Any]]:
            question, parsed = self.questions[sha256], parse(completion.text)
            return [_record(row, question, completion, parsed) for row in question.rows]

        parse = self.subject.dialect.parse
        with progress_bar(self.console) as progress:
            done = collect(
                {sha256: question.prompt for sha256, question in self.questions.items()},
                records=records,
                complete=lambda missing: self.subject.complete(missing, self.config.evaluation),
                path=path,
                identity=identity,
                progress=progress,
            )
        return [
            score(row, parse(done[sha256].text)) for sha256, question in self.questions.items() for row in question.rows
        ]


def _record(row: Row, question: _Question, completion: Completion, parsed: ParsedTurn) -> dict[str, Any]:
    """The line of one row in bfcl.predictions.jsonl."""
    earned = score(row, parsed)
    return {
        "id": row.id,
        "category": row.category,
        "prompt_sha256": question.sha256,
        "prompt_tokens": len(question.prompt),
        "completion": completion.text,
        "tokens": completion.tokens,
        "ended": completion.ended,
        "content": parsed.content,
        "calls": call_records(parsed.calls),
        "malformed": [asdict(entry) for entry in parsed.malformed],
        "offered": _offered(row),
        "gold": list(row.gold),
        "passed": earned.passed,
        "decode_failed": earned.decode_failed,
        "label": earned.label,
        "detail": earned.detail,
    }


def _offered(row: Row) -> list[str]:
    return [doc["name"] for doc in row.docs]


def _change(before: Sequence[RowScore], after: Sequence[RowScore]) -> dict[str, Any]:
    """Rows fixed and broken by category, with exact McNemar p-values, Holm-adjusted over the categories."""
    later = {entry.id: entry.passed for entry in after}
    tests = {}
    for name in CATEGORIES:
        pairs = [(entry.passed, later[entry.id]) for entry in before if entry.category == name]
        if pairs:
            tests[name] = mcnemar([first for first, _ in pairs], [second for _, second in pairs])
    adjusted = holm({name: test.p for name, test in tests.items()})
    return {
        name: {"fixed": test.fixed, "broken": test.broken, "p": test.p, "p_holm": adjusted[name]}
        for name, test in tests.items()
    }


def _decontaminated(
    rows: Sequence[Row], scores: Mapping[str, Sequence[RowScore]], train_tools: set[str]
) -> dict[str, Any]:
    left_out = offering(rows, train_tools)
    return {
        "train_tools": len(train_tools),
        "left_out": sorted(left_out),
        "systems": {name: table_record(decontaminated(found, left_out)[1]) for name, found in scores.items()},
    }
