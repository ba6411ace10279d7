"""The real command on the real embedded model and rows, shortened, with floors that only a working whole passes.

Each floor is for something that breaks in silence: the mask (trained on the prompt, the model learns no calls), the
template (prompts that differ from what was trained), the adapter (not loaded, or loaded and not used), the base.
The whole quickstart, over three seeds and with shuffled labels, is benchmarks/quickstart.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolgemma.config import load_config

MODEL = Path(load_config(None, ["model.name=embedded"]).model.name)
SHORTENED = {
    "training.max_steps": 48,
    "training.eval_steps": 48,
    "training.save_steps": 48,
    "dataset.validation_split": None,
    "data_processing.max_seq_length": 448,
    "evaluation.max_samples": 40,
    "evaluation.views": ["repaired"],
}
RIGHT_CALLS = 0.25
"""Floor of tool_call_accuracy on rows that need a call; 0 before."""
RIGHT_TOOLS = 0.6
"""Floor of tool_name_accuracy."""
MALFORMED = 0.2
"""Ceiling of malformed_rate."""
LOSS_RATIO = 0.45
"""Ceiling of eval_loss after / before."""


@pytest.mark.skipif(
    not (MODEL / "model.safetensors").is_file(),
    reason=f"{MODEL.parent.name}/{MODEL.name} is not there: make it with benchmarks/pretrain_base.py --export",
)
def test_a_shortened_quickstart_learns_to_call_tools(tmp_path):
    overrides = {"dataset.prepared_dir": str(tmp_path / "prepared"), **SHORTENED}
    settings = [word for key, value in overrides.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    result = subprocess.run(
        [sys.executable, "-m", "toolgemma.cli", "quickstart", "--output_dir", str(tmp_path / "run"), *settings],
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "80"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((tmp_path / "run" / "evaluation" / "metrics.json").read_text(encoding="utf-8"))
    groups = {name: report["systems"][name]["views"]["repaired"] for name in ("untuned", "tuned")}
    before, after = ({kind: found["by_query_type"][kind] for kind in ("seen", "unseen")} for found in groups.values())
    shown = {name: {metric: value["value"] for metric, value in found["D1"].items() if metric != "decisions"}
             for name, found in groups.items()}  # fmt: skip
    assert pooled(before, "tool_call_accuracy") <= 0.05, shown
    assert pooled(after, "tool_call_accuracy") >= RIGHT_CALLS, shown
    assert pooled(after, "tool_name_accuracy") >= RIGHT_TOOLS, shown
    assert groups["tuned"]["D1"]["malformed_rate"]["value"] <= MALFORMED, shown
    losses = [report["systems"][name]["loss"]["eval_loss"]["value"] for name in ("untuned", "tuned")]
    assert losses[1] <= LOSS_RATIO * losses[0]
    for expected in ("tool_call_accuracy", "Right now, wrong before", "Run folder"):
        assert expected in result.stdout


def pooled(groups: dict, metric: str) -> float:
    """A share over the rows with calls of both kinds of tools."""
    found = [group[metric] for group in groups.values()]
    return sum(each["numerator"] for each in found) / sum(each["denominator"] for each in found)
