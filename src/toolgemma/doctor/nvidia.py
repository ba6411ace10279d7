"""NVIDIA driver and cards by nvidia-smi, which comes with every driver; needs no torch, takes a tenth of a second."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from toolgemma.doctor.machine import Driver, Gpu

_TIMEOUT_S = 10
_MIB = 2**20
_FIELDS = "name,memory.total,memory.free,compute_cap,driver_version"
_OLD_FIELDS = "name,memory.total,memory.free,driver_version"  # drivers before 510 don't know compute_cap


def ask() -> tuple[Driver | None, tuple[Gpu, ...]]:
    """The driver and the cards; (None, ()) where there is no driver, or it doesn't answer."""
    program = _program()
    if program is None:
        return None, ()
    table = _run(program, f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits")
    if table is None:
        table = _run(program, f"--query-gpu={_OLD_FIELDS}", "--format=csv,noheader,nounits")
    return parse(table or "", _run(program) or "")


def parse(table: str, banner: str) -> tuple[Driver | None, tuple[Gpu, ...]]:
    """From `nvidia-smi --query-gpu` (four or five columns) and from what bare `nvidia-smi` prints."""
    gpus, version = [], ""
    for line in table.splitlines():
        values = [value.strip() for value in line.split(",")]
        if len(values) not in (4, 5):
            continue
        name, total, free, *capability, version = values
        gpus.append(Gpu(name, _mib(total) or 0, _mib(free), _capability(capability[0]) if capability else None))
    if not version:
        found = re.search(r"Driver Version:\s*([\d.]+)", banner)
        version = found[1] if found else ""
    cuda = re.search(r"CUDA (?:UMD )?Version:\s*(\d+\.\d+)", banner)
    return (Driver(version, cuda[1] if cuda else None) if version else None), tuple(gpus)


def _mib(text: str) -> int | None:
    return int(float(text) * _MIB) if re.fullmatch(r"[\d.]+", text) else None  # "[N/A]" on cards with shared memory


def _capability(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _program() -> str | None:
    places = [Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvidia-smi.exe"]
    places.append(Path("/usr/lib/wsl/lib/nvidia-smi"))
    return shutil.which("nvidia-smi") or next((str(place) for place in places if place.is_file()), None)


def _run(program: str, *arguments: str) -> str | None:
    try:
        result = subprocess.run(  # noqa: S603 - the driver's own program, no shell
            [program, *arguments], capture_output=True, text=True, encoding="utf-8", errors="replace",
            timeout=_TIMEOUT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 else None
