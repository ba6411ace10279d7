"""Read a dataset into conversations: from the Hub, a local folder, or one file. Splits keep their published names.

The Hub goes through the `datasets` library, imported only then; local files are read directly, which takes about a
tenth of a second for 600 rows. Everything is held in memory.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from toolgemma import hub
from toolgemma.config import DatasetSection, unpacked
from toolgemma.conversation import Conversation
from toolgemma.data.convert import convert
from toolgemma.data.files import SUFFIXES, Row, find_splits, read_rows, tell_apart, without_nulls
from toolgemma.errors import DataError

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")


def read(section: DatasetSection) -> dict[str, list[Conversation]]:
    """All splits of the configured dataset, as published.

    Raises:
        DataError: a file is missing or broken, a split is empty, no reader knows the columns, a row can't be used.
        HubError: the dataset can't be downloaded.
    """
    if section.path is not None:
        return _read_local(Path(section.path).expanduser(), section.format)
    return _converted(_download(section.name, section.revision), section.format)


def read_file_or_folder(path: str, format: str = "auto") -> dict[str, list[Conversation]]:
    """All splits of what a user calls DATA: what exists on disk (or is `embedded`) is local, else a Hub id.

    Raises:
        DataError, HubError: as `read`.
    """
    if is_local(path):
        return _read_local(Path(unpacked(path, "data")).expanduser(), format)
    return _converted(_download(path, None), format)


def is_local(path: str) -> bool:
    """Whether DATA means something on this disk rather than a Hub id."""
    local = Path(unpacked(path, "data")).expanduser()
    return local.exists() or not _HUB_ID.fullmatch(path) or local.suffix in SUFFIXES


def source_files(section: DatasetSection) -> list[Path]:
    """The files that `read` would open, in order; none for a Hub dataset.

    Raises:
        DataError: the path is missing or holds no data.
    """
    if section.path is None:
        return []
    return [file for files in find_splits(Path(section.path).expanduser()).values() for file in files]


def _read_local(path: Path, format: str) -> dict[str, list[Conversation]]:
    return {split: _from_files(files, split, format) for split, files in find_splits(path).items()}


def _from_files(files: Sequence[Path], split: str, format: str) -> list[Conversation]:
    """Rows of one split; `meta["source_file"]` keeps apart what its files keep apart."""
    parts = [read_rows([file]) for file in files]
    rows = convert([row for part in parts for row in part], split, format)
    names = tell_apart(files)
    if names is None:
        return rows
    origins = (name for name, part in zip(names, parts, strict=True) for _ in part)
    return [replace(row, meta=dict(row.meta) | {"source_file": name}) for row, name in zip(rows, origins, strict=True)]


def _converted(splits: dict[str, list[Row]], format: str) -> dict[str, list[Conversation]]:
    return {split: convert(rows, split, format) for split, rows in splits.items()}


def _download(name: str, revision: str | None) -> dict[str, list[Row]]:
    folder = hub.fetch(hub.Repository("dataset", name, revision), hub.DATASET_FILES)
    import datasets
    from datasets.exceptions import DatasetGenerationError, DatasetsError

    try:
        loaded = datasets.load_dataset(str(folder))
    except DatasetGenerationError as error:
        raise DataError(f"dataset {name} was downloaded but its files can't be read: {error}") from error
    except (OSError, DatasetsError, ValueError) as error:
        raise DataError(f"dataset {name} can't be loaded: {error}") from error
    # Not to_list(): in datasets 4.7 it leaves objects that differ from row to row as the JSON text they are stored as.
    return {str(split): without_nulls(list(rows)) for split, rows in loaded.items()}
