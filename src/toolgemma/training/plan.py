"""What a run would be, without its weights: rows, tokens, steps, trainable parameters; memory and time as estimates.

Counts are exact: the model is built on torch's meta device from config.json alone, so nothing is allocated and no
weights are downloaded. Memory and time are estimates, by these formulas (T: tokens of the longest batch):

    memory   base weights + 16 B per trainable weight (itself, gradient, two Adam moments, float32)
             + T x sum over layers of what the backward pass keeps + three chunks of logits + 1 GiB for the process
             + on a CPU a second copy of the head, which its bfloat16 product packs
    time     tokens x parameters x FLOP / (rate of one matrix product, measured here, x EFFICIENCY)

FLOP per token and parameter: 2 forward, 2 for the gradient of the activations (frozen weights need none of their own),
2 more when activations are computed again, 2 for an evaluation. Costs a second.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from toolgemma.config import Config, TrainingSection
from toolgemma.model import device, load
from toolgemma.model.loss import CHUNK_LOGITS, causal_model
from toolgemma.tokens.encode import IGNORED, Encoded

EFFICIENCY = 0.25
"""Share of the measured matrix-product rate that a whole step reaches: 0.23 in benchmarks/full_shape_step.py, bfloat16
on two CPU cores. It was not measured on a GPU."""
_PROCESS_BYTES = 2**30


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
    estimated_memory_bytes: int
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
    return Plan(
        rows=len(rows),
        validation_rows=len(validation),
        tokens=sum(lengths),
        supervised_tokens=sum(label != IGNORED for row in rows for label in row.labels[1:]),
        longest_row=max(lengths, default=0),
        steps=steps,
        steps_per_epoch=per_epoch,
        base_parameters=base_parameters,
        trainable_parameters=trainable,
        placement=placement.reason,
        estimated_memory_bytes=estimate_memory(
            config, model, trainable, max(lengths, default=0) * config.training.per_device_train_batch_size, placement
        ),
        estimated_seconds=_count_flop(config.training, rows, validation, base_parameters, steps, per_epoch)
        / (rate * EFFICIENCY),
        measured_flop_per_second=rate,
    )


def count_steps(rows: int, section: TrainingSection) -> tuple[int, int]:
    """Optimizer steps of one epoch and of the whole run, as Trainer counts them."""
    batches = math.ceil(rows / section.per_device_train_batch_size)
    per_epoch = max(1, math.ceil(batches / section.gradient_accumulation_steps))
    if section.max_steps > 0:
        return per_epoch, section.max_steps
    return per_epoch, math.ceil(section.num_train_epochs * per_epoch)


def estimate_memory(config: Config, model: nn.Module, trainable: int, tokens: int, placement: device.Placement) -> int:
    """Bytes at the peak of a step over `tokens` tokens; `model` may live on the meta device."""
    text = cast(Gemma3TextConfig, causal_model(model).config)
    width = placement.dtype.itemsize
    weights = 0.0
    kept_by_adapters = 0
    for name, module in model.named_modules():
        if isinstance(module, nn.Embedding) or (isinstance(module, nn.Linear) and "lora_" not in name):
            quantized = config.model.quantization == "4bit" and "layers." in name
            tied = name.endswith("lm_head") and text.tie_word_embeddings
            weights += 0 if tied else module.weight.numel() * (0.56 if quantized else width)
        if isinstance(module, nn.Linear) and "lora_A" in name:
            # the input in float32, and with dropout its result and its mask
            kept_by_adapters += module.in_features * (9 if config.lora.lora_dropout else 4)
    attention = text.num_attention_heads * text.head_dim
    # residuals, norms in float32, rotated queries and keys, the gate and its product
    of_a_layer = 4 * 6 * text.hidden_size + width * (4 * text.hidden_size + 4 * attention + 4 * text.intermediate_size)
    kept = text.num_hidden_layers * of_a_layer + kept_by_adapters
    if config.training.gradient_checkpointing:
        kept = kept // text.num_hidden_layers + text.num_hidden_layers * text.hidden_size * width
    packed_head = text.vocab_size * text.hidden_size * width if placement.device == "cpu" and width == 2 else 0
    return int(weights + 16 * trainable + tokens * kept + 3 * 4 * CHUNK_LOGITS + packed_head + _PROCESS_BYTES)


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
    rows: Sequence[Encoded],
    validation: Sequence[Encoded],
    parameters: int,
    steps: int,
    per_epoch: int,
) -> float:
    """FLOP of the whole run; the caller divides by a rate."""
    tokens = sum(len(row.ids) for row in rows)
    training = tokens * steps / per_epoch * (6 if section.gradient_checkpointing else 4)
    evaluations = math.ceil(steps / section.eval_steps) if validation else 0
    evaluating = sum(len(row.ids) for row in validation) * evaluations * 2
    return parameters * (training + evaluating)
