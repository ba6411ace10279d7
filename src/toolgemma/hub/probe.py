"""Measure sources side by side: one small metadata request for each repository, and one piece of a file of it.

LIMIT_S of wall time for everything; whoever hasn't answered by then counts as silent. The threads are daemons,
so that a host which swallows packets doesn't keep the process alive.
"""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from toolgemma.hub.endpoints import MODELSCOPE, Repository, Source, is_trusted
from toolgemma.hub.explain import reason

if TYPE_CHECKING:
    import httpx

LIMIT_S = 2.5
SAMPLE_BYTES = 256 * 1024
"""Bytes of a file that are read at most."""
_SAMPLES = ("tokenizer.json", "tokenizer.model", "config.json", "README.md")
State = Literal["serves", "lacks", "gated", "silent", "broken"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one source is to one repository. silent: no answer; broken: an answer that is no Hub's."""

    repository: Repository
    source: Source
    state: State
    detail: str = ""
    latency_s: float | None = None
    """From the request to the answer's first byte, connecting included."""
    bytes_per_s: float | None = None
    """Of one piece of a file, from the request to its last byte."""


@dataclass(frozen=True, slots=True)
class Question:
    """How a repository is asked of a source: metadata address, file address, and the token it may see."""

    repository: Repository
    source: Source
    metadata: str
    file: str
    """With {path} in it."""
    headers: Mapping[str, str]


def questions(
    repositories: Sequence[Repository],
    sources: Sequence[Source],
    *,
    token: str | None,
    token_hosts: Sequence[str],
    modelscope_ids: Mapping[str, str],
) -> list[Question]:
    """One for each pair that can be asked; ModelScope only under a configured id."""
    made = []
    for repository in repositories:
        for source in sources:
            headers = {"Authorization": f"Bearer {token}"} if token and is_trusted(source.url, token_hosts) else {}
            if source.name == MODELSCOPE:
                identifier = modelscope_ids.get(repository.name)
                if identifier is None:
                    continue
                start = f"{source.url}/api/v1/{repository.kind}s/{identifier}"
                listing = "files?" if repository.kind == "model" else "tree?PageNumber=1&PageSize=200&"
                listing = f"{start}/repo/{listing}Revision=master&Recursive=True"
                made.append(Question(repository, source, listing, start + "/repo?Revision=master&FilePath={path}", {}))
                continue
            revision = quote(repository.revision or "main", safe="")
            start = f"{source.url}/api/{repository.kind}s/{repository.name}/revision/{revision}"
            place = f"{'datasets/' if repository.kind == 'dataset' else ''}{repository.name}"
            file = f"{source.url}/{place}/resolve/{revision}/{{path}}"
            made.append(Question(repository, source, start, file, headers))
    return made


def ask(asked: Sequence[Question], limit_s: float = LIMIT_S) -> list[Measurement]:
    """Ask everything at once and return within `limit_s` seconds, one measurement for each question, in its order."""
    import httpx

    deadline = time.monotonic() + limit_s
    answers: queue.SimpleQueue[tuple[int, Measurement]] = queue.SimpleQueue()
    client = httpx.Client(timeout=limit_s, follow_redirects=True)

    def put(number: int, question: Question) -> None:
        answers.put((number, _ask(client, question, deadline)))

    for number, question in enumerate(asked):
        threading.Thread(target=put, args=(number, question), daemon=True).start()
    found: dict[int, Measurement] = {}
    while len(found) < len(asked):
        try:
            number, answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[number] = answer
    silence = f"no answer in {limit_s:g} s"
    return [
        found.get(number) or Measurement(question.repository, question.source, "silent", silence)
        for number, question in enumerate(asked)
    ]


def _ask(client: "httpx.Client", question: Question, deadline: float) -> Measurement:
    import httpx

    def answer(state: State, detail: str = "", *figures: float | None) -> Measurement:
        return Measurement(question.repository, question.source, state, detail, *figures)

    started = time.monotonic()
    try:
        response = client.get(question.metadata, headers=question.headers)
        latency = time.monotonic() - started
        if response.status_code in (401, 404):
            return answer("lacks", "no such repository, or private", latency)
        if response.status_code == 403:
            return answer("gated", "refuses this login", latency)
        if response.status_code != 200:
            return answer("broken", f"answers {response.status_code}", latency)
        paths = _paths(response)
        if paths is None:
            kind = response.headers.get("content-type", "no content type").partition(";")[0]
            return answer("broken", f"answers, but is no Hub ({kind})", latency)
        status, speed = _sample(client, question, paths, deadline)
    except httpx.TimeoutException:
        return answer("silent", "no answer in time")
    except (httpx.HTTPError, OSError, ValueError) as error:
        return answer("silent", reason(error))
    if status in (401, 403):
        return answer("gated", "gated: needs a token that may read it", latency)
    if status >= 400:
        return answer("broken", f"lists it, but answers {status} for a file", latency)
    return answer("serves", "", latency, speed)


def _paths(response: "httpx.Response") -> list[str] | None:
    """The file names that a metadata answer lists, the Hub's or ModelScope's; None if it is no such answer."""
    try:
        found: Any = response.json()
    except ValueError:
        return None
    try:
        if "siblings" in found:
            return [str(entry["rfilename"]) for entry in found["siblings"]]
        return [str(entry["Path"]) for entry in found["Data"]["Files"]]
    except (KeyError, TypeError):
        return None


def _sample(
    client: "httpx.Client", question: Question, paths: Sequence[str], deadline: float
) -> tuple[int, float | None]:
    """(status, bytes a second) of the first piece of the file that tells most; None where nothing came in time."""
    fallback = "config.json" if question.repository.kind == "model" else "README.md"
    data = [path for path in paths if path.endswith((".parquet", ".jsonl", ".json"))]
    known = [path for path in _SAMPLES if path in paths]
    order = [*data, *known] if question.repository.kind == "dataset" else [*known, *data]
    path = next(iter(order), next(iter(paths), fallback))
    started, received = time.monotonic(), 0
    headers = {**question.headers, "Range": f"bytes=0-{SAMPLE_BYTES - 1}", "Accept-Encoding": "identity"}
    with client.stream("GET", question.file.format(path=quote(path)), headers=headers) as response:
        if response.status_code >= 400:
            return response.status_code, None
        for chunk in response.iter_raw():
            received += len(chunk)
            if received >= SAMPLE_BYTES or time.monotonic() >= deadline - 0.2:
                break
    return 200, received / max(time.monotonic() - started, 1e-6) if received else None
