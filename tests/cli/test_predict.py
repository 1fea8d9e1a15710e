"""``rczoo predict`` from files to files: against the model itself, after kills, and on bad input."""

import csv
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

import rczoo
from rczoo.cli.main import app
from rczoo.family.checkpoint import save_checkpoint
from rczoo.files import journal
from rczoo.inference.prediction import answer
from rczoo.io.bigwig import smooth
from rczoo.io.genome import Genome
from rczoo.symmetry import dna
from tests.support.cli import run
from tests.support.miniature import write_bed, write_bigwig, write_fasta
from tests.support.real import real_task
from tests.support.small_models import (
    GENOME,
    LENGTH,
    MARGIN,
    POSITIONS,
    genome_file,
    label_model,
    profile_model,
    refused,
    saved,
)

ROWS = [
    ("chrI", 400, 401, "a", 0, "-"),
    ("chrII", 0, 12, "left end", 0, "-"),
    ("chrI", 410, 420, "b", 0, "+"),
    ("chrII", 390, 400, "right end", 0, "-"),
    ("chrI", 200, 300, "long", 0, "-"),
    ("chrIV", 0, 150, "all of it", 0, "+"),
]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_bed(tmp_path / "r.bed", ROWS)
    return tmp_path


@pytest.fixture
def genome(place):
    return genome_file(place)[0]


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def window(letters, start, length):
    return "".join(letters[p] if 0 <= p < len(letters) else "N" for p in range(start, start + length))


def starts_of(row, step):
    """Where the windows of a BED row begin to answer."""
    _, start, end, *_ = row
    if end - start <= POSITIONS:
        return [(start + end) // 2 - LENGTH // 2 + MARGIN]
    return sorted({*range(start, end - POSITIONS, step), end - POSITIONS})


def slow(model, genome, rows, step):
    """Means of the model's own answers, (2, n) per chromosome, and how many windows there are of them."""
    found = {name: np.zeros((2, n)) for name, n in GENOME.items()}
    count = {name: np.zeros(n) for name, n in GENOME.items()}
    for row in rows:
        chrom, strand = row[0], row[5]
        for first in starts_of(row, step):
            letters = window(genome[chrom], first - MARGIN, LENGTH)
            if strand == "-":
                letters = dna.reverse_complement(letters)
            with torch.no_grad():
                (plus, minus) = model(dna.one_hot(letters)).softmax(-1)[0].numpy()
            if strand == "-":
                plus, minus = minus[::-1], plus[::-1]
            for k in range(POSITIONS):
                if 0 <= first + k < GENOME[chrom]:
                    found[chrom][:, first + k] += plus[k], minus[k]
                    count[chrom][first + k] += 1
    return found, count


def bigwig(path):
    file = pyBigWig.open(str(path))
    values = {name: np.array(file.values(name, 0, n)) for name, n in file.chroms().items()}
    file.close()
    return values


@pytest.mark.parametrize("strategy", ["standard", "rcps"])
def test_bigwigs_hold_the_models_own_answers(place, genome, strategy):
    model = profile_model(strategy)
    saved(model, place / "m")
    options = ("--plus", "p.bw", "--minus", "m.bw", "--step", 10, "--batch-size", 4, "--json")
    result = run("predict", "m", "--genome", "g.fa", "--bed", "r.bed", *options)
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert (summary["regions"], summary["windows"]) == (6, 27)
    found, count = slow(model, genome, ROWS, 10)
    crossing = [
        first - MARGIN < 0 or first - MARGIN + LENGTH > GENOME[row[0]]
        for row in ROWS
        for first in starts_of(row, 10)
    ]
    assert summary["padded"] == sum(crossing) > 0
    for strand, path in enumerate(("p.bw", "m.bw")):
        for name, values in bigwig(path).items():
            assert np.array_equal(np.isnan(values), count[name] == 0)
            have = count[name] > 0
            assert np.allclose(values[have], found[name][strand][have] / count[name][have], atol=1e-6)
    assert not [p for p in place.iterdir() if p.name.startswith(".")]


def test_a_profile_table_has_each_position_of_each_region_in_the_files_order(place, genome):
    model = profile_model(outputs=2)
    saved(model, place / "m")
    result = run("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--out", "o.tsv", "--step", 10)
    assert result.exit_code == 0, result.output
    rows = table("o.tsv")
    header = ["chrom", "start", "end", "strand", "position"]
    sides = ("plus", "minus")
    assert list(rows[0]) == [*header, *(f"profile{n}_{side}" for n in (1, 2) for side in sides)]
    assert list(dict.fromkeys((r["chrom"], int(r["start"]), r["strand"]) for r in rows)) == [
        (row[0], row[1], row[5]) for row in ROWS
    ]

    class First(torch.nn.Module):
        def forward(self, X):
            return model(X)[:, :2]

    for row in ROWS:
        found, count = slow(First(), genome, [row], 10)
        mine = [r for r in rows if (r["chrom"], int(r["start"])) == row[:2]]
        assert [int(r["position"]) for r in mine] == np.flatnonzero(count[row[0]]).tolist()
        for r in mine:
            at = int(r["position"])
            expected = found[row[0]][:, at] / count[row[0]][at]
            got = [float(r["profile1_plus"]), float(r["profile1_minus"])]
            assert got == pytest.approx(expected.tolist(), rel=1e-4)
    pattern = ("--plus", "{factor}.p.bw", "--genome", "g.fa", "--bed", "r.bed")
    assert run("predict", "m", *pattern).exit_code == 0
    assert sorted(p.name for p in place.glob("*.bw")) == ["profile1.p.bw", "profile2.p.bw"]
    assert "write {factor} in its name" in refused(
        run("predict", "m", "--plus", "p.bw", "--genome", "g.fa", "--bed", "r.bed")
    )


def test_labels_of_sequences_and_both_strands(place):
    model = label_model()
    saved(model, place / "m", task="sim-200")
    codes = np.random.default_rng(0).integers(0, 4, (9, 80)).astype(np.uint8)
    write_fasta(place / "s.fa", {f"s{n}": dna.decode(row) for n, row in enumerate(codes)})
    result = run(
        "predict", "m", "--fasta", "s.fa", "--out", "o.tsv", "--strand", "both", "--batch-size", 4, "--json"
    )
    assert result.exit_code == 0, result.output
    rows, given = table("o.tsv"), rczoo.predict(model, codes).numpy()
    other = rczoo.predict(model, dna.complement_codes(codes)).numpy()
    assert [r["name"] for r in rows] == [f"s{n}" for n in range(9)]
    for n, name in enumerate(("ELF1", "GATA", "RXRA")):
        assert [float(r[name]) for r in rows] == pytest.approx(given[:, n].tolist(), rel=1e-4)
        assert [float(r[name + "_other"]) for r in rows] == pytest.approx(other[:, n].tolist(), rel=1e-4)
        expected = (other - given)[:, n].tolist()
        assert [float(r[name + "_difference"]) for r in rows] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    summary = json.loads(result.stdout)
    assert summary["largest_difference"] == pytest.approx(float(np.abs(other - given).max()), rel=1e-4)
    assert summary["flips"] == pytest.approx(float(((other > 0) != (given > 0)).mean()))


def test_labels_of_regions_have_a_row_for_each_window(place, genome):
    saved(label_model(), place / "m", task="own")
    result = run("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--out", "o.tsv")
    assert result.exit_code == 0, result.output
    rows = table("o.tsv")
    long = [r for r in rows if r["start"] == "200"]
    assert [(int(r["window_start"]), int(r["window_end"])) for r in long] == [(200, 280), (220, 300)]
    for r in rows:
        letters = window(genome[r["chrom"]], int(r["window_start"]), 80)
        letters = dna.reverse_complement(letters) if r["strand"] == "-" else letters
        expected = rczoo.predict(label_model(), [letters])[0].tolist()
        assert [float(r[f"own{n}"]) for n in (1, 2, 3)] == pytest.approx(expected, rel=1e-4)


def test_counts_scale_profiles(place):
    model = profile_model(count_head=True)
    with torch.no_grad():
        model.head.counts.bias += 3
    saved(model, place / "m")
    letters = "ACGT" * 92 + "ACG"
    write_fasta(place / "s.fa", {"s": letters})
    assert run("predict", "m", "--fasta", "s.fa", "--out", "o.tsv", "--counts").exit_code == 0
    profile, counts = rczoo.predict(model, letters)
    rows = table("o.tsv")
    assert [int(r["position"]) for r in rows] == list(range(MARGIN, MARGIN + POSITIONS))
    expected = (profile.softmax(-1) * counts.expm1()[..., None])[0, 1].tolist()
    assert [float(r["profile_minus"]) for r in rows] == pytest.approx(expected, rel=1e-4)
    saved(profile_model(), place / "n")
    assert "this model has no count head" in refused(
        run("predict", "n", "--fasta", "s.fa", "--out", "x.tsv", "--counts")
    )


@pytest.mark.parametrize("widths", [[51], [1, 51]])
def test_control_tracks_are_smoothed_as_the_checkpoints_task_says(place, genome, widths):
    model = profile_model(control=f"{len(widths)}t")
    save_checkpoint(model, place / "m", task="oct4", data={"control": {"widths": widths}})
    signal = {name: np.arange(n) % 7 + 1.0 for name, n in GENOME.items()}
    write_bigwig(place / "c.bw", signal)
    write_bed(place / "one.bed", [("chrI", 400, 401, "a", 0, "-")])
    command = ("predict", "m", "--genome", "g.fa", "--bed", "one.bed")
    assert run(*command, "--control", "c.bw", "--out", "o.tsv").exit_code == 0
    first = 400 - LENGTH // 2 + MARGIN
    letters = dna.reverse_complement(window(genome["chrI"], first - MARGIN, LENGTH))
    rows = [
        smooth(signal["chrI"][first - w // 2 : first + POSITIONS + w // 2], w)[::-1].copy() for w in widths
    ]
    profile = rczoo.predict(model, letters, np.stack(rows)[None]).softmax(-1)[0].numpy()
    found = [float(r["oct4_plus"]) for r in table("o.tsv")]
    assert found == pytest.approx(profile[1, ::-1].tolist(), rel=1e-4)
    assert run(*command, "--control", "zeros", "--out", "z.tsv").exit_code == 0
    assert [float(r["oct4_plus"]) for r in table("z.tsv")] != found
    assert f"m reads control tracks ({len(widths)}t): give the control's bigWig files" in refused(
        run(*command, "--out", "n.tsv")
    )
    saved(profile_model(), place / "n")
    assert "n reads no control tracks: leave --control out" in refused(
        run("predict", "n", *command[2:], "--out", "x.tsv", "--control", "c.bw")
    )


def test_widths_of_smoothing_are_never_guessed(place, genome):
    write_bigwig(place / "c.bw", {name: np.ones(n) for name, n in GENOME.items()})
    command = ("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--control", "c.bw", "--force")
    fingerprints = {"train": {"examples": 3, "sha256": "ab"}}
    save_checkpoint(profile_model(control="1t"), place / "m", task="own", data=fingerprints)
    message = "reads 1 control tracks, but the width of smoothing is known for 0 (control_widths in its"
    assert message in refused(run(*command, "--out", "o.tsv"))
    assert run(*command[:-2], "zeros", "--force", "--out", "o.tsv").exit_code == 0
    save_checkpoint(profile_model(control="2t"), place / "m", task="oct4", data=fingerprints)
    assert run(*command, "--out", "o.tsv").exit_code == 0


SLOW = """
import sys, time
from rczoo.inference import runs
answer = runs.answer
runs.answer = lambda *a: (time.sleep(0.3), answer(*a))[1]
from rczoo.cli.main import app
app(sys.argv[1:])
"""


def test_a_killed_run_goes_on_and_ends_the_same(place, genome):
    saved(profile_model(), place / "m")
    command = ["predict", "m", "--genome", "g.fa", "--batch-size", 4, "--step", 13, "--json"]
    assert run(*command, "--plus", "whole.bw", "--out", "whole.tsv").exit_code == 0
    outputs = ["--plus", "killed.bw", "--out", "killed.tsv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    child = subprocess.Popen([sys.executable, "-c", SLOW, *map(str, [*command, *outputs])], env=environment)
    partial = place / ".killed.tsv.partial"
    while child.poll() is None and not (partial.exists() and partial.stat().st_size > 4000):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert sorted(p.name for p in place.glob("*killed*")) == [partial.name]
    torn = partial.read_bytes()
    partial.write_bytes(torn[:-3])
    result = run(*command, *outputs)
    assert json.loads(result.stdout)["resumed_from"] >= 4
    for suffix in ("bw", "tsv"):
        assert Path(f"killed.{suffix}").read_bytes() == Path(f"whole.{suffix}").read_bytes()
    assert not partial.exists()


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"s.fa": ""}, ["--fasta", "s.fa"], "s.fa has no sequences: expected FASTA"),
        ({"s.fa": ">a\nACG\n"}, ["--fasta", "s.fa"], "'a' has 3 bases, the model reads 371: give longer"),
        ({"s.fa": ">a\nAXG\n"}, ["--fasta", "s.fa"], "sequence 'a': sequence has 'X' at position 1"),
        ({}, ["--fasta", "none.fa"], "no FASTA file none.fa: check the path"),
        ({"b.bed": "chrI\t850\t901\n"}, ["--genome", "g.fa", "--bed", "b.bed"], "runs off its chromosome"),
        ({"b.bed": "chr9\t1\t9\n"}, ["--genome", "g.fa", "--bed", "b.bed"], "g.fa has no chromosome 'chr9'"),
        ({"b.bed": "chrI\tx\t9\n"}, ["--genome", "g.fa", "--bed", "b.bed"], "b.bed line 1: 'chrI x 9' is no"),
        ({"b.bed": ""}, ["--genome", "g.fa", "--bed", "b.bed"], "there are no regions to read"),
        ({}, ["--genome", "none.fa"], "none.fa"),
        ({}, ["--bed", "r.bed"], "give --fasta, or --genome"),
        ({}, ["--genome", "g.fa", "--fasta", "g.fa"], "give --fasta, or --genome with --bed: one"),
        ({}, ["--genome", "g.fa", "--strand", "minus"], "strand 'minus': choose one of given, other, both"),
        ({}, ["--genome", "g.fa", "--batch-size", "0"], "--batch-size 0: give at least 1"),
        ({}, ["--genome", "g.fa", "--strand", "both", "--plus", "p.bw"], "a bigWig holds one answer"),
        ({"s.fa": ">a\nACG\n"}, ["--fasta", "s.fa", "--plus", "p.bw"], "need places in a genome"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(place, genome, files, options, message):
    saved(profile_model(), place / "m")
    for name, content in files.items():
        (place / name).write_text(content)
    before = {p.name for p in place.iterdir()}
    assert message in refused(run("predict", "m", *options, "--out", "out.tsv"))
    assert {p.name for p in place.iterdir()} - {"cache"} == before - {"cache"}


def test_a_run_killed_between_naming_its_results_and_its_end_goes_on(place, monkeypatch):
    saved(label_model(), place / "m", task="sim-200")
    write_fasta(place / "s.fa", {"one": "ACGT" * 20})
    command = ("predict", "m", "--fasta", "s.fa", "--out", "o.tsv")

    def killed(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "remove", killed)
        assert run(*command).exit_code == 130
    assert (place / "o.tsv").exists()
    other = run(*command, "--batch-size", 3)
    assert "o.tsv exists" in refused(other)
    assert run(*command).exit_code == 0
    assert "o.tsv exists" in refused(run(*command))


def test_bad_places_and_models(place, genome):
    saved(label_model(), place / "m")
    command = ("predict", "m", "--genome", "g.fa")
    assert "nothing to write: give --out, or" in refused(run(*command))
    assert "models of profiles; this one predicts labels" in refused(run(*command, "--plus", "p.bw"))
    assert "there is no folder nowhere" in refused(run(*command, "--out", "nowhere/o.tsv"))
    assert "there is no folder g.fa" in refused(run(*command, "--out", "g.fa/o.tsv"))
    assert "r.bed exists: choose another name, or give --force" in refused(run(*command, "--out", "r.bed"))
    assert "no model 'nope'" in refused(run("predict", "nope", *command[2:], "--out", "o.tsv"))


def test_a_disk_that_fills_up_while_predicting(place, genome, monkeypatch):
    saved(profile_model(), place / "m")
    command = ("predict", "m", "--genome", "g.fa", "--out", "o.tsv", "--plus", "p.bw")
    write, calls = journal.Journal._write, []

    def full(self, start, content):
        calls.append(start)
        if len(calls) > 3:
            raise OSError("cannot write (No space left on device): make room")
        write(self, start, content)

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "_write", full)
        assert "No space left on device" in refused(run(*command, "--batch-size", 8))
    assert sorted(p.name for p in place.glob("*[op].*")) == [".o.tsv.partial"]
    result = run(*command, "--batch-size", 8, "--json")
    assert json.loads(result.stdout)["resumed_from"] == 16


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from rczoo.cli.main import app
app(sys.argv[2:])
"""


@pytest.mark.parametrize("limit", [3_000, 100_000])
def test_a_disk_that_is_full_for_the_answers_or_for_the_bigwig(place, genome, limit):
    saved(profile_model(), place / "m")
    command = [
        sys.executable,
        "-c",
        LIMITED,
        str(limit),
        "predict",
        "m",
        "--genome",
        "g.fa",
        "--plus",
        "p.bw",
    ]
    Genome(place / "g.fa")  # its index is in the cache by now
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("rczoo: cannot write")
    assert "File too large" in done.stderr
    assert sorted(p.name for p in place.glob("*p.bw*")) == [".p.bw.partial"]


@pytest.mark.realdata
@pytest.mark.slow
def test_memory_stays_small_on_a_real_chromosome(place):
    source = real_task("abf1").path("s288c/S_cerevisiae.fasta.gz")
    genome = Genome(source)
    write_bed(place / "r.bed", [("chrI", 0, genome.lengths["chrI"], "x", 0, "-")])
    model = profile_model()
    saved(model, place / "m")
    out = ("--plus", "p.bw", "--minus", "m.bw", "--step", POSITIONS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run("predict", "m", "--genome", source, "--bed", "r.bed", *out)
    assert result.exit_code == 0, result.output
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000  # kilobytes
    letters = dna.decode(genome.chromosome("chrI"))
    plus, minus = (bigwig(path)["chrI"] for path in ("p.bw", "m.bw"))
    for first in (0, 25 * 4000):
        turned = dna.reverse_complement(window(letters, first - MARGIN, LENGTH))
        (p, m) = rczoo.predict(model, turned).softmax(-1)[0].numpy()
        assert np.allclose(plus[first : first + POSITIONS], m[::-1], atol=1e-6)
        assert np.allclose(minus[first : first + POSITIONS], p[::-1], atol=1e-6)
    assert not np.isnan(plus).any()


def test_bad_lines_are_all_listed_or_left_out_and_counted(place, genome):
    saved(profile_model(), place / "m")
    (place / "b.bed").write_text("chrI\t1\t9\nchrI\t5\t5\nchrI\t1\t9\tx\t0\t-1\nchr9\t1\t2\nchrI\t890\t901\n")
    command = ("predict", "m", "--genome", "g.fa", "--bed", "b.bed", "--out", "o.tsv")
    line = refused(run(*command))
    assert line.startswith("rczoo: b.bed has 4 bad lines: line 2: start 5 and end 5")
    assert all(f"line {n}:" in line for n in (3, 4, 5))
    assert line.endswith("; --skip-bad leaves such lines out")
    result = run(*command, "--skip-bad", "--json")
    summary = json.loads(result.stdout)
    assert summary["regions"] == 1
    assert summary["skipped"] == {
        "empty interval": 1,
        "unknown strand": 1,
        "unknown chromosome": 1,
        "past the end": 1,
    }
    assert "left out: 1 empty interval, 1 unknown" in run(*command, "--skip-bad", "--force").stdout


def test_bad_sequences_are_left_out_of_the_table(place):
    saved(label_model(), place / "m")
    (place / "s.fa").write_text(f">a\n{'ACGU' * 20}\n>b\nACG\n>c\n{'ACGT' * 20}\n>d\n{'AC-R' * 20}\n")
    command = ("predict", "m", "--fasta", "s.fa", "--out", "o.tsv", "--force")
    assert "s.fa has 2 bad lines: line 1: sequence 'a': sequence has 'U'" in refused(run(*command))
    assert run(*command, "--skip-bad").exit_code == 0
    rows = table("o.tsv")
    assert [r["name"] for r in rows] == ["c", "d"]
    assert run(*command, "--skip-bad", "--rna").exit_code == 0
    again = table("o.tsv")
    assert [r["name"] for r in again] == ["a", "c", "d"]
    assert list(again[0].values())[1:] == list(again[1].values())[1:] == list(rows[0].values())[1:]


def test_sequences_without_a_base_are_left_out_of_a_genome(place):
    saved(profile_model(), place / "m")
    (place / "e.fa").write_text(">chrI\n" + "ACGT" * 25 + "\n>none\n>chrII\n" + "GATTACA" * 9 + "\n>no\n\n")
    result = run("predict", "m", "--genome", "e.fa", "--out", "o.tsv", "--plus", "p.bw")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "e.fa: none, no without a base: left out"
    assert {name: len(v) for name, v in bigwig("p.bw").items()} == {"chrI": 100, "chrII": 63}
    assert {r["chrom"] for r in table("o.tsv")} == {"chrI", "chrII"}
    (place / "f.fa").write_text(">none\n>no\n")
    result = run("predict", "m", "--genome", "f.fa", "--out", "f.tsv")
    assert result.stderr == "rczoo: f.fa has no record with a base: name a genome file\n"


def test_one_window_at_each_summit(place, genome):
    model = profile_model()
    saved(model, place / "m")
    peaks = [("chrI", 300, 700, "a", 0, ".", 1, 1, 1, 55), ("chrI", 100, 400, "b", 0, "-", 1, 1, 1, -1)]
    write_bed(place / "p.narrowPeak", peaks)
    command = ("predict", "m", "--genome", "g.fa", "--bed", "p.narrowPeak", "--out", "o.tsv", "--at-summits")
    result = run(*command, "--json")
    assert json.loads(result.stdout)["windows"] == 2
    rows = table("o.tsv")
    for row, summit, strand in (rows[:POSITIONS], 355, "+"), (rows[POSITIONS:], 250, "-"):
        first = summit - LENGTH // 2 + MARGIN
        assert [int(r["position"]) for r in row] == list(range(first, first + POSITIONS))
        letters = window(genome["chrI"], summit - LENGTH // 2, LENGTH)
        letters = dna.reverse_complement(letters) if strand == "-" else letters
        plus, minus = rczoo.predict(model, letters).softmax(-1)[0].numpy()
        expected = plus if strand == "+" else minus[::-1]
        assert [float(r["profile_plus"]) for r in row] == pytest.approx(expected.tolist(), rel=1e-4)
    for options in (("--step", 5), ()):
        wrong = command if options else (*command[:4], *command[6:])
        assert "--at-summits is for regions" in refused(run(*wrong, *options, "--force"))


def test_streams_in_and_out(place, genome):
    saved(label_model(), place / "m")
    sequences = "".join(f">s{n}\n{'ACGT' * 20}\n" for n in range(3))
    (place / "s.fa").write_text(sequences)
    assert run("predict", "m", "--fasta", "s.fa", "--out", "o.tsv").exit_code == 0
    whole = Path("o.tsv").read_text()
    piped = CliRunner().invoke(app, ["predict", "m", "--fasta", "-", "--out", "-"], input=sequences)
    assert piped.exit_code == 0, piped.output
    assert piped.stdout == whole
    assert "wrote -" in piped.stderr
    assert run("predict", "m", "--fasta", "s.fa", "--out", "o.tsv.gz").exit_code == 0
    assert gzip.decompress(Path("o.tsv.gz").read_bytes()).decode() == whole
    beds = CliRunner().invoke(
        app, ["predict", "m", "--genome", "g.fa", "--bed", "-", "--out", "-"], input="chrI\t5\t9\n"
    )
    assert beds.stdout.splitlines()[1].startswith("chrI\t5\t9\t+\t")
    saved(profile_model(), place / "n")
    line = refused(run("predict", "n", "--genome", "g.fa", "--plus", "-"))
    assert "a bigWig is not written in one go" in line
    assert not [p for p in place.iterdir() if p.name.startswith((".", "-"))]


@pytest.mark.parametrize("target", ["g.fa", "r.bed", "c.bw", "m/config.json", "link"])
def test_what_is_read_is_never_overwritten(place, genome, target):
    saved(profile_model(control="1t"), place / "m")
    write_bigwig(place / "c.bw", {name: np.ones(n) for name, n in GENOME.items()})
    (place / "link").symlink_to("g.fa")
    before = (place / target).read_bytes()
    command = ("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--control", "c.bw", "--force")
    assert f"{target} is read as well" in refused(run(*command, "--out", target))
    assert "is read as well" in refused(run(*command, "--plus", target))
    assert (place / target).read_bytes() == before


def test_a_control_of_another_genome_is_refused_before_the_work(place, genome, monkeypatch):
    save_checkpoint(profile_model(control="1t"), place / "m", task="own", data={"control": {"widths": [1]}})
    write_bigwig(place / "c.bw", {"chrI": np.ones(900), "chrII": np.ones(399), "chrIV": np.ones(9)})
    write_bed(place / "one.bed", [("chrI", 400, 401)])
    command = ("predict", "m", "--genome", "g.fa", "--control", "c.bw", "--out", "o.tsv", "--bed")
    assert run(*command, "one.bed").exit_code == 0
    monkeypatch.setattr("rczoo.inference.runs.answer", None)
    assert "c.bw: chrII has 399 bases, the genome's chrII 400" in refused(run(*command, "r.bed", "--force"))


def test_a_run_with_other_options_never_goes_on(place, genome):
    """Each option that changes what is written is part of what tells a run from another."""
    saved(profile_model(count_head=True), place / "m")
    (place / "s.fa").write_text(f">a\n{'ACGT' * 92}ACG\n")
    plain = ["predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--out", "o.tsv"]
    seen = []

    def note(target, about, *_):
        seen.append(json.dumps(about, sort_keys=True))
        raise ValueError("noted")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rczoo.inference.runs.Journal", note)
        changes = ["--strand other", "--step 7", "--at-summits", "--skip-bad", "--counts", "--batch-size 3"]
        for options in ("", *changes):
            assert "noted" in refused(run(*plain, *options.split()))
        for options in ("", "--crop", "--rna"):
            assert "noted" in refused(
                run("predict", "m", "--fasta", "s.fa", "--out", "o.tsv", *options.split())
            )
    assert len(set(seen)) == len(seen)


def test_a_run_with_other_controls_never_goes_on(place, genome, monkeypatch):
    saved(profile_model(control="2t"), place / "m")
    seen = []

    def note(config, inputs, options):
        seen.append(json.dumps([list(map(str, inputs)), options]))
        raise ValueError("noted")

    monkeypatch.setattr("rczoo.inference.runs.identity", note)
    for controls in ([], ["--control", "zeros"], ["--control", "p.bw"], ["--control", "m.bw"]):
        command = ["predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--out", "o.tsv", *controls]
        assert "noted" in refused(run(*command))
    assert len(set(seen)) == len(seen)


def test_parts_are_joined_into_what_one_run_writes(place, genome, monkeypatch):
    """What no part has is computed, and no part is computed twice; then nothing is left of them."""
    saved(profile_model(), place / "m")
    command = ("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--batch-size", 4)
    outputs = ("--plus", "{0}p.bw", "--minus", "{0}m.bw", "--out", "{0}o.tsv")
    whole, parts = ([text.format(name) for text in outputs] for name in ("whole-", "parts-"))
    assert run(*command, *whole).exit_code == 0
    for shard in ("1/3", "3/3", "3/3", "2/2"):
        result = run(*command, *parts, "--shard", shard)
        assert result.exit_code == 0, result.output
        assert f"shard {shard}" in result.output
    assert sorted(path.name for path in place.glob(".parts*")) == [
        ".parts-o.tsv.1-of-3.partial",
        ".parts-o.tsv.2-of-2.partial",
        ".parts-o.tsv.3-of-3.partial",
    ]
    asked = []
    monkeypatch.setattr(
        "rczoo.inference.runs.answer", lambda m, x, *r: asked.append(len(x[0])) or answer(m, x, *r)
    )
    assert run(*command, *parts).exit_code == 0
    windows = json.loads(run(*command, *whole, "--force", "--json").stdout)["windows"]
    assert 0 < sum(asked) - windows < windows / 3, "between the first third and the second half"
    for first, second in zip(whole[1::2], parts[1::2], strict=True):
        assert (place / first).read_bytes() == (place / second).read_bytes()
    assert not list(place.glob(".parts*"))


def test_what_is_no_part_is_refused(place, genome):
    saved(profile_model(), place / "m")
    command = ("predict", "m", "--genome", "g.fa", "--bed", "r.bed", "--out")
    for text in ("4/3", "0/3", "half", "1"):
        assert "give a part and the number of parts, as 3/8" in refused(
            run(*command, "o.tsv", "--shard", text)
        )
    assert "- is no file" in refused(run(*command, "-", "--shard", "1/2"))
    stdin = ("predict", "m", "--fasta", "-", "--out", "o.tsv", "--shard", "1/2")
    assert "each part reads the inputs, but - is no file" in refused(run(*stdin))
