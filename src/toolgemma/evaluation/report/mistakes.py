"""What the model does wrong: the taxonomy, accuracy by tool, gold tool against called tool, length."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import quantiles

from toolgemma.evaluation.decisions import HEADLINE_VIEW
from toolgemma.evaluation.errors import ANSWER_LABELS, LABELS
from toolgemma.evaluation.report import plots
from toolgemma.evaluation.report.blocks import Block, Matrix, Plot, Plots, Section, from_sheet, plot, table, text
from toolgemma.evaluation.report.headline import ORDER
from toolgemma.evaluation.report.saved import Asked, Line, Saved
from toolgemma.evaluation.report.text import one_line
from toolgemma.evaluation.stats import Interval, wilson
from toolgemma.evaluation.table import NOTHING, sheets

NO_CALL, MALFORMED, NOT_DUE, OTHERS = "(no call)", "(malformed)", "(no call due)", "(other tools)"
SAME = "(the same tool)"
_TOOLS_DRAWN = 20
_TOOLS_LISTED = 200
_TOOLS_OPEN = 15
_TOOLS_CROSSED = 12
_PAIRS_LISTED = 20
_NAME = 60


def taxonomy(saved: Saved) -> Section:
    """Labels of both turns as stacked bars, and as tables with their sub-labels."""
    systems = [name for name in ORDER if name in saved.metrics["systems"]]
    views = {name: saved.metrics["systems"][name]["views"].get(HEADLINE_VIEW, {}) for name in systems}
    drawn: list[Plot] = []
    for key, labels, what in (
        ("labels", LABELS, "tool-call decisions (D1)"),
        ("answer_labels", ANSWER_LABELS, "answers after a result (D2)"),
    ):
        bars = [name for name in systems if views[name].get(key)]
        if not bars:
            continue
        counts = {
            label: [sum(views[name][key].get(label, {}).values()) for name in bars] for label in ("ok", *labels[:-1])
        }
        counts = {label: found for label, found in counts.items() if any(found)}
        said = "; ".join(
            f"{name}: " + ", ".join(f"{label} {found[index]}" for label, found in counts.items() if found[index])
            for index, name in enumerate(bars)
        )
        drawn.append(
            plot(plots.stacked(bars, counts, xlabel=f"share of {what}, %"), f"Labels of {what}, counts inside", said)
        )
    blocks: list[Block] = [
        text(
            "D1 is the turn that calls a tool or rightly doesn't, D2 the answer after a result. Every decision has "
            "exactly one label, the first that matches; ok is tool_call_accuracy 1."
        ),
        Plots(tuple(drawn)),
    ]
    blocks += [from_sheet(each) for each in sheets(saved.metrics) if each.title.startswith(("D1 errors", "D2 errors"))]
    return Section("errors", "What goes wrong", tuple(blocks))


def tools(saved: Saved) -> Section:
    """Accuracy by gold tool, and which tool was called instead."""
    right = {system: _by_tool(saved, system) for system in saved.lines}
    counted = Counter({name: total for name, (_, total) in right["tuned"].items()})
    order = [name for name, _ in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))]
    blocks: list[Block] = []
    if not order:
        blocks.append(text("No decision of this evaluation calls for a tool."))
        return Section("tools", "By tool", tuple(blocks))
    blocks.append(Plots((_tools_drawing(order, right), _tools_labels(saved, order[:_TOOLS_DRAWN]))))
    rows = [(name, *(_share(right[system].get(name, (0, 0))) for system in right)) for name in order[:_TOOLS_LISTED]]
    if len(order) > _TOOLS_LISTED:
        blocks.append(text(f"The table holds the {_TOOLS_LISTED} most frequent of {len(order)} tools.", "note"))
    caption = "tool_call_accuracy by gold tool: right of all, 95 % interval"
    blocks.append(table(caption, ("gold tool", *right), rows, folded=len(rows) > _TOOLS_OPEN))
    crossed = {system: _crossed(saved, system) for system in right}
    blocks += [_matrix(counts, system) for system, counts in crossed.items()]
    blocks += [block for system, counts in crossed.items() for block in _instead(counts, system)]
    return Section("tools", "By tool", tuple(blocks))


def _tools_drawing(order: Sequence[str], right: Mapping[str, Mapping[str, tuple[int, int]]]) -> Plot:
    shown = order[:_TOOLS_DRAWN]
    series: dict[str, Sequence[Interval | None]] = {
        system: [wilson(*right[system].get(name, (0, 0))) for name in shown] for system in right
    }
    caption = "tool_call_accuracy of the decisions that call for a tool, with 95 % intervals; in brackets: decisions"
    if len(order) > len(shown):
        caption += f"; the {len(shown)} most frequent of {len(order)} tools"
    names = [f"{one_line(name, plots.NAME - 6)} ({right['tuned'][name][1]})" for name in shown]
    said = ", ".join(f"{name} {right['tuned'][name][0]} of {right['tuned'][name][1]}" for name in shown[:5])
    alt = f"tuned, most frequent tools: {said}; every value stands in the table below"
    return plot(plots.intervals(names, series), caption, alt)


def _tools_labels(saved: Saved, shown: Sequence[str]) -> Plot:
    """Labels of the tuned model by gold tool."""
    found = Counter(
        (name, score.label)
        for _, asked, score in saved.decisions("tuned")
        for name in {str(call["name"]) for call in asked.calls}
    )
    counts = {label: [found[name, label] for name in shown] for label in ("ok", *LABELS[:-1])}
    counts = {label: numbers for label, numbers in counts.items() if any(numbers)}
    said = ", ".join(f"{label} {sum(numbers)}" for label, numbers in counts.items())
    drawing = plots.stacked(shown, counts, xlabel="share of the tool's decisions, %")
    return plot(drawing, "Labels by gold tool, tuned model, counts inside", f"over these tools: {said}")


def length(saved: Saved) -> Section:
    """Whether turns end by themselves, and how long they get."""
    limit = int(saved.metrics.get("identity", {}).get("decoding", {}).get("max_new_tokens", 0))
    seen = {system: _once(lines) for system, lines in saved.lines.items()}
    rows = []
    for system, lines in seen.items():
        for kind in ("D1", "D2"):
            chosen = [line for line in lines if line.turn == kind]
            stopped = sum(line.ended == "length" for line in chosen)
            if chosen:
                rows.append(
                    (system, kind, _share((stopped, len(chosen))), *_quartiles([line.tokens for line in chosen]))
                )
    heads = ("system", "turn", "truncated", "25 %", "median", "75 %", "longest")
    tokens = {system: [line.tokens for line in lines] for system, lines in seen.items()}
    limit = limit or max((max(found, default=1) for found in tokens.values()), default=1)
    said = "; ".join(
        f"{system} {kind}: truncated {share}, median {middle} tokens" for system, kind, share, _, middle, *_ in rows
    )
    drawing = plots.histogram(tokens, limit=limit, xlabel="generated tokens of a turn", ylabel="turns")
    kinds = {"D1": "calls (D1)", "D2": "answers (D2)"}
    truncated: dict[str, Sequence[Interval | None]] = {
        system: [wilson(*_cut([line for line in lines if line.turn == kind])) for kind in kinds]
        for system, lines in seen.items()
    }
    rates = plots.intervals(list(kinds.values()), truncated, xlabel="truncated turns, %")
    words = (
        f"A turn that needs more than max_new_tokens ({limit}) is cut and counts as truncated. A model that has "
        "learned where a turn ends is rarely cut. Every distinct prompt counts once, over all views."
    )
    drawn = (
        plot(drawing, "Length of the generated turns", said),
        plot(rates, "Turns cut by the limit, with 95 % intervals; lower is better", said),
    )
    blocks = (text(words), Plots(drawn), table("Generated tokens a turn", heads, rows, names=2))
    return Section("length", "Length", blocks)


def _cut(lines: Sequence[Line]) -> tuple[int, int]:
    """(cut by the limit, all) turns."""
    return sum(line.ended == "length" for line in lines), len(lines)


def _by_tool(saved: Saved, system: str) -> dict[str, tuple[int, int]]:
    """(right, all) decisions of the headline view by tool of the gold calls."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for _, asked, score in saved.decisions(system):
        for name in {str(call["name"]) for call in asked.calls}:
            total[name] += 1
            right[name] += score.correct
    return {name: (right[name], total[name]) for name in total}


def _pairs(line: Line, asked: Asked) -> Iterator[tuple[str, str]]:
    """(gold, called) tool of each call: the same names first, then what is left of both, in order."""
    gold, called = Counter(call["name"] for call in asked.calls), Counter(call["name"] for call in line.calls)
    for name, count in (gold & called).items():
        yield from [(name, name)] * count
    left, other = list((gold - called).elements()), list((called - gold).elements()) + [MALFORMED] * len(line.malformed)
    for index in range(max(len(left), len(other))):
        yield (left[index] if index < len(left) else NOT_DUE), (other[index] if index < len(other) else NO_CALL)


def _crossed(saved: Saved, system: str) -> Counter[tuple[str, str]]:
    """Calls of the headline view by (gold, called) tool."""
    counts: Counter[tuple[str, str]] = Counter()
    quiet = 0
    for line, asked, _ in saved.decisions(system):
        found = Counter(_pairs(line, asked))
        quiet += not found
        counts += found
    if quiet:
        counts[NOT_DUE, NO_CALL] = quiet
    return counts


def _instead(counts: Counter[tuple[str, str]], system: str) -> Iterator[Block]:
    wrong = [(pair, count) for pair, count in counts.most_common() if pair[0] != pair[1] and pair != (NOT_DUE, NO_CALL)]
    rows = [(gold, called, count) for (gold, called), count in wrong[:_PAIRS_LISTED]]
    more = f", the {_PAIRS_LISTED} most frequent of {len(wrong)} pairs" if len(wrong) > _PAIRS_LISTED else ""
    if rows:
        yield table(
            f"Called instead, {system}{more}", ("gold tool", "called tool", "calls"), rows, names=2, folded=True
        )


def _matrix(counts: Counter[tuple[str, str]], system: str) -> Matrix:
    """Calls by gold and called tool; beyond the most frequent tools everything is added up as other tools."""
    special = (NO_CALL, MALFORMED, NOT_DUE)
    frequency: Counter[str] = Counter()
    for (gold, called), count in counts.items():
        frequency[gold] += count
        frequency[called] += count
    named = sorted((name for name in frequency if name not in special), key=lambda name: (-frequency[name], name))
    kept = named[:_TOOLS_CROSSED]
    crossed: Counter[tuple[str, str]] = Counter()
    for (gold, called), count in counts.items():
        row = gold if gold in kept or gold in special else OTHERS
        column = called if called in kept or called in special else SAME if called == gold else OTHERS
        crossed[row, column] += count
    rows = [*kept, OTHERS, NOT_DUE]
    columns = [*kept, SAME, OTHERS, MALFORMED, NO_CALL]
    used_rows = [name for name in rows if any(crossed[name, column] for column in columns)]
    used_columns = [name for name in columns if any(crossed[row, name] for row in rows)]
    more = (
        f" The {len(kept)} most frequent of {len(named)} tools; the rest is added up." if len(named) > len(kept) else ""
    )
    return Matrix(
        f"Gold tool (rows) against called tool (columns), {system}: calls.{more}",
        "gold tool",
        tuple(one_line(name, _NAME) for name in used_columns),
        tuple((one_line(name, _NAME), tuple(crossed[name, column] for column in used_columns)) for name in used_rows),
        frozenset({(one_line(name, _NAME),) * 2 for name in kept} | {(NOT_DUE, NO_CALL), (OTHERS, SAME)}),
    )


def _once(lines: Sequence[Line]) -> list[Line]:
    """One line a distinct prompt."""
    return list({line.prompt_sha256: line for line in lines}.values())


def _share(counts: tuple[int, int]) -> str:
    some, total = counts
    if not total:
        return NOTHING
    found = wilson(some, total)
    return f"{some}/{total} = {100 * some / total:.0f} % [{100 * (found.low or 0):.0f}, {100 * (found.high or 0):.0f}]"


def _quartiles(values: Sequence[int]) -> tuple[str, ...]:
    low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return f"{low:.0f}", f"{middle:.0f}", f"{high:.0f}", str(max(values))
