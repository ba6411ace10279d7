"""`run` and `quickstart`: prepare, baseline, train and evaluate in one go, then what changed.

    data      prepared rows                        reused if the keys and source files are the same
    before    the untuned model on the test rows   reused if model, prompts, decoding and rows are the same
    training  the adapter                          reused if rows, base and settings are the same
    after     the tuned model on the same rows     reused as before

Each phase is the code of the command of its name. RUN/run.json keeps how long each took.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import typer

from toolgemma import rundir
from toolgemma.cli.data import prepared_data
from toolgemma.cli.options import console, print_error
from toolgemma.config import Config, packed
from toolgemma.data.findings import RULES
from toolgemma.data.prepare import Prepared
from toolgemma.evaluation import before_after
from toolgemma.evaluation.table import as_table, markdown

SUMMARY = "run.json"
_FIXED_SHOWN, _WRONG_SHOWN = 3, 2


def quickstart_config() -> Path:
    """configs/quickstart.yaml: inside the package where it was installed from a wheel, else in the checkout."""
    package = Path(__file__).parents[1]
    packed = package / "sample" / "quickstart.yaml"
    return packed if packed.is_file() else package.parents[1] / "configs" / "quickstart.yaml"


def run_all(config: Config, *, resume: bool) -> None:
    """Every phase; an interruption keeps what is done and exits with 130 or 143.

    Raises:
        ToolgemmaError: as the commands `prepare`, `train` and `evaluate`.
    """
    from toolgemma.training.stop import Interrupted

    try:
        _run_all(config, resume)
    except Interrupted as stopped:
        print_error(str(stopped))
        raise typer.Exit(stopped.exit_code) from None
    except KeyboardInterrupt:
        print_error("stopped; what is done is kept: go on with the same command and --resume")
        raise typer.Exit(130) from None


def _run_all(config: Config, resume: bool) -> None:
    from toolgemma.cli.training import training_task
    from toolgemma.evaluation import runner
    from toolgemma.evaluation.report.write import write_report
    from toolgemma.model import device
    from toolgemma.training import checkpoint, run

    folder = Path(config.training.output_dir)
    checkpoint.look(folder, resume)  # an unfinished run, or an impossible device, is an error before the baseline
    device.choose(config.model)
    output = runner.default_output(folder / rundir.FINAL)
    seconds = {"start": time.time() - psutil.Process().create_time()}
    with _phase("data", "1/4 Data: load, lint, repair", seconds):
        prepared = prepared_data(config)
        console.print(_rows(prepared, config), soft_wrap=True)
    with _phase("before", f"2/4 Before: score {packed(config.model.name, 'model')}, untuned", seconds):
        runner.evaluate_untuned(config, output, console=console)
    with _phase("training", "3/4 Training: a LoRA adapter", seconds):
        task, _ = training_task(config)
        made = run.train(config, task, resume=resume, reuse=True)
    with _phase("after", "4/4 After: score the tuned model on the same rows", seconds):
        report = runner.evaluate(made, config, output_file=output, console=console)
        rundir.write_text(output.with_suffix(".md"), markdown(report))
        write_report(output)
    found = before_after.sheet(report)
    rundir.write_json(folder / SUMMARY, {"seconds": seconds, "before_after": [found.heads, *found.rows]})
    console.print(as_table(found))
    _show_examples(output, prepared, config)
    _show_files(folder, output, seconds)


@contextlib.contextmanager
def _phase(name: str, title: str, seconds: dict[str, float]) -> Iterator[None]:
    console.print(f"\n[bold]{title}[/bold]", soft_wrap=True)
    began = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - began


def _rows(prepared: Prepared, config: Config) -> str:
    report: dict[str, Any] = prepared.report
    rows = ", ".join(f"{len(rows)} {split}" for split, rows in prepared.splits.items())
    counted = {
        severity: sum(
            sum(found.values()) for rule, found in report["lint_before"].items() if RULES[rule].severity == severity
        )
        for severity in ("error", "warning")
    }
    changed = len(report["changes"])
    source = packed(config.dataset.path or config.dataset.name, "data")
    return (
        f"{rows} rows of {source}; lint: {counted['error']} errors, "
        f"{counted['warning']} warnings; {changed} changes, all in {prepared.folder}"
    )


def _show_examples(output: Path, prepared: Prepared, config: Config) -> None:
    from toolgemma.evaluation.runner import predictions_file

    before, after = (predictions_file(output, name) for name in (rundir.UNTUNED, "tuned"))
    found = before_after.examples(before, after, prepared.splits[str(config.dataset.test_split)])
    for title, chosen in (
        ("Right now, wrong before", before_after.fixed(before, found, _FIXED_SHOWN)),
        ("Still wrong", before_after.still_wrong(found, _WRONG_SHOWN)),
    ):
        if chosen:
            console.print(f"[bold]{title}[/bold]")
        for example in chosen:
            for line in before_after.lines(example):
                console.print(line, markup=False, soft_wrap=True)
            console.print()


def _show_files(folder: Path, output: Path, seconds: dict[str, float]) -> None:
    console.print(f"Run folder: {folder}", soft_wrap=True)
    console.print(
        f"Every figure: {output} and {output.with_suffix('.md').name}; the predictions beside", soft_wrap=True
    )
    page = output.with_name("report.html")
    if page.is_file():
        console.print(f"Report: {page}", soft_wrap=True)
    spent = ", ".join(f"{name} {taken:.0f} s" for name, taken in seconds.items())
    console.print(f"Time: {sum(seconds.values()):.0f} s ({spent})", soft_wrap=True)
