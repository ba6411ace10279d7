"""Loading: text-only from any Gemma 3, safetensors only, and one message with its cure for what can't be loaded."""

import json
import shutil

import pytest
import torch
from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, SiglipVisionConfig

from tiny import make_model_folder
from toolgemma.config import LoraSection, ModelSection
from toolgemma.errors import CheckpointError, ConfigError, HubError
from toolgemma.model import load
from toolgemma.model.device import Placement

CPU = Placement("cpu", torch.float32, "sdpa", "test")
BFLOAT16 = Placement("cpu", torch.bfloat16, "eager", "test")


def copy_of(tiny_model, folder):
    return shutil.copytree(tiny_model, folder)


def lora_names(model):
    return {name.split(".lora_A")[0].rpartition(".")[2] for name, _ in model.named_parameters() if ".lora_A" in name}


def test_base_is_frozen_in_eval_mode_and_placed_as_asked(tiny_model):
    base = load.load_base(ModelSection(name=str(tiny_model)), BFLOAT16)
    assert type(base) is Gemma3ForCausalLM and not base.training
    assert {parameter.dtype for parameter in base.parameters()} == {torch.bfloat16}
    assert not any(parameter.requires_grad for parameter in base.parameters())
    assert base.config._attn_implementation == "eager"


def test_multimodal_folder_gives_its_language_model(tiny_model, tmp_path):
    text = load.load_config(ModelSection(name=str(tiny_model)))
    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=56, patch_size=14
    )
    whole = Gemma3ForConditionalGeneration(Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4))
    whole.save_pretrained(tmp_path)
    base = load.load_base(ModelSection(name=str(tmp_path)), CPU)
    assert type(base) is Gemma3ForCausalLM
    expected = dict(whole.model.language_model.named_parameters())
    actual = dict(base.model.named_parameters())
    assert actual.keys() == expected.keys()
    assert all(torch.equal(actual[name], expected[name]) for name in actual)
    assert base.lm_head.weight is base.model.embed_tokens.weight


def test_folder_that_does_not_exist(tmp_path):
    for name in (str(tmp_path / "nothing"), "./models/gemma", "C:\\models\\gemma", "a/b/c"):
        with pytest.raises(CheckpointError, match="neither a folder that exists nor a Hub id"):
            load.load_config(ModelSection(name=name))


def test_folder_without_config(tmp_path):
    with pytest.raises(CheckpointError, match=r"holds no config.json"):
        load.load_base(ModelSection(name=str(tmp_path)), CPU)
    (tmp_path / "adapter_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="it is an adapter: name the model"):
        load.load_base(ModelSection(name=str(tmp_path)), CPU)


def test_folder_without_weights(tiny_model, tmp_path):
    folder = copy_of(tiny_model, tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.rename(folder / "pytorch_model.bin")  # pickled weights are never read
    with pytest.raises(CheckpointError, match=r"holds no \*.safetensors"):
        load.load_base(ModelSection(name=str(folder)), CPU)


def test_torn_weights(tiny_model, tmp_path):
    folder = copy_of(tiny_model, tmp_path / "model")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="can't be loaded"):
        load.load_base(ModelSection(name=str(folder)), CPU)


def test_weights_that_lack_a_layer(tiny_model, tmp_path):
    folder = copy_of(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["num_hidden_layers"] = 3
    config["layer_types"] = ["sliding_attention", "sliding_attention", "full_attention"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"13 missing \(such as model.layers.2"):
        load.load_base(ModelSection(name=str(folder)), CPU)


def test_weights_of_another_shape(tiny_model, tmp_path):
    folder = copy_of(tiny_model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["intermediate_size"] = 96
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"6 of another shape \(such as model.layers.0.mlp.down_proj.weight"):
        load.load_base(ModelSection(name=str(folder)), CPU)


def test_another_architecture(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"is a 'llama' model; toolgemma trains Gemma 3"):
        load.load_base(ModelSection(name=str(tmp_path)), CPU)


def test_broken_config(tmp_path):
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(CheckpointError, match="can't be loaded"):
        load.load_config(ModelSection(name=str(tmp_path)))


def test_folder_without_tokenizer(tiny_model, tmp_path):
    folder = copy_of(tiny_model, tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointError, match=r"holds no tokenizer.json"):
        load.load_tokenizer(ModelSection(name=str(folder)))


def test_tokenizer_pads_on_the_left(tiny_model):
    assert load.load_tokenizer(ModelSection(name=str(tiny_model))).padding_side == "left"


def test_hub_errors_are_explained(monkeypatch):
    """Nothing is cached and nothing may be fetched: one message that names the cure."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for ask in (load.load_config, load.load_tokenizer):
        with pytest.raises(HubError, match="toolgemma-tests/no-such-model"):
            ask(ModelSection(name="toolgemma-tests/no-such-model"))


def test_all_linear_leaves_head_and_embedding_alone(tiny_model):
    model = load.add_lora(load.load_base(ModelSection(name=str(tiny_model)), CPU), LoraSection(), seed=0)
    assert lora_names(model) == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained and all(".lora_A." in name or ".lora_B." in name for name in trained)


def test_adapter_is_float32_on_a_bfloat16_base(tiny_model):
    model = load.add_lora(load.load_base(ModelSection(name=str(tiny_model)), BFLOAT16), LoraSection(), seed=0)
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    assert {p.dtype for p in model.parameters() if not p.requires_grad} == {torch.bfloat16}


def test_adapter_depends_on_its_seed_alone(tiny_model):
    def weights(seed, disturbance):
        torch.manual_seed(disturbance)
        base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
        before = torch.get_rng_state()
        model = load.add_lora(base, LoraSection(), seed)
        assert torch.equal(before, torch.get_rng_state())
        return torch.cat([p.flatten() for name, p in model.named_parameters() if "lora_A" in name])

    assert torch.equal(weights(3, 0), weights(3, 1))
    assert not torch.equal(weights(3, 0), weights(4, 0))


@pytest.mark.parametrize(("key", "marker"), [("use_dora", "lora_magnitude_vector"), ("use_rslora", "lora_A")])
def test_variants_of_lora(tiny_model, key, marker):
    base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
    model = load.add_lora(base, LoraSection(r=4, lora_alpha=8, **{key: True}), seed=0)
    assert any(marker in name for name, _ in model.named_parameters())
    scaling = model.get_base_model().model.layers[0].mlp.up_proj.scaling["default"]
    assert scaling == (4.0 if key == "use_rslora" else 2.0)  # 8 / sqrt(4), 8 / 4


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["q_proj", "v_prj"], "no layer 'v_prj'; did you mean v_proj"),
        ([], "the list is empty"),
        ("q_proj", "matches no layer"),
        ("(", "no regular expression"),
    ],
)
def test_target_module_that_is_not_there(tiny_model, targets, message):
    base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
    with pytest.raises(ConfigError, match=rf"lora.target_modules: .*{message}"):
        load.add_lora(base, LoraSection(target_modules=targets), seed=0)


def test_target_modules_by_name_and_by_pattern(tiny_model):
    for targets in (["q_proj", "v_proj"], r".*\.(q|v)_proj"):
        base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
        assert lora_names(load.add_lora(base, LoraSection(target_modules=targets), seed=0)) == {"q_proj", "v_proj"}


def test_fingerprint_knows_weights_and_not_names_or_dtypes(tiny_model, tmp_path):
    section = ModelSection(name=str(tiny_model))
    one = load.fingerprint(load.load_base(section, CPU))
    assert load.fingerprint(load.load_base(section, BFLOAT16)) == one
    copied = copy_of(tiny_model, tmp_path / "renamed")
    assert load.fingerprint(load.load_base(ModelSection(name=str(copied)), CPU)) == one
    other = make_model_folder(tmp_path / "other", seed=1)
    assert load.fingerprint(load.load_base(ModelSection(name=str(other)), CPU)) != one
    norm = load.load_base(section, CPU)
    norm.model.norm.weight.data[0] += 1
    assert load.fingerprint(norm) != one


def test_fingerprint_is_taken_of_the_base_under_an_adapter_too(tiny_model):
    base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
    before = load.fingerprint(base)
    load.add_lora(base, LoraSection(), seed=0)
    assert load.fingerprint(base) == before


def test_adapter_without_manifest_or_weights_is_refused(tiny_model, tmp_path):
    from toolgemma import rundir

    base = load.load_base(ModelSection(name=str(tiny_model)), CPU)
    with pytest.raises(CheckpointError, match="not a complete toolgemma checkpoint"):
        load.load_adapter(base, tmp_path)
    (tmp_path / "adapter_model.bin").write_bytes(b"pickled")
    rundir.seal(tmp_path, {"base": load.base_facts(base)})
    with pytest.raises(CheckpointError, match=r"holds no adapter_model.safetensors"):
        load.load_adapter(base, tmp_path)
