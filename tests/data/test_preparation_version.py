"""The arrays that each kind of source gives, recorded: they change only together with ``PREPARATION``."""

import hashlib

import numpy as np
import pytest

from rczoo.data import preparation
from rczoo.data.task import load_task
from tests.support.miniature import chip_signal, random_genome, write_bed, write_bigwig, write_fasta

GENOME = random_genome(4, {"chr1": 2500, "chr2": 2500, "chr3": 2500})
PLACES = {chrom: range(150, 2300, 190) for chrom in GENOME}
SITES = [(chrom, place) for chrom, places in PLACES.items() for place in places]
SPLITS = 'splits = { validation = ["chr2"], test = ["chr3"] }'
TASKS = {
    "simulation": """
kind = "labels"
model = { architecture = "motif-cnn", length = 130, outputs = 3 }
[data]
source = "simulation"
per_motif = 20
counts = { train = 30, validation = 15, test = 15 }
label_noise = 0.2
seed = 3
planted_labels = true
""",
    "table": """
kind = "labels"
model = { architecture = "motif-cnn", length = 60 }
data = { source = "table", train = "train.csv", validation = "dev.csv", test = "test.csv", clean = true }
""",
    "chalmers-chipexo": f"""
kind = "profile"
model = {{ architecture = "bpnet", length = 101, outputs = 2 }}
[data]
source = "chalmers-chipexo"
genome = ["genome.fa"]
columns = [-20, 20]
out_length = 41
{SPLITS}
[[data.factors]]
name = "A"
events = "a_events.txt"
profiles = "a_profiles.csv"
[[data.factors]]
name = "B"
events = "b_events.txt"
profiles = "b_profiles.csv"
""",
    "intervals, labels": f"""
kind = "labels"
model = {{ architecture = "motif-cnn", length = 80 }}
[data]
source = "intervals"
genome = "genome.fa"
positives = "sites.bed"
merge = 30
jitter = 5
{SPLITS}
matched = {{ sites = "others.bed", distance = 40, per_positive = 2, seed = 1 }}
""",
    "intervals, profile": f"""
kind = "profile"
model = {{ architecture = "bpnet", length = 80, outputs = 1, control = "2t" }}
[data]
source = "intervals"
genome = "genome.fa"
positives = "sites.bed"
jitter = 4
out_length = 40
minimum_counts = 3
{SPLITS}
signal = [{{ plus = ["plus.bw", "plus.bw"], minus = ["minus.bw", "minus.bw"] }}]
control = {{ plus = "plus.bw", minus = "minus.bw", widths = [1, 5] }}
""",
    "peaks": f"""
kind = "labels"
model = {{ architecture = "motif-cnn", length = 60 }}
[data]
source = "peaks"
positives = "own.fa"
negatives = "alien.fa"
distance = 20
seed = 1
{SPLITS}
""",
    "deepbind-encode": """
kind = "labels"
model = { architecture = "motif-cnn", length = 60 }
data = { source = "deepbind-encode", peaks = "a.seq", test = "b.seq", validation = 0.2, seed = 1 }
""",
    "tiles": f"""
kind = "labels"
model = {{ architecture = "motif-cnn", length = 80, outputs = 2 }}
[data]
source = "tiles"
genome = "genome.fa"
places = "others.bed"
step = 40
margin = 10
{SPLITS}
factors = [{{ name = "A", sites = "sites.bed" }}, {{ name = "B", sites = "others.bed" }}]
""",
}
TRAINING = "training = { batch_size = 4, epochs = 1 }\n"

RECORDED = {
    2: {
        "simulation": "1d6b0c9374656fb7",
        "table": "e541242b6af6f615",
        "chalmers-chipexo": "374b36b9384fe08d",
        "intervals, labels": "6168a5cf7824e46b",
        "intervals, profile": "72f3dc0fc78f8bf4",
        "peaks": "524f9d45f0028c79",
        "deepbind-encode": "daadfc582ed96ff2",
        "tiles": "90731fbea04336ea",
    }
}
"""Digests by the number of the version. After a change that is meant, raise the number and record anew."""


def write_files(folder):
    """Small files of every format that a source reads."""
    random = np.random.default_rng(8)
    write_fasta(folder / "genome.fa", GENOME)
    rows = [(c, p - 20, p + 31, ".", 0, "+-"[n % 2]) for n, (c, p) in enumerate(SITES)]
    write_bed(folder / "sites.bed", rows)
    write_bed(folder / "others.bed", [(c, p + 95, p + 96, ".", 0, "+") for c, p in SITES])
    for name, track in zip(("plus", "minus"), chip_signal(GENOME, SITES), strict=True):
        write_bigwig(folder / f"{name}.bw", track)
    sequences = ["".join(random.choice(list("ACGT"), 60)) for _ in range(30)]
    sequences[3], sequences[12], sequences[22] = sequences[1], sequences[4], sequences[2]
    for number, split in enumerate(("train", "dev", "test")):
        lines = [f"{s},{n % 2}" for n, s in enumerate(sequences[10 * number : 10 * number + 10])]
        (folder / f"{split}.csv").write_text("\n".join(["sequence,label", *lines]) + "\n")
    for factor, places in (("a", SITES[::2]), ("b", SITES[::3])):
        events = [f"{chrom.removeprefix('chr')}:{place}\t1" for chrom, place in places]
        (folder / f"{factor}_events.txt").write_text("\n".join(["Position\tIP", *events]) + "\n")
        counts = random.poisson(1.5, (len(places), 202)) * 0.5
        lines = ["\t".join(map(str, (n, 1.0, *row))) for n, row in enumerate(counts)]
        (folder / f"{factor}_profiles.csv").write_text("\n".join(["header", *lines]) + "\n")


def write_peaks(folder):
    """Peaks as FASTA and as DeepBind's tables, cut from the genome at every second and every third site."""
    for name, places in (("own", SITES[::2]), ("alien", SITES[::3])):
        cut = [(chrom, place, GENOME[chrom][place : place + 60]) for chrom, place in places]
        (folder / f"{name}.fa").write_text("".join(f">{c}:{p}-{p + 60}\n{s}\n" for c, p, s in cut))
    for name, bound in (("a", "1"), ("b", "01")):
        rows = [f"A\t{n}\t{GENOME[c][p : p + 60]}\t{bound[n % len(bound)]}" for n, (c, p) in enumerate(SITES)]
        (folder / f"{name}.seq").write_text("\n".join(["FoldID\tEventID\tseq\tBound", *rows]) + "\n")


def digest(task):
    """A hash of all arrays of all splits, as they lie in the cache."""
    found = hashlib.sha256()
    for path in sorted(preparation.prepare(task).rglob("*.npy")):
        array = np.load(path, allow_pickle=False)
        found.update(f"{path.parent.name}/{path.stem} {array.shape} {array.dtype.kind}".encode())
        found.update(array.astype("U").tobytes() if array.dtype.kind == "U" else array.tobytes())
    return found.hexdigest()[:16]


@pytest.mark.parametrize("source", TASKS)
def test_examples_change_only_with_the_version(source, tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    write_files(tmp_path)
    write_peaks(tmp_path)
    (tmp_path / "task.toml").write_text(TRAINING + TASKS[source])
    found = digest(load_task(tmp_path / "task.toml"))
    assert list(RECORDED) == [preparation.PREPARATION], "record the digests of this version"
    assert found == RECORDED[preparation.PREPARATION][source], (
        f"the examples of {source!r} have changed (digest {found}): "
        "raise PREPARATION, so that no cache serves the old ones, and record the new digests"
    )


def test_every_kind_of_source_is_recorded():
    from rczoo.data.schema import KINDS

    assert {source.partition(",")[0] for source in TASKS} == set(KINDS)
