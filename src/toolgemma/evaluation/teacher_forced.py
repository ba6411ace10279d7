"""eval_loss and eval_accuracy: how well the model predicts the gold turns when it is fed the gold tokens.

Global sums over the supervised tokens of all rows, eval mode, nothing cut; also by part, because in the default dataset
most supervised tokens are prose and few are call JSON, so that the plain eval_loss hardly sees tool calling. Rows go
through as prefix trees (`tokens.pack`), without padding; how many at a time changes the time it takes and nothing else
(up to the last bits of a float).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolgemma.errors import CheckpointError
from toolgemma.evaluation.metrics import Ratio
from toolgemma.format.segments import PARTS
from toolgemma.rundir import write_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from toolgemma.tokens.encode import Encoded


def saved_or_made(path: Path, made_from: Mapping[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures in `path` if the same model, number format and rows made them; else `make()`, saved there."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["made_from"] == made_from:
            return dict(saved["loss"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    loss = make()
    write_json(path, {"made_from": made_from, "loss": loss})
    return loss


def teacher_forced(
    model: "PreTrainedModel",
    rows: "Sequence[Encoded]",
    *,
    batch_size: int,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """`eval_loss` (nats per token) and `eval_accuracy` with their sums, and the same `by_part`; longest rows first.

    A forward pass has at most the tokens of `batch_size` of the longest row. `advance` is told the number of rows of
    each.

    Raises:
        CheckpointError: the loss is not a finite number.
    """
    import torch

    from toolgemma.model.loss import causal_model, supervised_loss
    from toolgemma.tokens.collate import pack_tensors
    from toolgemma.tokens.pack import arrange, pack

    causal = causal_model(model)
    implementation = causal.config._attn_implementation  # packs attend with their own, and leave it set
    nll, correct, count = torch.zeros(3, len(PARTS), dtype=torch.float64)
    for group in arrange(rows, batch_size * max(map(len, rows), default=0)):
        tensors = pack_tensors(pack(group))
        batch = {name: value.to(model.device) if torch.is_tensor(value) else value for name, value in tensors.items()}
        with torch.no_grad():
            sums = supervised_loss(model, batch)
        for total, of_batch in ((nll, sums.nll_P), (correct, sums.correct_P), (count, sums.count_P)):
            total += of_batch.to("cpu", torch.float64)
        advance(len(group))
    causal.set_attn_implementation(implementation)
    if not math.isfinite(nll.sum().item()):
        raise CheckpointError("eval_loss is not a finite number: the weights are broken; take another checkpoint")
    parts = zip(PARTS, nll.tolist(), correct.tolist(), count.tolist(), strict=True)
    return _records(nll.sum().item(), correct.sum().item(), count.sum().item()) | {
        "by_part": {part: _records(*of_part) for part, *of_part in parts}
    }


def _records(nll: float, correct: float, count: float) -> dict[str, Any]:
    return {
        "eval_loss": Ratio(nll, int(count)).to_record(),
        "eval_accuracy": Ratio(int(correct), int(count)).to_record(),
    }
