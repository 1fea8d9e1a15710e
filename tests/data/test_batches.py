"""The batches of an epoch: what appears, how often, and on which strand."""

from collections import Counter

import numpy as np
import pytest
import torch

from rczoo.data.batches import Epoch, Plain
from rczoo.data.preparation import load_examples
from rczoo.data.recipe import Training
from rczoo.data.task import list_tasks, load_task
from rczoo.symmetry.rep import Rep
from tests.support import tiny_tasks
from tests.support.real import REACHABLE, real_task


def epoch(examples, augment="", seed=1, number=0, **training):
    return Epoch(examples, Training(**{"batch_size": 16, **training}), augment, seed, number)


def keys(X):
    return [x.numpy().tobytes() for x in X]


def test_without_augmentation_every_example_appears_once():
    examples = load_examples(tiny_tasks.labels(n=40), "train")
    batches = list(epoch(examples))
    assert [len(X) for X, _, _ in batches] == [16, 16, 8]
    assert len(epoch(examples)) == 3
    assert Counter(keys(torch.cat([X for X, _, _ in batches]))) == Counter(
        keys(examples.batch(np.arange(40))[0])
    )


def test_a_doubled_set_holds_every_example_on_both_strands_shuffled():
    examples = load_examples(tiny_tasks.labels(n=40), "train")
    batches = list(epoch(examples, "set"))
    X, _, y = examples.batch(np.arange(40))
    both = torch.cat([X, Rep.dna().act(X)])
    assert [len(X) for X, _, _ in batches] == [16] * 5
    assert Counter(keys(torch.cat([X for X, _, _ in batches]))) == Counter(keys(both))
    turned = set(keys(Rep.dna().act(X)))
    shares = [np.mean([k in turned for k in keys(X)]) for X, _, _ in batches]
    assert all(0 < share < 1 for share in shares), "the two strands are mixed, not one after the other"
    label = dict(zip(keys(both), torch.cat([y, y]).tolist(), strict=True))
    for X, _, y in batches:
        assert [label[k] for k in keys(X)] == y.tolist()


def test_each_batch_is_followed_by_its_copies_with_their_own_jitter():
    examples = load_examples(tiny_tasks.profiles(n=12, jitter=0), "train")
    for X, _, y in epoch(examples, "batch", batch_size=5):
        half = len(X) // 2
        assert torch.equal(X[half:], Rep.dna().act(X[:half]))
        assert torch.equal(y[half:], Rep("1r").act(y[:half]))
    jittered = load_examples(tiny_tasks.profiles(n=12, jitter=2), "train")
    pairs = [X for X, _, _ in epoch(jittered, "batch", batch_size=12)]
    assert any(not torch.equal(X[:12], Rep.dna().act(X[12:])) for X in pairs)


def test_orders_depend_on_seed_and_epoch_alone():
    examples = load_examples(tiny_tasks.profiles(), "train")

    def drawn(**options):
        return torch.cat([X for X, _, _ in epoch(examples, "batch", **options)])

    assert torch.equal(drawn(), drawn())
    assert not torch.equal(drawn(), drawn(number=1))
    assert not torch.equal(drawn(), drawn(seed=2))


def test_positives_and_negatives_come_in_the_given_proportion():
    task = tiny_tasks.labels(n=60)
    batches = epoch(load_examples(task, "train"), batch_size=10, positives=1, negatives=4, steps_per_epoch=7)
    found = [(len(y), int(y[:, 0].sum())) for _, _, y in batches]
    assert found == [(10, 2)] * 7
    rows = batches._order(np.random.default_rng(0))
    positives = rows.reshape(7, 10)[:, :2].ravel()
    assert len(set(positives)) == min(14, int(load_examples(task, "train").target[:, 0].sum()))


@pytest.mark.parametrize("augment", ["", "set", "batch"])
def test_examples_come_again_until_every_batch_is_full(augment):
    examples = load_examples(tiny_tasks.labels(n=40), "train")
    batches = list(epoch(examples, augment, steps_per_epoch=9))
    assert [len(X) for X, _, _ in batches] == [32 if augment == "batch" else 16] * 9
    rows = epoch(examples, augment, steps_per_epoch=9)._order(np.random.default_rng(0))
    whole = 80 if augment == "set" else 40
    assert [len(set(rows[i : i + whole])) for i in range(0, 144 - whole + 1, whole)] == [whole] * (
        144 // whole
    )


def test_a_doubled_set_has_both_strands_of_each_class():
    examples = load_examples(tiny_tasks.labels(n=60), "train")
    rows = epoch(examples, "set", positives=1, negatives=1, steps_per_epoch=20)._order(
        np.random.default_rng(0)
    )
    assert set(rows) == set(range(120))


def test_no_batch_is_empty():
    examples = load_examples(tiny_tasks.labels(n=40), "train")
    negatives = examples.take(np.flatnonzero(np.asarray(examples.target)[:, 0] == 0))
    with pytest.raises(ValueError, match="no positives to make batches of"):
        list(epoch(negatives, positives=1, negatives=4))
    nothing = examples.take([])
    for steps in ({}, {"steps_per_epoch": 3}):
        with pytest.raises(ValueError, match="no training examples to make batches of"):
            list(epoch(nothing, **steps))
    with pytest.raises(ValueError, match="no examples to make batches of"):
        list(Plain(nothing, 8))


@pytest.mark.realdata
@pytest.mark.parametrize("name", REACHABLE)
def test_shipped_tasks_have_full_batches_of_the_proportion_asked_for(name):
    task = real_task(name)
    training, examples = task.training, load_examples(task, "train")
    rows = Epoch(examples, training, "", 1, 0)._order(np.random.default_rng(0))
    batches = np.split(rows, range(training.batch_size, len(rows), training.batch_size))
    steps = training.steps_per_epoch or -(-len(examples) // training.batch_size)
    assert len(batches) == steps
    assert all(len(batch) == training.batch_size for batch in batches[:-1])
    assert len(batches[-1]) == (
        training.batch_size if training.steps_per_epoch else len(examples) - training.batch_size * (steps - 1)
    )
    if training.positives:
        label = np.asarray(examples.target)[:, 0]
        wanted = training.batch_size * training.positives / (training.positives + training.negatives)
        assert {label[batch].sum() for batch in batches} == {wanted}


def test_one_recipe_for_all():
    tasks = [load_task(name) for name in list_tasks()]
    patience = {task.name: 20 for task in tasks} | {"yeast-factors": 10}  # zoo/studies/recipe.md says why
    assert {task.name: task.training.patience for task in tasks} == patience
    assert {task.training.schedule for task in tasks} == {"plateau"}
    assert {(task.kind, task.training.criterion) for task in tasks} == {
        ("labels", "auroc"),
        ("profile", "loss"),
    }


def test_the_paper_s_binary_tasks_have_its_proportion():
    binary = [load_task(name) for name in list_tasks()]
    binary = [
        task for task in binary if task.length == 1000 and task.kind == "labels" and task.model.outputs == 1
    ]
    assert {task.name for task in binary} >= {
        "ctcf",
        "max",
        "spi1",
        "reb1",
        "abf1",
        "rap1",
        "mcm1",
        "fkh1",
        "cin5",
    }
    assert {(t.training.positives, t.training.negatives, t.training.batch_size) for t in binary} == {
        (1, 4, 100)
    }


@pytest.mark.parametrize("size", [1, 16, 40, 100])
def test_plain_batches_keep_the_order(size):
    examples = load_examples(tiny_tasks.labels(n=40), "test")
    batches = Plain(examples, size)
    assert len(list(batches)) == len(batches)
    assert torch.equal(torch.cat([X for X, _, _ in batches]), examples.batch(np.arange(40))[0])
