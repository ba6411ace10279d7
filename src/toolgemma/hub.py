"""The Hugging Face Hub: which endpoint to use, and what a failure there means for the user.

`environment` only computes: huggingface_hub reads `HF_ENDPOINT` once, at its own import, so the command line applies
the result before anything of Hugging Face is imported.
"""

import socket
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from toolgemma.errors import HubError

OFFICIAL = "https://huggingface.co"


def environment(endpoint: str | None) -> dict[str, str]:
    """Environment variables that make huggingface_hub use `endpoint`; None changes nothing."""
    return {} if endpoint is None else {"HF_ENDPOINT": endpoint.rstrip("/")}


def is_reachable(endpoint: str, timeout_s: float = 3.0) -> bool:
    """Whether something accepts a connection at `endpoint`. Behind a proxy only the proxy could tell: then it is True.

    huggingface_hub tries a dead endpoint six times for each file, 23 seconds in all, also where the file is cached.
    """
    parts = urlsplit(endpoint)
    if parts.scheme in getproxies() and not proxy_bypass(parts.hostname or ""):
        return True
    try:
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
        with socket.create_connection((parts.hostname or "", port), timeout_s):
            return True
    except (OSError, KeyError, ValueError):
        return False


def explain(error: BaseException, repository: str, kind: Literal["model", "dataset"]) -> HubError:
    """The one error, with its cure, that a failed access to `repository` deserves.

    The libraries wrap the Hub's answer in other exceptions, so the whole chain of causes is read.
    """
    names = {name for link in _chain(error) for name in (type(link).__name__, *_bases(link))}
    page = f"{OFFICIAL}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    if "GatedRepoError" in names:
        text = (
            f"{kind} {repository} is gated: accept its terms at {page}, then log in with `uv run hf auth login` or set "
            "HF_TOKEN, and run this again"
        )
    elif "RevisionNotFoundError" in names:
        text = f"{kind} {repository} has no such revision; check the key revision in the config"
    elif "RepositoryNotFoundError" in names or "DatasetNotFoundError" in names:
        text = (
            f"{kind} {repository} was not found on the Hub (or is private): check the spelling, log in with "
            "`uv run hf auth login` if it is yours, or name a local folder"
        )
    elif "OfflineModeIsEnabled" in names:
        text = (
            f"{kind} {repository} is not in the local cache and HF_HUB_OFFLINE is set; unset it or name a local folder"
        )
    elif names & {"EntryNotFoundError", "RemoteEntryNotFoundError"} and "LocalEntryNotFoundError" not in names:
        text = f"{kind} {repository} lacks a file that is needed ({error}); name another repository"
    else:
        text = (
            f"{kind} {repository} can't be downloaded ({_last_line(error)}): check the network; behind a slow link "
            "set mirror.endpoint in the config (such as https://hf-mirror.com), or name a local folder"
        )
    return HubError(text)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _bases(error: BaseException) -> list[str]:
    return [base.__name__ for base in type(error).__mro__]


def _last_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]
