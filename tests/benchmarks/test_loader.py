"""How fast batches come, beside what uses them and beside the obvious loop; no times are asserted.

Run with ``pytest tests/benchmarks --benchmark-only``; compare within each group.
"""

import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch

from rczoo import build
from rczoo.evaluation.losses import loss_of
from rczoo.symmetry import dna

sys.path.insert(0, str(Path(__file__).parents[2]))
from rczoo.data.preparation import load_examples
from tests.support.real import real_task

SIZE = 64


@pytest.fixture(scope="module")
def tss():
    task = real_task("yeast-tss")
    return task, load_examples(task, "train")


def rows(examples, seed=0):
    return np.random.default_rng(seed).integers(0, len(examples), SIZE)


@pytest.mark.realdata
@pytest.mark.benchmark(group="a batch of 64 and a training step on it")
def test_batch(benchmark, tss):
    _, examples = tss
    coin = np.random.default_rng(0).random(SIZE) < 0.5
    shifts = np.random.default_rng(0).integers(-examples.jitter, examples.jitter + 1, SIZE)
    chosen = rows(examples)
    X, _, y = benchmark(lambda: examples.batch(chosen, shifts, coin))
    assert X.shape == (SIZE, 4, 846)
    assert y.shape == (SIZE, 2, 500)


@pytest.mark.realdata
@pytest.mark.benchmark(group="a batch of 64 and a training step on it")
def test_training_step(benchmark, tss):
    """Forward, backward and update of the smallest member of the family: one ordinary strand."""
    task, examples = tss
    torch.set_num_threads(2)
    model = build(**task.model.keywords(), strategy="standard")
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = loss_of("profile")
    X, _, y = examples.batch(rows(examples))

    def step():
        optimiser.zero_grad()
        loss(model(X), y).backward()
        optimiser.step()

    benchmark.pedantic(step, rounds=3, warmup_rounds=1)


@pytest.mark.realdata
@pytest.mark.benchmark(group="stranded windows")
def test_windows_of_ours(benchmark, tss):
    _, examples = tss
    chosen = rows(examples)
    benchmark(lambda: examples.batch(chosen))


@pytest.mark.realdata
@pytest.mark.benchmark(group="stranded windows")
def test_windows_of_the_obvious_loop(benchmark, tss):
    """pyfaidx and pyBigWig asked for each window of each replicate and strand; the same batch comes out."""
    from rczoo.data.sources import transcription_starts as converter
    from rczoo.io.genome import Genome

    task, examples = tss
    path = task.path("s288c/S_cerevisiae.fasta.gz")
    lengths = Genome(path).lengths
    fasta = _fasta(path)
    rds = task.path("stripe-seq/S288C_TSSs.RDS")
    files = {
        strand: [
            pyBigWig.open(str(converter.bigwig(rds, f"S288C_WT_{k}", strand, lengths))) for k in (1, 2, 3)
        ]
        for strand in ("plus", "minus")
    }
    chosen = rows(examples)

    def loop():
        X, y = [], []
        for row in chosen:
            chrom, start = str(examples.chrom[row]), int(examples.start[row])
            X.append(dna.one_hot(str(fasta[chrom][start : start + 846]))[0])
            first = start + 173
            y.append(
                [
                    sum(np.nan_to_num(f.values(chrom, first, first + 500, numpy=True)) for f in files[strand])
                    for strand in ("plus", "minus")
                ]
            )
        return torch.stack(X), torch.tensor(np.array(y))

    X, y = benchmark.pedantic(loop, rounds=5)
    ours = examples.batch(chosen)
    assert torch.equal(X, ours[0])
    assert torch.equal(y, ours[2])


def _fasta(path):
    from rczoo.io import genome

    return genome._fasta(path)


@pytest.mark.realdata
def test_memory_is_flat_over_epochs():
    """Peak memory after ten epochs of batches is that after one, but for a few megabytes."""
    import resource

    examples = load_examples(real_task("yeast-tss"), "train")

    def epoch():
        for start in range(0, len(examples), SIZE):
            examples.batch(np.arange(start, min(start + SIZE, len(examples))))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    first = epoch()
    assert max(epoch() for _ in range(9)) - first < 8
