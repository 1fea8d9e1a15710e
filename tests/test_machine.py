"""What a machine is called, and how a GPU computes."""

import platform

import pytest
import tiny_tasks
import torch

from rczoo import machine
from rczoo.training import train


def test_processors_by_model_and_threads(tmp_path, monkeypatch):
    cpus = tmp_path / "cpuinfo"
    cpus.write_text("processor : 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Some CPU @ 3 GHz\n")
    monkeypatch.setattr(machine, "CPUS", cpus)
    assert machine.hardware() == "1 thread of Some CPU @ 3 GHz"
    assert machine.hardware("cpu", 4) == "4 threads of Some CPU @ 3 GHz"
    monkeypatch.setattr(machine, "CPUS", tmp_path / "none")
    assert machine.hardware() == f"1 thread of {platform.machine()}"


def test_full_precision_holds_within_and_ends():
    before = torch.backends.cudnn.allow_tf32
    with machine.full_precision():
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
    assert torch.backends.cudnn.allow_tf32 == before
    assert not torch.backends.cudnn.deterministic


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("strategy", ["standard+aug", "rcps", "conjoined"])
def test_a_training_on_a_gpu_is_that_of_a_processor(tmp_path, strategy):
    tasks = tiny_tasks.labels(n=200, epochs=3), tiny_tasks.profiles(n=40)
    for task in tasks:
        models = [
            train(task, strategy=strategy, out=tmp_path / task.name / device, device=device)
            for device in ("cpu", "cuda")
        ]
        for one, other in zip(*(model.parameters() for model in models), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-4)
