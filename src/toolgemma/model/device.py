"""Where the model runs and in which number format, each with its reason.

    CUDA, capability >= 8.0          bfloat16
    CUDA, older                      float32
    CPU with AVX512-BF16 or AMX      bfloat16
    other CPU, MPS                   float32

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

Device = Literal["cpu", "cuda", "mps"]
CUDA_CURE = "uv pip install --reinstall-package torch torch --torch-backend=auto"

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
        ConfigError: the device asked for is not there, or 4bit is asked for without CUDA or bitsandbytes.
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
        if section.dtype == "bfloat16" and not native:
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
        return "cuda", f"asked for by model.device: {torch.cuda.get_device_name()}"
    if asked == "mps":
        if not torch.backends.mps.is_available():
            raise ConfigError("model.device: 'mps' is not there: it needs a Mac with Apple silicon; use auto or cpu")
        return "mps", "asked for by model.device"
    if torch.cuda.is_available():
        return "cuda", torch.cuda.get_device_name()
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
        return f"an NVIDIA driver is installed, but torch {torch.__version__} is a CPU build; cure: `{CUDA_CURE}`"
    return (
        f"an NVIDIA driver is installed, but torch {torch.__version__} can't use it: update the driver to one for CUDA "
        f"{torch.version.cuda}, or take a torch that fits it: `{CUDA_CURE}`; is CUDA_VISIBLE_DEVICES empty?"
    )


def _bfloat16(device: Device) -> tuple[bool, str]:
    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        has = (major, minor) >= (8, 0)
        return has, f"CUDA capability {major}.{minor} {'has' if has else 'has no'} bfloat16 in hardware"
    if device == "mps":
        return False, "bfloat16 on MPS depends on the macOS version, and 1B parameters fit in float32"
    return cpu_has_bfloat16()


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
