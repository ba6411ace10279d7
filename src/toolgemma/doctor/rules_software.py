"""Python, packages, torch's import, and the config file itself."""

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from toolgemma.config import Config
from toolgemma.doctor.findings import Finding, Findings, fine
from toolgemma.doctor.machine import Machine

_EIGHT_BIT = ("8bit", "bnb", "paged")


def python(machine: Machine, config: Config) -> Findings:
    """Its version against pyproject's requires-python."""
    wanted = machine.requires_python
    if wanted and not SpecifierSet(wanted).contains(machine.python, prereleases=True):
        yield Finding(
            "python", "error", f"Python {machine.python} is outside {wanted}",
            "uv sync --python 3.12\n(uv fetches that Python if it isn't installed)",
        )  # fmt: skip
    else:
        yield fine("python", f"Python {machine.python} on {machine.system} {machine.release}, {machine.processor}")


def packages(machine: Machine, config: Config) -> Findings:
    """Each package that pyproject names, and those of the extras that the config uses."""
    if not machine.requirements:
        yield Finding("packages", "warning", "toolgemma isn't installed in this environment", "uv sync")
        return
    extras = _extras(config)
    faults = 0
    wanted = 0
    for line in machine.requirements:
        requirement = Requirement(line)
        extra = _extra(requirement, extras)
        if extra is None:
            continue
        if extra == "track" and requirement.name not in config.training.report_to:
            continue
        wanted += 1
        version = machine.packages.get(requirement.name)
        cure = f"uv sync --extra {extra}" if extra else "uv sync"
        if version is None:
            faults += 1
            yield Finding("packages", "error", f"{requirement.name} is not installed{_why(extra)}", cure)
        elif not requirement.specifier.contains(version, prereleases=True):
            faults += 1
            yield Finding(
                "packages", "error", f"{requirement.name} {version} is outside {requirement.specifier}{_why(extra)}",
                cure,
            )  # fmt: skip
    if not faults:
        yield fine("packages", f"{wanted} packages, all within the bounds of pyproject.toml")


def torch(machine: Machine, config: Config) -> Findings:
    """That it can be imported."""
    found = machine.torch
    if found is None:
        return  # `packages` has said so
    if not found.imports:
        cure = "uv sync --reinstall-package torch"
        if machine.system == "Windows":
            cure += "\na missing DLL: install Microsoft's Visual C++ Redistributable, x64"
        yield Finding(
            "torch", "error", f"torch {found.version} is installed but can't be imported: {found.error}", cure
        )
    else:
        built = f"for CUDA {found.cuda}" if found.cuda else "without CUDA"
        yield fine("torch", f"torch {found.version}, built {built}")


def config_file(machine: Machine, config: Config) -> Findings:
    """That the config which was asked for can be loaded."""
    if machine.config_error is not None:
        cure = "correct the file; docs/config.md lists every key (what follows is checked with the defaults)"
        yield Finding("config", "error", machine.config_error, cure)


def _extras(config: Config) -> set[str]:
    """Extras of pyproject whose packages this config needs."""
    extras = set()
    if config.model.quantization == "4bit" or any(mark in config.training.optim for mark in _EIGHT_BIT):
        extras.add("qlora")
    if config.training.report_to:
        extras.add("track")
    return extras


def _extra(requirement: Requirement, extras: set[str]) -> str | None:
    """Which extra brings the requirement here: "" for none, None where it isn't wanted at all."""
    environment = {key: str(value) for key, value in default_environment().items()}
    for extra in ("", *sorted(extras)):
        if requirement.marker is None or requirement.marker.evaluate(environment | {"extra": extra}):
            return extra
    return None


def _why(extra: str) -> str:
    return f", and the config needs it (extra `{extra}`)" if extra else ""
