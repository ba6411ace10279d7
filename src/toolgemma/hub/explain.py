"""What a failure on the Hub means for the user."""

from collections.abc import Iterator

from toolgemma.errors import HubError
from toolgemma.hub.endpoints import OFFICIAL, Kind


def explain(error: BaseException, repository: str, kind: Kind) -> HubError:
    """The one error, with its cure, that a failed access to `repository` deserves.

    The libraries wrap the Hub's answer in other exceptions, so the whole chain of causes is read.
    """
    if isinstance(error, HubError):
        return error
    names = {name for link in _chain(error) for name in (type(link).__name__, *_bases(link))}
    page = f"{OFFICIAL}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    if "GatedRepoError" in names:
        text = (
            f"{kind} {repository} is gated: accept its terms at {page}, then log in with `uv run hf auth login` or set "
            "HF_TOKEN, and run this again (a token goes to the official Hub and the hosts in mirror.token_hosts only)"
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
            f"{kind} {repository} can't be downloaded ({reason(error)}): check the network, compare the mirrors with "
            "`uv run toolgemma mirrors`, set mirror.mode or --mirror (such as hf-mirror), or name a local folder"
        )
    return HubError(text)


def reason(error: BaseException) -> str:
    """The first line of what an error says, its type where it says nothing."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _bases(error: BaseException) -> list[str]:
    return [base.__name__ for base in type(error).__mro__]
