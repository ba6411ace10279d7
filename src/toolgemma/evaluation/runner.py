"""The model part of evaluation: load, generate, score, save; it goes on where a killed run stopped.

    checkpoint + config -> test rows -> views -> decisions -> prompts (each once) -> completions -> scores -> report
                                    '-> repaired rows, teacher-forced ------------------> eval_loss, eval_accuracy

Costs: one completion per distinct prompt (the views share most of them) and a forward pass over each row, prefixes that
they share once, for the tuned model and, with `evaluation.baseline`, once more for the untuned one: the same weights
with the adapter switched off. Predictions and losses are taken up again where the same model, settings and rows made
them.
Rows are never cut. Heavy libraries are imported where they are used, so importing this module is cheap.
"""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import Progress

import toolgemma
from toolgemma import rundir
from toolgemma.config import Config, EvaluationSection, packed
from toolgemma.conversation import Conversation
from toolgemma.data.catalogue import catalogue
from toolgemma.data.prepare import load_prepared, prepare
from toolgemma.data.rules.duplicates import clusters
from toolgemma.data.views import views
from toolgemma.errors import CheckpointError, ConfigError
from toolgemma.evaluation.baselines import BASELINES, score_baseline
from toolgemma.evaluation.decisions import HEADLINE_VIEW, Decision, decisions
from toolgemma.evaluation.intervals import headline_intervals
from toolgemma.evaluation.metrics import METRICS, PRIMARY
from toolgemma.evaluation.predictions import predict, tasks
from toolgemma.evaluation.progress import progress_bar
from toolgemma.evaluation.summary import summarise
from toolgemma.evaluation.teacher_forced import saved_or_made, teacher_forced
from toolgemma.format import Dialect, get_dialect
from toolgemma.format.segments import END
from toolgemma.inference.completion import Completion

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from toolgemma.tokens.encode import Encoded

METRICS_FILE = "metrics.json"
PREDICTIONS = "predictions.jsonl"
LOSS = "loss.json"


@dataclass(frozen=True, slots=True)
class Subject:
    """A loaded model with what is needed to ask it and to read it."""

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    dialect: Dialect

    def prompt(self, history: Conversation) -> list[int]:
        """A conversation as token ids, ending with the generation prompt."""
        from toolgemma.tokens.encode import encode_prompt

        return encode_prompt(self.dialect.render(history, add_generation_prompt=True), self.tokenizer)

    def encoded(self, conversations: Iterable[Conversation]) -> "list[Encoded]":
        """Whole conversations as ids and labels, for the teacher-forced metrics."""
        from toolgemma.tokens.encode import encode_many

        return encode_many(((row.id, self.dialect.render(row)) for row in conversations), self.tokenizer)

    def complete(
        self, prompts: Sequence[Sequence[int]], section: EvaluationSection
    ) -> Iterator[tuple[int, Completion]]:
        """Greedy completions of prompts, in the order in which batches finish."""
        from toolgemma.inference.generate import generate

        return generate(
            self.model,
            self.tokenizer,
            prompts,
            max_new_tokens=section.max_new_tokens,
            batch_size=section.batch_size,
            stop_ids=self.stop_ids,
        )

    @property
    def stop_ids(self) -> list[int]:
        """Tokens that end a turn: `<end_of_turn>`, and `<eos>` where the tokenizer has one."""
        found = [self.tokenizer.convert_tokens_to_ids(END), self.tokenizer.eos_token_id]
        return sorted({token for token in found if isinstance(token, int)})


def config_file(checkpoint: Path) -> Path:
    """The config that was saved with a checkpoint, in its folder or in the run's.

    Raises:
        CheckpointError: there is none.
    """
    for folder in (checkpoint, run_folder(checkpoint)):
        if (folder / rundir.CONFIG).is_file():
            return folder / rundir.CONFIG
    raise CheckpointError(f"{checkpoint} has no {rundir.CONFIG}; name the config it was trained with: --config FILE")


def run_folder(checkpoint: Path) -> Path:
    """The run that a checkpoint belongs to: its parent, unless the folder is not named like a checkpoint."""
    named = checkpoint.name == rundir.FINAL or re.fullmatch(r"checkpoint-\d+", checkpoint.name)
    return checkpoint.parent if named else checkpoint


def default_output(checkpoint: Path) -> Path:
    """Where the report goes if nobody says: RUN/evaluation/metrics.json."""
    return run_folder(checkpoint) / rundir.EVALUATION / METRICS_FILE


def predictions_file(output: Path, system: str) -> Path:
    """Where the predictions of a system lie: beside the report, under a name of their own for each report."""
    return _beside(output, system, PREDICTIONS)


def _beside(output: Path, system: str, name: str) -> Path:
    parts = ["" if output.name == METRICS_FILE else output.stem, "" if system == "tuned" else system, name]
    return output.with_name(".".join(filter(None, parts)))


def default_predictions(path: Path) -> Path:
    """The predictions that a path names: itself if it is a file, else those of the run or checkpoint."""
    return path if path.is_file() else predictions_file(default_output(path), "tuned")


def evaluate(
    checkpoint: Path, config: Config, *, output_file: Path | None = None, console: Console | None = None
) -> dict[str, Any]:
    """Score a checkpoint (as `rundir.resolve_checkpoint` gives it) on the test rows; write and return the report.

    The report goes to `output_file`, by default RUN/evaluation/metrics.json; the predictions lie beside it.

    Raises:
        ConfigError: no test split, or too little memory. DataError, HubError: the rows can't be read.
        CheckpointError: the checkpoint is torn, of another base, or the report can't be written.
    """
    console = console or Console()
    output = output_file or default_output(checkpoint)
    rows, found_views = _test_views(config)
    planned = decisions(found_views)
    subject, identity = load_subject(checkpoint, config, console)
    console.print(f"Evaluating {checkpoint} on {len(rows)} rows of {config.dataset.test_split}", soft_wrap=True)
    groups = clusters(rows)
    examination = _Examination(subject, config, planned, found_views[HEADLINE_VIEW], groups, output, console)
    systems = {"tuned": examination.run("tuned", identity)}
    if config.evaluation.baseline:
        with subject.model.disable_adapter():
            systems[rundir.UNTUNED] = examination.run(rundir.UNTUNED, identity | {"adapter": None})
    for name in BASELINES:
        scored = score_baseline(name, planned)
        systems[name] = {"views": summarise(scored), "intervals": headline_intervals(scored, groups)}
    report = {
        "toolgemma": toolgemma.__version__,
        "checkpoint": str(checkpoint),
        "base": packed(config.model.name, "model"),
        "dataset": packed(config.dataset.path or config.dataset.name, "data"),
        "split": config.dataset.test_split,
        "rows": len(rows),
        "seed": config.dataset.seed,
        "identity": identity,
        "headline_view": HEADLINE_VIEW,
        "primary_metric": PRIMARY,
        "metrics": headline(systems["tuned"]),
        "systems": systems,
    }
    rundir.write_json(output, report)
    return report


def evaluate_untuned(config: Config, output: Path, *, console: Console | None = None) -> dict[str, Any]:
    """Score the base without an adapter; a later `evaluate` with the same `output` takes its predictions up.

    Raises:
        As `evaluate`.
    """
    console = console or Console()
    rows, found_views = _test_views(config)
    subject, identity = load_subject(None, config, console)
    planned, headline_rows = decisions(found_views), found_views[HEADLINE_VIEW]
    examination = _Examination(subject, config, planned, headline_rows, clusters(rows), output, console)
    return examination.run(rundir.UNTUNED, identity)


def headline(system: dict[str, Any]) -> dict[str, float | None]:
    """Values of the seven metrics of one system on the headline view."""
    found = system["views"].get(HEADLINE_VIEW, {}).get("D1", {}) | system.get("loss", {})
    return {name: found.get(name, {}).get("value") for name in METRICS}


@dataclass(frozen=True, slots=True)
class _Examination:
    """The same questions for every model."""

    subject: Subject
    config: Config
    decisions: Sequence[Decision]
    conversations: Sequence[Conversation]
    clusters: Mapping[str, str]
    output: Path
    console: Console

    def run(self, name: str, identity: dict[str, Any]) -> dict[str, Any]:
        """Summary by view and the teacher-forced metrics of the model as it stands now."""
        self.console.print(f"The {name} model", soft_wrap=True)
        path = predictions_file(self.output, name)
        with progress_bar(self.console) as progress:
            scored = predict(
                tasks(self.decisions, lambda decision: self.subject.prompt(decision.history), self.clusters),
                parse=self.subject.dialect.parse,
                complete=lambda prompts: self.subject.complete(prompts, self.config.evaluation),
                path=path,
                identity=identity,
                progress=progress,
            )
            loss = self._loss(_beside(self.output, name, LOSS), identity, progress)
        return {
            "views": summarise(scored),
            "intervals": headline_intervals(scored, self.clusters),
            "loss": loss,
            "predictions": path.name,
        }

    def _loss(self, path: Path, identity: dict[str, Any], progress: Progress) -> dict[str, Any]:
        from toolgemma.tokens.encode import hash_rows

        rows = self.subject.encoded(self.conversations)
        bar = progress.add_task("loss", total=len(rows))
        loss = saved_or_made(
            path,
            {"identity": identity, "rows_sha256": hash_rows(rows)},
            lambda: teacher_forced(
                self.subject.model,
                rows,
                batch_size=self.config.training.per_device_eval_batch_size,
                advance=lambda done: progress.advance(bar, done),
            ),
        )
        progress.update(bar, completed=len(rows))
        return loss


def _test_views(config: Config) -> tuple[list[Conversation], dict[str, list[Conversation]]]:
    """The rows that are scored, as published, and their views that are asked for, in their order.

    A sample is the first `evaluation.max_samples` of a seeded shuffle: a smaller one is part of a larger one.
    """
    split = config.dataset.test_split
    if split is None:
        raise ConfigError("dataset.test_split: null, so there is nothing to evaluate; name the split to score")
    prepared = load_prepared(config) or prepare(config)
    rows = prepared.splits.get(split)
    if not rows:
        known = ", ".join(f"{name} ({len(found)} rows)" for name, found in prepared.splits.items())
        raise ConfigError(f"dataset.test_split: {split!r} has no rows; known: {known}")
    order = list(range(len(rows)))
    random.Random(config.dataset.seed).shuffle(order)  # noqa: S311 - a sample, no secret
    chosen = [rows[index] for index in sorted(order[: config.evaluation.max_samples])]
    train = prepared.splits[config.dataset.train_split]
    found = views(chosen, config.dataset.seed, catalogue(prepared.splits), train)
    return chosen, {view: rows for view, rows in found.items() if view in config.evaluation.views}


def load_subject(checkpoint: Path | None, config: Config, console: Console) -> tuple[Subject, dict[str, Any]]:
    """The model, with the checkpoint's adapter if there is one, and what its completions depend on besides the prompt.

    Raises:
        CheckpointError, ConfigError, HubError: the model, its adapter or the device can't be had.
    """
    from toolgemma.model import device, load

    placement = device.choose(config.model)
    console.print(f"Running on {placement.reason}", soft_wrap=True)
    tokenizer = load.load_tokenizer(config.model)
    base = load.load_base(config.model, placement)
    fingerprint = load.fingerprint(base)
    model = base if checkpoint is None else load.load_adapter(base, checkpoint)
    subject = Subject(model, tokenizer, get_dialect(config.data_processing.tool_format))
    return subject, {
        "base": fingerprint,
        "adapter": None if checkpoint is None else _adapter(checkpoint),
        "dtype": str(placement.dtype),
        "device": placement.device,
        "attn_implementation": placement.attn_implementation,
        "quantization": config.model.quantization,
        "dialect": subject.dialect.NAME,
        "decoding": {
            "strategy": "greedy",
            "max_new_tokens": config.evaluation.max_new_tokens,
            "stop_ids": subject.stop_ids,
        },
    }


def _adapter(checkpoint: Path) -> dict[str, str]:
    """SHA-256 of the adapter's weights and config, from the manifest."""
    files: Mapping[str, Any] = rundir.read_manifest(checkpoint)["files"]
    return {name: facts["sha256"] for name, facts in files.items() if name.startswith("adapter_")}
