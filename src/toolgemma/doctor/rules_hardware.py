"""GPU, driver and torch build; number format; quantisation; memory; disk."""

from dataclasses import dataclass
from typing import Literal

from toolgemma.config import Config
from toolgemma.doctor.findings import SYNC_OFF, Finding, Findings, Severity, fine
from toolgemma.doctor.machine import Gpu, Machine
from toolgemma.model import cuda
from toolgemma.training import memory

GIB = 2**30


@dataclass(frozen=True, slots=True)
class Where:
    """Where the config would run on this machine."""

    device: memory.Device
    dtype: Literal["bfloat16", "float32"]
    why: str
    native: bool
    """Whether the hardware multiplies bfloat16 itself."""


def where(machine: Machine, config: Config) -> Where | None:
    """Device and number format, as `model.device` chooses them when training starts; a card that cuda asks for counts
    as mended. None where there is none."""
    asked, torch = config.model.device, machine.torch
    device: memory.Device = "cpu"
    native, why = (torch.cpu_bfloat16, torch.cpu_bfloat16_reason) if torch else (False, "no torch to ask")
    card = first_card(machine)
    if asked == "cuda" and card is None:
        return None
    if card and (asked == "cuda" or (asked == "auto" and _trouble(machine) is None)):
        device, capability = "cuda", card.capability
        native, why = cuda.has_bfloat16(capability) if capability else (False, "the card's capability is not known")
    elif asked in ("auto", "mps") and torch and torch.sees_mps:
        device, native, why = "mps", False, "on MPS float32 is the safe choice"
    asked_dtype = config.model.dtype
    if asked_dtype == "auto":
        return Where(device, "bfloat16" if native else "float32", why, native)
    return Where(device, asked_dtype, why, native)


def gpu(machine: Machine, config: Config) -> Findings:
    """Card, driver and torch build together: whether training uses the GPU, and what keeps it from that."""
    asked, cards = config.model.device, _cards(machine)
    if asked == "cpu":
        if cards:
            yield Finding(
                "gpu", "note", f"{cards[0].name} is here, but model.device says cpu", "set model.device to auto"
            )
        return
    if asked == "mps" or (machine.torch and machine.torch.sees_mps and not cards):
        yield from _mps(machine, asked)
        return
    severity: Severity = "error" if asked == "cuda" else "warning"
    if not cards and machine.driver is None:
        if asked == "cuda":
            yield Finding(
                "gpu", "error", "model.device is cuda, but no NVIDIA driver answers here",
                "install the driver (nvidia.com/drivers; on Linux the package manager), or set model.device to auto",
            )  # fmt: skip
        else:
            yield Finding(
                "gpu", "note", "no GPU: training runs on the CPU, where the 1B model takes hours, not minutes"
            )
        return
    found = _trouble(machine)
    if found is None:
        yield fine("gpu", _describe(machine, cards[0]))
        return
    message, cure = found
    after = "" if asked == "cuda" else "; training would run on the CPU"
    yield Finding("gpu", severity, message + after, cure)


def _trouble(machine: Machine) -> tuple[str, str] | None:
    """What keeps torch from the card, with the cure; None if nothing does."""
    torch, driver, cards = machine.torch, machine.driver, _cards(machine)
    if torch is None or not torch.imports:
        return "torch is missing or broken, so the GPU can't be used", "see torch and packages"
    if not cards:
        return (
            "an NVIDIA driver is installed, but no card answers",
            "restart the machine; run nvidia-smi to see its error",
        )
    card, capability = cards[0], cards[0].capability
    install = f"{cuda.install_command(capability)}\n{SYNC_OFF}"
    if torch.cuda is None:
        return f"{card.name} is here, but torch {torch.version} is a build without CUDA", install
    if driver and not cuda.driver_runs(torch.cuda, driver.version, driver.cuda):
        runs = f" (CUDA {driver.cuda} at most)" if driver.cuda else ""
        cure = install
        if capability is None or capability >= cuda.TODAY_FROM:
            branch = cuda.driver_for(torch.cuda)
            cure = f"update the driver to branch {branch} or newer, or take a torch that fits it:\n{install}"
        return f"driver {driver.version}{runs} is too old for torch {torch.version}, built for CUDA {torch.cuda}", cure
    if capability and torch.architectures and not cuda.runs_on(torch.architectures, capability):
        return f"{card.name}: {cuda.needs(torch.architectures, capability)}", install
    if not torch.sees_cuda:
        if machine.visible_devices in ("", "-1"):
            hidden = f"CUDA_VISIBLE_DEVICES is {machine.visible_devices!r}, which hides every card"
            return hidden, "unset CUDA_VISIBLE_DEVICES"
        message = f"{card.name} answers to the driver, but torch {torch.version} doesn't see it"
        return message, "restart the machine (after a driver update); in a container: start it with --gpus all"
    return None


def _mps(machine: Machine, asked: str) -> Findings:
    if machine.torch and machine.torch.sees_mps:
        yield Finding(
            "gpu", "ok", "Apple GPU by way of MPS, in the machine's own memory. Its limits: float32 unless model.dtype "
            "says bfloat16 (macOS 14 or newer), no bitsandbytes (4bit, 8-bit optimizers), one process",
        )  # fmt: skip
    elif asked == "mps":
        yield Finding(
            "gpu", "error", "model.device is mps, which needs a Mac with Apple silicon and an arm64 Python",
            "set model.device to auto",
        )  # fmt: skip


def _describe(machine: Machine, card: Gpu) -> str:
    capability = f", capability {card.capability[0]}.{card.capability[1]}" if card.capability else ""
    driver = f", driver {machine.driver.version}" if machine.driver else ""
    others = f" (and {len(_cards(machine)) - 1} more, unused)" if len(_cards(machine)) > 1 else ""
    return f"{card.name}, {card.total_bytes / GIB:.1f} GiB{capability}{driver}{others}"


def number_format(machine: Machine, config: Config) -> Findings:
    """bfloat16 or float32, and why."""
    place = where(machine, config)
    if place is None or machine.torch is None or not machine.torch.imports:
        return
    if place.dtype == "bfloat16" and not place.native:
        yield Finding(
            "dtype", "warning", f"model.dtype is bfloat16, but {place.why}: it is emulated there, and slow",
            "set model.dtype to auto, which takes float32 here (twice the memory)",
        )  # fmt: skip
    else:
        yield fine("dtype", f"{place.dtype} on {place.device}: {place.why}")


def quantization(machine: Machine, config: Config) -> Findings:
    """4bit needs CUDA; whether bitsandbytes is installed is checked with the packages."""
    place = where(machine, config)
    if config.model.quantization == "4bit" and place and place.device != "cuda":
        message = f"4bit needs a CUDA GPU, and the model would run on {place.device}"
        yield Finding("quantization", "error", message, "set model.quantization to none")


def first_card(machine: Machine) -> Gpu | None:
    """The card that training would take."""
    return next(iter(_cards(machine)), None)


def _cards(machine: Machine) -> tuple[Gpu, ...]:
    """As torch counts them, else as the driver lists them."""
    return (machine.torch.gpus if machine.torch else ()) or machine.gpus
