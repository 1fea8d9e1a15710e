import gzip

import numpy as np
import pytest

from rczoo.data.sources.transcription_starts import bigwig, read_sample
from rczoo.io.bigwig import Track
from rczoo.io.genome import Genome
from tests.support.real import real_task


@pytest.mark.realdata
def test_the_bigwigs_hold_every_count(tmp_path, monkeypatch):
    task = real_task("yeast-tss")
    path = task.path("stripe-seq/S288C_TSSs.RDS")
    lengths = Genome(task.path("s288c/S_cerevisiae.fasta.gz")).lengths
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))
    chrom, position, strand, score = read_sample(path, "S288C_WT_1")
    rng = np.random.default_rng(0)
    for sign, word in (("+", "plus"), ("-", "minus")):
        track = Track(bigwig(path, "S288C_WT_1", word, lengths), lengths)
        rows = np.flatnonzero(strand == sign)
        assert track.mean() * sum(lengths.values()) == pytest.approx(score[rows].sum())
        for row in rng.choice(rows[chrom[rows] != "Mito"], 20):
            place = np.array([position[row]])
            assert track.windows(np.array(["chr" + chrom[row]]), place, 1).item() == score[row]


@pytest.mark.realdata
def test_an_unknown_sample():
    path = real_task("yeast-tss").path("stripe-seq/S288C_TSSs.RDS")
    with pytest.raises(ValueError, match="has no sample 'WT': it has S288C_D_1, "):
        read_sample(path, "WT")


@pytest.mark.parametrize(
    "content", [b"no R object at all", gzip.compress(b"X\n0000", mtime=0)[:12], bytes(99), b""]
)
def test_a_file_that_is_no_r_object_is_one_line(tmp_path, content):
    path = tmp_path / "x.RDS"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x.RDS is not an R object that can be read \(\w+: "):
        read_sample(path, "a")
