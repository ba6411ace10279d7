"""What this machine is: system, CPU, memory, GPUs, and the versions that decide a run's numbers.

Printed by `toolgemma info` and at the start of each run, and saved in each checkpoint's manifest. Costs milliseconds
plus the import of torch; runs no other program and writes nothing.
"""

import logging
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
import torch

import toolgemma
from toolgemma.model import device

PACKAGES = ("torch", "transformers", "peft", "accelerate", "datasets", "tokenizers", "safetensors", "bitsandbytes")
GIB = 2**30


def system_info() -> dict[str, Any]:
    """JSON-able facts: system, python, cpu, cores, memory (bytes), gpus, cuda, bfloat16, versions."""
    has_bfloat16, why = device.cpu_has_bfloat16()
    memory = psutil.virtual_memory()
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpu": _cpu_name(),
        "cpu_cores": {"physical": psutil.cpu_count(logical=False), "logical": psutil.cpu_count(), "usable": _usable()},
        "cpu_bfloat16": {"native": has_bfloat16, "reason": why},
        "memory_bytes": {"total": memory.total, "available": memory.available},
        "gpus": _gpus(),
        "cuda": torch.version.cuda,
        "nvidia_driver": device.nvidia_driver_present(),
        "mps": torch.backends.mps.is_available(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Version of toolgemma and of each library that decides a run's numbers; absent ones are left out."""
    found = {"toolgemma": toolgemma.__version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def log_system_info(logger: logging.Logger | None = None) -> None:
    """Log `system_info` in a few lines at level INFO, to `logger` or to toolgemma's own."""
    logger = logger or logging.getLogger("toolgemma")
    info = system_info()
    memory, cores = info["memory_bytes"], info["cpu_cores"]
    logger.info("system    %s, Python %s", info["system"], info["python"])
    logger.info("cpu       %s, %s cores (%s usable); %s", info["cpu"], cores["logical"], cores["usable"], why(info))
    logger.info("memory    %.1f GiB, %.1f GiB free", memory["total"] / GIB, memory["available"] / GIB)
    for gpu in info["gpus"]:
        logger.info(
            "gpu       %s, %.1f GiB, capability %s, CUDA %s",
            gpu["name"],
            gpu["memory_bytes"] / GIB,
            gpu["capability"],
            info["cuda"],
        )
    if not info["gpus"]:
        logger.info("gpu       none that torch can use%s", " (MPS is there)" if info["mps"] else "")
    logger.info("versions  %s", ", ".join(f"{name} {version}" for name, version in info["versions"].items()))


def why(info: dict[str, Any]) -> str:
    """The sentence on bfloat16 of `system_info`."""
    reason: str = info["cpu_bfloat16"]["reason"]
    return reason


def _gpus() -> list[dict[str, Any]]:
    if not torch.cuda.is_available():
        return []
    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(
            {
                "name": properties.name,
                "memory_bytes": properties.total_memory,
                "capability": f"{properties.major}.{properties.minor}",
            }
        )
    return found


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if sys.platform == "linux" and cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _usable() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
