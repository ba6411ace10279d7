"""The config file: typed YAML sections, every key read, unknown keys refused.

    model:    {name: google/gemma-3-1b-it}
    training: {learning_rate: 2e-4}

The line under each field is its meaning and unit, and what `toolgemma train --help-config` prints. All errors of a
file come in one message, with the nearest known name for a typo. Loading reads YAML and touches nothing else: whether
a folder exists or a GPU is there is checked by whoever uses the value.
"""

import difflib
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    field_serializer,
    field_validator,
)

from toolgemma.errors import ConfigError

EMBEDDED = "embedded"
"""As `model.name` or `dataset.path`: the small model, or the rows, that come with toolgemma."""
View = Literal["published", "answerable", "repaired", "unleaked", "tool_absent"]
BestMetric = Literal[
    "eval_loss",
    "eval_accuracy",
    "tool_call_accuracy",
    "tool_name_accuracy",
    "tool_args_accuracy",
    "tool_call_f1",
    "exact_match",
]
"""The seven metrics of an evaluation."""


def unpacked(name: str, part: Literal["model", "data"]) -> str:
    """`name`, or where this part of the package lies if it is `embedded`."""
    return str(Path(__file__).parent / "sample" / part) if name == EMBEDDED else name


def packed(name: str, part: Literal["model", "data"]) -> str:
    """The inverse of `unpacked`, so that a saved config holds on another machine."""
    return EMBEDDED if name == unpacked(EMBEDDED, part) else name


class Section(BaseModel):
    """Base of all sections: frozen, strict about names, described by the line under each field."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)


def _or_auto(kind: Any, wanted: str) -> PlainValidator:
    """A validator for `kind` or the word auto, with one message instead of one for each."""
    adapter = TypeAdapter(kind)

    def check(value: Any) -> Any:
        try:
            return value if value == "auto" else adapter.validate_python(value)
        except ValidationError:
            raise ValueError(f"give {wanted}, or auto") from None

    return PlainValidator(check)


CountOrAuto = Annotated[int | Literal["auto"], _or_auto(Annotated[int, Field(ge=1)], "a number of 1 or more")]
SwitchOrAuto = Annotated[bool | Literal["auto"], _or_auto(bool, "true or false")]


class ModelSection(Section):
    name: str = Field("google/gemma-3-1b-it", min_length=1)
    """Hub id of the base model, a local folder that holds it, or embedded: the small one that comes with toolgemma."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; null is the default branch."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the model runs; auto takes CUDA, else MPS, else CPU."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Weights and activations; auto takes bfloat16 where the hardware has it. float16 overflows Gemma 3."""
    attn_implementation: Literal["sdpa", "eager"] = "sdpa"
    """Attention kernel of training, as transformers names it; scoring and generation take sdpa."""
    quantization: Literal["none", "4bit"] = "none"
    """4bit is QLoRA (NF4, double quantisation); it needs CUDA and the extra `qlora`."""

    @field_validator("name")
    @classmethod
    def _unpack_name(cls, name: str) -> str:
        return unpacked(name, "model")

    @field_serializer("name")
    def _pack_name(self, name: str) -> str:
        return packed(name, "model")


class DatasetSection(Section):
    name: str = Field("shawhin/tool-use-finetuning", min_length=1)
    """Hub id of the dataset; used when `path` is null."""
    path: str | None = None
    """Local folder or file (parquet, arrow, json, jsonl) instead of the Hub; embedded: the rows inside toolgemma."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; null is the default branch."""
    format: Literal["auto", "shawhin", "openai", "sharegpt", "xlam", "hermes", "glaive"] = "auto"
    """How a row is written; auto looks at the columns."""
    train_split: str = "train"
    """Name of the split that is trained on."""
    validation_split: str | None = "validation"
    """Name of the split for eval_loss and the best checkpoint; null: none."""
    test_split: str | None = "test"
    """Name of the split that evaluate scores; null: none."""
    max_samples: int | None = Field(None, ge=1)
    """Train on at most so many rows, chosen by seed; null is all."""
    repair: Literal["none", "drop", "fix"] = "fix"
    """Faulty train rows: none keeps them, drop removes them, fix mends what can be mended and drops the rest."""
    reasoning: Literal["keep", "drop"] = "keep"
    """The sentence before a tool call: keep trains it, drop removes it."""
    prepared_dir: str = "data/prepared"
    """Folder that prepare writes and train reads."""
    seed: int = Field(42, ge=0)
    """Seed of every choice made on the data: where a tool is put back, which distractors go, which rows are sampled."""

    @field_validator("path")
    @classmethod
    def _unpack_path(cls, path: str | None) -> str | None:
        return None if path is None else unpacked(path, "data")

    @field_serializer("path")
    def _pack_path(self, path: str | None) -> str | None:
        return None if path is None else packed(path, "data")


Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")]


class MirrorSection(Section):
    mode: str = "auto"
    """auto measures `endpoints` and chooses per repository; a name of theirs, a URL, or none takes that one alone."""
    endpoints: dict[str, Url] = {
        "huggingface": "https://huggingface.co",
        "hf-mirror": "https://hf-mirror.com",
        "modelscope": "https://modelscope.cn",
    }
    """Sources by name, with their base URLs; the first wins unless another is twice as fast."""
    token_hosts: list[str] = []
    """Hosts (or host:port) besides huggingface.co that may see your token, such as hf-mirror.com for a gated model."""
    modelscope_ids: dict[str, str] = {"google/gemma-3-1b-it": "LLM-Research/gemma-3-1b-it"}
    """Hub ids and the ids of their copies on ModelScope; used with the extra `modelscope`."""
    xet: Literal["auto", "on", "off"] = "auto"
    """Xet transfers, which go past a mirror to the official Hub's storage; auto: off where a mirror may be asked."""


class LoraSection(Section):
    r: int = Field(16, ge=1)
    """Rank of the adapter matrices."""
    lora_alpha: float = Field(32, gt=0)
    """Scale: the update is multiplied by lora_alpha / r (or / sqrt(r) with use_rslora)."""
    lora_dropout: float = Field(0.05, ge=0, lt=1)
    """Share of the adapter's inputs set to zero while training."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Which bias vectors are trained (Gemma 3 has none; kept for other bases)."""
    target_modules: str | list[str] = "all-linear"
    """Layers that get an adapter: names, or all-linear for every linear layer but the head."""
    use_rslora: bool = False
    """Rank-stabilised LoRA (arXiv 2312.03732)."""
    use_dora: bool = False
    """Weight-decomposed LoRA (arXiv 2402.09353); slower."""


class TrainingSection(Section):
    output_dir: str = Field("outputs", min_length=1)
    """Folder of the run: checkpoints, metrics, the final adapter."""
    num_train_epochs: float = Field(3, gt=0)
    """Passes over the train rows."""
    max_steps: int = Field(-1, ge=-1)
    """Optimizer steps; above 0 it overrides num_train_epochs."""
    learning_rate: float = Field(2e-4, gt=0)
    """Peak learning rate."""
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "cosine"
    """Shape of the learning rate after warm-up."""
    warmup_ratio: float = Field(0.03, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from 0."""
    per_device_train_batch_size: CountOrAuto = 1
    """Rows per forward pass (packed: their tokens); auto: as many as fit into memory, rows of a step unchanged."""
    per_device_eval_batch_size: int = Field(1, ge=1)
    """Rows per forward pass of the eval_loss; the figure doesn't depend on it."""
    gradient_accumulation_steps: CountOrAuto = 8
    """Forward passes per optimizer step, at one row each where the batch size is auto; auto: 8 rows a step or more."""
    packing: Literal["none", "rows", "prefix_tree"] = "prefix_tree"
    """none pads a step's rows, rows packs them without padding, prefix_tree also computes shared prefixes only once."""
    max_tokens_per_forward: int | None = Field(None, ge=16)
    """Tokens of a packed forward pass; null: as per_device_train_batch_size says. A row that is longer goes alone."""
    optim: str = "adamw_torch"
    """Optimizer, as transformers names it (adamw_torch, adamw_8bit, adafactor, ...)."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(1.0, ge=0)
    """Gradients are scaled down to this norm; 0: never."""
    gradient_checkpointing: SwitchOrAuto = False
    """Recompute activations in the backward pass: about a third slower, far less memory; auto: where it must be."""
    logging_steps: int = Field(5, ge=1)
    """Steps between two lines of metrics.jsonl."""
    eval_steps: int = Field(20, ge=1)
    """Steps between two eval_loss measurements."""
    save_steps: int = Field(20, ge=1)
    """Steps between two checkpoints; a new best one is saved at once, wherever this stands."""
    save_total_limit: int | None = Field(3, ge=1)
    """Checkpoints kept besides the best one; null: all."""
    metric_for_best_model: BestMetric = "eval_loss"
    """What makes a checkpoint the best one, measured on the validation split; eval_loss: lower, all others: higher."""
    early_stopping_patience: int | None = Field(None, ge=1)
    """Stop after so many measurements of metric_for_best_model in a row without a new best; null: never."""
    dataloader_num_workers: int = Field(0, ge=0)
    """Processes that collate batches; 0: the main one."""
    dataloader_pin_memory: bool = True
    """Page-locked host memory for faster copies to a GPU; no effect on CPU."""
    seed: int = Field(42, ge=0)
    """Seed of the adapter's initial weights, dropout and row order."""
    report_to: list[Literal["wandb", "trackio", "tensorboard"]] = []
    """Trackers to report to besides metrics.jsonl; needs the extra `track`."""
    run_name: str | None = None
    """Name of the run in a tracker."""
    push_to_hub: bool = False
    """Upload the final adapter when training ends; needs a login with write access."""
    hub_model_id: str | None = None
    """Repository to push to, user/name; needed with push_to_hub."""


class DataProcessingSection(Section):
    tool_format: Literal["hermes", "shawhin"] = "hermes"
    """Dialect on the wire; hermes is what vLLM, llama.cpp and Ollama read."""
    max_seq_length: int = Field(4096, ge=16)
    """Budget of a train row in tokens; over it distractor tools go first, then the row, never a target."""
    tool_order: Literal["as_is", "canonical", "shuffled"] = "as_is"
    """Order of a train row's tools: canonical is by name (more is shared), shuffled is by seed (augmentation)."""


class EvaluationSection(Section):
    max_samples: int | None = Field(None, ge=1)
    """Score at most so many rows of the test split; null is all."""
    max_new_tokens: int = Field(512, ge=1)
    """Tokens generated per turn at most; a turn that needs more counts as truncated."""
    batch_size: int = Field(8, ge=1)
    """Rows that decode together; where one ends, the next prompt takes its place."""
    baseline: bool = True
    """Score the untuned model on the same rows as well: doubles the time, and says what tuning changed."""
    every_steps: int | None = Field(None, ge=1)
    """While training, steps between two measurements of tool calls by generation on validation rows; null: none."""
    every_samples: int = Field(32, ge=1)
    """Validation rows of such a measurement, chosen once by dataset.seed."""
    views: list[View] = Field(["published", "answerable", "repaired", "unleaked", "tool_absent"], min_length=1)
    """Views of the test rows to score; repaired, the headline, must be one. Only tool_absent has prompts of its own."""


class Config(Section):
    """A whole config file; every section and key has a default."""

    model: ModelSection = Field(default_factory=ModelSection)
    dataset: DatasetSection = Field(default_factory=DatasetSection)
    mirror: MirrorSection = Field(default_factory=MirrorSection)
    lora: LoraSection = Field(default_factory=LoraSection)
    training: TrainingSection = Field(default_factory=TrainingSection)
    data_processing: DataProcessingSection = Field(default_factory=DataProcessingSection)
    evaluation: EvaluationSection = Field(default_factory=EvaluationSection)


class _UniqueKeyLoader(yaml.SafeLoader):
    """SafeLoader that refuses a key written twice instead of keeping the last one in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is not a name", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_config(path: str | os.PathLike[str] | None = None, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file (None: all defaults) and apply `section.key=value` overrides.

    Raises:
        ConfigError: no such file, malformed YAML, unknown keys, wrong values; all of a file's faults in one message.
    """
    values: dict[str, Any] = {}
    if path is not None:
        values = _read_yaml(Path(path))
    for override in overrides:
        _apply_override(values, override)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        lines = [_explain(entry) for entry in error.errors(include_url=False)]
        raise ConfigError(_headline(path, len(lines)) + "".join(f"\n  - {line}" for line in lines)) from None
    faults = list(_cross_checks(config))
    if faults:
        raise ConfigError(_headline(path, len(faults)) + "".join(f"\n  - {fault}" for fault in faults))
    return config


def dump_config(config: Config) -> str:
    """The whole resolved config as YAML; `load_config` of it gives the same config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"config file not found: {path}; see configs/ for the ones that come with toolgemma"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path} can't be read: {error}") from None
    try:
        values = yaml.load(io.StringIO(text), _UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"config file {path} is not valid YAML: {error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"config file {path} must hold sections (model, dataset, ...), not a {type(values).__name__}")
    return values


def _apply_override(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    section, dot, name = key.strip().partition(".")
    if not (equals and dot and section and name):
        raise ConfigError(f"override {override!r} is not section.key=value, such as training.learning_rate=1e-4")
    try:
        value = yaml.load(io.StringIO(text), _UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ConfigError(f"override {override!r}: the value is not valid YAML: {error}") from None
    target = values.setdefault(section, {})
    if target is None:
        target = values[section] = {}
    if not isinstance(target, dict):
        raise ConfigError(f"override {override!r}: section {section} of the file is not a mapping")
    target[name] = value


def _headline(path: str | os.PathLike[str] | None, count: int) -> str:
    return f"{path or 'config'}: {count} error{'s' if count != 1 else ''}"


def _explain(entry: Any) -> str:
    location = [str(part) for part in entry["loc"]]
    key = ".".join(location)
    if entry["type"] == "extra_forbidden":
        known = list(_known_names(location))
        close = difflib.get_close_matches(location[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {'.'.join([*location[:-1], close[0]])}?" if close else f"known: {', '.join(known)}"
        return f"{key}: unknown key; {hint}"
    return f"{key}: {entry['input']!r} is not accepted: {entry['msg'].removeprefix('Value error, ')}"


def _known_names(location: list[str]) -> Iterator[str]:
    if len(location) == 1:
        yield from Config.model_fields
    elif location[0] in Config.model_fields:
        section = Config.model_fields[location[0]].annotation
        yield from section.model_fields if isinstance(section, type) and issubclass(section, BaseModel) else ()


def _cross_checks(config: Config) -> Iterator[str]:
    training = config.training
    if training.push_to_hub and not training.hub_model_id:
        yield "training.hub_model_id: needed with training.push_to_hub, such as your-name/gemma-3-1b-tools"
    mode, names = config.mirror.mode, [*config.mirror.endpoints, "auto", "none"]
    if mode not in names and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", mode):
        close = difflib.get_close_matches(mode, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(names)}, or a URL with https://"
        yield f"mirror.mode: {mode!r} is not accepted: {hint}"
    for name in {"auto", "none"} & set(config.mirror.endpoints):
        yield f"mirror.endpoints: {name!r} is a value of mirror.mode; give the endpoint another name"
    if not config.mirror.endpoints:
        yield "mirror.endpoints: {} names no source; remove the key, or name one"
    if "repaired" not in config.evaluation.views:
        yield "evaluation.views: repaired is missing; it is the view of the headline figures"
    metric, every_steps = training.metric_for_best_model, config.evaluation.every_steps
    if not metric.startswith("eval_") and every_steps is None:
        yield f"evaluation.every_steps: needed with training.metric_for_best_model: {metric}, such as 20"
    if config.dataset.validation_split is None:
        for key, given in (
            ("training.metric_for_best_model", metric != "eval_loss"),
            ("training.early_stopping_patience", training.early_stopping_patience is not None),
            ("evaluation.every_steps", every_steps is not None),
        ):
            if given:
                yield f"dataset.validation_split: needed with {key}; name a split, or leave the other key out"
    if training.packing != "none" and config.model.attn_implementation == "eager":
        yield (
            f"training.packing: {training.packing!r} computes attention with sdpa, and model.attn_implementation is "
            "'eager'; set training.packing to none, or leave the attention at sdpa"
        )
    if training.packing == "none" and training.max_tokens_per_forward is not None:
        yield (
            f"training.max_tokens_per_forward: {training.max_tokens_per_forward} needs training.packing; "
            "without it, training.per_device_train_batch_size says how much goes through at once"
        )
