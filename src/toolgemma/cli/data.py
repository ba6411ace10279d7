"""`prepare`, `lint` and `show`: the data commands, and the prepared rows that training starts from."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from toolgemma.cli.options import console
from toolgemma.config import Config, ModelSection
from toolgemma.conversation import Conversation
from toolgemma.data.findings import RULES
from toolgemma.data.lint import lint
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.prepare import Prepared, load_prepared, prepare
from toolgemma.data.table import lint_table
from toolgemma.errors import DataError
from toolgemma.format import get_dialect
from toolgemma.rundir import write_json

logger = logging.getLogger(__name__)


def prepare_data(config: Config) -> None:
    """Prepare, or say that it is done already; print what was found and changed."""
    prepared = prepared_data(config)
    report = prepared.report
    table = Table(
        title=f"{config.dataset.path or config.dataset.name}, repair: {config.dataset.repair}", title_justify="left"
    )
    for head in ("split", "published", "kept", "mended", "errors before", "errors after", "warnings"):
        table.add_column(head, justify="left" if head == "split" else "right")
    for split, rows in report["rows"].items():
        mended = {
            change["row"] for change in report["changes"] if (change["split"], change["action"]) == (split, "mended")
        }
        table.add_row(
            split,
            str(rows["published"]),
            str(rows["kept"]),
            str(len(mended)),
            str(_findings(report["lint_before"], split, "error")),
            str(_findings(report["lint_after"], split, "error")),
            str(_findings(report["lint_after"], split, "warning")),
        )
    console.print(table)
    console.print(f"Rows and every change: {prepared.folder}", soft_wrap=True)
    console.print(f"Each finding: uv run toolgemma lint {config.dataset.path or config.dataset.name}", soft_wrap=True)


def prepared_data(config: Config) -> Prepared:
    """Prepared rows that match the config: taken up, or made now."""
    prepared = load_prepared(config)
    if prepared is not None:
        logger.info("reusing the prepared rows in %s", prepared.folder)
        return prepared
    return prepare(config, progress=logger.info)


def _findings(counts: Mapping[str, Mapping[str, int]], split: str, severity: str) -> int:
    return sum(found.get(split, 0) for rule, found in counts.items() if RULES[rule].severity == severity)


def lint_data(data: str, *, json_file: Path | None, format: str, tokenizer: str | None, max_seq_length: int) -> bool:
    """Print the findings, write them if asked, and say whether one is an error."""
    splits = read_file_or_folder(data, format)
    count = _token_counter(tokenizer) if tokenizer else None
    findings = lint(splits, count_tokens=count, budget=max_seq_length)
    rows = ", ".join(f"{len(found)} {name}" for name, found in splits.items())
    console.print(f"{data}: {rows}", soft_wrap=True)
    console.print(lint_table(findings, splits))
    if json_file:
        write_json(json_file, [asdict(finding) for finding in findings])
        console.print(f"Findings: {json_file}", soft_wrap=True)
    return any(finding.severity == "error" for finding in findings)


def show_row(config: Config, data: str, split: str | None, row: int) -> None:
    """Print a row's tokens, coloured by what the loss sees of them.

    Raises:
        DataError: no such split or row.
    """
    from toolgemma.model.load import load_tokenizer
    from toolgemma.tokens.encode import encode
    from toolgemma.tokens.show import render

    splits = read_file_or_folder(data)
    name = split or next(iter(splits))
    if name not in splits:
        raise DataError(f"--split: {data} has no split {name!r}; known: {', '.join(splits)}")
    if row >= len(splits[name]):
        raise DataError(f"--row: {row} is beyond the {len(splits[name])} rows of {name}; the first is 0")
    conversation = splits[name][row]
    tokenizer = load_tokenizer(config.model)
    segments = get_dialect(config.data_processing.tool_format).render(conversation)
    console.print(render(encode(segments, tokenizer, conversation.id), tokenizer), soft_wrap=True)


def _token_counter(name: str) -> Callable[[Conversation], int]:
    from toolgemma.model.load import load_tokenizer
    from toolgemma.tokens.encode import encode

    tokenizer = load_tokenizer(ModelSection(name=name))
    dialect = get_dialect("hermes")
    return lambda conversation: len(encode(dialect.render(conversation), tokenizer))
