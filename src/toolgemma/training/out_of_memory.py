"""Out of memory in the middle of a step: smaller pieces, the same step again, nothing lost.

    one optimizer step       batch 1      batch 2         memory runs out in batch 2
    done again               1a 1b        2a 2b           half the rows at a time, twice as many passes
    every later step         1a 1b        2a 2b

Weights change only at the end of a step, so the last finished one is where things stand; what this step had added to
the gradients is thrown away and computed again. The loss is a sum over the step divided by the step's supervised
tokens, so the pieces lead to the same gradient as the whole. Where a single row is too much, activations are recomputed
from then on; where that doesn't help either, the error names what to change. With dropout the repeated step draws other
masks, as any other batch size would.

Costs nothing until it happens. What an evaluation or the optimizer's own step allocates is not covered.
"""

import gc
import logging

import torch
from accelerate.utils.memory import should_reduce_batch_size
from torch import Tensor

from toolgemma.errors import ConfigError

Batch = dict[str, Tensor]
logger = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether CUDA, MPS or the CPU's allocator had no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and should_reduce_batch_size(error)
    )


def pieces(batch: Batch, rows: int) -> list[Batch]:
    """`batch` cut into batches of at most `rows` rows, each without the columns in which it has only padding."""
    count = len(batch["input_ids"])
    if count <= rows:
        return [batch]
    found = []
    for start in range(0, count, rows):
        part = {name: tensor[start : start + rows] for name, tensor in batch.items()}
        longest = int(part["attention_mask"].sum(dim=1).max())
        found.append({name: tensor[:, :longest] for name, tensor in part.items()})
    return found


class Lean:
    """How a step is cut, and what is done the next time memory runs out."""

    def __init__(self, checkpointing: bool) -> None:
        self.rows: int | None = None
        """Rows at a time; None: whole batches."""
        self.checkpointing = checkpointing

    def cut(self, batch: Batch) -> list[Batch]:
        """The pieces of a batch, one forward and backward pass each."""
        return [batch] if self.rows is None else pieces(batch, self.rows)

    def shrink(self, batch: Batch, step: int) -> bool:
        """After memory ran out over `batch` in step `step`: fewer rows, or (True) recomputing from now on.

        Raises:
            ConfigError: there is nothing left to save.
        """
        rows, tokens = batch["input_ids"].shape
        rows = min(rows, self.rows or rows)
        if rows > 1:
            self.rows = rows // 2
            logger.warning(
                "out of memory in step %d: from now on %d rows at a time instead of %d, in twice as many passes; the "
                "step is done again, and its rows and what is learnt stay the same",
                step, self.rows, rows,
            )  # fmt: skip
        elif not self.checkpointing:
            self.checkpointing = True
            logger.warning(
                "out of memory in step %d with one row of up to %d tokens: from now on activations are recomputed "
                "(training.gradient_checkpointing), a third slower; the step is done again", step, tokens,
            )  # fmt: skip
            return True
        else:
            raise ConfigError(
                f"out of memory in step {step}: one row of up to {tokens} tokens doesn't fit even with "
                "training.gradient_checkpointing; lower data_processing.max_seq_length, close what else holds memory, "
                "or set model.quantization to 4bit (earlier checkpoints are intact: go on with --resume)"
            )
        return False


def release() -> None:
    """Give back what the failed pass held."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
