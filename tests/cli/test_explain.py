"""``rczoo explain``: what it writes, read back, and one line with exit code 2 for each mistake."""

import errno
import json
import os
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import rczoo
from rczoo.attribution.files import COLUMNS
from rczoo.attribution.inputs import numbered_target
from rczoo.attribution.logos import window_of_interest
from rczoo.family.old_outputs import with_outputs
from rczoo.symmetry import dna
from rczoo.testing import randomise
from tests.support import cli

pytest.importorskip("tangermeme", reason="pip install 'rczoo[explain]'")
random = np.random.default_rng(0)
CHROMOSOME = dna.decode(random.integers(0, 4, 1000, dtype=np.uint8))
RECORDS = {"one": CHROMOSOME[:200], "two": CHROMOSOME[300:500].replace("A", "N", 3)}
QUICK = ("--method", "input-x-gradient", "--logos", "0")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    fasta({"chrA": CHROMOSOME, "chrB": CHROMOSOME[:250]}, "genome.fa")
    fasta(RECORDS, "s.fa")
    return tmp_path


def fasta(records, name):
    with open(name, "w") as file:
        file.write("".join(f">{n} words\n{letters}\n" for n, letters in records.items()))


def bed(*lines):
    with open("regions.bed", "w") as file:
        file.write("".join(line.replace(" ", "\t") + "\n" for line in lines))
    return ("--genome", "genome.fa", "--bed", "regions.bed")


def run(*arguments, model="sim-200/rcps", target=("--target", "GATA")):
    return cli.run("explain", model, *target, *arguments)


def refused(result, *words):
    """One line on stderr, exit code 2, no file left that looks like a result."""
    assert result.exit_code == 2, result.output
    assert all(word in result.stderr for word in words), result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("rczoo: ")]
    assert len(lines) == 1
    assert not [name for name in os.listdir() if name.startswith(("out", ".out"))]


def table(path):
    with open(path) as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    assert tuple(lines[0]) == COLUMNS
    return lines[1:]


@pytest.mark.parametrize("method", ["deeplift", "ism", "input-x-gradient", "saliency"])
def test_files_read_back(method):
    result = run("--fasta", "s.fa", "--out", "out", "--method", method, "--references", 4, "--seed", 5)
    assert result.exit_code == 0, result.output
    assert f"2 sequences of 200 bases explained by {method}" in result.stdout
    X = dna.one_hot(list(RECORDS.values()))
    scores = rczoo.attribute(rczoo.load("sim-200/rcps"), X, method=method, target=1, references=4, seed=5)
    for name, want in [("onehot", X), ("scores", scores)]:
        with np.load(f"out.{name}.npz") as arrays:
            assert arrays["arr_0"].shape == (2, 4, 200)
            assert arrays["arr_0"].dtype == np.float32
            np.testing.assert_allclose(arrays["arr_0"], want.numpy(), rtol=1e-4, atol=1e-6)
    rows = table("out.tsv")
    assert [row[0] for row in rows] == ["one"] * 200 + ["two"] * 200
    assert [int(row[1]) for row in rows] == [*range(200), *range(200)]
    assert "".join(row[2] for row in rows) == "".join(RECORDS.values())
    numbers = np.array([row[3:] for row in rows], dtype=float)
    np.testing.assert_allclose(numbers[:, 1:], scores.mT.reshape(400, 4), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(numbers[:, 0], (X * scores).sum(1).flatten(), rtol=1e-4, atol=1e-6)
    with open("out.png", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert sorted(n for n in os.listdir() if "out" in n) == [
        "out.onehot.npz",
        "out.png",
        "out.scores.npz",
        "out.tsv",
    ]


def test_regions_of_both_strands_and_ends():
    where = bed("chrA 350 450 a 0 +", "chrA 350 450 b 0 -", "chrA 0 20 c 0 +", "chrB 200 250")
    os.mkdir("sub")
    result = run(*where, "--out", "sub/out", *QUICK)
    assert result.exit_code == 0, result.output
    assert "2 windows cross the end of a chromosome and are padded with N" in result.stdout
    rows = table("sub/out.tsv")
    blocks = [rows[n : n + 200] for n in range(0, 800, 200)]
    assert [b[0][0] for b in blocks] == [
        "chrA:300-500(+)",
        "chrA:300-500(-)",
        "chrA:-90-110(+)",
        "chrB:125-325(+)",
    ]
    plus, minus, start, end = blocks
    assert "".join(row[2] for row in plus) == CHROMOSOME[300:500]
    assert "".join(row[2] for row in minus) == dna.reverse_complement(CHROMOSOME[300:500])
    assert [row[1] for row in plus] == [row[1] for row in minus][::-1] == [str(n) for n in range(300, 500)]
    np.testing.assert_allclose(  # T10: the same bases score the same, read from either strand
        [float(row[3]) for row in plus], [float(row[3]) for row in minus][::-1], rtol=1e-3, atol=1e-6
    )
    assert "".join(row[2] for row in start) == "N" * 90 + CHROMOSOME[:110]
    assert {row[3] for row in start[:90]} == {"0"}
    assert "".join(row[2] for row in end) == CHROMOSOME[125:250] + "N" * 75


def profile_model(folder, **options):
    model = rczoo.build("bpnet", strategy="rcps", filters=2, length=360, **options)
    from rczoo.family.checkpoint import save_checkpoint

    return str(save_checkpoint(randomise(model.eval(), 0), folder / "model", task=None, strategy="rcps"))


@pytest.mark.parametrize("target", [(), ("--target", "counts"), ("--target", "profile:0")])
def test_profiles_of_a_checkpoint(folder, target):
    fasta({"long": CHROMOSOME[:500]}, "long.fa")
    given = ("--fasta", "long.fa", "--crop", "--out", "out", "--json", *QUICK)
    result = run(*given, model=profile_model(folder), target=target)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["target"] == (target[1] if target else None)
    assert told["files"] == ["out.tsv", "out.onehot.npz", "out.scores.npz"]
    assert "".join(row[2] for row in table("out.tsv")) == CHROMOSOME[70:430]


def test_names_of_targets():
    names = with_outputs({"task": "sim-200"})["outputs"]
    assert names == ["ELF1", "GATA", "RXRA"]
    assert with_outputs({"task": "gcn4"})["outputs"] == ["Gcn4"]
    assert with_outputs({})["outputs"] == with_outputs({"task": "gue-tf0"})["outputs"] == []
    found = [numbered_target(t, names) for t in ("gata", "RXRA", "2", None)]
    assert found == ["1", "2", "2", None]
    factors = [numbered_target(t, ["Gcn4"]) for t in ("profile:gcn", "counts", "profile:7")]
    assert factors == ["profile:0", "counts", "profile:7"]
    assert numbered_target("anything", []) == "anything"
    assert numbered_target("A1", ["A1", "A12"]) == "0"


def test_the_window_shown_is_around_the_peak():
    scores = np.zeros(300)
    scores[210:215] = -2
    scores[20] = 3
    assert window_of_interest(scores, 80) == pytest.approx(212 - 40, abs=6)
    assert window_of_interest(scores[:60], 80) == 0


def test_sequences_without_any_score_are_drawn_too():
    fasta({"none": "N" * 200}, "n.fa")
    result = run("--fasta", "n.fa", "--out", "out", "--method", "saliency")
    assert result.exit_code == 0, result.output
    assert os.path.getsize("out.png") > 1000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["empty.fa has no sequences"]),
        (">a\nACGT\n", ["empty.fa", "'a' has 4 bases, the model reads 200"]),
        (f">a\n{'ACGT' * 60}\n", ["'a' has 240 bases, the model reads 200", "--crop"]),
        (f">a\n{'AC!T' * 50}\n", ["'!'"]),
    ],
)
def test_bad_sequences(content, words):
    with open("empty.fa", "w") as file:
        file.write(content)
    refused(run("--fasta", "empty.fa", "--out", "out", *QUICK), *words)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ["chrA 990 1010"],
            ["region chrA:990-1010 runs off its chromosome, which has 1000 bases in genome.fa"],
        ),
        (["chrQ 1 10"], ["chrQ"]),
        (["chrA 5 5"], ["line 1"]),
        ([], ["there are no regions to read"]),
    ],
)
def test_bad_regions(lines, words):
    refused(run(*bed(*lines), "--out", "out", *QUICK), *words)


def test_bad_lines_are_left_out_and_counted():
    left_out = ("--out", "out", *QUICK, "--skip-bad", "--force")
    result = run(*bed("chrA 350 450", "chrQ 1 5", "chrA 990 1010"), *left_out)
    assert "left out: 1 unknown chromosome, 1 past the end" in result.stdout
    assert len(table("out.tsv")) == 200
    fasta({**RECORDS, "short": "ACGT"}, "s.fa")
    result = run("--fasta", "s.fa", *left_out, "--json")
    assert json.loads(result.stdout)["skipped"] == {"too short": 1}
    fasta({"short": "ACGT"}, "s.fa")
    assert "s.fa: no sequence can be read: 1 too short left out" in run("--fasta", "s.fa", *left_out).stderr


def test_what_is_read_is_never_overwritten():
    os.rename("s.fa", "out.tsv")
    result = run("--fasta", "out.tsv", "--out", "out", *QUICK, "--force")
    assert "out.tsv is read as well, and writing would destroy it" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--fasta", "s.fa", "--target", "CTCF"), ["target 'CTCF': choose one of ELF1, GATA, RXRA"]),
        (("--fasta", "s.fa", "--target", "3"), ["the model has 3 label(s)"]),
        (("--fasta", "s.fa", "--method", "shap"), ["'--method': 'shap' is not one of 'deeplift'"]),
        (("--fasta", "s.fa", "--references", "3", "--method", "deeplift"), ["references is 3"]),
        (("--fasta", "s.fa", "--device", "tpu"), ["'--device': 'tpu' is not one of 'cpu'"]),
        (("--fasta", "none.fa"), ["no FASTA file none.fa"]),
        (("--genome", "genome.fa"), ["give sequences by --fasta, or regions by both --genome and --bed"]),
        (("--fasta", "s.fa", "--genome", "genome.fa"), ["give sequences by --fasta, or regions"]),
    ],
)
def test_bad_options(given, words):
    refused(run("--out", "out", *QUICK, *given), *words)


def test_no_target_for_a_model_of_several_labels():
    refused(
        run("--fasta", "s.fa", "--out", "out", *QUICK, target=()),
        "sim-200/rcps has 3 labels: choose one by --target: ELF1, GATA, RXRA",
    )


def test_unknown_models_and_models_with_control_tracks(folder):
    refused(run("--fasta", "s.fa", "--out", "out", model="sim-200/rcp"), "sim-200/rcps")
    model = profile_model(folder, control="2t")
    refused(
        run("--fasta", "s.fa", "--out", "out", model=model, target=()), "reads control tracks 2t", "attribute"
    )


def test_what_is_there_is_kept_without_force():
    given = ("--fasta", "s.fa", "--out", "out", *QUICK)
    assert run(*given).exit_code == 0
    before = os.stat("out.tsv").st_mtime_ns
    again = run(*given)
    assert again.exit_code == 2
    assert "out.tsv exists: choose another name, or give --force" in again.stderr
    assert os.stat("out.tsv").st_mtime_ns == before
    assert run(*given, "--force").exit_code == 0


def test_a_place_that_cannot_be_written_is_told_before_the_work(monkeypatch):
    monkeypatch.setattr("rczoo.attribution.methods.attribute", lambda *a, **k: pytest.fail("worked in vain"))
    refused(run("--fasta", "s.fa", "--out", "s.fa/out", *QUICK), "s.fa")


def test_a_full_disk_leaves_no_file_that_looks_whole(monkeypatch):
    real, written = os.fsync, []

    def fsync(descriptor):
        written.append(descriptor)
        if os.fstat(descriptor).st_size > 3000:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    refused(run("--fasta", "s.fa", "--out", "out", *QUICK), "No space left on device")
    assert written


def test_a_disk_that_fills_up_later_leaves_none_of_the_files(monkeypatch):
    real, written = os.replace, []

    def replace(source, target):
        written.append(str(target))
        if str(target).endswith(".scores.npz"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    refused(run("--fasta", "s.fa", "--out", "out", *QUICK), "No space left on device")
    assert "out.tsv" in written


@pytest.mark.parametrize("given", [("--method", "deeplift", "--logos", "0"), ("--method", "saliency")])
def test_a_missing_extra_is_named(given, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == "tangermeme"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("rczoo.hub.published.checkpoint_folder", lambda name: pytest.fail("the work began"))
    result = run("--fasta", "s.fa", "--out", "out", *given)
    refused(result, "this command needs tangermeme: pip install 'rczoo[explain]'")


def test_help_names_the_methods():
    assert all(m in run("--help").output for m in import_module("rczoo.attribution.methods").METHODS)


def test_as_many_logos_as_asked_for(monkeypatch):
    monkeypatch.setattr("rczoo.attribution.logos.logo_figure", lambda *drawn: str(drawn[2:]).encode())
    assert run("--fasta", "s.fa", "--out", "out", "--method", "saliency", "--logos", 1).exit_code == 0
    assert Path("out.png").read_text() == "(1,)"
