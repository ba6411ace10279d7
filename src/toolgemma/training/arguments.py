"""What the config says, in the words of transformers.TrainingArguments.

Three things are decided here and not by a key. No autocast by Trainer: the base's weights are already in the dtype of
`model.dtype`, and model.adapter_dtype knows what the adapter computes in. One process, one device: a second
GPU would change the batch that the config names. Nothing is left to Trainer that `training.checkpoint` and
`training.best` do: they keep checkpoints complete, rotate them and know the best.
"""

import dataclasses
import importlib.util
from typing import Any

from transformers import Trainer, TrainingArguments

from toolgemma.config import Config, TrainingSection
from toolgemma.errors import ConfigError
from toolgemma.training.memory import rows_per_step


class OneDeviceArguments(TrainingArguments):  # type: ignore[misc]
    """TrainingArguments that see one GPU at most, so that Trainer doesn't spread a batch with DataParallel."""

    @property
    def n_gpu(self) -> int:
        """0 without CUDA, else 1."""
        return min(1, int(super().n_gpu))


def training_arguments(config: Config, *, device: str, validated: bool) -> TrainingArguments:
    """Arguments for `device`; `validated`: there is a validation split, so eval_loss is measured.

    Raises:
        ConfigError: an optimizer or a tracker that isn't installed or known, or more than one process.
    """
    section = config.training
    check_trackers(section)
    values = _values(section) | {
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": section.dataloader_pin_memory and device == "cuda",
        "eval_strategy": "steps" if validated else "no",
    }
    try:
        arguments = OneDeviceArguments(**values)
        Trainer.get_optimizer_cls_and_kwargs(arguments)
    except (ValueError, ImportError, RuntimeError, NotImplementedError) as error:
        raise ConfigError(f"training.optim: {section.optim!r} can't be used here: {error}") from error
    if arguments.world_size > 1:
        raise ConfigError(
            f"this run was started as {arguments.world_size} processes; toolgemma trains in one: start it without "
            "torchrun or accelerate launch"
        )
    return arguments


def check_trackers(section: TrainingSection) -> None:
    """Refuse trackers of `report_to` that are not installed.

    Raises:
        ConfigError: names them and the extra that installs them.
    """
    missing = [name for name in section.report_to if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"training.report_to: {', '.join(missing)} is not installed: `uv sync --extra track`, or take it out"
        )


def _values(section: TrainingSection) -> dict[str, Any]:
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    # transformers renamed it after 5.17 and warns about the old name.
    checkpointing = "activation_checkpointing" if "activation_checkpointing" in known else "gradient_checkpointing"
    return {
        "output_dir": section.output_dir,
        "num_train_epochs": section.num_train_epochs,
        "max_steps": section.max_steps,
        "learning_rate": section.learning_rate,
        "lr_scheduler_type": section.lr_scheduler_type,
        "warmup_steps": section.warmup_ratio,  # below 1 it is a share of all steps
        # Trainer draws the rows of a whole step; how they go through the model is the collator's choice
        "per_device_train_batch_size": rows_per_step(section),
        "gradient_accumulation_steps": 1,
        "per_device_eval_batch_size": section.per_device_eval_batch_size,
        "optim": section.optim,
        "weight_decay": section.weight_decay,
        "max_grad_norm": section.max_grad_norm,
        checkpointing: section.gradient_checkpointing,
        "logging_steps": section.logging_steps,
        "eval_steps": section.eval_steps,
        "save_steps": section.save_steps,
        "dataloader_num_workers": section.dataloader_num_workers,
        "seed": section.seed,
        "data_seed": section.seed,
        "report_to": list(section.report_to) or "none",
        "run_name": section.run_name,
        "save_strategy": "steps",
        "logging_strategy": "steps",
        "save_total_limit": None,  # training.checkpoint rotates, after sealing
        "logging_nan_inf_filter": False,  # a NaN is an error, not a value to skip
        "load_best_model_at_end": False,  # checkpoint-final is made from the best checkpoint's files
        "remove_unused_columns": False,
        "disable_tqdm": True,  # training.journal draws the bar
        "bf16": False,
        "fp16": False,
    }
