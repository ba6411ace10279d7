"""What a run would be, without its weights: rows, tokens, steps, trainable parameters; memory and time as estimates.

Counts are exact: the model is built on torch's meta device from config.json alone, so nothing is allocated and no
weights are downloaded. Memory and time are estimates:

    memory   training.memory, for as many of the longest rows as a batch holds
    time     tokens x parameters x FLOP / (rate of one matrix product, measured here, x EFFICIENCY)

FLOP per token and parameter: 2 forward, 2 for the gradient of the activations (frozen weights need none of their own),
2 more when activations are computed again, 2 for an evaluation. Costs a second.

`settle` puts numbers in the place of `auto`, for the dry run and for the run itself.
"""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psutil
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from toolgemma.config import Config, TrainingSection
from toolgemma.model import device, load
from toolgemma.tokens.encode import IGNORED, Encoded
from toolgemma.training import memory

EFFICIENCY = 0.25
"""Share of the measured matrix-product rate that a whole step reaches: 0.23 in benchmarks/full_shape_step.py, bfloat16
on two CPU cores. It was not measured on a GPU."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """A dry run's answer; `estimated_*` are estimates, everything else is exact."""

    rows: int
    validation_rows: int
    tokens: int
    supervised_tokens: int
    longest_row: int
    steps: int
    steps_per_epoch: int
    base_parameters: int
    trainable_parameters: int
    placement: str
    choice: memory.Choice
    """Rows a pass, passes a step, checkpointing, and the peak that they lead to; settled where the config says auto."""
    memory_bytes: int
    """What a step may take on this device."""
    estimated_seconds: float
    measured_flop_per_second: float


def plan(config: Config, rows: Sequence[Encoded], validation: Sequence[Encoded]) -> Plan:
    """Plan the training of `rows` under `config`.

    Raises:
        ConfigError: a device, a target module or 4bit that can't be had.
        CheckpointError, HubError: the base's config.json can't be read.
    """
    placement = device.choose(config.model)
    base_config = load.load_config(config.model)
    with torch.device("meta"):
        base = Gemma3ForCausalLM(base_config)
        base_parameters = base.num_parameters()
        model = load.add_lora(base, config.lora, config.training.seed)
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    lengths = [len(row.ids) for row in rows]
    per_epoch, steps = count_steps(len(rows), config.training)
    rate = measure_rate(placement, base_config)
    longest, budget = max(lengths, default=0), device_budget(placement)
    choice = memory.choose(
        memory.shape_of(base_config.to_dict()), config, _load(config, placement, longest), budget, trainable
    )
    return Plan(
        rows=len(rows),
        validation_rows=len(validation),
        tokens=sum(lengths),
        supervised_tokens=sum(label != IGNORED for row in rows for label in row.labels[1:]),
        longest_row=longest,
        steps=steps,
        steps_per_epoch=per_epoch,
        base_parameters=base_parameters,
        trainable_parameters=trainable,
        placement=placement.reason,
        choice=choice,
        memory_bytes=budget,
        estimated_seconds=_count_flop(config.training, choice, rows, validation, base_parameters, steps, per_epoch)
        / (rate * EFFICIENCY),
        measured_flop_per_second=rate,
    )


def count_steps(rows: int, section: TrainingSection) -> tuple[int, int]:
    """Optimizer steps of one epoch and of the whole run, as Trainer counts them."""
    per_epoch = max(1, math.ceil(rows / memory.rows_per_step(section)))
    if section.max_steps > 0:
        return per_epoch, section.max_steps
    return per_epoch, math.ceil(section.num_train_epochs * per_epoch)


def settle(config: Config, placement: device.Placement, longest: int) -> Config:
    """`config` with numbers in the place of `auto`, for rows of up to `longest` tokens on this machine's free memory.

    Raises:
        CheckpointError, HubError: the base's config.json can't be read (asked for only if something is auto).
    """
    section = config.training
    if "auto" not in (
        section.per_device_train_batch_size, section.gradient_accumulation_steps, section.gradient_checkpointing
    ):  # fmt: skip
        return config
    shape = memory.shape_of(load.load_config(config.model).to_dict())
    choice = memory.choose(shape, config, _load(config, placement, longest), device_budget(placement))
    logger.log(
        logging.INFO if choice.fits else logging.WARNING,
        "auto: %d rows at a time, %d times a step, checkpointing %s: %.1f GiB at the peak%s",
        choice.rows, choice.accumulation, "on" if choice.checkpointing else "off", choice.memory.total / memory.GIB,
        "" if choice.fits else ", more than is free here; training goes on while it can",
    )  # fmt: skip
    settled = section.model_copy(
        update={
            "per_device_train_batch_size": choice.rows,
            "gradient_accumulation_steps": choice.accumulation,
            "gradient_checkpointing": choice.checkpointing,
        }
    )
    return config.model_copy(update={"training": settled})


def device_budget(placement: device.Placement) -> int:
    """Bytes that training may take on the device now, this process's own included."""
    if placement.device == "cuda":
        free = torch.cuda.mem_get_info()[0]
    elif placement.device == "mps":
        free = torch.mps.recommended_max_memory()
    else:
        free = psutil.virtual_memory().available + psutil.Process().memory_info().rss
    return int(memory.SHARE * free)


def _load(config: Config, placement: device.Placement, longest: int) -> memory.Load:
    dtype: Literal["bfloat16", "float32"] = "bfloat16" if placement.dtype == torch.bfloat16 else "float32"
    return memory.Load(placement.device, dtype, 1, max(longest, config.training.max_tokens_per_forward or 0))


def measure_rate(placement: device.Placement, text: Gemma3TextConfig, tokens: int = 512, repeats: int = 3) -> float:
    """FLOP/s of the MLP's matrix product on the device and in the dtype that training would use."""
    left = torch.ones(tokens, text.hidden_size, device=placement.device, dtype=placement.dtype)
    right = torch.ones(text.hidden_size, text.intermediate_size, device=placement.device, dtype=placement.dtype)
    float((left @ right)[0, 0])  # warm up, and wait for it
    began = time.perf_counter()
    for _ in range(repeats):
        result = left @ right
    float(result[0, 0])
    flop = 2 * tokens * int(text.hidden_size) * int(text.intermediate_size)
    return repeats * flop / (time.perf_counter() - began)


def _count_flop(
    section: TrainingSection,
    choice: memory.Choice,
    rows: Sequence[Encoded],
    validation: Sequence[Encoded],
    parameters: int,
    steps: int,
    per_epoch: int,
) -> float:
    """FLOP of the whole run; the caller divides by a rate."""
    tokens = sum(len(row.ids) for row in rows)
    training = tokens * steps / per_epoch * (6 if choice.checkpointing else 4)
    evaluations = math.ceil(steps / section.eval_steps) if validation else 0
    evaluating = sum(len(row.ids) for row in validation) * evaluations * 2
    return parameters * (training + evaluating)
