"""What every command shares: flags, reading the config, logging; the one place that writes environment variables."""

import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.text import Text

from toolgemma import hub

if TYPE_CHECKING:
    from toolgemma.config import Config, MirrorSection

logger = logging.getLogger(__name__)

LEVELS = ("debug", "info", "warning", "error")

_FILE_WIDTH = 120  # columns where nobody's terminal says: a pipe or a file


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    return Console(stderr=stderr, highlight=False, width=width)


console = _console(stderr=False)
errors = _console(stderr=True)


def _level(value: str) -> str:
    if value.lower() not in LEVELS:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(LEVELS)}")
    return value.lower()


ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML file; configs/ holds some. Without it every key has its default.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="SECTION.KEY=VALUE", help="Override a key of the config; can be given several times."
    ),
]
MirrorOption = Annotated[
    str | None,
    typer.Option(
        metavar="MODE",
        help="Where downloads come from: auto, huggingface, hf-mirror, modelscope, none or a URL; mirror.mode in the "
        "config.",
    ),
]
LogLevelOption = Annotated[
    str, typer.Option("--log_level", "--log-level", callback=_level, help=f"One of {', '.join(LEVELS)}.")
]


def read_config(
    path: Path | None, overrides: Sequence[str] | None, flags: Mapping[str, object], *, uses_hub: bool = True
) -> "Config":
    """The config with `--set` overrides, then the flags that were given (`{"section.key": value}`, None: not given).

    `uses_hub`: choose sources for the model and dataset that aren't on this disk, and apply the choice.
    """
    from toolgemma.config import load_config  # pydantic takes a fifth of a second that --help has no use for

    given = [override(key, value) for key, value in flags.items() if value is not None]
    config = load_config(path, [*(overrides or ()), *given])
    if uses_hub:
        apply_mirror(config.mirror, repositories(config))
    return config


def repositories(config: "Config") -> list[hub.Repository]:
    """What the config takes from the Hub: the model, the dataset, or neither where they are local."""
    model, dataset = config.model, config.dataset
    wanted = [] if Path(model.name).exists() else [hub.Repository("model", model.name, model.revision)]
    if dataset.path is None:
        wanted.append(hub.Repository("dataset", dataset.name, dataset.revision))
    return wanted


def named_repositories(data: str, tokenizer: str | None) -> list[hub.Repository]:
    """What `lint` and `show` take from the Hub: DATA and the tokenizer where they aren't local."""
    from toolgemma.data.load import is_local

    wanted = [] if is_local(data) else [hub.Repository("dataset", data)]
    if tokenizer and not Path(tokenizer).exists():
        wanted.append(hub.Repository("model", tokenizer))
    return wanted


def apply_mirror(section: "MirrorSection", wanted: Sequence[hub.Repository]) -> None:
    """Choose sources and set the variables that Hugging Face's libraries read at their import, which comes later."""
    from toolgemma.hub.choose import choose

    files = {"model": hub.MODEL_FILES, "dataset": hub.DATASET_FILES}
    missing = [one for one in wanted if hub.cached(one, files[one.kind], os.environ) is None]
    plan = choose(section, missing, os.environ)
    for repository in missing:
        if len(plan.sources) > 1 and (order := plan.order(repository)):
            logger.info("%s: %s", repository, ", then ".join(source.name for source in order))
    os.environ.update(hub.environment(plan, section))


def start_logging(level: str) -> None:
    """Log to stderr at `level`; libraries stay quiet unless it is debug."""
    handler = RichHandler(console=errors, show_path=False, show_time=False, markup=False, rich_tracebacks=False)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger("toolgemma").setLevel(level.upper())
    if level == "debug":
        logging.getLogger().setLevel(logging.DEBUG)
        return
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # a bar in a file is a thousand lines
    # What transformers deprecates inside itself is nothing a user of ours can act on.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("DATASETS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")


def print_what_the_terminal_lacks() -> None:
    """Print a character that the output's encoding lacks (cp936, cp1252) as its escape, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_error(message: str) -> None:
    """One message on stderr; what the message quotes is never read as markup."""
    text = Text("error: ", style="bold red").append(message, style="default")
    errors.print(text, soft_wrap=True)


def dataset_overrides(dataset: str | None) -> list[str]:
    """`--dataset_name` as overrides: an existing file or folder (or `embedded`) is a path, anything else a Hub id."""
    from toolgemma.config import EMBEDDED

    if dataset is None:
        return []
    if dataset == EMBEDDED or Path(dataset).exists():
        return [override("dataset.path", dataset)]
    return [override("dataset.name", dataset), "dataset.path=null"]


def override(key: str, value: object) -> str:
    """A flag's value as a `--set` override (JSON is YAML)."""
    return f"{key}={json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)}"
