"""What a machine is called, and how a GPU computes."""

import platform

import pytest
import torch

from rczoo import hardware
from rczoo.family.checkpoint import read_config
from rczoo.training.trainer import train
from tests.support import tiny_tasks


def test_processors_by_model_and_threads(tmp_path, monkeypatch):
    cpus = tmp_path / "cpuinfo"
    cpus.write_text("processor : 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Some CPU @ 3 GHz\n")
    monkeypatch.setattr(hardware, "CPUS", cpus)
    assert hardware.hardware() == "1 thread of Some CPU @ 3 GHz"
    assert hardware.hardware("cpu", 4) == "4 threads of Some CPU @ 3 GHz"
    monkeypatch.setattr(hardware, "CPUS", tmp_path / "none")
    assert hardware.hardware() == f"1 thread of {platform.machine()}"


@pytest.mark.parametrize("search", [False, True])
def test_full_precision_holds_within_and_ends(search):
    before = torch.backends.cudnn.allow_tf32
    with hardware.full_precision(search):
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic != search
    assert torch.backends.cudnn.allow_tf32 == before
    assert not torch.backends.cudnn.deterministic


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("strategy", ["standard+aug", "rcps", "conjoined"])
@pytest.mark.parametrize("task", [tiny_tasks.labels(n=200, epochs=3), tiny_tasks.profiles(n=40)])
def test_a_training_on_a_gpu_is_that_of_a_processor(tmp_path, task, strategy):
    losses = []
    for device in ("cpu", "cuda"):
        # a bias before BatchNorm has a gradient of nothing but rounding, which Adam makes whole steps of
        train(task, strategy=strategy, out=tmp_path / device, device=device, batch_statistics="frozen")
        losses.append([entry["loss"] for entry in read_config(tmp_path / device)["history"]])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
