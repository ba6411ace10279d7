"""What `evaluate --suite bfcl` prints, from its report alone.

                       rows   always abstain %   untuned % [95 %]    undecoded %   tuned % [95 %]      undecoded %
    simple_python       400                0.0   3.5 [2.1, 5.8]             88.0   61.0 [56.1, 65.7]           4.5
    non_live_python                        0.0   1.2                               52.4

*Undecoded* is the decode-failure rate: most failures of small models are of format, so it stands beside each accuracy.
Of the two baselines without a model it is known: 100 for always abstain where a call is due, else 0.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from toolgemma.evaluation.table import NOTHING, Sheet

SYSTEMS = ("always_abstain", "first_offered_tool", "untuned", "tuned")
MODELS = ("untuned", "tuned")


def sheets(report: Mapping[str, Any]) -> list[Sheet]:
    """All tables of a report, as `bfcl_runner.evaluate_bfcl` returns it or as read back from bfcl.json."""
    at_most = f", at most {report['max_samples']} a category" if report["max_samples"] else ""
    title = f"BFCL {report['version']}, single turn, Python: {report['rows']} rows{at_most} ({report['source']})"
    found = [_scores(title, report["systems"]), *_changes(report), _beside(report)]
    clean = report["decontaminated"]
    if clean:
        title = (
            f"Without the {len(clean['left_out'])} rows that offer a tool named as one of the "
            f"{clean['train_tools']} in the training rows"
        )
        found.insert(1, _scores(title, clean["systems"]))
    return found


def sources(report: Mapping[str, Any]) -> Iterator[str]:
    """Where the published figures are from, and what they can't tell."""
    for entry in report["published"]:
        yield f"{entry['model']} ({entry['mode']}): {entry['source']}"
    yield (
        "Published figures come from other prompts and decoders, and simple* is a mean over Python, Java and "
        "JavaScript rows: read differences of a few points as nothing."
    )


def _scores(title: str, systems: Mapping[str, Any]) -> Sheet:
    """Accuracy of every system, the decode-failure rate beside a model's, then the aggregates."""
    shown = [name for name in SYSTEMS if name in systems]
    heads = ["category", "rows"]
    for name in shown:
        label = name.replace("_", " ")
        heads += [f"{label} % [95 %]", "undecoded %"] if name in MODELS else [f"{label} %"]
    rows = []
    first = systems[shown[0]]
    for category, line in first["categories"].items():
        cells = [category, str(line["rows"])]
        for name in shown:
            cells += _cells(systems[name]["categories"][category], name in MODELS)
        rows.append(tuple(cells))
    for aggregate, value in first["aggregates"].items():
        if value is not None:
            cells = [aggregate, ""]
            for name in shown:
                cells += [_percent(systems[name]["aggregates"][aggregate])] + [""] * (name in MODELS)
            rows.append(tuple(cells))
    return Sheet(title, tuple(heads), tuple(rows))


def _cells(line: Mapping[str, Any], model: bool) -> list[str]:
    accuracy = line["accuracy"]
    if not model:
        return [_percent(accuracy["point"])]
    interval = f" [{_percent(accuracy['low'])}, {_percent(accuracy['high'])}]"
    return [_percent(accuracy["point"]) + interval, _percent(line["decode_failure_rate"])]


def _changes(report: Mapping[str, Any]) -> Iterator[Sheet]:
    """Fixed and broken rows from the untuned to the tuned model, where both were scored."""
    if report["change"]:
        rows = tuple(
            (name, str(test["fixed"]), str(test["broken"]), f"{test['p']:.3f}", f"{test['p_holm']:.3f}")
            for name, test in report["change"].items()
        )
        yield Sheet(
            "From untuned to tuned (exact McNemar; Holm over the categories)",
            ("category", "fixed", "broken", "p", "p (Holm)"),
            rows,
        )


def _beside(report: Mapping[str, Any]) -> Sheet:
    """Our models beside the published figures, in percent."""
    shown = [name for name in MODELS if name in report["systems"]]
    published = report["published"]
    heads = ("category", *shown, *(f"{entry['model'].rpartition('/')[2]} ({entry['mode']})" for entry in published))
    rows = []
    for category in report["systems"][shown[0]]["categories"]:
        ours = [report["systems"][name]["categories"][category]["accuracy"]["point"] for name in shown]
        theirs = [_published(entry["accuracy"], category) for entry in published]
        rows.append((category, *map(_percent, ours), *theirs))
    return Sheet("Beside published figures, %", heads, tuple(rows))


def _published(accuracy: Mapping[str, float], category: str) -> str:
    if category in accuracy:
        return f"{accuracy[category]:.1f}"
    if category == "simple_python" and "simple" in accuracy:
        return f"{accuracy['simple']:.1f}*"
    return NOTHING


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f}"
