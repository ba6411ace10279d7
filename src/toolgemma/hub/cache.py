"""What of a repository is on this disk already, found without a request and without Hugging Face's libraries.

    HF_HOME/toolgemma/fetched/model--google--gemma-3-1b-it.json     patterns, folder, files, verified
    HF_HOME/hub/models--google--gemma-3-1b-it/snapshots/<commit>/   the files, as huggingface_hub keeps them

`fetch` writes a record before the first file, and again when every file is there and verified. A model that another
tool put into the cache is recognised by its files, since its index names the shards. A branch that moved on the Hub
isn't noticed: name the commit in the key `revision`, or remove the record.
"""

import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from toolgemma.hub.endpoints import Repository, home
from toolgemma.rundir import write_json

TOKENIZER_FILES = ("*.json", "*.model", "*.jinja")
MODEL_FILES = (*TOKENIZER_FILES, "*.safetensors")
DATASET_FILES = ("*",)
_NEVER = {
    "model": ("*/*",),  # other formats of the same weights
    "dataset": ("*.py", "*.png", "*.jpg", "*.jpeg", ".gitattributes"),
}
_INDEX = "model.safetensors.index.json"


def matching(repository: Repository, names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names of a repository's files that `patterns` ask for."""

    def match(name: str, wanted: Sequence[str]) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in wanted)

    return [name for name in names if match(name, patterns) and not match(name, _NEVER[repository.kind])]


def cached(repository: Repository, patterns: Sequence[str], environ: Mapping[str, str]) -> Path | None:
    """The folder that holds all files of `repository` that match `patterns`, or None where one may be missing."""
    try:
        record = json.loads(_record(repository, environ).read_text(encoding="utf-8"))
        folder = Path(record["folder"])
        whole = record["verified"] and all((folder / name).is_file() for name in record["files"])
        if whole and set(patterns) <= set(record["patterns"]):
            return folder
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no record, or an unreadable one: as if nothing was fetched
    snapshot = _snapshot(repository, environ)
    if snapshot and repository.kind == "model" and _is_whole_model(snapshot, "*.safetensors" in patterns):
        return snapshot
    return None


def partly_cached(repository: Repository, environ: Mapping[str, str]) -> Path | None:
    """A folder that another tool filled, for when no source answers; None if there is none, or where it is known that a
    download was cut off."""
    snapshot = _snapshot(repository, environ)
    if (
        snapshot is None
        or _record(repository, environ).exists()
        or any((snapshot.parents[1] / "blobs").glob("*.incomplete"))
    ):
        return None
    return snapshot if matching(repository, (path.name for path in snapshot.rglob("*")), MODEL_FILES) else None


def record(
    repository: Repository,
    patterns: Sequence[str],
    folder: Path,
    files: Sequence[str],
    environ: Mapping[str, str],
    *,
    verified: bool,
) -> None:
    """Note that `folder` is to hold these files, all that `patterns` ask for; `verified`: it does, byte for byte."""
    facts = {"patterns": list(patterns), "folder": str(folder), "files": list(files), "verified": verified}
    write_json(_record(repository, environ), facts)


def _record(repository: Repository, environ: Mapping[str, str]) -> Path:
    return home(environ) / "toolgemma" / "fetched" / f"{_slug(repository)}.json"


def _slug(repository: Repository) -> str:
    revision = f"@{repository.revision}" if repository.revision else ""
    return f"{repository.kind}--{repository.name}{revision}".replace("/", "--")


def _snapshot(repository: Repository, environ: Mapping[str, str]) -> Path | None:
    """The folder in huggingface_hub's cache that the revision means, whole or not."""
    cache = Path(environ.get("HF_HUB_CACHE") or home(environ) / "hub").expanduser()
    place = cache / f"{repository.kind}s--{repository.name.replace('/', '--')}"
    revision = repository.revision or "main"
    try:
        commit = (place / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        commit = revision
    snapshot = place / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None


def _is_whole_model(folder: Path, weights: bool) -> bool:
    names = ("config.json", "tokenizer.json", "tokenizer_config.json")
    if not all((folder / name).is_file() for name in names):
        return False
    if not weights or (folder / "model.safetensors").is_file():
        return True
    try:
        shards = set(json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError):
        return False
    return bool(shards) and all((folder / shard).is_file() for shard in shards)
