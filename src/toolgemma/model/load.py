"""Base model, tokenizer and adapter from the Hub or a local folder.

The base is always the text model, `Gemma3ForCausalLM`. A repository of the larger, multimodal Gemma 3 works too: its
language model is read and the vision tower's weights are left out, never allocated. Only safetensors are read, no code
of a repository runs, and an adapter is only put on the base that it was trained on: its manifest holds a fingerprint
of the base, and names prove nothing.

Costs: one read of the weights; the fingerprint hashes about 1 MB of them.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BitsAndBytesConfig,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    PreTrainedTokenizerBase,
)

from toolgemma import hub, rundir
from toolgemma.config import LoraSection, ModelSection
from toolgemma.conversation import canonical_json
from toolgemma.errors import CheckpointError, ConfigError
from toolgemma.model.device import Placement

ADAPTER_WEIGHTS = "adapter_model.safetensors"
ADAPTER_CONFIG = "adapter_config.json"
# The multimodal repositories keep the language model one level deeper.
_TEXT_KEYS = {
    r"^language_model\.model\.": "model.",
    r"^language_model\.lm_head\.": "lm_head.",
    r"^model\.language_model\.": "model.",
}
_SHAPE_KEYS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
)
_FINGERPRINT_ROWS = 64  # rows of the embedding that take part in the fingerprint


def load_tokenizer(section: ModelSection) -> PreTrainedTokenizerBase:
    """The base model's tokenizer, padding on the left as generation needs it (the collator pads for itself).

    Raises:
        CheckpointError: a local folder without tokenizer files.
        HubError: not found, gated, no network.
    """
    folder = _folder(section, hub.TOKENIZER_FILES)
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        raise CheckpointError(
            f"model.name: {section.name} holds no tokenizer.json; copy the tokenizer files of the base model into it"
        )
    with _explained(section):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, padding_side="left")
    tokenizer.name_or_path = section.name
    return cast(PreTrainedTokenizerBase, tokenizer)


def load_config(section: ModelSection) -> Gemma3TextConfig:
    """The base's text config, without its weights.

    Raises:
        CheckpointError: a local folder without config.json, or a model that is no Gemma 3.
        HubError: not found, gated, no network.
    """
    folder = _folder(section, hub.TOKENIZER_FILES)
    if not (folder / "config.json").is_file():
        cure = "a folder with config.json, *.safetensors and the tokenizer is needed"
        if (folder / ADAPTER_CONFIG).is_file():
            cure = "it is an adapter: name the model that it was trained on"
        raise CheckpointError(f"model.name: {section.name} holds no config.json; {cure}")
    with _explained(section):
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    if config.model_type not in ("gemma3", "gemma3_text"):
        raise CheckpointError(
            f"model.name: {section.name} is a {config.model_type!r} model; toolgemma trains Gemma 3, such as "
            "google/gemma-3-1b-it"
        )
    return cast(Gemma3TextConfig, config.get_text_config())


def load_base(section: ModelSection, placement: Placement) -> Gemma3ForCausalLM:
    """The base model on `placement.device` in `placement.dtype`, frozen, in eval mode.

    Raises:
        CheckpointError: a local folder without weights, with weights of another shape, or no Gemma 3.
        HubError: not found, gated, no network.
    """
    config = load_config(section)
    folder = _folder(section, hub.MODEL_FILES)
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"model.name: {section.name} holds no *.safetensors; toolgemma reads no pickled weights (*.bin, *.pt): "
            "download the model again, or convert it to safetensors"
        )
    quantization = None
    if section.quantization == "4bit":
        quantization = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=placement.dtype,
        )
    with _explained(section):
        model, info = Gemma3ForCausalLM.from_pretrained(
            str(folder),
            config=config,
            dtype=placement.dtype,
            attn_implementation=placement.attn_implementation,
            quantization_config=quantization,
            device_map={"": placement.device} if quantization else None,
            key_mapping=_TEXT_KEYS,
            trust_remote_code=False,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
            output_loading_info=True,
        )
    _check_loaded(section.name, info)
    model.name_or_path = model.config.name_or_path = section.name  # manifests and adapters name the Hub's id
    if not quantization:
        model.to(placement.device)
    model.requires_grad_(False)
    return cast(Gemma3ForCausalLM, model.eval())


def add_lora(model: nn.Module, lora: LoraSection, seed: int) -> PeftModel:
    """`model` with a fresh adapter (arXiv 2106.09685), ready to train; the adapter's weights depend on `seed` alone.

    The adapter is float32 whatever the base is: at a learning rate of 1e-4 an AdamW step is smaller than half the gap
    between neighbouring bfloat16 numbers of the weights' size, so in bfloat16 most steps would be rounded away.

    Raises:
        ConfigError: a target module that the model doesn't have.
    """
    _check_targets(model, lora.target_modules)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return get_peft_model(cast(Any, model), lora_config(lora), autocast_adapter_dtype=True)


def recompute_activations(model: nn.Module) -> None:
    """Switch gradient checkpointing on, as Trainer does at its start."""
    base = cast(Any, model).get_base_model()
    # transformers renamed it after 5.17 and warns about the old name.
    enable = getattr(base, "activation_checkpointing_enable", None) or base.gradient_checkpointing_enable
    enable()
    base.enable_input_require_grads()


def lora_config(lora: LoraSection) -> LoraConfig:
    """peft's config of the section `lora`."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora.r,
        lora_alpha=lora.lora_alpha,
        lora_dropout=lora.lora_dropout,
        bias=lora.bias,
        target_modules=lora.target_modules,
        use_rslora=lora.use_rslora,
        use_dora=lora.use_dora,
    )


def save_adapter(model: PeftModel, folder: Path) -> None:
    """Write the adapter's weights (safetensors) and config into `folder`."""
    # True or "auto" would ask the Hub about the base's vocabulary at every save; the embeddings are frozen.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card


def load_adapter(base: Gemma3ForCausalLM, checkpoint: Path) -> PeftModel:
    """`base` with the adapter of a complete checkpoint, in eval mode.

    Raises:
        CheckpointError: the checkpoint is torn, holds no safetensors, or was trained on another base.
    """
    manifest = rundir.read_manifest(checkpoint)
    for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG):
        if not (checkpoint / name).is_file():
            raise CheckpointError(f"{checkpoint} holds no {name}: it is no adapter of toolgemma")
    check_base(manifest.get("base", {}), base, checkpoint)
    try:
        model = PeftModel.from_pretrained(cast(Any, base), str(checkpoint), is_trainable=False)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"{checkpoint}: the adapter can't be put on {base.name_or_path}: {error}") from error
    return cast(PeftModel, model.eval())


def base_facts(base: Gemma3ForCausalLM) -> dict[str, str]:
    """Name and fingerprint of a base model, as manifests hold them; ask before an adapter is added."""
    return {"name": base.name_or_path, "fingerprint": fingerprint(base)}


def check_base(facts: Mapping[str, str], base: Gemma3ForCausalLM, checkpoint: Path) -> None:
    """Refuse a checkpoint whose manifest names another base than `base`.

    Raises:
        CheckpointError: the fingerprints differ, or the manifest holds none.
    """
    if facts.get("fingerprint") != fingerprint(base):
        raise CheckpointError(
            f"{checkpoint} was trained on another base model ({facts.get('name', 'unknown')}) than model.name "
            f"({base.name_or_path}): same name or not, the weights differ; set model.name to the base it was trained on"
        )


def fingerprint(base: Gemma3ForCausalLM) -> str:
    """SHA-256 of the model's shape, its norms and the first rows of its embedding, rounded to bfloat16.

    The same for one set of weights in any dtype, with 4-bit layers or without, whatever its folder is called. A base
    that was fine-tuned with norms and embedding frozen can't be told apart; Google's own variants can.
    """
    digest = hashlib.sha256()
    shape = {key: getattr(base.config, key) for key in _SHAPE_KEYS}
    digest.update(canonical_json(shape).encode())
    digest.update(_bytes(base.get_input_embeddings().weight[:_FINGERPRINT_ROWS]))
    for name, parameter in sorted(base.get_decoder().named_parameters()):
        if name.endswith("norm.weight"):
            digest.update(_bytes(parameter))
    return digest.hexdigest()


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().to("cpu", torch.bfloat16).contiguous().view(torch.uint8).numpy().tobytes()


def _folder(section: ModelSection, patterns: Sequence[str]) -> Path:
    """The folder that `model.name` means; for a Hub id the one that its files were fetched into."""
    folder = Path(section.name)
    if folder.is_dir():
        return folder
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", section.name) or section.name.startswith("."):
        raise CheckpointError(
            f"model.name: {section.name!r} is neither a folder that exists nor a Hub id such as google/gemma-3-1b-it"
        )
    return hub.fetch(hub.Repository("model", section.name, section.revision), patterns)


@contextmanager
def _explained(section: ModelSection) -> Iterator[None]:
    """Turn what transformers raises into one message."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"model.name: {section.name} can't be loaded: {error}") from error


def _check_loaded(name: str, info: Mapping[str, Any]) -> None:
    missing = sorted(key for key in info["missing_keys"] if key != "lm_head.weight")
    mismatched = sorted(str(key[0] if isinstance(key, tuple) else key) for key in info["mismatched_keys"])
    if missing or mismatched:
        faults = [f"{len(missing)} missing (such as {missing[0]})"] if missing else []
        faults += [f"{len(mismatched)} of another shape (such as {mismatched[0]})"] if mismatched else []
        raise CheckpointError(
            f"model.name: the weights of {name} don't fit its config.json: {' and '.join(faults)}; download it again"
        )


def _check_targets(model: nn.Module, targets: str | list[str]) -> None:
    if targets == "all-linear":
        return
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear | nn.Embedding)]
    ends = sorted({name.rpartition(".")[2] for name in names})
    if isinstance(targets, str):
        try:
            found = any(re.fullmatch(targets, name) for name in names)
        except re.error as error:
            raise ConfigError(f"lora.target_modules: {targets!r} is no regular expression: {error}") from None
        if not found:
            raise ConfigError(
                f"lora.target_modules: {targets!r} as a regular expression matches no layer; use all-linear, or a list "
                f"of {', '.join(ends)}"
            )
        return
    for target in targets:
        if not any(name == target or name.endswith("." + target) for name in names):
            close = difflib.get_close_matches(target, ends, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(ends)}"
            raise ConfigError(f"lora.target_modules: the model has no layer {target!r}; {hint}")
    if not targets:
        raise ConfigError("lora.target_modules: the list is empty; use all-linear, or name layers")
