"""One function that asks the machine everything, in parallel: about five seconds, most of it torch's import."""

import json
import os
import platform
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from packaging.requirements import Requirement

from toolgemma.config import Config
from toolgemma.doctor import access, nvidia, torch_facts
from toolgemma.doctor.machine import Disk, HubAccess, Machine
from toolgemma.hub.endpoints import home


def gather(config: Config, config_error: str | None = None) -> Machine:
    """The facts that `findings.examine` needs for `config`; nothing is written, downloaded or loaded on a GPU."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        torch = pool.submit(torch_facts.look)
        cards = pool.submit(nvidia.ask)
        hub = pool.submit(_hub, config)
        driver, gpus = cards.result()
        requires_python, requirements = _requirements()
        memory = psutil.virtual_memory()
        return Machine(
            system=platform.system(),
            release=platform.release(),
            processor=platform.machine(),
            python=platform.python_version(),
            memory_total_bytes=memory.total,
            memory_available_bytes=memory.available,
            requires_python=requires_python,
            requirements=requirements,
            packages=_installed(requirements),
            driver=driver,
            gpus=gpus,
            visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
            torch=torch.result(),
            disks=_disks(config),
            hub=hub.result(),
            shape=read_shape(config),
            config_error=config_error,
        )


def _hub(config: Config) -> HubAccess | None:
    """None where httpx is missing, which comes with huggingface_hub: a finding of its own."""
    try:
        return access.look(config)
    except ImportError:
        return None


def _requirements() -> tuple[str, tuple[str, ...]]:
    try:
        own = metadata.metadata("toolgemma")
    except metadata.PackageNotFoundError:  # run from a folder that was never installed
        return "", ()
    return own["Requires-Python"] or "", tuple(own.get_all("Requires-Dist") or ())


def _installed(requirements: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for line in requirements:
        name = Requirement(line).name
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _disks(config: Config) -> tuple[Disk, ...]:
    return (
        _disk("run", Path(config.training.output_dir)),
        _disk("prepared rows", Path(config.dataset.prepared_dir)),
        _disk("downloads", home(os.environ)),
    )


def _disk(purpose: Any, path: Path) -> Disk:
    absolute = path.expanduser().absolute()
    existing = next(folder for folder in (absolute, *absolute.parents) if folder.is_dir())
    return Disk(purpose, str(path), shutil.disk_usage(existing).free, os.access(existing, os.W_OK))


def read_shape(config: Config) -> Mapping[str, object] | None:
    """The text part of the base model's config.json."""
    try:
        file = access.config_json(config)
        values = json.loads(file.read_text(encoding="utf-8")) if file else None
    except (ImportError, OSError, ValueError):
        return None
    if not isinstance(values, dict):
        return None
    text = values.get("text_config", values)
    return text if isinstance(text, dict) else None
