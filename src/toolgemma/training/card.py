"""The model card of a final adapter: what it is, what it was trained on, what was measured, under which terms.

Only figures of this run are printed; generation metrics belong to `toolgemma evaluate`, and the card says so.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from toolgemma.config import EMBEDDED, Config, packed

TERMS = "https://ai.google.dev/gemma/terms"
_GEMMA_TERMS = f"""Gemma is provided under and subject to the [Gemma Terms of Use]({TERMS}). This adapter is a
derivative of Gemma, so whoever passes it on must pass on these terms and the
[prohibited uses](https://ai.google.dev/gemma/prohibited_use_policy)."""
_OUR_TERMS = "The base and the rows are toolgemma's own, under the MIT licence; no weight of Google's is in them."


def model_card(config: Config, manifest: Mapping[str, Any]) -> str:
    """Markdown with the Hub's YAML header, from the resolved config and the facts of checkpoint-final's manifest."""
    base, dataset = packed(config.model.name, "model"), manifest.get("dataset", {})
    dataset_name = packed(dataset.get("name", config.dataset.path or config.dataset.name), "data")
    ours = base == EMBEDDED
    opened = 'unpacked("embedded", "model")' if ours else f'"{base}"'
    header: dict[str, Any] = {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        **({"license": "mit"} if ours else {"license": "gemma", "license_link": TERMS}),
        "tags": ["tool-calling", "function-calling", "lora", "gemma3", "toolgemma"],
    }
    if _is_hub_id(base):
        header["base_model"] = base
    if _is_hub_id(dataset_name):
        header["datasets"] = [dataset_name]
    return f"""---
{yaml.safe_dump(header, sort_keys=False).strip()}
---

# Tool-calling adapter for {base}

A LoRA adapter that teaches `{base}` to call tools, trained with toolgemma
{manifest["versions"]["toolgemma"]}. Calls are written in the dialect `{manifest["dialect"]}`.

## Data

`{dataset_name}`, licence: {dataset.get("license") or "not stated; look at the dataset's own page"}.
{manifest["figures"]["train_rows"]} rows for training, {manifest["figures"]["validation_rows"]} for validation,
after lint and repair (`{config.dataset.repair}`). The loss is on the assistant's tokens only.

## Figures of the training run

{_table(manifest["figures"])}

All are on validation rows, at the best step: `eval_loss` and `eval_accuracy` teacher-forced, tool-call figures (where
training measured them) by generation. On the test rows:
`toolgemma evaluate --model_path <this folder> --baseline`.

## Use

```python
from peft import PeftModel
from transformers import AutoTokenizer, Gemma3ForCausalLM
{"from toolgemma.config import unpacked" + chr(10) if ours else ""}
tokenizer = AutoTokenizer.from_pretrained("<this folder>")
base = Gemma3ForCausalLM.from_pretrained({opened}, dtype="bfloat16")
model = PeftModel.from_pretrained(base, "<this folder>")
```

Never run Gemma 3 in float16: its activations overflow. Stop at `<end_of_turn>` (generation_config.json says so).

## Settings

{_settings(config)}

## Terms

{_OUR_TERMS if ours else _GEMMA_TERMS}
"""


def _is_hub_id(name: str) -> bool:
    return re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name) is not None and not Path(name).exists()


def _table(figures: Mapping[str, Any]) -> str:
    lines = ["| figure | value |", "|---|---|"]
    for key, value in figures.items():
        if value is not None:
            lines.append(f"| {key} | {f'{value:.4f}' if isinstance(value, float) else value} |")
    return "\n".join(lines)


def _settings(config: Config) -> str:
    sections = {"lora": config.lora.model_dump(mode="json"), "training": config.training.model_dump(mode="json")}
    shown = {
        "r", "lora_alpha", "lora_dropout", "target_modules", "learning_rate", "num_train_epochs", "max_steps",
        "per_device_train_batch_size", "gradient_accumulation_steps", "lr_scheduler_type", "seed",
    }  # fmt: skip
    chosen = {f"{name}.{key}": value for name, keys in sections.items() for key, value in keys.items() if key in shown}
    return "\n".join(f"- `{key}: {value}`" for key, value in chosen.items())
