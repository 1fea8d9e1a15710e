"""The motif scan against loops over strings, on either strand."""

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from rczoo.data.schema import Reference
from rczoo.data.sources import simulation
from rczoo.data.task import load_task
from rczoo.evaluation import motif_scan, tables
from rczoo.evaluation.motif_scan import MISMATCH, consensus_matrix, known_motifs, log_odds, scan
from rczoo.symmetry import dna
from tests.support.zoo_tasks import write_tiny

UNIFORM = np.full(4, 0.25)


def test_scores_against_a_loop_over_both_strands():
    random = np.random.default_rng(0)
    codes = random.integers(0, 5, (6, 25), dtype=np.uint8)
    background = np.array([0.3, 0.2, 0.2, 0.3])
    matrices = [random.dirichlet(np.ones(4), width) for width in (1, 4, 9)]
    found = scan(codes, [log_odds(matrix, background) for matrix in matrices])
    assert found.shape == (6, 3)
    for row, text in zip(found, map(dna.decode, codes), strict=True):
        for score, matrix in zip(row, matrices, strict=True):
            every = []
            for strand in (text, dna.reverse_complement(text)):
                for first in range(len(strand) - len(matrix) + 1):
                    site = strand[first : first + len(matrix)]
                    odds = [
                        math.log(column["ACGT".index(base)] / background["ACGT".index(base)])
                        for column, base in zip(matrix, site, strict=True)
                        if base != "N"
                    ]
                    every.append(sum(odds))
            assert score == pytest.approx(max(every), abs=1e-5)
    assert np.array_equal(
        scan(dna.complement_codes(codes), [log_odds(m, background) for m in matrices]), found
    )


def test_a_consensus_prefers_its_own_sites_wherever_they_are():
    motif = log_odds(consensus_matrix("RTCNNACG"), UNIFORM)
    texts = ["TTTTTTTTTATCGGACG", "CGTTAGATTTTTTTTTT", "GTCAAACGTTTTTTTTT", "CTCAAACGTTTTTTTTT", "N" * 17]
    exact, turned, other, mismatch, unknown = scan(np.stack([dna.encode(t) for t in texts]), [motif])[:, 0]
    assert exact == turned == other > mismatch > unknown == 0


def test_a_consensus_shares_the_probability_among_the_bases_of_a_letter():
    found = consensus_matrix("ARBN")
    rest = MISMATCH / 4
    assert found[0] == pytest.approx([1 - MISMATCH + rest, rest, rest, rest])
    assert found[1] == pytest.approx([(1 - MISMATCH) / 2 + rest, rest, (1 - MISMATCH) / 2 + rest, rest])
    assert found[2] == pytest.approx([rest, *[(1 - MISMATCH) / 3 + rest] * 3])
    assert found[3] == pytest.approx([0.25] * 4)
    for letter, allowed in dna.IUPAC.items():
        assert set(allowed) <= set(dna.BASES)
        assert consensus_matrix(letter).sum() == pytest.approx(1)
    assert set(dna.IUPAC) == set("ACGTN" + dna.AMBIGUOUS.upper())


def test_the_motifs_of_a_task_are_its_own_or_those_planted():
    given = SimpleNamespace(reference=Reference(motifs=("AC", "R")), data=None)
    assert [len(motif) for motif in known_motifs(given)] == [2, 1]
    assert known_motifs(SimpleNamespace(reference=Reference(), data=None)) == []
    planted = known_motifs(load_task("sim-200"))
    assert [len(motif) for motif in planted] == [len(motif) for motif in simulation.motifs().values()]
    assert np.array_equal(planted[0].argmax(1), next(iter(simulation.motifs().values())).argmax(1))


def test_planted_motifs_are_found_without_learning(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    from rczoo.evaluation.baselines import baseline_rows

    row = baseline_rows(load_task(write_tiny(tmp_path)))["motif scan"]
    assert row["auroc"] > 0.9
    assert set(row) & set(tables.METRICS) == {"auroc", "auprc"}


def test_a_sequence_shorter_than_a_motif_is_refused():
    motif = log_odds(consensus_matrix("ACGTA"), UNIFORM)
    assert scan(dna.encode("TACGT")[None], [motif]).shape == (1, 1)
    message = "motif scan: the sequences have 4 bases, a motif 5: give longer ones"
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        motif_scan.scan(dna.encode("ACGT")[None], [motif])
