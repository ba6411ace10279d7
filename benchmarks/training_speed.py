"""Training speed against TRL's SFTTrainer: same rows, model, LoRA and steps, every arm of one run on the same machine.

    uv sync --group peer
    uv run python benchmarks/training_speed.py --data ../shared/data/tool-use-finetuning --minutes 120

Model: the shape of Gemma 3 1B with random weights (`--layers` of its 26; the head keeps its 262,144 entries), LoRA r 16
on all linear layers, AdamW. Workloads: `real` (the train split, rows fitted to 2,048 tokens) and `fixed-tools` (the
dataset's 40 tools in every prompt, 256 short requests). A step is the same `--rows` rows in every arm, drawn by Trainer
with one seed. Arms: ours as prefix_tree, rows and none; TRL with 1, 2, 4 and 8 rows a batch, in pure bfloat16 and under
autocast. Each arm is a process of its own, so that its peak memory is its own; the first steps are warm-up.

Real tokens are those of the rows, shared or not, without padding. The floor is the time that the operations which must
be done would take at the rate of a bfloat16 matrix product of the same run: each distinct token once through the layers
(forward, and backward for activations), the head for each distinct prediction, attention over visible pairs.

Results are kept after each arm and an interrupted run goes on with the missing ones: one JSON and one Markdown table in
benchmarks/results. `--smoke` takes one layer and two steps, to see that everything runs: its figures mean nothing.
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
ARMS = [
    "ours/prefix_tree", "ours/rows", "ours/none",
    *[f"trl/{batch}/{how}" for batch in (1, 2, 4, 8) for how in ("bfloat16", "autocast")],
]  # fmt: skip
WORKLOADS = ["real", "fixed-tools"]
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
    """Rows of a workload, encoded by a BPE tokenizer with 8,192 entries that is trained on the wire text itself."""
    sys.path.insert(0, str(ROOT / "tests"))
    from tiny import make_tokenizer
    from toolgemma.format import get_dialect
    from toolgemma.tokens.fit import fit

    dialect = get_dialect("hermes")
    conversations = real_conversations(data) if workload == "real" else fixed_tools_conversations(data)
    source = [
        segment.text for row in real_conversations(data) for segment in dialect.render(row) if not segment.control
    ]
    return fit(conversations, dialect, make_tokenizer(source, 8192), LONGEST, seed=0).rows


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
    """Train `options.steps` steps in this process; seconds of each, losses, peak memory."""
    import torch
    from full_shape_step import peak_rss_bytes

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with tempfile.TemporaryDirectory() as folder:
        make = ours if arm.startswith("ours") else trl_trainer
        trainer = make(arm, rows, options, folder, device)
        clock = make_clock()
        trainer.add_callback(clock)
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else peak_rss_bytes()
    return {"seconds": clock.wall, "cpu_seconds": clock.cpu, "loss": losses, "peak_bytes": peak, "device": device}


def make_clock() -> Any:
    """A callback that notes wall and processor seconds of each step."""
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.wall: list[float] = []
            self.cpu: list[float] = []

        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            self._began = time.perf_counter(), time.process_time()

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            import torch

            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.wall.append(round(time.perf_counter() - self._began[0], 4))
            self.cpu.append(round(time.process_time() - self._began[1], 4))

    return Clock()


def ours(arm: str, rows: list[Any], options: argparse.Namespace, folder: str, device: str) -> Any:
    """SupervisedTrainer, as `toolgemma train` makes it."""
    from toolgemma.config import load_config
    from toolgemma.model.load import add_lora
    from toolgemma.training.arguments import training_arguments
    from toolgemma.training.trainer import SupervisedTrainer, layouts

    config = load_config(None, [
        f"training.output_dir={folder}", f"training.max_steps={options.steps}", "training.logging_steps=1",
        "training.save_steps=1000000", f"training.packing={arm.split('/')[1]}", "training.warmup_ratio=0",
        f"training.gradient_accumulation_steps={options.rows}", f"lora.lora_dropout={options.dropout}",
        f"training.gradient_checkpointing={str(options.checkpointing).lower()}",
    ])  # fmt: skip
    model = add_lora(make_model(options.layers, "bfloat16", device), config.lora, seed=0)
    arguments = training_arguments(config, device=device, validated=False)
    return SupervisedTrainer(model, arguments, rows=rows, validation=[], layouts=layouts(config, rows, [], 0))


def trl_trainer(arm: str, rows: list[Any], options: argparse.Namespace, folder: str, device: str) -> Any:
    """SFTTrainer on the same ids and labels; `autocast` has float32 weights, `bfloat16` has bfloat16 ones."""
    sys.path.insert(0, str(ROOT / "tests"))
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from tiny import make_tokenizer
    from toolgemma.config import LoraSection
    from toolgemma.model.load import lora_config

    _, batch, how = arm.split("/")
    config = SFTConfig(
        output_dir=folder, max_steps=options.steps, logging_steps=1, save_strategy="no", report_to="none",
        per_device_train_batch_size=int(batch), gradient_accumulation_steps=options.rows // int(batch),
        learning_rate=2e-4, lr_scheduler_type="cosine", bf16=how == "autocast", use_cpu=device == "cpu",
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


def steps_of(rows: list[Any], options: argparse.Namespace) -> list[list[Any]]:
    """The rows of each step: Trainer's own order under the seed of the arms."""
    import torch

    generator = torch.Generator()
    generator.manual_seed(42)
    order = torch.randperm(len(rows), generator=generator).tolist()
    return [[rows[index] for index in order[start : start + options.rows]]
            for start in range(0, options.rows * options.steps, options.rows)]  # fmt: skip


def summarise(record: dict[str, Any], rows: list[Any], options: argparse.Namespace) -> dict[str, Any]:
    """Real tokens per second without the warm-up, by wall time and by processor time."""
    done = [work(step, options.layers) for step in steps_of(rows, options) if step]
    kept = slice(options.warmup, None)
    tokens = sum(step["real_tokens"] for step in done[kept])
    wall, cpu = sum(record["seconds"][kept]), sum(record["cpu_seconds"][kept])
    return {
        "real_tokens_per_second": round(tokens / wall, 1),
        "real_tokens_per_cpu_second": round(tokens / cpu, 1),
        "rows_per_second": round(options.rows * len(record["seconds"][kept]) / wall, 3),
        "peak_gib": round(record["peak_bytes"] / 2**30, 2),
        "distinct_share": round(sum(step["distinct_tokens"] for step in done[kept]) / tokens, 3),
        "floor_seconds_at_1_tflop": round(sum(step["flop"] for step in done[kept]) / 1e12, 3),
        "last_loss": record["loss"][-1],
    }


def table(found: dict[str, Any]) -> str:
    """The Markdown twin of the JSON."""
    setting = found["setting"]
    lines = [
        "# Training speed", "",
        f"{setting['cpu']}, {setting['threads']} thread(s), {setting['layers']} layers of the 1B shape, "
        f"{setting['rows']} rows a step, {setting['steps']} steps of which {setting['warmup']} warm-up, dropout "
        f"{setting['dropout']}. bfloat16 matrix product: {setting['flop_per_second'] / 1e9:.0f} GFLOP/s by wall time, "
        f"{setting['flop_per_cpu_second'] / 1e9:.0f} by processor time. Versions: {setting['versions']}.", "",
        "| workload | arm | real tokens/s | per processor second | share of the floor | distinct / real | peak GiB |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for key, arm in found["arms"].items():
        workload, _, name = key.partition(":")
        figures = arm["summary"]
        floor = figures["floor_seconds_at_1_tflop"] * 1e12 / setting["flop_per_cpu_second"]
        share = floor / sum(arm["cpu_seconds"][setting["warmup"] :])
        lines.append(
            f"| {workload} | {name} | {figures['real_tokens_per_second']} | {figures['real_tokens_per_cpu_second']} "
            f"| {share:.0%} | {figures['distinct_share']} | {figures['peak_gib']} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dataset's parquet files")
    parser.add_argument("--layers", type=int, help="default: 6, on a GPU 26")
    parser.add_argument("--rows", type=int, default=8, help="rows of a step")
    parser.add_argument("--steps", type=int, default=22)
    parser.add_argument("--warmup", type=int, default=2, help="steps that don't count")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--minutes", type=float, default=1e9, help="start no further arm after so long")
    parser.add_argument("--arms", nargs="+", default=ARMS)
    parser.add_argument("--workloads", nargs="+", default=WORKLOADS)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "results" / "training_speed.json")
    parser.add_argument("--one", nargs=2, metavar=("ARM", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.smoke:
        options.layers, options.steps, options.warmup = 1, 2, 1

    import torch

    from toolgemma.model.system import system_info

    device = "cuda" if torch.cuda.is_available() else "cpu"
    options.layers = options.layers or (26 if device == "cuda" else 6)
    if options.one:
        print(json.dumps(run_arm(options.one[0], read(Path(options.one[1])), options)))
        return
    began = time.monotonic()
    names = ("layers", "rows", "steps", "warmup", "dropout", "checkpointing")
    setting = {name: getattr(options, name) for name in names} | {"device": device, "machine": platform.machine()}
    found: dict[str, Any] = {"setting": setting, "arms": {}}
    if options.output.exists():
        before = json.loads(options.output.read_text(encoding="utf-8"))
        if all(before["setting"].get(name) == value for name, value in setting.items()):
            found["arms"] = before["arms"]
        else:
            sys.exit(f"{options.output} holds figures of other settings: move it away, or choose another --output")
    setting["flop_per_second"], setting["flop_per_cpu_second"] = matmul_rate(device)
    setting |= {"threads": torch.get_num_threads(), "cpu": system_info()["cpu"], "versions": system_info()["versions"]}
    with tempfile.TemporaryDirectory() as folder:
        for workload in options.workloads:
            path = Path(folder) / f"{workload}.json"
            rows = encode(workload, options.data.resolve())
            store(rows, path)
            for arm in options.arms:
                key = f"{workload}:{arm}"
                if key in found["arms"] or time.monotonic() - began > 60 * options.minutes:
                    continue
                given = [f"--{name}={getattr(options, name)}" for name in names[:-1]]
                given += ["--checkpointing"] if options.checkpointing else []
                result = subprocess.run(
                    [sys.executable, __file__, "--data", str(options.data), *given, "--one", arm, str(path)],
                    stdout=subprocess.PIPE, text=True, encoding="utf-8",
                )  # fmt: skip
                if result.returncode:
                    sys.exit(f"{key} failed")
                record = json.loads(result.stdout.splitlines()[-1])
                found["arms"][key] = record | {"summary": summarise(record, rows, options)}
                print(key, found["arms"][key]["summary"], flush=True)
                options.output.parent.mkdir(parents=True, exist_ok=True)
                options.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
                options.output.with_suffix(".md").write_text(table(found), encoding="utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
