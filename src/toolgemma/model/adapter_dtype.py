"""The adapter of a bfloat16 base computes in bfloat16, while its weights, gradients and optimizer stay float32.

    x bfloat16 --- base layer --------------------------------------- +     peft alone casts x to float32 and runs both
      `- dropout - A, copied to bfloat16 - B, copied to bfloat16 - s -'     products in float32, at a fifth of the rate

This is mixed precision as Trainer's `bf16` and peft's `autocast_adapter_dtype` mean it (arXiv 1710.03740): autocast
casts the weights for each product, and no step of the optimizer is rounded to bfloat16. peft's own cast of the input to
the weights' dtype would undo half of it, so peft.helpers.disable_input_dtype_casting switches it off. The sum with the
base layer's result is rounded to bfloat16 either way. With a base of any other dtype nothing happens.

Costs: copies of the adapter's weights, once a forward pass.
"""

import contextlib
from collections.abc import Iterator

import torch
from peft.helpers import disable_input_dtype_casting
from transformers import PreTrainedModel


@contextlib.contextmanager
def inputs_as_they_are(causal: PreTrainedModel) -> Iterator[None]:
    """Around forward and backward pass: what gradient checkpointing computes again must have the same dtypes."""
    with disable_input_dtype_casting(causal, active=causal.dtype == torch.bfloat16):
        yield


@contextlib.contextmanager
def products_in_base_dtype(causal: PreTrainedModel) -> Iterator[None]:
    """Around the decoder's forward pass."""
    if causal.dtype != torch.bfloat16:
        yield
        return
    with inputs_as_they_are(causal), torch.autocast(causal.device.type, torch.bfloat16):
        yield
