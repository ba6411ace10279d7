"""eval_loss and eval_accuracy: how well the model predicts the gold turns when it is fed the gold tokens.

Global sums over the supervised tokens of all rows, eval mode, nothing cut; also by part, because in the default dataset
most supervised tokens are prose and few are call JSON, so that the plain eval_loss hardly sees tool calling. The batch
size changes the time it takes and nothing else (up to the last bits of a float).
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
    pad_token_id: int,
    batch_size: int,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """`eval_loss` (nats per token) and `eval_accuracy` with their sums, and the same `by_part`; longest rows first.

    `advance` is told the number of rows of each finished batch.

    Raises:
        CheckpointError: the loss is not a finite number.
    """
    import torch

    from toolgemma.model.loss import supervised_loss
    from toolgemma.tokens.collate import Collator

    collate = Collator(pad_token_id)
    ordered = sorted(rows, key=lambda row: -len(row.ids))
    nll, correct, count = torch.zeros(3, len(PARTS), dtype=torch.float64)
    for start in range(0, len(ordered), batch_size):
        batch = ordered[start : start + batch_size]
        tensors = {name: tensor.to(model.device) for name, tensor in collate(batch).items()}
        with torch.no_grad():
            sums = supervised_loss(model, tensors)
        for total, of_batch in ((nll, sums.nll_P), (correct, sums.correct_P), (count, sums.count_P)):
            total += of_batch.to("cpu", torch.float64)
        advance(len(batch))
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
