"""Choose a source for each repository: measured, ranked, remembered for a day."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolgemma.hub.endpoints import MODELSCOPE, Repository, Source, is_offline, is_trusted, login, sources
from toolgemma.hub.memory import recall, remember
from toolgemma.hub.modelscope import is_installed
from toolgemma.hub.plan import Plan, make
from toolgemma.hub.probe import Measurement, ask, questions

if TYPE_CHECKING:
    from toolgemma.config import MirrorSection

HEAD_START = 2.0
"""The first source of the config, the official Hub by default, wins unless another is so many times faster."""


def choose(section: "MirrorSection", missing: Sequence[Repository], environ: Mapping[str, str]) -> Plan:
    """The plan for repositories that aren't on this disk: remembered, or measured now; nothing missing, no request."""
    orders: dict[str, tuple[str, ...]] = {}
    admitted = sources(section, environ)
    if len(admitted) > 1 and not is_offline(environ):
        names = {source.name for source in admitted}
        for repository in missing:
            remembered = recall(repository, conditions(section, environ), environ)
            if remembered is not None and set(remembered) <= names:
                orders[str(repository)] = remembered
        unknown = [repository for repository in missing if str(repository) not in orders]
        if unknown:
            orders |= orders_of(measure(section, unknown, environ), section, environ)
    in_order = {str(repository): orders[str(repository)] for repository in missing if str(repository) in orders}
    return make(section, in_order, environ)


def measure(
    section: "MirrorSection", repositories: Sequence[Repository], environ: Mapping[str, str]
) -> list[Measurement]:
    """Ask every admitted source for every repository, at once."""
    asked = questions(
        repositories,
        sources(section, environ),
        token=login(environ),
        token_hosts=section.token_hosts,
        modelscope_ids=section.modelscope_ids,
    )
    return ask(asked)


def orders_of(
    measured: Sequence[Measurement], section: "MirrorSection", environ: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The order of sources for each repository, remembered where one serves it."""
    orders: dict[str, tuple[str, ...]] = {}
    for repository in dict.fromkeys(one.repository for one in measured):
        mine = [one for one in measured if one.repository == repository]
        order = rank(mine, sources(section, environ)[0])
        if any(one.state == "serves" and is_usable(one) for one in mine):
            remember(repository, order, conditions(section, environ), environ)
        if order:
            orders[str(repository)] = order
    return orders


def is_usable(one: Measurement) -> bool:
    """Whether files could be fetched there; ModelScope needs its library."""
    return one.source.name != MODELSCOPE or is_installed()


def rank(measured: Sequence[Measurement], preferred: Source) -> tuple[str, ...]:
    """Names of the sources to try for one repository, best first: those that serve it, fastest first, then those that
    kept silent. Whoever lacks it or may not give it is left out, unless nobody serves it: then it explains why."""

    def worth(one: Measurement) -> tuple[float, float]:
        speed = (one.bytes_per_s or 0.0) * (HEAD_START if one.source == preferred else 1.0)
        return -speed, one.latency_s or 0.0

    usable = [one for one in measured if is_usable(one)]
    serving = sorted((one for one in usable if one.state == "serves"), key=worth)
    silent = [one for one in usable if one.state in ("silent", "broken")]
    refusing = [one for one in usable if one.state in ("gated", "lacks")]
    return tuple(one.source.name for one in (serving or refusing) + silent)


def conditions(section: "MirrorSection", environ: Mapping[str, str]) -> Any:
    """What an order depends on besides the network; another value, and it is measured again."""
    trusted = [source.url for source in sources(section, environ) if is_trusted(source.url, section.token_hosts)]
    return {
        "endpoints": dict(section.endpoints),
        "modelscope": [dict(section.modelscope_ids), is_installed()],
        "token": trusted if login(environ) else [],
    }
