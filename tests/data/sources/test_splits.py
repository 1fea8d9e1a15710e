import numpy as np
import pytest

from rczoo.data.sources.splits import by_chromosome, split_of
from rczoo.io.genome import Genome
from tests.support.miniature import write_fasta


@pytest.fixture
def genome(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    return Genome(write_fasta(tmp_path / "g.fa", dict.fromkeys(("chrI", "chrII", "chrIV"), "ACGT")))


def test_the_rest_is_training_unless_training_is_listed(genome):
    chrom = np.array(["chrI", "chrII", "chrIV"])
    assert split_of(chrom, {"test": ["4"]}, genome.resolve).tolist() == ["train", "train", "test"]
    listed = {"test": ["4"], "train": ["chr1"]}
    assert split_of(chrom, listed, genome.resolve).tolist() == ["train", "", "test"]


def test_arrays_are_divided_together(genome):
    arrays = {"chrom": np.array(["chrI", "chrIV", "chrI"]), "x": np.arange(3)}
    found = by_chromosome(arrays, {"validation": ["chrIV"]}, genome)
    assert {split: a["x"].tolist() for split, a in found.items()} == {
        "train": [0, 2],
        "validation": [1],
        "test": [],
    }


def test_a_chromosome_has_one_split(genome):
    with pytest.raises(ValueError, match="chromosome chrIV is in both test and validation: keep one"):
        split_of(np.array(["chrI"]), {"test": ["4"], "validation": ["chrIV"]}, genome.resolve)
