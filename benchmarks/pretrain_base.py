# ruff: noqa: E501, N812
"""Pre-train the quickstart's base model on generated text: tokenizer, model, curve. Runs on two CPU cores.

    uv run python benchmarks/pretrain_base.py --work benchmarks/work/base --steps 3000

Cost: about 0.8 s a step of 4,608 tokens on two idle cores with AVX512-BF16. It goes on from its last checkpoint, so it
may be stopped at any time; `--steps` may be raised later, since the rate only falls in the last `--decay` steps. Every
document is a function of (seed, pool), searched for what it may not hold (`toolgemma.sample.text.purity`) and thrown
away if it holds it. `--export FOLDER` writes the model in bfloat16 and stops.

    pool of 256 documents -> sorted by length -> batches of equal length -> shuffled -> one step each
"""

import argparse
import json
import math
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig, PreTrainedTokenizerFast

from toolgemma.sample.text.forms import Turn
from toolgemma.sample.text.stream import clean_documents, plain

CONTROL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
PAD, EOS, BOS, _, START, END = range(6)
VOCABULARY = 3072
POOL = 192
BATCH_TOKENS = 4608
MAX_LENGTH = 1024
PROMPT_WEIGHT = 0.1
"""Weight in the loss of a token that the model needn't write."""
PROMPT_SHARE = 0.2
"""Share of those tokens that the loss looks at."""
WARM_UP = 40
SHIFT_STEPS = 300
"""Steps in which the mix goes from copying to forms."""
SAVE_SECONDS = 150


def make_tokenizer(seed: int, documents: int = 12_000) -> PreTrainedTokenizerFast:
    """Byte-level BPE over runs of letters, runs of other characters, and single digits and white space.

    A word never merges with what stands before it, so it has the same ids after a space and after a quote: a value is
    copied by writing the same ids again.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    rng = random.Random(f"tokenizer {seed}")
    texts = [plain(turns) for turns in clean_documents(rng, documents, 1.0)]
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


def encode(turns: Sequence[Turn], tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    """Ids in Gemma's turn layout, and for each whether the model has to write it."""
    backend = tokenizer.backend_tokenizer
    ids, written = [BOS], [0]
    for role, text in turns:
        for piece, own in ((f"{role}\n", 0), (text, int(role == "model"))):
            if piece.startswith(f"{role}\n") and not own and piece == f"{role}\n":
                ids.append(START)
                written.append(0)
            piece_ids = backend.encode(piece, add_special_tokens=False).ids
            ids += piece_ids
            written += [own] * len(piece_ids)
        newline = backend.encode("\n", add_special_tokens=False).ids
        ids += [END, *newline]
        written += [int(role == "model")] + [0] * len(newline)
    return ids, written


def batches(tokenizer: PreTrainedTokenizerFast, seed: int, pool: int, progress: float) -> list[tuple[Tensor, Tensor]]:
    """The batches of one pool: ids_BT and weights_BT, padded on the right."""
    rng = random.Random(f"text {seed} {pool}")
    rows = [encode(turns, tokenizer) for turns in clean_documents(rng, POOL, progress)]
    rows = sorted((row for row in rows if len(row[0]) <= MAX_LENGTH), key=lambda row: len(row[0]))
    made = []
    start = 0
    while start < len(rows):
        end = start + 1
        while end < len(rows) and len(rows[end][0]) * (end + 1 - start) <= BATCH_TOKENS:
            end += 1
        length = len(rows[end - 1][0])
        ids_BT = torch.tensor([ids + [PAD] * (length - len(ids)) for ids, _ in rows[start:end]])
        weights_BT = torch.tensor(
            [
                [1.0 if own else PROMPT_WEIGHT / PROMPT_SHARE * (rng.random() < PROMPT_SHARE) for own in written]
                + [0.0] * (length - len(written))
                for _, written in rows[start:end]
            ]
        )
        made.append((ids_BT, weights_BT))
        start = end
    rng.shuffle(made)
    return made


def loss_sums(model: Gemma3ForCausalLM, ids_BT: Tensor, weights_BT: Tensor) -> tuple[Tensor, float, float, int]:
    """Weighted mean NLL in nats; mean NLL, hits and count of the tokens that the model has to write."""
    hidden_BTD = model.model(input_ids=ids_BT, use_cache=False).last_hidden_state
    weights_N = weights_BT[:, 1:].flatten()
    chosen = weights_N.nonzero().squeeze(-1)
    weights_N = weights_N[chosen]
    labels_N = ids_BT[:, 1:].flatten()[chosen]
    logits_NV = model.lm_head(hidden_BTD[:, :-1].flatten(0, 1)[chosen]).float()
    nll_N = F.cross_entropy(logits_NV, labels_N, reduction="none")
    own_N = weights_N == 1.0
    hits = (logits_NV.argmax(-1) == labels_N)[own_N].sum().item()
    return (nll_N * weights_N).sum() / weights_N.sum(), nll_N[own_N].sum().item(), hits, int(own_N.sum())


def optimizers(model: Gemma3ForCausalLM) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices inside the layers, AdamW for the rest, each with its peak learning rate."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "layers" in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "layers" in name)]
    muon = torch.optim.Muon(matrices, lr=4e-3, momentum=0.95, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [(muon, 4e-3), (torch.optim.AdamW(rest, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0), 3e-3)]


def rate(step: int, steps: int, decay: int) -> float:
    """Warm-up, stable, linear decay: 0..1."""
    return min(1.0, (step + 1) / WARM_UP, max(0.02, (steps - step) / decay))


def train(work: Path, steps: int, decay: int, seed: int) -> Gemma3ForCausalLM:
    """Train up to `steps` from the last checkpoint in `work`; one line of curve.jsonl every 20 steps."""
    tokenizer_folder = work / "tokenizer"
    if not tokenizer_folder.exists():
        make_tokenizer(seed).save_pretrained(tokenizer_folder)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    model = make_model(len(tokenizer), seed)
    made = optimizers(model)
    step, pool, tokens, seconds = 0, 0, 0, 0.0
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        for (optimizer, _), saved in zip(made, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        step, pool, tokens, seconds = state["step"], state["pool"], state["tokens"], state["seconds"]
    started, saved_at, window = time.monotonic() - seconds, time.monotonic(), [0.0, 0, 0]
    while step < steps:
        for ids_BT, weights_BT in batches(tokenizer, seed, pool, step / SHIFT_STEPS):
            for optimizer, peak in made:
                for group in optimizer.param_groups:
                    group["lr"] = peak * rate(step, steps, decay)
            with torch.autocast("cpu", torch.bfloat16):
                loss, nll, hits, count = loss_sums(model, ids_BT, weights_BT)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item()
            if not math.isfinite(norm):
                raise SystemExit(f"step {step}: the gradient is not finite; start again from {checkpoint}")
            for optimizer, _ in made:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            step += 1
            tokens += ids_BT.numel()
            window = [window[0] + nll, window[1] + hits, window[2] + count]
            if step % 20 == 0:
                line = {"step": step, "tokens": tokens, "minutes": round((time.monotonic() - started) / 60, 2),
                        "loss": round(window[0] / window[2], 4), "accuracy": round(window[1] / window[2], 4), "norm": round(norm, 3)}  # fmt: skip
                print(json.dumps(line), flush=True)
                with (work / "curve.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
                window = [0.0, 0, 0]
        pool += 1
        if time.monotonic() - saved_at > SAVE_SECONDS or step >= steps:
            state = {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer, _ in made],
                     "step": step, "pool": pool, "tokens": tokens, "seconds": time.monotonic() - started}  # fmt: skip
            torch.save(state, work / "checkpoint.tmp")
            (work / "checkpoint.tmp").replace(checkpoint)
            saved_at = time.monotonic()
    return model


def export(work: Path, folder: Path) -> None:
    """The last checkpoint as a model folder in bfloat16."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(work / "tokenizer")
    model = make_model(len(tokenizer), 0)
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
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
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.export:
        export(arguments.work, arguments.export)
    else:
        train(arguments.work, arguments.steps, arguments.decay, arguments.seed)


if __name__ == "__main__":
    main()
