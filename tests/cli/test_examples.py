"""The example folder: the same bytes every time, files that fit together, nothing overwritten."""

import numpy as np
import pytest

from rczoo.cli import examples
from rczoo.io import Genome, Track, read_bed, read_sequences, read_vcf
from rczoo.symmetry.dna import decode, reverse_complement
from tests.support.cli import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("examples")
    examples.make(path)
    return path


def test_the_same_every_time(folder, tmp_path):
    examples.make(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(examples.FILES)
    assert all((folder / name).read_bytes() == (tmp_path / name).read_bytes() for name in examples.FILES)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 200_000


def test_sites_hold_the_motif_and_the_signal(folder):
    genome, sites = Genome(folder / "genome.fa"), read_bed(folder / "peaks.bed")
    assert sum(genome.lengths.values()) == 60_000
    words = {genome.letters(*place) for place in zip(sites.chrom, sites.start, sites.end, strict=True)}
    assert words == {examples.MOTIF, reverse_complement(examples.MOTIF)}
    plus, minus = (Track(folder / name, genome.lengths) for name in ("plus.bw", "minus.bw"))
    middle, reads = sites.start + 3, []
    for track in (plus, minus):
        reads.append(track.windows(sites.chrom, middle - 25, 51).sum(0))
    assert all(profile.sum() > 40_000 for profile in reads)
    before, after = (profile[:25].sum() / profile.sum() for profile in reads)
    assert before > 0.99
    assert after < 0.01


def test_variants_are_of_the_genome_and_sequences_of_one_length(folder):
    genome = Genome(folder / "genome.fa")
    variants = list(read_vcf(folder / "variants.vcf"))
    assert {len(variant.ref) for variant in variants} == {1, 2}
    for variant in variants:
        end = variant.position + len(variant.ref)
        assert genome.letters(variant.chrom, variant.position, end) == variant.ref
        assert variant.ref != variant.alt
    names, codes = zip(*read_sequences(folder / "sequences.fa", 200), strict=True)
    assert {name.split("_")[0] for name in names} == {"ELF1", "GATA", "RXRA"}
    assert len({decode(np.asarray(row)) for row in codes}) == len(names) == 12


def test_nothing_is_overwritten_unless_forced(tmp_path):
    (tmp_path / "genome.fa").write_text("mine")
    refused = run("examples", tmp_path)
    assert refused.exit_code == 2
    assert refused.stderr == f"rczoo: {tmp_path} already holds genome.fa: choose another folder, or --force\n"
    assert (tmp_path / "genome.fa").read_text() == "mine"
    assert run("examples", tmp_path, "--force").exit_code == 0
    assert (tmp_path / "genome.fa").read_text() != "mine"
