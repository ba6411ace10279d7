"""A training run from encoded rows to checkpoint-final: the order in which things are checked, done and written.

    check (nothing written)   device, trackers, login, folder, disk     -> ConfigError, CheckpointError
    load the base             fingerprint, adapter
    open the folder           set a finished run aside, delete torn remains, config.yaml
    train                     checkpoint-N, metrics.jsonl
    close                     checkpoint-final from the best checkpoint, optional push

`--resume` goes on from the newest complete checkpoint; with none it starts from the beginning and says so; with a
finished run it returns at once. Without it an unfinished run is an error, and a finished one moves to `previous/N`;
with `reuse` a finished one is taken as it is where the same rows and settings made it.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors import SafetensorError
from transformers import Gemma3ForCausalLM, PreTrainedTokenizerBase, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME

from toolgemma import rundir
from toolgemma.config import Config, dump_config
from toolgemma.errors import CheckpointError, DataError
from toolgemma.format import Dialect
from toolgemma.model import device, load, system
from toolgemma.tokens.encode import Encoded
from toolgemma.training import best, checkpoint, final, journal, plan
from toolgemma.training.arguments import training_arguments
from toolgemma.training.stop import Interrupted, Stop
from toolgemma.training.trainer import SupervisedTrainer, layouts

logger = logging.getLogger(__name__)

_BYTES_A_WEIGHT = 12  # of the adapter in a step checkpoint: itself and Adam's two moments, all float32
_SPACE_MARGIN = 128 * 2**20


Measure = Callable[[PeftModel, Callable[[int, int], None]], Mapping[str, float]]
"""Takes the model and a function that is told (done, of so many); gives figures by name."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is trained: encoded rows, and everything that later explains them."""

    rows: Sequence[Encoded]
    validation: Sequence[Encoded]
    tokenizer: PreTrainedTokenizerBase
    dialect: Dialect
    facts: Mapping[str, Any]
    """Goes into manifests and the card: `dataset` ({name, license, fingerprint, ...}) and whatever else explains the
    rows; `report` is written to data_report.json instead."""
    measure: Measure | None = None
    """Figures of the model by generation, for `evaluation.every_steps`; needed with it."""


def train(config: Config, task: Task, *, resume: bool = False, reuse: bool = False) -> Path:
    """Train and return the path of checkpoint-final.

    Raises:
        ConfigError: the config asks for what this machine can't do.
        CheckpointError: the run folder or the base can't be used, or resuming under other settings.
        DataError: no rows.
        HubError: the base can't be downloaded, or no login for push_to_hub.
        DivergedError: a loss is not a finite number.
        Interrupted: SIGINT or SIGTERM; a checkpoint was saved first.
    """
    run = Path(config.training.output_dir)
    if not task.rows:
        raise DataError("no row is left to train on: every one was dropped, or dataset.train_split is empty")
    placement = device.choose(config.model)
    config = plan.settle(config, placement, max(len(row.ids) for row in task.rows))
    arguments = training_arguments(config, device=placement.device, validated=bool(task.validation))
    final.stop_ids(task.tokenizer)
    if config.training.push_to_hub:
        final.check_login(str(config.training.hub_model_id))
    found = checkpoint.look(run, resume)
    checkpoint.require_space(run, _SPACE_MARGIN)
    logger.info("running on %s", placement.reason)

    base = load.load_base(config.model, placement)
    base_facts = load.base_facts(base)
    rows = {"train": task.rows, "validation": task.validation}
    maths = checkpoint.maths(config, base=base_facts["fingerprint"], dtype=placement.dtype, rows=rows)
    if reuse and found == run / rundir.FINAL:
        differing = checkpoint.differences(rundir.read_manifest(found).get("maths", {}), maths)
        if not differing:
            logger.info("reusing the finished training in %s", run)
            return found
        logger.info("the finished training in %s is of other settings: %s differ", run, ", ".join(differing))
    if resume and found is not None:
        checkpoint.check_same_maths(rundir.read_manifest(found).get("maths", {}), maths, found)
        if found.name == rundir.FINAL:
            logger.info("%s is finished; nothing to resume", run)
            return found
        checkpoint.verify(found)
    model = load.add_lora(base, config.lora, config.training.seed)
    facts = {"base": base_facts, "dialect": task.dialect.NAME, "maths": maths, "versions": system.versions()}
    with _writing(run):
        start = _open(run, config, task, found, resume)
        state = _fit(model, arguments, config, task, facts, start)
        made = _close(run, config, task, base, facts, state)
    if config.training.push_to_hub:
        logger.info("uploaded to %s", final.push(made, str(config.training.hub_model_id)))
    return made


def _open(run: Path, config: Config, task: Task, found: Path | None, resume: bool) -> Path | None:
    """Make the folder ready and say which checkpoint training starts from."""
    if found is not None and found.name == rundir.FINAL:
        logger.info("the finished run in %s was moved to %s", run, checkpoint.set_aside(run))
        found = None
    checkpoint.clean(run)
    if found is not None:
        logger.info("resuming from %s", found)
    elif resume:
        logger.warning("nothing to resume in %s: starting from the beginning", run)
    rundir.write_text(run / rundir.CONFIG, dump_config(config))
    if "report" in task.facts:
        rundir.write_json(run / rundir.DATA_REPORT, task.facts["report"])
    journal.rewind(run, 0 if found is None else rundir.read_manifest(found)["step"])
    return found


def _fit(
    model: PeftModel,
    arguments: TrainingArguments,
    config: Config,
    task: Task,
    facts: Mapping[str, Any],
    start: Path | None,
) -> TrainerState:
    """Train to the last step, or not at all if `start` is already there."""
    run = Path(config.training.output_dir)
    if start is not None:
        manifest = rundir.read_manifest(start)
        state = TrainerState.load_from_json(str(start / TRAINER_STATE_NAME))
        if manifest["step"] >= manifest["max_steps"] or best.patience_spent(state, config.training):
            return state
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    checkpoint.require_space(run, trainable * _BYTES_A_WEIGHT + _SPACE_MARGIN)
    stop = Stop()
    book = journal.Journal(run)
    keeper = checkpoint.Keeper(run, facts, config.training.save_total_limit, stop)
    trainer = SupervisedTrainer(
        model,
        arguments,
        rows=task.rows,
        validation=task.validation,
        layouts=layouts(config, task.rows, task.validation, int(task.tokenizer.pad_token_id)),
        callbacks=[book, best.BestStep(config), keeper],
        measure=lambda step: _measure(task, config.evaluation.every_steps, step, model, book),
    )
    with book, stop:
        trainer.train(resume_from_checkpoint=str(start) if start else None)
    if stop.signum is not None and trainer.state.global_step < trainer.state.max_steps:
        raise Interrupted(stop.signum, run / f"checkpoint-{trainer.state.global_step}")
    return trainer.state


def _measure(
    task: Task, every_steps: int | None, step: int, model: PeftModel, book: journal.Journal
) -> Mapping[str, float]:
    """Figures by generation where they are due at this step, else none."""
    if every_steps is None or step % every_steps:
        return {}
    assert task.measure is not None
    return task.measure(model, book.measuring)


def _close(
    run: Path, config: Config, task: Task, base: Gemma3ForCausalLM, facts: Mapping[str, Any], state: TrainerState
) -> Path:
    """Write checkpoint-final from the best checkpoint (the last one where nothing was evaluated)."""
    best_step = state.best_global_step or state.global_step
    if task.validation and not state.best_global_step:
        logger.warning(
            "%s was never measured in %d steps: checkpoint-final is the last step",
            config.training.metric_for_best_model, state.global_step,
        )  # fmt: skip
    explained = {key: value for key, value in task.facts.items() if key != "report"}
    made = final.write_final(
        run,
        run / f"checkpoint-{best_step}",
        config=config,
        tokenizer=task.tokenizer,
        generation=base.generation_config,
        dialect=task.dialect,
        facts={
            "kind": "final",
            "step": best_step,
            **explained,
            **facts,
            "figures": final.figures(state, len(task.rows), len(task.validation)),
            "system": system.system_info(),
        },
    )
    logger.info("saved %s (step %d of %d)", made, best_step, state.global_step)
    return made


@contextlib.contextmanager
def _writing(run: Path) -> Iterator[None]:
    """Name the folder and the cure when the disk refuses; torch and safetensors hide the errno in their text."""
    try:
        yield
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(_cant_write(run, error)) from error
    except (SafetensorError, RuntimeError) as error:
        if not any(mark in str(error) for mark in ("No space left", "os error 28", "PytorchStreamWriter", "iostream")):
            raise
        raise CheckpointError(_cant_write(run, error)) from error


def _cant_write(run: Path, error: Exception) -> str:
    return (
        f"can't write to {run}: {error}; free some space or check its permissions, then go on with --resume "
        "(the last complete checkpoint is intact)"
    )
