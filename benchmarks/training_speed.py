"""Training speed against TRL's SFTTrainer: same rows, model, LoRA and dropout, all arms in one run on one machine.

    uv sync --group peer
    OMP_NUM_THREADS=1 uv run python benchmarks/training_speed.py --data ../shared/data/tool-use-finetuning --minutes 120

Model: the shape of Gemma 3 1B with random weights (`--layers` of its 26; the head keeps its 262,144 entries), LoRA r 16
on all linear layers, AdamW. Workloads: `real` (the train split, rows fitted to 2,048 tokens) and `fixed-tools` (the
dataset's 40 tools in every prompt, 256 short requests). Every arm draws its rows in the same order. Ours, as
prefix_tree, rows and none: a step has 8 real rows, or 16 with fixed tools. TRL: a step is one batch of 1, 2, 4 or 8
rows; accumulating would change nothing but the optimizer's share. Its dtypes: bfloat16 weights; float32 weights under
bfloat16 autocast; `mixed`, bfloat16 weights and a float32 adapter under autocast, which is what ours does. Each arm is
a process of its own, so that its peak memory is its own; the first step is warm-up.

Real tokens are those of the rows, shared or not, without padding. The floor is the time that the operations which must
be done would take at the rate of a bfloat16 matrix product, measured in each arm's own process before and after it (the
better one counts): each distinct token once through the layers (forward, and backward for activations), the head for
each distinct prediction, attention over visible pairs. Time is the processor time of the process, because the machine
may be shared; wall time is in the JSON.

Results are kept after each arm and an interrupted run goes on with the missing ones: one JSON and one Markdown table in
benchmarks/results. An arm that has used `--arm-minutes` stops after the step it is at; the table says how many it did.
`--smoke` takes one layer and two steps, to see that everything runs: its figures mean nothing. Packings among
themselves, step by step in turn, without TRL: packing_speed.py.
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
DTYPES = ("bfloat16", "autocast", "mixed")
ARMS = [
    "ours/prefix_tree", "ours/rows", "ours/none",
    *[f"trl/{batch}/{how}" for batch in (1, 2, 4, 8) for how in DTYPES],
]  # fmt: skip
ROWS = {"real": 8, "fixed-tools": 16}
LONGEST = 2048


def real_conversations(data: Path) -> list[Any]:
    """The train split as published."""
    from toolgemma.data.load import read_file_or_folder

    return list(read_file_or_folder(str(data))["train"])


def fixed_tools_conversations(data: Path, count: int = 256) -> list[Any]:
    """Every tool of the dataset in every prompt, a request of a few words, one call."""
    from toolgemma.conversation import Conversation, Message, ToolCall
    from toolgemma.data.catalogue import catalogue
    from toolgemma.data.load import read_file_or_folder

    tools = tuple(catalogue(read_file_or_folder(str(data))).values())
    draw = random.Random(0)
    words = [word for tool in tools for word in tool.description.split() if word.isalpha()]
    rows = []
    for index in range(count):
        tool = draw.choice(tools)
        arguments = {
            name: " ".join(draw.choices(words, k=3)) for name in list(tool.parameters.get("properties", {}))[:2]
        }
        messages = (
            Message("user", "Please " + " ".join(draw.choices(words, k=draw.randint(6, 20))) + "."),
            Message("assistant", "", (ToolCall(tool.name, arguments),)),
        )
        rows.append(Conversation(messages=messages, tools=tools, id=f"fixed/{index}"))
    return rows


def encode(workload: str, data: Path) -> list[Any]:
    """Rows of a workload, encoded by `real_tokenizer`."""
    from toolgemma.format import get_dialect
    from toolgemma.tokens.fit import fit

    conversations = real_conversations(data) if workload == "real" else fixed_tools_conversations(data)
    return fit(conversations, get_dialect("hermes"), real_tokenizer(data), LONGEST, seed=0).rows


def real_tokenizer(data: Path) -> Any:
    """A BPE tokenizer with 8,192 entries that is trained on the wire text of the real rows."""
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny import make_tokenizer
    from toolgemma.format import get_dialect

    dialect = get_dialect("hermes")
    source = [
        segment.text for row in real_conversations(data) for segment in dialect.render(row) if not segment.control
    ]
    return make_tokenizer(source, 8192)


def store(rows: list[Any], path: Path) -> None:
    """Rows as JSON, for the processes of the arms."""
    path.write_text(json.dumps([[row.ids, row.labels, row.parts] for row in rows]), encoding="utf-8")


def read(path: Path) -> list[Any]:
    """What `store` wrote."""
    from toolgemma.tokens.encode import Encoded

    return [
        Encoded(*map(tuple, row), f"row/{index}")
        for index, row in enumerate(json.loads(path.read_text(encoding="utf-8")))
    ]


def make_model(layers: int, dtype_name: str, device: str) -> Any:
    """Random weights in the shape of Gemma 3 1B, frozen."""
    import torch
    from full_shape_step import SHAPE
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    torch.set_default_dtype(getattr(torch, dtype_name))
    shape = Gemma3TextConfig(**SHAPE | {"num_hidden_layers": layers}, attn_implementation="sdpa", pad_token_id=0)
    base = Gemma3ForCausalLM(shape).to(device)
    torch.set_default_dtype(torch.float32)
    return base.requires_grad_(False)


def run_arm(arm: str, rows: list[Any], options: argparse.Namespace) -> dict[str, Any]:
    """Train in this process; seconds of each step, losses, peak memory, the matrix rate before and after."""
    import torch
    from full_shape_step import peak_rss_bytes

    device = "cuda" if torch.cuda.is_available() else "cpu"
    before = matmul_rate(device)
    with tempfile.TemporaryDirectory() as folder:
        make = ours if arm.startswith("ours") else trl_trainer
        trainer = make(arm, rows, options, folder, device)
        clock = make_clock(60 * options.arm_minutes)
        trainer.add_callback(clock)
        trainer.train()
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else peak_rss_bytes()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    rates = [max(pair) for pair in zip(before, matmul_rate(device), strict=True)]
    return {
        "seconds": clock.wall, "cpu_seconds": clock.cpu, "loss": losses, "peak_bytes": peak, "device": device,
        "flop_per_second": rates[0], "flop_per_cpu_second": rates[1],
    }  # fmt: skip


def run_within(arm: str, rows: list[Any], options: argparse.Namespace) -> dict[str, Any]:
    """`run_arm` with at most `--memory-gib` of data; what is over it is noted, not killed by the system."""
    from toolgemma.training.out_of_memory import is_out_of_memory

    if options.memory_gib:
        import resource

        limit = int(options.memory_gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    try:
        return run_arm(arm, rows, options)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) and not isinstance(error, MemoryError):
            raise
        return {"out_of_memory_gib": options.memory_gib}


def make_clock(limit_s: float) -> Any:
    """A callback that notes wall and processor seconds of each step, and ends the training after `limit_s`."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.wall: list[float] = []
            self.cpu: list[float] = []

        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            self._began = time.perf_counter(), time.process_time()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            import torch

            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.wall.append(round(time.perf_counter() - self._began[0], 4))
            self.cpu.append(round(time.process_time() - self._began[1], 4))
            left = self.wall[-1] * (state.max_steps - len(self.wall))
            print(f"step {len(self.wall)}: {self.cpu[-1]:.1f} s, {left:.0f} s wall left", file=sys.stderr, flush=True)
            if sum(self.wall) > limit_s and len(self.wall) > 1:
                control.should_training_stop = True

    return Clock()


def ours(arm: str, rows: list[Any], options: argparse.Namespace, folder: str, device: str) -> Any:
    """SupervisedTrainer, as `toolgemma train` makes it."""
    from toolgemma.config import load_config
    from toolgemma.model.load import add_lora
    from toolgemma.training.arguments import training_arguments
    from toolgemma.training.trainer import SupervisedTrainer, layouts

    config = load_config(None, [
        f"training.output_dir={folder}", f"training.max_steps={options.our_steps}", "training.logging_steps=1",
        "training.save_steps=1000000", f"training.packing={arm.split('/')[1]}", "training.warmup_ratio=0",
        "training.gradient_accumulation_steps=8", f"training.per_device_train_batch_size={options.rows // 8}",
        f"lora.lora_dropout={options.dropout}",
        f"training.gradient_checkpointing={str(options.checkpointing).lower()}",
    ])  # fmt: skip
    model = add_lora(make_model(options.layers, "bfloat16", device), config.lora, seed=0)
    arguments = training_arguments(config, device=device, validated=False)
    return SupervisedTrainer(model, arguments, rows=rows, validation=[], layouts=layouts(config, rows, [], 0))


def trl_trainer(arm: str, rows: list[Any], options: argparse.Namespace, folder: str, device: str) -> Any:
    """SFTTrainer on the same ids and labels."""
    sys.path.insert(0, str(ROOT / "tests"))
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from tiny import make_tokenizer
    from toolgemma.config import LoraSection
    from toolgemma.model.load import lora_config

    _, batch, how = arm.split("/")
    config = SFTConfig(
        output_dir=folder, max_steps=options.steps, logging_steps=1, save_strategy="no", report_to="none",
        per_device_train_batch_size=int(batch), gradient_accumulation_steps=1,
        learning_rate=2e-4, lr_scheduler_type="cosine", bf16=how != "bfloat16", use_cpu=device == "cpu",
        max_length=None, dataset_kwargs={"skip_prepare_dataset": True}, gradient_checkpointing=options.checkpointing,
        seed=42, data_seed=42, disable_tqdm=True, dataloader_pin_memory=device == "cuda",
    )  # fmt: skip
    dataset = Dataset.from_list([{"input_ids": list(row.ids), "labels": list(row.labels)} for row in rows])
    model = make_model(options.layers, "float32" if how == "autocast" else "bfloat16", device)
    return SFTTrainer(
        model=model, args=config, train_dataset=dataset, processing_class=make_tokenizer(),
        peft_config=lora_config(LoraSection(lora_dropout=options.dropout)),
    )  # fmt: skip


def matmul_rate(device: str) -> tuple[float, float]:
    """FLOP of a bfloat16 product of the feed-forward's shape, a wall second and a processor second; best of 5."""
    import torch

    left, right = (torch.randn(shape, device=device).bfloat16() for shape in ((2048, 1152), (1152, 6912)))
    found = []
    for _ in range(6):
        began = time.perf_counter(), time.process_time()
        for _ in range(5):
            result = left @ right
        float(result[0, 0])
        found.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    flop = 5 * 2 * 2048 * 1152 * 6912
    return flop / min(each[0] for each in found[1:]), flop / min(each[1] for each in found[1:])


def work(rows: list[Any], layers: int) -> dict[str, int]:
    """Tokens of a step's rows, and the FLOP that must be done for them."""
    import numpy as np
    from full_shape_step import SHAPE

    from toolgemma.tokens.pack import pack

    packed = pack(rows)
    width, queries, keys = SHAPE["hidden_size"], 1024, 256
    layer = width * (2 * queries + 2 * keys) + 3 * width * SHAPE["intermediate_size"]
    positions = packed.tree.positions + 1
    sliding = layers - layers // 6
    pairs = int(sliding * np.minimum(positions, SHAPE["sliding_window"]).sum() + (layers - sliding) * positions.sum())
    flop = 4 * len(positions) * layers * layer + 4 * len(packed.sources) * width * SHAPE["vocab_size"]
    return {
        "real_tokens": packed.row_tokens,
        "distinct_tokens": len(packed.ids),
        "flop": flop + 12 * pairs * queries,
    }


def rows_of_step(arm: str, rows: int) -> int:
    """How many rows a step of `arm` has, where ours have `rows`."""
    return rows if arm.startswith("ours") else int(arm.split("/")[1])


def order_of(rows: list[Any]) -> list[Any]:
    """The rows in Trainer's own order under the seed of the arms."""
    import torch

    generator = torch.Generator()
    generator.manual_seed(42)
    return [rows[index] for index in torch.randperm(len(rows), generator=generator).tolist()]


def summarise(record: dict[str, Any], rows: list[Any], step_rows: int, layers: int) -> dict[str, Any]:
    """Real tokens per second without the warm-up step, by wall time and by processor time; share of the floor."""
    count = len(record["seconds"])
    order = order_of(rows)
    done = [work(order[at : at + step_rows], layers) for at in range(step_rows, step_rows * count, step_rows)]
    tokens, flop = (sum(step[name] for step in done) for name in ("real_tokens", "flop"))
    wall, cpu = sum(record["seconds"][1:]), sum(record["cpu_seconds"][1:])
    on_gpu = record["device"] == "cuda"
    floor = flop / record["flop_per_second" if on_gpu else "flop_per_cpu_second"]
    return {
        "timed_steps": len(done),
        "real_tokens": tokens,
        "real_tokens_per_second": round(tokens / wall, 1),
        "real_tokens_per_cpu_second": round(tokens / cpu, 1),
        "rows_per_cpu_second": round(step_rows * len(done) / cpu, 3),
        "share_of_floor": round(floor / (wall if on_gpu else cpu), 3),
        "peak_gib": round(record["peak_bytes"] / 2**30, 2),
        "distinct_share": round(sum(step["distinct_tokens"] for step in done) / tokens, 3),
        "last_loss": record["loss"][-1],
    }


def table(found: dict[str, Any]) -> str:
    """The Markdown twin of the JSON."""
    setting = found["setting"]
    rates = [arm["flop_per_cpu_second"] / 1e9 for arm in found["arms"].values() if "seconds" in arm]
    lines = [
        "# Training speed", "",
        f"{setting['cpu']}, {setting['threads']} thread(s), processor time, other work on the same core; "
        f"{setting['layers']} layers of the 1B shape, dropout {setting['dropout']}, rows of a step of ours: {ROWS}; "
        f"bfloat16 matrix product: {min(rates):.0f} to {max(rates):.0f} GFLOP/s. Versions: {setting['versions']}.", "",
        "| workload | arm | timed steps | real tokens/s | ours, prefix_tree: times | share of the floor | peak GiB |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for key, arm in found["arms"].items():
        workload, _, name = key.partition(":")
        if "seconds" not in arm:
            over = arm["out_of_memory_gib"]
            lines.append(
                f"| {workload} | {name} | out of memory | | | | {f'over {over}' if over else 'all there was'} |"
            )
            continue
        figures = arm["summary"]
        rate = figures["real_tokens_per_cpu_second"]
        best = found["arms"].get(f"{workload}:ours/prefix_tree")
        ratio = f"{best['summary']['real_tokens_per_cpu_second'] / rate:.1f}" if best else ""
        lines.append(
            f"| {workload} | {name} | {figures['timed_steps']} | {rate} | {ratio} | {figures['share_of_floor']:.0%} "
            f"| {figures['peak_gib']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dataset's parquet files")
    parser.add_argument("--layers", type=int, help="default: 6, on a GPU 26")
    parser.add_argument("--steps", type=int, default=21, help="steps of an arm of TRL, the first is warm-up")
    parser.add_argument("--our-steps", type=int, default=21, help="steps of an arm of ours")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--minutes", type=float, default=1e9, help="start no further arm after so long")
    parser.add_argument("--arm-minutes", type=float, default=1e9, help="end an arm after so long")
    parser.add_argument("--memory-gib", type=float, help="data that an arm may hold; one that needs more is noted so")
    parser.add_argument("--arms", nargs="+", default=ARMS)
    parser.add_argument("--workloads", nargs="+", default=list(ROWS))
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "training_speed.json")
    parser.add_argument("--one", nargs=2, metavar=("ARM", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.smoke:
        options.layers, options.steps, options.our_steps = 1, 2, 2

    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.layers = options.layers or (26 if device == "cuda" else 6)
    if options.one:
        options.rows = ROWS[Path(options.one[1]).stem]
        print(json.dumps(run_within(options.one[0], read(Path(options.one[1])), options)))
        return
    print(table(sweep(options, device)))


def sweep(options: argparse.Namespace, device: str) -> dict[str, Any]:
    """Every arm that the output doesn't hold yet, each in a process; kept after each."""
    import torch

    from toolgemma.model.system import system_info

    began = time.monotonic()
    setting = {name: getattr(options, name) for name in ("layers", "dropout", "checkpointing")}
    setting |= {"device": device, "machine": platform.machine(), "threads": torch.get_num_threads()}
    setting |= {"cpu": system_info()["cpu"], "versions": system_info()["versions"]}
    found: dict[str, Any] = {"setting": setting, "arms": {}}
    if options.output.exists():
        found = json.loads(options.output.read_text(encoding="utf-8"))
        if found["setting"] != setting:
            sys.exit(f"{options.output} holds figures of other settings: move it away, or choose another --output")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    given = [f"--{name}={getattr(options, name)}" for name in ("layers", "dropout", "steps")]
    given += [f"--our-steps={options.our_steps}", f"--arm-minutes={options.arm_minutes}"]
    given += [f"--memory-gib={options.memory_gib}"] if options.memory_gib else []
    given += ["--checkpointing"] if options.checkpointing else []
    with tempfile.TemporaryDirectory() as folder:
        for workload in options.workloads:
            path = Path(folder) / f"{workload}.json"
            rows = encode(workload, options.data.resolve())
            store(rows, path)
            for arm in options.arms:
                key = f"{workload}:{arm}"
                if key in found["arms"] or time.monotonic() - began > 60 * options.minutes:
                    continue
                command = [sys.executable, __file__, "--data", str(options.data), *given, "--one", arm, str(path)]
                result = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
                if result.returncode:
                    sys.exit(f"{key} failed")
                record = json.loads(result.stdout.splitlines()[-1])
                if "seconds" in record:
                    record["summary"] = summarise(record, rows, rows_of_step(arm, ROWS[workload]), options.layers)
                found["arms"][key] = record
                print(key, record.get("summary", record), flush=True)
                options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
                options.output.with_suffix(".md").write_text(table(found), encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
