"""Divergence between strands against the arithmetic done by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from rczoo.conformance.divergence import measure, windows_of
from rczoo.nn.conjoined import conjoin
from tests.support.faulty_models import profile_network
from tests.support.miniature import write_bed, write_fasta


class Composition(nn.Module):
    """The number of A minus that of C, as a logit: R x gives T minus G."""

    def forward(self, x):
        counts = x.sum(-1)
        return (counts[:, 0] - counts[:, 1])[:, None]


def test_figures_of_a_model_done_by_hand():
    found = measure(Composition(), ["AAAC", "AACC", "GGTC", "CCCC"], outputs="1t").rows[0]
    one, other = np.array([2.0, 0, -1, -4]), np.array([0.0, 0, -1, 0])
    gap = np.abs(one - other)
    assert found.maximum == gap.max() == 4
    assert found.mean == pytest.approx(gap.mean())
    assert found.relative == 1.0
    assert found.correlation == pytest.approx(np.corrcoef(one, other)[0, 1])
    assert found.flips == 0.25
    assert measure(Composition(), ["AAAC", "CCCC"], outputs="1t", threshold=3).rows[0].flips == 0
    assert found.sequences == 4
    p, q = 1 / (1 + np.exp(-one)), 1 / (1 + np.exp(-other))
    assert found.disagreement == pytest.approx(-np.log(np.sqrt(p * q) + np.sqrt((1 - p) * (1 - q))).mean())
    assert str(found).endswith(
        f"calls that flip 25.0%, J {found.disagreement:.3g} nats per example (4 sequences)"
    )


def test_a_conjoined_model_does_not_diverge():
    torch.manual_seed(0)
    model = profile_network()
    apart = measure(model, outputs="1r", length=50, number=20).rows[0]
    together = measure(conjoin(model, outputs="1r"), length=50, number=20).rows[0]
    assert apart.maximum > 0.01 > together.maximum
    assert apart.flips > together.flips == 0
    assert together.correlation == pytest.approx(1)
    assert apart.disagreement > 1e-6
    assert together.disagreement < 1e-12
    assert [apart.unit, together.unit] == ["nats per count", "nats per count if these are logits"]


def test_an_output_of_no_known_kind_has_no_disagreement():
    found = measure(conjoin(Composition(), outputs="1t", merge="probability"), outputs=(None,), number=4)
    assert "J unclear: neither labels nor" in str(found)
    assert found.as_dict()["output"]["disagreement"] is None


def test_unequal_sequences_are_refused():
    with pytest.raises(ValueError, match="have lengths 4 and 5"):
        measure(Composition(), ["AAAC", "AAACC"], outputs="1t")


def test_windows_lie_around_the_summits_and_regions_off_the_genome_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    fasta, bed = write_fasta(tmp_path / "g.fa", {"chr1": "ACGTACGTAC"}), tmp_path / "r.bed"
    write_bed(bed, [("1", 3, 6), ("1", 0, 1)])
    assert windows_of(bed, fasta, 5).tolist() == [[2, 3, 0, 1, 2], [4, 4, 0, 1, 2]]
    write_bed(bed, [("1", 3, 6), ("chr1", 900, 901)])
    with pytest.raises(ValueError, match=r"region chr1:900-901 runs off its chromosome, which has 10 bases"):
        windows_of(bed, fasta, 5)
    bed.write_text("")
    with pytest.raises(ValueError, match="there are no regions to read"):
        windows_of(bed, fasta, 5)
