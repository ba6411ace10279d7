"""Small training runs for the tests: rows of random tokens, a tiny model, a run in this process or in another.

A process of its own comes from a fork server that has loaded torch and transformers, so it starts in milliseconds.
"""

import contextlib
import logging
import multiprocessing
import random
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NoReturn

import torch

from toolgemma.config import Config, load_config
from toolgemma.errors import ToolgemmaError
from toolgemma.format import hermes
from toolgemma.format.segments import PARTS
from toolgemma.model.load import load_tokenizer
from toolgemma.tokens.encode import Encoded
from toolgemma.training.run import Task, train
from toolgemma.training.stop import Interrupted

SETTINGS = [
    "model.device=cpu",
    "model.dtype=float32",
    "lora.r=4",
    "lora.lora_dropout=0.1",
    "training.learning_rate=5e-3",
    "training.num_train_epochs=3",
    "training.gradient_accumulation_steps=2",
    "training.logging_steps=1",
    "training.eval_steps=2",
    "training.save_steps=2",
    "training.save_total_limit=2",
]


def make_rows(count: int, seed: int, longest: int = 24, tail: int = 7) -> list[Encoded]:
    """Rows of 8 to `longest` tokens; the supervised tail repeats one token, so that there is something to learn."""
    generator = random.Random(seed)
    rows = []
    for index in range(count):
        length = generator.randint(8, longest)
        start = generator.randint(3, length - 2)
        ids = [2] + [generator.randrange(6, 400) for _ in range(length - 1)]
        ids[start:] = [tail] * (length - start)
        labels = [-100] * start + ids[start:]
        parts = [-1] * start + [index % len(PARTS)] * (length - start)
        rows.append(Encoded(tuple(ids), tuple(labels), tuple(parts), f"train/{index}"))
    return rows


def make_config(model: str | Path, output: str | Path, *overrides: str) -> Config:
    return load_config(None, [*SETTINGS, f"model.name={model}", f"training.output_dir={output}", *overrides])


def run(
    config: Config,
    *,
    resume: bool = False,
    rows: int | list[Encoded] = 9,
    validation: int | list[Encoded] = 5,
    **changes: object,
) -> Path:
    """Train in this process; 9 rows in batches of 2 make 5 steps an epoch with a short last one."""
    task = {
        "rows": make_rows(rows, seed=1) if isinstance(rows, int) else rows,
        "validation": make_rows(validation, seed=2) if isinstance(validation, int) else validation,
        "tokenizer": load_tokenizer(config.model),
        "dialect": hermes,
        "facts": {"dataset": {"name": "test/rows", "license": "mit", "fingerprint": "0" * 8}},
    } | changes
    return train(config, Task(**task), resume=resume)


def child(config: Config, resume: bool, log: Path, rows: int) -> NoReturn:
    """A run in a process of its own, ending as the command line would: 0, 2 for a user's error, 130 or 143."""
    torch.set_num_threads(1)
    with log.open("a", encoding="utf-8", buffering=1) as file, contextlib.redirect_stdout(file):
        logging.basicConfig(level=logging.INFO, format="%(message)s", stream=file, force=True)
        try:
            run(config, resume=resume, rows=rows)
        except Interrupted as stopped:
            print(stopped)
            sys.exit(stopped.exit_code)
        except ToolgemmaError as error:
            print(error)
            sys.exit(2)
        sys.exit(0)


def start(config: Config, *, resume: bool, log: Path, rows: int = 9) -> ForkServerProcess:
    """Start `child`; the caller waits for it, signals it or kills it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toolgemma.training.run"])  # a module on every path; this one may not be
    process = context.Process(target=child, args=(config, resume, log, rows), daemon=True)
    process.start()
    return process
