"""Tasks of a few dozen examples, in memory, on which a training takes a moment."""

from dataclasses import replace

import numpy as np

from rczoo.data.examples import Examples
from rczoo.data.recipe import Model, Training
from rczoo.data.schema import MemoryData
from rczoo.data.task import Task
from rczoo.symmetry.rep import Rep


def labels(n=40, length=60, **training):
    """Three labels, each on when its base is frequent."""
    random = np.random.default_rng(0)

    def draw(n):
        codes = random.integers(0, 4, (n, length), dtype=np.uint8)
        share = np.stack([(codes == base).mean(1) + (codes == 3 - base).mean(1) for base in (0, 1)], 1)
        target = np.concatenate([share > 0.5, share[:, :1] > 0.55], 1)
        return Examples(codes, target.astype(np.float32), Rep("3t"))

    usual = Training(
        batch_size=16, epochs=4, patience=10, learning_rate=1e-2, criterion="auroc", augment="set"
    )
    return Task(
        "tiny",
        "Tiny labels",
        "labels",
        Model(architecture="motif-cnn", filters=4, length=length, outputs=3),
        usual.model_copy(update=training),  # unchecked, as some tests want a training that fails
        MemoryData(),
        in_memory={"train": draw(n), "validation": draw(n), "test": draw(n)},
    )


def profiles(n=12, jitter=2, position=None, length=371, **training):
    """Stranded counts over the middle 25 positions of 371, a peak where G is."""
    random = np.random.default_rng(1)
    out_length = length - 346

    def draw(n):
        codes = random.integers(0, 4, (n, length + 2 * jitter), dtype=np.uint8)
        middle = codes[:, 173 : 173 + out_length + 2 * jitter]
        ramp = np.arange(middle.shape[1])  # so that no profile is constant in bins
        target = np.stack([ramp + 5 * (middle == 2), ramp + 5 * (middle == 1)], 1).astype(np.float32)
        return Examples(codes, target, Rep("1r"), jitter=jitter)

    return Task(
        "tiny-profile",
        "Tiny profiles",
        "profile",
        Model(architecture="bpnet", filters=2, length=length, outputs=1, count_head=False, position=position),
        Training(batch_size=5, epochs=2, patience=10).model_copy(update=training),
        MemoryData(out_length=out_length),
        in_memory={"train": draw(n), "validation": draw(n), "test": draw(n)},
    )


def binned_profiles(n):
    """Counts over 320 bases, in the middle of 384: ten bins of basenji; two strands, and both together."""
    codes = np.random.default_rng(0).integers(0, 4, (n, 384), dtype=np.uint8)
    middle = codes[:, 32:352]
    target = np.stack([middle == 2, middle == 1, (middle == 0) | (middle == 3)], 1).astype(np.float32)
    task, examples = profiles(n), Examples(codes, target, Rep("1r+1t"))
    splits = dict.fromkeys(("train", "validation", "test"), examples)
    model = task.model.model_copy(update={"architecture": "basenji", "length": 384, "outputs": "1r+1t"})
    return replace(task, model=model, data=MemoryData(out_length=320), in_memory=splits)
