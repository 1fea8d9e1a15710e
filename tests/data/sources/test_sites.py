"""The whole pipeline on miniature files, against a loop over the strings and arrays they were made from."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rczoo import Rep
from rczoo.data.preparation import load_examples, notes
from rczoo.data.sources.sites import site_windows
from rczoo.data.task import load_task
from rczoo.symmetry import dna
from tests.support.miniature import chip_signal, random_genome, write_bed, write_bigwig, write_fasta

GENOME = random_genome(2, {"chr1": 300, "chr2": 260, "chr3": 340})
SIGNAL = chip_signal(GENOME, [("chr1", 90), ("chr2", 130), ("chr3", 200)])
CONTROL = chip_signal(GENOME, [("chr3", 60)], seed=5)
FULL = """
kind = "profile"
[model]
architecture = "bpnet"
length = {length}
outputs = 1
control = "{control}"
[training]
batch_size = 4
[data]
source = "intervals"
genome = "g.fa"
positives = "sites.bed"
jitter = {jitter}
out_length = {out}
splits = {{ train = ["chr1", "chr2", "chr3"] }}
[[data.signal]]
plus = "plus.bw"
minus = "minus.bw"
[data.control]
plus = "cplus.bw"
minus = "cminus.bw"
widths = [1, 5]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        write_fasta(folder / "g.fa", GENOME)
        for name, track in zip(("plus", "minus", "cplus", "cminus"), (*SIGNAL, *CONTROL), strict=True):
            write_bigwig(folder / f"{name}.bw", track)
        yield folder


def prepared(folder, sites, length=40, out=20, jitter=3, text=FULL, control="2t"):
    """Examples of the training split, prepared afresh."""
    from rczoo.data.examples import Examples

    write_bed(folder / "sites.bed", [(c, p, p + 1, ".", 0, s) for c, p, s in sites])
    (folder / "t.toml").write_text(text.format(length=length, out=out, jitter=jitter, control=control))
    task = load_task(folder / "t.toml")
    splits, _ = site_windows(task)
    rep_control = task.rep_in[1] if len(task.rep_in) > 1 else None
    return task, Examples(**splits["train"], rep_out=task.rep_out[0], rep_control=rep_control, jitter=jitter)


def reference(chrom, first, length, out):
    """The batch of one window on the plus strand, base by base."""
    X = np.zeros((4, length), dtype=np.float32)
    for i in range(length):
        X["ACGT".index(GENOME[chrom][first + i]), i] = 1
    margin = (length - out) // 2
    positions = range(first + margin, first + margin + out)
    y = np.array([[track[chrom][p] for p in positions] for track in SIGNAL])
    total = CONTROL[0][chrom] + CONTROL[1][chrom]
    padded = np.pad(total, 2)
    smooth = [[padded[p : p + 5].sum() / 5 for p in positions], [total[p] for p in positions]]
    return X, np.array([smooth[1], smooth[0]]), y


places = st.tuples(st.sampled_from(list(GENOME)), st.integers(0, 339), st.sampled_from("+-."))


@settings(max_examples=25)
@given(
    sites=st.lists(places, min_size=1, max_size=6),
    length=st.integers(8, 31),
    half=st.integers(0, 3),
    jitter=st.integers(0, 6),
    seed=st.integers(0, 9),
)
def test_rc_law_of_the_whole_pipeline(folder, sites, length, half, jitter, seed):
    """The batch of the RC intervals is the Rep's action on the batch of the intervals, bit for bit."""
    sites = [(c, min(p, len(GENOME[c]) - 1), s) for c, p, s in sites]
    out = length - 2 * half
    mirrored = [(c, p, "+" if s == "-" else "-") for c, p, s in sites]
    task, here = prepared(folder, sites, length, out, jitter)
    _, there = prepared(folder, mirrored, length, out, jitter)
    inside = [0 <= p - length // 2 <= len(GENOME[c]) - length for c, p, _ in sites]
    assert len(here) == len(there) == sum(inside)
    rows = np.arange(len(here))
    shifts = np.random.default_rng(seed).integers(-jitter, jitter + 1, len(here))
    plain, turned = here.batch(rows, shifts), there.batch(rows, shifts)
    coin = here.batch(rows, shifts, np.ones(len(here), dtype=bool))
    for rep, a, b, c in zip((*task.rep_in, task.rep_out[0]), plain, turned, coin, strict=True):
        assert torch.equal(rep.act(a), b)
        assert torch.equal(b, c)


@settings(max_examples=25)
@given(
    sites=st.lists(places, min_size=1, max_size=4),
    length=st.integers(10, 31),
    half=st.integers(0, 4),
    shift=st.integers(-4, 4),
)
def test_against_a_loop_over_bases(folder, sites, length, half, shift):
    out = length - 2 * half
    sites = [(c, min(p, len(GENOME[c]) - 1), s) for c, p, s in sites]
    _, examples = prepared(folder, sites, length, out, 4)
    inside = [s for s in sites if 0 <= s[1] - length // 2 <= len(GENOME[s[0]]) - length]
    for row, (chrom, place, strand) in enumerate(inside):
        end = len(GENOME[chrom]) - length
        first = min(max(place - length // 2 + shift, 0), end)
        X, control, y = reference(chrom, first, length, out)
        if strand == "-":
            X, control, y = X[::-1, ::-1], control[:, ::-1], y[::-1, ::-1]
        found = examples.batch([row], [shift])
        assert np.array_equal(found[0][0], X)
        assert np.array_equal(found[2][0], y)
        assert np.allclose(found[1][0], control)


def test_windows_off_the_end_are_left_out_and_told(folder):
    write_bed(folder / "sites.bed", [("chr1", 2, 3), ("chr1", 150, 151)])
    (folder / "t.toml").write_text(FULL.format(length=40, out=20, jitter=3, control="2t"))
    task = load_task(folder / "t.toml")
    assert len(load_examples(task, "train")) == 1
    train, validation = (load_examples(task, split) for split in ("train", "validation"))
    assert (train.codes.shape[1], validation.codes.shape[1]) == (46, 40)  # only what is trained on moves
    assert train.length == validation.length == 40
    assert "1 of 2 windows run off their chromosome: left out" in notes(task)


def test_an_unstranded_track_is_trivial_and_replicates_add_up(folder):
    text = FULL.replace('plus = "plus.bw"\nminus = "minus.bw"', 'both = ["plus.bw", "minus.bw"]')
    with pytest.raises(ValueError, match=r'outputs is 1, but the tables .* are of 1t: write outputs = "1t"'):
        prepared(folder, [("chr1", 90, "-")], text=text)
    text = text.replace("outputs = 1", 'outputs = "1t"')
    task, examples = prepared(folder, [("chr1", 90, "-")], text=text)
    assert task.rep_out == (Rep("1t"),)
    total = SIGNAL[0]["chr1"] + SIGNAL[1]["chr1"]
    assert np.array_equal(examples.batch([0])[2][0, 0], total[80:100][::-1])


def test_chromosome_names_may_differ_between_files(folder):
    _, examples = prepared(folder, [("1", 90, "+")])
    assert examples.chrom.tolist() == ["chr1"]
    assert dna.decode(examples.codes[0]) == GENOME["chr1"][67:113]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("length = 40", "length = 41"), "input length 41 and out_length 20 differ by 21: it must be even"),
        (("widths = [1, 5]", "widths = [1, 4]"), "smooth: width 4 is even"),
        (('"g.fa"', '"h.fa"'), "no file 'h.fa' in .*: give its path relative to the task file"),
        (
            ('["chr1", "chr2", "chr3"]', '["chr1"], test = ["chr1"]'),
            "chromosome chr1 is in both train and test",
        ),
        (('["chr1", "chr2", "chr3"]', '["chr9"]'), "g.fa has no chromosome 'chr9' under any name"),
        (('plus = "plus.bw"', 'plus = "g.fa"'), "g.fa is not a bigWig file"),
    ],
)
def test_messages(folder, change, words):
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        prepared(folder, [("chr1", 90, "+")], text=FULL.replace("{length}", "40").replace(*change))


def test_negative_signal_is_refused(folder):
    write_bigwig(folder / "negative.bw", {name: -values for name, values in SIGNAL[1].items()})
    with pytest.raises(ValueError, match=r"negative.bw has negative signal \(-.*\): counts are wanted"):
        prepared(folder, [("chr1", 90, "+")], text=FULL.replace('"minus.bw"', '"negative.bw"'))


def test_a_genome_without_the_sites_chromosome(folder):
    with pytest.raises(ValueError, match=r"g.fa has no chromosome 'chrX' .* use the genome that the regions"):
        prepared(folder, [("chrX", 90, "+")])


def test_a_changed_file_is_prepared_anew(folder):
    (folder / "t.toml").write_text(FULL.format(length=40, out=20, jitter=0, control="2t"))
    task = load_task(folder / "t.toml")
    for rows in ([("chr1", 90, 91)], [("chr1", 90, 91), ("chr2", 130, 131)]):
        write_bed(folder / "sites.bed", rows)
        assert len(load_examples(task, "train")) == len(rows)
    wider = dataclasses.replace(task, model=task.model.model_copy(update={"length": 60}))
    assert load_examples(wider, "train").length == 60


def test_minimum_counts_are_of_the_window_without_the_margin_for_jitter(folder):
    """Signal that only a shifted window would see is not counted, and every replicate has to have enough."""
    places = {"one": [150], "both": [150, 168], "margin": [138, 139, 161, 162]}
    for name, at in places.items():
        track = np.zeros(300)
        track[at] = 1
        empty = {c: np.zeros(len(s)) for c, s in GENOME.items()}
        write_bigwig(folder / f"{name}.bw", empty | {"chr1": track})
    text = FULL.replace("control = ", "# ").split("[data.control]")[0]
    text = text.replace("jitter =", "minimum_counts = 2\njitter =")
    kept = {}
    for name in places:
        changed = text.replace('plus = "plus.bw"', f'plus = ["one.bw", "{name}.bw"]')
        changed = changed.replace('minus = "minus.bw"', f'minus = ["one.bw", "{name}.bw"]')
        kept[name] = len(prepared(folder, [("chr1", 150, "+")], 40, 20, 3, changed)[1])
    assert kept == {"one": 1, "both": 1, "margin": 0}


def test_jitter_reaches_both_of_its_ends(folder):
    from rczoo.data.batches import Epoch
    from rczoo.data.recipe import Training

    _, examples = prepared(folder, [("chr1", 150, "+")] * 40, jitter=2)
    seen = set()
    for number in range(3):
        for X, _, _ in Epoch(examples, Training(batch_size=8), "", 0, number):
            seen |= {dna.decode(x.argmax(0).numpy().astype(np.uint8)) for x in X}
    assert seen == {GENOME["chr1"][130 + s : 170 + s] for s in range(-2, 3)}


def test_positions_count_from_0(folder):
    """The window of 40 around base 150, counted from 0, has that base at number 20."""
    _, examples = prepared(folder, [("chr1", 150, "+")], jitter=0)
    assert dna.decode(examples.codes[0]) == GENOME["chr1"][130:170]
    assert examples.start.tolist() == [130]
    assert np.array_equal(examples.target[0, 0], SIGNAL[0]["chr1"][140:160])


def test_negatives_keep_their_distance_from_every_site_before_sites_are_joined(folder, monkeypatch):
    from rczoo.data.sources import matched_negatives

    def note(inside, bound, sites, *_):
        counted.append((len(inside), len(bound)))
        return sites

    counted = []
    monkeypatch.setattr(matched_negatives, "matched", note)
    text = FULL.split("[[data.signal]]")[0].replace('"profile"', '"labels"').replace("out_length = {out}", "")
    text = text.replace('control = "{control}"', "").replace("jitter = {jitter}", "merge = 50")
    text += 'matched = {{ sites = "sites.bed", distance = 30, per_positive = 1, seed = 0 }}\n'
    _, examples = prepared(folder, [("chr1", 100, "+"), ("chr1", 140, "+")], jitter=0, text=text)
    assert counted == [(1, 2)]
    assert examples.target.ravel().tolist() == [1, 0]
