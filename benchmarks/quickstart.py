"""The quickstart as a benchmark: three seeds, and once with the training labels shuffled among rows.

    uv run python benchmarks/quickstart.py --work benchmarks/work/quickstart

Each run is the real command, `toolgemma quickstart`, in a process of its own, with its own folder; a finished one is
reused, so the benchmark may be stopped and started again. Writes results/quickstart.json and results/quickstart.md:
machine, versions, wall time of each run and phase (as the run itself took them, the start of Python included), and the
before / after table. A run takes 3 to 5 minutes on two idle cores.

The control: the assistant's and tools' messages of the train rows are shuffled among the rows, so that format, lengths
and tool names stay what they were and only the tie between question and answer is cut. What it still scores was not
learned from that tie. Its rows are not repaired, because repair would put a called tool back into the list.
"""

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from toolgemma.model.system import system_info
from toolgemma.sample import generate

RESULTS = Path(__file__).parent / "results"


def shuffled(folder: Path, seed: int) -> Path:
    """A copy of the embedded data whose train rows keep question and tools and get another row's answer."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in generate.SIZES:
        rows = generate.rows(split)
        if split == "train":
            order = list(range(len(rows)))
            random.Random(seed).shuffle(order)
            answers = [row["messages"][1:] for row in rows]
            assert all(row["messages"][0]["role"] == "user" for row in rows)
            for row, other in zip(rows, order, strict=True):
                row["messages"] = [row["messages"][0], *answers[other]]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(text, encoding="utf-8", newline="\n")
    return folder


def run(folder: Path, overrides: list[str]) -> dict[str, Any]:
    """One run of the command; what it measured. A run that is there already is read, with the time it took then."""
    record = folder / "benchmark.json"
    if not record.is_file():
        words = [f"dataset.prepared_dir={folder / 'prepared'}", *overrides]
        command = [sys.executable, "-m", "toolgemma.cli", "quickstart", "--output_dir", str(folder), "--resume"]
        began = time.perf_counter()
        subprocess.run([*command, *(part for word in words for part in ("--set", word))], check=True)
        seconds = time.perf_counter() - began
        record.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")
    summary = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    report = json.loads((folder / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    return {
        "seconds": json.loads(record.read_text(encoding="utf-8"))["seconds"],
        "phases": summary["seconds"],
        "before": figures(report["systems"]["untuned"]),
        "after": figures(report["systems"]["tuned"]),
    }


def figures(system: dict[str, Any]) -> dict[str, float | None]:
    """The figures that are compared, by "rows: metric"."""
    view = system["views"]["repaired"]
    kinds = {kind: found for kind, found in view["by_query_type"].items() if found["tool_name_accuracy"]["denominator"]}
    found = {
        f"{kind}: {metric}": kinds[kind][metric]["value"]
        for metric in ("tool_call_accuracy", "tool_name_accuracy", "tool_args_accuracy")
        for kind in kinds
    }
    found |= {
        f"{file}: abstention_accuracy": each["abstention_accuracy"]["value"] for file, each in view["by_file"].items()
    }
    found |= {f"all: {metric}": view["D1"][metric]["value"] for metric in ("abstention_accuracy", "malformed_rate")}
    return found | {"all: eval_loss": system["loss"]["eval_loss"]["value"]}


def markdown(result: dict[str, Any]) -> str:
    """The results as a page."""
    runs: dict[str, Any] = result["runs"]
    seeds = [name for name in runs if name.startswith("seed")]
    info = result["system"]
    lines = [
        "# Quickstart",
        "",
        f"{info['cpu']}, {info['cpu_cores']['usable']} usable cores; Python {info['python']}; "
        + ", ".join(f"{name} {version}" for name, version in info["versions"].items())
        + ". Written by `benchmarks/quickstart.py`.",
        "",
        "## Figures, percent (eval_loss: nats per token)",
        "",
        "| rows: metric | before | " + " | ".join(runs) + " | range of seeds |",
        "|---" * (len(runs) + 3) + "|",
    ]
    for name in runs[seeds[0]]["before"]:
        after = [runs[seed]["after"][name] for seed in seeds]
        cells = [
            shown(name, runs[seeds[0]]["before"][name]),
            *(shown(name, each["after"][name]) for each in runs.values()),
        ]
        lines.append(
            f"| {name} | " + " | ".join(cells) + f" | {shown(name, min(after))} to {shown(name, max(after))} |"
        )
    lines += ["", "## Seconds", "", "| run | whole command | " + " | ".join(runs[seeds[0]]["phases"]) + " |"]
    lines.append("|---" * (len(runs[seeds[0]]["phases"]) + 2) + "|")
    for name, each in runs.items():
        lines.append(
            f"| {name} | {each['seconds']:.0f} | " + " | ".join(f"{s:.0f}" for s in each["phases"].values()) + " |"
        )
    return "\n".join(lines) + "\n"


def shown(name: str, value: float | None) -> str:
    """A share as percent, a loss as it is, null as a dash."""
    if value is None:
        return "–"
    return f"{value:.3f}" if name.endswith("eval_loss") else f"{100 * value:.1f}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work/quickstart"), help="the runs' folders")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 1, 2])
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", help="for every run")
    arguments = parser.parse_args()
    work, overrides = arguments.work, arguments.set
    runs = {
        f"seed {seed}": run(work / f"seed-{seed}", [f"training.seed={seed}", *overrides]) for seed in arguments.seeds
    }
    data = shuffled(work / "shuffled-data", arguments.seeds[0])
    control = [f"dataset.path={data}", "dataset.repair=none", f"training.seed={arguments.seeds[0]}", *overrides]
    runs["labels shuffled"] = run(work / "labels-shuffled", control)
    info = system_info()
    kept = {key: info[key] for key in ("system", "python", "cpu", "cpu_cores", "memory_bytes", "versions")}
    result = {"system": kept, "overrides": overrides, "runs": runs}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "quickstart.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "quickstart.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
