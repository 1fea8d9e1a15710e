"""Trainings stacked into one: each is what it is alone."""

import pytest
import torch

from rczoo.data.examples import Examples
from rczoo.data.preparation import load_examples
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.training.module import TrainingModule
from rczoo.training.stacked import kind_of, train_stacked
from rczoo.training.trainer import planned, train
from tests.support import tiny_tasks

POINTS = {
    "labels": (
        tiny_tasks.labels,
        [{"mixing": 1, "agreement": a} for a in (0, 2)] + [{"strategy": "rcps-mean"}],
    ),
    "profiles": (tiny_tasks.profiles, [{"mixing": 0.5, "agreement": a} for a in (1, 8)]),
    "augmented": (tiny_tasks.labels, [{"strategy": "standard+aug"}]),
    "no-mean": (tiny_tasks.labels, [{"strategy": "conjoined", "merge": "max"}]),
}
ARGUMENTS = ("strategy", "mixing", "wrap", "merge", "agreement", "irreps")


def plan(task, seed, **point):
    return planned(task, [point.get(name) for name in ARGUMENTS], seed, None, "cpu")


@pytest.fixture
def in_float64(monkeypatch):
    """Computes in float64, in which trainings that are the same to rounding stay close."""
    batch = Examples.batch

    def doubled(*given):
        return tuple(part if part is None else part.double() for part in batch(*given))

    monkeypatch.setattr(Examples, "batch", doubled)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("name", POINTS)
def test_each_is_what_it_is_alone(tmp_path, name):
    make, points = POINTS[name]
    task = make(epochs=4, patience=1, learning_rate=1e-3)
    alone = {}
    for n, point in enumerate(points):
        for seed in (1, 2):
            alone[tmp_path / f"stacked-{n}-{seed}"] = (seed, point, tmp_path / f"alone-{n}-{seed}")
    stacked = {out: plan(task, seed, **point) for out, (seed, point, _) in alone.items()}
    assert set(train_stacked(stacked, "cpu")) == set(stacked)
    lengths = {len(read_config(out)["history"]) for out in stacked}
    assert len(lengths) > 1 or name != "labels", "some end before others"
    for out, (seed, point, other) in alone.items():
        model = train(task, seed=seed, out=other, **point)
        one, same = read_config(out), read_config(other)
        assert one["best_epoch"] == same["best_epoch"]
        assert len(one["history"]) == len(same["history"])
        for epoch, twin in zip(one["history"], same["history"], strict=True):
            assert epoch == pytest.approx(twin, rel=1e-9)
        X = load_examples(task, "validation").batch(range(8))[0]
        with torch.no_grad():  # a checkpoint is of float32
            torch.testing.assert_close(load_checkpoint(out).double()(X), model(X), rtol=0, atol=1e-5)
        assert len((out / "history.csv").read_text().splitlines()) == 1 + len(one["history"])
        told = {
            k: v
            for k, v in one.items()
            if k not in ("history", "seconds", "hardware", "sha256", "provenance")
        }
        assert told == {k: same[k] for k in told}


def test_what_is_of_another_kind_is_refused(tmp_path):
    task = tiny_tasks.profiles()
    one, other = plan(task, 1, mixing=1, agreement=2), plan(task, 1, mixing=0, agreement=2)
    assert kind_of(one) != kind_of(other)
    assert kind_of(one) == kind_of(plan(task, 2, strategy="rcps-mean"))
    with pytest.raises(ValueError, match="do not stack"):
        list(train_stacked({tmp_path / "a": one, tmp_path / "b": other}, "cpu"))


def test_a_finished_training_is_refused_and_one_that_never_scored_says_so(tmp_path):
    task = tiny_tasks.labels(epochs=1)
    training = {tmp_path: plan(task, 1, mixing=1, agreement=2)}
    assert list(train_stacked(training, "cpu")) == [tmp_path]
    with pytest.raises(ValueError, match="already holds a finished training"):
        list(train_stacked(training, "cpu"))
    broken = plan(tiny_tasks.labels(learning_rate=1e38, criterion="loss"), 1, mixing=1, agreement=2)
    with pytest.raises(ValueError, match="never had a finite"):
        list(train_stacked({tmp_path / "broken": broken}, "cpu"))


def test_what_a_killed_training_left_is_begun_again_if_it_is_the_same(tmp_path, monkeypatch):
    task, step, calls = tiny_tasks.labels(epochs=3), TrainingModule.training_step, []

    def killed(self, *given):
        calls.append(given)
        if len(calls) > 6:
            raise KeyboardInterrupt
        return step(self, *given)

    monkeypatch.setattr(TrainingModule, "training_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(task, seed=1, mixing=1, agreement=2, out=tmp_path)
    assert (tmp_path / "resume.safetensors").exists()
    with pytest.raises(ValueError, match="unfinished training with"):
        list(train_stacked({tmp_path: plan(task, 2, mixing=1, agreement=2)}, "cpu"))
    assert list(train_stacked({tmp_path: plan(task, 1, mixing=1, agreement=2)}, "cpu")) == [tmp_path]
    assert [epoch["epoch"] for epoch in read_config(tmp_path)["history"]] == [1, 2, 3]
