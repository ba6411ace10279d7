"""Figures as inline SVG whose colours and fonts are those of the page around them, in light and in dark.

matplotlib draws with placeholder colours; `_themed` turns them into CSS variables (`var(--tuned)`), style attributes
into presentation attributes (the page's Content-Security-Policy forbids inline style), and drops fonts, styles and
unused ids, so that several figures can stand in one page. Text stays text. Sizes are made for a phone (374 units wide);
the same data gives the same bytes.
"""

import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toolgemma.evaluation.errors import ANSWER_LABELS, LABELS
from toolgemma.evaluation.report.text import one_line
from toolgemma.evaluation.stats import Interval

WIDTH = 5.2
"""Inches; one is 72 units of the drawing."""
NAME = 28
"""Characters of a name beside an axis at most."""
_NAMES = (
    "ink", "muted", "line", "paper", "untuned", "tuned", "always-abstain", "first-offered-tool",
    *(f"label-{name.replace('_', '-')}" for name in dict.fromkeys((*LABELS, *ANSWER_LABELS))), "on-label",
)  # fmt: skip
_COLOURS = {name: f"#01{index:04x}" for index, name in enumerate(_NAMES, start=1)}
_VARIABLES = {placeholder: f"var(--{name})" for name, placeholder in _COLOURS.items()}
_BOTTOM, _RIGHT, _VALUES = 0.48, 0.12, 0.7
"""Inches: below the axes, beside them, and for the numbers of a vertical axis."""
_LETTER = 0.078
"""Inches that a letter of a name takes."""
_MARKERS = {"untuned": "s", "tuned": "o", "always_abstain": "D", "first_offered_tool": "x"}
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "toolgemma",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "font.size": 10,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor", "legend.labelcolor"), _COLOURS["ink"]
    ),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), _COLOURS["muted"]),
    "grid.color": _COLOURS["line"],
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_UNSTYLED = ("font-family", "font-stretch", "font-variant")


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one system over steps."""

    name: str
    system: str
    steps: Sequence[float]
    values: Sequence[float]
    dashed: bool = False


def colour(name: str) -> str:
    """The placeholder of a system's or a label's colour."""
    return _COLOURS[name.replace("_", "-")]


def intervals(
    groups: Sequence[str], systems: Mapping[str, Sequence[Interval | None]], *, xlabel: str = "%", signed: bool = False
) -> str:
    """Horizontal points with intervals, one line a group and system, in percent; `systems`: one entry a group.

    `signed`: gains, around a line at 0, instead of rates from 0 to 100.
    """

    def draw(axes: Axes) -> None:
        spread = 0.56 / max(1, len(systems) - 1)
        for number, (system, found) in enumerate(systems.items()):
            offset = (number - (len(systems) - 1) / 2) * spread
            points = [(index + offset, each) for index, each in enumerate(found) if each and each.point is not None]
            at = [position for position, _ in points]
            values = [100 * float(each.point or 0) for _, each in points]
            lows = [value - 100 * _or(each.low, each.point) for value, (_, each) in zip(values, points, strict=True)]
            highs = [100 * _or(each.high, each.point) - value for value, (_, each) in zip(values, points, strict=True)]
            axes.errorbar(
                values, at, xerr=[[max(0, x) for x in lows], [max(0, x) for x in highs]], fmt=_MARKERS[system],
                color=colour(system), markersize=6, capsize=2.5, elinewidth=1.4, markeredgewidth=1.6,
                label=system.replace("_", " "),
            )  # fmt: skip
        axes.set_yticks(range(len(groups)), [one_line(group, NAME) for group in groups])
        axes.set_ylim(len(groups) - 0.5, -0.5)
        if signed:
            axes.axvline(0, color=_COLOURS["ink"], linewidth=1)
            axes.margins(x=0.06)
        else:
            axes.set_xlim(-3, 103)
        axes.set_xlabel(xlabel)
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)

    height = len(groups) * (0.16 + 0.13 * len(systems))
    return _svg(draw, height=height, left=_left(groups), legend=len(systems) if len(systems) > 1 else 0)


def stacked(bars: Sequence[str], counts: Mapping[str, Sequence[int]], *, xlabel: str) -> str:
    """Horizontal stacked bars; `counts`: per label one count a bar. Shares of each bar's total."""
    totals = [sum(counts[label][index] for label in counts) for index in range(len(bars))]

    def draw(axes: Axes) -> None:
        left = [0.0] * len(bars)
        for label, found in counts.items():
            shares = [100 * count / total if total else 0.0 for count, total in zip(found, totals, strict=True)]
            axes.barh(
                range(len(bars)), shares, left=left, height=0.62, color=colour(f"label-{label}"),
                edgecolor=_COLOURS["ink"], linewidth=0.7, label=label,
            )  # fmt: skip
            for index, (share, count) in enumerate(zip(shares, found, strict=True)):
                if share >= 5:
                    axes.text(left[index] + share / 2, index, str(count), ha="center", va="center",
                              color=_COLOURS["on-label"], fontsize=9)  # fmt: skip
            left = [start + share for start, share in zip(left, shares, strict=True)]
        axes.set_yticks(range(len(bars)), [one_line(bar, NAME) for bar in bars])
        axes.set_ylim(len(bars) - 0.45, -0.55)
        axes.set_xlim(0, 100)
        axes.set_xlabel(xlabel)
        axes.tick_params(axis="y", length=0)

    return _svg(draw, height=0.42 * len(bars), left=_left(bars), legend=len(counts))


def curves(series: Sequence[Series], *, ylabel: str, mark: float | None = None, percent: bool = False) -> str:
    """Lines over steps; `mark`: the step of the evaluated checkpoint, as a vertical line."""

    def draw(axes: Axes) -> None:
        for each in series:
            values = [100 * value for value in each.values] if percent else each.values
            axes.plot(
                each.steps, values, color=colour(each.system), linestyle="--" if each.dashed else "-", linewidth=1.6,
                marker=_MARKERS.get(each.system, "^") if len(values) <= 40 else None, markersize=4, label=each.name,
            )  # fmt: skip
        if mark is not None:
            axes.axvline(mark, color=_COLOURS["ink"], linewidth=1, linestyle=":", label=f"evaluated, step {mark:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        if percent:
            axes.set_ylim(-3, 103)
        axes.set_xlabel("optimizer step")
        axes.set_ylabel(ylabel)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.grid(axis="y")

    entries = len(series) + (mark is not None)
    return _svg(draw, height=2.2, left=_VALUES, legend=entries if entries > 1 else 0)


def histogram(systems: Mapping[str, Sequence[float]], *, limit: float, xlabel: str, ylabel: str) -> str:
    """Counts by value, one outline a system, up to `limit`, which is drawn as a vertical line."""

    def draw(axes: Axes) -> None:
        bins = 24
        edges = [limit * index / bins for index in range(bins + 1)]
        for system, values in systems.items():
            axes.hist(
                list(values), bins=edges, histtype="step", color=colour(system), linewidth=1.8, label=system,
                linestyle="--" if system == "untuned" else "-",
            )  # fmt: skip
        axes.axvline(limit, color=_COLOURS["ink"], linewidth=1, linestyle=":", label=f"limit, {limit:g}")
        axes.set_xlim(0, limit * 1.02)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")

    return _svg(draw, height=2.0, left=_VALUES, legend=len(systems) + 1)


def _left(names: Sequence[str]) -> float:
    """Inches for names beside the axes."""
    return 0.15 + _LETTER * min(NAME, max(map(len, names), default=0))


def _or(value: float | None, other: float | None) -> float:
    return value if value is not None else other or 0.0


def _svg(draw: Callable[[Axes], None], *, height: float, left: float, legend: int) -> str:
    """Draw on axes of `height` inches whose labels take `left` inches; `legend`: entries above them, two a line."""
    top = 0.1 + 0.19 * -(-legend // 2)
    whole = height + top + _BOTTOM
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # the browser has the fonts
        figure = Figure(figsize=(WIDTH, whole))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((left / WIDTH, _BOTTOM / whole, 1 - (left + _RIGHT) / WIDTH, height / whole))
        draw(axes)
        if legend:
            figure.legend(loc="upper left", bbox_to_anchor=(0, 1), ncols=2, fontsize=9, handlelength=1.6,
                          columnspacing=1.2, borderpad=0, borderaxespad=0.2)  # fmt: skip
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _themed(stream.getvalue())


def _themed(drawing: bytes) -> str:
    """The drawing as an element for an HTML page."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(drawing)  # noqa: S314 - written by matplotlib, a line above
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    used = {value for node in root.iter() for value in _references(node)}
    for node in root.iter():
        _dress(node, used)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.attrib.update({"class": "plot", "aria-hidden": "true", "focusable": "false"})
    text = ElementTree.tostring(root, encoding="unicode")
    return text.replace(f' xmlns="{_SVG}"', "").replace("\n", "")


def _references(node: ElementTree.Element) -> list[str]:
    found = [value.partition("#")[2].rstrip(")") for value in node.attrib.values() if value.startswith("url(#")]
    return found + [node.attrib[key][1:] for key in (f"{{{_XLINK}}}href", "href") if key in node.attrib]


def _dress(node: ElementTree.Element, used: set[str]) -> None:
    """Style properties as attributes, placeholders as variables, no id that nothing refers to."""
    if node.attrib.get("id") not in used:
        node.attrib.pop("id", None)
    link = node.attrib.pop(f"{{{_XLINK}}}href", None)
    if link:
        node.set("href", link)
    for declaration in node.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            size = next((word for word in value.split() if word.endswith("px")), "10px")
            node.set("font-size", size)
        elif name and name not in _UNSTYLED:
            node.set(name, value)
    for name, value in node.attrib.items():
        if value in _VARIABLES:
            node.set(name, _VARIABLES[value])
