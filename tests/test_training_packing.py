"""Training under packing: the same run, whatever the layout; and where the layout's keys arrive."""

import json

import pytest

from toolgemma import rundir
from toolgemma.config import load_config
from toolgemma.conversation import Conversation, Message, Tool
from toolgemma.data.offer import order_tools
from toolgemma.errors import ConfigError
from toolgemma.tokens.encode import Encoded
from toolgemma.training.trainer import layouts
from training_runs import make_config, make_rows, run


def sharing_rows(count, seed):
    """Rows of random tokens behind one of two common prefixes; the supervised tails stay as they were."""
    rows = []
    for index, row in enumerate(make_rows(count, seed)):
        prefix = tuple(range(20 + index % 2, 20 + index % 2 + 30))
        none = (-100,) * len(prefix)
        rows.append(Encoded(prefix + row.ids, none + row.labels, (-1,) * len(prefix) + row.parts, row.id))
    return rows


def lines(folder):
    return [json.loads(line) for line in (folder / rundir.METRICS).read_text(encoding="utf-8").splitlines()]


def test_a_whole_run_has_the_same_losses_under_every_layout(tiny_model, tmp_path):
    """9 steps with evaluation: padded row by row, padded, packed, and as prefix trees under two budgets."""
    layouts = {
        "alone": ["training.packing=none", "training.gradient_accumulation_steps=4"],
        "padded": ["training.packing=none", "training.per_device_train_batch_size=4"],
        "packed": ["training.packing=rows", "training.gradient_accumulation_steps=4"],
        "tree": ["training.gradient_accumulation_steps=4", "training.max_tokens_per_forward=100"],
        "whole": ["training.per_device_train_batch_size=4", "training.per_device_eval_batch_size=9"],
    }
    found = {}
    for name, overrides in layouts.items():
        settings = ["lora.lora_dropout=0.0", "training.gradient_accumulation_steps=1", "training.save_steps=9"]
        run(
            make_config(tiny_model, tmp_path / name, *settings, "training.eval_steps=5", *overrides),
            rows=sharing_rows(11, seed=1),
            validation=sharing_rows(5, seed=2),
        )
        found[name] = lines(tmp_path / name)
    losses = [line["loss"] for line in found["alone"] if "loss" in line]
    assert len(losses) == 9 and losses[-1] < 0.9 * losses[0]
    for name, others in found.items():
        assert [line["step"] for line in others] == [line["step"] for line in found["alone"]]
        for line, alone in zip(others, found["alone"], strict=True):
            for key in alone.keys() & {"loss", "eval_loss", "eval_loss_tool_call", "grad_norm"}:
                assert line[key] == pytest.approx(alone[key], abs=1e-4), (name, line["step"], key)
            for key in alone.keys() & {"supervised_tokens", "eval_supervised_tokens", "learning_rate", "epoch"}:
                assert line[key] == alone[key]


def test_settings_reach_the_layout(tmp_path):
    rows, validation = make_rows(9, seed=1), make_rows(5, seed=2)
    longest, longest_validation = (max(map(len, of)) for of in (rows, validation))

    def layout(*overrides):
        sizes = ["training.per_device_train_batch_size=3", "training.per_device_eval_batch_size=2"]
        return layouts(make_config("any", tmp_path, *sizes, *overrides), rows, validation, pad_token_id=7)

    for train, evaluation in (layout(), layout("training.packing=rows")):
        assert (train.max_tokens, evaluation.max_tokens) == (3 * longest, 2 * longest_validation)
        assert train.pad_token_id == 7
    assert layout()[0].share and layout()[1].share and not layout("training.packing=rows")[0].share
    padded = layout("training.packing=none")
    assert [(each.batch_size, each.max_tokens) for each in padded] == [(3, None), (2, None)]
    assert [each.max_tokens for each in layout("training.max_tokens_per_forward=500")] == [500, 500]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.attn_implementation=eager"], "training.packing: 'prefix_tree' computes attention with sdpa"),
        (["training.packing=none", "training.max_tokens_per_forward=99"], "max_tokens_per_forward: 99 needs"),
    ],
)
def test_layouts_that_cannot_be_are_refused(overrides, expected):
    with pytest.raises(ConfigError, match=expected):
        load_config(None, overrides)
    assert load_config(None, ["training.packing=none", "model.attn_implementation=eager"])


def test_tool_order():
    names = ["b", "d", "a", "c", "e"]
    row = Conversation(messages=(Message("user", "Hi"),), tools=tuple(map(Tool, names)), id="train/0")

    def order(how, seed=0):
        return [tool.name for tool in order_tools(row, how, seed).tools]

    assert order("as_is") == names
    assert order("canonical") == sorted(names) == order("canonical", seed=1)
    shuffled = {tuple(order("shuffled", seed)) for seed in range(20)}
    assert len(shuffled) > 10 and all(sorted(each) == sorted(names) for each in shuffled)
    assert order("shuffled", 3) == order("shuffled", 3)
