"""One optimizer step at the full shape of Gemma 3 1B: peak memory and time, as JSON.

    uv run python benchmarks/full_shape_step.py [--tokens 1024] [--output benchmarks/results/full_shape_step.json]

Random weights of google/gemma-3-1b-it's shape (26 layers, 262,144 entries), bfloat16 (or --dtype float32), LoRA r 16 on
every linear layer, AdamW, one row, half of its tokens supervised: forward, backward, clip, step, by the code that
trains. Needs about 6 GiB of memory and no network. The peak is the process's own (ru_maxrss; on a GPU torch's).
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

import psutil
import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

from toolgemma.config import LoraSection
from toolgemma.model.adapter_dtype import inputs_as_they_are
from toolgemma.model.load import add_lora
from toolgemma.model.loss import supervised_loss
from toolgemma.model.system import system_info
from toolgemma.tokens.encode import IGNORED

SHAPE = {
    "vocab_size": 262144,
    "hidden_size": 1152,
    "intermediate_size": 6912,
    "num_hidden_layers": 26,
    "num_attention_heads": 4,
    "num_key_value_heads": 1,
    "head_dim": 256,
    "sliding_window": 512,
    "query_pre_attn_scalar": 256,
}


def peak_rss_bytes() -> int:
    """Largest resident set of this process so far."""
    if platform.system() == "Windows":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=1)
    parser.add_argument("--gradient-checkpointing", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    dtype = getattr(torch, options.dtype)

    torch.manual_seed(0)
    torch.set_default_dtype(dtype)  # build in the final dtype: no float32 copy of 1B weights
    base = Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE, attn_implementation="sdpa")).to(options.device)
    torch.set_default_dtype(torch.float32)
    base.requires_grad_(False)
    model = add_lora(base, LoraSection(), seed=0)
    if options.gradient_checkpointing:
        enable = getattr(base, "activation_checkpointing_enable", None) or base.gradient_checkpointing_enable
        enable()
        base.enable_input_require_grads()
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    ids = torch.randint(6, SHAPE["vocab_size"], (1, options.tokens), device=options.device)
    labels = ids.clone()
    labels[:, : options.tokens // 2] = IGNORED
    batch = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": labels,
        "parts": torch.where(labels == IGNORED, -1, 0),
    }
    loaded = psutil.Process().memory_info().rss
    losses, seconds = [], []
    for _ in range(options.steps):
        began = time.perf_counter()
        with inputs_as_they_are(base):
            sums = supervised_loss(model, batch)
            loss = sums.nll / sums.count
            loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        seconds.append(round(time.perf_counter() - began, 2))

    on_gpu = torch.device(options.device).type == "cuda"
    result = {
        "shape": SHAPE,
        "tokens": options.tokens,
        "supervised_tokens": int(sums.count),
        "dtype": options.dtype,
        "device": options.device,
        "gradient_checkpointing": options.gradient_checkpointing,
        "base_parameters": base.num_parameters() - sum(parameter.numel() for parameter in trained),
        "trainable_parameters": sum(parameter.numel() for parameter in trained),
        "loss": losses,
        "seconds": seconds,
        "rss_loaded_bytes": loaded,
        "peak_rss_bytes": peak_rss_bytes(),
        "peak_gpu_bytes": torch.cuda.max_memory_allocated() if on_gpu else None,
        "threads": torch.get_num_threads(),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        "cpu": system_info()["cpu"],
        "versions": system_info()["versions"],
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
