"""`train` and its dry run: prepared rows, fitted and encoded, handed to training."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from toolgemma.cli.data import prepared_data
from toolgemma.cli.options import console, print_error
from toolgemma.config import Config
from toolgemma.conversation import Conversation
from toolgemma.data.catalogue import catalogue
from toolgemma.data.offer import order_tools
from toolgemma.data.prepare import Prepared
from toolgemma.data.views import views
from toolgemma.errors import DataError
from toolgemma.format import get_dialect

if TYPE_CHECKING:
    from toolgemma.tokens.fit import Fitted
    from toolgemma.training.plan import Plan
    from toolgemma.training.run import Task

LICENSES = {"shawhin/tool-use-finetuning": "MIT"}
"""Licences that a dataset's own page doesn't state but its author's repository does."""

logger = logging.getLogger(__name__)


def train_adapter(config: Config, *, resume: bool) -> None:
    """Train, or go on; an interruption saves first and exits with 130 or 143."""
    from toolgemma.model import device, system
    from toolgemma.training import run
    from toolgemma.training.stop import Interrupted

    system.log_system_info()
    device.choose(config.model)  # an impossible model section fails before anything is downloaded
    task, _ = training_task(config)
    try:
        made = run.train(config, task, resume=resume)
    except Interrupted as stopped:
        print_error(str(stopped))
        raise typer.Exit(stopped.exit_code) from None
    console.print(f"Adapter: {made}")
    console.print(f"Score it: uv run python scripts/evaluate.py --model_path {made.parent} --baseline", soft_wrap=True)


def dry_run(config: Config) -> None:
    """Everything that `train` checks, what the run would be, and nothing trained."""
    from toolgemma.training.plan import plan

    task, fitted = training_task(config)
    found = plan(config, task.rows, task.validation)
    choice = found.choice
    table = Table(title="Dry run: nothing was trained", title_justify="left", show_header=False)
    for name, value in (
        ("runs on", found.placement),
        ("train rows", f"{found.rows:,}"),
        ("  that lost distractor tools", f"{len(fitted.lost):,}"),
        ("  dropped, too long without them", f"{len(fitted.dropped):,}"),
        ("validation rows", f"{found.validation_rows:,}"),
        ("tokens an epoch", f"{found.tokens:,}, {found.supervised_tokens:,} of them trained"),
        ("longest row", f"{found.longest_row:,} tokens of {config.data_processing.max_seq_length:,}"),
        ("steps", f"{found.steps:,} ({found.steps_per_epoch:,} an epoch)"),
        ("parameters", f"{found.base_parameters:,}, {found.trainable_parameters:,} of them trained"),
        ("rows at a time", f"{choice.rows}, {choice.accumulation} times a step"),
        ("checkpointing", "on" if choice.checkpointing else "off"),
        ("memory, predicted", f"{choice.memory.total / 2**30:.1f} GiB; {_room(found)}"),
        ("time, estimated", _duration(found.estimated_seconds)),
    ):
        table.add_row(name, value)
    console.print(table)


def training_task(config: Config) -> "tuple[Task, Fitted]":
    """Train rows within the budget and whole validation rows, encoded, with the facts that manifests keep.

    Validation rows have their called tools put into the list: eval_loss is that of the headline view.

    Raises:
        DataError: no train split, or an empty one.
    """
    from toolgemma.model.load import load_tokenizer
    from toolgemma.tokens.encode import encode_many
    from toolgemma.tokens.fit import fit
    from toolgemma.training.run import Task

    prepared = prepared_data(config)
    section, budget = config.dataset, config.data_processing.max_seq_length
    order = config.data_processing.tool_order
    rows = [
        order_tools(row, order, section.seed) for row in _split(prepared, section.train_split, "dataset.train_split")
    ]
    tokenizer = load_tokenizer(config.model)
    dialect = get_dialect(config.data_processing.tool_format)
    fitted = fit(rows, dialect, tokenizer, budget, section.seed)
    validation: Sequence[Conversation] = ()
    if section.validation_split:
        published = _split(prepared, section.validation_split, "dataset.validation_split")
        validation = views(published, section.seed, catalogue(prepared.splits))["repaired"]
    encoded = encode_many(((row.id, dialect.render(row)) for row in validation), tokenizer)
    _report_fit(fitted, len(rows), budget)
    facts: dict[str, Any] = {
        "dataset": {
            "name": section.path or section.name,
            "license": None if section.path else LICENSES.get(section.name),
            "fingerprint": prepared.report["fingerprint"],
        },
        "report": prepared.report | {"fit": _fit_report(fitted, len(rows), budget)},
    }
    measure = None
    if config.evaluation.every_steps:
        from toolgemma.evaluation.while_training import tool_metrics

        measure = tool_metrics(config, validation, tokenizer, dialect)
    return Task(fitted.rows, encoded, tokenizer, dialect, facts, measure), fitted


def _room(found: "Plan") -> str:
    budget = f"{found.memory_bytes / 2**30:.1f} GiB may be used"
    return budget if found.choice.fits else f"only {budget}: see `toolgemma plan`"


def _split(prepared: Prepared, name: str, key: str) -> Sequence[Conversation]:
    if not prepared.splits.get(name):
        known = ", ".join(f"{split} ({len(rows)} rows)" for split, rows in prepared.splits.items())
        raise DataError(f"{key}: {name!r} has no rows; known: {known}")
    return prepared.splits[name]


def _report_fit(fitted: "Fitted", rows: int, budget: int) -> None:
    if fitted.lost:
        gone = sum(map(len, fitted.lost.values()))
        logger.info("%d of %d rows were over %d tokens and lost %d tools that they don't call",
                    len(fitted.lost), rows, budget, gone)  # fmt: skip
    if fitted.dropped:
        logger.warning("%d of %d rows don't fit into %d tokens even so, and are left out: %s; raise "
                       "data_processing.max_seq_length to keep them",
                       len(fitted.dropped), rows, budget, ", ".join(list(fitted.dropped)[:10]))  # fmt: skip


def _fit_report(fitted: "Fitted", rows: int, budget: int) -> dict[str, Any]:
    return {
        "max_seq_length": budget,
        "rows": rows,
        "kept": len(fitted.rows),
        "lost_distractors": fitted.lost,
        "dropped": fitted.dropped,
    }


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
