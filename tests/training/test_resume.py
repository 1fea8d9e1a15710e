"""The state of a training, without Lightning: which epoch is best, and a file gives back what was put in."""

import math

import pytest
import torch

from rczoo.training.resume import ResumableState, Snapshot

ABOUT = {"strategy": "rcps", "epochs": 9}


def snapshot(value):
    moments = {0: {"step": torch.tensor(2.0), "exp_avg": torch.full((2,), value)}}
    stopper = {"wait_count": 1, "best_score": math.inf}
    return Snapshot({"weight": torch.full((2,), value)}, moments, torch.get_rng_state(), stopper)


def recorded(folder, best, scores, stopped=False):
    state = ResumableState(folder, ABOUT, best)
    for n, score in enumerate(scores):
        state.record({"epoch": n + 1, "loss": score, "auroc": score}, snapshot(float(n + 1)), stopped)
    return state


@pytest.mark.parametrize(
    ("best", "scores", "epoch"),
    [
        ("loss", [3, 1, 2], 2),
        ("auroc", [0.5, 0.9, 0.7], 2),
        ("auroc", [0.5, 0.9, 0.901, 0.9019, 0.9021], 5),
        ("loss", [2, 1, 1], 2),
        ("loss", [math.nan, 2], 2),
        ("loss", [1, math.nan], 1),
        ("auroc", [0.5, math.nan, 0.6], 3),
        ("loss", [math.nan], None),
    ],
)
def test_the_best_epoch_is_the_first_of_the_best_and_has_a_score(tmp_path, best, scores, epoch):
    state = recorded(tmp_path, best, scores)
    assert state.best_epoch == epoch
    assert [float(w[0]) for w in state.best_weights.values()] == ([] if epoch is None else [epoch])


def test_a_file_gives_back_what_was_saved(tmp_path):
    before = recorded(tmp_path, "loss", [2.0, math.nan])
    again = ResumableState(tmp_path, ABOUT, "loss")
    assert (again.first_epoch, again.best_epoch, again.finished) == (2, 1, False)
    assert again.history[0] == before.history[0]
    assert math.isnan(again.history[1]["loss"])
    assert again.seconds > 0
    found, wanted = again.resumed, snapshot(2.0)
    assert torch.equal(found.weights["weight"], wanted.weights["weight"])
    assert torch.equal(found.random, wanted.random)
    assert {k: v.tolist() for k, v in found.optimiser[0].items()} == {"step": 2.0, "exp_avg": [2.0, 2.0]}
    assert found.stopper == {"wait_count": 1, "best_score": None}
    assert torch.equal(again.best_weights["weight"], torch.ones(2))
    again.seconds = 1e6
    assert again.elapsed() > 1e6
    with pytest.raises(ValueError, match=r"unfinished training with strategy 'rcps', not 'conjoined'"):
        ResumableState(tmp_path, ABOUT | {"strategy": "conjoined"}, "loss")


def test_best_weights_do_not_follow_the_training(tmp_path):
    state, now = ResumableState(tmp_path, ABOUT, "loss"), snapshot(1.0)
    state.record({"loss": 1.0}, now, stopped=False)
    now.weights["weight"].zero_()
    assert torch.equal(state.best_weights["weight"], torch.ones(2))


def test_a_training_is_finished_when_it_stops_or_has_had_its_epochs(tmp_path):
    assert recorded(tmp_path / "a", "loss", [1.0], stopped=True).finished
    assert recorded(tmp_path / "b", "loss", [1.0] * 9).finished
    assert not recorded(tmp_path / "c", "loss", [1.0] * 8).finished
