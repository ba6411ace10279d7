"""Predicted against measured peak memory of training, one fresh process per setting.

    uv run python benchmarks/planner.py [--device cuda] [--only 3] [--output FILE]

Each process loads random weights of Gemma 3 1B's width (262,144 entries, few layers, so that an ordinary machine can
run all settings) from safetensors, adds the adapter and trains two optimizer steps with the trainer that trains. The
measured figure is the largest resident set of the whole process, from its first instruction to its last, nothing
subtracted (VmHWM of Linux; on a GPU what torch's allocator reserved, to which its context comes). A setting that stands
in the output already isn't run again. Needs up to 6 GiB of memory, no network.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from toolgemma.rundir import write_json

SHAPE = {
    "vocab_size": 262144,
    "hidden_size": 1152,
    "intermediate_size": 6912,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "sliding_window": 512,
    "query_pre_attn_scalar": 256,
}


@dataclass(frozen=True)
class Setting:
    """One run; `tokens` are those of a row."""

    layers: int = 2
    tokens: int = 512
    batch: int = 1
    dtype: str = "bfloat16"
    checkpointing: bool = False
    dropout: float = 0.05
    optim: str = "adamw_torch"
    r: int = 16
    packing: str = "prefix_tree"


SETTINGS = [
    Setting(tokens=1024),
    Setting(tokens=1024, checkpointing=True),
    Setting(),
    Setting(tokens=1024, dtype="float32"),
    Setting(layers=4, tokens=512, batch=2),
    Setting(layers=12, tokens=256),
    Setting(tokens=2048),
    Setting(layers=4, tokens=1024, dtype="float32", checkpointing=True),
    Setting(tokens=1024, dropout=0.0),
    Setting(tokens=1024, packing="none"),
    Setting(r=128),
    Setting(layers=26, tokens=256, checkpointing=True),
]


def make_model(folder: Path, layers: int) -> None:
    """Save random weights in bfloat16, as the Hub holds them."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE, num_hidden_layers=layers)).save_pretrained(folder)


def train(setting: Setting, model: Path, device_name: str) -> None:
    """The child: two optimizer steps, then the figures on stdout."""
    import random

    import torch

    from toolgemma.config import load_config
    from toolgemma.model import device, load
    from toolgemma.model.system import versions
    from toolgemma.tokens.encode import Encoded
    from toolgemma.training.arguments import training_arguments
    from toolgemma.training.trainer import SupervisedTrainer, layouts

    imported = status("VmRSS")
    with tempfile.TemporaryDirectory() as output:
        config = load_config(None, [*overrides(setting, model, device_name), f"training.output_dir={output}"])
        placement = device.choose(config.model)
        base = load.load_base(config.model, placement)
        adapted = load.add_lora(base, config.lora, config.training.seed)
        loaded, loading = status("VmRSS"), status("VmHWM")
        rows = []
        generator = random.Random(0)
        for index in range(2 * setting.batch):
            ids = tuple(generator.randrange(6, SHAPE["vocab_size"]) for _ in range(setting.tokens))
            start = setting.tokens - setting.tokens // 4  # a quarter is supervised
            rows.append(
                Encoded(ids, (-100,) * start + ids[start:], (-1,) * start + (0,) * len(ids[start:]), str(index))
            )
        arguments = training_arguments(config, device=placement.device, validated=False)
        trainer = SupervisedTrainer(adapted, arguments, rows=rows, validation=[], layouts=layouts(config, rows, [], 0))
        began = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - began
    peak = status("VmHWM")
    print(json.dumps({
        "measured_bytes": peak if device_name == "cpu" else torch.cuda.max_memory_reserved(),
        "imported_bytes": imported, "loading_bytes": loading, "loaded_bytes": loaded, "seconds": round(seconds, 1),
        "threads": torch.get_num_threads(), "device": device_name, "versions": versions(),
    }))  # fmt: skip


def overrides(setting: Setting, model: Path, device_name: str) -> list[str]:
    """The config of a setting, as `--set` writes it."""
    return [
        f"model.name={model}",
        f"model.device={device_name}",
        f"model.dtype={setting.dtype}",
        f"lora.r={setting.r}",
        f"lora.lora_dropout={setting.dropout}",
        f"training.optim={setting.optim}",
        f"training.packing={setting.packing}",
        f"training.gradient_checkpointing={str(setting.checkpointing).lower()}",
        f"training.per_device_train_batch_size={setting.batch}",
        "training.gradient_accumulation_steps=1",
        "training.max_steps=2",
        "training.save_steps=1000",
    ]


def with_prediction(result: dict) -> dict:
    """A measured setting with what today's formula says of it; a GPU's context isn't in what its allocator reserves."""
    from toolgemma.config import load_config
    from toolgemma.training import memory

    setting = Setting(**{field.name: result[field.name] for field in fields(Setting)})
    config = load_config(None, overrides(setting, Path("any"), result["device"]))
    shape = memory.shape_of(SHAPE | {"num_hidden_layers": setting.layers})
    load = memory.Load(result["device"], setting.dtype, setting.batch, setting.tokens, setting.checkpointing)
    predicted = memory.predict(shape, config, load)
    size = predicted.total if result["device"] == "cpu" else predicted.total - predicted.process
    return result | {"predicted_bytes": size, "parts": dict(predicted.parts())}


def line_of(result: dict) -> str:
    """A row of the table in docs/memory.md."""
    share = result["predicted_bytes"] / result["measured_bytes"] - 1
    return (
        f"| {result['layers']} | {result['batch']} x {result['tokens']} | {result['dtype']} | "
        f"{'on' if result['checkpointing'] else 'off'} | {result['packing']} | "
        f"r {result['r']}, dropout {result['dropout']} | "
        f"{result['predicted_bytes'] / 2**30:.2f} | {result['measured_bytes'] / 2**30:.2f} | {share:+.1%} |"
    )


def status(key: str) -> int:
    """A figure of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--only", type=int, action="append", default=[], help="a setting's number, from 0")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make_model(options.model, options.make)
    if options.child is not None:
        return train(SETTINGS[options.child], options.model, options.device)

    output = options.output or Path("benchmarks/results") / f"planner_{options.device}.json"
    results = json.loads(output.read_text(encoding="utf-8")) if output.exists() else []
    with tempfile.TemporaryDirectory() as temporary:
        for number, setting in enumerate(SETTINGS):
            done = any(all(line[key] == value for key, value in asdict(setting).items()) for line in results)
            if done or (options.only and number not in options.only):
                continue
            model = Path(temporary) / f"layers-{setting.layers}"
            if not model.exists():
                run("--make", str(setting.layers), "--model", str(model))
            child = run("--child", str(number), "--model", str(model), "--device", options.device)
            results.append(asdict(setting) | json.loads(child.splitlines()[-1]))
            write_json(output, [with_prediction(result) for result in results])
            print(line_of(with_prediction(results[-1])), flush=True)
    results = [with_prediction(result) for result in results]
    write_json(output, results)
    print("\n".join(map(line_of, results)))


def run(*arguments: str) -> str:
    """This script in a fresh process; its stdout."""
    return subprocess.run(
        [sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    main()
