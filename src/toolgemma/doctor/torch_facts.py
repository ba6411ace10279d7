"""What torch is: from its files without importing it, and from itself in a process of its own.

    torch/version.py                          version 2.15.0+cu132, CUDA 13.2
    python -m toolgemma.doctor.torch_facts    architectures, devices, memory, as one line of JSON

A process of its own, because an import that fails (a missing DLL, a library of another CUDA) must not end the doctor,
and because a CUDA context keeps memory that the doctor measures.
"""

import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from toolgemma.doctor.machine import Gpu, Torch

_TIMEOUT_S = 120


def look() -> Torch | None:
    """Everything about the installed torch; None where none is installed."""
    found = on_disk()
    return None if found is None else with_answer(found, *_ask())


def on_disk() -> Torch | None:
    """Version and CUDA of the installed torch without importing it."""
    try:
        version, cuda = metadata.version("torch"), None
        spec = importlib.util.find_spec("torch")
    except (metadata.PackageNotFoundError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        version, cuda = read_version((Path(folder) / "version.py"), version)
    return Torch(version, cuda)


def read_version(file: Path, version: str) -> tuple[str, str | None]:
    """(version, CUDA) as torch/version.py states them; `version` where the file doesn't say."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        return version, None
    named = re.search(r"^__version__ = '([^']+)'", text, re.M)
    cuda = re.search(r"^cuda[^=]*= '([\d.]+)'", text, re.M)
    return named[1] if named else version, cuda[1] if cuda else None


def with_answer(found: Torch, code: int, output: str, error: str) -> Torch:
    """`found` with what the process said; a process that failed means a torch that can't be imported."""
    try:
        answer: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        lines = error.strip().splitlines() or [f"exit code {code}"]
        return replace(found, imports=False, error=lines[-1][:300])
    gpus = tuple(
        Gpu(gpu["name"], gpu["total_bytes"], gpu["free_bytes"], (gpu["capability"][0], gpu["capability"][1]))
        for gpu in answer.pop("gpus")
    )
    return replace(found, gpus=gpus, architectures=tuple(answer.pop("architectures")), **answer)


def _ask() -> tuple[int, str, str]:
    try:
        result = subprocess.run(
            [sys.executable, "-m", "toolgemma.doctor.torch_facts"], capture_output=True, text=True, encoding="utf-8",
            errors="replace", timeout=_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, "", str(error)
    return result.returncode, result.stdout, result.stderr


def _answer() -> dict[str, Any]:
    import torch

    from toolgemma.model.device import cpu_has_bfloat16

    gpus = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        properties = torch.cuda.get_device_properties(index)
        gpus.append(
            {
                "name": properties.name,
                "total_bytes": properties.total_memory,
                "free_bytes": _free_bytes(index),
                "capability": [properties.major, properties.minor],
            }
        )
    native, reason = cpu_has_bfloat16()
    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "architectures": torch.cuda.get_arch_list(),
        "sees_cuda": torch.cuda.is_available(),
        "sees_mps": torch.backends.mps.is_available(),
        "cpu_bfloat16": native,
        "cpu_bfloat16_reason": reason,
        "gpus": gpus,
    }


def _free_bytes(index: int) -> int | None:
    import torch

    try:
        return torch.cuda.mem_get_info(index)[0]
    except RuntimeError:  # a card that this build holds no code for, or one that another process keeps to itself
        return None


if __name__ == "__main__":
    print(json.dumps(_answer()))
