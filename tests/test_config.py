"""The config file: defaults, errors all at once, nearest names, overrides, round trip."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgemma.config import Config, dump_config, load_config
from toolgemma.errors import ConfigError

SOURCE = Path(__file__).parents[1] / "src" / "toolgemma"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_gives_the_defaults():
    assert load_config() == Config()


def test_numbers_are_read_by_type_not_by_yaml_spelling(tmp_path):
    # YAML 1.1 reads 2e-4 as a string because it lacks the dot.
    config = load_config(write(tmp_path, "training: {learning_rate: 2e-4, num_train_epochs: 2}\n"))
    assert config.training.learning_rate == 0.0002
    assert config.training.num_train_epochs == 2.0


def test_all_errors_come_in_one_message_with_the_nearest_name(tmp_path):
    path = write(
        tmp_path,
        "traning: {}\ntraining: {learning_rat: 1, num_train_epochs: many}\n"
        "lora: {r: 0, alpha: 3}\nmodel: {dtype: float16}\n",
    )
    with pytest.raises(ConfigError) as error:
        load_config(path)
    message = str(error.value)
    assert "5 errors" not in message and "6 errors" in message
    for expected in (
        "traning: unknown key; did you mean training?",
        "training.learning_rat: unknown key; did you mean training.learning_rate?",
        "training.num_train_epochs: 'many'",
        "lora.r: 0",
        "lora.alpha: unknown key; did you mean lora.lora_alpha?",
        "model.dtype: 'float16'",
    ):
        assert expected in message
    assert str(path) in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training: [", "not valid YAML"),
        ("a: 1\na: 2\n", "key 'a' stands twice"),
        ("- 1\n", "must hold sections"),
        ("training: 3\n", "training: 3 is not accepted"),
        ("training: {push_to_hub: true}\n", "training.hub_model_id"),
        ("mirror: {mode: hf-miror}\n", "did you mean hf-mirror"),
        ("mirror: {mode: hf-mirror.com}\n", "mirror.mode: 'hf-mirror.com'"),
        ("mirror: {endpoints: {company: hub.company.cn}}\n", "mirror.endpoints.company"),
        ("mirror: {endpoints: {auto: 'https://x.org'}}\n", "give the endpoint another name"),
        ("mirror: {endpoints: {}}\n", "names no source"),
        ("training: {metric_for_best_model: malformed_rate}\n", "training.metric_for_best_model: 'malformed_rate'"),
        ("training: {metric_for_best_model: tool_call_f1}\n", "evaluation.every_steps: needed with"),
        (
            "dataset: {validation_split: null}\ntraining: {early_stopping_patience: 3}\n",
            "dataset.validation_split: needed with training.early_stopping_patience",
        ),
        (
            "dataset: {validation_split: null}\nevaluation: {every_steps: 3}\n",
            "dataset.validation_split: needed with evaluation.every_steps",
        ),
        ("mirror: {endpoint: hf-mirror.com}\n", "mirror.endpoint"),
        ("? {a: 1}\n: 2\n", "not valid YAML"),
    ],
)
def test_a_bad_file_gets_one_clear_error(tmp_path, text, expected):
    with pytest.raises(ConfigError, match=expected.replace("(", r"\(")):
        load_config(write(tmp_path, text))


def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"config file not found: nowhere\.yaml"):
        load_config("nowhere.yaml")


def test_bytes_that_are_no_utf8(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"model: {name: \xff}")
    with pytest.raises(ConfigError, match="can't be read"):
        load_config(path)


def test_overrides_win_over_the_file(tmp_path):
    path = write(tmp_path, "training: {learning_rate: 1}\nlora:\n")
    config = load_config(path, ["training.learning_rate=1e-4", "lora.r=8", "lora.target_modules=[q_proj, v_proj]"])
    assert (config.training.learning_rate, config.lora.r) == (1e-4, 8)
    assert config.lora.target_modules == ["q_proj", "v_proj"]


@pytest.mark.parametrize("override", ["training", "training.learning_rate", "=3", "learning_rate=3", "a.b=["])
def test_a_malformed_override_says_so(override):
    with pytest.raises(ConfigError, match="override"):
        load_config(None, [override])


def test_an_unknown_override_gets_the_nearest_name():
    with pytest.raises(ConfigError, match=r"did you mean training\.learning_rate"):
        load_config(None, ["training.lerning_rate=3"])


def test_dump_and_load_give_the_same_config(tmp_path):
    config = load_config(None, ["dataset.max_samples=5", "training.report_to=[wandb]", "mirror.mode=https://x.org"])
    assert load_config(write(tmp_path, dump_config(config))) == config


NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)


@given(st.floats(min_value=1e-12, max_value=10), st.integers(min_value=1, max_value=512), NAMES)
def test_any_values_survive_the_round_trip(tmp_path_factory, rate, rank, name):
    config = Config.model_validate({"training": {"learning_rate": rate}, "lora": {"r": rank}, "model": {"name": name}})
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    path.write_text(dump_config(config), encoding="utf-8")
    assert load_config(path) == config


def fields() -> list[tuple[str, str]]:
    return [
        (section, key)
        for section, info in Config.model_fields.items()
        for key in info.annotation.model_fields  # type: ignore[union-attr]
    ]


@pytest.mark.parametrize(("section", "key"), fields(), ids=".".join)
def test_every_key_says_what_it_means(section, key):
    description = Config.model_fields[section].annotation.model_fields[key].description  # type: ignore[union-attr]
    assert description and description.endswith(".") and "\n" not in description


@pytest.mark.parametrize(("section", "key"), fields(), ids=".".join)
def test_every_key_is_read(section, key):
    """Some module other than config.py reads `<section>.<key>`; where it arrives is tested beside that module."""
    for path in SOURCE.rglob("*.py"):
        if path.name == "config.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == key and isinstance(node.ctx, ast.Load):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                if owner in (section, "section"):
                    return
    pytest.fail(f"{section}.{key} is accepted but nothing reads it")


def test_embedded_names_what_comes_with_toolgemma_and_is_saved_by_that_name(tmp_path):
    config = load_config(None, ["model.name=embedded", "dataset.path=embedded"])
    assert config.model.name == str(SOURCE / "sample" / "model")
    assert config.dataset.path == str(SOURCE / "sample" / "data")
    text = dump_config(config)
    assert "name: embedded" in text
    assert str(SOURCE) not in text
    assert load_config(write(tmp_path, text)) == config
    assert dump_config(load_config(None, ["model.name=me/embedded"])).count("embedded") == 1


def test_the_headline_view_is_always_scored():
    with pytest.raises(ConfigError, match=r"evaluation\.views: repaired is missing"):
        load_config(None, ["evaluation.views=[published]"])
    with pytest.raises(ConfigError, match=r"evaluation\.views"):
        load_config(None, ["evaluation.views=[repaired, nothing]"])
