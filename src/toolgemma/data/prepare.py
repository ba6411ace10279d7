"""Read, lint, repair, write down; and find what was written as long as it is still right.

    data/prepared/
      train.arrow train.jsonl              465 rows, mended
      validation.arrow validation.jsonl    as published
      test.arrow test.jsonl                as published
      report.json                          source, fingerprint, lint counts before and after, every change

The arrow files hold nested parts as JSON text, so that Arrow never fills keys with nulls; the jsonl files hold the
same rows as OpenAI messages. The folder is written beside and renamed as a whole: a crash leaves the old one.

The fingerprint covers the config keys that matter and, for local data, the content of the source files. A Hub dataset
counts by name and revision: to follow a branch that moved, name the commit in `dataset.revision` or delete the folder.
`dataset.max_samples` isn't part of it: all rows are written, and the sample is drawn on the way out.
`dataset.reasoning: drop` is a way of reading, not a repair, and holds for all splits.
"""

import hashlib
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from toolgemma.config import Config, DatasetSection
from toolgemma.conversation import Conversation, to_record
from toolgemma.data.convert import convert
from toolgemma.data.files import read_rows
from toolgemma.data.findings import RULES, Finding
from toolgemma.data.lint import lint
from toolgemma.data.load import read, source_files
from toolgemma.data.repair import repair
from toolgemma.errors import DataError

DATA_FORMAT = 2
"""Raised when readers, rules or repair change what is written for the same source."""
REPORT = "report.json"
_KEYS = (
    "name",
    "path",
    "revision",
    "format",
    "train_split",
    "validation_split",
    "test_split",
    "repair",
    "reasoning",
    "seed",
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows ready to be trained on and scored: train repaired (and sampled), the others as published."""

    splits: dict[str, list[Conversation]]
    report: dict[str, Any]
    folder: Path


def prepare(config: Config, *, progress: Callable[[str], None] | None = None) -> Prepared:
    """The prepared data of `config`: what is on disk if it still fits, else made now. `progress` gets a line a step.

    Raises:
        DataError: the data can't be read or used, or the folder can't be written; nothing is half-written.
        HubError: the dataset can't be downloaded.
    """
    say = progress or (lambda line: None)
    section, folder = config.dataset, _folder(config)
    _check_folder(folder, section)
    if existing := load_prepared(config):
        say(f"nothing changed: reusing {folder}")
        return existing
    say(f"reading {section.path or section.name}")
    splits = read(section)
    _check_splits(section, splits)
    say(f"linting {sum(map(len, splits.values()))} rows")
    before = lint(splits, train_split=section.train_split)
    repaired = repair(splits, section.repair, section.seed, section.train_split)
    if not repaired.splits[section.train_split]:
        raise DataError(
            f"every row of split {section.train_split} was dropped; run toolgemma lint, or set dataset.repair: none"
        )
    after = lint(repaired.splits, train_split=section.train_split)
    kept = repaired.splits
    if section.reasoning == "drop":
        kept = {split: [_without_reasoning(row) for row in rows] for split, rows in kept.items()}
    report = {
        "data_format": DATA_FORMAT,
        "fingerprint": _fingerprint(section),
        "source": {key: getattr(section, key) for key in _KEYS},
        "rows": {split: {"published": len(rows), "kept": len(kept[split])} for split, rows in splits.items()},
        "lint_before": _counts(before),
        "lint_after": _counts(after),
        "changes": [asdict(change) for change in repaired.changes],
    }
    say(f"writing {folder}")
    _write(folder, kept, report)
    return _sampled(Prepared(kept, report, folder), section)


def load_prepared(config: Config) -> Prepared | None:
    """What `prepare` wrote, or None where there is nothing, or other keys or source files made it.

    Raises:
        DataError: a local source is missing, or the folder was damaged.
    """
    folder = _folder(config)
    _restore(folder)
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        if report["fingerprint"] != _fingerprint(config.dataset):
            return None
        rows = report["rows"]
    except (FileNotFoundError, NotADirectoryError, KeyError, TypeError, ValueError):
        return None
    splits = {split: convert(read_rows([folder / f"{split}.arrow"]), split, "auto") for split in rows}
    if any(len(splits[split]) != rows[split]["kept"] for split in rows):
        raise DataError(f"{folder} was damaged: a split has fewer rows than {REPORT} says; delete it and prepare again")
    return _sampled(Prepared(splits, report, folder), config.dataset)


def _folder(config: Config) -> Path:
    return Path(config.dataset.prepared_dir).expanduser()


def _check_folder(folder: Path, section: DatasetSection) -> None:
    if section.path is not None and Path(section.path).expanduser().resolve().is_relative_to(folder.resolve()):
        raise DataError(
            f"dataset.prepared_dir: {folder} holds the source data, and would be replaced; name another folder"
        )
    if folder.exists() and not folder.is_dir():
        raise DataError(f"dataset.prepared_dir: {folder} is a file; name another folder")
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder):
        raise DataError(
            f"dataset.prepared_dir: {folder} holds files that prepare didn't write, and would be replaced; "
            "name another folder"
        )


def _is_ours(folder: Path) -> bool:
    try:
        return "data_format" in json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _check_splits(section: DatasetSection, splits: dict[str, list[Conversation]]) -> None:
    for key in ("train_split", "validation_split", "test_split"):
        name = getattr(section, key)
        if name is not None and name not in splits:
            cure = "name one of them" if key == "train_split" else "name one of them, or null for none"
            raise DataError(f"dataset.{key}: there is no split {name!r}; the dataset has {', '.join(splits)}: {cure}")


def _without_reasoning(row: Conversation) -> Conversation:
    return replace(
        row,
        messages=tuple(
            replace(message, content="", raw=None) if message.tool_calls and message.content else message
            for message in row.messages
        ),
    )


def _fingerprint(section: DatasetSection) -> str:
    facts: list[Any] = [DATA_FORMAT, {key: getattr(section, key) for key in _KEYS}]
    for file in source_files(section):
        with file.open("rb") as stream:
            facts.append([file.name, hashlib.file_digest(stream, "sha256").hexdigest()])
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _counts(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    counted = Counter((finding.rule, finding.split) for finding in findings)
    return {
        rule: {split: count for (name, split), count in counted.items() if name == rule}
        for rule in RULES
        if any(name == rule for name, _ in counted)
    }


def _sampled(prepared: Prepared, section: DatasetSection) -> Prepared:
    rows = prepared.splits[section.train_split]
    if section.max_samples is None or section.max_samples >= len(rows):
        return prepared
    chosen = sorted(random.Random(section.seed).sample(range(len(rows)), section.max_samples))  # noqa: S311
    return replace(prepared, splits=prepared.splits | {section.train_split: [rows[index] for index in chosen]})


def _write(folder: Path, splits: dict[str, list[Conversation]], report: dict[str, Any]) -> None:
    """Write everything into a sibling folder, then put that in the place of `folder`."""
    fresh, old = folder.with_name(f".{folder.name}.{os.getpid()}"), folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for split, rows in splits.items():
            records = [to_record(row) for row in rows]
            _write_arrow(fresh / f"{split}.arrow", records)
            lines = (json.dumps(record, ensure_ascii=False) + "\n" for record in records)
            _write_lines(fresh / f"{split}.jsonl", lines)
        _write_lines(fresh / REPORT, [json.dumps(report, ensure_ascii=False, indent=2) + "\n"])
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        _restore(folder)
        raise DataError(
            f"dataset.prepared_dir: {folder} can't be written ({error.strerror or error}); free some space or name "
            "another folder"
        ) from error


def _restore(folder: Path) -> None:
    """Undo a crash that fell between the two renames of `_write`."""
    old = folder.with_name(f".{folder.name}.old")
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    # A lone surrogate, which UTF-8 can't hold, becomes its escape: in JSON the same character again.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _write_arrow(path: Path, records: list[dict[str, Any]]) -> None:
    columns = {"id": [record["id"] for record in records]} | {
        key: [json.dumps(record[key]) for record in records] for key in ("messages", "tools", "meta")
    }
    schema = pa.schema([(name, pa.large_string()) for name in columns])
    table = pa.table(columns, schema=schema)
    with path.open("wb") as file, pa.ipc.new_stream(file, schema) as writer:
        writer.write_table(table)
