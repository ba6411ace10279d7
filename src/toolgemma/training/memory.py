"""Peak memory of training, from shapes alone, and the batch that fits a given memory. Pure arithmetic, without torch.

    peak = process + weights + adapter + activations + transient + fragments        B rows of T tokens, N = B x T

    weights      base parameters x width of the dtype (4bit: 0.56 bytes for each parameter of a decoder layer)
    adapter      itself and its gradient, float32, the optimizer's state, and a bfloat16 copy where the base is bfloat16
    activations  what autograd keeps for the backward pass: below, for each layer
    transient    the larger of: the loss over a chunk of logits; a layer's backward pass
    fragments    on a CPU: holes in the C library's heap, a quarter of the activations in blocks below 32 MiB

What autograd keeps of a decoder layer for each token (D hidden, F feed-forward, Q and K attention widths, w dtype's):
the feed-forward's gate, its activation and the up projection (3 F w); queries, attention output, keys and values
(2 Q + 2 K) w; the float32 input of four norms and of the queries' and keys' norms, 4 (4 D + Q + K); and for each
adapted linear layer what dropout leaves of its input and the mask (without dropout the input itself, once for all that
read it). A mask of T x T stands in each layer that isn't plainly causal; on a CPU packed rows keep the probabilities
of attention. With checkpointing only a layer's input is kept, and one layer at a time is computed again.

tests/test_training_memory.py holds the formula against what autograd keeps; benchmarks/planner.py holds the whole
against peaks that were measured (docs/memory.md).
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from toolgemma.config import Config, LoraSection, TrainingSection

Device = Literal["cpu", "cuda", "mps"]
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Shape:
    """A Gemma 3 text model's sizes, by the names of its config.json."""

    vocab_size: int = 262144
    hidden_size: int = 1152
    intermediate_size: int = 6912
    num_hidden_layers: int = 26
    num_attention_heads: int = 4
    num_key_value_heads: int = 1
    head_dim: int = 256
    sliding_window: int = 512
    sliding_layers: int = 22
    """Layers that attend within the window only."""
    tie_word_embeddings: bool = True

    @property
    def projections(self) -> dict[str, tuple[int, int]]:
        """Name within a layer -> (inputs, outputs) of each linear layer."""
        hidden, inner = self.hidden_size, self.intermediate_size
        queries, keys = self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim
        return {
            "self_attn.q_proj": (hidden, queries),
            "self_attn.k_proj": (hidden, keys),
            "self_attn.v_proj": (hidden, keys),
            "self_attn.o_proj": (queries, hidden),
            "mlp.gate_proj": (hidden, inner),
            "mlp.up_proj": (hidden, inner),
            "mlp.down_proj": (inner, hidden),
        }

    @property
    def layer_parameters(self) -> int:
        """Parameters of one decoder layer."""
        return sum(inputs * outputs for inputs, outputs in self.projections.values()) + self._norms

    @property
    def _norms(self) -> int:
        return 4 * self.hidden_size + 2 * self.head_dim

    @property
    def embedding_parameters(self) -> int:
        """Parameters of the embedding, of the head where it is not tied to it, and of the last norm."""
        table = self.vocab_size * self.hidden_size
        return (table if self.tie_word_embeddings else 2 * table) + self.hidden_size

    @property
    def parameters(self) -> int:
        """All parameters of the base."""
        return self.num_hidden_layers * self.layer_parameters + self.embedding_parameters


GEMMA_3_1B = Shape()


def shape_of(values: Mapping[str, Any]) -> Shape:
    """The shape that the text part of a config.json states; what it leaves out is as in Gemma 3 1B.

    Raises:
        ValueError, TypeError: a size is no number.
    """
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
             "num_key_value_heads", "head_dim", "sliding_window")  # fmt: skip
    sizes = {name: int(values[name]) for name in names if values.get(name) is not None}
    layers = sizes.get("num_hidden_layers", GEMMA_3_1B.num_hidden_layers)
    types = values.get("layer_types")
    pattern = int(values.get("sliding_window_pattern") or values.get("_sliding_window_pattern") or 6)
    sliding = types.count("sliding_attention") if isinstance(types, list) else layers - layers // pattern
    return Shape(**sizes, sliding_layers=sliding, tie_word_embeddings=bool(values.get("tie_word_embeddings", True)))


def known_shape(values: Mapping[str, Any] | None, name: str) -> Shape | None:
    """The shape in a config.json's text part, else Gemma 3 1B's where `name` says so; None for any other model."""
    if values is not None:
        try:
            return shape_of(values)
        except (ValueError, TypeError):
            return None
    return GEMMA_3_1B if "gemma-3-1b" in name.lower() else None


def adapted(shape: Shape, lora: LoraSection) -> list[tuple[str, int, int]]:
    """(name within a layer, inputs, outputs) of each linear layer that gets an adapter, in every decoder layer."""
    found = []
    for name, (inputs, outputs) in shape.projections.items():
        if _is_target(f"model.layers.0.{name}", lora.target_modules):
            found.append((name, inputs, outputs))
    return found


def _is_target(name: str, targets: str | list[str]) -> bool:
    if targets == "all-linear":
        return True
    if isinstance(targets, str):
        return re.fullmatch(targets, name) is not None
    return any(name == target or name.endswith(f".{target}") for target in targets)


def trainable_parameters(shape: Shape, lora: LoraSection) -> int:
    """Weights of the adapter's matrices (and of DoRA's magnitudes)."""
    one = sum(lora.r * (inputs + outputs) + lora.use_dora * outputs for _, inputs, outputs in adapted(shape, lora))
    return shape.num_hidden_layers * one


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes at the peak of a training step, by what holds them."""

    process: int
    weights: int
    adapter: int
    activations: int
    transient: int
    fragments: int = 0

    @property
    def total(self) -> int:
        return sum(size for _, size in self.parts())

    def parts(self) -> Iterator[tuple[str, int]]:
        """(name, bytes) of each part, as a table shows them."""
        yield "process", self.process
        yield "base weights", self.weights
        yield "adapter, gradients, optimizer", self.adapter
        yield "activations", self.activations
        yield "loss or one layer's backward pass", self.transient
        yield "fragments", self.fragments


@dataclass(frozen=True, slots=True)
class Load:
    """What a step holds besides the config: where it runs, and the longest batch."""

    device: Device
    dtype: Literal["bfloat16", "float32"]
    rows: int
    tokens: int
    """Of each row, padding counted."""
    checkpointing: bool = False


_PROCESS = {"cpu": 930 * 2**20, "cuda": 600 * 2**20, "mps": 930 * 2**20}
"""On the CPU: Python, torch, transformers and what a first step leaves resident. On CUDA: the context and cuBLAS."""
_LOSS_LOGITS = 2**26
"""Logits that model.loss holds at once (CHUNK_LOGITS), in the model's dtype."""
SHARE = 0.92
"""Of the free memory that a plan may use; the rest is for fragments, the display, and this model's own error."""
_HOLES = 0.25
"""Share of the activations that glibc's heap held besides, on average (0 to 0.56, benchmarks/planner.py)."""
_MMAPPED = 2**25
"""Bytes from which a block is returned at once and leaves no hole (glibc's DEFAULT_MMAP_THRESHOLD_MAX)."""
STEP_ROWS = 8
"""Rows of an optimizer step where gradient_accumulation_steps is auto."""
_BLOCK = 256
"""Queries that model.tree_attention attends together (QUERIES): half of them are keys that a query doesn't see."""
_4BIT = 0.56
"""Bytes a parameter of NF4 with double quantisation: half a byte, and the block scales."""


def predict(shape: Shape, config: Config, load: Load, trainable: int | None = None) -> Memory:
    """Peak of an optimizer step under `config`; `trainable` where the adapter's size is known from the model itself."""
    width = 2 if load.dtype == "bfloat16" else 4
    tokens = load.rows * load.tokens
    layer_width = _4BIT if config.model.quantization == "4bit" else width
    weights = shape.num_hidden_layers * shape.layer_parameters * layer_width + shape.embedding_parameters * width
    if trainable is None:
        trainable = trainable_parameters(shape, config.lora)
    copy = 2 if load.dtype == "bfloat16" else 0
    kept = kept_by_layer(shape, config.lora, load) * tokens
    ends = tokens * (2 * width + 8) * shape.hidden_size
    masks = load.rows * load.tokens**2 * width * _masked_layers(shape, load)
    probabilities = _probabilities(shape, load, shape.num_hidden_layers, shape.sliding_layers)
    if load.device != "cpu" or config.training.packing == "none":
        probabilities = 0
    if load.checkpointing:
        masks = masks // max(1, _masked_layers(shape, load))
        probabilities = probabilities // shape.num_hidden_layers
        activations = kept + tokens * shape.num_hidden_layers * shape.hidden_size * width
    else:
        activations = kept * shape.num_hidden_layers
    backward = tokens * shape.intermediate_size * (8 + 2 * width)
    return Memory(
        process=_PROCESS[load.device],
        weights=int(weights),
        adapter=int(trainable * (8 + copy + optimizer_bytes(config.training.optim))),
        activations=int(activations + ends + masks + probabilities),
        transient=max(width * min(_LOSS_LOGITS, tokens * shape.vocab_size), backward),
        fragments=_fragments(shape, config.lora, load),
    )


def _fragments(shape: Shape, lora: LoraSection, load: Load) -> int:
    """Each layer's pass leaves holes, recomputed or not; rows so long that their blocks are mapped leave none."""
    if load.device != "cpu":
        return 0
    tokens = min(load.rows * load.tokens, _MMAPPED // (4 * shape.intermediate_size))
    return int(_HOLES * tokens * shape.num_hidden_layers * kept_by_layer(shape, lora, load))


def kept_by_layer(shape: Shape, lora: LoraSection, load: Load) -> int:
    """Bytes that autograd keeps of one decoder layer for each token, attention masks apart."""
    width = 2 if load.dtype == "bfloat16" else 4
    heads, kv_heads = shape.num_attention_heads, shape.num_key_value_heads
    queries, keys = heads * shape.head_dim, kv_heads * shape.head_dim
    plain = width * (3 * shape.intermediate_size + 2 * queries + 2 * keys)
    norms = 4 * (4 * shape.hidden_size + queries + keys) + 4 * (4 + heads + kv_heads)
    log_sums = 4 * heads
    return plain + norms + log_sums + _kept_by_adapters(shape, lora, load)


def _kept_by_adapters(shape: Shape, lora: LoraSection, load: Load) -> int:
    width = 2 if load.dtype == "bfloat16" else 4
    modules = adapted(shape, lora)
    inner = width * lora.r * len(modules)
    if lora.lora_dropout:
        mask = 1 if load.device == "cuda" else width  # only CUDA's dropout keeps a mask of bytes
        return inner + sum((width + mask) * inputs for _, inputs, _ in modules)
    # Without dropout the adapter keeps its input itself, once for all that read the same one; o_proj's is kept anyway.
    names = {"q_proj": "attention", "k_proj": "attention", "v_proj": "attention", "gate_proj": "feed-forward",
             "up_proj": "feed-forward", "down_proj": "product"}  # fmt: skip
    read = {names[name.rpartition(".")[2]]: inputs for name, inputs, _ in modules if not name.endswith("o_proj")}
    return inner + width * sum(read.values())


def _probabilities(shape: Shape, load: Load, layers: int, sliding: int) -> int:
    """Bytes that model.tree_attention keeps of `layers`, `sliding` of them within the window, for a pack of rows."""
    width = 2 if load.dtype == "bfloat16" else 4
    every = load.tokens / 2 + _BLOCK / 2  # keys of a query, on average
    inside = min(every, shape.sliding_window + _BLOCK / 2)
    keys = (layers - sliding) * every + sliding * inside
    return int(load.rows * load.tokens * shape.num_attention_heads * width * keys)


def _masked_layers(shape: Shape, load: Load) -> int:
    """Layers that get a mask: padding masks all of them, a window shorter than the row its own."""
    if load.rows > 1:
        return shape.num_hidden_layers
    return shape.sliding_layers if load.tokens >= shape.sliding_window else 0


def optimizer_bytes(name: str) -> float:
    """Bytes of optimizer state for each trained weight, by the optimizer's name in transformers."""
    if any(mark in name for mark in ("8bit", "4bit")):
        return 2.1
    if name.startswith("sgd"):
        return 0
    if name.startswith("adafactor"):
        return 0.1
    return 4 if name.startswith(("lion", "rmsprop", "adagrad")) else 8


def rows_per_step(section: TrainingSection) -> int:
    """Rows of an optimizer step. It is the recipe, so `auto` keeps it whatever the memory."""
    rows, passes = section.per_device_train_batch_size, section.gradient_accumulation_steps
    if not isinstance(rows, int):
        return passes if isinstance(passes, int) else STEP_ROWS
    return rows * (passes if isinstance(passes, int) else math.ceil(STEP_ROWS / rows))


@dataclass(frozen=True, slots=True)
class Choice:
    """Batch, accumulation and checkpointing for a given memory; their product, the rows a step, never changes."""

    rows: int
    accumulation: int
    checkpointing: bool
    memory: Memory
    fits: bool


def choose(shape: Shape, config: Config, load: Load, budget_bytes: int, trainable: int | None = None) -> Choice:
    """Settle what the config leaves to `auto` so that the peak stays below `budget_bytes`.

    `load.tokens` is the longest row; its rows and checkpointing are replaced. Rows a step are those of the config: see
    `rows_per_step`. Tried in turn: no checkpointing, then checkpointing, each from the most rows down (one on a CPU,
    where more gain nothing). If nothing fits, the leanest is returned with `fits` false.
    """
    section = config.training
    total = rows_per_step(section)
    if isinstance(section.per_device_train_batch_size, int):
        sizes = [section.per_device_train_batch_size]
    else:
        sizes = [size for size in range(total, 0, -1) if total % size == 0] if load.device == "cuda" else [1]
    asked = section.gradient_checkpointing
    recompute = [asked] if isinstance(asked, bool) else [False, True]
    found = None
    for checkpointing in recompute:
        for size in sizes:
            trial = Load(load.device, load.dtype, size, load.tokens, checkpointing)
            memory = predict(shape, config, trial, trainable)
            found = Choice(size, total // size, checkpointing, memory, memory.total <= budget_bytes)
            if found.fits:
                return found
    assert found is not None
    return found
