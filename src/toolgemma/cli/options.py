"""What every command shares: flags, reading the config, logging; the one place that writes environment variables."""

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
    from toolgemma.config import Config

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
LogLevelOption = Annotated[
    str, typer.Option("--log_level", "--log-level", callback=_level, help=f"One of {', '.join(LEVELS)}.")
]


def read_config(path: Path | None, overrides: Sequence[str] | None, flags: Mapping[str, object]) -> "Config":
    """The config with `--set` overrides, then the flags that were given (`{"section.key": value}`, None: not given)."""
    from toolgemma.config import load_config  # pydantic takes a fifth of a second that --help has no use for

    given = [override(key, value) for key, value in flags.items() if value is not None]
    config = load_config(path, [*(overrides or ()), *given])
    os.environ.update(hub.environment(config.mirror.endpoint))
    _go_offline_if_cut_off(config)
    return config


def _go_offline_if_cut_off(config: "Config") -> None:
    """Use the cache alone where the Hub is needed and can't be reached, instead of waiting for every file."""
    needed = config.dataset.path is None or not Path(config.model.name).exists()
    endpoint = os.environ.get("HF_ENDPOINT", hub.OFFICIAL)
    if needed and "HF_HUB_OFFLINE" not in os.environ and not hub.is_reachable(endpoint):
        logger.warning("%s can't be reached: using only what is in the local cache", endpoint)
        os.environ["HF_HUB_OFFLINE"] = "1"


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


def print_error(message: str) -> None:
    """One message on stderr; what the message quotes is never read as markup."""
    text = Text("error: ", style="bold red").append(message, style="default")
    errors.print(text, soft_wrap=True)


def dataset_overrides(dataset: str | None) -> list[str]:
    """`--dataset_name` as overrides: an existing file or folder is a path, anything else a Hub id."""
    if dataset is None:
        return []
    if Path(dataset).exists():
        return [override("dataset.path", dataset)]
    return [override("dataset.name", dataset), "dataset.path=null"]


def override(key: str, value: object) -> str:
    """A flag's value as a `--set` override (JSON is YAML)."""
    return f"{key}={json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)}"
