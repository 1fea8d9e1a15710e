"""Training: what is learnt and kept, and that a kill changes nothing."""

import csv
import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from rczoo import build
from rczoo.data.packaged import packaged
from rczoo.data.preparation import load_examples
from rczoo.data.schema import MemoryData
from rczoo.data.task import load_task
from rczoo.evaluation.metrics import label_metrics
from rczoo.evaluation.scoring import errors, evaluate
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.training.module import TrainingModule
from rczoo.training.trainer import train
from tests.support import tiny_tasks


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("how", [{"strategy": "standard+aug"}, {"strategy": "posthoc"}, {"strategy": "rcps"}])
def test_a_training_learns_and_leaves_a_checkpoint(tmp_path, how):
    task = tiny_tasks.labels(n=120)
    model = train(task, **how, out=tmp_path, epochs=8)
    config = read_config(tmp_path)
    history = config["history"]
    assert len(history) == 8
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    assert config["best_epoch"] == 1 + max(range(8), key=lambda i: history[i]["auroc"])
    assert evaluate(model, task, "validation")["auroc"] >= max(h["auroc"] for h in history) - 0.05
    assert same(weights(load_checkpoint(tmp_path)), weights(model))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "history.csv", "model.safetensors"]


def test_the_threads_of_the_process_are_as_before(tmp_path, monkeypatch):
    """After a training, and after one that is refused once it has its threads; within, as asked."""
    before, within = torch.get_num_threads(), []
    starts = TrainingModule.on_train_start

    def noted(self):
        within.append(torch.get_num_threads())
        starts(self)

    monkeypatch.setattr(TrainingModule, "on_train_start", noted)
    train(tiny_tasks.labels(), strategy="standard", out=tmp_path, epochs=1, threads=before + 1)
    assert (within, torch.get_num_threads()) == ([before + 1], before)
    with pytest.raises(ValueError, match="holds"):
        train(tiny_tasks.labels(), strategy="standard", out=tmp_path, epochs=1, threads=before + 1)
    assert torch.get_num_threads() == before


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path):
    task = tiny_tasks.labels()
    train(task, strategy="conjoined", out=tmp_path / "a", epochs=6)
    best = read_config(tmp_path / "a")["best_epoch"]
    model = load_checkpoint(tmp_path / "a")
    found = evaluate(model, task, "validation")["auroc"]
    assert found == pytest.approx(read_config(tmp_path / "a")["history"][best - 1]["auroc"])


@pytest.mark.parametrize("how", [{"mixing": 0.5}, {"wrap": (3, 4), "merge": "sum"}, {"strategy": "posthoc"}])
def test_profiles_train_and_obey_exactly_when_reloaded(tmp_path, how):
    task = tiny_tasks.profiles()
    train(task, **how, out=tmp_path)
    found = evaluate(load_checkpoint(tmp_path), task)
    assert found["equivariance_error"] == 0
    assert found["equivariance_error_tied"] < 1e-5
    assert found["examples"] == 12


def test_posthoc_is_standard_aug_conjoined_afterwards(tmp_path):
    task = tiny_tasks.labels()
    augmented = train(task, strategy="standard+aug", out=tmp_path / "a")
    posthoc = train(task, strategy="posthoc", out=tmp_path / "b")
    plain = train(task, strategy="standard", out=tmp_path / "c")
    assert same(weights(augmented), weights(posthoc))
    assert not same(weights(augmented), weights(plain))
    X, _, _ = load_examples(task, "test").batch(range(4))
    assert errors(augmented, X)["equivariance_error"] > 1e-3
    assert errors(posthoc, X)["equivariance_error"] == 0


def test_the_seed_sets_initialisation_and_order(tmp_path):
    task = tiny_tasks.labels()
    a, b, c = (
        weights(train(task, strategy="rcps", seed=seed, out=tmp_path / str(i)))
        for i, seed in enumerate((1, 1, 2))
    )
    assert same(a, b)
    assert not same(a, c)


def test_early_stopping_waits_for_patience_epochs(tmp_path):
    task = tiny_tasks.labels(patience=2, learning_rate=0.0, criterion="loss")
    train(task, strategy="standard", out=tmp_path, epochs=30)
    assert len(read_config(tmp_path)["history"]) == 3


def test_patience_watches_the_criterion_by_which_weights_are_chosen(tmp_path, monkeypatch):
    scores = iter([0.5, 0.6, 0.7, 0.8, 0.9, 0.901, 0.9015, 0.95])
    monkeypatch.setattr("rczoo.training.module.label_metrics", lambda *_: {"auroc": next(scores)})
    task = tiny_tasks.labels(patience=2, learning_rate=0.0, criterion="auroc")  # so the loss stays as it is
    train(task, strategy="standard", out=tmp_path, epochs=30)
    config = read_config(tmp_path)
    assert (len(config["history"]), config["best_epoch"]) == (7, 5)


def test_the_rate_falls_where_the_criterion_stays(tmp_path, monkeypatch):
    step, used = TrainingModule.training_step, {}

    def watched(self, batch, index):
        used[self.epoch] = self.trainer.optimizers[0].param_groups[0]["lr"] / 1e-30
        return step(self, batch, index)

    monkeypatch.setattr(TrainingModule, "training_step", watched)
    task = tiny_tasks.labels(patience=6, learning_rate=1e-30, criterion="loss", schedule="plateau")
    train(task, strategy="standard", out=tmp_path, epochs=30)
    rates = [entry["learning_rate"] / 1e-30 for entry in read_config(tmp_path)["history"]]
    assert rates == pytest.approx([1, 1, 1, 0.2, 0.2, 0.04, 0.04])
    assert list(used.values()) == pytest.approx(rates)


def test_the_history_is_a_table_too(tmp_path):
    train(tiny_tasks.labels(), strategy="rcps", out=tmp_path)
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        lines = [{k: float(v) for k, v in line.items()} for line in csv.DictReader(file)]
    assert lines == read_config(tmp_path)["history"]


@pytest.mark.parametrize("logger", ["csv", "tensorboard"])
def test_a_logger_has_every_epoch_once_after_a_kill_too(tmp_path, monkeypatch, logger):
    if logger == "tensorboard":
        pytest.importorskip("tensorboard", reason="needs the package tensorboard")
    task = tiny_tasks.labels(epochs=4)
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 2)
        with pytest.raises(Killed):
            train(task, strategy="rcps", out=tmp_path, logger=logger)
    train(task, strategy="rcps", out=tmp_path, logger=logger)
    wanted = [entry["loss"] for entry in read_config(tmp_path)["history"]]
    assert logged(tmp_path / "logs" / logger, "loss") == pytest.approx(dict(enumerate(wanted, 1)))


def logged(folder, name):
    """What a logger wrote under a name, by step."""
    if (folder / "metrics.csv").exists():
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            return {int(line["step"]): float(line[name]) for line in csv.DictReader(file)}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload().Scalars(name)
    assert len({event.step for event in events}) == len(events), "each epoch once"
    return {event.step: event.value for event in events}


@pytest.mark.parametrize(
    ("logger", "message"), [("wandb", "logger"), ("tensorboard", "pip install tensorboard")]
)
def test_a_logger_that_is_not_there_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, logger, message
):
    monkeypatch.setattr("rczoo.training.trainer.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=message):
        train(tiny_tasks.labels(), strategy="rcps", out=tmp_path / "new", logger=logger)
    assert not (tmp_path / "new").exists()


def test_a_profile_of_positions_begins_at_the_mean_and_is_learnt(tmp_path):
    task = tiny_tasks.profiles(position="tied")
    model = train(task, strategy="posthoc", out=tmp_path)
    profiles = np.asarray(load_examples(task, "train").unshifted_target)
    mean = torch.from_numpy(profiles.mean(0, dtype=np.float64))
    both = (mean + task.rep_out[0].act(mean[None])[0] + 1 / mean.shape[1]).log()
    found = model.head.log_profile().detach().double()
    assert not torch.allclose(found, both, atol=1e-6), "it is learnt"
    assert torch.allclose(found, both, atol=0.5), "from there on"
    assert torch.equal(task.rep_out[0].act(found[None])[0], found)


class Killed(BaseException):
    pass


def kill_in_epoch(monkeypatch, number):
    step = TrainingModule.training_step

    def killed(self, batch, index):
        if self.epoch == number and index == 1:
            raise Killed
        return step(self, batch, index)

    monkeypatch.setattr(TrainingModule, "training_step", killed)


@pytest.mark.parametrize("make", [tiny_tasks.labels, tiny_tasks.profiles])
@pytest.mark.parametrize(("epoch", "schedule"), [(1, "plateau"), (3, "cosine")])
def test_a_killed_training_ends_in_the_same_weights(tmp_path, monkeypatch, make, epoch, schedule):
    task = make(epochs=5, patience=3, schedule=schedule)
    whole = train(task, strategy="posthoc", out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, epoch)
        with pytest.raises(Killed):
            train(task, strategy="posthoc", out=tmp_path / "killed")
    left = sorted(p.name for p in (tmp_path / "killed").iterdir())
    assert left == ["history.csv", "resume.safetensors"]
    resumed = train(task, strategy="posthoc", out=tmp_path / "killed")
    assert same(weights(whole), weights(resumed))
    before, after = read_config(tmp_path / "whole"), read_config(tmp_path / "killed")
    assert before["history"] == after["history"]
    assert before["best_epoch"] == after["best_epoch"]


def test_random_numbers_go_on_after_a_kill(tmp_path, monkeypatch):
    step = TrainingModule.training_step
    monkeypatch.setattr(
        TrainingModule, "training_step", lambda self, *given: step(self, *given) * (0.5 + torch.rand(()))
    )
    task = tiny_tasks.labels(epochs=3)
    whole = train(task, strategy="rcps", out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 1)
        with pytest.raises(Killed):
            train(task, strategy="rcps", out=tmp_path / "killed")
    assert same(weights(whole), weights(train(task, strategy="rcps", out=tmp_path / "killed")))


def test_the_wait_for_a_lower_loss_goes_on_after_a_kill(tmp_path, monkeypatch):
    task = tiny_tasks.labels(patience=3, learning_rate=0.0, criterion="loss")
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 2)
        with pytest.raises(Killed):
            train(task, strategy="standard", out=tmp_path, epochs=30)
    train(task, strategy="standard", out=tmp_path, epochs=30)
    assert len(read_config(tmp_path)["history"]) == 4


def test_a_training_goes_on_after_an_epoch_without_a_score(tmp_path, monkeypatch):
    task = tiny_tasks.labels(epochs=4)

    def undefined_once(*given):
        started = (tmp_path / "resume.safetensors").exists()
        return label_metrics(*given) if started else {"auroc": math.nan}

    monkeypatch.setattr("rczoo.training.module.label_metrics", undefined_once)
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 2)
        with pytest.raises(Killed):
            train(task, strategy="standard", out=tmp_path)
    train(task, strategy="standard", out=tmp_path)
    history = read_config(tmp_path)["history"]
    assert [entry["auroc"] is None for entry in history] == [True, False, False, False]


def test_resuming_needs_the_same_training(tmp_path, monkeypatch):
    task = tiny_tasks.labels()
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 1)
        with pytest.raises(Killed):
            train(task, strategy="rcps", out=tmp_path)
    with pytest.raises(
        ValueError, match=r"unfinished training with seed 1535, not 7: choose another --out, or"
    ):
        train(task, strategy="rcps", seed=7, out=tmp_path)
    with pytest.raises(ValueError, match=r"unfinished training with strategy 'rcps', not 'conjoined'"):
        train(task, strategy="conjoined", out=tmp_path)
    with pytest.raises(ValueError, match=r"training with training learning_rate 0\.01, not 0\.5: choose"):
        train(tiny_tasks.labels(learning_rate=0.5), strategy="rcps", out=tmp_path)
    with pytest.raises(ValueError, match="training with data out_length None, not 2: choose"):
        train(replace(task, data=MemoryData(out_length=2)), strategy="rcps", out=tmp_path)
    state = tmp_path / "resume.safetensors"
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(
        ValueError, match=r"not an intact safetensors file .* --force starts this training over"
    ):
        train(task, strategy="rcps", out=tmp_path)
    train(task, strategy="rcps", seed=7, out=tmp_path, force=True)
    assert read_config(tmp_path)["seed"] == 7


def test_a_finished_training_is_not_overwritten(tmp_path):
    task = tiny_tasks.labels(epochs=1)
    train(task, strategy="rcps", out=tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(
        ValueError, match=r"already holds a finished training: choose another --out, or --force"
    ):
        train(task, strategy="rcps", out=tmp_path)
    assert (tmp_path / "config.json").read_bytes() == before


def test_one_training_of_a_folder_at_a_time(tmp_path, monkeypatch):
    task, step = tiny_tasks.labels(epochs=1), TrainingModule.training_step

    def second(self, batch, index):
        monkeypatch.setattr(TrainingModule, "training_step", step)
        with pytest.raises(BlockingIOError, match="is being written by another training: wait for it, or"):
            train(task, strategy="conjoined", out=tmp_path, force=True)
        return step(self, batch, index)

    monkeypatch.setattr(TrainingModule, "training_step", second)
    train(task, strategy="rcps", out=tmp_path)
    assert read_config(tmp_path)["strategy"] == "rcps"
    assert ".training.lock" not in {path.name for path in tmp_path.iterdir()}


def test_a_forced_training_goes_on_after_a_kill(tmp_path, monkeypatch):
    task = tiny_tasks.labels()
    train(tiny_tasks.labels(epochs=1), strategy="conjoined", out=tmp_path)
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 2)
        with pytest.raises(Killed):
            train(task, strategy="rcps", out=tmp_path, force=True)
    epochs = set()
    step = TrainingModule.training_step
    monkeypatch.setattr(
        TrainingModule,
        "training_step",
        lambda self, *batch: epochs.add(self.epoch) or step(self, *batch),
    )
    train(task, strategy="rcps", out=tmp_path, force=True)
    assert epochs == {2, 3}
    assert read_config(tmp_path)["strategy"] == "rcps"


def test_a_place_that_cannot_be_written_is_told_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(TrainingModule, "training_step", lambda *_: pytest.fail("it trained"))
    (tmp_path / "file").touch()
    with pytest.raises(
        OSError, match=r"cannot write in .*file/run \(Not a directory\): choose another place"
    ):
        train(tiny_tasks.labels(), strategy="rcps", out=tmp_path / "file" / "run")


def test_a_missing_package_is_told_before_the_training(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ModuleNotFoundError, match="sklearn"):
        train(tiny_tasks.labels(), strategy="rcps", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_a_kill_left_of_a_file_goes(tmp_path):
    for name in ("resume.safetensors", "config.json"):
        (tmp_path / f".{name}.{'0f' * 16}").touch()
    train(tiny_tasks.labels(epochs=1), strategy="rcps", out=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.json", "history.csv", "model.safetensors"]


def test_mistakes_leave_nothing_behind(tmp_path):
    task = tiny_tasks.labels()
    with pytest.raises(ValueError, match="unknown device 'tpu': choose cpu, cuda or auto"):
        train(task, strategy="rcps", out=tmp_path / "a", device="tpu")
    with pytest.raises(ValueError, match="unknown strategy 'rcsp'"):
        train(task, strategy="rcsp", out=tmp_path / "a")
    for option in ({"epochs": 0}, {"epochs": -1}, {"threads": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match=rf"train: {next(iter(option))} is .*, expected a whole number"):
            train(task, strategy="rcps", out=tmp_path / "a", **option)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("split", "called"), [("train", "training"), ("validation", "validation")])
def test_splits_that_cannot_train_are_refused_before_a_training(tmp_path, split, called):
    task = tiny_tasks.labels()
    examples = task.in_memory[split]
    for other, message in [
        (examples.take(range(0)), f"task tiny has no {called} examples: look at"),
        (replace(examples, target=0 * examples.target), f"tiny: all {called} labels are alike: give both"),
    ]:
        wrong = replace(task, in_memory={**task.in_memory, split: other})
        with pytest.raises(ValueError, match=message):
            train(wrong, strategy="rcps", out=tmp_path)
    with pytest.raises(ValueError, match="task tiny has no test examples"):
        evaluate(
            build("motif-cnn", strategy="rcps", length=60),
            replace(task, in_memory={"test": examples.take(range(0))}),
        )
    assert not list(tmp_path.iterdir())


def test_files_that_were_changed_are_another_training(tmp_path, monkeypatch):
    task = tiny_tasks.labels()
    monkeypatch.setattr("rczoo.training.trainer.identities", lambda task: {"peaks.bed": [7, 1]})
    with monkeypatch.context() as patch:
        kill_in_epoch(patch, 1)
        with pytest.raises(Killed):
            train(task, strategy="rcps", out=tmp_path)
    monkeypatch.setattr("rczoo.training.trainer.identities", lambda task: {"peaks.bed": [7, 2]})
    with pytest.raises(ValueError, match=r"training with files peaks.bed \[7, 1\], not \[7, 2\]: choose"):
        train(task, strategy="rcps", out=tmp_path)


def test_a_task_of_one_s_own_is_not_taken_for_the_zoo_s(tmp_path):
    train(replace(tiny_tasks.labels(epochs=1), name="gue-tf3"), strategy="rcps", out=tmp_path)
    config = read_config(tmp_path)
    assert packaged({**config, "data": {"source": "intervals", "genome": "mine.fa"}}) is None
    assert packaged({**config, "data": load_task("gue-tf3").data.plain()}) == "gue-tf3"
    assert packaged({"task": "gue-tf3", "data": {"test": {"sha256": "as published"}}}) == "gue-tf3"
    assert packaged({"task": "my_task"}) is packaged({}) is None


def test_a_training_that_diverges_says_so(tmp_path):
    task = tiny_tasks.labels(learning_rate=1e30, criterion="loss")
    with pytest.raises(ValueError, match=r"never had a finite validation loss: lower the learning rate"):
        train(task, strategy="standard", out=tmp_path / "a")


def test_the_checkpoint_knows_how_it_was_made(tmp_path):
    paper = {"gain": 2.0, "batch_statistics": "frozen"}
    train(tiny_tasks.labels(epochs=1), strategy="posthoc", out=tmp_path, filters=3, **paper)
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["task"], config["strategy"], config["seed"]) == ("tiny", "posthoc", 1535)
    assert (config["trained_as"]["merge"], config["model"]["merge"]) == ("none", "mean")
    assert config["model"]["filters"] == 3
    assert {name: config["model"][name] for name in paper} == paper
    norm = load_checkpoint(tmp_path).trunk.blocks[0].norm
    torch.testing.assert_close(norm.running_var, torch.ones(3))
    assert not torch.equal(norm.weight, torch.ones(3))
    assert config["seconds"] > 0
