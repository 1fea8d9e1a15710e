"""Every kind of bad input, and the sentence that finds it."""

import dataclasses

import numpy as np
import pytest

from rczoo.data.quality import check_task
from rczoo.data.task import load_task
from rczoo.symmetry import dna
from tests.support.miniature import chip_signal, random_genome, write_bed, write_bigwig, write_fasta
from tests.support.real import real_task

TASK = """
kind = "profile"
[model]
architecture = "bpnet"
length = 546
outputs = 1
[training]
batch_size = 16
[data]
source = "intervals"
genome = "g.fa"
positives = "sites.bed"
out_length = 200
splits = { validation = ["chr2"], test = ["chr3"] }
[[data.signal]]
plus = "plus.bw"
minus = "minus.bw"
"""
LABELS = """
kind = "labels"
[model]
architecture = "tf-cnn"
length = 60
[training]
batch_size = 16
[data]
source = "table"
train = "train.csv"
validation = "validation.csv"
test = "test.csv"
"""
GENOME = random_genome(3, {f"chr{i}": 30_000 for i in (1, 2, 3)})
SITES = [(chrom, place) for chrom in GENOME for place in range(1000, 29_000, 700)]
PLUS, MINUS = chip_signal(GENOME, SITES)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    write_fasta(tmp_path / "g.fa", GENOME)
    write_bed(tmp_path / "sites.bed", [(c, p, p + 1) for c, p in SITES])
    write_bigwig(tmp_path / "plus.bw", PLUS)
    write_bigwig(tmp_path / "minus.bw", MINUS)
    (tmp_path / "t.toml").write_text(TASK)
    return tmp_path


def problems(folder, name="t.toml"):
    return {f.check: f.message for f in check_task(load_task(folder / name)) if f.level == "problem"}


def test_good_data_have_no_problems(folder, monkeypatch):
    assert problems(folder) == {}
    monkeypatch.setattr("rczoo.data.quality.ENRICHMENT", 9.0)
    assert "(at least 9 is expected)" in problems(folder)["enrichment"]


def test_swapped_strands(folder):
    (folder / "t.toml").write_text(
        TASK.replace("plus.bw", "x.bw").replace("minus.bw", "plus.bw").replace("x.bw", "minus.bw")
    )
    found = problems(folder)
    assert list(found) == ["strands"]
    assert (
        "to the right of minus-strand signal, which is the wrong way round for a bound factor"
        in found["strands"]
    )
    assert "are the strands swapped?" in found["strands"]
    (folder / "t.toml").write_text(
        (folder / "t.toml").read_text().replace("[data]", '[data]\nassay = "transcription"')
    )
    assert problems(folder) == {}


def test_one_strand_given_twice(folder):
    (folder / "t.toml").write_text(TASK.replace("minus.bw", "plus.bw"))
    assert (
        "channels 0 and 1 are the same signal: give the plus and the minus strand"
        in problems(folder)["strands"]
    )


def test_another_chromosome_naming_and_a_missing_one(folder):
    write_bed(folder / "sites.bed", [(c.removeprefix("chr"), p, p + 1) for c, p in SITES])
    notes = [str(f) for f in check_task(load_task(folder / "t.toml"))]
    assert "note: g.fa: 1 is chr1, 2 is chr2, 3 is chr3" in notes
    write_bed(folder / "sites.bed", [("chr9", 1000, 1001)])
    assert "g.fa has no chromosome 'chr9' under any name" in problems(folder)["preparation"]


def test_windows_off_the_end(folder):
    write_bed(folder / "sites.bed", [(c, p, p + 1) for c, p in [*SITES, ("chr1", 5), ("chr1", 29_990)]])
    assert "note: 2 of 122 windows run off their chromosome: left out" in map(
        str, check_task(load_task(folder / "t.toml"))
    )


def test_negative_signal(folder):
    write_bigwig(folder / "minus.bw", {name: -v for name, v in MINUS.items()})
    assert "minus.bw has negative signal (-" in problems(folder)["preparation"]


def test_nan_in_a_table_of_profiles():
    from rczoo.data.examples import Examples
    from rczoo.data.quality import missing, profiles_of
    from rczoo.symmetry.rep import Rep

    target = np.ones((3, 2, 9))
    target[1, 0, 4] = np.nan
    target[2] = -1
    examples = Examples(np.zeros((3, 9), np.uint8), target, Rep("1r"))
    found = [str(f) for f in missing(None, {"train": profiles_of(examples)})]
    assert found == [
        "problem: train: 1 profiles have NaN within: fill them or drop the sites",
        "problem: train: 1 profiles have negative signal: counts are wanted",
    ]


def test_the_wrong_genome(folder):
    """Sites called on another assembly: the same names and lengths, other places."""
    rng = np.random.default_rng(0)
    write_bed(
        folder / "sites.bed", [(c, int(p), int(p) + 1) for c in GENOME for p in rng.integers(300, 29_000, 40)]
    )
    assert (
        "times the genome's mean (at least 2 is expected): are sites and signal of one genome"
        in problems(folder)["enrichment"]
    )
    write_bigwig(folder / "plus.bw", {name: v[:20_000] for name, v in PLUS.items()})
    assert "plus.bw: chr1 has 20000 bases, the genome's chr1 30000" in problems(folder)["preparation"]


def test_signal_off_centre(folder):
    write_bed(folder / "sites.bed", [(c, p + 7, p + 8) for c, p in SITES])
    assert problems(folder)["centre"].startswith("signal is centred -7 bases from the middle of the window")


@pytest.mark.parametrize("shift", [-60, -40, 40, 60])
def test_signal_far_off_centre(folder, shift):
    """Beyond 30 bases, where the lag is more than 60, and beyond a quarter of the window."""
    write_bed(folder / "sites.bed", [(c, p - shift, p - shift + 1) for c, p in SITES])
    assert problems(folder)["centre"].startswith(f"signal is centred {shift:+d} bases from the middle")


def test_signal_beyond_what_is_tried_is_off_centre_all_the_same(folder):
    write_bed(folder / "sites.bed", [(c, p - 75, p - 74) for c, p in SITES])
    assert "signal is centred" in problems(folder)["centre"]


def test_silent_windows_and_channels(folder):
    empty = {name: (v if name == "chr1" else np.zeros_like(v)) for name, v in MINUS.items()}
    write_bigwig(folder / "minus.bw", empty)
    messages = [f.message for f in check_task(load_task(folder / "t.toml"))]
    assert "validation: channel 1 has no signal: check its bigWig" in messages
    write_bigwig(folder / "plus.bw", {n: (v if n == "chr1" else np.zeros_like(v)) for n, v in PLUS.items()})
    messages = [f.message for f in check_task(load_task(folder / "t.toml"))]
    assert "test: 40 of 40 windows have no signal at all" in messages


def test_an_empty_split_and_unknown_bases(folder):
    (folder / "t.toml").write_text(TASK.replace('["chr2"]', "[]"))
    assert problems(folder)["splits"].startswith(
        "validation has no examples: name chromosomes that have sites"
    )
    write_fasta(folder / "g.fa", {**GENOME, "chr3": "N" * 30_000})
    (folder / "t.toml").write_text(TASK)
    assert problems(folder)["unknown bases"].startswith("test: 100.0% of the bases are N")


def table(path, sequences, labels):
    rows = [f"{s},{y}" for s, y in zip(sequences, labels, strict=True)]
    path.write_text("\n".join(["sequence,label", *rows]) + "\n")


def random_sequences(n, seed):
    rng = np.random.default_rng(seed)
    return [dna.decode(row) for row in rng.integers(0, 4, (n, 60), dtype=np.uint8)]


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "t.toml").write_text(LABELS)
    for seed, split in enumerate(("train", "validation", "test")):
        table(tmp_path / f"{split}.csv", random_sequences(20, seed), [0, 1] * 10)
    return tmp_path


def test_one_class_missing(tables):
    assert problems(tables) == {}
    table(tables / "validation.csv", random_sequences(20, 7), [1] * 20)
    assert problems(tables)["classes"] == (
        "validation: label 0 has only the class 1: give negatives as well as positives in every split"
    )


def test_leaks_and_repeats_on_either_strand(tables):
    train = random_sequences(20, 0)
    turned = dna.reverse_complement(train[3])
    table(tables / "test.csv", [*random_sequences(19, 2), turned], [0, 1] * 10)
    assert problems(tables)["leaks"].startswith(
        "test: 1 of 20 sequences share 50 bases with train, on either strand"
    )
    table(tables / "test.csv", random_sequences(20, 2), [0, 1] * 10)
    table(tables / "validation.csv", [*random_sequences(19, 1), turned], [0, 1] * 10)
    assert problems(tables)["leaks"].startswith("validation: 1 of 20 sequences share 50 bases with train")
    table(tables / "train.csv", [*train[:19], turned], [0, 1] * 10)
    assert problems(tables)["repeats"].startswith("train: 1 of 20 sequences repeat an earlier one")


@pytest.mark.realdata
def test_it_finds_the_leaks_of_the_raw_gue_tf4():
    task = real_task("gue-tf4")
    raw = dataclasses.replace(task, data=task.data.model_copy(update={"clean": False}))
    messages = [f.message for f in check_task(raw) if f.level == "problem"]
    assert any(m.startswith("train: 3789 of 19000 sequences repeat an earlier one") for m in messages)
    assert any(m.startswith("validation: 394 of 1000 sequences share 50 bases with train") for m in messages)
    assert not [f for f in check_task(task) if f.level == "problem"]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["gcn4", "cbf1", "ino2", "joint"])
def test_it_finds_the_raw_chalmers_offset(name):
    task = real_task(name)
    raw = dataclasses.replace(
        task,
        model=task.model.model_copy(update={"length": 447}),
        data=task.data.model_copy(update={"columns": (-50, 50), "out_length": 101}),
    )
    found = [f.message for f in check_task(raw) if f.level == "problem"]
    assert len(found) == 1
    assert found[0].startswith("signal is centred +1 bases from the middle of the window")
    assert not [f for f in check_task(task) if f.level == "problem"]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["reb1", "yeast-tss"])
def test_the_zoos_own_tasks_have_no_problems(name):
    assert not [f for f in check_task(real_task(name)) if f.level == "problem"]


def test_labels_in_memory_are_0_and_1():
    from rczoo.data.quality import _classes
    from tests.support.tiny_tasks import labels

    task = labels()
    train = task.in_memory["train"]
    target = train.target.copy()
    target[3, 1], target[:5, 2] = -1, np.nan
    found = [str(f) for f in _classes(task, {"train": dataclasses.replace(train, target=target)})]
    assert found == [
        "problem: train: label 1 has the value -1: labels are 0 and 1",
        "note: train: label 2 is not measured (NaN) in 5 of 40",
    ]


def test_partly_missing_profiles_are_told_from_those_not_measured():
    from rczoo.data.examples import Examples
    from rczoo.data.quality import missing, profiles_of
    from rczoo.symmetry.rep import Rep

    target = np.ones((4, 4, 9))
    target[0, 2:] = np.nan  # the second factor was not measured
    target[1] = np.nan
    examples = Examples(np.zeros((4, 9), np.uint8), target, Rep("2r"))
    assert list(missing(None, {"train": profiles_of(examples)})) == []
    target[2, 0, 0] = target[3, 3, 8] = np.nan
    assert "train: 2 profiles have NaN within" in str(next(missing(None, {"train": profiles_of(examples)})))


def test_signal_that_is_infinite_is_refused_with_its_place(folder):
    PLUS["chr1"][1000], before = np.inf, PLUS["chr1"][1000]
    try:
        write_bigwig(folder / "plus.bw", PLUS)
    finally:
        PLUS["chr1"][1000] = before
    assert "plus.bw: chr1:1001 is inf, which is no signal" in problems(folder)["preparation"]


def test_a_negative_minus_strand_has_a_sign(folder):
    write_bigwig(folder / "minus.bw", {name: -v for name, v in MINUS.items()})
    assert "write sign = -1 beside plus and minus" in problems(folder)["preparation"]
    (folder / "t.toml").write_text(TASK.replace('minus = "minus.bw"', 'minus = "minus.bw"\nsign = -1'))
    assert problems(folder) == {}


def test_bad_lines_of_a_bed_file_are_refused_or_left_out_and_noted(folder):
    rows = [(c, p, p + 1) for c, p in SITES] + [("chr9", 5, 6), ("chr1", 29_999, 30_001), ("chr1", 7, 7)]
    write_bed(folder / "sites.bed", rows)
    said = problems(folder)["preparation"]
    assert said.startswith("sites.bed has 3 bad lines: line 121: g.fa has no chromosome 'chr9'")
    assert said.endswith("; skip_bad = true in [data] leaves such lines out")
    (folder / "t.toml").write_text(TASK.replace("[data]", "[data]\nskip_bad = true"))
    notes = [str(f) for f in check_task(load_task(folder / "t.toml"))]
    assert "note: sites.bed: 1 empty interval, 1 unknown chromosome, 1 past the end left out" in notes
    assert problems(folder) == {}


def test_every_step_of_a_check_is_told(tables):
    from rczoo.data.quality import steps

    told = []
    task = load_task(tables / "t.toml")
    check_task(task, told.append)
    assert told == [1] * steps(task)
