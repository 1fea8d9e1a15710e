import time

import numpy as np
import pytest

from rczoo.data.sources.simulation import _instances, _places, flip_labels, motifs, planted, simulate
from rczoo.symmetry import dna


def test_deterministic_by_seed_and_different_between_seeds():
    first, labels = simulate(200, 20, seed=3)
    again, labels_again = simulate(200, 20, seed=3)
    other, _ = simulate(200, 20, seed=4)
    assert np.array_equal(first, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("length", [200, 1000])
def test_thirty_thousand_sequences_in_under_five_seconds(length):
    start = time.perf_counter()
    codes, labels = simulate(length)
    assert time.perf_counter() - start < 5
    assert codes.shape == (30_000, length)
    assert labels.sum(0).tolist() == [10_000] * 3
    assert (labels.sum(1) == 1).all()


def test_planted_positions_hold_the_motif_and_others_the_background():
    codes, labels = simulate(200, 300, seed=6)
    sites = planted(200, 300, seed=6)
    assert sites.shape == codes.shape
    for label, pwm in enumerate(motifs().values()):
        rows = labels[:, label] == 1
        assert set(sites[rows].sum(1)) == {len(pwm), 2 * len(pwm), 3 * len(pwm)}
        counts = np.bincount(codes[rows][sites[rows]], minlength=4)
        both = pwm.sum(0) + pwm.sum(0)[dna.complement_codes(np.arange(4, dtype=np.uint8))[::-1]]
        assert np.allclose(counts / counts.sum(), both / both.sum(), atol=0.02)
    share = np.bincount(codes[~sites], minlength=4) / (~sites).sum()
    assert np.allclose(share, [0.3, 0.2, 0.2, 0.3], atol=0.01)


def test_background_composition():
    codes, _ = simulate(1000, 1000)
    share = np.bincount(codes.ravel(), minlength=4) / codes.size
    assert np.allclose(share, [0.3, 0.2, 0.2, 0.3], atol=0.01)


def test_numbers_of_instances_are_poisson_cut_to_one_to_three():
    counts = np.bincount(_instances(np.random.default_rng(0), 100_000), minlength=4)
    weights = np.array([0, 2, 2, 4 / 3])
    assert np.allclose(counts / counts.sum(), weights / weights.sum(), atol=0.01)


def test_places_fit_and_never_overlap():
    taken = np.array([[0, 40]] * 5000)
    starts = _places(np.random.default_rng(0), taken, 70, 12)
    assert starts.min() >= 12
    assert starts.max() == 58
    assert (np.abs(taken - starts[:, None]) >= 12).all()


def test_planted_motifs_lie_on_either_strand():
    """An independent count: the exact core of ELF1 on each strand, far above chance where it was planted."""
    codes, labels = simulate(200, 2000, seed=1)
    texts = [dna.decode(row) for row in codes]
    core = "CCGGAAGT"
    planted = (
        np.array([core in t for t in texts]),
        np.array([dna.reverse_complement(core) in t for t in texts]),
    )
    for strand in planted:
        assert 0.2 < strand[labels[:, 0] == 1].mean() < 0.8
        assert strand[labels[:, 0] == 0].mean() < 0.02
    assert abs(planted[0].sum() - planted[1].sum()) < 5 * np.sqrt(planted[0].sum())


def test_the_papers_labels_read_the_planted_strings():
    _, plain = simulate(200, 10_000, seed=1)
    _, quirk = simulate(200, 10_000, seed=1, planted_labels=True)
    gata = list(motifs()).index("GATA_known6")
    for other in {0, 1, 2} - {gata}:
        rows = plain[:, other] == 1
        assert plain[rows, gata].sum() == 0
        assert 0.01 <= quirk[rows, gata].mean() <= 0.015


def test_flips_hit_each_label_alone():
    labels = np.zeros((50_000, 3), dtype=np.float32)
    flipped = flip_labels(labels, 0.2, seed=0)
    assert np.allclose(flipped.mean(0), 0.2, atol=0.01)
    assert abs(np.corrcoef(flipped.T)[0, 1]) < 0.02
    assert np.array_equal(flip_labels(flipped, 0.2, seed=0), labels)


def test_too_short_says_what_would_do():
    with pytest.raises(ValueError, match="length 100 is too short to place 3 motifs of 21: use at least 126"):
        simulate(100)
