"""Our generation against `model.generate` of transformers, padded batches and one prompt at a time: ratios, same texts.

    uv run python benchmarks/batched_generation.py --data ../shared/data/tool-use-finetuning

Workloads: `real`, the first turns of the 60 test rows (view `repaired`), and `fixed-tools`, 60 requests of a few words
with the dataset's 40 tools in every prompt. Models, both of random weights made on the spot: `small`, as in
real_rows.py (4 layers, 8,192 entries, float32), and `1b-6`, six layers of the shape of Gemma 3 1B in bfloat16. A model
of random weights hardly ever ends a turn, so every row runs to the limit, which suits padded batches: that a row which
has ended makes room for the next one is not in these figures.

The arms run one after the other in one process of one thread, `--repeats` times. Figures are seconds of processor time
of that process, so that other work on the machine changes them little; wall seconds stand beside. Prefill is the time
in forward passes over more than one token a row, decode is the rest. In float32 a completion that differs from the
one-by-one one must part from it at a near-tie, or the script exits with 1; in bfloat16 random weights tie often, and
the count is only given. Results are kept after each model and workload, and an interrupted run goes on:
results/batched_generation.json and .md.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from real_rows import ROOT, make_base
from training_speed import fixed_tools_conversations
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig, __version__

from toolgemma.config import load_config
from toolgemma.data.catalogue import catalogue
from toolgemma.data.load import read_file_or_folder
from toolgemma.data.views import views
from toolgemma.evaluation.decisions import decisions
from toolgemma.evaluation.runner import Subject
from toolgemma.format import get_dialect
from toolgemma.inference.generate import generate
from toolgemma.model import device, load
from toolgemma.model.system import system_info

RESULTS = ROOT / "benchmarks" / "results"
NEAR_TIE = 1e-3
"""Margin between the two best logits below which rounding may decide, in logits of float32."""
Texts = list[list[int]]
"""Token ids, row by row."""


def questions(workload: str, data: Path, subject: Subject, count: int) -> Texts:
    """Prompts of a workload, at most `count`, taken evenly."""
    if workload == "real":
        splits = read_file_or_folder(str(data))
        found = views(splits["test"], 42, catalogue(splits))["repaired"]
    else:
        found = fixed_tools_conversations(data, 60)
    planned = [decision for decision in decisions({"repaired": found}) if decision.turn == "D1"]
    prompts = [subject.prompt(decision.history) for decision in planned]
    return prompts[:: max(1, len(prompts) // count)][:count]


def one_by_one(subject: Subject, prompts: Texts, limit: int, size: int) -> Texts:
    """What a user of transformers would write."""
    return [padded(subject, [prompt], limit, 1)[0] for prompt in prompts]


def padded(subject: Subject, prompts: Texts, limit: int, size: int) -> Texts:
    """The same in batches, prompts of like length together."""
    pad = int(subject.tokenizer.pad_token_id)
    settings = GenerationConfig(do_sample=False, max_new_tokens=limit, eos_token_id=subject.stop_ids, pad_token_id=pad)
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    written: dict[int, list[int]] = {}
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        width = len(prompts[chosen[0]])
        ids = torch.tensor([[pad] * (width - len(prompts[index])) + prompts[index] for index in chosen])
        mask = torch.tensor([[0] * (width - len(prompts[index])) + [1] * len(prompts[index]) for index in chosen])
        out = subject.model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
        for index, row in zip(chosen, out[:, width:].tolist(), strict=True):
            written[index] = row[: next((at for at, token in enumerate(row) if token in subject.stop_ids), None)]
    return [written[index] for index in range(len(prompts))]


class Ids:
    """A tokenizer as far as generation needs one: it writes ids as numbers, so that these are compared."""

    def decode(self, ids: Sequence[int], **more: Any) -> str:
        return " ".join(map(str, ids))


def ours(subject: Subject, prompts: Texts, limit: int, size: int) -> Texts:
    """Our generation, in the order of the prompts."""
    words: Any = Ids()
    found = dict(
        generate(subject.model, words, prompts, max_new_tokens=limit, batch_size=size, stop_ids=subject.stop_ids)
    )
    return [[int(word) for word in found[index].text.split()] for index in range(len(prompts))]


class Clock:
    """Processor seconds in forward passes over more than one token a row, and tokens that went through them."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.seconds, self.tokens, self._began = 0.0, 0, 0.0
        self._handles = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            model.register_forward_hook(self._end, with_kwargs=True),
        ]

    def _begin(self, module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        self._began = time.process_time()

    def _end(self, module: torch.nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        if kwargs["input_ids"].shape[1] > 1:
            self.seconds += time.process_time() - self._began
            self.tokens += kwargs["input_ids"].numel()

    def stop(self) -> None:
        for handle in self._handles:
            handle.remove()


def timed(subject: Subject, work: Callable[[], Texts]) -> tuple[Texts, dict[str, Any]]:
    """What `work` gives, and its seconds."""
    clock = Clock(subject.model)
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    clock.stop()
    seconds = {"cpu": cpu, "prefill": clock.seconds, "decode": cpu - clock.seconds, "wall": wall}
    return result, {**{name: round(value, 2) for name, value in seconds.items()}, "prefill_tokens": clock.tokens}


def subjects(name: str, base: Path) -> Subject:
    """A model, with the tokenizer of the small one."""
    section = load_config(None, [f"model.name={base}", "model.device=cpu", "model.dtype=float32"]).model
    if name == "small":
        model: Any = load.load_base(section, device.choose(section))
    else:
        from full_shape_step import SHAPE

        torch.manual_seed(0)
        torch.set_default_dtype(torch.bfloat16)
        model = Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE | {"num_hidden_layers": 6}, pad_token_id=0)).eval()
        torch.set_default_dtype(torch.float32)
        model.generation_config = GenerationConfig()
    return Subject(model, load.load_tokenizer(section), get_dialect("hermes"))


def margin(subject: Subject, prompt: Sequence[int], written: Sequence[int], other: Sequence[int]) -> float:
    """Between the two best logits where a completion leaves the one-by-one one."""
    pairs = zip(written, other, strict=False)
    place = next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(written), len(other)))
    with torch.no_grad():
        logits = subject.model(torch.tensor([[*prompt, *written[:place]]])).logits[0, -1].float()
    best, second = logits.topk(2).values.tolist()
    return float(best - second)


def measure(subject: Subject, prompts: Texts, limit: int, sizes: Sequence[int], repeats: int) -> dict[str, Any]:
    """Every arm, `repeats` times in turn."""
    arms: dict[str, Callable[[], Texts]] = {"one by one": lambda: one_by_one(subject, prompts, limit, 1)}
    for size in sizes:
        arms[f"padded, {size} rows"] = lambda size=size: padded(subject, prompts, limit, size)  # type: ignore[misc]
        arms[f"ours, {size} rows"] = lambda size=size: ours(subject, prompts, limit, size)  # type: ignore[misc]
    ours(subject, prompts[:1], 2, 1)  # warm up
    padded(subject, prompts[:1], 2, 1)
    found: dict[str, Any] = {name: [] for name in arms}
    texts: dict[str, Texts] = {}
    for _ in range(repeats):
        for name, work in arms.items():
            texts[name], seconds = timed(subject, work)
            found[name].append(seconds)
            print(f"  {name}: {seconds}", flush=True)
    alone = texts["one by one"]
    lengths = [len(prompt) for prompt in prompts]
    result: dict[str, Any] = {
        "rows": len(prompts),
        "prompt_tokens": {"mean": round(sum(lengths) / len(lengths)), "longest": max(lengths)},
        "max_new_tokens": limit,
        "ended_turns": sum(len(ids) < limit for ids in alone),
        "seconds": found,
        "differing": {},
    }
    for name in arms:
        if name.startswith("ours"):
            other = [index for index in range(len(prompts)) if texts[name][index] != alone[index]]
            result["differing"][name] = {
                index: round(margin(subject, prompts[index], alone[index], texts[name][index]), 6) for index in other
            }
    return result


def markdown(document: dict[str, Any]) -> str:
    """The results as a page."""
    info = document["system"]
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    lines = [
        "# Batched generation",
        "",
        f"{info['cpu']}; {versions}. One thread, processor time, core shared with other work. Written by "
        "`benchmarks/batched_generation.py`.",
        "",
        "Seconds of processor time, best of the repeats; ratio: arm / ours of the same batch size (one by one: ours of "
        "the smallest).",
    ]
    for title, result in document["results"].items():
        best = {name: min(runs, key=lambda run: run["cpu"]) for name, runs in result["seconds"].items()}
        mean, longest = result["prompt_tokens"]["mean"], result["prompt_tokens"]["longest"]
        repeats = len(next(iter(result["seconds"].values())))
        lines += [
            "",
            f"## {title}",
            "",
            f"{result['rows']} prompts of {mean:,} tokens on average, {longest:,} at most; {result['max_new_tokens']} "
            f"new tokens each; {repeats} repeat{'s' * (repeats > 1)}.",
            "",
            "| arm | tokens prefilled | prefill | decode | both | ratio prefill | decode | both | wall |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        first = next(name for name in best if name.startswith("ours"))
        for name, run in best.items():
            mine = best.get(name.replace("padded", "ours"), {})
            mine = mine if "rows" in name else best[first]
            ratios = [run[key] / mine[key] if mine[key] else float("nan") for key in ("prefill", "decode", "cpu")]
            lines.append(
                f"| {name} | {run['prefill_tokens']:,} | {run['prefill']:.1f} | {run['decode']:.1f} | {run['cpu']:.1f}"
                " | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + f" | {run['wall']:.0f} |"
            )
        lines.append("")
        for name, differing in result["differing"].items():
            same = result["rows"] - len(differing)
            lines.append(f"{name}: {same} of {result['rows']} completions are those of one by one.")
    return "\n".join(lines) + "\n"


def save(document: dict[str, Any]) -> None:
    """Both files."""
    text = json.dumps(document, indent=2) + "\n"
    (RESULTS / "batched_generation.json").write_text(text, encoding="utf-8", newline="\n")
    (RESULTS / "batched_generation.md").write_text(markdown(document), encoding="utf-8", newline="\n")


def main() -> int:
    """Measure what is missing, keep it, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the three parquet files")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "work" / "batched_generation")
    parser.add_argument("--models", nargs="+", choices=["small", "1b-6"], default=["small", "1b-6"])
    parser.add_argument("--workloads", nargs="+", choices=["real", "fixed-tools"], default=["real", "fixed-tools"])
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--max_new_tokens", type=int, default=32)
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    base = options.work / "base"
    if not (base / "config.json").exists():
        make_base(base, options.data.resolve())
    kept = options.work / "results.json"
    results = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    info = system_info()
    document = {
        "system": {key: info[key] for key in ("system", "cpu", "cpu_cores", "memory_bytes")},
        "versions": {"Python": platform.python_version(), "torch": torch.__version__, "transformers": __version__},
        "threads": 1,
        "results": results,
    }
    for name in options.models:
        subject = subjects(name, base)
        for workload in options.workloads:
            title = f"{name}, {workload}"
            if title in results:
                continue
            print(title, flush=True)
            prompts = questions(workload, options.data, subject, options.rows)
            results[title] = measure(subject, prompts, options.max_new_tokens, options.batch_sizes, options.repeats)
            kept.write_text(json.dumps(results), encoding="utf-8")
            save(document)
    save(document)
    print(markdown(document))
    margins = [
        margin
        for title, result in results.items()
        if title.startswith("small")
        for differing in result["differing"].values()
        for margin in differing.values()
    ]
    return int(any(margin > NEAR_TIE for margin in margins))


if __name__ == "__main__":
    sys.exit(main())
