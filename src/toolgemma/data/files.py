"""Files of a local dataset: which file belongs to which split, and its rows.

    data/train-00000-of-00002.parquet   train
    data/train-00001-of-00002.parquet   train (rows appended)
    dev.jsonl                           validation, as the `datasets` library names it
    report.json, README.md              no split's name in it: ignored

A folder whose files name no split holds one split, "train". parquet, arrow (stream or file), jsonl and json are read
with pyarrow and json, whole and into memory; nothing is executed.
"""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from toolgemma.errors import DataError

Row = dict[str, Any]

SUFFIXES = (".parquet", ".arrow", ".jsonl", ".ndjson", ".json")
"""Known kinds of file; where a folder holds a split in several, the first of these is read."""
_ALIASES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
_SHARD = re.compile(r"[-_.]\d{5}-of-\d{5}.*$")
_NOT_DATA = {"report.json", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}


def find_splits(path: Path) -> dict[str, list[Path]]:
    """The data files of each split below `path`, train first, then validation, test and the rest by name.

    Raises:
        DataError: nothing there, no data file, or several files that name no split.
    """
    if path.is_file():
        if path.suffix not in SUFFIXES:
            raise DataError(f"{path} is no data file: known are {', '.join(SUFFIXES)}")
        return {_split_name(path, path.parent) or "train": [path]}
    if not path.is_dir():
        raise DataError(f"{path} not found; check the path, or name a Hub dataset such as owner/name")
    files = [file for file in sorted(path.rglob("*")) if _may_be_data(file, path)]
    if not files:
        raise DataError(f"{path} holds no data file ({', '.join(SUFFIXES)})")
    named = [(name, file) for file in files if (name := _split_name(file, path))]
    if not named:
        stems = {_SHARD.sub("", file.stem) for file in files}
        if len(stems) > 1:
            raise DataError(
                f"{path} holds several data files and none names its split ({', '.join(sorted(stems)[:5])}): call "
                "them train, validation and test, or name one file"
            )
        named = [("train", file) for file in files]
    return _by_split(named)


def read_rows(files: Iterable[Path]) -> list[Row]:
    """All rows of `files`, in order, as plain Python values.

    Raises:
        DataError: a file can't be opened or parsed; the message has its name, and the line for jsonl.
    """
    return [row for file in files for row in _read_file(file)]


def tell_apart(files: Sequence[Path]) -> list[str] | None:
    """A name for each file of a split where they are more than shards: test_seen and test_unseen; else None."""
    stems = [_SHARD.sub("", file.stem) for file in files]
    named = all(_named_split(stem) for stem in stems)
    return stems if named and len(set(stems)) > 1 else None


def _may_be_data(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return file.is_file() and not hidden and file.suffix in SUFFIXES and file.name not in _NOT_DATA


def _split_name(file: Path, root: Path) -> str | None:
    """Split named by the file, else by the nearest folder below `root` that names one."""
    folders = file.relative_to(root).parts[:-1]
    found = (_named_split(text) for text in (_SHARD.sub("", file.stem), *reversed(folders)))
    return next((split for split in found if split), None)


def _named_split(text: str) -> str | None:
    return next((_ALIASES[word] for word in re.split(r"[^a-z]+", text.lower()) if word in _ALIASES), None)


def _by_split(named: list[tuple[str, Path]]) -> dict[str, list[Path]]:
    order = {name: place for place, name in enumerate(("train", "validation", "test"))}
    splits: dict[str, list[Path]] = {}
    for name in sorted({name for name, _ in named}, key=lambda name: (order.get(name, len(order)), name)):
        files = [file for other, file in named if other == name]
        suffix = next(suffix for suffix in SUFFIXES if any(file.suffix == suffix for file in files))
        splits[name] = [file for file in files if file.suffix == suffix]
    return splits


def _read_file(file: Path) -> list[Row]:
    try:
        if file.suffix == ".parquet":
            with pq.ParquetFile(file) as parquet:  # read_table would import the dataset engine, a second for nothing
                return _rows_of(parquet.read())
        if file.suffix == ".arrow":
            return _rows_of(_read_arrow(file))
        text = file.read_text(encoding="utf-8-sig")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{file} can't be read as {file.suffix[1:]}: {reason}; is it complete (not a Git LFS pointer)?"
        ) from error
    return _parse_lines(file, text) if file.suffix in (".jsonl", ".ndjson") else _parse_json(file, text)


def _read_arrow(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source:
        try:
            return pa.ipc.open_stream(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_file(source).read_all()


def _rows_of(table: pa.Table) -> list[Row]:
    rows: list[Row] = without_nulls(table.to_pylist())
    return rows


def without_nulls(value: Any) -> Any:
    """Arrow writes null for the keys that a nested struct of another row has; here they are absent again."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    if isinstance(value, list):
        return [without_nulls(child) for child in value]
    return value


def _parse_lines(file: Path, text: str) -> list[Row]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}, line {number}: not JSON ({error}); each line must be one JSON object") from None
        if not isinstance(row, dict):
            raise DataError(f"{file}, line {number}: a {type(row).__name__}; each line must be one JSON object")
        rows.append(row)
    return rows


def _parse_json(file: Path, text: str) -> list[Row]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{") and "Extra data" in str(error):
            return _parse_lines(file, text)
        raise DataError(f"{file}: not JSON ({error}); it must hold a list of objects") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{file} must hold a list of JSON objects, one a row, or one object a line")
    return rows
