"""What the machine says about itself."""

import json
import logging
from importlib import metadata

import toolgemma
from toolgemma.model.system import log_system_info, system_info


def test_facts_are_json_and_hold_what_decides_a_run():
    info = json.loads(json.dumps(system_info()))
    assert info["versions"]["torch"] == metadata.version("torch")
    assert info["versions"]["toolgemma"] == toolgemma.__version__
    assert 0 < info["memory_bytes"]["available"] <= info["memory_bytes"]["total"]
    assert info["cpu_cores"]["logical"] >= 1 and info["cpu"] and info["system"]


def test_gpu_is_described(monkeypatch):
    import torch

    class Properties:
        name, total_memory, major, minor = "Some GPU", 8 * 2**30, 8, 6

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: Properties)
    assert system_info()["gpus"] == [{"name": "Some GPU", "memory_bytes": 8 * 2**30, "capability": "8.6"}]


def test_log_goes_to_the_logger_that_is_given(caplog):
    with caplog.at_level(logging.INFO):
        log_system_info(logging.getLogger("mine"))
    assert {record.name for record in caplog.records} == {"mine"}
    for word in ("system", "cpu", "memory", "GiB", "gpu", "torch "):
        assert word in caplog.text


def test_public_name_at_the_top():
    assert toolgemma.log_system_info is log_system_info
