import numpy as np
import pytest

from rczoo.data.output_names import output_names
from rczoo.data.preparation import load_examples, notes
from rczoo.data.task import load_task
from rczoo.io.genome import Genome
from tests.support.miniature import random_genome, write_bed, write_fasta

TASK = """
kind = "labels"
model = { architecture = "motif-cnn", length = 100, outputs = 2 }
training = { batch_size = 4, epochs = 1 }
[data]
source = "tiles"
genome = "g.fa"
places = "promoters.bed"
step = 50
margin = 10
splits = { validation = ["chr2"], test = ["chr3"] }
factors = [{ name = "A", sites = "a.bed" }, { name = "B", sites = ["b.bed", "b2.bed"] }]
"""


@pytest.fixture
def task(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    write_fasta(tmp_path / "g.fa", random_genome(0, {"chr1": 1000, "chr2": 430, "chr3": 430}))
    sites = {"promoters": [("chr1", 620)], "a": [("chr1", 120), ("chr3", 5)]}
    sites |= {"b": [("chr1", 205)], "b2": [("chr2", 70)]}
    for name, places in sites.items():
        write_bed(tmp_path / f"{name}.bed", [(chrom, at, at + 1) for chrom, at in places])
    (tmp_path / "task.toml").write_text(TASK)
    return load_task(tmp_path / "task.toml")


def table(task, split):
    """By start of the window its labels, NaN as None."""
    examples = load_examples(task, split)
    labels = [[None if np.isnan(y) else int(y) for y in row] for row in np.asarray(examples.target)]
    return dict(zip(np.asarray(examples.start).tolist(), labels, strict=True))


def test_windows_with_a_promoter_or_a_site_and_what_each_says(task):
    assert table(task, "train") == {
        50: [1, 0],
        100: [1, 0],
        150: [0, 1],
        200: [0, None],  # the site at 205 is 5 bases from its end, and at 120 none
        550: [0, 0],
        600: [0, 0],
    }
    assert table(task, "validation") == {0: [0, 1], 50: [0, 1]}
    assert table(task, "test") == {0: [None, 0]}
    assert notes(task)[0] == "9 of 33 windows have a promoter or a site: the others are left out"
    assert output_names(task) == ["A", "B"]


def test_the_sequences_are_those_of_the_genome(task):
    examples = load_examples(task, "train")
    genome = Genome(task.folder / "g.fa")
    for chrom, start, codes in zip(examples.chrom, examples.start, examples.codes, strict=True):
        assert genome.read(str(chrom), int(start), int(start) + 100).tolist() == codes.tolist()
