"""A finished run without its training: data, config, and a sealed checkpoint whose adapter changes the model."""

import json
from pathlib import Path

import torch

from scenes import CONVERT, SORT, TOOLS, plain_row, tool_row
from toolgemma import rundir
from toolgemma.config import LoraSection, dump_config, load_config
from toolgemma.conversation import to_openai
from toolgemma.model import device, load


def make_run(folder: Path, model: Path) -> Path:
    """Four test rows, two of them as train and validation rows; gives the run's folder."""
    rows = [
        tool_row("test/0"),
        plain_row("test/1"),
        tool_row("test/2", tools=(CONVERT, SORT)),
        plain_row("test/3", tools=TOOLS),
    ]
    data = folder / "data"
    for split in ("train", "validation", "test"):
        lines = [json.dumps(to_openai(row)) for row in (rows if split == "test" else rows[:2])]
        rundir.write_text(data / f"{split}.jsonl", "\n".join(lines) + "\n")
    overrides = {
        "model.name": str(model),
        "model.device": "cpu",
        "model.dtype": "float32",
        "dataset.path": str(data),
        "dataset.prepared_dir": str(folder / "prepared"),
        "dataset.repair": "none",
        "evaluation.max_new_tokens": 6,
        "evaluation.batch_size": 3,
        "evaluation.baseline": False,
        "training.per_device_eval_batch_size": 2,
    }
    config = load_config(None, [f"{key}={json.dumps(value)}" for key, value in overrides.items()])
    outputs = folder / "outputs"
    rundir.write_text(outputs / rundir.CONFIG, dump_config(config))
    base = load.load_base(config.model, device.choose(config.model))
    facts = load.base_facts(base)
    model = load.add_lora(base, LoraSection(r=4), seed=1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.5, generator=torch.Generator().manual_seed(len(name)))
    load.save_adapter(model, outputs / rundir.FINAL)
    rundir.seal(outputs / rundir.FINAL, {"base": facts})
    return outputs
