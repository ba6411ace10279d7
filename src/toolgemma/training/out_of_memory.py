"""Out of memory in the middle of a step: smaller pieces, the same step again, nothing lost.

    one optimizer step       batch 1      batch 2         memory runs out in batch 2
    done again               a   b   c   d                the same rows, half as much at a time
    every later step         a   b   c   d

Weights change only at the end of a step, so the last finished one is where things stand; what this step had added to
the gradients is thrown away and computed again. The loss is a sum over the step divided by the step's supervised
tokens, so the pieces lead to the same gradient as the whole. Where a single row is too much, activations are recomputed
from then on; where that doesn't help either, the error names what to change. With dropout the repeated step draws other
masks, as any other batch size would.

Costs nothing until it happens. What an evaluation or the optimizer's own step allocates is not covered.
"""

import gc
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate.utils.memory import should_reduce_batch_size

from toolgemma.errors import ConfigError
from toolgemma.tokens.collate import StepCollator

Batch = dict[str, Any]
logger = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether CUDA, MPS or the CPU's allocator had no memory left."""
    if not isinstance(error, RuntimeError):
        return False
    # accelerate 1.12 doesn't know the message of MPS yet.
    known = should_reduce_batch_size(error) or "MPS backend out of memory" in str(error)
    return isinstance(error, torch.OutOfMemoryError) or known


class Lean:
    """How a step is laid out, and what is done the next time memory runs out."""

    def __init__(self, layout: StepCollator, checkpointing: bool) -> None:
        self.layout = layout
        self.checkpointing = checkpointing
        self._shrunk = False

    def batches(self, step: Batch) -> list[Batch]:
        """The batches of a step, one forward and backward pass each: as the loader laid them out, or leaner."""
        found: list[Batch] = (self.layout(step["rows"]) if self._shrunk else step)["batches"]
        return found

    def shrink(self, batches: Sequence[Batch], step: int) -> bool:
        """After memory ran out over `batches` in step `step`: less at a time, or (True) recomputing from now on.

        Raises:
            ConfigError: there is nothing left to save.
        """
        rows = max(batch["rows"] for batch in batches)
        tokens = max(batch["input_ids"].shape[-1] for batch in batches)
        if rows > 1:
            self._shrunk = True
            self._halve(rows, tokens, step)
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

    def _halve(self, rows: int, tokens: int, step: int) -> None:
        """Half of the largest batch there was: of its rows where they are padded, of its tokens where they are packed
        (a row that is longer goes alone)."""
        if self.layout.max_tokens is None:
            had, unit = rows, "rows"
            self.layout = replace(self.layout, batch_size=had // 2)
        else:
            had, unit = tokens, "tokens"
            self.layout = replace(self.layout, max_tokens=max(1, had // 2))
        logger.warning(
            "out of memory in step %d: from now on %d %s at a time instead of %d, in more passes; the step is done "
            "again, and its rows and what is learnt stay the same", step, had // 2, unit, had,
        )  # fmt: skip


def release() -> None:
    """Give back what the failed pass held."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()
