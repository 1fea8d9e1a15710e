import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rczoo.cli.tasks import app
from rczoo.data.schema import IntervalData, Symmetry, Tracks
from rczoo.data.strand_symmetry import _by_motif, _by_signal, _of_profiles, plot, symmetry
from rczoo.data.task import load_task
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from tests.support.real import real_task


@pytest.mark.realdata
def test_gcn4_is_symmetric():
    found = symmetry(real_task("gcn4"))
    assert found.rc >= 0.95
    assert found.rc == pytest.approx(0.979, abs=0.001)
    assert found.unflipped == pytest.approx(0.957, abs=0.001)


@pytest.mark.realdata
def test_ino2_is_symmetric_and_can_tell(tmp_path):
    real_task("ino2")
    plot = tmp_path / "ino2.png"
    result = CliRunner().invoke(app, ["symmetry", "ino2", "--json", "--plot", str(plot)])
    found = json.loads(result.stdout)
    assert found["rc"] >= 0.90
    assert found["rc"] - found["unflipped"] >= 0.3
    assert plot.stat().st_size > 5000


@pytest.mark.realdata
def test_transcription_starts_are_symmetric():
    found = symmetry(real_task("yeast-tss"))
    assert found.rc > 0.95
    assert found.unflipped < 0.2


def test_labels_by_words():
    found = symmetry(load_task("sim-200"))
    assert found.rc > 0.99
    assert found.unflipped < 0.6


@pytest.mark.realdata
def test_no_such_motif():
    import dataclasses

    task = dataclasses.replace(real_task("gcn4"), symmetry=Symmetry(motif="GGGGGGGGGG"))
    with pytest.raises(ValueError, match="0 forward and 0 reverse examples: choose another motif"):
        symmetry(task)


@pytest.mark.parametrize("rep", ["1r", "2r", "1t+1r", "2r:halves"])
def test_strands_are_those_of_the_rep(rep, tmp_path):
    """Each factor's first channel holds the forward examples, whatever the layout."""
    rep, random = Rep(rep), np.random.default_rng(0)
    forward = np.arange(30) % 3 > 0
    target = np.full((30, rep.channels, 20), 1.0) + random.random((30, rep.channels, 20))
    for n, strands in enumerate(rep.orbits):
        for c, on in zip(strands, (forward, ~forward), strict=False) if len(strands) == 2 else ():
            target[on, c] *= 20 * (n + 1)
    for c, strands in enumerate(rep.orbits):
        if len(strands) == 1:
            target[:, strands[0]] *= 100 + c
    found, other = _by_signal(target, rep)
    assert found.tolist() == forward.tolist()
    assert other.tolist() == (~forward).tolist()
    plot(_of_profiles(target, found, other, rep, "strand"), tmp_path / "strands.png")
    assert (tmp_path / "strands.png").stat().st_size > 5000


def test_what_is_its_own_reverse_complement_has_correlation_1():
    rep, forward = Rep("1r"), np.arange(10) < 4
    one = torch.from_numpy(np.random.default_rng(0).random((1, 2, 20)))
    target = np.where(forward[:, None, None], one, rep.act(one))
    found = _of_profiles(target, forward, ~forward, rep, "strand")
    assert found.rc == pytest.approx(1)
    assert found.unflipped < 0.9
    assert (found.forward, found.reverse) == (4, 6)


def test_a_motif_on_both_strands_is_on_neither():
    texts = ["AAAAAGATTACAAAAAA", "AAAAATGTAATCAAAAA", "AGATTACATGTAATCAA"]
    forward, reverse = _by_motif(np.stack([dna.encode(text) for text in texts]), "GATTACA", 8)
    assert forward.tolist() == [True, False, False]
    assert reverse.tolist() == [False, True, False]


def test_without_strands_a_motif_must_tell():
    import dataclasses

    from tests.support.tiny_tasks import profiles

    task = profiles()
    tracks = Tracks(both="track.bw")
    files = {"genome": "g.fa", "positives": "p.bed", "signal": [tracks, tracks]}
    data = IntervalData(source="intervals", splits={}, out_length=25, **files)
    unstranded = dataclasses.replace(task, data=data)
    with pytest.raises(ValueError, match=r"0 forward and 0 reverse examples: name a motif in \[symmetry\]$"):
        symmetry(unstranded)


def test_words_are_counted_as_by_a_dictionary():
    from collections import Counter

    from rczoo.data.strand_symmetry import WORD, _words

    texts = ["ACGTACGTTTNACGTAC", "GGGTTTAAACCCGATCA"]
    counts = Counter(
        t[i : i + WORD] for t in texts for i in range(len(t) - WORD + 1) if "N" not in t[i : i + WORD]
    )
    found = _words(np.stack([dna.encode(t) for t in texts]))
    expected = sorted(count / sum(counts.values()) for count in counts.values())
    assert np.allclose(sorted(found[found > 0]), expected)
