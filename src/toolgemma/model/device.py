"""Where the model runs and in which number format, each with its reason.

    CUDA, capability >= 8.0          bfloat16
    CUDA, older                      float32
    CUDA that this torch holds no code for (Pascal under today's builds): auto takes the CPU and says the cure
    CPU with AVX512-BF16 or AMX      bfloat16
    other CPU                        float32
    MPS                              float32; bfloat16 if asked for, from macOS 14 on; no 4bit, no 8-bit optimizers

float16 is never chosen: Gemma 3's activations pass its largest number, 65,504. Asking costs milliseconds and loads,
downloads and allocates nothing, so that a wrong `model` section fails before the first byte is fetched.
"""

import importlib.util
import logging
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from toolgemma.config import ModelSection
from toolgemma.errors import ConfigError
from toolgemma.model import cuda

Device = Literal["cpu", "cuda", "mps"]
MPS_BFLOAT16_FROM = 14  # macOS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """What `choose` decided, and why, in one sentence for people."""

    device: Device
    dtype: torch.dtype
    attn_implementation: str
    reason: str


def choose(section: ModelSection) -> Placement:
    """Device, dtype and attention kernel for `section` on this machine.

    Raises:
        ConfigError: the device asked for is not there or can't run this torch, 4bit without CUDA or bitsandbytes,
            bfloat16 on MPS before macOS 14.
    """
    device, why_device = _device(section.device)
    if section.quantization == "4bit":
        _check_4bit(device)
    native, why_native = _bfloat16(device)
    if section.dtype == "auto":
        dtype = torch.bfloat16 if native else torch.float32
        why_dtype = why_native
    else:
        dtype = torch.bfloat16 if section.dtype == "bfloat16" else torch.float32
        why_dtype = "asked for by model.dtype"
        if section.dtype == "bfloat16" and device == "mps":
            _check_mps_bfloat16()
        elif section.dtype == "bfloat16" and not native:
            why_dtype += f" ({why_native}: it is emulated, which halves the memory and is slow)"
            logger.warning("model.dtype is bfloat16, but %s: it is emulated and slow; auto takes float32", why_native)
    reason = f"{device} ({why_device}), {str(dtype).removeprefix('torch.')} ({why_dtype})"
    return Placement(device, dtype, section.attn_implementation, reason)


def nvidia_driver_present() -> bool:
    """Whether an NVIDIA driver is installed, whatever torch was built for."""
    if shutil.which("nvidia-smi"):
        return True
    return platform.system() == "Linux" and Path("/proc/driver/nvidia/version").exists()


def cpu_has_bfloat16() -> tuple[bool, str]:
    """Whether the CPU multiplies bfloat16 in hardware (AVX512-BF16 or AMX), with the reason.

    torch says so itself from 2.10 on; before, Linux's /proc/cpuinfo does. Where neither does, the answer is no.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        found = capabilities()
        flags = {name for name in ("avx512_bf16", "amx_bf16", "amx_tile") if found.get(name)}
    else:
        flags = _cpuinfo_flags() & {"avx512_bf16", "amx_bf16"}
    if "avx512_bf16" in flags:
        return True, "the CPU has AVX512-BF16"
    if flags:
        return True, "the CPU has AMX"
    return False, "the CPU has neither AVX512-BF16 nor AMX"


def _cpuinfo_flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(line.partition(":")[2].split())


def _device(asked: str) -> tuple[Device, str]:
    if asked == "cpu":
        return "cpu", "asked for by model.device"
    if asked == "cuda":
        if not torch.cuda.is_available():
            raise ConfigError(f"model.device: 'cuda' is not there: {_why_no_cuda()}")
        if trouble := _no_code_for_the_card():
            raise ConfigError(f"model.device: 'cuda' can't be used: {trouble}")
        return "cuda", f"asked for by model.device: {torch.cuda.get_device_name()}"
    if asked == "mps":
        if not torch.backends.mps.is_available():
            raise ConfigError("model.device: 'mps' is not there: it needs a Mac with Apple silicon; use auto or cpu")
        return "mps", "asked for by model.device"
    if torch.cuda.is_available():
        trouble = _no_code_for_the_card()
        if trouble is None:
            return "cuda", torch.cuda.get_device_name()
        logger.warning("training on the CPU: %s", trouble)
        return "cpu", trouble
    if torch.backends.mps.is_available():
        return "mps", "Apple GPU"
    if nvidia_driver_present():
        logger.warning("training on the CPU: %s", _why_no_cuda())
        return "cpu", _why_no_cuda()
    return "cpu", "no GPU found"


def _why_no_cuda() -> str:
    if not nvidia_driver_present():
        return "no NVIDIA driver is installed; install it, or set model.device to auto or cpu"
    if torch.version.cuda is None:
        return f"an NVIDIA driver is installed, but torch {torch.__version__} is a CPU build; cure: `{cuda.INSTALL}`"
    return (
        f"an NVIDIA driver is installed, but torch {torch.__version__} can't use it: update the driver to one for CUDA "
        f"{torch.version.cuda}, or take a torch that fits it: `{cuda.INSTALL}`; is CUDA_VISIBLE_DEVICES empty?"
    )


def _no_code_for_the_card() -> str | None:
    """Why the card can't run this build of torch, with the cure; None if it can."""
    capability, built = torch.cuda.get_device_capability(), torch.cuda.get_arch_list()
    if torch.version.hip or not built or cuda.runs_on(built, capability):
        return None
    return (
        f"{torch.cuda.get_device_name()}: {cuda.needs(built, capability)}; cure: `{cuda.install_command(capability)}`"
    )


def _bfloat16(device: Device) -> tuple[bool, str]:
    if device == "cuda":
        return cuda.has_bfloat16(torch.cuda.get_device_capability())
    if device == "mps":
        return False, "on MPS float32 is the safe choice, and 1B parameters fit"
    return cpu_has_bfloat16()


def _check_mps_bfloat16() -> None:
    version = platform.mac_ver()[0]
    if version and int(version.partition(".")[0]) < MPS_BFLOAT16_FROM:
        raise ConfigError(
            f"model.dtype: 'bfloat16' on MPS needs macOS {MPS_BFLOAT16_FROM}, and this is {version}; set it to auto"
        )


def _check_4bit(device: Device) -> None:
    if device != "cuda":
        raise ConfigError(
            f"model.quantization: '4bit' needs a CUDA GPU, and the model would run on {device}; set it to none"
            + (f" ({_why_no_cuda()})" if device == "cpu" and nvidia_driver_present() else "")
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigError(
            "model.quantization: '4bit' needs bitsandbytes, which is not installed: `uv sync --extra qlora`, "
            "or set it to none"
        )
