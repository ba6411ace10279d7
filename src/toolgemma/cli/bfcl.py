"""`evaluate --suite bfcl`: what `--model_path` names, the rows, the run, the printed tables."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolgemma import rundir
from toolgemma.cli.options import console, read_config
from toolgemma.errors import DataError
from toolgemma.evaluation import bfcl_runner, bfcl_table, runner
from toolgemma.evaluation.bfcl_data import read
from toolgemma.evaluation.table import as_markdown, as_table


def evaluate_bfcl(
    model_path: Path,
    config_file: Path | None,
    overrides: Sequence[str] | None,
    flags: Mapping[str, object],
    *,
    source: str,
    decontaminate: bool,
    output_file: Path | None,
) -> None:
    """Score a run, a checkpoint or a base model on BFCL; write the figures, print the tables.

    Raises:
        CheckpointError: nothing complete at `model_path`. DataError: BFCL's rows, or those trained on, can't be read.
    """
    base = base_model(model_path)
    checkpoint = None if base else rundir.resolve_checkpoint(model_path)
    if checkpoint is not None:
        config_file = config_file or runner.config_file(checkpoint)
    config = read_config(config_file, overrides, {**flags, "model.name": base})
    suite = read(source)
    if suite.version != "v4":
        console.print(f"The rows are version {suite.version}: counts and figures may differ from version 4's")
    train_tools = None
    if decontaminate and checkpoint is not None:
        try:
            train_tools = bfcl_runner.training_tools(config)
        except DataError as error:
            raise DataError(f"{error} (or leave the training rows out of it with --no-decontaminate)") from error
    output = output_file or bfcl_runner.default_output(checkpoint)
    report = bfcl_runner.evaluate_bfcl(
        checkpoint, config, suite, output_file=output, train_tools=train_tools, console=console
    )
    sheets, notes = bfcl_table.sheets(report), list(bfcl_table.sources(report))
    text = "\n".join([*map(as_markdown, sheets), *(f"- {note}" for note in notes)]) + "\n"
    rundir.write_text(output.with_suffix(".md"), text)
    for sheet in sheets:
        console.print(as_table(sheet))
    for note in notes:
        console.print(note, soft_wrap=True, markup=False)
    console.print(
        f"Every figure: {output} and {output.with_suffix('.md').name}; the predictions lie beside", soft_wrap=True
    )


def base_model(model_path: Path) -> str | None:
    """The base model that a path names: a folder with a whole model, or a Hub id; None for a run or a checkpoint."""
    if model_path.is_dir():
        whole = (model_path / "config.json").is_file() and not (model_path / rundir.MANIFEST).exists()
        return str(model_path) if whole else None
    name = model_path.as_posix()
    is_hub_id = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name) and not model_path.parent.exists()
    return name if is_hub_id else None
