"""Our packings among themselves, step by step in turn, in processor time; a profile of where it goes. Needs no TRL.

    OMP_NUM_THREADS=1 uv run python benchmarks/packing_speed.py --data ../shared/data/tool-use-finetuning

Model, workloads, rows and floor are those of training_speed.py. One process: for each step's rows, prefix_tree, rows
and none take turns in changing order, each a whole optimizer step (forward, backward, clipping, AdamW) laid out as
`toolgemma train` would, and the rate of a bfloat16 matrix product is taken before every step. So what disturbs the
machine disturbs all of them. Then one small pack of two real rows, in turn as the product is, without dropout, with
float32 products of the adapter (without model.adapter_dtype), and with scaled_dot_product_attention (without attention
by matrices). One untimed step first.

Results go to benchmarks/results/packing_speed.json and .md; with other work on the core only processor time means
something. `--profile` prints torch's own table for one step instead.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
PACKINGS = ["prefix_tree", "rows", "none"]
MEANS = ["all", "no dropout", "float32 adapter", "sdpa"]


@contextlib.contextmanager
def variant(name: str, model: Any, dropout: float) -> Iterator[None]:
    """The product as it is, or without one of its means."""
    import torch

    from toolgemma.model import adapter_dtype, loss, tree_attention

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0 if name == "no dropout" else dropout
    with contextlib.ExitStack() as stack:
        if name == "float32 adapter":
            for module, context in ((loss, "products_in_base_dtype"), (adapter_dtype, "inputs_as_they_are")):
                stack.enter_context(mock.patch.object(module, context, lambda _: contextlib.nullcontext()))
        if name == "sdpa":
            stack.enter_context(mock.patch.object(tree_attention, "_BY_MATRICES", ()))
        yield


def collator(packing: str, rows: list[Any], batch_size: int) -> Any:
    """As `toolgemma train` lays out a step."""
    from toolgemma.config import load_config
    from toolgemma.training.trainer import layouts

    settings = [f"training.packing={packing}", f"training.per_device_train_batch_size={batch_size}"]
    return layouts(load_config(None, settings), rows, [], 0)[0]


def step(model: Any, optimizer: Any, batches: list[dict[str, Any]]) -> float:
    """One optimizer step; processor seconds."""
    import torch

    from toolgemma.model.adapter_dtype import inputs_as_they_are
    from toolgemma.model.loss import causal_model, supervised_loss

    began = time.process_time()
    supervised = sum(batch["supervised"] for batch in batches)
    with inputs_as_they_are(causal_model(model)):
        for batch in batches:
            (supervised_loss(model, batch).nll / supervised).backward()
    torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return time.process_time() - began


def compare(names: list[str], steps: list[list[Any]], limits: dict[str, int], run: Any, layers: int) -> dict[str, Any]:
    """`run(name, rows)` for each step's rows, in turn; seconds, work and matrix rate of each step."""
    from training_speed import matmul_rate, work

    found: dict[str, Any] = {"seconds": {name: [] for name in names}, "work": [], "flop_per_cpu_second": []}
    for index, rows in enumerate(steps):
        found["flop_per_cpu_second"].append(matmul_rate("cpu")[1])
        found["work"].append(work(rows, layers))
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            if index < limits.get(name, len(steps)):
                found["seconds"][name].append(round(run(name, rows), 3))
                print(index, name, found["seconds"][name][-1], flush=True)
    return found


def measure(what: str, model: Any, options: argparse.Namespace) -> dict[str, Any]:
    """A workload's packings, or (`means`) what each means is worth."""
    import torch
    from training_speed import ROWS, encode, order_of

    workload = "real" if what == "means" else what
    rows = encode(workload, options.data.resolve())
    order, size = order_of(rows), ROWS[workload]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
    lay_out = {name: collator(name, rows, size // 8) for name in PACKINGS}
    step(model, optimizer, lay_out["prefix_tree"](order[:2])["batches"])

    def packing(name: str, taken: list[Any]) -> float:
        return step(model, optimizer, lay_out[name](taken)["batches"])

    def means(name: str, taken: list[Any]) -> float:
        with variant(name, model, options.dropout):
            return step(model, optimizer, lay_out["prefix_tree"](taken)["batches"])

    if what == "means":
        return compare(MEANS, [rows[:2]] * options.steps, {}, means, options.layers)
    steps = [order[index * size : (index + 1) * size] for index in range(1, options.steps + 1)]
    limits = dict.fromkeys(["none"] if what == "real" else ["rows", "none"], options.slow_steps)
    return compare(PACKINGS, steps, limits, packing, options.layers)


def table(found: dict[str, Any]) -> str:
    """Markdown: each arm against the first of its kind, over the steps that both did."""
    setting = found["setting"]
    lines = [
        "# Packings among themselves", "",
        f"{setting['cpu']}, {setting['threads']} thread(s), processor time, other work on the same core; "
        f"{setting['layers']} layers of the 1B shape, dropout {setting['dropout']}. Versions: {setting['versions']}.",
        "",
        "| workload | arm | steps | real tokens/s | share of the floor | time / first: median (range) |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for workload, figures in found["workloads"].items():
        rate = max(figures["flop_per_cpu_second"])
        first = next(iter(figures["seconds"].values()))
        for name, seconds in figures["seconds"].items():
            if not seconds:
                continue
            done = figures["work"][: len(seconds)]
            ratios = [mine / tree for mine, tree in zip(seconds, first, strict=False)]
            tokens, flop = (sum(each[what] for each in done) / sum(seconds) for what in ("real_tokens", "flop"))
            lines.append(
                f"| {workload} | {name} | {len(seconds)} | {tokens:.0f} | {flop / rate:.0%} "
                f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
            )
    return "\n".join(lines) + "\n"


def profile(model: Any, options: argparse.Namespace) -> None:
    """torch's table of one step of prefix trees over real rows."""
    import torch
    from training_speed import ROWS, encode, order_of

    rows = encode("real", options.data.resolve())
    batches = collator("prefix_tree", rows, 1)(order_of(rows)[: ROWS["real"]])["batches"]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-4)
    step(model, optimizer, batches[:1])
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        step(model, optimizer, batches)
    print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=25, max_name_column_width=45))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dataset's parquet files")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--slow-steps", type=int, default=2, help="of padded rows, and of fixed tools without sharing")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--workloads", nargs="+", default=["real", "fixed-tools", "means"])
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "packing_speed.json")
    options = parser.parse_args()

    import torch
    from training_speed import make_model

    from toolgemma.config import LoraSection
    from toolgemma.model.load import add_lora
    from toolgemma.model.system import system_info

    model = add_lora(
        make_model(options.layers, "bfloat16", "cpu"), LoraSection(lora_dropout=options.dropout), 0
    ).train()
    if options.profile:
        profile(model, options)
        return
    setting = {"layers": options.layers, "dropout": options.dropout, "threads": torch.get_num_threads()}
    setting |= {"cpu": system_info()["cpu"], "versions": system_info()["versions"]}
    found: dict[str, Any] = {"setting": setting, "workloads": {}}
    if options.output.exists():
        before = json.loads(options.output.read_text(encoding="utf-8"))
        if before["setting"] != setting:
            sys.exit(f"{options.output} holds figures of other settings: move it away, or choose another --output")
        found = before
    options.output.parent.mkdir(parents=True, exist_ok=True)
    for workload in options.workloads:
        if workload not in found["workloads"]:
            found["workloads"][workload] = measure(workload, model, options)
            options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
            options.output.with_suffix(".md").write_text(table(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
