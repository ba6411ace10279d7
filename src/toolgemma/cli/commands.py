"""The commands: flags in, one call into the floors below, what came out printed.

Each function is one typer command; its docstring is the help text. Flags that scripts/ promise are spelled with
underscores and with dashes.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from toolgemma.cli.options import (
    ConfigOption,
    LogLevelOption,
    MirrorOption,
    SetOption,
    apply_mirror,
    console,
    dataset_overrides,
    named_repositories,
    read_config,
    start_logging,
)


def prepare(
    config: ConfigOption = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset_name", "--dataset-name", help="Hub id, or a local file or folder.")
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option("--output_dir", "--output-dir", help="Where the prepared rows go.")
    ] = None,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Load a dataset, say what is wrong with it, mend it, and write rows that are ready to train on."""
    start_logging(log_level)
    values = [*(overrides or ()), *dataset_overrides(dataset)]
    resolved = read_config(config, values, {"dataset.prepared_dir": output_dir, "mirror.mode": mirror})
    from toolgemma.cli.data import prepare_data

    prepare_data(resolved)


def lint(
    data: Annotated[str, typer.Argument(help="File, folder or Hub id.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the findings to this file as JSON.")] = None,
    format: Annotated[str, typer.Option(help="How rows are written; auto looks at the columns.")] = "auto",
    tokenizer: Annotated[
        str | None, typer.Option(help="Hub id or folder of a tokenizer, to count tokens instead of estimating.")
    ] = None,
    max_seq_length: Annotated[
        int, typer.Option("--max_seq_length", "--max-seq-length", min=16, help="Budget of a row in tokens.")
    ] = 4096,
    mirror: MirrorOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Find what is wrong with a tool-calling dataset. Exit code 1 if a finding is an error."""
    start_logging(log_level)
    section = read_config(None, None, {"mirror.mode": mirror}, uses_hub=False).mirror
    apply_mirror(section, named_repositories(data, tokenizer))
    from toolgemma.cli.data import lint_data

    if lint_data(data, json_file=json_file, format=format, tokenizer=tokenizer, max_seq_length=max_seq_length):
        raise typer.Exit(1)


def show(
    data: Annotated[str, typer.Argument(help="File, folder or Hub id.")],
    row: Annotated[int, typer.Option(min=0, help="Index of the row within its split.")] = 0,
    split: Annotated[str | None, typer.Option(help="Name of the split; default: the first one.")] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="Hub id or folder of the tokenizer; default: the model's.")
    ] = None,
    config: ConfigOption = None,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "warning",
) -> None:
    """Print one row as the model sees it: tokens coloured by what the loss sees of them."""
    start_logging(log_level)
    resolved = read_config(config, overrides, {"model.name": tokenizer, "mirror.mode": mirror}, uses_hub=False)
    apply_mirror(resolved.mirror, named_repositories(data, resolved.model.name))
    from toolgemma.cli.data import show_row

    show_row(resolved, data, split, row)


def train(
    config: ConfigOption = None,
    output_dir: Annotated[Path | None, typer.Option("--output_dir", "--output-dir", help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest complete checkpoint.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "--dry_run", help="Check everything, print what the run would be, train nothing."),
    ] = False,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Train a LoRA adapter. Data that isn't prepared yet is prepared first."""
    start_logging(log_level)
    resolved = read_config(config, overrides, {"training.output_dir": output_dir, "mirror.mode": mirror})
    from toolgemma.cli.training import dry_run as plan
    from toolgemma.cli.training import train_adapter

    if dry_run:
        plan(resolved)
    else:
        train_adapter(resolved, resume=resume)


def run(
    config: ConfigOption = None,
    output_dir: Annotated[Path | None, typer.Option("--output_dir", "--output-dir", help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped run was.")] = False,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Prepare, score the untuned model, train, score again, and show what changed. What is done already is reused."""
    start_logging(log_level)
    flags = {"training.output_dir": output_dir, "evaluation.baseline": True, "mirror.mode": mirror}
    resolved = read_config(config, overrides, flags)
    from toolgemma.cli.run import run_all

    run_all(resolved, resume=resume)


def quickstart(
    output_dir: Annotated[Path | None, typer.Option("--output_dir", "--output-dir", help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a stopped run was.")] = False,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """`run` on a small model and dataset that come with toolgemma: a few minutes on two CPU cores, no network."""
    from toolgemma.cli.run import quickstart_config

    run(quickstart_config(), output_dir, resume, None, overrides, log_level)


def evaluate(
    model_path: Annotated[
        Path, typer.Option("--model_path", "--model-path", help="A run's folder, or one of its checkpoints.")
    ] = Path("outputs"),
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file; default: the config that the model was trained with.")
    ] = None,
    max_samples: Annotated[
        int | None,
        typer.Option("--max_samples", "--max-samples", min=1, help="Score at most so many rows (bfcl: per category)."),
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("--output_file", "--output-file", help="Where the figures go, as JSON.")
    ] = None,
    baseline: Annotated[
        bool | None, typer.Option("--baseline/--no-baseline", help="Score the untuned model on the same rows as well.")
    ] = None,
    suite: Annotated[
        Literal["test", "bfcl"],
        typer.Option(
            help="test: the dataset's test split; bfcl: the single-turn Python part of the Berkeley Function Calling "
            "Leaderboard, where --model_path may also be a base model."
        ),
    ] = "test",
    bfcl_data: Annotated[
        str,
        typer.Option(
            "--bfcl_data",
            "--bfcl-data",
            help="bfcl: where its rows are: a folder, wheel (bfcl-eval) or hub.",
        ),
    ] = "auto",
    decontaminate: Annotated[
        bool,
        typer.Option(help="bfcl: a second table without rows that offer a tool of the training rows, by name."),
    ] = True,
    mirror: MirrorOption = None,
    overrides: SetOption = None,
    log_level: LogLevelOption = "info",
) -> None:
    """Score tool calls by generation: on the test split, or on the Berkeley Function Calling Leaderboard's rows."""
    start_logging(log_level)
    flags = {"evaluation.max_samples": max_samples, "evaluation.baseline": baseline, "mirror.mode": mirror}
    if suite == "bfcl":
        from toolgemma.cli.bfcl import evaluate_bfcl

        evaluate_bfcl(
            model_path,
            config,
            overrides,
            flags,
            source=bfcl_data,
            decontaminate=decontaminate,
            output_file=output_file,
        )
        return
    from toolgemma import rundir
    from toolgemma.evaluation import runner
    from toolgemma.evaluation.table import markdown, print_report

    checkpoint = rundir.resolve_checkpoint(model_path)
    resolved = read_config(config or runner.config_file(checkpoint), overrides, flags)
    output = output_file or runner.default_output(checkpoint)
    report = runner.evaluate(checkpoint, resolved, output_file=output, console=console)
    rundir.write_text(output.with_suffix(".md"), markdown(report))
    print_report(console, report)
    if resolved.evaluation.baseline:
        untuned, tuned = (runner.predictions_file(output, name) for name in ("untuned", "tuned"))
        _print_comparison(untuned, tuned, "untuned", "tuned")
    console.print(
        f"Every figure: {output} and {output.with_suffix('.md').name}; the predictions lie beside", soft_wrap=True
    )
    _write_report(output)


def report(
    path: Annotated[
        Path, typer.Argument(help="A run's or an evaluation's folder, or a metrics.json.", metavar="PATH")
    ] = Path("outputs"),
    log_level: LogLevelOption = "info",
) -> None:
    """Write report.html and report.md of an evaluated run from its saved files; loads no model."""
    start_logging(log_level)
    _write_report(path)


def _write_report(path: Path) -> None:
    from toolgemma.evaluation.report.write import write_report

    console.print(f"Report: {write_report(path)}, and the same as .md beside it", soft_wrap=True, markup=False)


def compare(
    before: Annotated[Path, typer.Argument(help="A run's folder, or a predictions.jsonl.")],
    after: Annotated[Path, typer.Argument(help="The other one, evaluated on the same rows.")],
    view: Annotated[str, typer.Option(help="View of the test rows that is compared.")] = "repaired",
    log_level: LogLevelOption = "info",
) -> None:
    """Say whether one model is better than another, and how sure that is, from their saved predictions."""
    start_logging(log_level)
    from toolgemma.evaluation.runner import default_predictions

    _print_comparison(default_predictions(before), default_predictions(after), str(before), str(after), view)


def _print_comparison(before: Path, after: Path, name: str, other: str, view: str = "repaired") -> None:
    from toolgemma.evaluation.compare import compare, read_predictions
    from toolgemma.evaluation.table import as_table
    from toolgemma.evaluation.verdict import sentences, sheet

    found = compare(read_predictions(before), read_predictions(after), view=view)
    console.print(as_table(sheet(found, name, other)))
    for sentence in sentences(found):
        console.print(sentence, soft_wrap=True, markup=False)


def info(
    config: ConfigOption = None,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    log_level: LogLevelOption = "info",
) -> None:
    """Print what this machine is and, with --config, the whole resolved config."""
    start_logging(log_level)
    from toolgemma.config import dump_config
    from toolgemma.model.system import log_system_info, system_info

    resolved = read_config(config, overrides, {}, uses_hub=False) if config or overrides else None
    if as_json:
        found = system_info() | ({"config": resolved.model_dump(mode="json")} if resolved else {})
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    log_system_info()
    if resolved:
        typer.echo(dump_config(resolved), nl=False)
