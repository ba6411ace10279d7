"""How the time of a step grows with its rows, with the tools in every prompt, and with the length of a row.

    OMP_NUM_THREADS=1 uv run python benchmarks/growth.py --data ../shared/data/tool-use-finetuning

Model and floor are those of training_speed.py, prefix trees, 6 layers. Rows and tools: requests over one list of the
dataset's tools; length: one real row, cut at so many tokens. Each figure is the median of `--repeats` whole optimizer
steps in processor time, taken in rounds, so that what disturbs the machine disturbs all of them. Results, with the
matrix rate of the run, in benchmarks/results/growth.json and .md.
"""

import argparse
import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
ROWS = (1, 4, 16, 64)
TOOLS = (5, 10, 20, 40)
LENGTHS = (256, 512, 1024, 2048)
STEP_ROWS = 16
"""Rows of a step where the number of tools grows."""


def steps(data: Path) -> dict[str, list[Any]]:
    """The rows of each step, by what is measured."""
    from training_speed import LONGEST, encode, fixed_tools_conversations, real_tokenizer

    from toolgemma.format import get_dialect
    from toolgemma.tokens.fit import fit

    tokenizer, dialect = real_tokenizer(data), get_dialect("hermes")
    asked = fixed_tools_conversations(data, max(ROWS))

    def requests(rows: int, tools: int) -> list[Any]:
        """`rows` requests that all offer the first `tools` tools; what they call needn't be among them."""
        offered = [replace(row, tools=row.tools[:tools]) for row in asked[:rows]]
        return list(fit(offered, dialect, tokenizer, 4 * LONGEST, seed=0).rows)

    made = {f"rows: {count}": requests(count, max(TOOLS)) for count in ROWS}
    made |= {f"tools: {count}": requests(STEP_ROWS, count) for count in TOOLS}
    longest = max(encode("real", data), key=lambda row: len(row.ids))
    for length in LENGTHS:
        end = slice(-length, None)
        cut = replace(longest, ids=longest.ids[end], labels=longest.labels[end], parts=longest.parts[end])
        made[f"tokens: {length}"] = [cut]
    return made


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    setting = found["setting"]
    lines = [
        "# How a step's time grows", "",
        f"{setting['cpu']}, {setting['threads']} thread(s), processor time; {setting['layers']} layers of the 1B "
        f"shape, prefix trees, {setting['repeats']} steps each; {found['flop_per_cpu_second'] / 1e9:.0f} GFLOP/s. Rows "
        f"offer {max(TOOLS)} tools; where tools grow a step has {STEP_ROWS} rows. Versions: {setting['versions']}.", "",
        "| what grows | tokens of the rows | computed | seconds a step: median (range) | a row | share of the floor |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, arm in found["arms"].items():
        seconds = statistics.median(arm["seconds"])
        spread = f"{min(arm['seconds']):.2f} to {max(arm['seconds']):.2f}"
        floor = arm["flop"] / found["flop_per_cpu_second"] / seconds
        lines.append(
            f"| {name} | {arm['real_tokens']:,} | {arm['distinct_tokens']:,} | {seconds:.2f} ({spread}) "
            f"| {seconds / arm['rows']:.2f} | {floor:.0%} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dataset's parquet files")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "growth.json")
    options = parser.parse_args()

    import torch
    from packing_speed import collator, step
    from training_speed import make_model, matmul_rate, work

    from toolgemma.config import LoraSection
    from toolgemma.model.load import add_lora
    from toolgemma.model.system import system_info

    model = add_lora(make_model(options.layers, "bfloat16", "cpu"), LoraSection(lora_dropout=0.05), 0).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
    rows = steps(options.data.resolve())
    batches = {name: collator("prefix_tree", some, len(some))(some)["batches"] for name, some in rows.items()}
    setting = {"layers": options.layers, "repeats": options.repeats, "threads": torch.get_num_threads()}
    setting |= {"cpu": system_info()["cpu"], "versions": system_info()["versions"]}
    arms = {name: {"rows": len(some), **work(some, options.layers), "seconds": []} for name, some in rows.items()}
    rates = []
    step(model, optimizer, batches[f"tokens: {min(LENGTHS)}"])
    for turn in range(options.repeats):
        for name in arms:
            rates.append(matmul_rate("cpu")[1])
            arms[name]["seconds"].append(round(step(model, optimizer, batches[name]), 3))
            print(turn, name, arms[name]["seconds"][-1], file=sys.stderr, flush=True)
    found = {"setting": setting, "flop_per_cpu_second": max(rates), "arms": arms}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    options.output.with_suffix(".md").write_text(table(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
