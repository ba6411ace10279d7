"""`mirrors`: measure the sources of the configured model and dataset, show the figures and the choice."""

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from toolgemma.cli.options import (
    ConfigOption,
    LogLevelOption,
    MirrorOption,
    SetOption,
    console,
    read_config,
    repositories,
    start_logging,
)
from toolgemma.errors import ConfigError

if TYPE_CHECKING:
    from toolgemma.hub.probe import Measurement


def mirrors(
    config: ConfigOption = None,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    log_level: LogLevelOption = "info",
) -> None:
    """Measure where the model and dataset can come from, and choose. Exit code 1 if one of them can't be had."""
    start_logging(log_level)
    from toolgemma.hub.choose import is_usable, measure, orders_of
    from toolgemma.hub.endpoints import is_offline

    resolved = read_config(config, overrides, {"mirror.mode": mirror}, uses_hub=False)
    wanted = repositories(resolved)
    if is_offline(os.environ):
        raise ConfigError("HF_HUB_OFFLINE is set, so nothing can be measured; unset it")
    measured = measure(resolved.mirror, wanted, os.environ)
    orders = orders_of(measured, resolved.mirror, os.environ)
    verdicts = [_verdict(one, orders.get(str(one.repository), ())) for one in measured]
    served = {one.repository for one in measured if one.state == "serves" and is_usable(one)}
    if as_json:
        typer.echo(json.dumps([_facts(*pair) for pair in zip(measured, verdicts, strict=True)], indent=2))
    elif not wanted:
        console.print("The model and the dataset are local: nothing is fetched.")
    else:
        _print(measured, verdicts)
    if any(repository not in served for repository in wanted):
        raise typer.Exit(1)


def _verdict(one: "Measurement", order: tuple[str, ...]) -> str:
    from toolgemma.hub.choose import is_usable

    if one.state != "serves":
        return one.detail
    if not is_usable(one):
        return "serves it, needs the extra modelscope"
    place = order.index(one.source.name)
    return "chosen" if place == 0 else f"choice {place + 1}"


def _print(measured: "list[Measurement]", verdicts: list[str]) -> None:
    table = Table(title="Where it can come from", title_justify="left")
    for head in ("repository", "source", "state", "latency", "speed", "verdict"):
        table.add_column(head, justify="right" if head in ("latency", "speed") else "left")
    for one, verdict in zip(measured, verdicts, strict=True):
        table.add_row(
            str(one.repository),
            one.source.name,
            one.state,
            "" if one.latency_s is None else f"{1000 * one.latency_s:.0f} ms",
            "" if one.bytes_per_s is None else f"{one.bytes_per_s / 1e6:.2f} MB/s",
            verdict,
        )
    console.print(table)


def _facts(one: "Measurement", verdict: str) -> dict[str, Any]:
    return {
        "repository": {"kind": one.repository.kind, "name": one.repository.name, "revision": one.repository.revision},
        "source": one.source.name,
        "url": one.source.url,
        "state": one.state,
        "latency_s": one.latency_s,
        "bytes_per_s": one.bytes_per_s,
        "verdict": verdict,
    }
