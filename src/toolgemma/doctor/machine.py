"""What is known about a machine, as frozen dataclasses; None is always "not known". Sizes are bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Access = Literal["local", "cached", "open", "gated", "missing", "unreachable", "offline"]
"""Of a repository: a folder on this disk; in the Hub's cache; can be downloaded; exists but its terms or a login stand
in between; on none of the sources; no answer; HF_HUB_OFFLINE is set and it isn't in the cache."""


@dataclass(frozen=True, slots=True)
class Gpu:
    name: str
    total_bytes: int
    free_bytes: int | None = None
    capability: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Driver:
    """The NVIDIA driver: its version, and the newest CUDA that it runs."""

    version: str
    cuda: str | None = None


@dataclass(frozen=True, slots=True)
class Torch:
    """The installed torch: what its files say, and what it says itself once imported."""

    version: str
    cuda: str | None = None
    """CUDA version that it was built for; None is a build without CUDA."""
    imports: bool = True
    error: str | None = None
    """Why it can't be imported, in its own words."""
    architectures: tuple[str, ...] = ()
    """What its CUDA code was compiled for, such as sm_75; compute_90 is PTX."""
    sees_cuda: bool = False
    sees_mps: bool = False
    cpu_bfloat16: bool = False
    cpu_bfloat16_reason: str = ""
    gpus: tuple[Gpu, ...] = ()
    """As CUDA counts them; training takes the first."""


@dataclass(frozen=True, slots=True)
class Repository:
    kind: Literal["model", "dataset"]
    name: str
    access: Access
    sources: tuple[str, ...] = ()
    """Names of the sources that say so."""
    detail: str = ""
    on_modelscope: bool = False
    """ModelScope serves a copy, but its library isn't installed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A source that was asked: the official Hub, a mirror, ModelScope."""

    name: str
    url: str
    answers: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HubAccess:
    answers: tuple[Answer, ...] = ()
    """Empty where nobody had to be asked."""
    offline: bool = False
    has_token: bool = False
    user: str | None = None
    """Whose token it is, as the official Hub says."""
    token_refused: bool = False
    repositories: tuple[Repository, ...] = ()


@dataclass(frozen=True, slots=True)
class Disk:
    """Free space where something is written; `purpose` is what."""

    purpose: Literal["run", "prepared rows", "downloads"]
    path: str
    free_bytes: int
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Machine:
    system: str
    """Linux, Windows or Darwin."""
    release: str
    processor: str
    """x86_64, AMD64, arm64, ..."""
    python: str
    memory_total_bytes: int
    memory_available_bytes: int
    requires_python: str = ""
    requirements: tuple[str, ...] = ()
    """toolgemma's own, as its metadata holds them (pyproject.toml's lines); extras behind `; extra == ...`."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Installed version of each package that a requirement names."""
    driver: Driver | None = None
    gpus: tuple[Gpu, ...] = ()
    """NVIDIA cards as nvidia-smi lists them, whatever torch sees."""
    visible_devices: str | None = None
    """CUDA_VISIBLE_DEVICES, None where it isn't set."""
    torch: Torch | None = None
    disks: tuple[Disk, ...] = ()
    hub: HubAccess | None = None
    shape: Mapping[str, object] | None = None
    """The base model's config.json (its text part), where it is on this disk."""
    config_error: str | None = None
    """Why the config that was asked for can't be loaded."""
