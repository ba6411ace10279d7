"""checkpoint-final: the best adapter with everything that is needed to use it, written as a whole or not at all.

.saving-checkpoint-final/   adapter_model.safetensors   copied from the best step checkpoint, byte for byte
                            adapter_config.json
                            tokenizer files, chat_template.jinja, response_template in tokenizer_config.json
                            generation_config.json      eos_token_id: <eos> and <end_of_turn>
                            config.yaml, README.md
                            manifest.json               last; then the folder is renamed to checkpoint-final
"""

import copy
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import GenerationConfig, PreTrainedTokenizerBase, TrainerState

from toolgemma import hub, rundir
from toolgemma.config import Config, dump_config
from toolgemma.errors import CheckpointError, HubError
from toolgemma.format import Dialect
from toolgemma.format.segments import END
from toolgemma.model.load import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from toolgemma.training.card import model_card
from toolgemma.training.checkpoint import SAVING, seal

if TYPE_CHECKING:
    from huggingface_hub import HfApi
_SPEED = ("_runtime", "_per_second", "_supervised_tokens")


def write_final(
    run: Path,
    best: Path,
    *,
    config: Config,
    tokenizer: PreTrainedTokenizerBase,
    generation: GenerationConfig,
    dialect: Dialect,
    facts: Mapping[str, Any],
) -> Path:
    """Write checkpoint-final of `run` from the step checkpoint `best`; `facts` go into its manifest."""
    folder = run / f"{SAVING}{rundir.FINAL}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG):
        shutil.copyfile(best / name, folder / name)
    dressed(tokenizer, dialect).save_pretrained(folder)
    generation = copy.deepcopy(generation)
    generation.eos_token_id = stop_ids(tokenizer)
    generation.save_pretrained(folder)
    rundir.write_text(folder / rundir.CONFIG, dump_config(config))
    rundir.write_text(folder / "README.md", model_card(config, facts))
    seal(folder, facts)
    final = run / rundir.FINAL
    folder.rename(final)
    return final


def dressed(tokenizer: PreTrainedTokenizerBase, dialect: Dialect) -> PreTrainedTokenizerBase:
    """A copy of `tokenizer` that renders as `dialect` does. A dialect without a template gets none: the stock one
    would drop the tools in silence."""
    tokenizer = copy.deepcopy(tokenizer)
    tokenizer.chat_template = dialect.CHAT_TEMPLATE
    tokenizer.response_template = dialect.RESPONSE_TEMPLATE
    return tokenizer


def stop_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Ids of `<eos>` and `<end_of_turn>`.

    Raises:
        CheckpointError: the tokenizer has no `<end_of_turn>`, so it isn't Gemma's.
    """
    end = tokenizer.convert_tokens_to_ids(END)
    if end is None or end == tokenizer.unk_token_id:
        raise CheckpointError(f"the tokenizer of the base model has no {END}: it is not Gemma's; check model.name")
    return sorted({tokenizer.eos_token_id, end} - {None})


def figures(state: TrainerState, train_rows: int, validation_rows: int) -> dict[str, Any]:
    """What the run measured, for manifest and card; the evaluation figures are those of the best step."""
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    best: dict[str, Any] = next(
        (entry for entry in state.log_history if "eval_loss" in entry and entry["step"] == state.best_global_step), {}
    )
    return {
        "train_rows": train_rows,
        "validation_rows": validation_rows,
        "steps": state.global_step,
        "epochs": state.epoch,
        "best_step": state.best_global_step or state.global_step,
        "train_loss_first": losses[0] if losses else None,
        "train_loss_last": losses[-1] if losses else None,
    } | {key: best[key] for key in sorted(best) if key.startswith("eval_") and not key.endswith(_SPEED)}


def check_login(repository: str) -> None:
    """Make sure that someone is logged in before hours of training.

    Raises:
        HubError: nobody is, or the Hub can't be asked.
    """
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    try:
        _api().whoami()
    except LocalTokenNotFoundError as error:
        raise HubError(
            f"training.push_to_hub: not logged in, so {repository} can't be written: `uv run hf auth login` with a "
            "token that may write, or set push_to_hub to false"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise HubError(
            f"training.push_to_hub: the login can't be checked ({error}): check the token and the network, or set "
            "push_to_hub to false and upload later"
        ) from error


def push(final: Path, repository: str) -> str:
    """Upload checkpoint-final to `repository` (made private if it is new); its address.

    Raises:
        HubError: the upload failed; the local folder is whole.
    """
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api = _api()
        address = api.create_repo(repository, private=True, exist_ok=True)
        api.upload_folder(repo_id=repository, folder_path=final, commit_message="Upload adapter trained with toolgemma")
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise HubError(
            f"the adapter is whole in {final}, but couldn't be uploaded to {repository}: {error}; try again with "
            f"`uv run hf upload {repository} {final}`"
        ) from error
    return str(address)


def _api() -> "HfApi":
    """The Hub that uploads go to, with the token: never the mirror that downloads come from."""
    from huggingface_hub import HfApi, get_token

    return HfApi(endpoint=hub.current(os.environ).upload, token=get_token())
