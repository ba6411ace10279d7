"""Checkpoints that are complete or invisible, and a run folder that is never destroyed in silence.

    Trainer writes checkpoint-40/     adapter, optimizer, scheduler, rng, trainer_state
    we sync and seal it               manifest.json last: until then it is torn, and never chosen
    we rotate                         newest `save_total_limit` and the best stay; a manifest is the first to go

A kill at any instant leaves the last sealed checkpoint. A checkpoint's manifest holds what decides the adapter's
numbers (rows, seeds, learning rate, ...); resuming under other values is refused. Costs: one read of what was
written, for its hash. It doesn't guard against two processes that train into one folder.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from toolgemma import rundir
from toolgemma.config import Config
from toolgemma.errors import CheckpointError, DivergedError
from toolgemma.tokens.encode import Encoded, hash_rows
from toolgemma.training.memory import rows_per_step
from toolgemma.training.stop import Stop

logger = logging.getLogger(__name__)

SAVING = ".saving-"
PREVIOUS = "previous"
# Keys of `training` that change what is written, watched or how fast it goes, but not the adapter.
_FREE = {
    "per_device_train_batch_size", "gradient_accumulation_steps",  # their product decides
    "max_tokens_per_forward",
    "output_dir", "logging_steps", "save_steps", "save_total_limit", "per_device_eval_batch_size",
    "gradient_checkpointing", "dataloader_num_workers", "dataloader_pin_memory", "report_to", "run_name",
    "push_to_hub", "hub_model_id",
}  # fmt: skip
_TEMPORARY = re.compile(r"\.(config\.yaml|metrics\.jsonl|data_report\.json)\.\d+")


class Keeper(TrainerCallback):  # type: ignore[misc]
    """Decides when to save, seals what Trainer saved, and rotates."""

    def __init__(self, run: Path, facts: Mapping[str, Any], limit: int | None, stop: Stop) -> None:
        self._run = run
        self._facts = facts
        self._limit = limit
        self._stop = stop

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Save and stop when asked to; log before every save, so that no line spans one."""
        if self._stop.signum is not None:
            control.should_save = control.should_training_stop = True
        if control.should_save or control.should_evaluate:
            control.should_log = True

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: torch.nn.Module,
        **kwargs: Any,
    ) -> None:
        """Seal the checkpoint that was just written, then rotate.

        Raises:
            DivergedError: a weight is not finite; the checkpoint stays unsealed.
        """
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and not torch.isfinite(parameter).all():
                raise DivergedError(
                    f"weight {name} is not finite at step {state.global_step}: lower training.learning_rate; "
                    "earlier checkpoints are intact"
                )
        folder = self._run / f"checkpoint-{state.global_step}"
        progress = {"step": state.global_step, "max_steps": state.max_steps, "best_step": state.best_global_step}
        seal(folder, {"kind": "step", **progress, **self._facts})
        logger.info("saved %s", folder)
        rotate(self._run, self._limit, state.best_global_step)


def seal(folder: Path, facts: Mapping[str, Any]) -> None:
    """Make `folder` durable, then complete: every file is on disk before the manifest names it."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    rundir.seal(folder, facts)


def rotate(run: Path, limit: int | None, best_step: int | None) -> None:
    """Delete the oldest complete checkpoints beyond the newest `limit`; the best one always stays."""
    if limit is None:
        return
    others = [path for path in rundir.step_checkpoints(run) if path.name != f"checkpoint-{best_step}"]
    complete = [path for path in others if rundir.is_complete(path)]
    for path in complete[:-limit]:
        remove(path)


def remove(folder: Path) -> None:
    """Delete a checkpoint; from the first instant on it no longer counts as complete."""
    (folder / rundir.MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder)


def maths(config: Config, *, base: str, dtype: torch.dtype, rows: Mapping[str, Sequence[Encoded]]) -> dict[str, Any]:
    """What decides the final adapter, flat, with the names that a user knows: config keys, and hashes of the rows."""
    training = {key: value for key, value in config.training.model_dump(mode="json").items() if key not in _FREE}
    return (
        {f"training.{key}": value for key, value in training.items()}
        | {"rows of an optimizer step": rows_per_step(config.training)}
        | {f"lora.{key}": value for key, value in config.lora.model_dump(mode="json").items()}
        | {"model.name (weights)": base, "model.quantization": config.model.quantization}
        | {"model.dtype": str(dtype).removeprefix("torch.")}
        | {f"evaluation.{key}": value for key, value in _measured(config).items()}
        | {f"rows of {split}": hash_rows(encoded) for split, encoded in rows.items()}
    )


def _measured(config: Config) -> dict[str, Any]:
    """What decides the figures measured by generation, and so the best step, where there are any."""
    section = config.evaluation
    if section.every_steps is None:
        return {}
    return section.model_dump(mode="json", include={"every_steps", "every_samples", "max_new_tokens"})


def differences(saved: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys of `maths` whose values differ."""
    return [key for key in sorted(saved.keys() | now.keys()) if saved.get(key) != now.get(key)]


def check_same_maths(saved: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    """Refuse to go on from a checkpoint under other settings.

    Raises:
        CheckpointError: names each key that differs, with both values.
    """
    differing = differences(saved, now)
    if differing:
        lines = "".join(f"\n  - {key}: {_short(saved.get(key))} there, {_short(now.get(key))} now" for key in differing)
        raise CheckpointError(
            f"{folder} was trained under other settings, and going on from it would be neither run:{lines}\n"
            "set them back, or start a new run with another --output_dir"
        )


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] + "..." if re.fullmatch(r"[0-9a-f]{64}", text) else text


def look(run: Path, resume: bool) -> Path | None:
    """What training into `run` starts from: checkpoint-final (finished), a step checkpoint, or None. Touches nothing.

    Raises:
        CheckpointError: an unfinished run and no --resume, or checkpoints that toolgemma didn't write.
    """
    if run.exists() and not run.is_dir():
        raise CheckpointError(f"training.output_dir: {run} is a file; choose another folder with --output_dir")
    if rundir.step_checkpoints(run) and not (run / rundir.CONFIG).is_file():
        raise CheckpointError(
            f"training.output_dir: {run} holds checkpoints that toolgemma didn't write; choose another --output_dir"
        )
    if rundir.is_complete(run / rundir.FINAL):
        return run / rundir.FINAL
    newest = rundir.newest_complete(run)
    if newest is not None and not resume:
        raise CheckpointError(
            f"training.output_dir: {run} holds an unfinished run (newest checkpoint: {newest.name}); go on with "
            "--resume, or start anew with another --output_dir"
        )
    return newest


def clean(run: Path) -> None:
    """Delete what a kill left behind in a run of ours: torn checkpoints and temporary files."""
    run.mkdir(parents=True, exist_ok=True)
    for path in [*rundir.step_checkpoints(run), run / rundir.FINAL]:
        if path.is_dir() and not rundir.is_complete(path):
            logger.warning("deleting %s: it is torn (a run was killed while it saved or deleted it)", path)
            remove(path)
    for path in run.iterdir():
        if path.is_dir() and path.name.startswith(SAVING):
            shutil.rmtree(path)
        elif _TEMPORARY.fullmatch(path.name):
            path.unlink()


def set_aside(run: Path) -> Path:
    """Move a finished run's files into `previous/N` inside `run`; checkpoint-final goes last, so a kill is mended.

    What the untuned model wrote is copied: it may be good for the next run as well, whose evaluation checks that.
    """
    numbers = (run / PREVIOUS / str(number) for number in range(1, 10**6))
    folder = next(path for path in numbers if not (path / rundir.FINAL).exists())
    folder.mkdir(parents=True, exist_ok=True)
    names = [path.name for path in rundir.step_checkpoints(run)]
    names += [rundir.DATA_REPORT, rundir.METRICS, rundir.EVALUATION, rundir.CONFIG, rundir.FINAL]
    for name in names:
        if (run / name).exists():
            (run / name).rename(folder / name)
    for path in (folder / rundir.EVALUATION).glob(f"{rundir.UNTUNED}.*"):
        (run / rundir.EVALUATION).mkdir(exist_ok=True)
        shutil.copy2(path, run / rundir.EVALUATION / path.name)
    return folder


def verify(folder: Path) -> None:
    """Read a checkpoint whole and compare every hash with its manifest.

    Raises:
        CheckpointError: a file's content differs from what was saved.
    """
    for name, facts in rundir.read_manifest(folder)["files"].items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != facts["sha256"]:
                raise CheckpointError(
                    f"{folder / name} is not what was saved (its SHA-256 differs): delete {folder} and resume again"
                )


def require_space(folder: Path, needed_bytes: int) -> None:
    """Refuse to write where the disk is nearly full.

    Raises:
        CheckpointError: less than `needed_bytes` free.
    """
    existing = next(path for path in (folder, *folder.resolve().parents) if path.is_dir())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise CheckpointError(
            f"no space for a checkpoint in {folder}: {needed_bytes / 2**20:.0f} MiB needed, {free / 2**20:.0f} MiB "
            "free; free some, lower training.save_total_limit, or choose another --output_dir"
        )
