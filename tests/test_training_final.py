"""Uploading checkpoint-final: a login is asked for first, and a failure leaves the local folder and says so."""

import shutil
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import LocalTokenNotFoundError
from transformers import GenerationConfig

from toolgemma import hub
from toolgemma.config import Config, DatasetSection, MirrorSection, ModelSection
from toolgemma.errors import HubError
from toolgemma.hub.choose import choose
from toolgemma.training.card import model_card
from training_runs import make_config, run


class FakeApi:
    """Stands for huggingface_hub.HfApi; the class attributes say how it behaves."""

    logged_in = True
    reachable = True
    uploads: list[tuple[str, list[str]]]
    endpoint: str | None = None

    def __init__(self, endpoint, token):
        type(self).endpoint = endpoint

    def whoami(self):
        if not self.logged_in:
            raise LocalTokenNotFoundError("no token")
        return {"name": "someone"}

    def create_repo(self, repository, private, exist_ok):
        assert private and exist_ok
        if not self.reachable:
            raise ConnectionError("no route")
        return f"https://hub/{repository}"

    def upload_folder(self, repo_id, folder_path, commit_message):
        self.uploads.append((repo_id, sorted(path.name for path in folder_path.iterdir())))


def test_generation_stops_at_the_end_of_a_turn_whatever_the_base_says(tiny_model, tmp_path):
    base = shutil.copytree(tiny_model, tmp_path / "base")
    GenerationConfig(eos_token_id=1, pad_token_id=0, do_sample=True, top_k=64).save_pretrained(base)
    final = run(make_config(base, tmp_path / "outputs", "training.max_steps=1"))
    saved = GenerationConfig.from_pretrained(final)
    assert sorted(saved.eos_token_id) == [1, 5] and saved.top_k == 64


@pytest.fixture
def api(monkeypatch):
    fake = type("Api", (FakeApi,), {"uploads": []})
    monkeypatch.setattr(huggingface_hub, "HfApi", fake)
    return fake


def pushing(tiny_model, output):
    return make_config(
        tiny_model, output, "training.max_steps=2", "training.push_to_hub=true", "training.hub_model_id=me/tools"
    )


def test_final_folder_is_uploaded(api, tiny_model, tmp_path, monkeypatch):
    """To the official Hub, also where downloads come from a mirror."""
    plan = choose(MirrorSection(mode="https://mirror.example"), [], {})
    monkeypatch.setenv("TOOLGEMMA_MIRROR", hub.environment(plan, MirrorSection())["TOOLGEMMA_MIRROR"])
    final = run(pushing(tiny_model, tmp_path / "outputs"))
    assert api.uploads == [("me/tools", sorted(path.name for path in final.iterdir()))]
    assert api.endpoint == "https://huggingface.co"


def test_nobody_logged_in_is_found_before_training(api, tiny_model, tmp_path):
    api.logged_in = False
    with pytest.raises(HubError, match=r"me/tools can't be written: `uv run hf auth login`"):
        run(pushing(tiny_model, tmp_path / "outputs"))
    assert not (tmp_path / "outputs").exists()


def test_failed_upload_keeps_the_folder_and_says_how_to_go_on(api, tiny_model, tmp_path):
    api.reachable = False
    with pytest.raises(HubError, match=r"is whole in .*checkpoint-final.*hf upload me/tools"):
        run(pushing(tiny_model, tmp_path / "outputs"))
    assert (tmp_path / "outputs" / "checkpoint-final" / "manifest.json").is_file()


def test_card_names_hub_ids_only_in_its_header(tmp_path):
    manifest = {"versions": {"toolgemma": "1"}, "dialect": "hermes", "figures": {"train_rows": 1, "validation_rows": 1}}
    local = model_card(
        Config(model=ModelSection(name=str(tmp_path)), dataset=DatasetSection(path=str(tmp_path))), manifest
    )
    header = local.split("---")[1]
    assert "base_model" not in header and "datasets" not in header and "not stated" in local
    published = model_card(Config(), manifest)
    assert "base_model: google/gemma-3-1b-it" in published and "- shawhin/tool-use-finetuning" in published


def test_card_of_the_embedded_base_has_no_path_and_not_gemmas_terms():
    manifest = {"versions": {"toolgemma": "1"}, "dialect": "hermes", "figures": {"train_rows": 1, "validation_rows": 1}}
    card = model_card(Config(model=ModelSection(name="embedded"), dataset=DatasetSection(path="embedded")), manifest)
    assert "license: mit" in card and "MIT licence" in card and "Gemma Terms" not in card
    assert 'from_pretrained(unpacked("embedded", "model")' in card and "`embedded`, licence" in card
    assert str(Path(__file__).parents[1]) not in card
