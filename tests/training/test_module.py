"""Training with an agreement: what a step minimises, what the checkpoint says, and what is refused."""

import math
from dataclasses import replace

import pytest
import torch

from rczoo import agreement_loss, build
from rczoo.data.preparation import load_examples
from rczoo.evaluation.losses import loss_of
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.symmetry.actions import act
from rczoo.testing import inputs_of, randomise
from rczoo.training.module import TrainingModule
from rczoo.training.trainer import train
from tests.support import tiny_tasks
from tests.training.test_trainer import Killed, kill_in_epoch, same, weights


@pytest.mark.parametrize("make", [tiny_tasks.labels, tiny_tasks.profiles])
def test_a_training_learns_and_says_what_it_was(tmp_path, make):
    task = make(epochs=5, learning_rate=1e-3)
    model = train(task, mixing=1, agreement=2, out=tmp_path)
    config = read_config(tmp_path)
    assert (config["strategy"], config["agreement"]) == ("mixing-1-agreement-2", 2.0)
    assert config["model"]["merge"] == model.config.merge == "mean"
    history = config["history"]
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert same(weights(load_checkpoint(tmp_path)), weights(model))
    X, _, y = load_examples(task, "validation").batch(range(len(load_examples(task, "validation"))))
    with torch.no_grad():
        merged = loss_of(task.kind)(model(X), y).item()
    assert history[config["best_epoch"] - 1]["loss"] == pytest.approx(merged, rel=1e-4), (
        "of the merged answer"
    )


def test_a_subset_is_all_that_is_trained_on():
    module = TrainingModule(
        build("motif-cnn", mixing=1, length=60, outputs=3), tiny_tasks.labels(subset=0.25), "none"
    )
    assert len(module.training_examples) == 10
    assert len(module.validation_examples) == 40


def test_agreement_0_is_the_training_without_one_bit_for_bit(tmp_path):
    task = tiny_tasks.profiles()
    plain = train(task, strategy="rcps-mean", out=tmp_path / "a")
    zero = train(task, mixing=1, agreement=0, out=tmp_path / "b")
    two = train(task, mixing=1, agreement=2, out=tmp_path / "c")
    assert same(weights(plain), weights(zero))
    assert not same(weights(plain), weights(two))
    assert "agreement" not in read_config(tmp_path / "a")
    assert read_config(tmp_path / "b")["agreement"] == 0


def test_a_step_of_profiles_counts_controls_and_what_was_not_measured():
    task = tiny_tasks.profiles(counts_weight=0.5)
    options = {"control": "1r", "merge": "mean", "filters": 2, "length": 353}
    network = randomise(build("bpnet", mixing=0, **options).double(), 0)
    module = TrainingModule(network, task, "", agreement=3.0)
    X, control = inputs_of(network, 3, 0)
    target = torch.arange(3 * 2 * 7).view(3, 2, 7).double()
    target[0, 1, 2] = math.nan
    found = module.training_step((X, control, target), 0)
    standard, loss = network.remerge("none"), loss_of("profile", 0.5)
    other = act(network.rep_out, standard(*act(network.rep_in, (X, control))))
    wanted = agreement_loss(loss, standard(X, control), other, target, 3.0)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=0)


def test_a_kill_changes_nothing_and_another_agreement_is_another_training(tmp_path, monkeypatch):
    task = tiny_tasks.labels(epochs=3)
    whole = train(task, strategy="rcps", agreement=1, out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 1)
        with pytest.raises(Killed):
            train(task, strategy="rcps", agreement=1, out=tmp_path / "killed")
    with pytest.raises(ValueError, match=r"with strategy 'rcps-agreement-1', not 'rcps-agreement-2': choose"):
        train(task, strategy="rcps", agreement=2, out=tmp_path / "killed")
    with pytest.raises(ValueError, match=r"with strategy 'rcps-agreement-1', not 'rcps': choose"):
        train(task, strategy="rcps", out=tmp_path / "killed")
    with pytest.raises(ValueError, match=r"with agreement 1\.0, not 1\.0000001: choose"):
        train(task, strategy="rcps", agreement=1.0000001, out=tmp_path / "killed")
    resumed = train(task, strategy="rcps", agreement=1, out=tmp_path / "killed")
    assert same(weights(whole), weights(resumed))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"strategy": "conjoined-max"}, r"merge 'max' is no mean of the two strands' answers"),
        (
            {"strategy": "conjoined-probability"},
            r"merge 'probability' is no mean of the two strands' answers",
        ),
        ({"mixing": 0, "merge": "max"}, r"merge 'max' is no mean of the two strands' answers"),
        (
            {"mixing": 0, "merge": "none"},
            r"merge 'none' reads one strand, so there is no other to agree with",
        ),
        (
            {"strategy": "standard+aug"},
            r"standard\+aug trains one strand at a time, so it takes no agreement",
        ),
        ({"strategy": "posthoc"}, r"post-hoc is mixing 0, agreement 1"),
    ],
)
def test_refused_before_anything_is_written(tmp_path, how, message):
    with pytest.raises(ValueError, match=message):
        train(tiny_tasks.labels(), **how, agreement=0, out=tmp_path / "new")  # 0, too, though it trains alike
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("own", "merge"), [(None, "mean"), ("sum", "sum")])
def test_a_task_s_own_merge_holds(tmp_path, own, merge):
    task = tiny_tasks.labels(epochs=1)
    task = replace(task, model=task.model.model_copy(update={"merge": own}))
    assert train(task, mixing=1, agreement=1, out=tmp_path).config.merge == merge
