"""Batches: shapes, types, padding."""

import pickle

import torch

from toolgemma.tokens.collate import Collator
from toolgemma.tokens.encode import Encoded

ROWS = [Encoded((5, 6, 7), (-100, 6, 7), (-1, 0, 0), "a"), Encoded((9,), (-100,), (-1,), "b")]


def test_padding_on_the_right():
    batch = Collator(pad_token_id=0)(ROWS)
    assert {name: tensor.tolist() for name, tensor in batch.items()} == {
        "input_ids": [[5, 6, 7], [9, 0, 0]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
        "labels": [[-100, 6, 7], [-100, -100, -100]],
        "parts": [[-1, 0, 0], [-1, -1, -1]],
    }
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


def test_worker_processes_can_receive_it():
    collator = pickle.loads(pickle.dumps(Collator(3)))
    assert collator(ROWS)["input_ids"][1].tolist() == [9, 3, 3]
    assert pickle.loads(pickle.dumps(ROWS)) == ROWS
