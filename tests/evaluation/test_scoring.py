"""Evaluation: the metrics of known models, and baselines."""

import numpy as np
import pytest
import torch
from torch import nn

from rczoo.data.preparation import load_examples
from rczoo.evaluation.scoring import errors, evaluate
from rczoo.family.architectures import build
from tests.support import tiny_tasks


def test_the_truth_scores_best():
    task = tiny_tasks.profiles(jitter=0)
    truth = torch.from_numpy(load_examples(task, "test").target)

    class Oracle(nn.Module):
        rep_in, rep_out = task.rep_in, task.rep_out

        def __init__(self):
            super().__init__()
            self.seen = 0
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, X):
            start, self.seen = self.seen, self.seen + len(X)
            return truth[np.arange(start, start + len(X)) % len(truth)].log()

    found = evaluate(Oracle(), task, batch_size=5)
    assert found["jsd"] == pytest.approx(0, abs=1e-6)
    assert found["undefined"]["jsd"] == 0


def test_errors_are_of_both_executions():
    torch.manual_seed(0)
    X = torch.randn(4, 4, 60)
    ordinary = errors(build("motif-cnn", strategy="standard", length=60), X)
    assert list(ordinary) == ["equivariance_error"]
    assert ordinary["equivariance_error"] > 0.01
    model = build("motif-cnn", strategy="rcps", length=60)
    found = errors(model, X)
    assert found["equivariance_error"] == 0
    assert 0 <= found["equivariance_error_tied"] < 1e-5
    assert model.execution == "frames"
    separate = build("motif-cnn", strategy="conjoined", length=60, batch_statistics="separate")
    assert list(errors(separate, X)) == ["equivariance_error"]


def test_a_model_of_another_task_is_refused():
    model = build("motif-cnn", strategy="rcps", length=60, outputs=2)
    with pytest.raises(
        ValueError, match=r"gives \(2,\) per example, tiny has \(3,\): evaluate it on the task"
    ):
        evaluate(model, tiny_tasks.labels())
