"""All rules, in the order in which a user would mend things, and what they mean together."""

from collections.abc import Sequence

from toolgemma.config import Config
from toolgemma.doctor import rules_hardware, rules_hub, rules_software, rules_space
from toolgemma.doctor.findings import Finding
from toolgemma.doctor.machine import Machine

RULES = (
    rules_software.config_file,
    rules_software.python,
    rules_software.packages,
    rules_software.torch,
    rules_hardware.gpu,
    rules_hardware.number_format,
    rules_hardware.quantization,
    rules_space.peak,
    rules_space.disk,
    rules_hub.sources,
    rules_hub.login,
    rules_hub.repositories,
)


def examine(machine: Machine, config: Config) -> list[Finding]:
    """What the facts of `machine` mean for `config`."""
    return [finding for rule in RULES for finding in rule(machine, config)]


def can_run(findings: Sequence[Finding]) -> bool:
    """Whether no finding keeps the config from running."""
    return all(finding.severity != "error" for finding in findings)
