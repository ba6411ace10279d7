"""Memory and disk: whether the step fits, and what is written."""

from toolgemma.config import Config
from toolgemma.doctor.findings import Finding, Findings, fine
from toolgemma.doctor.machine import Disk, Machine
from toolgemma.doctor.rules_hardware import first_card, where
from toolgemma.training import memory

GIB = 2**30
_SHORT_ROW = 256
_LEAN = "--set training.gradient_checkpointing=auto --set training.per_device_train_batch_size=auto"
_PREPARED_BYTES = 64 * 2**20
_MARGIN_BYTES = 128 * 2**20
_CHECKPOINT_BYTES = 12  # of each trained weight: itself and two Adam moments


def peak(machine: Machine, config: Config) -> Findings:
    """The predicted peak of a step whose rows are as long as the config allows, against what there is."""
    shape, place = memory.known_shape(machine.shape, config.model.name), where(machine, config)
    if shape is None:
        yield Finding(
            "memory", "note", f"no prediction: the shape of {config.model.name} is known once it is downloaded"
        )
        return
    if place is None:
        return
    total, free = _memory(machine, place.device)
    if total is None:
        return
    budget = int(memory.SHARE * (free if free is not None else total))
    longest = config.data_processing.max_seq_length
    load = memory.Load(place.device, place.dtype, 1, longest)
    found = memory.choose(shape, config, load, budget)
    what = (
        f"{found.memory.total / GIB:.1f} GiB at the peak (rows of {longest:,} tokens, {found.rows} at a time, "
        f"checkpointing {'on' if found.checkpointing else 'off'})"
    )
    there = f"{(free if free is not None else total) / GIB:.1f} GiB of {place.device} memory free"
    leanest = memory.predict(shape, config, memory.Load(place.device, place.dtype, 1, _SHORT_ROW, True))
    if leanest.total > total:
        yield Finding(
            "memory", "error", f"even a short row needs {leanest.total / GIB:.1f} GiB, and {place.device} has "
            f"{total / GIB:.1f} GiB", _smaller(config, place.device),
        )  # fmt: skip
    elif found.fits:
        yield fine("memory", f"{what}; {there}")
    elif leanest.total > budget:
        yield Finding("memory", "warning", f"{what}; only {there}", "close what holds memory (nvidia-smi lists it)"
                      if place.device == "cuda" else "close other programs")  # fmt: skip
    else:
        yield Finding("memory", "warning", f"{what}; only {there}", _cure(machine, config, load, budget, shape))


def _cure(machine: Machine, config: Config, load: memory.Load, budget: int, shape: memory.Shape) -> str:
    """The first setting that fits: auto, then shorter rows."""
    free = config.training.model_copy(update={"per_device_train_batch_size": "auto", "gradient_checkpointing": "auto"})
    auto = config.model_copy(update={"training": free})
    if memory.choose(shape, auto, load, budget).fits:
        return _LEAN
    for tokens in (2048, 1536, 1024, 768, 512):
        shorter = memory.Load(load.device, load.dtype, 1, tokens)
        if tokens < load.tokens and memory.choose(shape, auto, shorter, budget).fits:
            return f"{_LEAN} --set data_processing.max_seq_length={tokens}"
    return _smaller(config, load.device)


def _smaller(config: Config, device: str) -> str:
    if device == "cuda" and config.model.quantization == "none":
        return "uv sync --extra qlora, then --set model.quantization=4bit; or a card with more memory"
    return "a machine with more memory, or a smaller model.name"


def disk(machine: Machine, config: Config) -> Findings:
    """Room for the checkpoints, the prepared rows and the download."""
    shape = memory.known_shape(machine.shape, config.model.name)
    for one in machine.disks:
        least, wanted = _needed(one, machine, config, shape)
        key = {"run": "training.output_dir", "prepared rows": "dataset.prepared_dir", "downloads": "HF_HOME"}[
            one.purpose
        ]
        if not one.writable:
            yield Finding("disk", "error", f"{one.path} can't be written", f"choose another folder: {key}")
        elif one.free_bytes < least:
            yield Finding(
                "disk", "error", f"{one.purpose} in {one.path}: {_size(one.free_bytes)} free, {_size(least)} needed",
                f"free some space, or choose another disk: {key}",
            )  # fmt: skip
        elif one.free_bytes < wanted:
            yield Finding(
                "disk", "warning", f"{one.purpose} in {one.path}: {_size(one.free_bytes)} free, {_size(wanted)} wanted "
                "for all checkpoints", "lower training.save_total_limit, or choose another disk",
            )  # fmt: skip
    if machine.disks and all(one.writable and one.free_bytes >= _needed(one, machine, config, shape)[1]
                             for one in machine.disks):  # fmt: skip
        least_free = min(machine.disks, key=lambda one: one.free_bytes)
        yield fine("disk", f"{_size(least_free.free_bytes)} free for the run, the rows and the downloads")


def _needed(one: Disk, machine: Machine, config: Config, shape: memory.Shape | None) -> tuple[int, int]:
    """(below it nothing works, enough for everything), in bytes."""
    known = shape or memory.GEMMA_3_1B
    if one.purpose == "prepared rows":
        return _PREPARED_BYTES, _PREPARED_BYTES
    if one.purpose == "downloads":
        model = (
            next((found for found in machine.hub.repositories if found.kind == "model"), None) if machine.hub else None
        )
        here = model is None or model.access in ("local", "cached")
        size = 0 if here else 2 * known.parameters + _MARGIN_BYTES
        return size, size
    checkpoint = _CHECKPOINT_BYTES * memory.trainable_parameters(known, config.lora)
    kept = (config.training.save_total_limit or 3) + 2  # the best one, and the one that is being written
    return checkpoint + _MARGIN_BYTES, kept * checkpoint + _MARGIN_BYTES


def _memory(machine: Machine, device: str) -> tuple[int | None, int | None]:
    """(all, free) bytes of the device's memory."""
    if device == "cuda":
        card = first_card(machine)
        return (card.total_bytes or None, card.free_bytes) if card else (None, None)
    return machine.memory_total_bytes, machine.memory_available_bytes


def _size(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 2**20:.0f} MiB"
