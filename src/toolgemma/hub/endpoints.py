"""Repositories, the sources that may serve them, and which of those may see a token."""

import os
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from toolgemma.config import MirrorSection

OFFICIAL = "https://huggingface.co"
MODELSCOPE = "modelscope"
"""Name of the one source that doesn't speak the Hub's protocol."""
Kind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True)
class Repository:
    """A model or dataset on the Hub; revision None is its default branch."""

    kind: Kind
    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" + (f" at {self.revision}" if self.revision else "")


@dataclass(frozen=True, slots=True)
class Source:
    """A place that serves repositories: its name in the config and its base URL without a slash at the end."""

    name: str
    url: str


def sources(section: "MirrorSection", environ: Mapping[str, str]) -> tuple[Source, ...]:
    """The sources that `mirror.mode` admits, in the config's order; more than one only for auto.

    A user's own HF_ENDPOINT is the one source of auto and none.
    """
    known = {name: url.rstrip("/") for name, url in section.endpoints.items()}
    if "://" in section.mode:
        return (Source(urlsplit(section.mode).netloc, section.mode.rstrip("/")),)
    if section.mode in known:
        return (Source(section.mode, known[section.mode]),)
    if own := environ.get("HF_ENDPOINT"):
        return (Source("HF_ENDPOINT", own.rstrip("/")),)
    if section.mode == "none":
        return (Source("huggingface", OFFICIAL),)
    return tuple(Source(name, url) for name, url in known.items())


def is_trusted(url: str, token_hosts: Collection[str]) -> bool:
    """Whether a token may be sent to `url`: the official Hub by https, or a host (or host:port) that the user named."""
    parts = urlsplit(url)
    if (parts.scheme, parts.netloc) == ("https", urlsplit(OFFICIAL).netloc):
        return True
    return parts.netloc in token_hosts or parts.hostname in token_hosts


def home(environ: Mapping[str, str]) -> Path:
    """Hugging Face's folder, by the rules of huggingface_hub: HF_HOME, else below XDG_CACHE_HOME, else ~/.cache."""
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expandvars(environ.get("HF_HOME") or f"{cache}/huggingface")).expanduser()


def login(environ: Mapping[str, str]) -> str | None:
    """The token of the user who is logged in, found without importing huggingface_hub."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if token := environ.get(name, "").strip():
            return token
    path = Path(environ.get("HF_TOKEN_PATH") or home(environ) / "token").expanduser()
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def is_offline(environ: Mapping[str, str]) -> bool:
    """Whether the user forbade the network, as huggingface_hub reads it."""
    words = {"1", "ON", "YES", "TRUE"}
    return any(environ.get(name, "").upper() in words for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def is_reachable(endpoint: str, timeout_s: float = 3.0) -> bool:
    """Whether something accepts a connection at `endpoint`. Behind a proxy only the proxy could tell: then it is True.

    huggingface_hub tries a dead endpoint six times for each file, 23 seconds in all.
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
