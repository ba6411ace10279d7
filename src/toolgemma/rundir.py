"""Names inside a run directory, and what makes a checkpoint complete.

    outputs/
      config.yaml          the resolved config
      data_report.json     what lint found and repair changed
      metrics.jsonl        one line per logging step
      checkpoint-40/       resumable; complete once its manifest.json is there
      checkpoint-final/    best adapter, tokenizer, template, generation_config, manifest, model card
      evaluation/          predictions.jsonl, metrics.json, report.html, report.md

A checkpoint is *sealed* by writing manifest.json last, with the size and SHA-256 of every file: a folder whose
manifest is missing, or whose files differ from it, is torn and is never chosen. Files are written beside and renamed.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolgemma.errors import CheckpointError

CONFIG = "config.yaml"
DATA_REPORT = "data_report.json"
METRICS = "metrics.jsonl"
MANIFEST = "manifest.json"
FINAL = "checkpoint-final"
EVALUATION = "evaluation"
UNTUNED = "untuned"
"""First part of the names of files in `evaluation` that only depend on the base, such as its predictions."""
_STEP = re.compile(r"checkpoint-(\d+)")


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 beside `path`, then rename: a reader sees the old file or the whole new one.

    A lone surrogate, which UTF-8 can't hold, is written as its backslash escape (in JSON the same character again).

    Raises:
        CheckpointError: the folder can't be written (permissions, no space left).
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CheckpointError(
            f"can't write {path}: {error.strerror or error}; free some space or choose another output folder"
        ) from error


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """`write_text` of indented JSON."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def seal(folder: str | os.PathLike[str], facts: Mapping[str, Any]) -> None:
    """Mark `folder` complete: write manifest.json with `facts` and the size and SHA-256 of every file in it."""
    folder = Path(folder)
    files = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": _sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    write_json(folder / MANIFEST, dict(facts) | {"files": files})


def read_manifest(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a sealed folder.

    Raises:
        CheckpointError: there is none, it is not readable, or a file it names is missing or has another size.
    """
    folder = Path(folder)
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = manifest["files"].items()
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no {MANIFEST}: it is not a complete toolgemma checkpoint") from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder / MANIFEST} can't be read: {error}") from None
    for name, facts in files:
        path = folder / name
        if not path.is_file() or path.stat().st_size != facts["bytes"]:
            raise CheckpointError(f"{folder} is torn: {name} is missing or has another size than {MANIFEST} says")
    return manifest


def is_complete(folder: str | os.PathLike[str]) -> bool:
    """Whether `folder` is sealed and every file named by its manifest is there with its size."""
    try:
        read_manifest(folder)
    except CheckpointError:
        return False
    return True


def step_checkpoints(run: str | os.PathLike[str]) -> list[Path]:
    """All `checkpoint-N` folders of a run, complete or not, oldest step first."""
    run = Path(run)
    if not run.is_dir():
        return []
    found = [(int(match[1]), path) for path in run.iterdir() if (match := _STEP.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def newest_complete(run: str | os.PathLike[str]) -> Path | None:
    """The newest complete `checkpoint-N`, or None."""
    return next((path for path in reversed(step_checkpoints(run)) if is_complete(path)), None)


def resolve_checkpoint(path: str | os.PathLike[str]) -> Path:
    """The checkpoint that `--model_path` means: the folder itself, else its checkpoint-final, else its newest one.

    Raises:
        CheckpointError: nothing complete is there.
    """
    path = Path(path)
    if not path.is_dir():
        raise CheckpointError(f"model path not found: {path}; train first, or name a run folder or checkpoint")
    if (path / MANIFEST).exists() or _STEP.fullmatch(path.name) or path.name == FINAL:
        read_manifest(path)
        return path
    if is_complete(path / FINAL):
        return path / FINAL
    newest = newest_complete(path)
    if newest is None:
        raise CheckpointError(f"{path} holds no complete checkpoint; train first, or name another folder")
    return newest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
