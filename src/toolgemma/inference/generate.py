"""Greedy, batched generation: token ids in, text out. `model.generate` of transformers does the work.

    prompts  [17 ids] [903 ids] [20 ids]      one batch (left-padded, longest prompts first over all batches)
    batch    [903] [20] | [17]                -> (1, Completion), (2, Completion), (0, Completion)

Prompts are sorted by length so that little is padding, longest first so that a lack of memory shows at once; the
batch is then halved and tried again. In float32 a batch gives the same tokens as one prompt at a time; in bfloat16 the
padding changes the last bits, so that rare near-ties can fall the other way.

The model's own generation_config is overruled in full: Gemma's asks for sampling (top_k 64, top_p 0.95), which would
make figures depend on a seed. Nothing here samples, searches beams or stops on strings.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig

from toolgemma.errors import ConfigError
from toolgemma.inference.completion import Completion

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Every value is written out because generate() fills what is None from the model's own generation_config.
_GREEDY: dict[str, Any] = {
    "do_sample": False,
    "num_beams": 1,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "min_length": 0,
    "num_return_sequences": 1,
    "use_cache": True,
    "return_dict_in_generate": False,
}


def generate(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch_size: int,
    stop_ids: Sequence[int],
) -> Iterator[tuple[int, Completion]]:
    """Complete every prompt, longest first; yields (index into `prompts`, completion) as batches finish.

    The model should be in eval mode. `stop_ids` end a turn: `<end_of_turn>` and `<eos>`.

    Raises:
        ConfigError: not even one prompt fits into the accelerator's memory.
    """
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    start = 0
    while start < len(order):
        chosen = order[start : start + batch_size]
        rows = _try_batch(model, tokenizer, [prompts[index] for index in chosen], max_new_tokens, stop_ids)
        if rows is None:
            if batch_size == 1:
                raise ConfigError(
                    f"no memory left to complete a prompt of {len(prompts[chosen[0]])} tokens, even alone; lower "
                    f"evaluation.max_new_tokens ({max_new_tokens}), free the device, or set model.device to cpu"
                )
            batch_size = len(chosen) // 2 or 1
            continue
        for index, ids in zip(chosen, rows, strict=True):
            yield index, _complete(tokenizer, ids, stop_ids)
        start += len(chosen)


def _try_batch(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    stop_ids: Sequence[int],
) -> list[list[int]] | None:
    """New tokens of each prompt; None when the device has no memory for this batch."""
    pad = tokenizer.pad_token_id
    length = max(map(len, prompts))
    ids_BT = torch.tensor([[pad] * (length - len(prompt)) + list(prompt) for prompt in prompts], device=model.device)
    mask_BT = torch.tensor(
        [[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device
    )
    config = GenerationConfig(
        **_GREEDY, max_new_tokens=max_new_tokens, eos_token_id=list(stop_ids), pad_token_id=pad, bos_token_id=None
    )
    try:
        out_BT = model.generate(input_ids=ids_BT, attention_mask=mask_BT, generation_config=config)
    except torch.OutOfMemoryError:
        out_BT = None
    if out_BT is None:  # outside the handler: the traceback holds the failed batch's tensors
        torch.cuda.empty_cache()
        return None
    rows: list[list[int]] = out_BT[:, length:].tolist()
    return rows


def _complete(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], stop_ids: Sequence[int]) -> Completion:
    end = next((position for position, token in enumerate(ids) if token in stop_ids), None)
    kept = list(ids if end is None else ids[:end])
    text = tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return Completion(str(text), len(kept), "length" if end is None else "stop")
