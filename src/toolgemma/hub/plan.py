"""What was decided about sources, and how it travels: in one environment variable, applied by the command line."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from toolgemma.hub.endpoints import MODELSCOPE, OFFICIAL, Repository, Source, is_trusted, sources
from toolgemma.hub.modelscope import is_installed

if TYPE_CHECKING:
    from toolgemma.config import MirrorSection

VARIABLE = "TOOLGEMMA_MIRROR"


@dataclass(frozen=True, slots=True)
class Plan:
    """The admitted sources, the order in which each repository tries them, and who may see a token."""

    sources: tuple[Source, ...]
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of sources, best first, by `str(repository)`."""
    token_hosts: tuple[str, ...] = ()
    modelscope_ids: Mapping[str, str] = field(default_factory=dict)
    upload: str | None = None
    """Where `push_to_hub` writes; None is huggingface_hub's own choice."""

    def order(self, repository: Repository) -> list[Source]:
        """The sources to try for `repository`, best first; the config's order where nothing was measured."""
        named = {source.name: source for source in self.sources}
        chosen = [named[name] for name in self.orders.get(str(repository), named)]
        others = [source for source in chosen if source.name != MODELSCOPE]
        if repository.name in self.modelscope_ids and (is_installed() or not others):
            return chosen
        return others


def environment(plan: Plan, section: "MirrorSection") -> dict[str, str]:
    """Variables to set before any Hugging Face library is imported, so that each of them follows the plan.

    HF_ENDPOINT is the first choice for the first repository of the plan. The implicit token is switched off where
    that host may not see it, and Xet where a mirror may be asked: its data come from storage hosts of the official
    Hub, past the mirror.
    """
    named = {source.name: source for source in plan.sources}
    first = [*(named[name] for order in plan.orders.values() for name in order), *plan.sources]
    endpoint = next((source.url for source in first if source.name != MODELSCOPE), None)
    variables = {VARIABLE: json.dumps(asdict(plan))}
    if endpoint:
        variables["HF_ENDPOINT"] = endpoint
        if not is_trusted(endpoint, plan.token_hosts):
            variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"  # noqa: S105 - a switch
    mirrored = any(source.url != OFFICIAL for source in plan.sources)
    if section.xet == "off" or (section.xet == "auto" and mirrored):
        variables["HF_HUB_DISABLE_XET"] = "1"
    return variables


def make(section: "MirrorSection", orders: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]) -> Plan:
    """The plan of a config, with the orders that were measured. Uploads go to the official Hub, or to the user's own
    HF_ENDPOINT where it is trusted with tokens and `mirror.mode` is none."""
    own, hosts = environ.get("HF_ENDPOINT"), tuple(section.token_hosts)
    upload = own if own and section.mode == "none" and is_trusted(own, hosts) else OFFICIAL
    return Plan(sources(section, environ), orders, hosts, dict(section.modelscope_ids), upload)


def current(environ: Mapping[str, str]) -> Plan:
    """The plan that the command line applied; without one, HF_ENDPOINT or the official Hub alone."""
    text = environ.get(VARIABLE)
    if text is None:
        return Plan((Source("the Hub", environ.get("HF_ENDPOINT", OFFICIAL).rstrip("/")),))
    values = json.loads(text)
    return Plan(
        tuple(Source(**source) for source in values["sources"]),
        {key: tuple(names) for key, names in values["orders"].items()},
        tuple(values["token_hosts"]),
        values["modelscope_ids"],
        values["upload"],
    )
