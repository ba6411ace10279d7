"""Small Gemma 3 models made on the spot: random weights, a BPE tokenizer with Gemma's control tokens.

The tokenizer has Gemma's shape (spaces as U+2581, byte fallback, no pre-tokenisation on words), so that what holds
here about boundaries and control tokens holds for the real one.
"""

import json
from collections.abc import Iterable
from pathlib import Path

CONTROL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
CORPUS = [
    "You may call tools. What is the weather in Paris tomorrow? It is 21 degrees and sunny in Berlin.",
    '{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}',
    '{"type": "function", "function": {"name": "add", "description": "Add two numbers.", "parameters": {}}}',
    "user\nmodel\n<tool_call>\n</tool_call>\n<tools>\n</tools>\n<tool_response>\n</tool_response>\n",
] * 4


def make_tokenizer(texts: Iterable[str] = CORPUS, vocab_size: int = 512):
    """A fast BPE tokenizer with `vocab_size` entries at most, trained on `texts`."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=CONTROL + byte_tokens, show_progress=False, max_token_length=16
    )
    tokenizer.train_from_iterator(texts, trainer)
    # The trainer can only reserve ids for bytes by calling them special; they are ordinary entries of the vocabulary.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [entry for entry in state["added_tokens"] if entry["content"] in CONTROL]
    tokenizer = Tokenizer.from_str(json.dumps(state))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        add_bos_token=False,
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )


def make_model_folder(
    folder: str | Path,
    texts: Iterable[str] = CORPUS,
    vocab_size: int = 512,
    layers: int = 2,
    hidden_size: int = 64,
    seed: int = 0,
) -> Path:
    """A folder that AutoConfig, AutoTokenizer and Gemma3ForCausalLM load: config, safetensors, tokenizer."""
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig

    folder = Path(folder)
    tokenizer = make_tokenizer(texts, vocab_size)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=2 * hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        sliding_window=64,
        layer_types=["sliding_attention"] * (layers - 1) + ["full_attention"],
        query_pre_attn_scalar=32,
        max_position_embeddings=8192,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Gemma3ForCausalLM(config)
    model.generation_config = GenerationConfig(bos_token_id=2, eos_token_id=[1, 5], pad_token_id=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
