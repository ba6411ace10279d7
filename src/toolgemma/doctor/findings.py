"""What the facts mean for a config: a pure function of both, so that any machine can be made up.

    error      the config can't run here
    warning    it runs, but not as meant: on the CPU beside a GPU, slowly, at the risk of running out of memory
    note       good to know
    ok         checked, and fine

Each fault has its cure, a command wherever one exists. The rules stand in `rules_software`, `rules_hardware` and
`rules_hub`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "note", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note", "ok")
SYNC_OFF = "then start every command with `uv run --no-sync ...`, which leaves this torch alone"


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    """What was looked at: python, packages, gpu, ..."""
    severity: Severity
    message: str
    cure: str = ""
    """What mends it; a command stands on a line of its own."""


def fine(check: str, message: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, "ok", message)


Findings = Iterator[Finding]
