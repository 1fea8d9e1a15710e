"""
# Many tasks, some of them stranded: a targets table

Models such as Basenji and Borzoi predict thousands of tracks at once, and come with a table of them. Its
column `strand_pair` holds for each track the number of the track that reads the other strand, or its own
number where a track has no strand. That column is the model's `Rep`: no list of pairs is typed by hand,
and no pair can be forgotten.

On the command line it is `rczoo check package.module:build --output strand_pair:targets.txt`.

The model below answers as those do, in bins, but it is small and its weights are random.
"""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_model, save_model
from torch import nn

import rczoo
from rczoo.conformance._text import read_strand_pairs

TARGETS = """\
\tidentifier\tstrand_pair\tdescription
0\tCAGE-liver+\t1\tCAGE, liver, plus strand
1\tCAGE-liver-\t0\tCAGE, liver, minus strand
2\tDNASE-liver\t2\tDNase, liver
3\tCAGE-brain+\t5\tCAGE, brain, plus strand
4\tDNASE-brain\t4\tDNase, brain
5\tCAGE-brain-\t3\tCAGE, brain, minus strand
"""


def build(tasks=6):
    """DNA (batch, 4, length) to tracks (batch, tasks, length / 16)."""
    return nn.Sequential(
        nn.Conv1d(4, 16, 15, padding="same"),
        nn.GELU(),
        nn.MaxPool1d(16),
        nn.Conv1d(16, 16, 5, padding="same"),
        nn.GELU(),
        nn.Conv1d(16, tasks, 1),
        nn.Softplus(),
    )


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "targets.txt"
        table.write_text(TARGETS)
        tracks = read_strand_pairs(table)
    print("the table as a Rep:", tracks, f"({tracks.regular} pairs, {tracks.trivial} unstranded)")

    model = build()
    print("\nmeasured: how far the two strands' answers are apart")
    print(rczoo.measure(model, outputs=tracks, length=320, number=64))

    both = rczoo.conjoin(model, outputs=tracks)

    print("\nchecked, as it was and conjoined")
    before = rczoo.check(model, outputs=tracks, lengths=320, quick=True)
    after = rczoo.check(both, lengths=320, quick=True)
    print(before.verdict)
    print(after.verdict)
    assert not before.passed
    assert after.passed, after

    X = rczoo.one_hot(["ACGTTGCAAT" * 32])
    turned = rczoo.one_hot([rczoo.reverse_complement("ACGTTGCAAT" * 32)])
    with torch.no_grad():
        swapped = torch.equal(both.eval()(turned), tracks.act(both(X)))
    print("\nthe answer for the other strand is the same answer, turned by the table:", swapped)
    assert swapped

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conjoined.safetensors"
        save_model(both, str(file))
        again = rczoo.conjoin(build(), outputs=tracks)
        load_model(again, str(file))
    with torch.no_grad():
        same = torch.equal(both(X), again.eval()(X))
    print("saved, built anew and loaded: same answers:", same)
    assert same


if __name__ == "__main__":
    main()
