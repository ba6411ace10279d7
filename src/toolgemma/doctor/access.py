"""Whether a config's model and dataset can be had: on this disk, in the cache, or from a source that serves them.

The sources are measured as `toolgemma mirrors` does, all at once and in 2.5 seconds; whose token it is costs one more
request, to the official Hub. Nobody is asked where nothing is missing or HF_HUB_OFFLINE is set.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolgemma import hub
from toolgemma.config import Config
from toolgemma.doctor.machine import Access, Answer, HubAccess, Repository
from toolgemma.hub import choose, endpoints
from toolgemma.hub.probe import Measurement

_TIMEOUT_S = 5.0


def look(config: Config) -> HubAccess:
    """Access to what `config` names."""
    token, offline = endpoints.login(os.environ), endpoints.is_offline(os.environ)
    found = {one.kind: _local(one, config) for one in _wanted(config)}
    missing = [one for one in _wanted(config) if found[one.kind] is None]
    measured = choose.measure(config.mirror, missing, os.environ) if missing and not offline else []
    repositories = []
    for one in _wanted(config):
        mine = [answer for answer in measured if answer.repository == one]
        here = found[one.kind]
        repositories.append(here or (_absent(one) if offline else _judge(one, mine)))
    answers = _answers(measured)
    official = any(answer.url == hub.OFFICIAL and answer.answers for answer in answers)
    user, refused = _who(token) if token and official else (None, False)
    return HubAccess(answers, offline, token is not None, user, refused, tuple(repositories))


def config_json(config: Config) -> Path | None:
    """config.json of the base model, where it is on this disk."""
    local = Path(config.model.name) / "config.json"
    if local.is_file():
        return local
    repository = hub.Repository("model", config.model.name, config.model.revision)
    folder = hub.cached(repository, hub.TOKENIZER_FILES, os.environ)
    return folder / "config.json" if folder and (folder / "config.json").is_file() else None


def _wanted(config: Config) -> tuple[hub.Repository, hub.Repository]:
    return (
        hub.Repository("model", config.model.name, config.model.revision),
        hub.Repository("dataset", config.dataset.path or config.dataset.name, config.dataset.revision),
    )


def _local(one: hub.Repository, config: Config) -> Repository | None:
    """The repository where it needs no download; rows that are prepared already need no dataset."""
    if one.kind == "model":
        here = Path(one.name).is_dir()
    else:
        here = config.dataset.path is not None or (Path(config.dataset.prepared_dir) / "report.json").is_file()
    if here:
        return Repository(one.kind, one.name, "local")
    if Path(one.name).is_absolute():  # no Hub id
        return Repository(one.kind, one.name, "missing", ("this disk",))
    files = hub.MODEL_FILES if one.kind == "model" else hub.DATASET_FILES
    return Repository(one.kind, one.name, "cached") if hub.cached(one, files, os.environ) else None


def _absent(one: hub.Repository) -> Repository:
    return Repository(one.kind, one.name, "offline")


def _judge(one: hub.Repository, measured: Sequence[Measurement]) -> Repository:
    """The best that any source says of a repository."""
    usable = [answer for answer in measured if choose.is_usable(answer)]
    copied = any(answer.state == "serves" for answer in measured if answer not in usable)
    order: tuple[tuple[str, Access], ...] = (("serves", "open"), ("gated", "gated"), ("lacks", "missing"))
    for state, access in order:
        names = tuple(answer.source.name for answer in usable if answer.state == state)
        if names:
            return Repository(one.kind, one.name, access, names, on_modelscope=copied and access != "open")
    detail = next((answer.detail for answer in measured if answer.detail), "")
    return Repository(one.kind, one.name, "unreachable", detail=detail, on_modelscope=copied)


def _answers(measured: Sequence[Measurement]) -> tuple[Answer, ...]:
    """Each source that was asked, and whether it answered as a Hub does."""
    found: dict[str, Answer] = {}
    for one in measured:
        answers = one.state not in ("silent", "broken") or (one.source.name in found and found[one.source.name].answers)
        found[one.source.name] = Answer(one.source.name, one.source.url, answers, one.detail)
    return tuple(found.values())


def _who(token: str) -> tuple[str | None, bool]:
    """(name of the token's owner, whether the Hub refuses the token); (None, False) where it doesn't say."""
    import httpx

    try:
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.get(f"{hub.OFFICIAL}/api/whoami-v2", headers=headers, timeout=_TIMEOUT_S)
        body: Any = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError):
        return None, False
    return (body.get("name") if isinstance(body, dict) else None), answer.status_code == 401
