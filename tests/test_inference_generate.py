"""Batched greedy generation against one prompt at a time, against a plain argmax loop, and under pressure."""

import logging
import warnings

import pytest
import torch
from transformers import AutoTokenizer, Gemma3ForCausalLM, GenerationConfig

from toolgemma.errors import ConfigError
from toolgemma.inference.generate import generate

TEXTS = [
    "What is the weather in Paris tomorrow?",
    "add",
    '{"type": "function", "function": {"name": "add"}} ' * 12,  # longer than the sliding window of 64
    "You may call tools. " * 3,
    "It is 21 degrees and sunny in Berlin.",
]
STOP = [1, 5]


@pytest.fixture(scope="module")
def tokenizer(tiny_model):
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(scope="module")
def prompts(tokenizer):
    return [[2, *tokenizer(text, add_special_tokens=False)["input_ids"]] for text in TEXTS]


@pytest.fixture
def model(tiny_model):
    model = Gemma3ForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()
    # What Gemma ships: it must not leak into what is measured.
    model.generation_config = GenerationConfig(
        do_sample=True, top_k=64, top_p=0.95, cache_implementation="hybrid", bos_token_id=2, eos_token_id=STOP
    )
    return model


def completions(model, tokenizer, prompts, batch_size=8, max_new_tokens=20, stop_ids=STOP):
    found = dict(
        generate(model, tokenizer, prompts, max_new_tokens=max_new_tokens, batch_size=batch_size, stop_ids=stop_ids)
    )
    return [found[index] for index in range(len(prompts))]


def argmax_loop(model, prompt, limit, stop_ids):
    """Greedy decoding without cache, padding or generate()."""
    ids = list(prompt)
    with torch.no_grad():
        while len(ids) < len(prompt) + limit:
            token = model(torch.tensor([ids])).logits[0, -1].argmax().item()
            if token in stop_ids:
                break
            ids.append(token)
    return ids[len(prompt) :]


def test_a_batch_equals_one_by_one_and_plain_argmax(model, tokenizer, prompts):
    batched = completions(model, tokenizer, prompts, batch_size=3)
    assert batched == completions(model, tokenizer, prompts, batch_size=1)
    for prompt, completion in zip(prompts, batched, strict=True):
        ids = argmax_loop(model, prompt, 20, STOP)
        assert completion.text == tokenizer.decode(ids, skip_special_tokens=False)
        assert completion.tokens == len(ids)
        assert completion.ended == ("length" if len(ids) == 20 else "stop")


def test_stops_before_the_stop_token(model, tokenizer, prompts):
    ids = argmax_loop(model, prompts[0], 20, [])
    stop = ids[7]
    (completion,) = completions(model, tokenizer, prompts[:1], stop_ids=[stop])
    expected = ids[: ids.index(stop)]
    assert (completion.tokens, completion.ended) == (len(expected), "stop")
    assert completion.text == tokenizer.decode(expected, skip_special_tokens=False)


def test_control_tokens_stay_visible(model, tokenizer, prompts):
    """A model that opens another turn, or pads, is not tidied up: the parser sees what it wrote."""
    wanted = tokenizer.convert_tokens_to_ids("<start_of_turn>")
    with torch.no_grad():  # tied embeddings: make every state point at one token
        model.lm_head.weight.zero_()
        model.model.embed_tokens.weight[:, 0] = 1.0
        model.lm_head.weight[wanted] = torch.sign(hidden_of(model, prompts[1]))
    (completion,) = completions(model, tokenizer, prompts[1:2], max_new_tokens=2, stop_ids=[5])
    assert completion.text.startswith("<start_of_turn>")


def hidden_of(model, prompt):
    return model.model(torch.tensor([prompt])).last_hidden_state[0, -1]


def test_longest_first(model, tokenizer, prompts):
    order = [index for index, _ in generate(model, tokenizer, prompts, max_new_tokens=2, batch_size=2, stop_ids=STOP)]
    lengths = [len(prompts[index]) for index in order]
    assert lengths == sorted(lengths, reverse=True)
    assert sorted(order) == list(range(len(prompts)))


def test_nothing_is_warned_about(model, tokenizer, prompts, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        logging.getLogger("transformers").propagate = True
        try:
            completions(model, tokenizer, prompts[:2], max_new_tokens=2)
        finally:
            logging.getLogger("transformers").propagate = False
    assert caplog.text == ""


class Cramped:
    """A model on a device with room for `rows` prompts at a time."""

    def __init__(self, model, rows):
        self._model, self._rows, self.tried = model, rows, []
        self.device = model.device

    def generate(self, input_ids, **more):
        self.tried.append(len(input_ids))
        if len(input_ids) > self._rows:
            raise torch.OutOfMemoryError("no room")
        return self._model.generate(input_ids=input_ids, **more)


def test_out_of_memory_halves_the_batch(model, tokenizer, prompts):
    cramped = Cramped(model, rows=2)
    assert completions(cramped, tokenizer, prompts, batch_size=8) == completions(model, tokenizer, prompts)
    assert cramped.tried == [5, 2, 2, 1]


def test_no_memory_for_one_prompt_is_an_error_with_a_cure(model, tokenizer, prompts):
    with pytest.raises(ConfigError, match=r"max_new_tokens \(20\)"):
        completions(Cramped(model, rows=0), tokenizer, prompts)


def test_no_prompts(model, tokenizer):
    assert completions(model, tokenizer, []) == []
