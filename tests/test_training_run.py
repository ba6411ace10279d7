"""A whole run: what it leaves on disk, what it refuses, and resuming, which must equal never having stopped."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoTokenizer, Gemma3ForCausalLM, GenerationConfig, TrainerCallback

import training_runs
from toolgemma import rundir
from toolgemma.config import load_config
from toolgemma.errors import CheckpointError, DivergedError
from toolgemma.format import hermes
from toolgemma.model import device, load
from toolgemma.training import checkpoint
from toolgemma.training.stop import Interrupted
from toolgemma.training.trainer import SupervisedTrainer
from training_runs import make_config, make_rows, run

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9 and a fork server")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Bit for bit needs the same number of threads, and two cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def straight(tiny_model, tmp_path_factory) -> Path:
    """A run that was never interrupted: 15 steps, a checkpoint every 2."""
    folder = tmp_path_factory.mktemp("straight") / "outputs"
    run(make_config(tiny_model, folder))
    return folder


def same_adapters(left: Path, right: Path) -> None:
    a, b = (load_file(folder / load.ADAPTER_WEIGHTS) for folder in (left, right))
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def same_end(left: Path, right: Path) -> None:
    """Final adapter, last adapter and optimizer, and every figure but speed and memory."""
    same_adapters(left / rundir.FINAL, right / rundir.FINAL)
    last = rundir.step_checkpoints(left)[-1].name
    same_adapters(left / last, right / last)
    states = [torch.load(folder / last / "optimizer.pt", weights_only=True)["state"] for folder in (left, right)]
    for index, state in states[0].items():
        assert all(torch.equal(state[key], states[1][index][key]) for key in ("exp_avg", "exp_avg_sq"))
    assert figures(left) == figures(right)


def figures(run: Path) -> list[dict]:
    lines = [json.loads(line) for line in (run / rundir.METRICS).read_text(encoding="utf-8").splitlines()]
    keep = ("step", "epoch", "loss", "learning_rate", "grad_norm", "supervised_tokens", "eval_loss", "eval_accuracy")
    return [{key: line[key] for key in keep if key in line} for line in lines]


def kill_after(monkeypatch, step: int) -> None:
    """Make the next run in this process die at the end of `step`, before anything of that step is logged or saved."""
    original = SupervisedTrainer.__init__

    class Killer(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == step:
                raise MemoryError("killed")

    def with_killer(self, *args, callbacks=(), **kwargs):
        original(self, *args, callbacks=[Killer(), *callbacks], **kwargs)

    monkeypatch.setattr(SupervisedTrainer, "__init__", with_killer)


def test_final_checkpoint_is_complete_and_is_the_best_step(straight, tiny_model):
    final = straight / rundir.FINAL
    manifest = rundir.read_manifest(final)
    evaluations = {line["step"]: line["eval_loss"] for line in figures(straight) if "eval_loss" in line}
    best = min(evaluations, key=lambda step: (evaluations[step], step))
    assert manifest["step"] == best == manifest["figures"]["best_step"]
    assert manifest["figures"]["eval_loss"] == evaluations[best]
    same_adapters(final, straight / f"checkpoint-{best}")
    assert load_file(final / load.ADAPTER_WEIGHTS)
    assert manifest["dialect"] == "hermes" and manifest["dataset"]["license"] == "mit"
    assert manifest["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert {"README.md", "config.yaml", "tokenizer.json", "generation_config.json"} <= manifest["files"].keys()
    assert not list(straight.rglob("training_args.bin"))
    assert load_config(final / rundir.CONFIG) == load_config(straight / rundir.CONFIG)


def test_final_tokenizer_and_generation_config_are_ready_to_use(straight):
    tokenizer = AutoTokenizer.from_pretrained(straight / rundir.FINAL)
    assert tokenizer.chat_template == hermes.CHAT_TEMPLATE
    assert tokenizer.response_template == hermes.RESPONSE_TEMPLATE
    generation = GenerationConfig.from_pretrained(straight / rundir.FINAL)
    assert sorted(generation.eos_token_id) == [1, 5]  # <eos> and <end_of_turn> of the tiny tokenizer


def test_model_card_states_terms_base_data_and_figures(straight):
    card = (straight / rundir.FINAL / "README.md").read_text(encoding="utf-8")
    eval_loss = rundir.read_manifest(straight / rundir.FINAL)["figures"]["eval_loss"]
    for text in ("ai.google.dev/gemma/terms", "test/rows", "mit", f"{eval_loss:.4f}", "license: gemma", "hermes"):
        assert text in card


def test_adapter_on_its_base_scores_as_training_said(straight, tiny_model):
    """The saved adapter, put on a fresh base, has the eval_loss that the run measured."""
    config = make_config(tiny_model, straight)
    base = load.load_base(config.model, device.choose(config.model))
    model = load.load_adapter(base, straight / rundir.FINAL)
    assert isinstance(model, PeftModel) and not model.training
    from toolgemma.model.loss import supervised_loss
    from toolgemma.tokens.collate import Collator

    with torch.no_grad():
        sums = supervised_loss(model, Collator(0)(make_rows(5, seed=2)))
    expected = rundir.read_manifest(straight / rundir.FINAL)["figures"]["eval_loss"]
    assert (sums.nll / sums.count).item() == pytest.approx(expected, rel=1e-5)


def test_loss_falls(straight):
    losses = [line["eval_loss"] for line in figures(straight) if "eval_loss" in line]
    assert losses[-1] < losses[0] - 0.5


def test_metrics_have_speed_and_memory(straight):
    lines = [json.loads(line) for line in (straight / rundir.METRICS).read_text(encoding="utf-8").splitlines()]
    training = [line for line in lines if "loss" in line]
    assert [line["step"] for line in training] == list(range(1, 16))
    for line in training:
        assert line["tokens_per_second"] > 0 and line["rss_bytes"] > 2**20 and line["supervised_tokens"] > 0
    rows = make_rows(9, seed=1)
    supervised = sum(label != -100 for row in rows for label in row.labels)
    assert sum(line["supervised_tokens"] for line in training) == 3 * supervised


def test_limit_keeps_the_newest_and_the_best(straight):
    best = rundir.read_manifest(straight / rundir.FINAL)["step"]
    steps = [int(path.name.partition("-")[2]) for path in rundir.step_checkpoints(straight)]
    assert steps == sorted({best, *[step for step in (12, 14, 15) if step != best][-2:]})


@pytest.mark.parametrize("step", [3, 6, 11], ids=["mid-epoch", "first of an epoch", "third epoch"])
def test_resumed_equals_straight_bit_for_bit(straight, tiny_model, tmp_path, monkeypatch, step):
    config = make_config(tiny_model, tmp_path / "outputs")
    with monkeypatch.context() as patch:
        kill_after(patch, step)
        with pytest.raises(MemoryError):
            run(config)
    newest = rundir.newest_complete(tmp_path / "outputs")
    assert newest is not None and newest.name == f"checkpoint-{(step - 1) // 2 * 2}"
    run(config, resume=True)
    same_end(straight, tmp_path / "outputs")


def test_resumed_equals_straight_in_bfloat16(tiny_model, tmp_path, monkeypatch):
    """Saves fall between two logging steps here: no line of metrics.jsonl may average over the gap of a kill."""
    settings = ["model.dtype=bfloat16", "training.logging_steps=5"]
    configs = [make_config(tiny_model, tmp_path / name, *settings) for name in ("straight", "resumed")]
    run(configs[0])
    with monkeypatch.context() as patch:
        kill_after(patch, 8)
        with pytest.raises(MemoryError):
            run(configs[1])
    run(configs[1], resume=True)
    same_end(tmp_path / "straight", tmp_path / "resumed")
    weights = load_file(tmp_path / "resumed" / rundir.FINAL / load.ADAPTER_WEIGHTS)
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


def test_resume_after_the_last_step_only_writes_the_end(tiny_model, tmp_path, monkeypatch):
    """Step 7 lies within an epoch: Trainer alone would go on to step 8."""
    configs = [make_config(tiny_model, tmp_path / name, "training.max_steps=7") for name in ("straight", "resumed")]
    run(configs[0])
    with monkeypatch.context() as patch:
        patch.setattr("toolgemma.training.final.write_final", lambda *a, **k: (_ for _ in ()).throw(MemoryError))
        with pytest.raises(MemoryError):
            run(configs[1])
    assert not (tmp_path / "resumed" / rundir.FINAL).exists()
    run(configs[1], resume=True)
    same_end(tmp_path / "straight", tmp_path / "resumed")
    assert rundir.step_checkpoints(tmp_path / "resumed")[-1].name == "checkpoint-7"


def test_torn_checkpoint_is_never_chosen_and_is_removed(straight, tiny_model, tmp_path, monkeypatch):
    output = tmp_path / "outputs"
    config = make_config(tiny_model, output)
    with monkeypatch.context() as patch:
        kill_after(patch, 9)
        with pytest.raises(MemoryError):
            run(config)
    (output / "checkpoint-8" / "manifest.json").unlink()  # killed while it saved step 8
    (output / ".saving-checkpoint-final").mkdir()
    (output / ".metrics.jsonl.123").write_text("torn", encoding="utf-8")
    assert checkpoint.look(output, resume=True) == output / "checkpoint-6"
    run(config, resume=True)
    same_end(straight, output)
    assert not [path for path in output.iterdir() if path.name.startswith(".")]


def test_changed_bytes_are_found_before_resuming(tiny_model, tmp_path, monkeypatch):
    output = tmp_path / "outputs"
    config = make_config(tiny_model, output)
    with monkeypatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(MemoryError):
            run(config)
    file = output / "checkpoint-2" / "optimizer.pt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"optimizer.pt is not what was saved"):
        run(config, resume=True)


def test_resuming_other_maths_names_the_keys(straight, tiny_model):
    other = make_config(tiny_model, straight, "training.learning_rate=1e-4", "lora.r=8", "training.logging_steps=3")
    with pytest.raises(CheckpointError) as error:
        run(other, resume=True)
    text = str(error.value)
    assert "training.learning_rate: 0.005 there, 0.0001 now" in text and "lora.r: 4 there, 8 now" in text
    assert "logging_steps" not in text
    with pytest.raises(CheckpointError, match="rows of train"):
        run(make_config(tiny_model, straight), resume=True, rows=8)


def test_resuming_a_finished_run_returns_at_once(straight, tiny_model):
    before = (straight / rundir.METRICS).stat().st_mtime_ns
    assert run(make_config(tiny_model, straight), resume=True) == straight / rundir.FINAL
    assert (straight / rundir.METRICS).stat().st_mtime_ns == before


def test_a_second_run_sets_the_finished_one_aside(tiny_model, tmp_path):
    output = tmp_path / "outputs"
    config = make_config(tiny_model, output, "training.max_steps=2")
    run(config)
    first = rundir.read_manifest(output / rundir.FINAL)["files"]
    run(config.model_copy(update={"training": config.training.model_copy(update={"seed": 7})}))
    assert rundir.read_manifest(output / "previous" / "1" / rundir.FINAL)["files"] == first
    assert (output / "previous" / "1" / rundir.METRICS).is_file()
    assert rundir.is_complete(output / rundir.FINAL)
    assert [line["step"] for line in figures(output)] == [1, 2, 2]  # two of training, one of evaluation


def test_an_unfinished_run_is_not_overwritten(tiny_model, tmp_path, monkeypatch):
    config = make_config(tiny_model, tmp_path / "outputs")
    with monkeypatch.context() as patch:
        kill_after(patch, 3)
        with pytest.raises(MemoryError):
            run(config)
    with pytest.raises(CheckpointError, match=r"unfinished run \(newest checkpoint: checkpoint-2\).*--resume"):
        run(config)
    assert rundir.newest_complete(tmp_path / "outputs") is not None


def test_resume_with_nothing_there_starts_from_the_beginning(tiny_model, tmp_path, caplog):
    config = make_config(tiny_model, tmp_path / "outputs", "training.max_steps=2")
    assert run(config, resume=True).is_dir()
    assert "nothing to resume" in caplog.text


def test_without_validation_the_last_step_is_final(tiny_model, tmp_path):
    config = make_config(tiny_model, tmp_path / "outputs", "training.max_steps=3")
    manifest = rundir.read_manifest(run(config, validation=0))
    assert manifest["step"] == 3 and "eval_loss" not in manifest["figures"]


def test_a_new_best_between_two_saves_is_kept(tiny_model, tmp_path):
    """Validation wants another token than train teaches, so step 1 is best, where save_steps would save nothing."""
    settings = ["training.eval_steps=1", "training.save_steps=4", "training.max_steps=6", "training.save_total_limit=1"]
    final = run(make_config(tiny_model, tmp_path / "outputs", *settings), validation=make_rows(5, seed=2, tail=9))
    evaluations = {line["step"]: line["eval_loss"] for line in figures(tmp_path / "outputs") if "eval_loss" in line}
    best = min(evaluations, key=evaluations.__getitem__)
    assert best % 4 and best < 6
    assert rundir.read_manifest(final)["step"] == best
    same_adapters(final, tmp_path / "outputs" / f"checkpoint-{best}")


def test_nan_weights_are_never_sealed(tiny_model, tmp_path, monkeypatch):
    class Poison(TrainerCallback):
        def on_evaluate(self, args, state, control, model, **kwargs):
            if state.global_step == 4:
                with torch.no_grad():
                    next(p for name, p in model.named_parameters() if "lora_B" in name).fill_(float("nan"))
                control.should_save = True

    original = SupervisedTrainer.__init__
    monkeypatch.setattr(
        SupervisedTrainer,
        "__init__",
        lambda self, *a, callbacks=(), **k: original(self, *a, callbacks=[*callbacks, Poison()], **k),
    )
    with pytest.raises(DivergedError, match="not finite at step 4"):
        run(make_config(tiny_model, tmp_path / "outputs"))
    newest = rundir.newest_complete(tmp_path / "outputs")
    assert newest is not None and newest.name == "checkpoint-2"


def wait_for(path: Path, process) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.0005)


@posix
def test_kill_9_then_resume_equals_straight(straight, tiny_model, tmp_path):
    """Killed three times: between saves, while checkpoint-6 is written, and while checkpoint-10 is."""
    output, log = tmp_path / "outputs", tmp_path / "log"
    config = make_config(tiny_model, output)
    for watched in ("checkpoint-2/manifest.json", "checkpoint-6", "checkpoint-10"):
        process = training_runs.start(config, resume=output.exists(), log=log)
        wait_for(output / watched, process)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    assert not (output / rundir.FINAL).exists()
    run(config, resume=True)
    same_end(straight, output)
    assert log.read_text(encoding="utf-8").count("resuming from") == 2


@posix
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_saves_and_says_where(straight, tiny_model, tmp_path, signum):
    output, log = tmp_path / "outputs", tmp_path / "log"
    config = make_config(tiny_model, output)
    process = training_runs.start(config, resume=False, log=log)
    wait_for(output / "checkpoint-2" / "manifest.json", process)
    os.kill(process.pid, signum)
    process.join(60)
    text = log.read_text(encoding="utf-8")
    assert process.exitcode == 128 + signum, text
    newest = rundir.newest_complete(output)
    assert newest is not None and f"saved {newest}, go on with --resume" in text
    run(config, resume=True)
    same_adapters(straight / rundir.FINAL, output / rundir.FINAL)


def test_stop_between_saves_keeps_the_step(straight, tiny_model, tmp_path, monkeypatch):
    """A signal in step 5 saves step 5, which neither eval_steps nor save_steps would."""

    class Signal(TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            if state.global_step == 4:
                signal.raise_signal(signal.SIGTERM)

    original = SupervisedTrainer.__init__
    output = tmp_path / "outputs"
    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(
            SupervisedTrainer,
            "__init__",
            lambda self, *a, callbacks=(), **k: original(self, *a, callbacks=[*callbacks, Signal()], **k),
        )
        with pytest.raises(Interrupted) as stopped:
            run(make_config(tiny_model, output))
    assert rundir.is_complete(output / "checkpoint-5")
    assert stopped.value.checkpoint == output / "checkpoint-5" and stopped.value.exit_code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    run(make_config(tiny_model, output), resume=True)
    same_adapters(straight / rundir.FINAL, output / rundir.FINAL)
    last = rundir.step_checkpoints(straight)[-1].name
    same_adapters(straight / last, output / last)


def test_second_signal_aborts_at_once(request):
    from toolgemma.training.stop import Stop

    # A shell's background job starts with SIGINT ignored; then the second one would be ignored as well.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with pytest.raises(KeyboardInterrupt), Stop() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.signum == signal.SIGINT
        signal.raise_signal(signal.SIGINT)


def test_adapter_of_another_base_is_refused(straight, tmp_path):
    from tiny import make_model_folder

    other = make_model_folder(tmp_path / "other", seed=1)
    base = Gemma3ForCausalLM.from_pretrained(other)
    with pytest.raises(CheckpointError, match="was trained on another base model"):
        load.load_adapter(base, straight / rundir.FINAL)
