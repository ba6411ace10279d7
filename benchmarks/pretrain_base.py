# ruff: noqa: E501, N812
"""Pre-train the quickstart's base model on generated text: tokenizer, model, curve. Runs on two CPU cores.

    uv run python benchmarks/pretrain_base.py --work benchmarks/work/base --steps 3600

Cost: about 0.9 s a step of 6,144 tokens on one core with AVX512-BF16, and two minutes of compiling at the first start. It
goes on from its last checkpoint, so it may be stopped at any time; `--steps` may be raised later, since the rate only
falls in the last `--decay` steps. Every document is a function of (seed, pool), searched for what it may not hold
(`toolgemma.sample.text.purity`) and thrown away if it holds it. `--export FOLDER` writes the model in bfloat16 and stops.

    pool of 768 documents -> by length -> batches of one length -> shuffled -> one step each

Beside the documents there are rows of random ids: runs to copy, lists to choose from (`pretrain_rows`), fields to fill
(`pretrain_fields`). The curve says, for each kind, in how many answers every token was the most likely one: what greedy
decoding would have got right, for free; `copied` is the share of right tokens in runs.
"""

import argparse
import json
import math
import multiprocessing
import random
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pretrain_fields import row_of_fields
from pretrain_forward import HALF, hidden
from pretrain_rows import BOS, CONTROL, END, EOS, LENGTH, PAD, Row, encode, row_of_matches, row_of_runs
from torch import Tensor
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig, PreTrainedTokenizerFast

from toolgemma.sample.text import purity
from toolgemma.sample.text.stream import clean_documents, plain

VOCABULARY = 3072
POOL = 768
"""Documents in a pool."""
BATCH_TOKENS = 6144
LENGTHS = (128, 256, 384, 512, 768, 1152)
"""Lengths of batches; a longer document is cut there."""
EARLY_RUNS, LATE_RUNS = 0.25, 0.07
"""Share of the tokens that are runs of random ids, at first and from `SHIFT_STEPS` on."""
MATCHES, FIELDS = 1.25, 1.25
"""Rows of matches, and of fields, for each row of runs."""
PROMPT_WEIGHT = 0.1
"""Weight in the loss of a token that the model needn't write."""
PROMPT_SHARE = 0.2
"""Share of those tokens that the loss looks at."""
WARM_UP = 40
SHIFT_STEPS = 400
"""Steps in which the mix goes from copying to forms."""
SAVE_SECONDS = 150


def make_tokenizer(seed: int, documents: int = 12_000) -> PreTrainedTokenizerFast:
    """Byte-level BPE over runs of letters, runs of other characters, and single digits and white space.

    A word never merges with what stands before it, so it has the same ids after a space and after a quote: a value is
    copied by writing the same ids again.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    rng = random.Random(f"tokenizer {seed}")
    texts = [plain(turns) for _, turns in clean_documents(rng, documents, 1.0)]
    texts += ["user\nmodel\n"] * 100
    tokenizer = Tokenizer(models.BPE())
    pieces = Regex(r"\p{L}+|\p{N}|\n|[^\p{L}\p{N}\n]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pieces, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=CONTROL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=16,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        add_bos_token=False,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        model_max_length=2048,
    )


def make_model(vocabulary: int, seed: int) -> Gemma3ForCausalLM:
    """Gemma 3's architecture, small: 6 layers, width 256, every second layer global."""
    torch.manual_seed(seed)
    layers = 6
    config = Gemma3TextConfig(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        query_pre_attn_scalar=64,
        sliding_window=128,
        layer_types=["sliding_attention", "full_attention"] * (layers // 2),
        max_position_embeddings=2048,
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=BOS,
    )
    model = Gemma3ForCausalLM(config)
    model.generation_config = GenerationConfig(bos_token_id=BOS, eos_token_id=[EOS, END], pad_token_id=PAD)
    return model


Batch = tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]
"""ids_BT, answers_BT (number of the answer, 0: read only), looked_at_BT (a read token that the loss sees), kinds."""


def batches(tokenizer_folder: Path, seed: int, pool: int, progress: float) -> list[Batch]:
    """The batches of one pool, each of one length; rows are padded on the right, what fills no batch is left out."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    rng = random.Random(f"text {seed} {pool}")
    rows = []
    for kind, turns in clean_documents(rng, POOL, progress):
        ids, answers = encode(turns, tokenizer)
        rows.append((kind, ids[: LENGTHS[-1]], answers[: LENGTHS[-1]]))
    share = EARLY_RUNS + (LATE_RUNS - EARLY_RUNS) * min(1.0, progress)
    tokens = sum(len(ids) for _, ids, _ in rows)
    runs = int(tokens * share / (1 - share) / LENGTH)
    rows += [("runs", *row_of_runs(rng, len(tokenizer))) for _ in range(runs)]
    matches = int(runs * MATCHES)
    rows += [("matches", *row_of_matches(rng, tokenizer)) for _ in range(matches)]
    rows += [("fields", *clean_row_of_fields(rng, tokenizer)) for _ in range(int(runs * FIELDS))]
    made: list[Batch] = []
    shortest = 0
    for length in LENGTHS:
        fitting = [row for row in rows if shortest < len(row[1]) <= length]
        rng.shuffle(fitting)
        size = BATCH_TOKENS // length
        for start in range(0, len(fitting) - size + 1, size):
            chosen = fitting[start : start + size]
            ids_BT = np.full((size, length), PAD, dtype=np.int64)
            answers_BT = np.zeros((size, length), dtype=np.int64)
            looked_at_BT = np.zeros((size, length), dtype=bool)
            for index, (_, ids, answers) in enumerate(chosen):
                ids_BT[index, : len(ids)] = ids
                answers_BT[index, : len(ids)] = answers
                looked_at_BT[index, 1 : len(ids)] = [rng.random() < PROMPT_SHARE for _ in ids[1:]]
            made.append((ids_BT, answers_BT, looked_at_BT & (answers_BT == 0), [kind for kind, *_ in chosen]))
        shortest = length
    rng.shuffle(made)
    return made


def clean_row_of_fields(rng: random.Random, tokenizer: PreTrainedTokenizerFast) -> Row:
    """A row of fields that holds nothing it may not: its words and names are drawn from the same lists as the text's."""
    while True:
        row = row_of_fields(rng, tokenizer)
        if purity.is_clean(tokenizer.decode(row[0])):
            return row


def optimizers(model: Gemma3ForCausalLM) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices inside the layers, AdamW for the rest, each with its peak learning rate."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "layers" in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "layers" in name)]
    muon = torch.optim.Muon(matrices, lr=4e-3, momentum=0.95, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [(muon, 4e-3), (torch.optim.AdamW(rest, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0), 3e-3)]


def rate(step: int, steps: int, decay: int) -> float:
    """Warm-up, stable, linear decay: 0..1."""
    return min(1.0, (step + 1) / WARM_UP, max(0.02, (steps - step) / decay))


def loss_of(model: Gemma3ForCausalLM, batch: Batch, compiled: bool = True) -> tuple[Tensor, Counter[str]]:
    """Weighted mean NLL in nats; and for the log: sums over the tokens that the model writes, whole answers by kind."""
    ids_BT, answers_BT, looked_at_BT = (torch.from_numpy(part) for part in batch[:3])
    hidden_BTD = hidden(model, ids_BT, compiled)
    chosen = ((answers_BT > 0) | looked_at_BT)[:, 1:].flatten().nonzero().squeeze(-1)
    labels_N, answers_N = ids_BT[:, 1:].flatten()[chosen], answers_BT[:, 1:].flatten()[chosen]
    logits_NV = F.linear(hidden_BTD[:, :-1].flatten(0, 1)[chosen], model.lm_head.weight.to(HALF)).float()
    nll_N = F.cross_entropy(logits_NV, labels_N, reduction="none")
    own_N = answers_N > 0
    weights_N = torch.where(own_N, 1.0, PROMPT_WEIGHT / PROMPT_SHARE)
    hits_N = (logits_NV.detach().argmax(-1) == labels_N)[own_N]
    counts = Counter({"nll": nll_N.detach()[own_N].sum().item(), "hits": int(hits_N.sum()), "tokens": len(hits_N)})
    rows_N = (chosen // (ids_BT.shape[1] - 1))[own_N]
    groups, index = torch.stack([rows_N, answers_N[own_N]]).unique(dim=1, return_inverse=True)
    right = torch.ones(groups.shape[1], dtype=torch.int64).scatter_reduce(0, index, hits_N.long(), "amin")
    for row, whole in zip(groups[0].tolist(), right.tolist(), strict=True):
        counts[f"{batch[3][row]} right"] += whole
        counts[f"{batch[3][row]} all"] += 1
    runs_N = torch.tensor([kind == "runs" for kind in batch[3]])[rows_N]
    counts += Counter({"hits in runs": int(hits_N[runs_N].sum()), "tokens in runs": int(runs_N.sum())})
    return (nll_N * weights_N).sum() / weights_N.sum(), counts


def check_forward(model: Gemma3ForCausalLM, batch: Batch) -> None:
    """The fast forward against transformers' own, in the same half precision."""
    ids_BT = torch.from_numpy(batch[0][:2])
    with torch.no_grad(), torch.autocast("cpu", HALF):
        ours = hidden(model, ids_BT, compiled=False).float()
        theirs = model.model(input_ids=ids_BT, use_cache=False).last_hidden_state.float()
    error = ((ours - theirs).norm() / theirs.norm()).item()
    if error > 0.02:
        raise SystemExit(f"the fast forward differs from transformers' by {error:.3f}")


def line_of(window: Counter[str]) -> dict[str, float]:
    """What one line of the curve says of the answers since the last."""
    kinds = sorted(key.removesuffix(" all") for key in window if key.endswith(" all"))
    copied = round(window["hits in runs"] / max(1, window["tokens in runs"]), 4)
    whole = {kind: round(window[f"{kind} right"] / window[f"{kind} all"], 3) for kind in kinds}
    return {"loss": round(window["nll"] / window["tokens"], 4), "accuracy": round(window["hits"] / window["tokens"], 4), "copied": copied, **whole}  # fmt: skip


def train(work: Path, steps: int, decay: int, seed: int) -> None:
    """Train up to `steps` from the last checkpoint in `work`; one line of curve.jsonl every 50 steps."""
    tokenizer_folder = work / "tokenizer"
    if not tokenizer_folder.exists():
        make_tokenizer(seed).save_pretrained(tokenizer_folder)
    model = make_model(len(PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)), seed)
    made = optimizers(model)
    state = {"step": 0, "pool": 0, "tokens": 0, "written": 0, "seconds": 0.0}
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        for (optimizer, _), part in zip(made, saved["optimizers"], strict=True):
            optimizer.load_state_dict(part)
        state = saved["state"]
    started, saved_at, window = time.monotonic() - state["seconds"], time.monotonic(), Counter[str]()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as writer:

        def ask(pool: int) -> Future[list[Batch]]:
            return writer.submit(batches, tokenizer_folder, seed, pool, state["step"] / SHIFT_STEPS)

        coming = ask(state["pool"])
        while state["step"] < steps:
            ready = coming.result()
            coming = ask(state["pool"] + 1)
            if state["step"] == 0:
                check_forward(model, ready[0])
            for batch in ready:
                loss, counts = loss_of(model, batch)
                loss.backward()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()
                if not math.isfinite(norm):
                    raise SystemExit(f"step {state['step']}: the gradient is not finite; start again from {checkpoint}")
                for optimizer, peak in made:
                    for group in optimizer.param_groups:
                        group["lr"] = peak * rate(state["step"], steps, decay)
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
                state["step"] += 1
                state["tokens"] += batch[0].size
                state["written"] += counts["tokens"]
                state["seconds"] = time.monotonic() - started
                window += counts
                if state["step"] % 50 == 0:
                    line = {"step": state["step"], "tokens": state["tokens"], "written": state["written"],
                            "minutes": round(state["seconds"] / 60, 2), **line_of(window)}  # fmt: skip
                    print(json.dumps(line), flush=True)
                    with (work / "curve.jsonl").open("a", encoding="utf-8") as file:
                        file.write(json.dumps(line) + "\n")
                    window = Counter()
                if state["step"] >= steps:
                    break
            state["pool"] += 1
            if time.monotonic() - saved_at > SAVE_SECONDS or state["step"] >= steps:
                optimizers_now = [optimizer.state_dict() for optimizer, _ in made]
                torch.save({"model": model.state_dict(), "optimizers": optimizers_now, "state": state}, work / "checkpoint.tmp")  # fmt: skip
                (work / "checkpoint.tmp").replace(checkpoint)
                saved_at = time.monotonic()
        coming.cancel()


def export(works: list[Path], folder: Path) -> None:
    """The mean of the last checkpoints of `works` as a model folder in bfloat16.

    Runs that part from one checkpoint, over other seeds of the text, may be averaged at their ends (Wortsman et al.,
    "Model soups", arXiv 2203.05482).
    """
    tokenizer = PreTrainedTokenizerFast.from_pretrained(works[0] / "tokenizer")
    model = make_model(len(tokenizer), 0)
    ends = [torch.load(work / "checkpoint.pt", weights_only=True)["model"] for work in works]
    model.load_state_dict({name: torch.stack([end[name] for end in ends]).mean(0) for name in ends[0]})
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work/base"), help="checkpoints, tokenizer, curve")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--decay", type=int, default=600, help="steps in which the learning rate falls to nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--export", type=Path, help="write the model here instead of training")
    parser.add_argument("--average", type=Path, nargs="*", default=[], help="export the mean with these work folders")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.export:
        export([arguments.work, *arguments.average], arguments.export)
    else:
        train(arguments.work, arguments.steps, arguments.decay, arguments.seed)


if __name__ == "__main__":
    main()
