"""Our BFCL rules against the official checker on mutated predictions, label by label.

    uv sync --group oracle && uv run python benchmarks/bfcl_parity.py [--cases 1000000] [--seed 1]

Writes benchmarks/results/bfcl_parity.json and .md; exits with 1 if a single case disagrees. About 35 seconds a million.
"""

import argparse
import json
import platform
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import bfcl_oracle
from toolgemma.conversation import ToolCall
from toolgemma.evaluation.bfcl_data import gold_calls, read

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rows = read("wheel").rows
    official = bfcl_oracle.load()
    found = measure(rows, official, arguments.cases, arguments.seed)
    rejected = [
        row.id
        for row in rows
        if row.gold and official((row.category, row.docs, list(gold_calls(row)), row.gold)) != "ok"
    ]
    found |= {"gold_rejected_by_the_official_checker": rejected, "rows": sum(bool(row.gold) for row in rows)}
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2) + "\n"
    (RESULTS / "bfcl_parity.json").write_text(text, encoding="utf-8", newline="\n")
    (RESULTS / "bfcl_parity.md").write_text(page(found), encoding="utf-8", newline="\n")
    print(page(found))
    return int(found["agreements"] < found["cases"])


def measure(rows, official, cases: int, seed: int) -> dict:
    """Verdicts of both on the same cases, and the seconds that each took."""
    labels: Counter[str] = Counter()
    seconds = {"official": 0.0, "ours": 0.0}
    disagreements = []
    for case in bfcl_oracle.cases(rows, cases, seed):
        start = time.perf_counter()
        theirs = official(case)
        middle = time.perf_counter()
        mine = bfcl_oracle.ours(case)
        seconds["official"] += middle - start
        seconds["ours"] += time.perf_counter() - middle
        labels[theirs] += 1
        if mine != theirs:
            disagreements.append({"category": case[0], "calls": plain(case[2]), "official": theirs, "ours": mine})
    return {
        "bfcl_eval": version("bfcl-eval"),
        "python": platform.python_version(),
        "seed": seed,
        "cases": cases,
        "agreements": cases - len(disagreements),
        "disagreements": disagreements[:20],
        "official_labels": dict(labels.most_common()),
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
    }


def plain(calls: list[ToolCall]) -> list:
    """Calls as JSON."""
    return [[call.name, dict(call.arguments)] for call in calls]


def page(found: dict) -> str:
    """The result for people."""
    cases, labels = found["cases"], found["official_labels"]
    passed, without = labels.get("ok", 0), labels.get("no_verdict", 0)
    lines = [
        "# BFCL parity",
        "",
        f"{found['agreements']:,} of {cases:,} cases agree with the official checker (bfcl-eval {found['bfcl_eval']}), "
        "by label, not only by side.",
        f"Cases are mutated predictions over the {found['rows']:,} rows with an answer, seed {found['seed']}; in a",
        "tenth of them the docs, in a tenth the gold answers are changed too. Written by `benchmarks/bfcl_parity.py`.",
        "",
        f"Official verdicts: {passed / cases:.1%} pass, {(cases - passed - without) / cases:.1%} fail, "
        f"{without / cases:.1%} none (it raises).",
        "",
        "| label | cases |",
        "|---|---|",
        *(f"| {label} | {count:,} |" for label, count in labels.items()),
        "",
        f"Seconds in the checker: official {found['seconds']['official']}, ours {found['seconds']['ours']}.",
        "",
        "Gold answers that the official checker rejects (no answer can pass): "
        + ", ".join(f"`{name}`" for name in found["gold_rejected_by_the_official_checker"])
        + ".",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
