"""Bring a repository's files to this machine, from the first source of the plan that gets through.

A source that dies on the way is left for the next one: files that are whole stay and are never fetched again, the
unfinished one starts over. Every file is checked against the size and hash that the source names for it (SHA-256 for
large files, git's SHA-1 for small ones); one with other bytes is removed and fetched from the next source.

Costs: a request for the list, one or two for each file that isn't here yet, one hash over each; nothing at all for what
is cached. Files come one after the other, since they share one line, and Ctrl-C stops at once.
"""

import hashlib
import logging
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolgemma.errors import HubError
from toolgemma.hub.cache import cached, matching, partly_cached, record
from toolgemma.hub.endpoints import MODELSCOPE, Repository, Source, is_offline, is_reachable, is_trusted
from toolgemma.hub.explain import explain, reason
from toolgemma.hub.memory import forget
from toolgemma.hub.modelscope import download
from toolgemma.hub.plan import Plan, current

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

logger = logging.getLogger(__name__)


class DownloadError(OSError):
    """A download that a source didn't finish: how many files are whole, of how many. The cause says why."""

    def __init__(self, whole: int, total: int) -> None:
        super().__init__(f"{whole} of {total} files")
        self.whole, self.total = whole, total


def fetch(repository: Repository, patterns: Sequence[str]) -> Path:
    """The folder with the files of `repository` that match `patterns`, downloaded where they aren't here yet.

    Raises:
        HubError: no source has it or serves it to this user, or none gets through.
    """
    found = cached(repository, patterns, os.environ)
    if found is not None:
        return found
    if is_offline(os.environ):
        return _what_is_here(repository, HubError(
            f"{repository} is not in the local cache and HF_HUB_OFFLINE is set; unset it or name a local folder"
        ))  # fmt: skip
    plan = current(os.environ)
    failures: list[tuple[Source, OSError]] = []
    order = plan.order(repository)
    for place, source in enumerate(order):
        started = time.time()
        try:
            return _from(source, repository, patterns, plan)
        except OSError as error:
            failures.append((source, error))
            forget(repository, os.environ)
            if place + 1 < len(order):
                _drop_unfinished(repository, started)
            _report(source, repository, error, order[place + 1 : place + 2])
    return _what_is_here(repository, _verdict(repository, failures))


def _from(source: Source, repository: Repository, patterns: Sequence[str], plan: Plan) -> Path:
    if not is_reachable(source.url):
        raise ConnectionError(f"{source.url} can't be reached")
    logger.info("fetching %s from %s", repository, source.name)
    if source.name == MODELSCOPE:
        folder, files = download(source, repository, plan.modelscope_ids[repository.name], patterns)
    else:
        folder, files = _from_hub(source, repository, patterns, plan)
    record(repository, patterns, folder, files, os.environ, verified=True)
    return folder


def _from_hub(source: Source, repository: Repository, patterns: Sequence[str], plan: Plan) -> tuple[Path, list[str]]:
    """(folder, files): all of them whole and verified.

    Raises:
        DownloadError: with the cause, and the number of files that are whole.
    """
    import httpx
    from huggingface_hub import HfApi, get_token, hf_hub_download, try_to_load_from_cache

    token = (get_token() if is_trusted(source.url, plan.token_hosts) else None) or False
    files: list[str] = []
    listed: dict[str, RepoSibling] = {}
    commit: str | None = None

    def here() -> dict[str, Path]:
        found = {name: try_to_load_from_cache(repository.name, name, repo_type=repository.kind, revision=commit)
                 for name in files}  # fmt: skip
        return {name: Path(path) for name, path in found.items() if isinstance(path, str)}

    try:
        api = HfApi(endpoint=source.url, token=token)
        ask = api.model_info if repository.kind == "model" else api.dataset_info
        info = ask(repository.name, revision=repository.revision, files_metadata=True, timeout=10)
        commit, listed = info.sha, {entry.rfilename: entry for entry in info.siblings or ()}
        files = matching(repository, listed, patterns)
        if not files:
            raise HubError(f"{repository} holds no file that is needed ({', '.join(patterns)})")
        record(repository, patterns, Path(), files, os.environ, verified=False)
        revision = repository.revision  # once by the branch's name, so that other tools find it in the cache
        present = here()
        for name in (name for name in files if name not in present):
            if not is_reachable(source.url):
                raise ConnectionError(f"{source.url} can't be reached any more")
            hf_hub_download(
                repository.name, name, repo_type=repository.kind, revision=revision, endpoint=source.url, token=token
            )
            revision = commit
        if wrong := _remove_wrong(here(), listed):
            raise OSError(f"{source.name} sent other bytes for {', '.join(wrong)} than its list promises")
        if len(here()) < len(files):
            raise OSError(f"{repository} moved on the Hub while it was downloaded; run this again")
    # Answers that don't parse, and Xet's own errors, are network failures as well.
    except (OSError, httpx.HTTPError, ValueError, KeyError, RuntimeError) as error:
        _remove_wrong(here(), listed)
        raise DownloadError(len(here()), len(files)) from error
    return here()[files[0]].parents[files[0].count("/")], files


def _remove_wrong(paths: Mapping[str, Path], listed: "Mapping[str, RepoSibling]") -> list[str]:
    """Remove every file that isn't what the source's list says, and name them."""
    wrong = [name for name, path in paths.items() if not _is_genuine(path, listed[name])]
    for name in wrong:
        blob = paths[name].resolve()
        paths[name].unlink()
        blob.unlink(missing_ok=True)
    return wrong


def _is_genuine(path: Path, entry: "RepoSibling") -> bool:
    if entry.size is not None and path.stat().st_size != entry.size:
        return False
    with path.open("rb") as file:
        if entry.lfs is not None:
            return hashlib.file_digest(file, "sha256").hexdigest() == entry.lfs.sha256
        if entry.blob_id is None:
            return True
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        digest.update(file.read())
        return digest.hexdigest() == entry.blob_id


def _drop_unfinished(repository: Repository, started: float) -> None:
    """Remove what this attempt left half-written, so that the next source doesn't append to it."""
    from huggingface_hub.constants import HF_HUB_CACHE

    blobs = Path(HF_HUB_CACHE) / f"{repository.kind}s--{repository.name.replace('/', '--')}" / "blobs"
    for path in blobs.glob("*.incomplete"):
        if path.stat().st_mtime >= started - 1:
            path.unlink(missing_ok=True)


def _report(source: Source, repository: Repository, error: OSError, following: Sequence[Source]) -> None:
    going = f"; going on with {following[0].name}" if following else ""
    cause = reason(error.__cause__ or error)
    if isinstance(error, DownloadError) and error.total:
        kept = f"{error.whole} of {error.total} files are whole and stay"
        logger.warning("%s failed while %s was downloaded (%s): %s%s", source.name, repository, cause, kept, going)
    elif following:
        logger.warning("%s doesn't serve %s (%s)%s", source.name, repository, cause, going)


def _verdict(repository: Repository, failures: Sequence[tuple[Source, OSError]]) -> HubError:
    """The most telling of the failures, explained; the others in brackets."""
    if not failures:
        return HubError(
            f"{repository} has no id in mirror.modelscope_ids: add its copy on ModelScope, or set another mirror.mode"
        )
    told = [str(explain(error.__cause__ or error, repository.name, repository.kind)) for _, error in failures]
    words = ("is gated", "no such revision", "lacks a file", "holds no file", "can't be downloaded")
    best = min(told, key=lambda text: next((rank for rank, word in enumerate(words) if word in text), len(words)))
    if len(told) == 1:
        return HubError(best)
    others = "; ".join(f"{source.name}: {reason(error.__cause__ or error)}" for source, error in failures)
    return HubError(f"{best} [{others}]")


def _what_is_here(repository: Repository, error: HubError) -> Path:
    """What another tool left in the cache, where the network gives nothing; else the error."""
    found = partly_cached(repository, os.environ)
    if found is None:
        raise error
    logger.warning("%s can't be compared with the Hub: using what is in the local cache (%s)", repository, found)
    return found
