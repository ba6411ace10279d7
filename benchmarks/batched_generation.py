"""Our batched generation against `model.generate` of transformers, one prompt at a time: same completions, less time.

    uv run python benchmarks/batched_generation.py --data ../shared/data/tool-use-finetuning

Both complete the same turns (the D1 of the 60 test rows, view `repaired`) with the same small Gemma 3, made as in
real_rows.py (random weights, 4 layers, 8,192 entries), greedily and in float32: there padding may change the last bits
of a logit and nothing else, so a completion that differs is explained by the margin between the two tokens at the
place where they part. With `--model_path RUN` a trained run of that base is taken instead.

Ratios are of one run: wall seconds, and CPU seconds, which other work on the machine doesn't change. A model of random
weights hardly ever ends a turn, so every row of a batch runs to the limit: a trained one, whose turns end at different
lengths, gains less from batches on a CPU, where a batch's arithmetic isn't free.
Writes benchmarks/results/batched_generation.json; exits with 1 if a completion differs by more than a near-tie.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from real_rows import ROOT, make_base
from transformers import GenerationConfig, __version__

from toolgemma import rundir
from toolgemma.config import load_config
from toolgemma.data.catalogue import catalogue
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.views import views
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.runner import Subject
from toolgemma.format import get_dialect
from toolgemma.inference.generate import generate
from toolgemma.model import device, load

Result = TypeVar("Result")
NEAR_TIE = 1e-3
"""Margin between the two best logits below which rounding may decide, in logits of float32."""


def questions(data: Path, subject: Subject) -> list[list[int]]:
    """The prompts of the test split's D1, view `repaired`, in row order."""
    splits = read_file_or_folder(str(data))
    found = views(splits["test"], 42, catalogue(splits))["repaired"]
    planned = [decision for decision in decisions({"repaired": found}) if decision.turn == "D1"]
    return [subject.prompt(decision.history) for decision in planned]


def one_by_one(subject: Subject, prompts: Sequence[Sequence[int]], limit: int) -> list[list[int]]:
    """What a user of transformers would write."""
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=limit,
        eos_token_id=subject.stop_ids,
        pad_token_id=subject.tokenizer.pad_token_id,
    )
    written = []
    for prompt in prompts:
        ids = torch.tensor([list(prompt)])
        out = subject.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=settings)
        written.append(cut(out[0, len(prompt) :].tolist(), subject.stop_ids))
    return written


def cut(ids: list[int], stop_ids: Sequence[int]) -> list[int]:
    """Tokens before the first stop token."""
    end = next((place for place, token in enumerate(ids) if token in stop_ids), len(ids))
    return ids[:end]


def batched(subject: Subject, prompts: Sequence[Sequence[int]], limit: int, batch_size: int) -> list[str]:
    """Texts of our generation, in the order of the prompts."""
    found = dict(
        generate(
            subject.model,
            subject.tokenizer,
            prompts,
            max_new_tokens=limit,
            batch_size=batch_size,
            stop_ids=subject.stop_ids,
        )
    )
    return [found[index].text for index in range(len(prompts))]


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """A result with its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def parting(subject: Subject, prompt: Sequence[int], written: Sequence[int], other: str) -> dict[str, float | int]:
    """Where a completion leaves the one-by-one one, and the margin between the two best logits there."""
    texts = [subject.tokenizer.decode(written[:count], skip_special_tokens=False) for count in range(len(written) + 1)]
    place = max(count for count, text in enumerate(texts) if other.startswith(text))
    with torch.no_grad():
        logits = subject.model(torch.tensor([[*prompt, *written[:place]]])).logits[0, -1]
    best, second = logits.topk(2).values.tolist()
    return {"token": place, "margin": best - second}


def main() -> int:
    """Make or take the model, time both ways, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the three parquet files")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "work" / "batched_generation")
    parser.add_argument("--model_path", type=Path, help="a trained run of this base; default: the base alone")
    parser.add_argument("--max_new_tokens", type=int, default=64)
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[8, 16])
    options = parser.parse_args()
    base = options.work / "base"
    if not (base / "config.json").exists():
        make_base(base, options.data.resolve())
    section = load_config(None, [f"model.name={base}", "model.device=cpu", "model.dtype=float32"]).model
    model = load.load_base(section, device.choose(section))
    if options.model_path:
        model = load.load_adapter(model, rundir.resolve_checkpoint(options.model_path))
    subject = Subject(model, load.load_tokenizer(section), get_dialect("hermes"))
    prompts = questions(options.data, subject)
    one_by_one(subject, prompts[:1], 2)  # warm up
    alone, wall, cpu = timed(lambda: one_by_one(subject, prompts, options.max_new_tokens))
    texts = [subject.tokenizer.decode(ids, skip_special_tokens=False) for ids in alone]
    found = {
        "rows": len(prompts),
        "prompt_tokens": {"mean": round(sum(map(len, prompts)) / len(prompts)), "longest": max(map(len, prompts))},
        "max_new_tokens": options.max_new_tokens,
        "ended_turns": sum(len(ids) < options.max_new_tokens for ids in alone),
        "model": {"parameters": model.num_parameters(), "trained": options.model_path is not None, "dtype": "float32"},
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "transformers": __version__},
        "one_by_one": {"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu, 2)},
        "batched": [],
    }
    bad = 0
    for size in options.batch_sizes:
        ours, our_wall, our_cpu = timed(lambda size=size: batched(subject, prompts, options.max_new_tokens, size))
        differing = [index for index in range(len(prompts)) if ours[index] != texts[index]]
        explained = [parting(subject, prompts[index], alone[index], ours[index]) for index in differing]
        bad += sum(entry["margin"] > NEAR_TIE for entry in explained)
        found["batched"].append(
            {
                "batch_size": size,
                "wall_seconds": round(our_wall, 2),
                "cpu_seconds": round(our_cpu, 2),
                "wall_ratio": round(wall / our_wall, 2),
                "cpu_ratio": round(cpu / our_cpu, 2),
                "identical": len(prompts) - len(differing),
                "differing": [{"row": index} | entry for index, entry in zip(differing, explained, strict=True)],
            }
        )
    target = ROOT / "benchmarks" / "results" / "batched_generation.json"
    target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(found, indent=2))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
