"""The three scripts on the real rows, with a small Gemma 3 made on the spot; figures go to results/real_rows.json.

    uv run python benchmarks/real_rows.py --data ../shared/data/tool-use-finetuning

No weights are needed: the base has a few layers with random weights and a BPE tokenizer with 8,192 entries and Gemma's
control tokens, trained on the train split. So the scores say that the way is whole, not that the model is good. Each
budget trains, evaluates with --baseline, and reports how many rows exceeded it, lost distractors or were dropped, and
how many targets were cut (there must be none).
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))


def make_base(folder: Path, data: Path) -> Path:
    """The small base model; its tokenizer sees the wire text of the train split only."""
    from tiny import make_model_folder
    from toolgemma.data.load import read_file_or_folder
    from toolgemma.format import get_dialect

    dialect = get_dialect("hermes")
    texts = [
        segment.text  # without control tokens, or the tokenizer would learn merges into them
        for row in read_file_or_folder(str(data))["train"]
        for segment in dialect.render(row)
        if not segment.control
    ]
    return make_model_folder(folder, texts, vocab_size=8192, layers=4, hidden_size=256)


def run(*arguments: str) -> tuple[str, float]:
    """Run a script of the project; its output and wall seconds."""
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", env=os.environ
    )
    if result.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{result.stdout}\n{result.stderr}")
    return result.stdout, time.perf_counter() - start


def overrides(base: Path, data: Path, work: Path, budget: int) -> list[str]:
    """`--set` flags that turn the optimized recipe into this experiment."""
    values = {
        "model.name": base,
        "dataset.path": data,
        "dataset.prepared_dir": work / "prepared",
        "data_processing.max_seq_length": budget,
        "training.learning_rate": 2e-3,
        "training.eval_steps": 20,
        "training.save_steps": 20,
        "evaluation.max_new_tokens": 256,
        "evaluation.batch_size": 16,
    }
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def experiment(base: Path, data: Path, work: Path, budget: int) -> dict[str, object]:
    """Train and evaluate at one token budget."""
    output = work / f"run-{budget}"
    config = ["--config", "configs/training_config_optimized.yaml", *overrides(base, data, work, budget)]
    _, prepare_seconds = run("scripts/prepare_data.py", *config)
    _, train_seconds = run("scripts/train.py", *config, "--output_dir", str(output))
    printed, evaluate_seconds = run(
        "scripts/evaluate.py", "--model_path", str(output), "--max_samples", "100", "--baseline"
    )
    print(printed)
    fit = json.loads((output / "data_report.json").read_text(encoding="utf-8"))["fit"]
    metrics = json.loads((output / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    curve = [json.loads(line) for line in (output / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return {
        "max_seq_length": budget,
        "seconds": {"prepare": prepare_seconds, "train": train_seconds, "evaluate": evaluate_seconds},
        "fit": counted(fit),
        "loss": [[line["step"], line["loss"]] for line in curve if "loss" in line],
        "eval_loss": [[line["step"], line["eval_loss"]] for line in curve if "eval_loss" in line],
        "metrics": headlines(metrics),
    }


def counted(fit: dict[str, Any]) -> dict[str, int]:
    """How many rows there were, were kept, lost distractors, were dropped."""
    return {key: value if isinstance(value, int) else len(value) for key, value in fit.items()}


def headlines(metrics: dict[str, Any]) -> dict[str, Any]:
    """The seven metrics and the companions of each system, on the repaired view."""
    return {
        name: {
            metric: found["value"]
            for metric, found in (*system["views"]["repaired"]["D1"].items(), *system.get("loss", {}).items())
            if isinstance(found, dict) and "value" in found
        }
        for name, system in metrics["systems"].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the three parquet files")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "work" / "real_rows")
    parser.add_argument("--budgets", type=int, nargs="+", default=[4096, 1024])
    options = parser.parse_args()
    data = options.data.resolve()
    base = make_base(options.work / "base", data)
    results = [experiment(base, data, options.work, budget) for budget in options.budgets]
    target = ROOT / "benchmarks" / "results" / "real_rows.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
