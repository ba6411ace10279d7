"""`doctor`: what keeps a config from running on this machine, each with its cure."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from toolgemma.cli.options import ConfigOption, LogLevelOption, SetOption, console, errors, start_logging
from toolgemma.doctor.findings import SEVERITIES, Finding
from toolgemma.errors import ConfigError

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan", "ok": "green"}


def doctor(
    config: ConfigOption = None,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print facts and findings as JSON.")] = False,
    log_level: LogLevelOption = "warning",
) -> None:
    """Say what is wrong on this machine before time is lost. Exit code 1 if the config can't run here."""
    start_logging(log_level)
    from toolgemma.config import Config, load_config
    from toolgemma.doctor.examine import can_run, examine
    from toolgemma.doctor.gather import gather

    resolved, config_error = Config(), None
    try:
        resolved = load_config(config, overrides or ())
    except ConfigError as error:
        config_error = str(error)
    with errors.status("asking the system, nvidia-smi, torch and the Hub ..."):
        machine = gather(resolved, config_error)
    findings = examine(machine, resolved)
    runs = can_run(findings)
    if as_json:
        typer.echo(json.dumps(_as_json(config, findings, runs, dataclasses.asdict(machine)), indent=2))
    else:
        _print(config, findings, runs)
    if not runs:
        raise typer.Exit(1)


def _print(config: Path | None, findings: Sequence[Finding], runs: bool) -> None:
    width = max(len(finding.check) for finding in findings) + 2
    margin = " " * (10 + width)
    for finding in findings:
        line = Text(f"{finding.severity:<10}", style=_STYLES[finding.severity])
        line.append(f"{finding.check:<{width}}", style="default")
        line.append(finding.message.replace("\n", "\n" + margin), style="default")
        console.print(line, soft_wrap=True)
        if finding.cure:
            cure = finding.cure.replace("\n", "\n" + margin + " " * len("cure: "))
            console.print(Text(margin).append("cure: ", style="bold").append(cure), soft_wrap=True)
    counts = {name: sum(finding.severity == name for finding in findings) for name in SEVERITIES}
    name = config or "the default config"
    verdict = f"{name} can run here" if runs else f"{name} can't run here until the errors are mended"
    found = ", ".join(f"{count} {_plural(name, count)}" for name, count in counts.items() if count and name != "ok")
    console.print(Text(f"\n{verdict}" + (f" ({found})" if found else "")), soft_wrap=True)


def _plural(severity: str, count: int) -> str:
    return severity if count == 1 else f"{severity}s"


def _as_json(config: Path | None, findings: Sequence[Finding], runs: bool, machine: dict[str, Any]) -> dict[str, Any]:
    return {
        "config": str(config) if config else None,
        "can_run": runs,
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "machine": machine,
    }
