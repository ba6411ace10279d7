"""ModelScope, which doesn't speak the Hub's protocol: its own library downloads, under an id from the config.

It is the extra `modelscope`. Only a stand-in on the loopback interface was tested, never modelscope.cn itself.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from toolgemma.errors import HubError
from toolgemma.hub.cache import matching
from toolgemma.hub.endpoints import Repository, Source
from toolgemma.hub.explain import reason

REVISION = "master"


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("modelscope") is not None


def download(
    source: Source, repository: Repository, identifier: str, patterns: Sequence[str]
) -> tuple[Path, list[str]]:
    """(folder, names of the files in it that match `patterns`); the revision is ModelScope's `master`.

    Raises:
        HubError: the extra is missing, or the config asks for a revision of the Hub.
        OSError: what the library raises.
    """
    if not is_installed():
        raise HubError("mirror.mode: modelscope needs the extra: `uv sync --extra modelscope`, or choose another mode")
    if repository.revision:
        raise HubError(f"{repository}: ModelScope doesn't know the Hub's revisions; remove the key, or another mode")
    from modelscope import snapshot_download
    from modelscope_hub.errors import HubError as LibraryError

    try:
        place = snapshot_download(
            identifier,
            revision=REVISION,
            repo_type=repository.kind,
            allow_patterns=list(patterns),
            endpoint=source.url,
        )
    except (LibraryError, ValueError, RuntimeError) as error:
        raise OSError(f"ModelScope: {reason(error)}") from error
    folder = Path(place)
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    files = matching(repository, names, patterns)
    if not files:
        raise HubError(f"{repository} ({identifier} on ModelScope) holds no file that is needed")
    return folder, files
