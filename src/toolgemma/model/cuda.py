"""An NVIDIA card, its driver and a build of torch: whether they fit together, and the command that mends it.

    capability 6.1 (GTX 1080)   runs on sm_60 code (same major, minor not above), on PTX of compute_61 or below
    torch built for CUDA 13.x   needs a driver of branch 580 or newer; 12.x: 525; 11.x: 450

Sources: NVIDIA's minor-version compatibility (docs.nvidia.com/deploy/cuda-compatibility) and PyTorch's support matrix
(RELEASE.md; pytorch/pytorch#190385): builds for CUDA 13 start at capability 7.5, and cu126, the last that holds older
ones, ends with torch 2.14. Imports nothing heavy and asks no machine.
"""

import re
from collections.abc import Iterable

Capability = tuple[int, int]

BFLOAT16_FROM: Capability = (8, 0)
TODAY_FROM: Capability = (7, 5)
"""The oldest card that today's default builds of torch run on."""
LAST_LEGACY_DRIVER = 580
"""The last driver branch for cards older than `TODAY_FROM`."""
_DRIVER_OF_CUDA = {11: 450, 12: 525, 13: 580}

INSTALL = "uv pip install --reinstall-package torch torch --torch-backend=auto"
INSTALL_LEGACY = 'uv pip install --reinstall-package torch "torch<2.15" --torch-backend=cu126'


def has_bfloat16(capability: Capability) -> tuple[bool, str]:
    """Whether the card multiplies bfloat16 in hardware, with the reason."""
    has = capability >= BFLOAT16_FROM
    return has, f"CUDA capability {_dotted(capability)} {'has' if has else 'has no'} bfloat16 in hardware"


def runs_on(architectures: Iterable[str], capability: Capability) -> bool:
    """Whether code built for `architectures` (sm_86, sm_90a, compute_90, ...) runs on a card of `capability`."""
    for architecture in architectures:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", architecture)
        if not match:
            continue
        kind, built, special = match[1], (int(match[2]), int(match[3])), match[4]
        if built == capability:
            return True
        same_major_below = built[0] == capability[0] and built[1] <= capability[1]
        if kind == "sm" and special != "a" and same_major_below:
            return True
        if kind == "compute" and not special and built <= capability:
            return True
    return False


def driver_runs(cuda: str, driver: str, driver_cuda: str | None) -> bool:
    """Whether a driver (its version, and the newest CUDA it names) runs a torch built for `cuda`."""
    wanted = int(cuda.partition(".")[0])
    if driver_cuda:
        return int(driver_cuda.partition(".")[0]) >= wanted
    return int(driver.partition(".")[0]) >= driver_for(cuda)


def driver_for(cuda: str) -> int:
    """The oldest driver branch that runs a torch built for `cuda`."""
    major = int(cuda.partition(".")[0])
    return _DRIVER_OF_CUDA.get(major, max(_DRIVER_OF_CUDA.values()))


def install_command(capability: Capability | None) -> str:
    """The command that installs a torch for a card of `capability` (None: unknown) under the driver that is there."""
    return INSTALL_LEGACY if capability is not None and capability < TODAY_FROM else INSTALL


def needs(architectures: Iterable[str], capability: Capability) -> str:
    """Why a build doesn't run on a card, in one sentence for people."""
    built = ", ".join(architectures)
    return f"this torch holds code for {built or 'no GPU'}, and none of it runs on capability {_dotted(capability)}"


def _dotted(capability: Capability) -> str:
    return f"{capability[0]}.{capability[1]}"
