"""A training shared by processes: the same losses as one process with the whole batch, and the law."""

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.distributed
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rczoo import conjoin, interpolate
from rczoo.data.batches import Epoch, Plain
from rczoo.data.preparation import load_examples
from rczoo.data.recipe import Model
from rczoo.family.checkpoint import read_config
from rczoo.nn import RCBatchNorm1d
from rczoo.nn.processes import BatchNormOverProcesses
from rczoo.symmetry.rep import DNA
from rczoo.testing import inputs_of
from rczoo.training.trainer import train
from tests.support import tiny_tasks
from tests.training.test_trainer import same, weights


@pytest.mark.slow
@pytest.mark.parametrize("member", [{"strategy": "rcps"}, {"irreps": 0.5}], ids=["pairs", "sign channels"])
def test_two_processes_train_as_one_with_the_whole_batch(tmp_path, member):
    """Whether PyTorch makes the statistics of batches or the layer of sign channels."""
    task = tiny_tasks.labels(length=200, epochs=2)
    task = replace(task, model=Model(architecture="tf-cnn", filters=4, length=200, outputs=3))
    alone = train(task, **member, out=tmp_path / "alone")
    model = train(task, **member, devices=2, out=tmp_path / "together")
    one, two = read_config(tmp_path / "alone"), read_config(tmp_path / "together")
    assert two["devices"] == 2
    assert two["hardware"].startswith("2 times 1 thread")
    loss, train_loss = (
        [[row[k] for row in c["history"]] for c in (one, two)] for k in ("loss", "train_loss")
    )
    assert train_loss[1] == pytest.approx(train_loss[0], rel=1e-5)
    assert loss[1] == pytest.approx(loss[0], rel=0.01), "Adam takes a step of rounding where a gradient is 0"
    assert not same(weights(model), weights(alone)), "rounding: else nothing was shared"
    (x,) = inputs_of(model, 2, 0, torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(model(DNA.act(x)), model(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("task", "augment"), [(tiny_tasks.labels(), "set"), (tiny_tasks.profiles(batch_size=4), "batch")]
)
def test_parts_are_the_whole_batch(task, augment):
    """Jitter and copies included."""
    examples = load_examples(task, "train")
    whole = Epoch(examples, task.training, augment, 0, 1)
    parts = [replace(whole, part=(rank, 2)) for rank in (0, 1)]
    for batch, *shares in zip(whole, *parts, strict=True):
        for all_rows, first, second in zip(batch, *shares, strict=True):
            if all_rows is not None:
                assert torch.equal(torch.stack([first, second], 1).flatten(0, 1), all_rows)


def test_what_does_not_divide_is_left_out_of_a_last_batch_and_not_of_a_validation():
    task = tiny_tasks.labels(n=41)
    examples = load_examples(task, "train")
    parts = [Epoch(examples, task.training, "", 0, 1, (rank, 2)) for rank in (0, 1)]
    assert [[len(x) for x, *_ in part] for part in parts] == [[8, 8, 4], [8, 8, 4]]
    plain = [[len(x) for x, *_ in Plain(examples, 16, (rank, 2))] for rank in (0, 1)]
    assert plain == [[16, 9], [16]]


def test_batch_norm_over_one_process_is_pytorch_s():
    x = torch.from_numpy(np.random.default_rng(0).normal(1, 2, (4, 6, 9)))
    for layer in (torch.nn.BatchNorm1d(6).double(), RCBatchNorm1d("3r").double()):
        want, got = layer(x), None
        kept = {k: v.clone() for k, v in layer.state_dict().items()}
        layer.running_mean.zero_()
        layer.running_var.fill_(1)
        with BatchNormOverProcesses():
            got = layer(x)
        torch.testing.assert_close(got, want)
        for name in ("running_mean", "running_var"):
            torch.testing.assert_close(layer.state_dict()[name], kept[name])


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), RCBatchNorm1d("2r"), RCBatchNorm1d("1r+2s")], ids=str)
def test_a_batch_norm_waits_for_no_other_process_unless_they_share_its_batch(layer, monkeypatch):
    """Whoever trains in processes of their own may call it in one of them alone, as PyTorch's."""
    monkeypatch.setattr("rczoo.nn.processes.place", lambda: (0, 2))
    x = torch.ones(2, 4, 5)
    layer(x)
    with BatchNormOverProcesses(), pytest.raises(ValueError, match="process group has not been initialized"):
        layer(x)
    layer(x)


def test_a_batch_that_does_not_divide_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a batch of 16 examples does not divide among 3 devices: choose"):
        train(tiny_tasks.labels(), strategy="rcps", devices=3, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("wrap", [conjoin, partial(interpolate, mixing=0.5)], ids=["conjoined", "mixing 0.5"])
@pytest.mark.parametrize("parallel", [DistributedDataParallel, nn.DataParallel])
def test_models_of_others_train_in_parallel_wrappers(wrap, parallel):
    """The gradients are those of the model alone, and the law holds after a step."""
    layers = nn.Conv1d(4, 6, 5), nn.BatchNorm1d(6), nn.ReLU(), nn.Conv1d(6, 2, 3), nn.AdaptiveAvgPool1d(1)
    alone = wrap(nn.Sequential(*layers, nn.Flatten()), outputs="2t").double()
    x = torch.randn(4, 4, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    copied = deepcopy(alone)
    with one_process():
        wrapped = parallel(copied)
        for model in (alone, wrapped):
            model(x).square().mean().backward()
    for p, q in zip(alone.parameters(), copied.parameters(), strict=True):
        torch.testing.assert_close(q.grad, p.grad, rtol=1e-12, atol=1e-15)
    torch.optim.SGD(copied.parameters(), 0.1).step()
    torch.testing.assert_close(copied(DNA.act(x)), copied(x), rtol=1e-12, atol=1e-14)


@contextmanager
def one_process():
    """A group of this process alone, as DistributedDataParallel needs one."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()
