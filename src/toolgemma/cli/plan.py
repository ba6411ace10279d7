"""`plan`: what training would need of a GPU's memory, and the settings that fit it, before anything is downloaded."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from toolgemma.cli.options import ConfigOption, LogLevelOption, SetOption, console, start_logging

if TYPE_CHECKING:
    from toolgemma.config import Config
    from toolgemma.training.memory import Choice, Load, Shape

_UNITS = {"": 2**30, "g": 2**30, "gb": 10**9, "gib": 2**30, "m": 2**20, "mb": 10**6, "mib": 2**20}


def plan(
    config: ConfigOption = None,
    gpu: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Plan for a GPU with this much memory, such as 8GiB.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=16, help="Tokens of the longest row; default: data_processing.max_seq_length.")
    ] = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Predict the peak memory of training, and say which batch, accumulation and checkpointing fit."""
    start_logging(log_level)
    from toolgemma.config import load_config
    from toolgemma.doctor.gather import read_shape
    from toolgemma.errors import ConfigError
    from toolgemma.training import memory

    budget_of_gpu = None if gpu is None else _size(gpu)
    resolved = load_config(config, overrides or ())
    shape = memory.known_shape(read_shape(resolved), resolved.model.name)
    if shape is None:
        raise ConfigError(f"model.name: the shape of {resolved.model.name} is not known until its config.json is here")
    load, budget, where = _here(resolved, budget_of_gpu)
    load = memory.Load(load.device, load.dtype, 1, tokens or resolved.data_processing.max_seq_length)
    choice = memory.choose(shape, resolved, load, budget)
    console.print(_candidates(resolved, shape, load, budget, choice))
    console.print(_parts(choice))
    console.print(f"{where}; rows of up to {load.tokens:,} tokens, {memory.rows_per_step(resolved.training)} a step")
    if not choice.fits:
        console.print("Nothing that this config allows fits: set the three keys to auto, or lower max_seq_length")
        raise typer.Exit(1)
    console.print(
        f"  --set training.per_device_train_batch_size={choice.rows} "
        f"--set training.gradient_accumulation_steps={choice.accumulation} "
        f"--set training.gradient_checkpointing={str(choice.checkpointing).lower()}",
        soft_wrap=True,
    )


def _here(config: "Config", gpu_bytes: int | None) -> "tuple[Load, int, str]":
    """Device and number format, the bytes that may be used, and both in words."""
    from toolgemma.training import memory

    if gpu_bytes is not None:
        dtype = "bfloat16" if config.model.dtype == "auto" else config.model.dtype
        note = " (capability 8.0 or newer; older: --set model.dtype=float32)" if config.model.dtype == "auto" else ""
        where = f"A GPU of {gpu_bytes / memory.GIB:.1f} GiB in {dtype}{note}"
        return memory.Load("cuda", dtype, 1, 1), int(memory.SHARE * gpu_bytes), where
    import torch

    from toolgemma.model import device
    from toolgemma.training.plan import device_budget

    placement = device.choose(config.model)
    budget = device_budget(placement)
    where = f"This machine: {placement.reason}; {budget / memory.GIB:.1f} GiB may be used"
    dtype = "bfloat16" if placement.dtype == torch.bfloat16 else "float32"
    return memory.Load(placement.device, dtype, 1, 1), budget, where


def _candidates(config: "Config", shape: "Shape", load: "Load", budget: int, choice: "Choice") -> Table:
    """Peak of each batch size that divides the rows of a step, without and with checkpointing."""
    from toolgemma.training import memory

    title = f"Predicted peak, {budget / memory.GIB:.1f} GiB may be used"
    table = Table(title=title, title_justify="left")
    for head in ("rows x passes", "checkpointing off", "checkpointing on"):
        table.add_column(head, justify="right")
    total = memory.rows_per_step(config.training)
    for rows in [size for size in range(1, total + 1) if total % size == 0]:
        cells = []
        for checkpointing in (False, True):
            trial = memory.Load(load.device, load.dtype, rows, load.tokens, checkpointing)
            peak = memory.predict(shape, config, trial).total
            chosen = choice.fits and (rows, checkpointing) == (choice.rows, choice.checkpointing)
            cells.append(f"{peak / memory.GIB:.1f} GiB {'<- taken' if chosen else 'fits' if peak <= budget else 'no'}")
        table.add_row(f"{rows} x {total // rows}", *cells)
    return table


def _parts(choice: "Choice") -> Table:
    from toolgemma.training import memory

    state = "on" if choice.checkpointing else "off"
    table = Table(title=f"{choice.rows} rows at a time, checkpointing {state}", title_justify="left", show_header=False)
    for name, size in (*choice.memory.parts(), ("together", choice.memory.total)):
        table.add_row(name, f"{size / memory.GIB:.2f} GiB")
    return table


def _size(text: str) -> int:
    match = re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", text.lower())
    try:
        return int(float(match[1]) * _UNITS[match[2]]) if match else _fail(text)
    except (KeyError, ValueError):
        return _fail(text)


def _fail(text: str) -> int:
    raise typer.BadParameter(f"--gpu: {text!r} is no size; write it as 8GiB, 24GB or 6144MiB")
