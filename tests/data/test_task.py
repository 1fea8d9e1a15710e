import re

import numpy as np
import pytest
import torch

from rczoo import Rep, build
from rczoo.data.preparation import load_examples
from rczoo.data.task import UNSHARED, list_tasks, load_task
from rczoo.evaluation.losses import loss_of
from tests.support.real import ALIKE, PAPER, REACHABLE, real_task

TASK = """
kind = "labels"
[model]
architecture = "tf-cnn"
length = 101
[training]
batch_size = 4
[data]
source = "table"
train = "a.csv"
validation = "a.csv"
test = "a.csv"
"""

FILE = """[[files]]
path = "{}"
url = "http://127.0.0.1:9/a"
[data]"""


def test_the_zoo_has_every_task():
    assert list_tasks() == sorted([*REACHABLE, *ALIKE, *PAPER])


@pytest.mark.parametrize("name", [*REACHABLE, *ALIKE, *PAPER])
def test_every_task_file_is_complete(name):
    task = load_task(name)
    assert task.name == name
    assert task.title
    assert task.description
    assert task.origin.organism
    assert task.origin.citation
    model = build(**task.model.keywords(), strategy="rcps")
    assert model.rep_in == task.rep_in
    assert model.rep_out[0] == task.rep_out[0]
    if task.kind == "profile":
        shape = model(
            *(
                torch.zeros(1, r.channels, n)
                for r, n in zip(task.rep_in, (task.length, task.out_length), strict=False)
            )
        )
        assert shape.shape == (1, task.rep_out[0].channels, task.out_length)
    assert all(task.sources.get(f) or not f.endswith(".toml") for f in task.file_names())


@pytest.mark.realdata
@pytest.mark.parametrize("name", REACHABLE)
def test_every_reachable_task_gives_batches_that_obey_the_law_and_a_finite_loss(name):
    """RC of a batch is the Rep's action on it, bit for bit, at random rows, shifts and coins."""
    task = real_task(name)
    for split in ("train", "validation", "test"):
        examples = load_examples(task, split)
        rng = np.random.default_rng(0)
        rows = rng.integers(0, len(examples), 40)
        shifts = rng.integers(-examples.jitter, examples.jitter + 1, 40)
        coin = rng.random(40) < 0.5
        plain, turned = examples.batch(rows, shifts), examples.batch(rows, shifts, coin)
        for rep, a, b in zip((Rep.dna(), task.rep_out[0]), plain[::2], turned[::2], strict=True):
            torch.testing.assert_close(rep.act(a)[coin], b[coin], rtol=0, atol=0, equal_nan=True)
            torch.testing.assert_close(a[~coin], b[~coin], rtol=0, atol=0, equal_nan=True)
    model = build(**task.model.keywords(), strategy="standard")
    X, _, y = plain
    assert torch.isfinite(loss_of(task.kind)(model(X), y))


@pytest.mark.realdata
def test_gcn4_has_the_geometry_and_counts_of_its_description():
    task = real_task("gcn4")
    splits = {split: load_examples(task, split) for split in ("train", "validation", "test")}
    assert sum(len(e) for e in splits.values()) == 1026
    assert set(splits["test"].chrom) == {"chr4", "chr15"}
    assert set(splits["validation"].chrom) == {"chr7"}
    assert splits["train"].codes.shape[1] == 445
    assert splits["train"].target.shape[1:] == (2, 99)
    values = np.concatenate([np.asarray(e.target) for e in splits.values()])
    assert values[values > 0].min() == 1
    assert not (values < 0).any()


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "events"), [("cbf1", 624), ("ino2", 874)])
def test_other_factors(name, events):
    task = real_task(name)
    assert sum(len(load_examples(task, s)) for s in ("train", "validation", "test")) == events


@pytest.mark.realdata
def test_the_joint_task_masks_what_was_not_measured():
    joint, alone = load_examples(real_task("joint"), "test"), load_examples(real_task("ino2"), "test")
    target = np.asarray(joint.target)
    measured = ~np.isnan(target).any(axis=2)
    assert (measured[:, 0::2] == measured[:, 1::2]).all()
    assert measured.any(axis=1).all()
    assert measured[:, 4].sum() == len(alone)
    at = {(c, s): i for i, (c, s) in enumerate(zip(joint.chrom.tolist(), joint.start.tolist(), strict=True))}
    rows = [at[c, s] for c, s in zip(alone.chrom.tolist(), alone.start.tolist(), strict=True)]
    assert np.array_equal(target[rows, 4:6], alone.target)


@pytest.mark.realdata
def test_gue_is_cleaned_of_repeats_and_leaks():
    from rczoo.data.sources.table import first_occurrences, shares

    task = real_task("gue-tf4")
    train = np.asarray(load_examples(task, "train").codes)
    assert 14_000 < len(train) < 19_000 - 3_789
    assert first_occurrences(train).all()
    validation = np.asarray(load_examples(task, "validation").target)
    assert (len(validation), validation.sum()) == (1000, 505), "as published, both classes alike"
    assert not shares(np.asarray(load_examples(task, "validation").codes), train).any()
    assert len(load_examples(task, "test")) == 1000
    unshared = np.asarray(load_examples(task, UNSHARED).codes)
    assert 900 < len(unshared) < 1000
    assert not shares(unshared, train).any()


@pytest.mark.realdata
def test_binary_tasks_have_matched_negatives_far_from_the_factor():
    from rczoo.io.bed import read_bed
    from rczoo.io.genome import Genome

    task = real_task("mcm1")
    bound = read_bed(task.path("rossi-chipexo/Mcm1_CX.bed"))
    genome = Genome(task.path("s288c/S_cerevisiae.fasta.gz"))
    sites = bound.renamed(genome.resolve(bound.chrom))
    content = {0: [], 1: []}
    for split in ("train", "validation", "test"):
        examples = load_examples(task, split)
        label = np.asarray(examples.target)[:, 0]
        for chrom, start, y, codes in zip(examples.chrom, examples.start, label, examples.codes, strict=True):
            content[int(y)].append(np.isin(codes, (1, 2)).mean())
            if y == 0:
                places = sites.summit[sites.chrom == chrom]
                assert np.abs(places - (start + 500)).min() >= 1000
    assert abs(np.mean(content[0]) - np.mean(content[1])) < 0.01
    assert 3 < len(content[0]) / len(content[1]) <= 4
    test = load_examples(task, "test")
    assert set(test.chrom) == {"chrIV", "chrXV"}
    assert set(load_examples(task, "validation").chrom) == {"chrVII"}


@pytest.mark.realdata
def test_yeast_tss_counts_are_those_of_the_r_object():
    from rczoo.data.sources.transcription_starts import read_sample

    task = real_task("yeast-tss")
    examples = load_examples(task, "test")
    path = task.path("stripe-seq/S288C_TSSs.RDS")
    samples = [read_sample(path, f"S288C_WT_{k}") for k in (1, 2, 3)]
    for row in (0, 100, 300):
        name = str(examples.chrom[row]).removeprefix("chr")
        first = int(examples.start[row]) + 173
        for strand, sign in enumerate("+-"):
            total = sum(
                score[(c == name) & (s == sign) & (p >= first) & (p < first + 500)].sum()
                for c, p, s, score in samples
            )
            assert examples.target[row, strand].sum() == total


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"labels"', '"label"', "kind is 'label': write one of labels, profile"),
        ('"labels"', '"profile"', "kind is 'profile', but .* source 'table' gives labels"),
        ('"table"', '"excel"', "source is 'excel': write one of simulation"),
        ("length = 101", "", "needs 'length'"),
        ("batch_size = 4", "", "needs 'batch_size'"),
        ("[data]", "[dat]", "unknown entry 'dat'; did you mean 'data'"),
        ("[model]", "[model", "is not TOML"),
        (
            "[data]",
            FILE.format("../../.bashrc"),
            r"my.toml: \[\[files\]\]: the path '../../.bashrc' leads out",
        ),
        ("[data]", FILE.format("/etc/passwd"), r"my.toml: .* the path '/etc/passwd' leads out of the cache"),
        (
            "[data]",
            FILE.format("a").replace("url", "uri"),
            r"my.toml: \[files\] unknown entry 'uri'; did you mean 'url'\?",
        ),
        ("kind", 'name = "../../x"\nkind', "my.toml: name is '../../x': write a plain one"),
    ],
)
def test_a_bad_task_file_is_told_what_to_write(tmp_path, old, new, words):
    path = tmp_path / "my.toml"
    path.write_text(TASK.replace(old, new))
    with pytest.raises(ValueError, match=words):
        load_task(path)


PROFILE = """
kind = "profile"
[model]
architecture = "bpnet"
length = 546
control = "2t"
[training]
batch_size = 4
epochs = 3
patience = 0
learning_rate = 1e-3
criterion = "loss"
augment = "batch"
[data]
source = "intervals"
genome = "g.fa"
positives = "sites.bed"
out_length = 200
jitter = 5
splits = { validation = ["chr2"], test = ["chr3"] }
[[data.signal]]
plus = "plus.bw"
minus = "minus.bw"
[data.control]
plus = ["cplus.bw"]
minus = "cminus.bw"
widths = [1, 5]
"""
MATCHED = """
[data.matched]
sites = "a.bed"
distance = 9
per_positive = 1
seed = 1
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "length = 546",
            "length = 546\nfilterz = 3",
            "[model] unknown entry 'filterz'; did you mean 'filt",
        ),
        (
            "learning_rate",
            "learnig_rate",
            "[training] unknown entry 'learnig_rate'; did you mean 'learning",
        ),
        ("jitter", "jiter", "[data] unknown entry 'jiter'; did you mean 'jitter'?"),
        (
            "{ validation",
            "{ validaton",
            "[data.splits] unknown entry 'validaton'; did you mean 'valid",
        ),
        ('plus = "plus', 'plas = "plus', "[data.signal] unknown entry 'plas'; did you mean 'plus'?"),
        ("widths", "width", "[data.control] unknown entry 'width'; did you mean 'widths'?"),
        (
            "[data.control]",
            MATCHED + "sede = 1\n[data.control]",
            "[data.matched] unknown entry 'sede'",
        ),
        ("jitter", "clean", "[data] unknown entry 'clean'; choose from source, splits"),
        ('"batch"', '"bacth"', "[training] augment is 'bacth': write one of batch, set"),
        (
            'criterion = "loss"',
            'criterion = "los"',
            "[training] criterion is 'los': write one of loss, auroc",
        ),
        (
            'criterion = "loss"',
            'criterion = "auroc"',
            "[training] criterion is 'auroc', which only labels have",
        ),
        ("batch_size = 4", "batch_size = 0", "[training] batch_size is 0: write a whole number >= 1"),
        ("batch_size = 4", "batch_size = true", "[training] batch_size is True: write a whole number >= 1"),
        ("epochs = 3", "epochs = 2.5", "[training] epochs is 2.5: write a whole number >= 1"),
        ("patience = 0", 'patience = "ten"', "[training] patience is 'ten': write a whole number >= 0"),
        ("1e-3", "0", "[training] learning_rate is 0: write a number > 0"),
        ("1e-3", "inf", "[training] learning_rate is inf: write a number > 0"),
        ("patience", "positives = 1\npatience", "[training] gives one of positives and negatives: give both"),
        (
            "patience",
            "positives = 1\nnegatives = 99\npatience",
            "[training] positives to negatives are 1 to 99, which leaves one of them out of batches of 4",
        ),
        (
            "patience",
            "positives = 1\nnegatives = 3\npatience",
            "[training] positives and negatives need one label: leave them out",
        ),
        (
            "patience = 0",
            'schedule = "plateau"',
            "[training] schedule is 'plateau', which follows the patience: give a patience >= 1",
        ),
        ("splits", "# splits", "[data] needs 'splits': write a table with train, validation, test"),
        ("genome", "# genome", "[data] needs 'genome': write the name of a file, or a list of them"),
        ("positives", "# positives", "[data] needs 'positives': write the name of a file"),
        ("out_length", "# out_length", "[data] needs 'out_length', the number of profile positions"),
        (
            "[[data.signal]]",
            "[data.signal]",
            "[data] signal is {'plus': 'plus.bw'",
        ),
        (
            '[[data.signal]]\nplus = "plus.bw"\nminus = "minus.bw"',
            "",
            "[data] needs 'signal'",
        ),
        ('minus = "minus.bw"', "", "[data.signal] gives plus: give plus and minus"),
        ("length = 546", 'length = 546\noutputs = "1r"', ""),
        (
            "length = 546",
            'length = 546\noutputs = "1r+1t"',
            "[model] outputs is '1r+1t', but the tables [[data.signal]] are of 1r: write outputs = \"1r\"",
        ),
        (
            "[data.control]",
            '[[data.signal]]\nboth = "b.bw"\n[data.control]',
            '[model] outputs is 1, but the tables [[data.signal]] are of 1r+1t: write outputs = "1r+1t"',
        ),
        (
            "length = 546",
            'length = 546\noutputs = "1q"',
            "[model] outputs is '1q': write a whole number >= 1, or the Rep of tracks",
        ),
        ("length = 546", "length = 546\noutputs = 0", "[model] outputs is 0: write a whole number >= 1"),
        (
            'minus = "cminus.bw"',
            'both = "b.bw"',
            "[data.control] gives plus and both: give plus",
        ),
        ("widths = [1, 5]", "", "[data.control] needs 'widths': write a list of odd"),
        ("[1, 5]", "[1]", "[model] control has 2 channels, [data.control] 1 widths: make them equal"),
        ('control = "2t"', "", "[model] control has 0 channels, [data.control] 2 widths"),
        (
            "[data.control]",
            '[data.matched]\nsites = "a"\n[data.control]',
            "[data.matched] needs 'distance'",
        ),
        ("jitter", 'negatives = "n.bed"\njitter', ""),
        ("[data.control]", MATCHED + "[data.control]", ""),
        (
            "jitter = 5",
            'negatives = "n"\nmatched = 3',
            "[data] matched is 3: write a table with",
        ),
        (
            "jitter = 5",
            'negatives = "n"\nmatched = { sites = "a", distance = 9, per_positive = 1, seed = 1 }',
            "[data] gives both negatives and matched: keep one",
        ),
        ("jitter = 5", 'jitter = "x"', "[data] jitter is 'x': write a whole"),
        ('"chr2"', "2", "[data.splits] validation is [2]: write a list of chromosomes"),
        (
            "length = 546",
            'length = "x"',
            "[model] length is 'x': write the number of input",
        ),
    ],
)
def test_every_entry_of_every_table_is_checked_on_reading(tmp_path, old, new, words):
    path = tmp_path / "my.toml"
    path.write_text(PROFILE.replace(old, new, 1))
    if not words:
        load_task(path)
        return
    with pytest.raises(ValueError, match="^" + re.escape(f"my.toml: {words}")):
        load_task(path)


def test_unknown_names(tmp_path):
    with pytest.raises(ValueError, match="no task 'gcn5'; near it: gcn4"):
        load_task("gcn5")
    with pytest.raises(ValueError, match=r"no task file .*none.toml: check the path"):
        load_task(tmp_path / "none.toml")
    (tmp_path / "my.toml").write_text(TASK)
    task = load_task(tmp_path / "my.toml")
    with pytest.raises(ValueError, match="no split 'dev': choose from train, validation, test"):
        load_examples(task, "dev")
    with pytest.raises(
        FileNotFoundError, match=r"no file 'a.csv' in .*: give its path relative to the task file"
    ):
        load_examples(task, "train")
