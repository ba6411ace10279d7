"""The Hub and its mirrors: which of them answer, the login, and access to the model and the dataset."""

from dataclasses import replace

from toolgemma.config import Config
from toolgemma.doctor.findings import Finding, Findings, Severity, fine
from toolgemma.doctor.machine import HubAccess, Machine, Repository
from toolgemma.hub import OFFICIAL


def sources(machine: Machine, config: Config) -> Findings:
    """Which sources answer; silent where nobody had to be asked."""
    answers = machine.hub.answers if machine.hub else ()
    if not answers:
        return
    alive = [one.name for one in answers if one.answers]
    dead = [f"{one.name} ({one.detail})" for one in answers if not one.answers]
    if alive:
        yield fine("mirror", f"{', '.join(alive)} answer" + ("s" if len(alive) == 1 else "")
                   + (f"; not {', '.join(dead)}" if dead else ""))  # fmt: skip
    else:
        yield Finding(
            "mirror", "warning", f"no source answers: {', '.join(dead)}",
            "check the network and the proxy; a mirror of your own: --set mirror.mode=https://...",
        )  # fmt: skip


def login(machine: Machine, config: Config) -> Findings:
    """Whose token is set."""
    hub = machine.hub
    if hub is None:
        return
    if hub.token_refused:
        yield Finding("login", "warning", "the Hub refuses the token that is set (expired, or mistyped)", _LOGIN)
    elif hub.user:
        yield fine("login", f"logged in as {hub.user}")
    elif config.training.push_to_hub and not hub.has_token:
        yield Finding("login", "error", "training.push_to_hub needs a login with write access", _LOGIN)
    elif not hub.has_token:
        yield Finding("login", "note", "not logged in to the Hub; gated models and push_to_hub need it", _LOGIN)


def repositories(machine: Machine, config: Config) -> Findings:
    """Access to the base model and the dataset."""
    if machine.hub is None:
        return
    for one in machine.hub.repositories:
        found = _repository(one, machine.hub)
        if one.on_modelscope:
            found = replace(found, cure=f"{found.cure}\nor take ModelScope's copy: uv sync --extra modelscope")
        yield found


def _repository(one: Repository, hub: HubAccess) -> Finding:
    page = f"{OFFICIAL}/{'datasets/' if one.kind == 'dataset' else ''}{one.name}"
    key = "model.name" if one.kind == "model" else "dataset.path"
    # The datasets library has a cache of its own, which isn't looked into.
    severity: Severity = "error" if one.kind == "model" else "warning"
    if one.access == "local":
        return fine(one.kind, f"{one.name} is on this disk")
    if one.access == "cached":
        return fine(one.kind, f"{one.name} is in the local cache")
    if one.access == "open":
        return fine(one.kind, f"{one.name} can be downloaded ({', '.join(one.sources)})")
    if one.access == "gated":
        message, cure = _gated(one, hub, page)
        return Finding(one.kind, "error", message, cure)
    if one.access == "missing":
        message = f"{one.name} is on none of the sources ({', '.join(one.sources)}), or is private"
        return Finding(one.kind, "error", message, f"check {key} and the revision; if it is yours, log in: {_LOGIN}")
    if one.access == "offline":
        message = f"HF_HUB_OFFLINE is set and {one.name} isn't in the Hub's cache"
        return Finding(one.kind, severity, message, f"unset HF_HUB_OFFLINE, or set {key} to a local folder")
    message = f"{one.name} isn't on this disk and can't be asked for" + (f": {one.detail}" if one.detail else "")
    return Finding(one.kind, severity, message, f"see mirror; or copy it here and set {key} to its folder")


def _gated(one: Repository, hub: HubAccess, page: str) -> tuple[str, str]:
    urls = {answer.name: answer.url for answer in hub.answers}
    if OFFICIAL not in [urls.get(name) for name in one.sources]:
        return (
            f"{one.name} is gated, and {', '.join(one.sources)} gives it to nobody without a login (a mirror is shown "
            "your token only if mirror.token_hosts names it)",
            "--set mirror.mode=huggingface with a login, or copy it here and set model.name to its folder",
        )
    if hub.user:
        return f"{one.name} is gated, and {hub.user} has not accepted its terms", f"accept them at {page} as {hub.user}"
    return f"{one.name} is gated, and you are not logged in", f"accept its terms at {page}, then:\n{_LOGIN}"


_LOGIN = "uv run hf auth login"
