"""Scoring speed on one core: decisions a second, with one to three gold calls each, right and wrong ones mixed.

    uv run python benchmarks/scoring_speed.py [--decisions 100000]

Times what `toolgemma evaluate` does after generation (strict equality, maximum matching, taxonomy, the metrics) and,
on the same calls, the BFCL rules; in CPU seconds of this one thread. Writes benchmarks/results/scoring_speed.json.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Sequence
from pathlib import Path

from toolgemma.conversation import ToolCall
from toolgemma.evaluation.bfcl_rules import check
from toolgemma.evaluation.metrics import PRIMARY, call_metrics
from toolgemma.evaluation.score import score_calls
from toolgemma.format.parse import ParsedTurn

RESULTS = Path(__file__).parent / "results"
CITIES = ("Paris", "Berlin", "São Paulo", "New York", "Kyoto")
PROPERTIES = {
    "city": ("string", "string"),
    "days": ("integer", "integer"),
    "limit": ("number", "float"),
    "exact": ("boolean", "boolean"),
}
"""Arguments, with JSON Schema's and BFCL's type word."""
NAMES = tuple(f"tool_{number}" for number in range(8))
SCHEMAS = {
    name: {"type": "object", "properties": {key: {"type": word} for key, (word, _) in PROPERTIES.items()}}
    for name in NAMES
}
DOCS = [
    {
        "name": name,
        "parameters": {"properties": {key: {"type": word} for key, (_, word) in PROPERTIES.items()}, "required": []},
    }
    for name in NAMES
]


def main() -> None:
    """Make decisions, time both, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=100_000)
    arguments = parser.parse_args()
    rng = random.Random(0)
    decisions = [decision(rng) for _ in range(arguments.decisions)]

    start = time.process_time()
    scores = [score_calls(gold, turn, NAMES, SCHEMAS) for gold, turn in decisions]
    scored = time.process_time()
    metrics = call_metrics(scores)
    strict_seconds, metrics_seconds = scored - start, time.process_time() - scored

    rows = [(turn.calls, [alternatives(call) for call in gold]) for gold, turn in decisions]
    start = time.process_time()
    passed = sum(bool(check("parallel", DOCS, calls, gold).passed) for calls, gold in rows)
    bfcl_seconds = time.process_time() - start

    found = {
        "decisions": arguments.decisions,
        "gold_calls": sum(len(gold) for gold, _ in decisions),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "strict_decisions_per_second": round(arguments.decisions / strict_seconds),
        "metrics_seconds": round(metrics_seconds, 2),
        "bfcl_decisions_per_second": round(arguments.decisions / bfcl_seconds),
        "strict_accuracy": round(metrics[PRIMARY].value or 0.0, 3),
        "bfcl_accuracy": round(passed / arguments.decisions, 3),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(found, indent=2) + "\n"
    (RESULTS / "scoring_speed.json").write_text(text, encoding="utf-8", newline="\n")
    print(text, end="")


def decision(rng: random.Random) -> tuple[tuple[ToolCall, ...], ParsedTurn]:
    """One to three gold calls; the prediction repeats them in any order, a third of them changed in one argument."""
    gold = tuple(ToolCall(rng.choice(NAMES), drawn(rng)) for _ in range(rng.randint(1, 3)))
    predicted = [call if rng.random() < 2 / 3 else changed(call, rng) for call in gold]
    rng.shuffle(predicted)
    return gold, ParsedTurn("", tuple(predicted))


def drawn(rng: random.Random) -> dict:
    """A value for every argument."""
    return {"city": rng.choice(CITIES), "days": rng.randint(1, 9), "limit": rng.random(), "exact": rng.random() < 0.5}


def changed(call: ToolCall, rng: random.Random) -> ToolCall:
    """The call with another value, or without, one argument."""
    key = rng.choice(list(PROPERTIES))
    values = dict(call.arguments)
    if rng.random() < 0.2:
        del values[key]
    else:
        values[key] = drawn(rng)[key]
    return ToolCall(call.name, values)


def alternatives(call: ToolCall) -> dict[str, dict[str, Sequence]]:
    """The call as a BFCL gold answer with one alternative an argument."""
    return {call.name: {key: [value] for key, value in call.arguments.items()}}


if __name__ == "__main__":
    main()
