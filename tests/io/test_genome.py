import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.io.flat import SEQUENCES
from rczoo.io.genome import Genome
from rczoo.symmetry import dna
from tests.support.miniature import random_genome, write_2bit, write_fasta

GENOME = random_genome(1, {"chrI": 151, "chrII": 60, "chrIV": 233})
GENOME["chrII"] = "NNN" + GENOME["chrII"][3:]


@pytest.fixture(scope="module")
def genomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        plain = write_fasta(folder / "g.fa", GENOME)
        packed = folder / "g.fa.gz"
        packed.write_bytes(gzip.compress(plain.read_bytes()))
        blocks = folder / "g.fa.bgz"  # bgzip is gzip in several members
        content = plain.read_bytes()
        blocks.write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
        many = [write_fasta(folder / f"{name}.fa", {name: s}) for name, s in GENOME.items()]
        yield {
            "fasta": Genome(plain),
            "gzip": Genome(packed),
            "bgzip": Genome(blocks),
            "many files": Genome(many),
            "2bit": Genome(write_2bit(folder / "g.2bit", GENOME)),
        }
        assert sorted(p.suffix for p in folder.iterdir()) == sorted(
            [".fa"] * 4 + [".gz", ".bgz", ".2bit", ""]
        )


@pytest.mark.parametrize("kind", ["fasta", "gzip", "bgzip", "many files", "2bit"])
def test_every_format_reads_the_same(genomes, kind):
    genome = genomes[kind]
    assert genome.lengths == {name: len(s) for name, s in GENOME.items()}
    for name, sequence in GENOME.items():
        assert dna.decode(genome.chromosome(name)) == sequence


@given(chrom=st.sampled_from(list(GENOME)), start=st.integers(-40, 260), length=st.integers(1, 50))
def test_windows_are_slices_with_n_beyond_the_ends(genomes, chrom, start, length):
    padded = "N" * 400 + GENOME[chrom] + "N" * 400
    expected = padded[400 + start : 400 + start + length]
    found = genomes["fasta"].windows(np.array([chrom]), np.array([start]), length)
    assert dna.decode(found[0]) == expected


def test_names_are_resolved(genomes):
    assert genomes["2bit"].resolve(["chr4", "1"]) == {"chr4": "chrIV", "1": "chrI"}


def test_other_letters_are_unknown_bases(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    genome = Genome(write_fasta(tmp_path / "g.fa", {"a": "ACrYmT-"}))
    assert dna.decode(genome.chromosome("a")) == "ACNNNTN"
    assert genome.letters("a", 0, 7) == "ACRYMT-"


def test_messages(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ValueError, match="genome: no files given"):
        Genome([])
    one, two = (write_fasta(tmp_path / n, {"chr1": "ACGT"}) for n in ("one.fa", "two.fa"))
    with pytest.raises(ValueError, match=r"chr1 is in both one.fa and two.fa"):
        Genome([one, two])
    wrong = tmp_path / "x.2bit"
    wrong.write_text("not a genome, but long enough to hold a header")
    with pytest.raises(ValueError, match=r"x.2bit is neither FASTA \(it begins with 'not.*'\) nor 2bit"):
        Genome(wrong)
    text = tmp_path / "x.fa"
    text.write_text("no header here\nACGT\n")
    with pytest.raises(ValueError, match=r"x.fa is neither FASTA"):
        Genome(text)


@given(
    records=st.dictionaries(
        st.text("abc", min_size=1, max_size=3), st.text("ACGTNacgtRY-.", max_size=25), min_size=1, max_size=5
    ),
    data=st.data(),
)
def test_ragged_lines_and_empty_records(tmp_path_factory, records, data):
    """Lines of any length, of any system, blank ones between, and records without a base."""
    folder = tmp_path_factory.mktemp("ragged")
    lines = []
    for name, letters in records.items():
        cuts = sorted(data.draw(st.lists(st.integers(0, len(letters)), max_size=4)))
        ends = [0, *cuts, len(letters)]
        lines += [f">{name} more", *(letters[a:b] for a, b in pairwise(ends))]
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        patch.setattr("rczoo.io.flat.CHUNK", data.draw(st.integers(3, 40)))
        (folder / "g.fa").write_bytes(("\ufeff" + end.join(lines) + end).encode())
        genome = Genome(folder / "g.fa")
    assert genome.lengths == {name: len(letters) for name, letters in records.items()}
    assert genome.empty == [name for name, letters in records.items() if not letters]
    for name, letters in records.items():
        read = letters.upper().translate(str.maketrans("RY-.", "NNNN"))
        assert dna.decode(genome.chromosome(name)) == read


def test_a_flat_file_that_was_cut_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    path = write_fasta(tmp_path / "g.fa", {"a": "GATTACA"})
    Genome(path)
    for name in (SEQUENCES, f"{SEQUENCES}.fai"):
        [flat] = (tmp_path / "cache").rglob(name)
        whole = flat.read_bytes()
        for size in (0, 5, len(whole) - 1):
            flat.write_bytes(whole[:size])
            assert dna.decode(Genome(path).chromosome("a")) == "GATTACA"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b">a\nAC\n>b\nACGXT\n", r"g.fa: b has 'X' at position 3 \(0-based\)"),
        (b">a\nAC\n>a\nAC\n", "g.fa has 'a' twice"),
        (b">a\nAC\n>\nAC\n", "g.fa: record 2 has no name"),
        (b"", r"g.fa is neither FASTA \(it is empty\) nor 2bit"),
        (gzip.compress(b">a\nACGT\n" * 99, mtime=0)[:-9], "g.fa is not a whole gzip file"),
        (gzip.compress(b">a\nACGT\n" * 99, mtime=0)[:20] + bytes(20), "g.fa is not a whole gzip file"),
    ],
)
def test_what_no_genome_may_hold(tmp_path, monkeypatch, content, message):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "g.fa").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Genome(tmp_path / "g.fa")
    assert not [p for p in (tmp_path / "cache").rglob("*.flat") if p.is_file()]


def test_a_genome_is_a_plain_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no genome file .*none.fa: check the path"):
        Genome(tmp_path / "none.fa")
    with pytest.raises(ValueError, match="is a folder, a pipe or a device"):
        Genome(tmp_path)
