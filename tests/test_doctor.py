"""The doctor on machines that this one is not: facts are made up, conclusions are not."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from toolgemma.config import Config, load_config
from toolgemma.doctor import nvidia, torch_facts
from toolgemma.doctor.examine import can_run, examine
from toolgemma.doctor.machine import Answer, Disk, Driver, Gpu, HubAccess, Machine, Repository, Torch
from toolgemma.model import cuda

GIB = 2**30
CU132 = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")
CU126 = ("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90")
REQUIREMENTS = (
    "torch<3,>=2.9", "transformers<6,>=5.17", "bitsandbytes<1,>=0.48; extra == 'qlora'",
    "wandb<1,>=0.22; extra == 'track'", "trackio<1,>=0.10; extra == 'track'",
)  # fmt: skip
OFFICIAL = Answer("huggingface", "https://huggingface.co", True)
NEAR = Answer("hf-mirror", "https://hf-mirror.com", True)
HUB = HubAccess(
    (OFFICIAL, NEAR), has_token=True, user="ada",
    repositories=(
        Repository("model", "google/gemma-3-1b-it", "open", ("huggingface",)), Repository("dataset", "a/b", "open"),
    ),
)  # fmt: skip
PLENTY = tuple(Disk(purpose, "somewhere", 100 * GIB) for purpose in ("run", "prepared rows", "downloads"))
RTX_4090 = Gpu("NVIDIA GeForce RTX 4090", 24 * GIB, 23 * GIB, (8, 9))
GTX_1080 = Gpu("NVIDIA GeForce GTX 1080", 8 * GIB, 7 * GIB, (6, 1))


def machine(**changes) -> Machine:
    """A healthy PC without GPU, 32 GiB of memory."""
    facts = {
        "system": "Linux", "release": "6.8", "processor": "x86_64", "python": "3.12.4",
        "memory_total_bytes": 32 * GIB, "memory_available_bytes": 28 * GIB,
        "requires_python": "<3.15,>=3.11", "requirements": REQUIREMENTS,
        "packages": {"torch": "2.15.0", "transformers": "5.23.0"},
        "torch": Torch("2.15.0+cu132", "13.2", architectures=CU132, cpu_bfloat16=False,
                       cpu_bfloat16_reason="the CPU has neither AVX512-BF16 nor AMX"),
        "disks": PLENTY, "hub": HUB,
    }  # fmt: skip
    return Machine(**(facts | changes))


def with_card(card: Gpu, torch: Torch, driver: Driver, **changes) -> Machine:
    """A PC with an NVIDIA card; torch counts the card if its build sees CUDA."""
    seen = replace(torch, gpus=(card,) if torch.sees_cuda else ())
    return machine(gpus=(card,), driver=driver, torch=seen, **changes)


def config(*overrides: str) -> Config:
    return load_config(None, ["data_processing.max_seq_length=1024", *overrides])


def look(found: Machine, *overrides: str) -> dict[str, list]:
    """Findings that are not fine, by check."""
    result: dict[str, list] = {}
    for finding in examine(found, config(*overrides)):
        assert finding.message and (finding.cure or finding.severity in ("ok", "note")), finding
        if finding.severity != "ok":
            result.setdefault(finding.check, []).append(finding)
    return result


def one(found: dict[str, list], check: str):
    assert len(found[check]) == 1, found[check]
    return found[check][0]


def test_a_healthy_pc_without_gpu_runs_and_is_told_that_it_is_slow():
    found = look(machine())
    assert found.keys() == {"gpu"}
    assert one(found, "gpu").severity == "note" and "CPU" in one(found, "gpu").message
    assert can_run(examine(machine(), config()))


def test_no_gpu_under_a_config_that_asks_for_one():
    found = one(look(machine(), "model.device=cuda"), "gpu")
    assert found.severity == "error" and "no NVIDIA driver" in found.message
    assert not can_run(examine(machine(), config("model.device=cuda")))


def test_rtx_4090_in_order():
    pc = with_card(
        RTX_4090, Torch("2.15.0+cu132", "13.2", architectures=CU132, sees_cuda=True), Driver("581.15", "13.0")
    )
    assert look(pc, "model.device=cuda") == {}
    lines = {finding.check: finding.message for finding in examine(pc, config())}
    assert "RTX 4090, 24.0 GiB, capability 8.9, driver 581.15" in lines["gpu"]
    assert lines["dtype"].startswith("bfloat16 on cuda")


@pytest.mark.parametrize(("asked", "severity"), [("auto", "warning"), ("cuda", "error")])
def test_cpu_torch_beside_a_gpu(asked, severity):
    """Windows, where the default index has a CPU torch only."""
    pc = with_card(RTX_4090, Torch("2.15.0+cpu", None), Driver("581.15", "13.0"), system="Windows")
    found = one(look(pc, f"model.device={asked}"), "gpu")
    assert found.severity == severity and "without CUDA" in found.message
    assert "uv pip install --reinstall-package torch torch --torch-backend=auto" in found.cure
    assert "--no-sync" in found.cure
    assert can_run(examine(pc, config(f"model.device={asked}"))) is (asked == "auto")


def test_pascal_under_todays_build_gets_the_last_one_that_holds_it():
    torch = Torch("2.15.0+cu132", "13.2", architectures=CU132, sees_cuda=True)
    pc = with_card(GTX_1080, torch, Driver("580.65", "13.0"))
    found = one(look(pc, "model.device=cuda"), "gpu")
    assert found.severity == "error" and "6.1" in found.message and "sm_75" in found.message
    assert 'uv pip install --reinstall-package torch "torch<2.15" --torch-backend=cu126' in found.cure
    assert found.cure.splitlines()[0] == cuda.INSTALL_LEGACY  # nothing else on the line that is copied
    lines = {finding.check: finding.message for finding in examine(pc, config())}
    assert "on cpu" in lines["dtype"]  # as device.choose decides
    lines = {finding.check: finding.message for finding in examine(pc, config("model.device=cuda"))}
    assert "float32 on cuda" in lines["dtype"] and "cuda memory" in lines["memory"]  # as it will be once mended


def test_pascal_under_a_cu126_build_runs_in_float32():
    torch = Torch("2.14.1+cu126", "12.6", architectures=CU126, sees_cuda=True)
    pc = with_card(GTX_1080, torch, Driver("580.65", "13.0"))
    assert look(pc, "model.device=cuda", "training.gradient_checkpointing=auto").keys() == set()
    lines = {finding.check: finding.message for finding in examine(pc, config())}
    assert lines["dtype"].startswith("float32 on cuda: CUDA capability 6.1 has no bfloat16")
    slow = one(look(pc, "model.dtype=bfloat16", "training.gradient_checkpointing=auto"), "dtype")
    assert slow.severity == "warning" and "emulated" in slow.message


@pytest.mark.parametrize("driver", [Driver("550.54", "12.4"), Driver("550.54", None)])
def test_a_driver_too_old_for_the_build(driver):
    torch = Torch("2.15.0+cu132", "13.2", architectures=CU132, sees_cuda=False)
    found = one(look(with_card(RTX_4090, torch, driver), "model.device=cuda"), "gpu")
    assert "550.54" in found.message and "13.2" in found.message
    assert "580 or newer" in found.cure and "--torch-backend=auto" in found.cure


def test_hidden_and_invisible_cards():
    torch = Torch("2.15.0+cu132", "13.2", architectures=CU132, sees_cuda=False)
    pc = with_card(RTX_4090, torch, Driver("581.15", "13.0"))
    assert "--gpus all" in one(look(pc), "gpu").cure
    assert one(look(replace(pc, visible_devices="")), "gpu").cure == "unset CUDA_VISIBLE_DEVICES"


def test_torch_that_cannot_be_imported():
    pc = machine(torch=Torch("2.15.0", "13.2", imports=False, error="ImportError: DLL load failed"), system="Windows")
    found = look(pc)
    assert "DLL load failed" in one(found, "torch").message and "Visual C++" in one(found, "torch").cure
    assert not can_run(examine(pc, config()))


def test_missing_and_foreign_packages():
    found = look(machine(packages={"transformers": "4.50.0"}, torch=None))["packages"]
    assert [finding.severity for finding in found] == ["error", "error"]
    assert "torch is not installed" in found[0].message
    assert "transformers 4.50.0 is outside" in found[1].message and found[1].cure == "uv sync"


def test_extras_count_only_where_the_config_uses_them():
    assert "packages" not in look(machine())
    found = one(look(machine(), "training.report_to=[wandb]"), "packages")
    assert "wandb" in found.message and found.cure == "uv sync --extra track"
    found = one(look(machine(), "training.optim=adamw_8bit"), "packages")
    assert "bitsandbytes" in found.message and found.cure == "uv sync --extra qlora"


def test_python_out_of_bounds():
    assert "3.15.0" in one(look(machine(python="3.15.0")), "python").message
    assert "python" not in look(machine(python="3.14.2"))


def test_4bit_needs_cuda():
    found = look(machine(packages={"torch": "2.15.0", "transformers": "5.23.0", "bitsandbytes": "0.49"}),
                 "model.quantization=4bit")  # fmt: skip
    assert "CUDA" in one(found, "quantization").message


def test_a_full_disk_is_an_error_and_a_tight_one_a_warning():
    full = machine(disks=(Disk("run", "outputs", 200 * 2**20), *PLENTY[1:]))
    found = one(look(full), "disk")
    assert found.severity == "error" and "outputs: 200 MiB free" in found.message and "output_dir" in found.cure
    tight = machine(disks=(Disk("run", "outputs", 500 * 2**20), *PLENTY[1:]))
    assert one(look(tight), "disk").severity == "warning"
    download = machine(disks=(*PLENTY[:2], Disk("downloads", "~/.cache", GIB)))
    assert "HF_HOME" in one(look(download), "disk").cure
    here = replace(HUB, repositories=(Repository("model", "google/gemma-3-1b-it", "cached"),))
    assert "disk" not in look(replace(download, hub=here))
    assert "can't be written" in one(look(machine(disks=(Disk("run", "/", GIB, writable=False),))), "disk").message


def hub_of(access: str, *sources: str, **changes) -> HubAccess:
    model = Repository("model", "google/gemma-3-1b-it", access, sources)
    return replace(HUB, repositories=(model, HUB.repositories[1]), **changes)


def test_no_login_before_a_gated_model():
    found = look(machine(hub=hub_of("gated", "huggingface", "hf-mirror", has_token=False, user=None)))
    assert one(found, "model").severity == "error"
    assert "https://huggingface.co/google/gemma-3-1b-it" in one(found, "model").cure
    assert one(found, "model").cure.splitlines()[-1] == "uv run hf auth login"
    assert one(found, "login").severity == "note"
    ada = one(look(machine(hub=hub_of("gated", "huggingface"))), "model")
    assert "ada has not accepted" in ada.message and "login" not in ada.cure
    near = one(look(machine(hub=hub_of("gated", "hf-mirror"))), "model")
    assert "mirror.token_hosts" in near.message and "mirror.mode=huggingface" in near.cure


def test_a_copy_on_modelscope_is_named():
    model = Repository("model", "google/gemma-3-1b-it", "gated", ("huggingface",), on_modelscope=True)
    found = one(look(machine(hub=replace(HUB, repositories=(model,)))), "model")
    assert found.cure.splitlines()[-1] == "or take ModelScope's copy: uv sync --extra modelscope"


@pytest.mark.parametrize(
    ("access", "expected"),
    [("missing", "none of the sources (hf-mirror)"), ("offline", "HF_HUB_OFFLINE"), ("unreachable", "can't be asked")],
)
def test_a_model_that_cannot_be_had(access, expected):
    found = one(look(machine(hub=hub_of(access, "hf-mirror"))), "model")
    assert found.severity == "error" and expected in found.message


def test_silent_sources_a_refused_token_and_a_push_without_login():
    dead = replace(OFFICIAL, answers=False, detail="no answer in 2.5 s")
    assert "no answer in 2.5 s" in one(look(machine(hub=replace(HUB, answers=(dead,)))), "mirror").message
    half = examine(machine(hub=replace(HUB, answers=(dead, NEAR))), config())
    line = next(finding for finding in half if finding.check == "mirror")
    assert line.severity == "ok" and line.message.startswith("hf-mirror answers; not huggingface")
    assert "refuses the token" in one(look(machine(hub=replace(HUB, token_refused=True))), "login").message
    push = ("training.push_to_hub=true", "training.hub_model_id=ada/tools")
    assert one(look(machine(hub=replace(HUB, has_token=False, user=None)), *push), "login").severity == "error"


def test_memory_that_is_short_is_warned_about_with_settings_that_fit():
    pc = machine(memory_total_bytes=8 * GIB, memory_available_bytes=7 * GIB)
    found = one(look(pc, "data_processing.max_seq_length=4096"), "memory")
    assert found.severity == "warning" and "gradient_checkpointing=auto" in found.cure
    cured = [word for word in found.cure.split() if "=" in word]
    assert "memory" not in look(pc, "data_processing.max_seq_length=4096", *cured)
    tiny = machine(memory_total_bytes=3 * GIB, memory_available_bytes=2 * GIB)
    assert one(look(tiny), "memory").severity == "error"


def test_a_model_of_unknown_shape_is_not_guessed():
    assert one(look(machine(), "model.name=google/gemma-3-270m"), "memory").severity == "note"
    known = machine(shape={"vocab_size": 1000, "hidden_size": 64, "num_hidden_layers": 2})
    assert "memory" not in look(known, "model.name=google/gemma-3-270m")


def test_apple_silicon():
    torch = Torch("2.15.0", None, sees_mps=True)
    mac = machine(system="Darwin", processor="arm64", torch=torch)
    assert look(mac) == {}
    line = next(finding for finding in examine(mac, config()) if finding.check == "gpu")
    assert "MPS" in line.message and "bitsandbytes" in line.message
    assert one(look(machine(), "model.device=mps"), "gpu").severity == "error"


def test_a_broken_config_is_the_first_finding():
    findings = examine(machine(config_error="bad.yaml: 1 error\n  - lora.rank: unknown key"), config())
    assert findings[0].check == "config" and findings[0].severity == "error" and "lora.rank" in findings[0].message


# The ways in: nvidia-smi's words, torch's files, a process that fails, the Hub.

TABLE = "NVIDIA GeForce RTX 4090, 24564, 23028, 8.9, 581.15\nNVIDIA GeForce GTX 1080, 8192, 8000, 6.1, 581.15\n"


def test_nvidia_smi_is_read():
    banner = "| NVIDIA-SMI 581.15    Driver Version: 581.15    CUDA Version: 13.0 |"
    driver, gpus = nvidia.parse(TABLE, banner)
    assert driver == Driver("581.15", "13.0")
    assert [(gpu.name, gpu.capability) for gpu in gpus] == [
        ("NVIDIA GeForce RTX 4090", (8, 9)), ("NVIDIA GeForce GTX 1080", (6, 1)),
    ]  # fmt: skip
    assert gpus[0].total_bytes == 24564 * 2**20 and gpus[0].free_bytes == 23028 * 2**20


def test_older_newer_and_odd_nvidia_smi():
    driver, gpus = nvidia.parse("Tesla K80, 11441, 11000, 470.82", "")
    assert driver == Driver("470.82") and gpus[0].capability is None
    assert nvidia.parse(TABLE, "| CUDA UMD Version: 13.1 |")[0] == Driver("581.15", "13.1")
    _, (spark,) = nvidia.parse("NVIDIA GB10, [N/A], [N/A], 12.1, 580.95", "")
    assert (spark.total_bytes, spark.free_bytes, spark.capability) == (0, None, (12, 1))
    assert nvidia.parse("", "no devices were found") == (None, ())


def test_torch_is_read_without_importing_it(tmp_path):
    (tmp_path / "version.py").write_text(
        "from typing import Optional\n__version__ = '2.14.1+cu126'\ndebug = False\ncuda: Optional[str] = '12.6'\n",
        encoding="utf-8",
    )
    assert torch_facts.read_version(tmp_path / "version.py", "2.14.1") == ("2.14.1+cu126", "12.6")
    (tmp_path / "version.py").write_text("__version__ = '2.15.0+cpu'\ncuda: Optional[str] = None\n", encoding="utf-8")
    assert torch_facts.read_version(tmp_path / "version.py", "2.15.0") == ("2.15.0+cpu", None)
    assert torch_facts.read_version(tmp_path / "none.py", "2.15.0") == ("2.15.0", None)


def test_an_import_that_fails_is_a_fact():
    broken = torch_facts.with_answer(Torch("2.15.0"), 1, "", "Traceback ...\nOSError: libcudart.so.13: cannot open\n")
    assert not broken.imports and broken.error == "OSError: libcudart.so.13: cannot open"
    assert not torch_facts.with_answer(Torch("2.15.0"), -11, "", "").imports


def test_doctor_starts_without_torch(tmp_path):
    """In a process where torch and everything on it can't be imported, the doctor still says what is wrong."""
    code = (
        "import sys, importlib.abc\n"
        "class Without(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'transformers', 'peft', 'datasets', 'accelerate'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}')\n"
        "sys.meta_path.insert(0, Without())\n"
        "from toolgemma.doctor import torch_facts\n"
        "torch_facts._ask = lambda: (1, '', 'ModuleNotFoundError: no torch')\n"
        "torch_facts.importlib.util.find_spec = lambda name: None\n"
        "sys.argv = ['toolgemma', 'doctor', '--json']\n"
        "from toolgemma.cli import main\nmain()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", cwd=tmp_path,
        env={**__import__("os").environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 1, result.stderr
    answer = json.loads(result.stdout)
    assert answer["can_run"] is False and answer["machine"]["torch"]["error"] == "ModuleNotFoundError: no torch"
    checks = {finding["check"]: finding["severity"] for finding in answer["findings"]}
    assert checks["torch"] == "error" and checks["python"] == "ok" and checks["model"] == "error"
