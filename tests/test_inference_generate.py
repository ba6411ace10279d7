"""Batched greedy generation against one prompt at a time, against a plain argmax loop, and under pressure."""

import logging
import warnings
from contextlib import contextmanager

import pytest
import torch
from transformers import AutoTokenizer, Gemma3ForCausalLM, GenerationConfig

from toolgemma.errors import ConfigError
from toolgemma.inference import generate as generate_module
from toolgemma.inference.decode import Rows
from toolgemma.inference.generate import generate
from toolgemma.inference.prefill import packs, prefill
from toolgemma.model import tree_attention
from toolgemma.model.loss import causal_model

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


SHARING = {
    "none": [[2, 7, 8], [3, 9], [4]],
    "some": [[2, *range(10, 40)], [2, *range(10, 30), 7, 7, 7], [2, *range(10, 20), 8]],
    "longer than the window": [[2, *range(6, 120), *tail] for tail in ([9], [8, 8, 8], range(20, 100), [9, 7])],
    "ends inside another": [[2, *range(6, 90)], [2, *range(6, 30)], [2]],
    "all": [[2, *range(6, 90)]] * 3,
}


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("pack_tokens", [40, 4096])
def test_logits_are_those_of_a_model_without_cache_or_neighbours(model, sharing, pack_tokens):
    """Prefill, then a hundred steps: past the window of 64, and past the slots of three caches."""
    prompts = SHARING[sharing]
    causal = causal_model(model)
    causal.set_attn_implementation(tree_attention.NAME)
    logits = []
    handle = model.lm_head.register_forward_hook(lambda module, args, output: logits.extend(output[0]))
    groups = packs(prompts, range(len(prompts)), pack_tokens)
    ready = [row for group in groups for row in prefill(causal, prompts, group)]
    handle.remove()
    rows, order = Rows.of(causal, None, [], ready), [row.index for row in ready]
    logits_BV = torch.stack(logits)
    assert logits_BV.argmax(-1).tolist() == [row.token.item() for row in ready]
    written = [list(prompts[index]) for index in order]
    for step in range(100):
        if step % 9 == 0:
            for ids, logits_V in zip(written, logits_BV, strict=True):
                alone_V = plain_logits(model, ids)
                assert (logits_V - alone_V).abs().max() <= 1e-5 * alone_V.abs().max()
        tokens = torch.arange(len(written)) + 6 + step
        for ids, token in zip(written, tokens.tolist(), strict=True):
            ids.append(token)
        if rows.full:
            rows = Rows.of(causal, rows, range(len(written)), [])
        logits_BV = rows.step(tokens)


def plain_logits(model, ids):
    model.set_attn_implementation("sdpa")
    with torch.no_grad():
        logits_V = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
    model.set_attn_implementation(tree_attention.NAME)
    return logits_V


def test_rows_leave_and_join(model):
    """Another row in their middle gone, a longer one and a shorter one come: the others notice nothing."""
    causal = causal_model(model)
    causal.set_attn_implementation(tree_attention.NAME)
    prompts = [[2, *range(6, 50)], [2, 9], [2, *range(6, 120)], [3, 7, 7]]
    first = sorted(prefill(causal, prompts, [0, 1]), key=lambda row: row.index)
    later = sorted(prefill(causal, prompts, [2, 3]), key=lambda row: row.index)
    rows = Rows.of(causal, None, [], first)
    rows.step(torch.tensor([8, 8]))
    rows = Rows.of(causal, rows, [1], later)
    logits_BV = rows.step(torch.tensor([11, 12, 13]))
    for ids, logits_V in zip(([2, 9, 8, 11], [*prompts[2], 12], [*prompts[3], 13]), logits_BV, strict=True):
        alone_V = plain_logits(model, ids)
        assert (logits_V - alone_V).abs().max() <= 1e-5 * alone_V.abs().max()


def test_packs_put_together_what_shares_and_begin_with_the_longest():
    shared = [2, *range(100, 200)]
    prompts = [[2, 9], [*shared, 7], [3] * 150, [*shared, 8], [2, 9, 9], [*shared, 9]]
    groups = packs(prompts, range(len(prompts)), 110)
    assert groups[0] == [2]  # longer than the budget: alone
    assert sorted(map(sorted, groups)) == [[0, 1, 3, 4, 5], [2]] or sorted(map(sorted, groups)) == [
        [0, 4],
        [1, 3, 5],
        [2],
    ]
    assert packs(prompts, [], 110) == []


def test_a_shared_prefix_is_computed_once(model, tokenizer):
    """Tokens that go through the decoder: the tree's, and one a row and step."""
    seen = []
    handle = model.register_forward_pre_hook(lambda module, args, kwargs: seen.append(kwargs["input_ids"].numel()),
                                             with_kwargs=True)  # fmt: skip
    prompts = [[2, *range(6, 106), last] for last in (7, 8, 9, 10)]
    completions(model, tokenizer, prompts, max_new_tokens=3, stop_ids=[])
    handle.remove()
    assert seen == [101 + 4, 4, 4]


def test_rows_that_ended_stop_costing(model, tokenizer):
    """Another prompt takes the place of one that ended: never more rows than asked for, and none that has ended."""
    prompts = [[2, token] for token in range(6, 14)]
    stop = argmax_loop(model, prompts[0], 20, [])[7]
    alone = [completions(model, tokenizer, [prompt], stop_ids=[stop])[0] for prompt in prompts]
    steps_of_each = [found.tokens if found.ended == "stop" else found.tokens - 1 for found in alone]
    assert len(set(steps_of_each)) > 1
    seen = []
    handle = model.register_forward_pre_hook(lambda module, args, kwargs: seen.append(tuple(kwargs["input_ids"].shape)),
                                             with_kwargs=True)  # fmt: skip
    assert completions(model, tokenizer, prompts, batch_size=3, stop_ids=[stop]) == alone
    handle.remove()
    steps = [rows for rows, length in seen if length == 1]
    assert max(steps) == 3
    assert sum(steps) == sum(steps_of_each)  # the first token comes from the prompt's own pass


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_model_keeps_its_attention(model, tokenizer, prompts, attention):
    model.set_attn_implementation(attention)
    found = completions(model, tokenizer, prompts)
    assert model.config._attn_implementation == attention
    model.set_attn_implementation("sdpa")
    assert found == completions(model, tokenizer, prompts)


def test_nothing_is_warned_about(model, tokenizer, prompts, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        logging.getLogger("transformers").propagate = True
        try:
            completions(model, tokenizer, prompts[:2], max_new_tokens=2)
        finally:
            logging.getLogger("transformers").propagate = False
    assert caplog.text == ""


@contextmanager
def room_for(model, rows):
    """A device with room for `rows` rows in a forward pass; gives the rows of each pass that was tried."""
    tried = []

    def check(module, args, kwargs):
        kept = kwargs.get("logits_to_keep")
        tried.append(len(kwargs["input_ids"]) if kept is None else len(kept))
        if tried[-1] > rows:
            raise torch.OutOfMemoryError("no room")

    handle = model.register_forward_pre_hook(check, with_kwargs=True)
    yield tried
    handle.remove()


def test_out_of_memory_halves_the_batch(model, tokenizer, prompts, monkeypatch):
    expected = completions(model, tokenizer, prompts)
    monkeypatch.setattr(generate_module, "PACK_TOKENS", 256)
    with room_for(model, rows=2) as tried:
        assert completions(model, tokenizer, prompts, batch_size=8) == expected
    assert max(tried) > 2
    assert tried[-1] <= 2


def test_out_of_memory_in_mid_decoding_loses_nothing(model, tokenizer, prompts):
    expected = completions(model, tokenizer, prompts)
    passes = []

    def check(module, args, kwargs):
        passes.append(len(kwargs["input_ids"]))
        if len(passes) == 12:
            raise torch.OutOfMemoryError("no room")

    handle = model.register_forward_pre_hook(check, with_kwargs=True)
    assert completions(model, tokenizer, prompts, batch_size=4) == expected
    handle.remove()
    assert max(passes[12:]) == 2


def test_no_memory_for_one_prompt_is_an_error_with_a_cure(model, tokenizer, prompts):
    with room_for(model, rows=0), pytest.raises(ConfigError, match=r"max_new_tokens \(20\)"):
        completions(model, tokenizer, prompts)


def test_no_prompts(model, tokenizer):
    assert completions(model, tokenizer, []) == []


def test_the_real_test_prompts_one_by_one_and_together(model, tokenizer, real_data):
    """The first turns of the 60 published test rows, against transformers' generate, alone and in float32."""
    from toolgemma.conversation import Conversation
    from toolgemma.data.load import read_file_or_folder
    from toolgemma.evaluation.decisions import decisions
    from toolgemma.evaluation.runner import Subject
    from toolgemma.format import get_dialect

    rows: list[Conversation] = read_file_or_folder(str(real_data))["test"]
    subject = Subject(model, tokenizer, get_dialect("hermes"))
    found = [decision for decision in decisions({"published": rows}) if decision.turn == "D1"]
    asked = [subject.prompt(decision.history) for decision in found]
    assert len(asked) == 60
    together = completions(model, tokenizer, asked, batch_size=8, max_new_tokens=8)
    for prompt, completion in zip(asked, together, strict=True):
        ids = torch.tensor([prompt])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=8,
                             eos_token_id=STOP, pad_token_id=0)[0, len(prompt) :].tolist()  # fmt: skip
        kept = out[: next((place for place, token in enumerate(out) if token in STOP), len(out))]
        assert completion.text == tokenizer.decode(kept, skip_special_tokens=False)
