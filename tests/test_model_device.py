"""Placement on machines that this one is not: what torch and the system say is replaced, what we conclude is not."""

from types import SimpleNamespace

import pytest
import torch

from toolgemma.config import ModelSection
from toolgemma.errors import ConfigError
from toolgemma.model import cuda, device

ALL = ("sm_50", "sm_60", "sm_70", "sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine."""

    def pretend(
        *, capability=None, cuda_build="13.2", driver=False, mps=False, flags=(), bitsandbytes=False, archs=ALL, mac=""
    ):
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(archs))
        monkeypatch.setattr(device.platform, "mac_ver", lambda: (mac, ("", "", ""), ""))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *a: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *a: "Some GPU")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.version, "cuda", cuda_build)
        monkeypatch.setattr(device, "nvidia_driver_present", lambda: driver)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(flags, True), raising=False)
        monkeypatch.setattr(
            device.importlib.util, "find_spec", lambda name: SimpleNamespace() if bitsandbytes else None
        )

    return pretend


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((6, 1), torch.float32), ((7, 5), torch.float32), ((8, 0), torch.bfloat16), ((12, 0), torch.bfloat16)],
)
def test_cuda_dtype_follows_the_capability(machine, capability, dtype):
    machine(capability=capability)
    placement = device.choose(ModelSection())
    assert (placement.device, placement.dtype, placement.attn_implementation) == ("cuda", dtype, "sdpa")
    assert "Some GPU" in placement.reason and f"{capability[0]}.{capability[1]}" in placement.reason


@pytest.mark.parametrize(
    ("flags", "dtype", "reason"),
    [
        (["avx512_bf16"], torch.bfloat16, "AVX512-BF16"),
        (["amx_bf16", "amx_tile"], torch.bfloat16, "AMX"),
        (["avx512_f", "avx2"], torch.float32, "neither AVX512-BF16 nor AMX"),
    ],
)
def test_cpu_dtype_follows_its_instructions(machine, flags, dtype, reason):
    machine(flags=flags)
    placement = device.choose(ModelSection())
    assert (placement.device, placement.dtype) == ("cpu", dtype) and reason in placement.reason


@pytest.mark.parametrize(
    ("flags", "has"), [("fpu avx2 avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx2", False)]
)
def test_older_torch_reads_cpuinfo(monkeypatch, tmp_path, flags, has):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n", encoding="utf-8")
    found = device._cpuinfo_flags(tmp_path / "cpuinfo")
    monkeypatch.setattr(device, "_cpuinfo_flags", lambda: found)
    assert device.cpu_has_bfloat16()[0] is has
    assert device._cpuinfo_flags.__name__ == "<lambda>"


def test_no_cpuinfo_is_no(tmp_path):
    assert device._cpuinfo_flags(tmp_path / "none") == set()


def test_mps_runs_in_float32(machine):
    machine(mps=True)
    placement = device.choose(ModelSection())
    assert (placement.device, placement.dtype) == ("mps", torch.float32)


def test_mps_limits_are_said(machine):
    machine(mps=True, mac="15.1")
    placement = device.choose(ModelSection(dtype="bfloat16"))
    assert (placement.device, placement.dtype) == ("mps", torch.bfloat16)
    with pytest.raises(ConfigError, match=r"4bit.*needs a CUDA GPU.*run on mps"):
        device.choose(ModelSection(quantization="4bit"))
    machine(mps=True, mac="13.6")
    with pytest.raises(ConfigError, match=r"bfloat16.*macOS 14, and this is 13\.6"):
        device.choose(ModelSection(dtype="bfloat16"))
    assert device.choose(ModelSection(device="mps")).dtype == torch.float32


def test_cuda_comes_before_mps(machine):
    machine(capability=(8, 6), mps=True)
    assert device.choose(ModelSection()).device == "cuda"


def test_a_card_that_this_build_holds_no_code_for(machine, caplog):
    """A GTX 1080 under today's default build: torch says that CUDA is there, and the first kernel would fail."""
    machine(capability=(6, 1), archs=("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"))
    placement = device.choose(ModelSection())
    assert placement.device == "cpu" and cuda.INSTALL_LEGACY in placement.reason and "6.1" in caplog.text
    with pytest.raises(ConfigError, match=r"can't be used: Some GPU.*sm_75.*torch-backend=cu126"):
        device.choose(ModelSection(device="cuda"))


@pytest.mark.parametrize(
    ("archs", "capability", "runs"),
    [
        (["sm_60"], (6, 1), True),
        (["sm_61"], (6, 0), False),
        (["sm_75"], (8, 6), False),
        (["sm_80"], (8, 9), True),
        (["sm_90a"], (9, 0), True),
        (["sm_100a"], (10, 3), False),
        (["sm_100f"], (10, 3), True),
        (["compute_75"], (8, 6), True),
        (["compute_90"], (8, 6), False),
        (["sm_120"], (12, 1), True),
        ([], (8, 6), False),
    ],
)
def test_which_code_runs_on_which_card(archs, capability, runs):
    assert cuda.runs_on(archs, capability) is runs


@pytest.mark.parametrize(
    ("build", "driver", "driver_cuda", "runs"),
    [
        ("13.2", "580.65", "13.0", True),
        ("13.2", "570.10", "12.8", False),
        ("12.6", "525.60", None, True),
        ("12.6", "470.82", None, False),
        ("12.6", "581.15", "13.0", True),
    ],
)
def test_which_driver_runs_which_build(build, driver, driver_cuda, runs):
    assert cuda.driver_runs(build, driver, driver_cuda) is runs


def test_asked_for_dtype_wins_and_a_slow_one_is_warned_about(machine, caplog):
    machine(capability=(7, 5))
    placement = device.choose(ModelSection(dtype="bfloat16"))
    assert placement.dtype == torch.bfloat16 and "emulated" in placement.reason and "emulated" in caplog.text
    assert device.choose(ModelSection(dtype="float32")).dtype == torch.float32


def test_float16_is_never_chosen_nor_accepted(machine):
    for capability in (None, (7, 0), (9, 0)):
        for asked in ("auto", "bfloat16", "float32"):
            machine(capability=capability)
            assert device.choose(ModelSection(dtype=asked)).dtype != torch.float16
    with pytest.raises(ValueError, match="float16"):
        ModelSection(dtype="float16")


def test_cpu_build_beside_a_driver_names_the_cure(machine, caplog):
    machine(cuda_build=None, driver=True)
    with pytest.raises(ConfigError, match=r"CPU build; cure: `uv pip install --reinstall-package torch torch"):
        device.choose(ModelSection(device="cuda"))
    assert "CPU build" in device.choose(ModelSection()).reason
    assert cuda.INSTALL in caplog.text


def test_cuda_without_a_driver_is_said(machine):
    machine()
    with pytest.raises(ConfigError, match="no NVIDIA driver is installed"):
        device.choose(ModelSection(device="cuda"))
    assert "no GPU found" in device.choose(ModelSection()).reason


def test_cuda_build_that_does_not_fit_the_driver(machine):
    machine(driver=True)
    with pytest.raises(ConfigError, match=r"can't use it: update the driver to one for CUDA 13.2"):
        device.choose(ModelSection(device="cuda"))


def test_mps_that_is_not_there(machine):
    machine()
    with pytest.raises(ConfigError, match="Apple silicon"):
        device.choose(ModelSection(device="mps"))


def test_4bit_needs_cuda_and_bitsandbytes(machine):
    machine(bitsandbytes=True)
    with pytest.raises(ConfigError, match=r"model.quantization: '4bit' needs a CUDA GPU"):
        device.choose(ModelSection(quantization="4bit"))
    machine(capability=(8, 6))
    with pytest.raises(ConfigError, match="--extra qlora"):
        device.choose(ModelSection(quantization="4bit"))
    machine(capability=(8, 6), bitsandbytes=True)
    assert device.choose(ModelSection(quantization="4bit")).device == "cuda"
